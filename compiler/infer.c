/* Types and shapes, in execution order. A node whose inputs are constant is computed on the spot, because the shapes of
 * later ones often depend on its value; a branch whose condition is known is taken. */
#include "gluec.h"
#include <string.h>

/* Puts the nodes of the branch that is taken in the place of the If node. */
static void take_branch(struct ctx *c, struct graph *g, struct node *n, struct graph *branch)
{
	if (branch->n_outputs != n->n_out)
		fail_node(c, n, "its branch has %d outputs, but it has %d", branch->n_outputs, n->n_out);
	for (struct node *inner = branch->first, *next; inner; inner = next) {
		next = inner->next;
		node_insert(g, n, inner);
	}
	branch->first = branch->last = NULL;
	node_remove(g, n);
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i])
			replace_value(g, n->out[i], branch->outputs[i]);
}

static struct graph *taken_branch(struct ctx *c, const struct node *n)
{
	double condition;

	if (!is_op(n, "If") || !constant_scalar(input(n, 0), &condition))
		return NULL;
	return attribute_graph(c, n, condition != 0 ? "then_branch" : "else_branch");
}

static void check_operator(struct ctx *c, const struct node *n)
{
	if (!n->op)
		fail_node(c, n, "%s is not supported; `gluec inspect` lists what is", node_kind(c, n));
	if (!n->version && !(n->op->flags & OP_INTERNAL))
		fail_node(c, n, "the model imports no operator set for domain '%.80s'", n->domain);
	if (n->version < n->op->since && !(n->op->flags & OP_INTERNAL))
		fail_node(c, n, "%s is older than version %d, the oldest supported; convert the model to a newer opset",
			node_kind(c, n), n->op->since);
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && (n->in[i]->rank < 0 || !n->in[i]->type))
			fail_node(c, n, "the shape of its input '%.100s' is not known", n->in[i]->name);
}

void infer(struct ctx *c, struct graph *g)
{
	for (struct node *n = g->first, *next; n; n = next) {
		struct graph *branch = taken_branch(c, n);
		next = n->next;
		if (branch) {
			struct node *first = branch->first;
			take_branch(c, g, n, branch);
			next = first ? first : next;
			continue;
		}
		check_operator(c, n);
		n->op->infer(c, n);
		if (fold_node(c, n))
			node_remove(g, n);
	}
}
