/* x / max(|x|, floor) over one axis. The length |x| is ReduceL2(x), or the root of a sum of squares; max is Max or
 * Clip, or is left out; and dividing may be multiplying with the reciprocal. */
#include "recognize.h"
#include <math.h>

static bool is_power(const struct node *n, double exponent)
{
	double k;

	return is_op(n, "Pow") && constant_scalar(n->in[1], &k) && k == exponent && value_elements(n->in[1]) == 1;
}

/* Is v the squares of x? */
static bool is_square(const struct value *v, const struct value *x)
{
	struct node *product = made_by(v, "Mul"), *power = made_by(v, "Pow");
	struct node *positive = power && is_power(power, 2) ? made_by(power->in[0], "Abs") : NULL;

	if (product)
		return product->in[0] == x && product->in[1] == x;
	return power && is_power(power, 2) && (power->in[0] == x || (positive && positive->in[0] == x));
}

/* The node that reduces x to its length v. */
static struct node *length_of(const struct value *v, const struct value *x)
{
	struct node *reduce = made_by(v, "ReduceL2"), *root = made_by(v, "Sqrt"), *power = made_by(v, "Pow");

	if (reduce)
		return reduce->in[0] == x ? reduce : NULL;
	if (!root && power && is_power(power, 0.5))
		root = power;
	const struct value *sum = root ? root->in[0] : NULL;
	reduce = made_by(sum, "ReduceSumSquare");
	if (reduce)
		return reduce->in[0] == x ? reduce : NULL;
	reduce = made_by(sum, "ReduceSum");
	return reduce && is_square(reduce->in[0], x) ? reduce : NULL;
}

/* The reducing node behind the divisor, and the floor on its way. */
static struct node *norm_of(const struct value *divisor, const struct value *x, double *floor)
{
	struct node *reduce = length_of(divisor, x), *bound;
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
	return norm && *floor >= 0 ? length_of(norm, x) : NULL;
}

/* A norm may be written out to x's shape by Expand, and one that lost its dimension gets it back by Unsqueeze. */
static const struct value *before(const struct value *v, const char *type)
{
	const struct node *n = made_by(v, type);

	return n ? n->in[0] : v;
}

/* n is x divided by what is returned, or multiplied with its reciprocal. */
static const struct value *divisor_of(const struct node *n, struct value **x)
{
	struct node *inverse = is_op(n, "Mul") ? either_made_by(n, "Reciprocal", x) : NULL;

	if (inverse)
		return inverse->in[0];
	*x = input(n, 0);
	return is_op(n, "Div") ? n->in[1] : NULL;
}

bool recognize_l2_norm(struct ctx *c, struct graph *g, struct node *n)
{
	double floor;
	struct value *x = NULL;
	const struct value *divisor = before(divisor_of(n, &x), "Expand");
	struct node *reduce = divisor ? norm_of(before(divisor, "Unsqueeze"), x, &floor) : NULL;

	if (!reduce || x->type == RT_F64 || !is_float_type(x->type) || !same_shape(n->out[0], x))
		return false;
	int axis = axis_of(c, reduce);
	/* What divides must have one element along the axis, and be as long as x along the others. */
	if (axis < 0 || divisor->rank != x->rank)
		return false;
	for (int i = 0; i < x->rank; i++)
		if (divisor->dim[i] != (i == axis ? 1 : x->dim[i]))
			return false;
	struct node *norm = replace_end(c, g, n, "L2Norm", 1);
	norm->in[0] = x;
	node_absorb(c, norm, reduce);
	set_attribute_int(c, norm, "axis", axis);
	set_attribute_float(c, norm, "floor", floor);
	return true;
}
