/* Types and shapes, in execution order. A node whose inputs are constant is computed on the spot, because the shapes of
 * later ones often depend on its value; a branch whose condition is known is taken, and a loop is written out. */
#include "precision/precision.h"
#include "unroll.h"
#include <string.h>

/* An output of the graph keeps its name, whatever it is that the branch returns. */
static void keep_output(struct ctx *c, struct graph *g, struct node *n, int i, struct value *result)
{
	struct node *identity = node_new(c, g, n, "", "Identity", n, 1, 1);

	identity->in[0] = result;
	identity->out[0] = n->out[i];
	n->out[i]->def = identity;
}

void replace_outputs(struct ctx *c, struct graph *g, struct node *n, struct value *const *results)
{
	for (int i = 0; i < n->n_out; i++) {
		if (n->out[i] && output_number(g, n->out[i]) >= 0)
			keep_output(c, g, n, i, results[i]);
		else if (n->out[i])
			replace_value(g, n->out[i], results[i]);
	}
}

/* Puts the nodes of the branch that is taken in the place of the If node. */
static void take_branch(struct ctx *c, struct graph *g, struct node *n, struct graph *branch)
{
	move_nodes(branch, g, n);
	replace_outputs(c, g, n, branch->outputs);
	node_remove(g, n);
}

static struct graph *taken_branch(struct ctx *c, const struct node *n)
{
	double condition;

	if (!is_op(n, "If") || !constant_scalar(input(n, 0), &condition))
		return NULL;
	return if_branch(c, n, condition != 0 ? "then_branch" : "else_branch");
}

static void check_operator(struct ctx *c, const struct node *n)
{
	if (!n->op)
		fail_node(c, n,
			"%s is not supported; export it as operators that are (`gluec operators`), or end the graph before it",
			node_kind(c, n));
	if (!n->version && !(n->op->flags & OP_INTERNAL))
		fail_node(c, n, "the model imports no operator set for domain '%.80s'", n->domain);
	if (n->version < n->op->since && !(n->op->flags & OP_INTERNAL))
		fail_node(c, n, "%s is older than version %d, the oldest supported; convert the model to a newer opset",
			node_kind(c, n), n->op->since);
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && (n->in[i]->rank < 0 || !n->in[i]->type))
			fail_node(c, n, "the shape of its input '%.100s' is not known", n->in[i]->name);
	/* Later passes look into every graph that a node holds, so that none may be left unchecked. */
	for (const struct attribute *a = n->attributes; a && !is_op(n, "If") && !is_loop(n); a = a->next)
		if (a->kind == ATTRIBUTE_GRAPH)
			fail_node(c, n, "attribute '%.80s' is a graph, which this operator does not take", a->name);
}

void infer_nodes(struct ctx *c, struct graph *g, struct node *first, const struct node *end)
{
	for (struct node *n = first, *next; n != end; n = next) {
		struct graph *branch = taken_branch(c, n);
		next = n->next;
		if (branch) {
			struct node *before = n->prev;
			take_branch(c, g, n, branch);
			next = before ? before->next : g->first;
			continue;
		}
		check_operator(c, n);
		keep_indices(c, g, n);
		n->op->infer(c, n);
		if (is_loop(n)) {
			unroll(c, g, n);
			continue;
		}
		bound_outputs(c, n);
		propagate_count(c, g, n);
		if (fold_node(c, n))
			node_remove(g, n);
	}
}

void infer(struct ctx *c, struct graph *g)
{
	infer_nodes(c, g, g->first, NULL);
	return_halves(c, g);
}
