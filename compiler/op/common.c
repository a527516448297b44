/* Checks that infer functions share. */
#include "narrow.h"
#include "op.h"
#include <string.h>

void need_inputs(struct ctx *c, const struct node *n, int least, int most)
{
	int count = n->n_in;

	while (count > most && !n->in[count - 1])
		count--;
	if (count < least || count > most)
		fail_node(c, n, "it has %d inputs; this operator takes %d to %d", count, least, most);
	for (int i = 0; i < count; i++) {
		const struct value *v = n->in[i];
		if (!v && i < least)
			fail_node(c, n, "input %d is left out, but it is required", i);
		if (v && v->rank < 0)
			fail_node(c, n, "the shape of input %d, '%.100s', is not known", i, v->name);
		if (v && !rt_type_size(v->type))
			fail_node(c, n, "input %d, '%.100s', has no type that is supported", i, v->name);
	}
}

void need_outputs(struct ctx *c, const struct node *n, int least, int most)
{
	int count = n->n_out;

	while (count > most && !n->out[count - 1])
		count--;
	if (count < least || count > most)
		fail_node(c, n, "it has %d outputs; %d to %d are supported", count, least, most);
	for (int i = 0; i < least; i++)
		if (!n->out[i])
			fail_node(c, n, "output %d is left out, but it is required", i);
}

int need_axis(struct ctx *c, const struct node *n, int64_t axis, int rank)
{
	if (axis < -rank || axis >= rank)
		fail_node(c, n, "axis %lld is outside %s, which has %d dimensions", (long long)axis,
			input(n, 0) ? shape_text(c, n->in[0]) : "the tensor", rank);
	return (int)(axis < 0 ? axis + rank : axis);
}

bool is_float_type(enum rt_type type)
{
	return type == RT_F32 || type == RT_F16 || type == RT_BF16 || type == RT_F64;
}

bool is_integer_type(enum rt_type type)
{
	return rt_type_size(type) && type != RT_BOOL && type < RT_BF16 && !is_float_type(type);
}

bool is_real_type(enum rt_type type)
{
	return is_float_type(type) || is_narrow_float(type);
}

bool is_byte_type(enum rt_type type)
{
	return rt_is_byte(type);
}

bool is_small_integer_type(enum rt_type type)
{
	return is_byte_type(type) || type == RT_U4 || type == RT_I4 || type == RT_U2 || type == RT_I2;
}

bool is_float8_type(enum rt_type type)
{
	return type >= RT_F8E4M3FN && type <= RT_F8E5M2FNUZ;
}

bool is_ofp8_type(enum rt_type type)
{
	return type == RT_F8E4M3FN || type == RT_F8E5M2;
}

/* Does the word of `length` letters name the type or its kind? */
static bool names_type(const char *word, size_t length, enum rt_type type)
{
	static const char *const kind[] = { "float", "int", "number", "any" };
	const bool is[] = { is_float_type(type), is_integer_type(type), is_float_type(type) || is_integer_type(type),
		true };

	for (int i = 0; i < 4; i++)
		if (strlen(kind[i]) == length && !strncmp(word, kind[i], length))
			return is[i];
	return strlen(type_name(type)) == length && !strncmp(word, type_name(type), length);
}

void need_type(struct ctx *c, const struct node *n, int index, const char *types)
{
	const struct value *v = input(n, index);

	if (!v)
		return;
	for (const char *p = types; *p;) {
		size_t length = strcspn(p, " ");
		bool was_narrower = c->in_double && v->type == RT_F64;
		if (names_type(p, length, v->type) || (was_narrower && names_type(p, length, RT_F32)))
			return;
		p += length + (p[length] == ' ');
	}
	fail_node(c, n, "input %d is %s; types that are supported: %s", index, shape_text(c, v), types);
}

void need_same_type(struct ctx *c, const struct node *n, int a, int b)
{
	const struct value *u = input(n, a), *v = input(n, b);

	if (u && v && u->type != v->type)
		fail_node(c, n, "inputs %d and %d have different types, %s and %s; add a Cast", a, b, shape_text(c, u),
			shape_text(c, v));
}

void set_output(struct ctx *c, struct node *n, int i, enum rt_type type, int rank, const int64_t *dim)
{
	if (i < n->n_out && n->out[i])
		value_set_shape(c, n, n->out[i], type, rank, dim);
}

int broadcast(
	struct ctx *c, const struct node *n, int rank_a, const int64_t *a, int rank_b, const int64_t *b, int64_t *to)
{
	int rank = rank_a > rank_b ? rank_a : rank_b;

	for (int i = 1; i <= rank; i++) {
		int64_t da = i <= rank_a ? a[rank_a - i] : 1, db = i <= rank_b ? b[rank_b - i] : 1;
		if (da != db && da != 1 && db != 1) {
			struct value va = { .type = RT_NOTYPE, .rank = rank_a }, vb = { .type = RT_NOTYPE, .rank = rank_b };
			memcpy(va.dim, a, (size_t)rank_a * sizeof *a);
			memcpy(vb.dim, b, (size_t)rank_b * sizeof *b);
			fail_node(c, n, "shapes %s and %s do not broadcast: %lld and %lld differ and neither is 1",
				strchr(shape_text(c, &va), '['), strchr(shape_text(c, &vb), '['), (long long)da, (long long)db);
		}
		to[rank - i] = da == 1 ? db : da;
	}
	return rank;
}

int64_t need_range(struct ctx *c, const struct node *n, const char *what, int64_t x, int64_t least, int64_t most)
{
	if (x < least || x > most)
		fail_node(
			c, n, "%s is %lld; it must be in %lld to %lld", what, (long long)x, (long long)least, (long long)most);
	return x;
}

int read_axes(struct ctx *c, const struct node *n, const char *name, int index, int rank, int *axes)
{
	int64_t given[MAX_RANK];
	bool seen[MAX_RANK] = { false };
	int count = name ? attribute_ints(c, n, name, given, MAX_RANK) : -1;

	if (count < 0 && index >= 0 && input(n, index))
		count = need_ints(c, n, index, "axes", given, MAX_RANK);
	for (int i = 0; i < count; i++) {
		axes[i] = need_axis(c, n, given[i], rank);
		if (seen[axes[i]])
			fail_node(c, n, "axis %lld is given twice", (long long)given[i]);
		seen[axes[i]] = true;
	}
	return count;
}

int64_t product(const int64_t *dim, int n)
{
	int64_t p = 1;

	for (int i = 0; i < n; i++)
		p *= dim[i];
	return p;
}

const struct value *attribute_tensor(struct ctx *c, const struct node *n, const char *name)
{
	const struct attribute *a = attribute(n, name);

	if (a && (a->kind != ATTRIBUTE_TENSOR || !a->tensor))
		fail_node(c, n, "attribute '%s' must be a tensor", name);
	return a ? a->tensor : NULL;
}

int64_t read_positive(struct ctx *c, const struct node *n, const char *name)
{
	return need_range(c, n, name, attribute_int(c, n, name, 1), 1, MAX_ELEMENTS);
}

int read_word(struct ctx *c, const struct node *n, const char *name, const char *const *words, int count, int fallback)
{
	const char *s = attribute_string(c, n, name, words[fallback]);

	for (int i = 0; i < count; i++)
		if (!strcmp(s, words[i]))
			return i;
	fail_node(c, n, "%s '%.40s' is not supported", name, s);
}

enum rt_act read_act(struct ctx *c, const struct node *n, const char *name)
{
	static const char *const names[] = { "", "Relu", "Gelu", "GeluTanh", "Sigmoid", "Tanh", "Silu", "LeakyRelu" };
	const char *act = attribute_string(c, n, name, "");

	for (int i = 0; i <= RT_LEAKY_RELU; i++)
		if (!strcmp(act, names[i]))
			return (enum rt_act)i;
	fail_node(c, n, "activation '%.40s' is not supported", act);
}
