/* LayerNormalization over the last axis with constant scale and bias: the form that has a kernel. */
#include "recognize.h"

bool recognize_layer_norm(struct ctx *c, struct graph *g, struct node *n)
{
	if (!is_op(n, "LayerNormalization") || n->n_in < 2 || !n->in[1]->data || (input(n, 2) && !n->in[2]->data))
		return false;
	int64_t axis = attribute_int(c, n, "axis", -1), rank = n->in[0]->rank;
	for (int i = 1; i < n->n_out; i++)
		if (n->out[i] && n->out[i]->uses)
			return false;
	if ((axis != -1 && axis != rank - 1) || n->in[0]->type == RT_F64 ||
		value_elements(n->in[1]) != n->in[0]->dim[rank - 1])
		return false;
	struct node *norm = replace_end(c, g, n, "LayerNorm", n->n_in);
	for (int i = 0; i < n->n_in; i++)
		norm->in[i] = n->in[i];
	set_attribute_float(c, norm, "epsilon", attribute_float(c, n, "epsilon", 1e-5));
	return true;
}
