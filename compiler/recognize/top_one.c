/* TopK of one element: the largest and its index, as older exporters write ArgMax. */
#include "recognize.h"

/* A reduction of x along the axis, which it keeps, makes v. */
static void reduce(struct ctx *c, struct graph *g, struct node *n, const char *type, int axis, struct value *v)
{
	struct node *reduction = node_new(c, g, n, "", type, n, 1, 1);
	const int64_t axes = axis;

	reduction->in[0] = n->in[0];
	reduction->out[0] = v;
	v->def = reduction;
	/* The forms with attributes, which need no constants; those of the newest sets take the axes as an input. */
	reduction->version = 13;
	if (is_op(reduction, "ArgMax"))
		set_attribute_int(c, reduction, "axis", axis);
	else
		set_attribute_ints(c, reduction, "axes", 1, &axes);
}

bool recognize_top_one(struct ctx *c, struct graph *g, struct node *n)
{
	double k;

	if (!is_op(n, "TopK") || n->n_out != 2 || !constant_scalar(input(n, 1), &k) || k != 1 ||
		!attribute_int(c, n, "largest", 1) || !is_float_type(n->in[0]->type) || n->in[0]->count)
		return false;
	int64_t axis = attribute_int(c, n, "axis", -1), rank = n->in[0]->rank;
	axis += axis < 0 ? rank : 0;
	if (!value_elements(n->in[0]))
		return false;
	if (n->out[0])
		reduce(c, g, n, "ReduceMax", (int)axis, n->out[0]);
	if (n->out[1])
		reduce(c, g, n, "ArgMax", (int)axis, n->out[1]);
	node_remove(g, n);
	return true;
}
