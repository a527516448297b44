/* Puts the nodes of a graph in an order in which they can be computed: each is preceded by the makers of its inputs
 * that are not there yet. */
#include "node_order.h"
#include <string.h>

/* The names that a graph defines, in a hash table, and the number of the node that makes each. */
struct names {
	size_t size;
	struct entry {
		const char *name;
		size_t node;
	} * entry;
};

/* A graph held by a node, at any depth, whose nodes also see the names of the graphs around it. */
struct inner {
	const Onnx__GraphProto *graph;
	const struct inner *outer; /* NULL for those that the node itself holds */
	struct names names;
	struct inner *next;
};

struct order {
	struct ctx *c;
	struct names names;
	size_t *first, *needs, n_needs, room; /* node i needs nodes needs[first[i]] .. needs[first[i + 1] - 1] */
};

enum { NO_NODE = -1 };

size_t hash_name(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

static struct entry *find(const struct names *names, const char *name)
{
	size_t i = hash_name(name);

	while (names->entry[i % names->size].name && strcmp(names->entry[i % names->size].name, name))
		i++;
	return &names->entry[i % names->size];
}

static void add_name(struct names *names, const char *name, size_t node)
{
	struct entry *e = find(names, name ? name : "");

	if (name && *name && !e->name)
		*e = (struct entry){ name, node };
}

/* The table of p's names has room for all of them twice. Inputs and initialisers are just there. */
static struct names names_of(struct ctx *c, const Onnx__GraphProto *p)
{
	struct names names = { .size = 16 };

	for (size_t i = 0; i < p->n_node; i++)
		names.size += 2 * p->node[i]->n_output;
	names.size += 2 * (p->n_input + p->n_initializer);
	names.entry = NEW(c, struct entry, names.size);
	for (size_t i = 0; i < p->n_input; i++)
		add_name(&names, p->input[i]->name, (size_t)NO_NODE);
	for (size_t i = 0; i < p->n_initializer; i++)
		add_name(&names, p->initializer[i]->name, (size_t)NO_NODE);
	for (size_t i = 0; i < p->n_node; i++)
		for (size_t k = 0; k < p->node[i]->n_output; k++)
			add_name(&names, p->node[i]->output[k], i);
	return names;
}

static void add_need(struct order *o, const char *name)
{
	const struct entry *e = name && *name ? find(&o->names, name) : NULL;

	if (!e || !e->name || e->node == (size_t)NO_NODE)
		return;
	if (o->n_needs == o->room) {
		size_t *old = o->needs;
		o->room = o->room ? 2 * o->room : 1024;
		o->needs = NEW(o->c, size_t, o->room);
		if (old)
			memcpy(o->needs, old, o->n_needs * sizeof *old);
	}
	o->needs[o->n_needs++] = e->node;
}

/* A name that no graph inside the node defines comes from outside. */
static void add_outer_need(struct order *o, const struct inner *g, const char *name)
{
	for (; g && name && *name; g = g->outer)
		if (find(&g->names, name)->name)
			return;
	add_need(o, name);
}

/* Puts the graphs that a node holds behind `last`, and returns the new last one. */
static struct inner *hold(struct order *o, const Onnx__NodeProto *n, const struct inner *outer, struct inner *last)
{
	for (size_t i = 0; i < n->n_attribute; i++) {
		const Onnx__GraphProto *p = n->attribute[i]->g;
		if (!p)
			continue;
		last->next = NEW(o->c, struct inner, 1);
		last = last->next;
		*last = (struct inner){ .graph = p, .outer = outer, .names = names_of(o->c, p) };
	}
	return last;
}

static void add_needs(struct order *o, const Onnx__NodeProto *n)
{
	struct inner none = { .next = NULL }, *last = hold(o, n, NULL, &none);

	for (size_t i = 0; i < n->n_input; i++)
		add_need(o, n->input[i]);
	for (const struct inner *g = none.next; g; g = g->next) {
		for (size_t i = 0; i < g->graph->n_node; i++) {
			const Onnx__NodeProto *inside = g->graph->node[i];
			for (size_t k = 0; k < inside->n_input; k++)
				add_outer_need(o, g, inside->input[k]);
			last = hold(o, inside, g, last);
		}
		for (size_t i = 0; i < g->graph->n_output; i++)
			add_outer_need(o, g, g->graph->output[i]->name);
	}
}

/* Puts `node` into the list, and before it all that it needs, unless they are there. The path leads from it to the node
 * that is looked at; what is on the path is not waited for. */
static size_t append(const struct order *o, size_t node, size_t *next, bool *seen, size_t *path, size_t *list)
{
	size_t depth = 0, count = 0;

	seen[node] = true;
	path[depth++] = node;
	while (depth) {
		size_t at = path[depth - 1];
		if (next[at] < o->first[at + 1]) {
			size_t need = o->needs[next[at]++];
			if (!seen[need]) {
				seen[need] = true;
				path[depth++] = need;
			}
		} else {
			list[count++] = at;
			depth--;
		}
	}
	return count;
}

const size_t *node_order(struct ctx *c, const Onnx__GraphProto *p)
{
	struct order o = { .c = c, .names = names_of(c, p), .first = NEW(c, size_t, p->n_node + 1) };
	size_t *next = NEW(c, size_t, p->n_node + 1), *path = NEW(c, size_t, p->n_node + 1), count = 0;
	size_t *list = NEW(c, size_t, p->n_node + 1);
	bool *seen = NEW(c, bool, p->n_node + 1);

	for (size_t i = 0; i < p->n_node; i++) {
		o.first[i] = next[i] = o.n_needs;
		add_needs(&o, p->node[i]);
	}
	o.first[p->n_node] = o.n_needs;
	for (size_t i = 0; i < p->n_node; i++)
		if (!seen[i])
			count += append(&o, i, next, seen, path, list + count);
	return list;
}

bool is_made(const Onnx__GraphProto *p, const char *name)
{
	for (size_t i = 0; i < p->n_node; i++)
		for (size_t k = 0; k < p->node[i]->n_output; k++)
			if (!strcmp(p->node[i]->output[k], name))
				return true;
	return false;
}
