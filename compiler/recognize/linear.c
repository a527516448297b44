/* x w + b with a constant matrix w: MatMul, and the Add behind it. */
#include "recognize.h"

static bool is_bias(const struct value *v, int64_t n)
{
	if (!v->data || value_elements(v) != n)
		return false;
	return v->rank > 0 && v->dim[v->rank - 1] == n;
}

bool recognize_linear(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *add = NULL, *end = n;
	struct value *bias = NULL;

	if (!is_op(n, "MatMul") || !n->in[1]->data || n->in[1]->rank != 2 || n->in[0]->data || n->in[0]->rank < 2 ||
		n->in[0]->type == RT_F64 || !is_float_type(n->in[0]->type))
		return false;
	const struct value *y = n->out[0];
	if (y->uses == 1 && !y->is_output && is_op(y->user, "Add"))
		add = y->user;
	for (int i = 0; add && i < 2; i++)
		if (is_bias(add->in[i], n->in[1]->dim[1]) && same_shape(add->out[0], y))
			bias = add->in[i];
	/* The Add may stand in a branch; then the product stays outside. */
	for (struct node *p = n; bias && p; p = p->next)
		if (p == add)
			end = add;
	struct node *linear = replace_end(c, g, end, "Linear", 3);
	linear->in[0] = n->in[0];
	linear->in[1] = n->in[1];
	if (end == add) {
		linear->in[2] = bias;
		node_absorb(c, linear, n);
	}
	return true;
}
