/* softmax(scale * q k^T) v: two MatMul around a Softmax over the last axis. The scale, if any, is a number, which
 * multiplies the scores or, for instance by its square root each, the queries and keys, before or after a Transpose. */
#include "recognize.h"
#include "trace.h"
#include <math.h>

/* v without the numbers that multiply it, which go into *scale. */
static struct value *unscaled(struct value *v, double *scale)
{
	double factor;

	while (v->def && (is_op(v->def, "Mul") || is_op(v->def, "Div"))) {
		bool divides = is_op(v->def, "Div");
		struct value *rest = times_constant(v->def, &factor);
		/* A number divided by v is no scale, and one of a higher rank would add dimensions. */
		if (!rest || factor == 0 || !isfinite(factor) || (divides && rest != v->def->in[0]) || !same_shape(rest, v) ||
			!is_float_type(v->type))
			break;
		*scale *= divides ? 1 / factor : factor;
		v = rest;
	}
	return v;
}

/* The queries or keys without the numbers that multiply them before or after a Transpose. */
static struct value *operand(struct ctx *c, struct graph *g, struct node *before, struct value *v, double *scale)
{
	int64_t perm[MAX_RANK];

	v = unscaled(v, scale);
	const struct node *turn = made_by(v, "Transpose");
	struct value *x = turn ? unscaled(turn->in[0], scale) : NULL;
	if (!turn || x == turn->in[0])
		return v;
	struct node *again = node_new(c, g, before, "", "Transpose", turn, 1, 1);
	int count = attribute_ints(c, turn, "perm", perm, MAX_RANK);
	if (count >= 0)
		set_attribute_ints(c, again, "perm", count, perm);
	again->in[0] = x;
	again->out[0] = value_like(c, v->name, v->type, v);
	again->out[0]->def = again;
	return again->out[0];
}

bool recognize_attention(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *softmax = is_op(n, "MatMul") ? made_by(n->in[0], "Softmax") : NULL, *scaled, *scores;
	double scale = 1;

	if (!softmax || softmax->out[0]->uses != 1 || axis_of(c, softmax) != softmax->in[0]->rank - 1)
		return false;
	struct value *v = softmax->in[0];
	if (v->type == RT_F64 || v->rank < 3 || v->rank > 4 || n->in[1]->rank != v->rank)
		return false;
	scaled = v->uses == 1 ? v->def : NULL;
	if (scaled)
		v = unscaled(v, &scale);
	if (scaled == v->def)
		scaled = NULL;
	scores = made_by(v, "MatMul");
	if (!scores || v->uses != 1 || scores->in[0]->rank != v->rank || scores->in[1]->rank != v->rank)
		return false;
	struct node *attention = replace_end(c, g, n, "Attention", 3);
	attention->in[0] = trace_straight(c, g, attention, operand(c, g, attention, scores->in[0], &scale));
	attention->in[1] = trace_straight(c, g, attention, operand(c, g, attention, scores->in[1], &scale));
	attention->in[2] = trace_straight(c, g, attention, n->in[1]);
	node_absorb(c, attention, softmax);
	if (scaled)
		node_absorb(c, attention, scaled);
	node_absorb(c, attention, scores);
	set_attribute_float(c, attention, "scale", scale);
	return true;
}
