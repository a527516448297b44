/* Making both sides of branches run. */
#include "both_branches.h"

static bool makes_count(const struct node *n)
{
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i] && n->out[i]->count)
			return true;
	return false;
}

/* The condition, which may have the shape [1], as a scalar. */
static struct value *scalar(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *v = n->in[0];
	const int64_t none = 0;

	if (!v->rank)
		return v;
	struct node *reshape = node_new(c, g, n, "", "Reshape", n, 2, 1);
	reshape->in[0] = v;
	reshape->in[1] = value_constant(c, "scalar", RT_I64, 1, &none, NEW(c, int64_t, 1));
	reshape->out[0] = value_new(c, v->name, v->type, 0, NULL);
	reshape->out[0]->def = reshape;
	return reshape->out[0];
}

void compute_both_branches(struct ctx *c, struct graph *g)
{
	for (struct node *n = g->first, *next; n; n = next) {
		next = n->next;
		if (!is_op(n, "If"))
			continue;
		struct graph *a = attribute_graph(c, n, "then_branch"), *b = attribute_graph(c, n, "else_branch");
		if (any_node(a, makes_count) || any_node(b, makes_count))
			continue;
		compute_both_branches(c, a);
		compute_both_branches(c, b);
		struct value *condition = scalar(c, g, n);
		move_nodes(a, g, n);
		move_nodes(b, g, n);
		for (int i = 0; i < n->n_out; i++) {
			if (!n->out[i])
				continue;
			struct node *where = node_new(c, g, n, "", "Where", n, 3, 1);
			where->in[0] = condition;
			where->in[1] = a->outputs[i];
			where->in[2] = b->outputs[i];
			where->out[0] = n->out[i];
			n->out[i]->def = where;
		}
		node_remove(g, n);
	}
}
