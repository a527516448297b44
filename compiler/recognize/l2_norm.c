/* x / max(|x|, floor) over one axis: Div(x, Max or Clip(ReduceL2(x), floor)), with or without a floor. */
#include "recognize.h"
#include <math.h>

/* The ReduceL2 node behind the divisor, and the floor on its way. */
static struct node *norm_of(const struct value *divisor, double *floor)
{
	struct node *reduce = made_by(divisor, "ReduceL2"), *bound;
	struct value *norm = NULL;

	*floor = 0;
	if (reduce)
		return reduce;
	bound = made_by(divisor, "Max");
	if (bound)
		norm = times_constant(bound, floor);
	bound = made_by(divisor, "Clip");
	double most = INFINITY;
	if (bound && bound->n_in >= 2 && constant_scalar(bound->in[1], floor) &&
		(!input(bound, 2) || (constant_scalar(bound->in[2], &most) && most > 1e30)))
		norm = bound->in[0];
	return norm && *floor > 0 ? made_by(norm, "ReduceL2") : NULL;
}

/* A norm that was reduced to one element fewer dimensions is put back by Unsqueeze or Expand. */
static const struct value *before_broadcast(const struct value *v)
{
	for (struct node *n; (n = made_by(v, "Expand")) || (n = made_by(v, "Unsqueeze"));)
		v = n->in[0];
	return v;
}

bool recognize_l2_norm(struct ctx *c, struct graph *g, struct node *n)
{
	double floor;
	struct node *reduce = is_op(n, "Div") ? norm_of(before_broadcast(n->in[1]), &floor) : NULL;

	if (!reduce || reduce->in[0] != n->in[0] || n->in[0]->type == RT_F64)
		return false;
	int axis = axis_of(c, reduce);
	/* What divides must have one element along the axis, and be as long as x along the others. */
	const struct value *x = n->in[0], *divisor = n->in[1];
	if (axis < 0 || divisor->rank != x->rank)
		return false;
	if (!made_by(divisor, "Expand"))
		for (int i = 0; i < x->rank; i++)
			if (divisor->dim[i] != (i == axis ? 1 : x->dim[i]))
				return false;
	struct node *norm = replace_end(c, g, n, "L2Norm", 1);
	norm->in[0] = n->in[0];
	node_absorb(c, norm, reduce);
	set_attribute_int(c, norm, "axis", axis);
	set_attribute_float(c, norm, "floor", floor);
	return true;
}
