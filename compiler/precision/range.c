/* Interval analysis: what integers can be. An index into a tensor is smaller than the tensor, what is computed from
 * indices by fixed numbers is bounded too, and int32_t holds all of it; only where that is proved is a value
 * narrowed, so that no graph's arithmetic ever wraps because of us. */
#include "precision.h"
#include <string.h>

/* Bytes of the largest value that is written out as a constant. */
enum { MOST_DECIDED = 1 << 16 };

static struct range between(int64_t low, int64_t high)
{
	return (struct range){ low <= high && low >= INT32_MIN && high <= INT32_MAX, low, high };
}

static const struct range unknown;

/* Of integers, whatever type holds them. */
static struct range constant_range(const struct value *v)
{
	int64_t n = value_elements(v), low = INT64_MAX, high = INT64_MIN;

	if (n == 0 || v->type == RT_U64)
		return unknown;
	for (int64_t i = 0; i < n; i++) {
		int64_t x = constant_int(v, i);
		if (is_real_type(v->type) && (double)x != constant_real(v, i))
			return unknown;
		low = x < low ? x : low;
		high = x > high ? x : high;
	}
	return between(low, high);
}

struct range value_range(const struct value *v)
{
	if (!v)
		return unknown;
	if (v->data)
		return constant_range(v);
	return v->type == RT_BOOL && !v->range.known ? between(0, 1) : v->range;
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
	if (is_op(n, "Div") && b.low > 0 && is_integer_type(n->in[0]->type))
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
	enum rt_type from = n->in[0]->type, to = n->out[0]->type;

	/* A truth value as a float is no index. */
	if (!is_integer_type(from) && !(from == RT_BOOL && (is_integer_type(to) || to == RT_BOOL)))
		return unknown;
	return to == RT_BOOL && r.known ? truth(r.low || r.high, r.low <= 0 && r.high >= 0) : r;
}

/* Version 11 of the operator set made an input of the value, which was an attribute and of a float. */
static struct range padding(const struct node *n)
{
	if (n->version < 11 && attribute(n, "value"))
		return unknown;
	return n->n_in > 2 && n->in[2] ? value_range(n->in[2]) : between(0, 0);
}

/* The length of the axis that n works on. */
static int64_t axis_length(struct ctx *c, const struct node *n, int64_t fallback)
{
	int64_t axis = attribute_int(c, n, "axis", fallback);

	return n->in[0]->dim[axis < 0 ? axis + n->in[0]->rank : axis];
}

static int64_t longest_axis(const struct value *v)
{
	int64_t longest = 1;

	for (int i = 0; i < v->rank; i++)
		longest = v->dim[i] > longest ? v->dim[i] : longest;
	return longest;
}

struct range output_range(struct ctx *c, const struct node *n, int i)
{
	struct range r;

	if (is_op(n, "TopK"))
		return i == 1 ? between(0, axis_length(c, n, -1) - 1) : unknown;
	if (is_op(n, "ArgMax") || is_op(n, "ArgMin"))
		return between(0, axis_length(c, n, 0) - 1);
	if (is_op(n, "NonZero"))
		return between(0, longest_axis(n->in[0]) - 1);
	if (is_internal(n, "MutualMatch"))
		return i == 0 || i == 2 ? between(-1, n->in[0]->dim[2]) : unknown;
	if (is_op(n, "Cast"))
		return cast(n, value_range(n->in[0]));
	if (n->out[i]->type == RT_BOOL && is_op(n, "Not"))
		return between(1 - value_range(n->in[0]).high, 1 - value_range(n->in[0]).low);
	if (n->out[i]->type == RT_BOOL && n->n_in == 2 && n->op->flags & OP_ELEMENTWISE)
		return condition(n, value_range(n->in[0]), value_range(n->in[1]));
	if (is_op(n, "Where"))
		return both(value_range(input(n, 1)), value_range(input(n, 2)));
	if (is_op(n, "Gather") || is_op(n, "GatherElements") || is_op(n, "GatherND") || is_op(n, "ReduceMax") ||
		is_op(n, "ReduceMin"))
		return value_range(n->in[0]);
	if (is_op(n, "Relu"))
		return both(value_range(n->in[0]), between(0, 0));
	if (is_op(n, "Concat")) {
		r = value_range(n->in[0]);
		for (int k = 1; k < n->n_in; k++)
			r = both(r, value_range(n->in[k]));
		return r;
	}
	if (n->op->flags & OP_MOVES)
		return is_op(n, "Pad") ? both(value_range(n->in[0]), padding(n)) : value_range(n->in[0]);
	return n->n_in == 2 ? arithmetic(n, value_range(n->in[0]), value_range(n->in[1])) : unknown;
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

void bound_outputs(struct ctx *c, const struct node *n)
{
	struct graph *inner[8];

	for (int i = 0; i < n->n_out && !node_graphs(n, inner, 8); i++)
		if (n->out[i])
			n->out[i]->range = held_by(n->out[i]->type, output_range(c, n, i));
}

/* A value that can only be one number is that number: the sign of what is never negative, for one. */
static bool decide(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *v = n->out[0];
	struct range r = value_range(v);

	if (!(n->op->flags & OP_ELEMENTWISE) || !r.known || r.low != r.high || v->is_output || v->count ||
		(v->type != RT_BOOL && v->type != RT_I32) || value_bytes(v) > MOST_DECIDED)
		return false;
	char *data = arena_get(c, value_bytes(v) + 1, 1);
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
static void drop_zero(struct graph *root, struct graph *g, struct node *n)
{
	struct range zero = n->n_in == 2 ? value_range(n->in[1]) : unknown;

	if (!(is_op(n, "Add") || is_op(n, "Sub")) || !zero.known || zero.low || zero.high || n->out[0]->is_output ||
		n->in[0]->type != n->out[0]->type || n->in[0]->data || !same_shape(n->in[0], n->out[0]))
		return;
	replace_value(root, n->out[0], n->in[0]);
	node_remove(g, n);
}

static void narrow_graph(struct ctx *c, struct graph *root, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first, *next; n; n = next) {
		int branches = node_graphs(n, inner, 8);
		next = n->next;
		for (int i = 0; i < branches; i++)
			narrow_graph(c, root, inner[i]);
		for (int i = 0; i < n->n_out; i++) {
			struct range r = unknown;
			if (!n->out[i])
				continue;
			if (branches == 2)
				r = both(value_range(inner[0]->outputs[i]), value_range(inner[1]->outputs[i]));
			else if (!branches && !source_is_wide(n))
				r = held_by(n->out[i]->type, output_range(c, n, i));
			n->out[i]->range = r;
			narrow_value(n->out[i], r);
		}
		if (n->n_out == 1 && n->out[0] && !decide(c, g, n))
			drop_zero(root, g, n);
	}
	narrow_constant_outputs(c, g);
}

void narrow_integers(struct ctx *c, struct graph *g)
{
	narrow_graph(c, g, g);
}
