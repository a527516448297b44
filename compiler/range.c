/* Interval analysis: what integers can be. An index into a tensor is smaller than the tensor, what is computed from
 * indices by fixed numbers is bounded too, and int32_t holds all of it; only where that is proved is a value
 * narrowed, so that no graph's arithmetic ever wraps because of us. */
#include "precision.h"
#include <string.h>

/* Bytes of the largest value that is written out as a constant. */
enum { MOST_DECIDED = 1 << 16 };

struct range {
	bool known;
	int64_t low, high;
};

/* Ranges of values, by address: a hash table in the arena. */
struct ranges {
	struct ctx *c;
	struct graph *root;
	struct entry {
		const struct value *v;
		struct range range;
	} * entry;
	size_t size, used;
};

static struct entry *slot(struct ranges *t, const struct value *v)
{
	size_t i = (size_t)((uintptr_t)v >> 6);

	while (t->entry[i % t->size].v && t->entry[i % t->size].v != v)
		i++;
	return &t->entry[i % t->size];
}

static void put(struct ranges *t, const struct value *v, struct range r)
{
	if (!v)
		return;
	if (2 * (t->used + 1) > t->size) {
		struct ranges old = *t;
		t->size = old.size ? 2 * old.size : 1024;
		t->entry = NEW(t->c, struct entry, t->size);
		for (size_t i = 0; i < old.size; i++)
			if (old.entry[i].v)
				*slot(t, old.entry[i].v) = old.entry[i];
	}
	struct entry *e = slot(t, v);
	t->used += !e->v;
	e->v = v;
	e->range = r;
}

static struct range between(int64_t low, int64_t high)
{
	return (struct range){ low <= high && low >= INT32_MIN && high <= INT32_MAX, low, high };
}

static const struct range unknown;

static struct range constant_range(const struct value *v)
{
	int64_t n = value_elements(v), low, high;

	if (n == 0 || (!is_integer_type(v->type) && v->type != RT_BOOL) || v->type == RT_U64)
		return unknown;
	low = high = constant_int(v, 0);
	for (int64_t i = 1; i < n; i++) {
		int64_t x = constant_int(v, i);
		low = x < low ? x : low;
		high = x > high ? x : high;
	}
	return between(low, high);
}

static struct range get(struct ranges *t, const struct value *v)
{
	if (!v)
		return unknown;
	if (v->data)
		return constant_range(v);
	struct entry *e = t->size ? slot(t, v) : NULL;
	if (e && e->v && e->range.known)
		return e->range;
	return v->type == RT_BOOL ? between(0, 1) : unknown;
}

static struct range both(struct range a, struct range b)
{
	if (!a.known || !b.known)
		return unknown;
	return between(a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high);
}

/* Bounds are 32-bit numbers, so the products of two of them fit 64 bits. */
static struct range product(struct range a, struct range b)
{
	const int64_t p[4] = { a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high };
	int64_t low = p[0], high = p[0];

	for (int i = 1; i < 4; i++) {
		low = p[i] < low ? p[i] : low;
		high = p[i] > high ? p[i] : high;
	}
	return between(low, high);
}

static struct range arithmetic(const struct node *n, struct range a, struct range b)
{
	/* The sign of a remainder is that of the divisor or, with fmod, that of what is divided. */
	if (!a.known || !b.known)
		return is_op(n, "Mod") && b.known && b.low > 0 ? between(-b.high + 1, b.high - 1) : unknown;
	if (is_op(n, "Add"))
		return between(a.low + b.low, a.high + b.high);
	if (is_op(n, "Sub"))
		return between(a.low - b.high, a.high - b.low);
	if (is_op(n, "Mul"))
		return product(a, b);
	if (is_op(n, "Div") && b.low > 0)
		return between(a.low < 0 ? a.low : a.low / b.high, a.high < 0 ? a.high / b.high : a.high / b.low);
	if (is_op(n, "Mod") && b.low > 0)
		return a.low >= 0 ? between(0, a.high < b.high - 1 ? a.high : b.high - 1) : between(-b.high + 1, b.high - 1);
	if (is_op(n, "Min") || is_op(n, "Max"))
		return both(a, b);
	return unknown;
}

/* What a comparison of a with b can be, given whether it can be true and whether it can be false. */
static struct range truth(bool maybe, bool maybe_not)
{
	return between(!maybe_not, maybe);
}

static struct range condition(const struct node *n, struct range a, struct range b)
{
	if (!a.known || !b.known)
		return unknown;
	if (is_op(n, "Less"))
		return truth(a.low < b.high, a.high >= b.low);
	if (is_op(n, "LessOrEqual"))
		return truth(a.low <= b.high, a.high > b.low);
	if (is_op(n, "Greater"))
		return truth(a.high > b.low, a.low <= b.high);
	if (is_op(n, "GreaterOrEqual"))
		return truth(a.high >= b.low, a.low < b.high);
	if (is_op(n, "Equal"))
		return truth(a.low <= b.high && b.low <= a.high, a.low != a.high || b.low != b.high || a.low != b.low);
	if (is_op(n, "And"))
		return between(a.low & b.low, a.high & b.high);
	if (is_op(n, "Or"))
		return between(a.low | b.low, a.high | b.high);
	return unknown;
}

static struct range cast(const struct node *n, struct range r)
{
	if (!is_integer_type(n->in[0]->type) && n->in[0]->type != RT_BOOL)
		return unknown;
	return n->out[0]->type == RT_BOOL && r.known ? truth(r.low || r.high, r.low <= 0 && r.high >= 0) : r;
}

/* Version 11 of the operator set made an input of the value, which was an attribute and of a float. */
static struct range padding(struct ranges *t, const struct node *n)
{
	if (n->version < 11 && attribute(n, "value"))
		return unknown;
	return n->n_in > 2 && n->in[2] ? get(t, n->in[2]) : between(0, 0);
}

static struct range of_output(struct ranges *t, const struct node *n, int i)
{
	struct range r;

	if (is_op(n, "TopK"))
		return i == 1 ? between(0, n->in[0]->dim[attribute_int(t->c, n, "axis", -1) < 0
													 ? n->in[0]->rank + attribute_int(t->c, n, "axis", -1)
													 : attribute_int(t->c, n, "axis", -1)] -
									   1)
					  : unknown;
	if (is_op(n, "ArgMax") || is_op(n, "ArgMin"))
		return between(0, value_elements(n->in[0]));
	if (is_op(n, "NonZero"))
		return between(0, value_elements(n->in[0]));
	if (is_internal(n, "MutualMatch"))
		return i == 0 ? between(-1, n->in[0]->dim[2]) : unknown;
	if (is_op(n, "Cast"))
		return cast(n, get(t, n->in[0]));
	if (n->out[i]->type == RT_BOOL && is_op(n, "Not"))
		return between(1 - get(t, n->in[0]).high, 1 - get(t, n->in[0]).low);
	if (n->out[i]->type == RT_BOOL && n->n_in == 2 && n->op->flags & OP_ELEMENTWISE)
		return condition(n, get(t, n->in[0]), get(t, n->in[1]));
	if (is_op(n, "Where"))
		return both(get(t, n->in[1]), get(t, n->in[2]));
	if (is_op(n, "Gather") || is_op(n, "GatherElements") || is_op(n, "GatherND") || is_op(n, "ReduceMax") ||
		is_op(n, "ReduceMin"))
		return get(t, n->in[0]);
	if (is_op(n, "Relu"))
		return both(get(t, n->in[0]), between(0, 0));
	if (is_op(n, "Concat")) {
		r = get(t, n->in[0]);
		for (int k = 1; k < n->n_in; k++)
			r = both(r, get(t, n->in[k]));
		return r;
	}
	if (n->op->flags & OP_MOVES)
		return is_op(n, "Pad") ? both(get(t, n->in[0]), padding(t, n)) : get(t, n->in[0]);
	return n->n_in == 2 ? arithmetic(n, get(t, n->in[0]), get(t, n->in[1])) : unknown;
}

/* Readers and producers that only move elements need one type on both sides. */
static bool source_is_wide(const struct node *n)
{
	bool moves = n->op->flags & OP_MOVES || is_op(n, "Gather") || is_op(n, "GatherElements") || is_op(n, "GatherND") ||
				 is_op(n, "ReduceMax") || is_op(n, "ReduceMin");

	if (!moves)
		return false;
	for (int i = 0; i < (is_op(n, "Concat") ? n->n_in : 1); i++)
		if (n->in[i] && n->in[i]->type == RT_I64)
			return true;
	return false;
}

/* What does not fit the type wraps, and could be anything that the type holds. */
static struct range held_by(enum rt_type type, struct range r)
{
	int bits = 8 * (int)rt_type_size(type);
	bool is_unsigned = type == RT_U8 || type == RT_U16 || type == RT_U32 || type == RT_U64;
	int64_t low = is_unsigned ? 0 : -(INT64_C(1) << (bits < 32 ? bits - 1 : 31));
	int64_t high = bits >= 32 ? INT32_MAX : (INT64_C(1) << (is_unsigned ? bits : bits - 1)) - 1;

	return r.known && r.low >= low && r.high <= high ? r : unknown;
}

static void narrow_value(struct value *v, struct range r)
{
	if (v && v->type == RT_I64 && !v->data && r.known)
		v->type = RT_I32;
}

/* A constant that is an output, or one side of a branch's output, must have the type of the others. */
static void narrow_constant_outputs(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < g->n_outputs; i++) {
		struct value *v = g->outputs[i];
		if (!v->data || v->type != RT_I64 || !constant_range(v).known)
			continue;
		int32_t *data = NEW(c, int32_t, (size_t)value_elements(v));
		for (int64_t k = value_elements(v); k-- > 0;)
			data[k] = (int32_t)constant_int(v, k);
		g->outputs[i] = value_constant(c, v->name, RT_I32, v->rank, v->dim, data);
	}
}

/* A value that can only be one number is that number: the sign of what is never negative, for one. */
static bool decide(struct ranges *t, struct graph *g, struct node *n)
{
	struct value *v = n->out[0];
	struct range r = get(t, v);

	if (!(n->op->flags & OP_ELEMENTWISE) || !r.known || r.low != r.high || v->is_output || v->count ||
		(v->type != RT_BOOL && v->type != RT_I32) || value_bytes(v) > MOST_DECIDED)
		return false;
	char *data = arena_get(t->c, value_bytes(v) + 1, 1);
	const int32_t number = (int32_t)r.low;
	for (int64_t i = 0; i < value_elements(v); i++)
		if (v->type == RT_BOOL)
			data[i] = (char)number;
		else
			memcpy(data + 4 * i, &number, sizeof number);
	v->data = data;
	v->def = NULL;
	node_remove(g, n);
	return true;
}

/* What a number is added to or taken from is what remains when the number is 0. */
static void drop_zero(struct ranges *t, struct graph *g, struct node *n)
{
	struct range zero = n->n_in == 2 ? get(t, n->in[1]) : unknown;

	if (!(is_op(n, "Add") || is_op(n, "Sub")) || !zero.known || zero.low || zero.high || n->out[0]->is_output ||
		n->in[0]->type != n->out[0]->type || n->in[0]->data || !same_shape(n->in[0], n->out[0]))
		return;
	replace_value(t->root, n->out[0], n->in[0]);
	node_remove(g, n);
}

static void narrow_graph(struct ranges *t, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first, *next; n; n = next) {
		int branches = node_graphs(n, inner, 8);
		next = n->next;
		for (int i = 0; i < branches; i++)
			narrow_graph(t, inner[i]);
		for (int i = 0; i < n->n_out; i++) {
			struct range r = unknown;
			if (!n->out[i])
				continue;
			if (branches == 2)
				r = both(get(t, inner[0]->outputs[i]), get(t, inner[1]->outputs[i]));
			else if (!branches && !source_is_wide(n))
				r = held_by(n->out[i]->type, of_output(t, n, i));
			put(t, n->out[i], r);
			narrow_value(n->out[i], r);
		}
		if (n->n_out == 1 && n->out[0] && !decide(t, g, n))
			drop_zero(t, g, n);
	}
	narrow_constant_outputs(t->c, g);
}

void narrow_integers(struct ctx *c, struct graph *g)
{
	struct ranges t = { .c = c, .root = g };

	narrow_graph(&t, g);
}
