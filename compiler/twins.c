/* Two pictures whose points go through the same layers one after the other, as older exporters write matchers, go
 * through them together: nodes of the same operation and the same weights over [1, ...] each become one over [2, ...].
 * It begins at products with the same weights, and goes on wherever both halves of what was joined are treated alike.
 * The halves, and the two in exchanged order, are views. */
#include "gluec.h"
#include <string.h>

/* The graph's nodes still to be placed stay in the graph's list; `placed` gets them in their new order, in which both
 * of a pair can be computed at once. */
struct twins {
	struct ctx *c;
	struct graph *rest;
	struct graph placed;
	struct node **held; /* could be computed, wait for their twins */
	int n_held;
};

/* The value that v is half of, and which: 0 or 1. NULL when it is none. */
static struct value *joined(struct ctx *c, const struct value *v, int64_t *half)
{
	struct node *view = v->def && is_internal(v->def, "View") ? v->def : NULL;

	*half = view ? attribute_int(c, view, "half", -1) : -1;
	return *half >= 0 ? view->in[0] : NULL;
}

static bool is_seed(const struct node *n)
{
	return is_internal(n, "Linear") && n->in[0]->rank >= 3;
}

static bool same_contents(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	return a && b && a->data && b->data && a->type == b->type && same_shape(a, b) &&
		   !memcmp(a->data, b->data, value_bytes(a));
}

/* Are all inputs behind the first the same constants? */
static bool same_constants(const struct node *a, const struct node *b)
{
	if (a->n_in != b->n_in)
		return false;
	for (int i = 1; i < a->n_in; i++)
		if ((a->in[i] || b->in[i]) && (!a->in[i] || !a->in[i]->data || !same_contents(a->in[i], b->in[i])))
			return false;
	return true;
}

static bool are_seeds(const struct node *a, const struct node *b)
{
	return a != b && is_seed(a) && is_seed(b) && a->in[0] != b->in[0] && !a->in[0]->data && !b->in[0]->data &&
		   a->in[0]->type == b->in[0]->type && same_shape(a->in[0], b->in[0]) && a->in[0]->dim[0] == 1 &&
		   same_constants(a, b) && same_attributes(a, b);
}

/* Is the first dimension one of separate elements, for which n does the same? Constants repeat along it. */
static bool works_along_batch(struct ctx *c, const struct node *n)
{
	int64_t list[MAX_RANK], axis = attribute_int(c, n, "axis", 0);
	int rank = n->out[0]->rank;

	if (n->op->flags & OP_ELEMENTWISE || is_internal(n, "Linear") || is_internal(n, "Rotary") ||
		is_internal(n, "LayerNorm") || is_internal(n, "Attention")) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] && n->in[i]->data && n->in[i]->rank >= rank && n->in[i]->dim[0] != 1)
				return false;
		return rank >= 2 + is_internal(n, "Attention");
	}
	if (is_op(n, "Transpose"))
		return attribute_ints(c, n, "perm", list, MAX_RANK) == rank && list[0] == 0;
	if (is_op(n, "Split") || is_op(n, "Concat")) {
		for (int i = 0; is_op(n, "Concat") && i < n->n_in; i++)
			if (n->in[i]->data)
				return false;
		return axis > 0 || (axis < 0 && axis > -rank);
	}
	if (is_op(n, "Gather"))
		return n->in[1]->data && (axis > 0 || (axis < 0 && axis > -n->in[0]->rank));
	if (is_op(n, "Slice")) {
		int count = n->version < 10 ? -1 : constant_ints(input(n, 3), list, MAX_RANK);
		for (int i = 0; i < count; i++)
			if (list[i] == 0 || list[i] == -rank)
				return false;
		return count > 0;
	}
	return is_op(n, "Reshape") || is_internal(n, "View");
}

/* Could n be one of a pair: does it treat halves, and nothing but halves and constants? */
static bool treats_halves(struct ctx *c, const struct node *n)
{
	bool some = false;
	int64_t half;

	for (int i = 0; i < n->n_in; i++) {
		if (!n->in[i] || n->in[i]->data)
			continue;
		if (n->in[i]->rank < 1 || n->in[i]->dim[0] != 1 || !joined(c, n->in[i], &half))
			return false;
		/* Dimensions that broadcasting adds would stand before the halves. */
		if (n->op->flags & OP_ELEMENTWISE && n->in[i]->rank != n->out[0]->rank)
			return false;
		some = true;
	}
	for (int i = 0; i < n->n_out; i++)
		if (!n->out[i] || n->out[i]->rank < 1 || n->out[i]->dim[0] != 1 || !value_elements(n->out[i]))
			return false;
	return some && n->n_out > 0 && works_along_batch(c, n);
}

/* Do a and b treat the two halves of the same values? Each input of a may be the first half or the second. */
static bool are_twins(struct ctx *c, const struct node *a, const struct node *b)
{
	int64_t i_a, i_b;

	if (a->op != b->op || a->n_in != b->n_in || a->n_out != b->n_out || a->version != b->version ||
		!same_attributes(a, b))
		return false;
	for (int i = 0; i < a->n_in; i++) {
		const struct value *x = a->in[i], *y = b->in[i];
		if (!x || !y || x->data || y->data) {
			if (x != y && !same_contents(x, y))
				return false;
			continue;
		}
		const struct value *m = joined(c, x, &i_a);
		if (!m || m != joined(c, y, &i_b) || i_a == i_b)
			return false;
	}
	for (int i = 0; i < a->n_out; i++)
		if (!same_shape(a->out[i], b->out[i]) || a->out[i]->type != b->out[i]->type)
			return false;
	return true;
}

/* A new node behind all that have been placed. */
static struct node *place_new(
	struct twins *t, const char *domain, const char *type, const struct node *like, int n_in, int n_out)
{
	struct node *n = node_new(t->c, &t->placed, NULL, domain, type, like, n_in, n_out);

	n->placed = true;
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
	n->out[0] = value_new(t->c, shape->name, x->type, shape->rank, shape->dim);
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
	struct value *m = joined(t->c, x, &half);

	if (m && m == joined(t->c, y, &other))
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
	replace_value(t->rest, x, half_of(t, like, n->out[0], x, 0));
	replace_value(t->rest, y, half_of(t, like, n->out[0], y, 1));
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

/* Does a treat the second half? */
static bool is_second(struct ctx *c, const struct node *a)
{
	int64_t half = 0;

	for (int i = 0; i < a->n_in; i++)
		if (a->in[i] && !a->in[i]->data && joined(c, a->in[i], &half))
			break;
	return half == 1;
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
	node_remove(t->rest, a);
	node_remove(t->rest, b);
	a->placed = b->placed = true;
	for (int i = 0; i < a->n_out; i++) {
		int64_t dim[MAX_RANK];
		memcpy(dim, a->out[i]->dim, sizeof dim);
		dim[0] = 2;
		n->out[i] = value_new(t->c, a->out[i]->name, a->out[i]->type, a->out[i]->rank, dim);
		n->out[i]->def = n;
	}
	widen(t, n, one);
	for (int i = 0; i < a->n_out; i++) {
		replace_value(t->rest, a->out[i], half_of(t, a, n->out[i], a->out[i], 0));
		replace_value(t->rest, b->out[i], half_of(t, b, n->out[i], b->out[i], 1));
	}
}

static void place(struct twins *t, struct node *n)
{
	node_remove(t->rest, n);
	node_insert(&t->placed, NULL, n);
	n->placed = true;
}

static bool can_be_computed(const struct node *n)
{
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && n->in[i]->def && !n->in[i]->def->placed)
			return false;
	return true;
}

/* Numbers the seeds that have twins: those with the same weights have the same number. The weights are compared only
 * here, since they are long. */
static bool number_seeds(struct graph *g)
{
	int groups = 0;

	for (struct node *n = g->first; n; n = n->next)
		for (struct node *other = n->next; other && is_seed(n) && n->group == 0; other = other->next)
			if (are_seeds(n, other)) {
				if (other->group == 0)
					other->group = ++groups;
				n->group = other->group;
			}
	return groups > 0;
}

/* n can be computed: together with a twin that waits, at once when it can have none, else when its twin comes. */
static bool treat(struct twins *t, struct node *n)
{
	bool halves = treats_halves(t->c, n);

	if (!halves && n->group == 0) {
		place(t, n);
		return true;
	}
	for (int i = 0; i < t->n_held; i++) {
		struct node *other = t->held[i];
		if (other == n)
			return false;
		if (halves ? !are_twins(t->c, other, n) : other->group != n->group || other->in[0] == n->in[0])
			continue;
		t->held[i] = t->held[--t->n_held];
		bool second = halves && is_second(t->c, other);
		merge(t, second ? n : other, second ? other : n);
		return true;
	}
	t->held[t->n_held++] = n;
	return false;
}

static void place_all(struct twins *t)
{
	while (t->rest->first) {
		bool moved = false;
		for (struct node *n = t->rest->first, *next; n; n = next) {
			next = n->next;
			if (!can_be_computed(n) || !treat(t, n))
				continue;
			moved = true;
			/* The twin that n was merged with may have been the next one. */
			if (next && next->placed)
				break;
		}
		if (moved)
			continue;
		/* Everything waits: the first of those that could be computed has no twin. */
		struct node *alone = t->held[0];
		t->held[0] = t->held[--t->n_held];
		place(t, alone);
	}
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
	int nodes = 0;

	/* What branches read of the graph would have to be ready as well; matchers with early exits are not written so. */
	if (has_branches(g))
		return;
	for (struct node *n = g->first; n; n = n->next)
		nodes++;
	if (!number_seeds(g))
		return;
	t.held = NEW(c, struct node *, (size_t)nodes);
	place_all(&t);
	g->first = t.placed.first;
	g->last = t.placed.last;
	remove_dead(g);
}
