/* Computes what is constant now, with the kernels that would compute it later. */
#include "emit/lower.h"

enum { MAX_FOLDED = 64 };

/* A folded tensor must not blow the program up: ConstantOfShape and Expand make large ones out of nothing. */
static bool worth_folding(const struct node *n)
{
	size_t in = 0, out = 0;

	for (int i = 0; i < n->n_in; i++)
		in += n->in[i] ? value_bytes(n->in[i]) : 0;
	for (int i = 0; i < n->n_out; i++)
		out += n->out[i] ? value_bytes(n->out[i]) : 0;
	return out <= 4 * in + (1 << 20);
}

static bool inputs_are_constant(const struct node *n)
{
	for (int i = 0; i < n->n_in; i++) {
		const struct value *v = n->in[i];
		bool shape_known = n->op->flags & OP_STRUCTURE && v && v->rank >= 0;
		if (v && !v->data && !shape_known)
			return false;
	}
	return true;
}

bool fold_node(struct ctx *c, struct node *n)
{
	struct node alone = *n;
	struct graph g = { .name = "folded", .first = &alone, .last = &alone };
	struct value *outputs[MAX_FOLDED];
	void *data[MAX_FOLDED];

	if (n->n_out > MAX_FOLDED || !inputs_are_constant(n) || !worth_folding(n) ||
		node_graphs(n, &(struct graph *){ 0 }, 1))
		return false;
	alone.next = alone.prev = NULL;
	g.outputs = outputs;
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i])
			outputs[g.n_outputs++] = n->out[i];
	struct program *p = lower_graph(c, &g);
	for (int i = 0; i < g.n_outputs; i++)
		data[i] = arena_get(c, value_bytes(outputs[i]) + 1, 1);
	execute(c, p, NULL, data);
	for (int i = 0; i < g.n_outputs; i++) {
		outputs[i]->data = data[i];
		outputs[i]->def = NULL;
		outputs[i]->folded = n;
		outputs[i]->view = NULL;
	}
	return true;
}
