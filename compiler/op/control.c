/* If: its branches are graphs of their own, which see the values around them. */
#include "gluec.h"

struct graph *if_branch(struct ctx *c, const struct node *n, const char *name)
{
	struct graph *branch = attribute_graph(c, n, name);

	if (branch->n_inputs)
		fail_node(c, n, "its %s has inputs; a branch reads what is around it instead", name);
	if (branch->n_outputs != n->n_out)
		fail_node(c, n, "its %s has %d outputs, but it has %d", name, branch->n_outputs, n->n_out);
	return branch;
}

static void infer_branch(struct ctx *c, struct node *n, const char *name)
{
	struct graph *branch = if_branch(c, n, name);

	infer(c, branch);
	for (int i = 0; i < n->n_out; i++)
		if (branch->outputs[i]->rank < 0)
			fail_node(c, n, "the shape of '%.100s' in its %s is not known", branch->outputs[i]->name, name);
}

void if_infer(struct ctx *c, struct node *n)
{
	struct graph *graphs[3];

	need_inputs(c, n, 1, 1);
	if (node_graphs(n, graphs, 3) > 2)
		fail_node(c, n, "it has more than two graphs");
	if (n->in[0]->type != RT_BOOL || value_elements(n->in[0]) != 1)
		fail_node(c, n, "its condition must be one bool, but is %s", shape_text(c, n->in[0]));
	infer_branch(c, n, "then_branch");
	infer_branch(c, n, "else_branch");
	const struct graph *a = attribute_graph(c, n, "then_branch"), *b = attribute_graph(c, n, "else_branch");
	for (int i = 0; i < n->n_out; i++) {
		const struct value *x = a->outputs[i], *y = b->outputs[i];
		if (x->type != y->type || !same_shape(x, y))
			fail_node(c, n, "its branches give '%.100s' two forms, %s and %s; only equal ones can be compiled",
				n->out[i] ? n->out[i]->name : "", shape_text(c, x), shape_text(c, y));
		if (n->out[i])
			set_output(c, n, i, x->type, x->rank, x->dim);
	}
}
