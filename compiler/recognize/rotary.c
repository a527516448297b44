/* Rotation of channel pairs (a, b) to (a cos - b sin, b cos + a sin), in the two ways in which it is written: the two
 * results joined, or x cos + (-b, a) sin. Which elements a and b are is found by tracing them to where they were
 * computed, so that every spelling by Split, Slice, Gather, Reshape and stacking counts. */
#include "recognize.h"
#include "trace.h"
#include <string.h>

/* x, reshaped to dim, has the a's at 0..m of the axis and the b's at m..2m. The phases walk over the pairs: dim with m
 * in the axis' place. */
struct rotation {
	struct value *x;
	int rank, axis;
	int64_t dim[MAX_RANK], m;
	struct trace cos, sin;
	const struct node *part[4]; /* that the rotation stands for beside its end, in order; NULL when there are fewer */
};

/* The two parts that a Concat joins, which must be of equal lengths. */
static bool read_join(struct ctx *c, const struct node *join, struct rotation *r)
{
	const struct value *v = join->out[0];
	int64_t axis = attribute_int(c, join, "axis", 0);

	if (join->n_in != 2 || !same_shape(join->in[0], join->in[1]) || v->rank >= MAX_RANK)
		return false;
	r->rank = v->rank;
	r->axis = (int)(axis < 0 ? axis + v->rank : axis);
	memcpy(r->dim, v->dim, sizeof r->dim);
	r->m = join->in[0]->dim[r->axis];
	/* Neighbours are joined along a dimension of two behind that of the pairs. */
	return r->m > 1 || r->axis > 0;
}

/* Are a and b the first and the second elements of x's pairs? */
static bool are_halves(
	struct ctx *c, struct value *x, const struct rotation *r, const struct trace *a, const struct trace *b)
{
	struct trace first = trace_value(c, x), second;

	if (!trace_reshape(&first, r->rank, r->dim))
		return false;
	second = first;
	return trace_slice(&first, r->axis, 0, 1, r->m) && trace_slice(&second, r->axis, r->m, 1, r->m) &&
		   trace_equal(&first, a) && trace_equal(&second, b);
}

/* v, an operand of the node whose result `part` walks over, under part's dimensions. */
static bool operand(struct ctx *c, const struct trace *part, struct value *v, struct trace *to)
{
	struct trace own = trace_value(c, v);

	*to = *part;
	return trace_broadcast(&own, part->root->rank, part->root->dim) && trace_through(to, &own);
}

/* Takes the phase of x cos, which has x's shape, apart into one for each pair: both channels must have the same. */
static bool phase_of_pairs(struct ctx *c, struct value *v, const struct rotation *r, struct trace *to)
{
	int64_t split[MAX_RANK + 1];

	*to = trace_value(c, v);
	memcpy(split, r->dim, sizeof r->dim);
	memmove(split + r->axis + 1, split + r->axis, (size_t)(r->rank - r->axis) * sizeof *split);
	split[r->axis] = 2;
	split[r->axis + 1] = r->m;
	return trace_broadcast(to, r->x->rank, r->x->dim) && trace_reshape(to, r->rank + 1, split) &&
		   trace_drop(to, r->axis);
}

/* x cos + turned sin, with turned = (-b, a). */
static bool is_turned(struct ctx *c, struct value *turned, struct rotation *r)
{
	const struct value *joined = made_by(turned, "Reshape") ? turned->def->in[0] : turned;
	const struct node *join = made_by(joined, "Concat"), *neg;
	struct trace minus, a, b;

	if (!join || !same_shape(turned, r->x) || !read_join(c, join, r))
		return false;
	minus = trace_value(c, join->in[0]);
	a = trace_value(c, join->in[1]);
	neg = made_by(minus.root, "Neg");
	r->part[0] = neg;
	r->part[1] = join;
	return neg && operand(c, &minus, neg->in[0], &b) && are_halves(c, r->x, r, &a, &b);
}

static bool read_sum(struct ctx *c, const struct node *add, struct rotation *r)
{
	struct node *mul[2] = { made_by(add->in[0], "Mul"), made_by(add->in[1], "Mul") };

	/* Either product may be x's, and either factor x or the turned x. */
	for (int i = 0; mul[0] && mul[1] && i < 8; i++) {
		const struct node *straight = mul[i & 1], *across = mul[!(i & 1)];
		struct value *turned = across->in[i >> 2 & 1];
		r->x = straight->in[i >> 1 & 1];
		if (same_shape(r->x, add->out[0]) && is_turned(c, turned, r)) {
			r->part[2] = mul[0];
			r->part[3] = mul[1];
			return phase_of_pairs(c, straight->in[!(i >> 1 & 1)], r, &r->cos) &&
				   phase_of_pairs(c, across->in[!(i >> 2 & 1)], r, &r->sin);
		}
	}
	return false;
}

/* The operands of a product under the dimensions of a part. */
static bool product(struct ctx *c, const struct trace *part, const struct value *v, struct trace *factor)
{
	struct node *mul = made_by(v, "Mul");

	return mul && same_shape(mul->out[0], part->root) && operand(c, part, mul->in[0], &factor[0]) &&
		   operand(c, part, mul->in[1], &factor[1]);
}

/* Where a is made from: the nearest value that holds all pairs. */
static struct value *whole(
	struct ctx *c, struct value *v, const struct rotation *r, const struct trace *a, const struct trace *b)
{
	for (int i = 0; i < 8 && v->def && v->def->n_in > 0 && v->def->in[0]; i++) {
		v = v->def->in[0];
		if (v->rank >= 0 && value_elements(v) && are_halves(c, v, r, a, b))
			return v;
	}
	return NULL;
}

/* The factors of even = a cos - b sin and odd = b cos + a sin, each product's in some order. */
static bool read_parts(struct ctx *c, const struct node *join, struct rotation *r)
{
	struct trace even = trace_value(c, join->in[0]), odd = trace_value(c, join->in[1]), f[4][2];
	struct node *sub = made_by(even.root, "Sub"), *add = made_by(odd.root, "Add");

	if (!sub || !add || !product(c, &even, sub->in[0], f[0]) || !product(c, &even, sub->in[1], f[1]) ||
		!product(c, &odd, add->in[0], f[2]) || !product(c, &odd, add->in[1], f[3]))
		return false;
	r->part[0] = sub;
	r->part[1] = add;
	for (int i = 0; i < 32; i++) {
		int ia = i & 1, ib = i >> 1 & 1, ob = i >> 2 & 1, oa = i >> 3 & 1, b_first = i >> 4;
		struct trace *with_b = b_first ? f[2] : f[3], *with_a = b_first ? f[3] : f[2];
		if (!trace_equal(&f[0][ia], &with_a[oa]) || !trace_equal(&f[1][ib], &with_b[ob]) ||
			!trace_equal(&f[0][!ia], &with_b[!ob]) || !trace_equal(&f[1][!ib], &with_a[!oa]))
			continue;
		r->x = whole(c, sub->in[0]->def->in[ia], r, &f[0][ia], &f[1][ib]);
		r->cos = f[0][!ia];
		r->sin = f[1][!ib];
		if (r->x)
			return true;
	}
	return false;
}

/* Dimension `from` comes to stand at `to`, the others keep their order. */
static struct value *move_axis(struct ctx *c, struct graph *g, struct node *before, struct value *x, int from, int to)
{
	int64_t perm[MAX_RANK], dim[MAX_RANK];

	if (from == to)
		return x;
	for (int i = 0, other = 0; i < x->rank; i++) {
		other += other == from;
		perm[i] = i == to ? from : other++;
		dim[i] = x->dim[perm[i]];
	}
	x = insert_node(c, g, before, "", "Transpose", 1, x, x->rank, dim);
	set_attribute_ints(c, x->def, "perm", x->rank, perm);
	return x;
}

/* The phases as a View of what they are computed from, with the dimension of the pairs last. */
static struct value *phase_view(struct ctx *c, struct graph *g, struct node *before, const struct trace *t, int axis)
{
	return move_axis(c, g, before, trace_view(c, g, before, t), axis, t->rank - 1);
}

/* How many pairs, counted from the innermost, have phases at one stride: the last factor of the dimension. */
static int64_t innermost(const struct trace *t, int axis)
{
	return t->first[axis + 1] > t->first[axis] ? t->factor[t->first[axis + 1] - 1].size : 1;
}

/* Makes dimension `axis` of neighbours' phases two, the second with one stride; heads that share their phases are
 * often merged with the channels. Then every dimension of both phases must have one stride. */
static bool split_heads(struct rotation *r, int axis, int64_t *heads)
{
	int64_t dim[MAX_RANK], pairs = innermost(&r->cos, axis);

	if (innermost(&r->sin, axis) < pairs)
		pairs = innermost(&r->sin, axis);
	*heads = r->m == 1 ? trace_dim(&r->cos, axis) / pairs : 1;
	int to = 0;
	for (int i = 0; i < r->rank; i++) {
		/* Of neighbours, the dimension of a and b is gone. */
		if (r->m == 1 && i == r->axis)
			continue;
		if (i == axis && *heads > 1)
			dim[to++] = *heads;
		dim[to++] = i == axis ? trace_dim(&r->cos, i) / *heads : trace_dim(&r->cos, i);
	}
	if (!trace_reshape(&r->cos, to, dim) || !trace_reshape(&r->sin, to, dim))
		return false;
	for (int i = 0; i < to; i++)
		if (r->cos.first[i + 1] - r->cos.first[i] > 1 || r->sin.first[i + 1] - r->sin.first[i] > 1)
			return false;
	return true;
}

/* The rotation is called what its result is called, when that only has to be reshaped to be it. */
static void name_rotation(struct ctx *c, struct node *rotary, const struct node *end, const struct rotation *r)
{
	const struct value *y = end->out[0];
	const struct node *shaped = y->uses == 1 && !y->is_output && is_op(y->user, "Reshape") ? y->user : NULL;

	rotary->origin = r->part[0]->origin;
	for (int i = 1; i < 4 && r->part[i]; i++)
		node_absorb(c, rotary, r->part[i]);
	node_absorb(c, rotary, end);
	if (!shaped)
		return;
	node_absorb(c, rotary, shaped);
	rotary->name = shaped->name;
	rotary->out[0]->name = shaped->out[0]->name;
}

/* The rotation takes the place of `end`, whose result has the elements of r->x rotated. */
static bool replace(struct ctx *c, struct graph *g, struct node *end, struct rotation *r)
{
	int axis = r->m == 1 ? r->axis - 1 : r->axis;
	int64_t heads, dim[MAX_RANK];

	if (!split_heads(r, axis, &heads))
		return false;
	axis += heads > 1;
	for (int i = 0; i < r->cos.rank; i++)
		dim[i] = trace_dim(&r->cos, i) * (i == axis ? 2 : 1);
	int last = r->cos.rank - 1;
	struct value *x = insert_reshape(c, g, end, r->x, r->cos.rank, dim);
	x = move_axis(c, g, end, x, axis, last);
	struct value *cos = phase_view(c, g, end, &r->cos, axis), *sin = phase_view(c, g, end, &r->sin, axis);
	struct value *y = insert_node(c, g, end, "gluec", "Rotary", 3, x, x->rank, x->dim);
	y->def->in[1] = cos;
	y->def->in[2] = sin;
	name_rotation(c, y->def, end, r);
	if (r->m > 1)
		set_attribute_int(c, y->def, "half", 1);
	x = move_axis(c, g, end, y, last, axis);
	replace_by_reshape(c, g, end, x);
	return true;
}

bool recognize_rotary(struct ctx *c, struct graph *g, struct node *n)
{
	struct rotation r = { 0 };

	if ((!is_op(n, "Add") && !is_op(n, "Concat")) || n->n_in != 2 || !is_float_type(n->out[0]->type) ||
		n->out[0]->type == RT_F64 || n->out[0]->rank < 1 || !value_elements(n->out[0]))
		return false;
	if (is_op(n, "Add") ? !read_sum(c, n, &r) : !read_join(c, n, &r) || !read_parts(c, n, &r))
		return false;
	return r.x->type == n->out[0]->type && value_elements(r.x) == value_elements(n->out[0]) && replace(c, g, n, &r);
}
