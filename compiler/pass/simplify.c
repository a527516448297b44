/* Removes what changes nothing: identities, casts to the type that is there, and repeated computations. Transposes and
 * reshapes need no pass: lowering makes views of them. */
#include "gluec.h"
#include <string.h>

static bool changes_nothing(const struct node *n)
{
	if (n->n_out < 1 || !n->out[0] || n->n_in < 1 || !n->in[0])
		return false;
	if (is_op(n, "Identity") || is_op(n, "Dropout"))
		return n->n_out == 1 || !n->out[1] || !n->out[1]->uses;
	if (is_op(n, "Cast") || is_op(n, "CastLike"))
		return n->in[0]->type == n->out[0]->type;
	if (is_op(n, "Reshape") || is_op(n, "Expand") || is_op(n, "Flatten"))
		return same_shape(n->in[0], n->out[0]);
	return false;
}

/* Two small constants of equal contents count as one input. */
static bool same_input(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	return a && b && a->data && b->data && a->type == b->type && same_shape(a, b) && value_bytes(a) <= 64 &&
		   !memcmp(a->data, b->data, value_bytes(a));
}

static bool same_computation(const struct node *a, const struct node *b)
{
	if (a->op != b->op || a->n_in != b->n_in || a->n_out != b->n_out || a->version != b->version)
		return false;
	for (int i = 0; i < a->n_in; i++)
		if (!same_input(a->in[i], b->in[i]))
			return false;
	for (int i = 0; i < a->n_out; i++)
		if (!a->out[i] != !b->out[i] || (a->out[i] && a->out[i]->is_output && b->out[i]->is_output))
			return false;
	return same_attributes(a, b);
}

/* The views of a graph so far, in a hash table with room for all of them twice. */
struct views {
	struct node **slot;
	size_t size;
};

static size_t hash(const struct node *view)
{
	uint64_t h = (uintptr_t)view->in[0];

	for (const struct attribute *a = view->attributes; a; a = a->next) {
		h = (h ^ (uint64_t)a->integer) * UINT64_C(1099511628211);
		for (size_t i = 0; a->kind == ATTRIBUTE_INTS && i < a->n; i++)
			h = (h ^ (uint64_t)a->ints[i]) * UINT64_C(1099511628211);
	}
	return (size_t)(h ^ h >> 32);
}

/* The first view of the same, which may be n itself. Views of one value are made far apart, in every layer. */
static struct node *first_view(struct views *views, struct node *n)
{
	size_t i = hash(n) % views->size;

	while (views->slot[i] && !same_computation(views->slot[i], n))
		i = (i + 1) % views->size;
	if (!views->slot[i])
		views->slot[i] = n;
	return views->slot[i];
}

/* An earlier node of the same graph that computes the same: among the readers' producers there are few, so a look back
 * over a window is enough and keeps large graphs quick. */
static const struct node *computed_before(struct views *views, struct node *n)
{
	int window = 200;

	if (is_internal(n, "View")) {
		struct node *first = first_view(views, n);
		return first == n ? NULL : first;
	}
	for (const struct node *p = n->prev; p && window; p = p->prev, window--)
		if (same_computation(p, n))
			return p;
	return NULL;
}

/* The nodes from `first` on and g's outputs read `to` in the place of `from`, until all have been found that do. */
static void replace_reads(struct graph *g, struct node *first, struct value *from, struct value *to)
{
	struct graph *inner[8];

	for (struct node *n = first; n && from->uses; n = n->next) {
		for (int i = 0; i < n->n_in; i++) {
			if (n->in[i] != from)
				continue;
			n->in[i] = to;
			from->uses--;
			to->uses++;
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			replace_reads(inner[i], inner[i]->first, from, to);
	}
	for (int i = 0; i < g->n_outputs && from->uses; i++) {
		if (g->outputs[i] != from)
			continue;
		g->outputs[i] = to;
		from->uses--;
		to->uses++;
	}
}

/* Whoever read `from`, which n makes, reads `to`, which takes over its name where that is an output's of the model. */
static void take_place(struct graph *root, struct graph *g, const struct node *n, struct value *from, struct value *to)
{
	for (int i = 0; i < root->n_outputs; i++)
		if (root->outputs[i] == from)
			to->name = from->name;
	to->is_output |= from->is_output;
	replace_reads(g, n->next, from, to);
}

static void drop(struct graph *g, struct node *n)
{
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i])
			n->in[i]->uses--;
	node_remove(g, n);
}

static void simplify_graph(struct ctx *c, struct graph *root, struct graph *g)
{
	struct views views = { .size = 2 * (size_t)count_nodes(g) + 1 };
	struct graph *inner[8];

	views.slot = NEW(c, struct node *, views.size);
	for (struct node *n = g->first, *next; n; n = next) {
		const struct node *twin;
		next = n->next;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			simplify_graph(c, root, inner[i]);
		if (changes_nothing(n) && !(n->out[0]->is_output && (!n->in[0]->def || n->in[0]->is_output))) {
			take_place(root, g, n, n->out[0], n->in[0]);
			drop(g, n);
		} else if (n->n_in && (twin = computed_before(&views, n))) {
			for (int i = 0; i < n->n_out; i++)
				if (n->out[i])
					take_place(root, g, n, n->out[i], twin->out[i]);
			drop(g, n);
		}
	}
}

void simplify(struct ctx *c, struct graph *g)
{
	count_uses(g);
	simplify_graph(c, g, g);
	remove_dead(g);
}
