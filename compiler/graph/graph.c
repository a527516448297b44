/* Building and changing graphs. */
#include "gluec.h"
#include <assert.h>
#include <string.h>

struct value *value_new(struct ctx *c, const char *name, enum rt_type type, int rank, const int64_t *dim)
{
	struct value *v = NEW(c, struct value, 1);

	v->name = name;
	v->type = held_type(c, type);
	v->rank = rank;
	if (rank > 0 && dim)
		memcpy(v->dim, dim, (size_t)rank * sizeof *dim);
	return v;
}

struct value *value_like(struct ctx *c, const char *name, enum rt_type type, const struct value *v)
{
	struct value *to = value_new(c, name, type, v->rank, v->dim);

	to->count = v->count;
	to->count_axis = v->count_axis;
	return to;
}

struct value *value_constant(
	struct ctx *c, const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data)
{
	struct value *v = value_new(c, name, type, rank, dim);

	v->data = held_data(c, type, value_elements(v), data);
	return v;
}

struct value *value_int(struct ctx *c, const char *name, int64_t x)
{
	int64_t *data = NEW(c, int64_t, 1);

	*data = x;
	return value_constant(c, name, RT_I64, 0, NULL, data);
}

struct value *value_float(struct ctx *c, const char *name, float x)
{
	float *data = NEW(c, float, 1);

	*data = x;
	return value_constant(c, name, RT_F32, 0, NULL, data);
}

int64_t value_elements(const struct value *v)
{
	int64_t n = 1;

	for (int i = 0; i < v->rank; i++)
		n *= v->dim[i];
	return n;
}

size_t value_bytes(const struct value *v)
{
	return (size_t)value_elements(v) * rt_type_size(v->type);
}

bool same_shape(const struct value *a, const struct value *b)
{
	return a->rank >= 0 && a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

void value_set_shape(
	struct ctx *c, const struct node *n, struct value *v, enum rt_type type, int rank, const int64_t *dim)
{
	int64_t elements = 1;

	if (rank < 0 || rank > MAX_RANK)
		fail_node(c, n, "output '%.100s' would have %d dimensions; at most %d are supported", v->name, rank, MAX_RANK);
	for (int i = 0; i < rank; i++) {
		if (dim[i] < 0)
			fail_node(c, n, "output '%.100s' would have the negative dimension %lld", v->name, (long long)dim[i]);
		if (dim[i] > 0 && elements > MAX_ELEMENTS / dim[i])
			fail_node(c, n, "output '%.100s' would have more than %d elements; bind smaller dimensions", v->name,
				MAX_ELEMENTS);
		elements *= dim[i] ? dim[i] : 1;
	}
	v->type = held_type(c, type);
	v->rank = rank;
	for (int i = 0; i < rank; i++)
		v->dim[i] = dim[i];
}

struct node *node_new(struct ctx *c, struct graph *g, struct node *before, const char *domain, const char *type,
	const struct node *like, int n_in, int n_out)
{
	struct node *n = NEW(c, struct node, 1);

	n->op = find_op(domain, type);
	assert(n->op);
	n->domain = n->op->domain;
	n->type = n->op->name;
	n->version = c->opset;
	n->name = like->name;
	n->origin = like->origin;
	n->precision = like->precision;
	n->reason = like->reason;
	n->n_in = n_in;
	n->in = NEW(c, struct value *, (size_t)n_in);
	n->n_out = n_out;
	n->out = NEW(c, struct value *, (size_t)n_out);
	node_insert(g, before, n);
	return n;
}

void node_insert(struct graph *g, struct node *before, struct node *n)
{
	n->next = before;
	n->prev = before ? before->prev : g->last;
	*(n->prev ? &n->prev->next : &g->first) = n;
	*(before ? &before->prev : &g->last) = n;
}

void node_remove(struct graph *g, struct node *n)
{
	*(n->prev ? &n->prev->next : &g->first) = n->next;
	*(n->next ? &n->next->prev : &g->last) = n->prev;
}

void move_nodes(struct graph *from, struct graph *to, struct node *before)
{
	for (struct node *n = from->first, *next; n; n = next) {
		next = n->next;
		node_insert(to, before, n);
	}
	from->first = from->last = NULL;
}

void node_absorb(struct ctx *c, struct node *n, const struct node *other)
{
	n->origin = arena_text(c, "%s %s", other->origin, n->origin);
}

struct value *input(const struct node *n, int i)
{
	return i < n->n_in ? n->in[i] : NULL;
}

void set_input(struct ctx *c, struct node *n, int i, struct value *v)
{
	if (i >= n->n_in) {
		struct value **more = NEW(c, struct value *, (size_t)i + 1);
		memcpy(more, n->in, (size_t)n->n_in * sizeof *more);
		n->in = more;
		n->n_in = i + 1;
	}
	n->in[i] = v;
}

bool is_op(const struct node *n, const char *type)
{
	return n && !strcmp(n->type, type) && !*n->domain;
}

bool is_internal(const struct node *n, const char *type)
{
	return n && !strcmp(n->type, type) && !strcmp(n->domain, "gluec");
}

int node_graphs(const struct node *n, struct graph **found, int max)
{
	int count = 0;

	for (const struct attribute *a = n->attributes; a; a = a->next)
		if (a->kind == ATTRIBUTE_GRAPH && count < max)
			found[count++] = a->graph;
	return count;
}

bool any_node(const struct graph *g, bool (*has)(const struct node *n))
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (has(n))
			return true;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			if (any_node(inner[i], has))
				return true;
	}
	return false;
}

int output_number(const struct graph *g, const struct value *v)
{
	for (int i = 0; i < g->n_outputs; i++)
		if (g->outputs[i] == v)
			return i;
	return -1;
}

enum { MAX_BRANCHES = 8 };

void replace_value(struct graph *g, struct value *from, struct value *to)
{
	struct graph *inner[MAX_BRANCHES];

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] == from)
				n->in[i] = to;
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			replace_value(inner[i], from, to);
	}
	for (int i = 0; i < g->n_outputs; i++)
		if (g->outputs[i] == from)
			g->outputs[i] = to;
}

static void reset_value(struct value *v)
{
	if (!v)
		return;
	v->uses = 0;
	v->user = NULL;
	v->is_output = false;
}

static void reset_uses(struct graph *g)
{
	struct graph *inner[MAX_BRANCHES];

	for (int i = 0; i < g->n_inputs; i++)
		reset_value(g->inputs[i]);
	for (int i = 0; i < g->n_outputs; i++)
		reset_value(g->outputs[i]);
	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			reset_value(n->in[i]);
		for (int i = 0; i < n->n_out; i++)
			reset_value(n->out[i]);
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			reset_uses(inner[i]);
	}
}

static void add_uses(struct graph *g)
{
	struct graph *inner[MAX_BRANCHES];

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i]) {
				n->in[i]->uses++;
				n->in[i]->user = n;
			}
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			add_uses(inner[i]);
	}
	for (int i = 0; i < g->n_outputs; i++) {
		g->outputs[i]->uses++;
		g->outputs[i]->is_output = true;
	}
}

void count_uses(struct graph *g)
{
	reset_uses(g);
	add_uses(g);
}

bool is_read(const struct node *n, int i)
{
	return i < n->n_out && n->out[i] && n->out[i]->uses;
}

/* Walks backwards, so that what only a dead node read is dead when its turn comes. */
static bool sweep(struct graph *g)
{
	struct graph *inner[MAX_BRANCHES];
	bool removed = false;

	for (struct node *n = g->last, *prev; n; n = prev) {
		bool used = false;
		prev = n->prev;
		for (int i = 0; i < n->n_out; i++)
			used |= is_read(n, i);
		if (used) {
			for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
				removed |= sweep(inner[i]);
			continue;
		}
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i])
				n->in[i]->uses--;
		node_remove(g, n);
		removed = true;
	}
	return removed;
}

void remove_dead(struct graph *g)
{
	do
		count_uses(g);
	while (sweep(g));
	count_uses(g);
}

int count_nodes(const struct graph *g)
{
	struct graph *inner[MAX_BRANCHES];
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next) {
		count++;
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			count += count_nodes(inner[i]);
	}
	return count;
}

void visit_nodes(struct ctx *c, struct graph *g, node_visitor *visit)
{
	struct graph *inner[MAX_BRANCHES];

	for (struct node *n = g->first, *next; n; n = next) {
		next = n->next;
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			visit_nodes(c, inner[i], visit);
		visit(c, g, n);
	}
}

void visit_joining(struct ctx *c, struct graph *g, node_visitor *visit)
{
	struct graph *inner[MAX_BRANCHES];

	for (struct node *n = g->first, *next; n; n = next) {
		struct node *before = n->prev;
		for (int i = node_graphs(n, inner, MAX_BRANCHES); i-- > 0;)
			visit_joining(c, inner[i], visit);
		visit(c, g, n);
		next = before ? before->next : g->first;
		if (next == n)
			next = n->next;
	}
}
