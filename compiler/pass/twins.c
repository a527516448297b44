/* Two pictures whose points go through the same layers one after the other, as older exporters write matchers, go
 * through them together: nodes of the same operation and the same weights over [1, ...] each become one over [2, ...].
 * It begins at products with the same weights, and goes on wherever both halves of what was joined are treated alike.
 * The halves, and the two in exchanged order, are views. */
#include "alike.h"
#include <assert.h>
#include <string.h>

/* Nodes, of which the first in the order of the graph comes out first. */
struct heap {
	struct node **list;
	int n;
};

/* The graph's nodes still to be placed stay in the graph's list; `placed` gets them in their new order, in which both
 * of a pair can be computed at once. A value for which another one stands by then has it as its `copy`. */
struct twins {
	struct ctx *c;
	struct graph *rest;
	struct graph placed;
	struct heap ready;   /* can be computed */
	struct heap held;    /* could be computed, wait for their twins */
	struct line *groups; /* of each number of seeds: those that are held */
};

/* Nodes that are held, the first first. */
struct line {
	struct node *first, **end; /* where the next one goes; NULL before the first */
};

struct reader {
	struct node *node;
	struct reader *next;
};

/* What is known of a node while the order is made. */
struct turn {
	int order;              /* in the graph as it was */
	int group;              /* of seeds with the same weights; 0: there are no others */
	int waits;              /* for how many inputs */
	struct reader *readers; /* who waits for the outputs, once for each input */
	bool placed;
	struct line held[2];    /* those that read first and second halves of the outputs and wait for their twins */
	struct node *next_held; /* in such a line, or in that of the group */
};

static struct value *current(struct value *v)
{
	while (v->copy)
		v = v->copy;
	return v;
}

static void read_current(struct node *n)
{
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i])
			n->in[i] = current(n->in[i]);
}

static bool comes_first(const struct node *a, const struct node *b)
{
	return a->turn->order < b->turn->order;
}

static void push(struct heap *h, struct node *n)
{
	int i = h->n++;

	for (; i > 0 && comes_first(n, h->list[(i - 1) / 2]); i = (i - 1) / 2)
		h->list[i] = h->list[(i - 1) / 2];
	h->list[i] = n;
}

/* NULL when there is none. */
static struct node *pop(struct heap *h)
{
	if (!h->n)
		return NULL;
	struct node *first = h->list[0], *last = h->list[--h->n];
	int i = 0, next;
	for (; (next = 2 * i + 1) < h->n; i = next) {
		next += next + 1 < h->n && comes_first(h->list[next + 1], h->list[next]);
		if (!comes_first(h->list[next], last))
			break;
		h->list[i] = h->list[next];
	}
	h->list[i] = last;
	return first;
}

/* A new node behind all that have been placed. */
static struct node *place_new(
	struct twins *t, const char *domain, const char *type, const struct node *like, int n_in, int n_out)
{
	struct node *n = node_new(t->c, &t->placed, NULL, domain, type, like, n_in, n_out);

	n->turn = NEW(t->c, struct turn, 1);
	n->turn->placed = true;
	return n;
}

/* A View of x with the dimensions dim, densely stored from `offset` on but for the first stride. */
static struct value *view(
	struct twins *t, const struct node *like, struct value *x, const struct value *shape, int64_t first, int64_t offset)
{
	struct node *n = place_new(t, "gluec", "View", like, 1, 1);
	int64_t stride[MAX_RANK], row = 1;

	for (int i = shape->rank; i-- > 0; row *= shape->dim[i])
		stride[i] = row;
	stride[0] *= first;
	set_attribute_ints(t->c, n, "shape", shape->rank, shape->dim);
	set_attribute_ints(t->c, n, "strides", shape->rank, stride);
	set_attribute_int(t->c, n, "offset", offset);
	n->in[0] = x;
	n->out[0] = value_like(t->c, shape->name, x->type, shape);
	n->out[0]->def = n;
	return n->out[0];
}

/* Half `half` of m, with v's name and dimensions. */
static struct value *half_of(struct twins *t, const struct node *like, struct value *m, const struct value *v, int half)
{
	struct value *part = view(t, like, m, v, 1, half * value_elements(v));

	set_attribute_int(t->c, part->def, "half", half);
	return part;
}

/* x and y, one of each twin, as one value. */
static struct value *join(struct twins *t, const struct node *like, struct value *x, struct value *y)
{
	int64_t half, other;
	struct value *m = whole_of(t->c, x, &half);

	if (m && m == whole_of(t->c, y, &other))
		return half == 0 ? m : view(t, like, m, m, -1, value_elements(x));
	int64_t dim[MAX_RANK];
	memcpy(dim, x->dim, sizeof dim);
	dim[0] = 2;
	struct node *n = place_new(t, "", "Concat", like, 2, 1);
	set_attribute_int(t->c, n, "axis", 0);
	n->in[0] = x;
	n->in[1] = y;
	n->out[0] = value_new(t->c, x->name, x->type, x->rank, dim);
	n->out[0]->def = n;
	/* Whoever else reads x or y goes on with halves. */
	x->copy = half_of(t, like, n->out[0], x, 0);
	y->copy = half_of(t, like, n->out[0], y, 1);
	return n->out[0];
}

/* What n's attributes and constant inputs say of the first dimension is said of both halves. */
static void widen(struct twins *t, struct node *n, const struct value *one)
{
	int64_t list[MAX_RANK];

	if (is_op(n, "Reshape")) {
		const struct value *y = n->out[0];
		const int64_t rank = y->rank;
		int64_t *shape = NEW(t->c, int64_t, (size_t)rank);
		memcpy(shape, y->dim, (size_t)rank * sizeof *shape);
		n->in[1] = value_constant(t->c, y->name, RT_I64, 1, &rank, shape);
	} else if (is_internal(n, "View")) {
		set_attribute_ints(t->c, n, "shape", n->out[0]->rank, n->out[0]->dim);
		attribute_ints(t->c, n, "strides", list, MAX_RANK);
		list[0] = value_elements(one);
		set_attribute_ints(t->c, n, "strides", n->out[0]->rank, list);
	}
}

/* n's outputs can be read. */
static void end_turn(struct twins *t, struct node *n)
{
	n->turn->placed = true;
	for (const struct reader *r = n->turn->readers; r; r = r->next)
		if (--r->node->turn->waits == 0)
			push(&t->ready, r->node);
}

/* One node in the place of two. */
static void merge(struct twins *t, struct node *a, struct node *b)
{
	struct value **in = NEW(t->c, struct value *, (size_t)a->n_in);
	const struct value *one = a->in[0];

	for (int i = 0; i < a->n_in; i++)
		in[i] = !a->in[i] || a->in[i]->data ? a->in[i] : join(t, a, a->in[i], b->in[i]);
	struct node *n = place_new(t, a->domain, a->type, a, a->n_in, a->n_out);
	node_absorb(t->c, n, b);
	n->version = a->version;
	n->in = in;
	n->attributes = own_attributes(t->c, a);
	for (int i = 0; i < a->n_out; i++) {
		int64_t dim[MAX_RANK];
		memcpy(dim, a->out[i]->dim, sizeof dim);
		dim[0] = 2;
		n->out[i] = value_new(t->c, a->out[i]->name, a->out[i]->type, a->out[i]->rank, dim);
		n->out[i]->def = n;
		n->out[i]->row[0] = a->out[i];
		n->out[i]->row[1] = b->out[i];
	}
	widen(t, n, one);
	for (int i = 0; i < a->n_out; i++) {
		a->out[i]->copy = half_of(t, a, n->out[i], a->out[i], 0);
		b->out[i]->copy = half_of(t, b, n->out[i], b->out[i], 1);
	}
	node_remove(t->rest, a);
	node_remove(t->rest, b);
	end_turn(t, a);
	end_turn(t, b);
}

static void place(struct twins *t, struct node *n)
{
	read_current(n);
	node_remove(t->rest, n);
	node_insert(&t->placed, NULL, n);
	end_turn(t, n);
}

/* Numbers the seeds that have twins: those with the same weights have the same number. The weights are compared only
 * here, since they are long. Returns the largest number. */
static int number_seeds(struct ctx *c, struct graph *g, int nodes)
{
	struct node **seed = NEW(c, struct node *, (size_t)nodes + 1);
	int n = 0, groups = 0;

	for (struct node *node = g->first; node; node = node->next)
		if (is_seed(node))
			seed[n++] = node;
	for (int i = 0; i < n; i++)
		for (int k = i + 1; k < n && seed[i]->turn->group == 0; k++)
			if (are_seeds(seed[i], seed[k])) {
				if (seed[k]->turn->group == 0)
					seed[k]->turn->group = ++groups;
				seed[i]->turn->group = seed[k]->turn->group;
			}
	return groups;
}

/* Where n's twin waits (twin) or n itself. Seeds wait together; the others behind that of which their first
 * input is a half, apart by which half it is. */
static struct line *waiting(struct twins *t, const struct node *n, bool twin)
{
	int64_t half;
	int i = 0;

	if (n->turn->group)
		return &t->groups[n->turn->group];
	while (!n->in[i] || n->in[i]->data)
		i++;
	const struct value *m = whole_of(t->c, n->in[i], &half);
	return &m->def->turn->held[twin ? !half : half];
}

/* Does a treat the second half? */
static bool is_second(struct ctx *c, const struct node *a)
{
	int64_t half = 0;

	for (int i = 0; i < a->n_in; i++)
		if (a->in[i] && !a->in[i]->data && whole_of(c, a->in[i], &half))
			break;
	return half == 1;
}

static void append(struct line *line, struct node *n)
{
	if (!line->end)
		line->end = &line->first;
	*line->end = n;
	line->end = &n->turn->next_held;
}

/* The twin of n that waits, which leaves its line as do those that wait no longer. */
static struct node *take_twin(struct twins *t, struct node *n, bool halves)
{
	struct line *line = waiting(t, n, true);

	for (struct node **at = &line->first, *other; (other = *at);) {
		bool waits = !other->turn->placed, found = false;
		if (waits) {
			read_current(other);
			found = halves ? are_twins(t->c, other, n) : other->in[0] != n->in[0];
		}
		if (waits && !found) {
			at = &other->turn->next_held;
			continue;
		}
		*at = other->turn->next_held;
		if (line->end == &other->turn->next_held)
			line->end = at;
		if (found)
			return other;
	}
	return NULL;
}

/* n can be computed: together with a twin that waits, at once when it can have none, else when its twin comes. */
static void treat(struct twins *t, struct node *n)
{
	read_current(n);
	bool halves = treats_halves(t->c, n);
	if (n->turn->group == 0 && (!halves || is_seed(n))) {
		place(t, n);
		return;
	}
	struct node *twin = take_twin(t, n, halves);
	if (!twin) {
		append(waiting(t, n, false), n);
		push(&t->held, n);
		return;
	}
	bool second = halves && is_second(t->c, twin);
	merge(t, second ? n : twin, second ? twin : n);
}

/* When everything waits, the first of those that could be computed goes on without a twin. */
static void place_all(struct twins *t)
{
	struct node *n;

	do {
		while ((n = pop(&t->ready)))
			treat(t, n);
		do
			n = pop(&t->held);
		while (n && n->turn->placed);
		if (n)
			place(t, n);
	} while (n);
	/* Inference has seen the makers of all inputs before their readers. */
	assert(!t->rest->first);
}

static void give_turns(struct ctx *c, struct graph *g)
{
	int order = 0;

	for (struct node *n = g->first; n; n = n->next) {
		n->turn = NEW(c, struct turn, 1);
		n->turn->order = order++;
		for (int i = 0; i < n->n_in; i++) {
			struct value *v = n->in[i];
			if (!v)
				continue;
			v->copy = NULL;
			if (!v->def)
				continue;
			struct reader *r = NEW(c, struct reader, 1);
			*r = (struct reader){ n, v->def->turn->readers };
			v->def->turn->readers = r;
			n->turn->waits++;
		}
	}
	for (int i = 0; i < g->n_outputs; i++)
		g->outputs[i]->copy = NULL;
}

static bool has_branches(const struct graph *g)
{
	struct graph *inner[1];

	for (const struct node *n = g->first; n; n = n->next)
		if (node_graphs(n, inner, 1))
			return true;
	return false;
}

void join_twins(struct ctx *c, struct graph *g)
{
	struct twins t = { .c = c, .rest = g };
	int nodes = count_nodes(g);

	/* What branches read of the graph would have to be ready as well; matchers with early exits are not written so. */
	if (has_branches(g))
		return;
	give_turns(c, g);
	int groups = number_seeds(c, g, nodes);
	if (!groups)
		return;
	t.groups = NEW(c, struct line, (size_t)groups + 1);
	t.ready.list = NEW(c, struct node *, (size_t)nodes);
	t.held.list = NEW(c, struct node *, (size_t)nodes);
	for (struct node *n = g->first; n; n = n->next)
		if (n->turn->waits == 0)
			push(&t.ready, n);
	place_all(&t);
	g->first = t.placed.first;
	g->last = t.placed.last;
	for (int i = 0; i < g->n_outputs; i++)
		g->outputs[i] = current(g->outputs[i]);
	remove_dead(g);
}
