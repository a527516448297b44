/* Copies of a graph's nodes, for the bodies of loops. */
#include "pass/unroll.h"

struct value *copy_of(struct value *v)
{
	return v && v->copy ? v->copy : v;
}

static const char *numbered(struct ctx *c, const char *name, int64_t number)
{
	return *name ? arena_text(c, "%s.%lld", name, (long long)number) : name;
}

static void copy_value(struct ctx *c, struct value *v, int64_t number)
{
	if (!v)
		return;
	v->copy = value_new(c, numbered(c, v->name, number), v->type, v->rank, v->dim);
}

static struct graph *copy_graph(struct ctx *c, const struct graph *from, struct graph *outer, int64_t number)
{
	struct graph *g = NEW(c, struct graph, 1);

	g->name = from->name;
	g->outer = outer;
	g->n_inputs = from->n_inputs;
	g->inputs = NEW(c, struct value *, (size_t)from->n_inputs);
	for (int i = 0; i < from->n_inputs; i++) {
		copy_value(c, from->inputs[i], number);
		g->inputs[i] = from->inputs[i]->copy;
	}
	copy_nodes(c, from, g, NULL, number);
	g->n_outputs = from->n_outputs;
	g->outputs = NEW(c, struct value *, (size_t)from->n_outputs);
	for (int i = 0; i < from->n_outputs; i++)
		g->outputs[i] = copy_of(from->outputs[i]);
	return g;
}

/* Later passes change attributes, so that each copy of a node has its own. */
static struct attribute *copy_attributes(
	struct ctx *c, const struct attribute *from, struct graph *outer, int64_t number)
{
	struct attribute *first = NULL, **tail = &first;

	for (; from; from = from->next) {
		*tail = NEW(c, struct attribute, 1);
		**tail = *from;
		if (from->kind == ATTRIBUTE_GRAPH)
			(*tail)->graph = copy_graph(c, from->graph, outer, number);
		tail = &(*tail)->next;
	}
	return first;
}

static struct node *copy_node(struct ctx *c, const struct node *from, struct graph *g, int64_t number)
{
	struct node *n = NEW(c, struct node, 1);

	*n = *from;
	n->name = numbered(c, from->name, number);
	n->origin = numbered(c, from->origin, number);
	n->in = NEW(c, struct value *, (size_t)n->n_in);
	n->out = NEW(c, struct value *, (size_t)n->n_out);
	for (int i = 0; i < n->n_in; i++)
		n->in[i] = copy_of(from->in[i]);
	n->attributes = copy_attributes(c, from->attributes, g, number);
	for (int i = 0; i < n->n_out; i++) {
		copy_value(c, from->out[i], number);
		n->out[i] = copy_of(from->out[i]);
		if (n->out[i])
			n->out[i]->def = n;
	}
	return n;
}

void copy_nodes(struct ctx *c, const struct graph *body, struct graph *g, struct node *before, int64_t number)
{
	for (const struct node *n = body->first; n; n = n->next)
		node_insert(g, before, copy_node(c, n, g, number));
}
