/* softmax(scale * q k^T) v: two MatMul around a Softmax over the last axis, the scale before it, if any, a number. */
#include "recognize.h"

bool recognize_attention(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *softmax = is_op(n, "MatMul") ? made_by(n->in[0], "Softmax") : NULL, *scaled, *scores;
	double scale = 1, factor;

	if (!softmax || softmax->out[0]->uses != 1 || axis_of(c, softmax) != softmax->in[0]->rank - 1)
		return false;
	struct value *v = softmax->in[0];
	if (v->type == RT_F64 || v->rank < 3 || v->rank > 4 || n->in[1]->rank != v->rank)
		return false;
	scaled = v->def;
	if (v->uses == 1 && (is_op(scaled, "Mul") || is_op(scaled, "Div"))) {
		struct value *rest = times_constant(scaled, &factor);
		/* A number divided by the scores is no scale. */
		if (!rest || factor == 0 || (is_op(scaled, "Div") && rest != scaled->in[0]))
			return false;
		scale = is_op(scaled, "Mul") ? factor : 1 / factor;
		v = rest;
	} else {
		scaled = NULL;
	}
	scores = made_by(v, "MatMul");
	if (!scores || v->uses != 1 || scores->in[0]->rank != v->rank || scores->in[1]->rank != v->rank)
		return false;
	struct node *attention = replace_end(c, g, n, "Attention", 3);
	attention->in[0] = scores->in[0];
	attention->in[1] = scores->in[1];
	attention->in[2] = n->in[1];
	node_absorb(c, attention, softmax);
	if (scaled)
		node_absorb(c, attention, scaled);
	node_absorb(c, attention, scores);
	set_attribute_float(c, attention, "scale", scale);
	return true;
}
