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

/* A norm may be written out to x's shape by Expand, and one that lost its dimension gets it back by Unsqueeze. */
static const struct value *before(const struct value *v, const char *type)
{
	const struct node *n = made_by(v, type);

	return n ? n->in[0] : v;
}

bool recognize_l2_norm(struct ctx *c, struct graph *g, struct node *n)
{
	double floor;
	const struct value *x = input(n, 0), *divisor = is_op(n, "Div") ? before(n->in[1], "Expand") : NULL;
	struct node *reduce = divisor ? norm_of(before(divisor, "Unsqueeze"), &floor) : NULL;

	if (!reduce || reduce->in[0] != x || x->type == RT_F64 || !same_shape(n->out[0], x))
		return false;
	int axis = axis_of(c, reduce);
	/* What divides must have one element along the axis, and be as long as x along the others. */
	if (axis < 0 || divisor->rank != x->rank)
		return false;
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
