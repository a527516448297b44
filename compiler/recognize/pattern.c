/* What the recognizers ask. */
#include "recognize.h"
#include <string.h>

struct node *made_by(const struct value *v, const char *type)
{
	return v && v->def && is_op(v->def, type) ? v->def : NULL;
}

struct node *made_by_internal(const struct value *v, const char *type)
{
	return v && v->def && is_internal(v->def, type) ? v->def : NULL;
}

struct node *either_made_by(const struct node *n, const char *type, struct value **other)
{
	for (int i = 0; i < 2 && n->n_in == 2; i++) {
		struct node *found = made_by(n->in[i], type);
		if (found) {
			*other = n->in[1 - i];
			return found;
		}
	}
	return NULL;
}

bool is_constant(const struct value *v, double x)
{
	if (!v || !v->data)
		return false;
	for (int64_t i = value_elements(v); i-- > 0;)
		if (constant_real(v, i) != x)
			return false;
	return true;
}

bool is_filled(struct ctx *c, const struct value *v, double x)
{
	static const char *const repeats[] = { "Expand", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Tile", "Identity" };
	const struct node *n = v ? v->def : NULL;

	if (!n)
		return is_constant(v, x);
	if (is_op(n, "ConstantOfShape")) {
		const struct attribute *value = attribute(n, "value");
		return value ? value->kind == ATTRIBUTE_TENSOR && is_constant(value->tensor, x) : x == 0;
	}
	for (size_t i = 0; i < sizeof repeats / sizeof *repeats; i++)
		if (is_op(n, repeats[i]))
			return is_filled(c, n->in[0], x);
	return false;
}

struct value *unshaped(struct value *v)
{
	while (v && v->def &&
		   (is_op(v->def, "Reshape") || is_op(v->def, "Unsqueeze") || is_op(v->def, "Squeeze") ||
			   is_op(v->def, "Flatten") || is_op(v->def, "Identity")))
		v = v->def->in[0];
	return v;
}

struct value *times_constant(const struct node *n, double *x)
{
	for (int i = 1; i >= 0 && n->n_in == 2; i--)
		if (constant_scalar(n->in[i], x) && !n->in[1 - i]->data)
			return n->in[1 - i];
	return NULL;
}

int axis_of(struct ctx *c, const struct node *n)
{
	int64_t axes[MAX_RANK];
	int rank = n->in[0]->rank, count = attribute_ints(c, n, "axes", axes, MAX_RANK);

	if (count < 0 && attribute(n, "axis")) {
		axes[0] = attribute_int(c, n, "axis", 0);
		count = 1;
	}
	if (count < 0 && n->n_in > 1)
		count = constant_ints(n->in[1], axes, MAX_RANK);
	/* Softmax and LogSoftmax take the last axis when none is given; ArgMax the first. */
	if (count < 0 && (is_op(n, "Softmax") || is_op(n, "LogSoftmax"))) {
		axes[0] = n->version < 13 ? 1 : -1;
		count = 1;
	}
	if (count < 0 && is_op(n, "ArgMax")) {
		axes[0] = 0;
		count = 1;
	}
	if (count != 1)
		return -1;
	int axis = (int)(axes[0] < 0 ? axes[0] + rank : axes[0]);
	/* Before version 13 of the operator set they worked on all dimensions from the axis on. */
	bool flattens = (is_op(n, "Softmax") || is_op(n, "LogSoftmax")) && n->version < 13;
	return flattens && axis != rank - 1 ? -1 : axis;
}

static bool all_are(struct ctx *c, const struct node *n, const char *name, int count, int64_t x, int64_t absent)
{
	int64_t list[8];
	int found = attribute_ints(c, n, name, list, 8);

	if (found < 0)
		return x == absent;
	for (int i = 0; i < found; i++)
		if (list[i] != x)
			return false;
	return found == count;
}

bool is_max_pool(struct ctx *c, const struct node *n, int64_t kernel, int64_t stride, int64_t pad)
{
	return is_op(n, "MaxPool") && n->n_out == 1 && n->in[0]->rank == 4 && all_are(c, n, "kernel_shape", 2, kernel, 1) &&
		   all_are(c, n, "strides", 2, stride, 1) && all_are(c, n, "pads", 4, pad, 0) &&
		   all_are(c, n, "dilations", 2, 1, 1) && !attribute_int(c, n, "ceil_mode", 0) &&
		   !strcmp(attribute_string(c, n, "auto_pad", "NOTSET"), "NOTSET");
}

bool is_permutation(struct ctx *c, const struct node *n, int rank, const int64_t *perm)
{
	int64_t own[MAX_RANK];

	return is_op(n, "Transpose") && n->in[0]->rank == rank && attribute_ints(c, n, "perm", own, MAX_RANK) == rank &&
		   !memcmp(own, perm, (size_t)rank * sizeof *perm);
}

struct node *replace_end(struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in)
{
	struct node *n = node_new(c, g, end, "gluec", type, end, n_in, 1);

	n->out[0] = end->out[0];
	n->out[0]->def = n;
	node_remove(g, end);
	return n;
}

static struct node *reshape_before(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, struct value *y)
{
	struct node *n = node_new(c, g, before, "", "Reshape", before, 2, 1);
	int64_t *dim = NEW(c, int64_t, (size_t)y->rank + 1), rank = y->rank;

	memcpy(dim, y->dim, (size_t)rank * sizeof *dim);
	n->in[0] = x;
	n->in[1] = value_constant(c, arena_text(c, "%s.shape", y->name), RT_I64, 1, &rank, dim);
	n->out[0] = y;
	y->def = n;
	return n;
}

struct value *reshaped(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, int rank, const int64_t *dim)
{
	return reshape_before(c, g, before, x, value_new(c, x->name, x->type, rank, dim))->out[0];
}

struct value *transposed(struct ctx *c, struct graph *g, struct node *before, struct value *x, const int64_t *perm)
{
	struct node *n = node_new(c, g, before, "", "Transpose", before, 1, 1);
	struct attribute *a = NEW(c, struct attribute, 1);

	*a = (struct attribute){ .name = "perm", .kind = ATTRIBUTE_INTS, .n = (size_t)x->rank, .ints = perm };
	n->attributes = a;
	n->in[0] = x;
	n->out[0] = value_new(c, x->name, x->type, x->rank, NULL);
	n->out[0]->def = n;
	for (int i = 0; i < x->rank; i++)
		n->out[0]->dim[i] = x->dim[perm[i]];
	return n->out[0];
}

struct node *replace_end_shaped(
	struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in, int rank, const int64_t *dim)
{
	struct value *y = end->out[0], *own = value_new(c, y->name, y->type, rank, dim);

	if (same_shape(own, y))
		return replace_end(c, g, end, type, n_in);
	struct node *n = node_new(c, g, end, "gluec", type, end, n_in, 1);
	n->out[0] = own;
	own->def = n;
	reshape_before(c, g, end, own, y);
	node_remove(g, end);
	return n;
}
