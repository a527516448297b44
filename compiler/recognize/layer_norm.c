/* Normalization over the last axis with constant scale and bias, the form that has a kernel: LayerNormalization, and
 * the chain of means that stands for it before operator set 17. */
#include "recognize.h"
#include <string.h>

static bool fits(const struct value *x, const struct value *parameter)
{
	int64_t d = x->dim[x->rank - 1];

	return parameter->data && value_elements(parameter) == d && parameter->rank > 0 &&
		   parameter->dim[parameter->rank - 1] == d;
}

static bool recognize_operator(struct ctx *c, struct graph *g, struct node *n)
{
	int64_t axis = attribute_int(c, n, "axis", -1), rank = n->in[0]->rank;

	if (n->n_in < 2 || !fits(n->in[0], n->in[1]) || (input(n, 2) && !n->in[2]->data))
		return false;
	for (int i = 1; i < n->n_out; i++)
		if (is_read(n, i))
			return false;
	if (axis != -1 && axis != rank - 1)
		return false;
	struct node *norm = replace_end(c, g, n, "LayerNorm", n->n_in);
	for (int i = 0; i < n->n_in; i++)
		norm->in[i] = n->in[i];
	set_attribute_float(c, norm, "epsilon", attribute_float(c, n, "epsilon", 1e-5));
	return true;
}

/* What v is the mean of along the last axis, which it keeps; NULL when it is something else. The shape says it all:
 * what is averaged along a dimension of one element stays as it is. */
static struct value *averaged(const struct value *v)
{
	const struct node *mean = made_by(v, "ReduceMean");
	struct value *x = mean ? mean->in[0] : NULL;

	if (!x || v->rank != x->rank || v->rank < 1 || v->dim[v->rank - 1] != 1 ||
		memcmp(v->dim, x->dim, (size_t)(v->rank - 1) * sizeof *v->dim))
		return NULL;
	return x;
}

/* x, when v is x minus its mean. */
static struct value *centred(const struct value *v)
{
	struct node *sub = made_by(v, "Sub");

	return sub && averaged(sub->in[1]) == sub->in[0] ? sub->in[0] : NULL;
}

static bool is_square(const struct value *v, const struct value *x)
{
	struct node *pow = made_by(v, "Pow"), *mul = made_by(v, "Mul");

	return (pow && pow->in[0] == x && is_constant(pow->in[1], 2) && same_shape(v, x)) ||
		   (mul && mul->in[0] == x && mul->in[1] == x);
}

/* Is v the square root of the mean of centred^2 plus epsilon? */
static bool is_deviation(const struct value *v, const struct value *x, double *epsilon)
{
	struct node *root = made_by(v, "Sqrt"), *add = root ? made_by(root->in[0], "Add") : NULL;
	struct value *variance = add ? times_constant(add, epsilon) : NULL, *square = variance ? averaged(variance) : NULL;

	return square && is_square(square, x);
}

static bool recognize_chain(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *bias = NULL, *scale = NULL;
	struct node *mul = either_made_by(n, "Mul", &bias), *div = mul ? either_made_by(mul, "Div", &scale) : NULL;
	double epsilon;

	if (!div || !is_deviation(div->in[1], div->in[0], &epsilon))
		return false;
	struct value *x = centred(div->in[0]);
	if (!x || !fits(x, scale) || !fits(x, bias) || !same_shape(x, n->out[0]))
		return false;
	struct node *norm = replace_end(c, g, n, "LayerNorm", 3);
	norm->in[0] = x;
	norm->in[1] = scale;
	norm->in[2] = bias;
	node_absorb(c, norm, mul);
	node_absorb(c, norm, div);
	set_attribute_float(c, norm, "epsilon", epsilon);
	return true;
}

bool recognize_layer_norm(struct ctx *c, struct graph *g, struct node *n)
{
	if (n->n_in < 1 || !n->in[0] || n->in[0]->type == RT_F64 || n->out[0]->rank < 1)
		return false;
	if (is_op(n, "LayerNormalization"))
		return recognize_operator(c, g, n);
	return is_op(n, "Add") && recognize_chain(c, g, n);
}
