/* Where elements come from. Exporters spell the moving of elements in countless ways: slices, transposes, reshapes,
 * gathers with fixed indices, scatters of constants. What they amount to is found out by doing it: the nodes run with
 * the numbers of the elements in the elements' places, and what comes out says which went where. Every element is run
 * with two different numbers, so that constants, which stay the same, are told from them. */
#include "base/attempt.h"
#include "emit/lower.h"
#include "recognize.h"
#include <string.h>

enum { MAX_NODES = 96, MAX_LABELS = 1 << 25 };

/* The nodes between root and a value, in execution order. */
struct region {
	struct value *root;
	struct node *node[MAX_NODES];
	int n;
};

/* Does n, with constants beside its data, only move elements of its data, or put constants in their places? */
static bool only_moves(const struct node *n)
{
	const struct attribute *reduction = attribute(n, "reduction");
	bool scatters = is_op(n, "ScatterND") || is_op(n, "ScatterElements") || is_op(n, "Scatter");

	if (scatters)
		return !reduction || (reduction->kind == ATTRIBUTE_STRING && !strcmp(reduction->string, "none"));
	return n->op->flags & OP_MOVES || is_op(n, "Where");
}

static bool has_fixed_size(const struct value *v)
{
	return !v || (!v->count && value_elements(v) <= MAX_LABELS);
}

static bool holds(const struct region *r, const struct node *n)
{
	for (int i = 0; i < r->n; i++)
		if (r->node[i] == n)
			return true;
	return false;
}

static bool add_value(struct region *r, struct value *v, int depth);

static bool add_node(struct region *r, struct node *n, int depth)
{
	if (holds(r, n))
		return true;
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && !add_value(r, n->in[i], depth + 1))
			return false;
	if (r->n == MAX_NODES)
		return false;
	r->node[r->n++] = n;
	return true;
}

static bool add_value(struct region *r, struct value *v, int depth)
{
	if (v->data || v == r->root)
		return true;
	if (depth > MAX_NODES || !has_fixed_size(v))
		return false;
	if (v->def && only_moves(v->def))
		return add_node(r, v->def, depth);
	if (r->root)
		return false;
	r->root = v;
	return true;
}

struct value *moved_from(const struct value *v)
{
	struct region r = { 0 };

	return add_value(&r, (struct value *)v, 0) && r.root && r.root->type == v->type ? r.root : NULL;
}

bool dies_behind(const struct value *root, const struct value *v)
{
	struct region r = { 0 };

	if (!add_value(&r, (struct value *)v, 0) || r.root != root || root->is_output)
		return false;
	for (int i = -1; i < r.n; i++)
		for (int k = 0; k < (i < 0 ? 1 : r.node[i]->n_out); k++) {
			const struct value *x = i < 0 ? root : r.node[i]->out[k];
			int reads = 0;
			for (int j = 0; j < r.n && x; j++)
				for (int m = 0; m < r.node[j]->n_in; m++)
					reads += r.node[j]->in[m] == x;
			if (x && x != v && x->uses != reads)
				return false;
		}
	return true;
}

static bool puts_constants(const struct node *n)
{
	return !(n->op->flags & OP_MOVES) || is_op(n, "Pad") || is_op(n, "Concat");
}

bool is_filled_last(const struct node *n, struct value *root)
{
	struct region own = { .root = root };
	bool fills = false;

	if (!add_value(&own, n->out[0], 0))
		return false;
	for (int i = 0; i < own.n; i++)
		fills |= puts_constants(own.node[i]);
	for (const struct node *m = n->next; m && fills; m = m->next) {
		struct region r = { .root = root };
		if (m->n_out == 1 && only_moves(m) && puts_constants(m) && add_value(&r, m->out[0], 0) && holds(&r, n))
			return false;
	}
	return fills;
}

const char *names_between(struct ctx *c, const struct value *root, const struct value *v)
{
	struct region r = { .root = (struct value *)root };
	const char *names = root->def ? root->def->origin : "";

	add_value(&r, (struct value *)v, 0);
	for (int i = 0; i < r.n; i++)
		if (r.node[i] != v->def)
			names = arena_text(c, "%s %s", names, r.node[i]->origin);
	return names;
}

/* A copy of the region on double precision numbers, which hold every number of an element exactly. */
struct copy {
	struct ctx *c;
	const struct region *region;
	enum rt_type type; /* that the elements have in the graph */
	struct graph g;
	int n;
	const struct value *old[MAX_NODES * 4];
	struct value *own[MAX_NODES * 4];
};

static struct value *copied(struct copy *copy, struct value *v)
{
	enum { MOST = sizeof copy->old / sizeof *copy->old };

	for (int i = 0; i < copy->n; i++)
		if (copy->old[i] == v)
			return copy->own[i];
	if (!v || (v->data && v->type != copy->type))
		return v;
	if (copy->n == MOST)
		return NULL;
	struct value *own = value_like(copy->c, v->name, v->type == copy->type ? RT_F64 : v->type, v);
	if (v->data) {
		int64_t n = value_elements(v);
		double *data = NEW(copy->c, double, (size_t)n + 1);
		for (int64_t i = 0; i < n; i++)
			data[i] = constant_real(v, i);
		own->data = data;
	}
	copy->old[copy->n] = v;
	copy->own[copy->n++] = own;
	return own;
}

/* False when there is no room for all values. */
static bool copy_region(struct copy *copy)
{
	const struct region *r = copy->region;

	for (int i = 0; i < r->n; i++) {
		struct node *n = NEW(copy->c, struct node, 1);
		*n = *r->node[i];
		n->in = NEW(copy->c, struct value *, (size_t)n->n_in);
		n->out = NEW(copy->c, struct value *, (size_t)n->n_out);
		for (int k = 0; k < n->n_in; k++)
			if (!(n->in[k] = copied(copy, r->node[i]->in[k])) != !r->node[i]->in[k])
				return false;
		for (int k = 0; k < n->n_out; k++) {
			if (!(n->out[k] = copied(copy, r->node[i]->out[k])) != !r->node[i]->out[k])
				return false;
			if (n->out[k])
				n->out[k]->def = n;
		}
		node_insert(&copy->g, NULL, n);
	}
	return true;
}

static double *run_with_labels(struct copy *copy, double first, double step)
{
	int64_t n = value_elements(copy->g.inputs[0]), out = value_elements(copy->g.outputs[0]);
	double *label = NEW(copy->c, double, (size_t)n + 1), *result = NEW(copy->c, double, (size_t)out + 1);

	for (int64_t i = 0; i < n; i++)
		label[i] = first + step * (double)i;
	const void *inputs[] = { label };
	void *outputs[] = { result };
	execute(copy->c, lower_graph(copy->c, &copy->g), inputs, outputs);
	return result;
}

/* One question about where v's elements come from, and its answer. */
struct question {
	const struct value *v;
	struct value *root;
	provenance_test *test;
	void *user;
	bool answer;
};

static void answer(struct ctx *c, void *user)
{
	struct question *q = user;
	struct region r = { .root = q->root };
	struct copy *copy = NEW(c, struct copy, 1);

	if (!add_value(&r, (struct value *)q->v, 0))
		return;
	copy->c = c;
	copy->region = &r;
	copy->type = q->v->type;
	copy->g.name = "labels";
	struct value *input = copied(copy, q->root);
	if (!copy_region(copy))
		return;
	struct value *output = copied(copy, (struct value *)q->v);
	copy->g.inputs = &input;
	copy->g.outputs = &output;
	copy->g.n_inputs = copy->g.n_outputs = 1;
	/* Element i is i first, then -1 - i: a constant is the same number both times. */
	double *up = run_with_labels(copy, 0, 1), *down = run_with_labels(copy, -1, -1);
	int64_t n = value_elements(q->v), *from = NEW(c, int64_t, (size_t)n + 1);
	for (int64_t i = 0; i < n; i++)
		from[i] = memcmp(&up[i], &down[i], sizeof *up) ? (int64_t)up[i] : -1;
	q->answer = q->test(&(struct provenance){ from, up }, q->user);
}

/* In an arena of its own, because there are pictures of numbers in it and the question may be asked often. */
bool test_provenance(struct ctx *c, const struct value *v, struct value *root, provenance_test *test, void *user)
{
	struct question q = { v, root, test, user, false };
	struct arena *outer = c->arena, *own;

	if (!is_float_type(v->type) || root->type != v->type || !has_fixed_size(root) || !has_fixed_size(v))
		return false;
	own = arena_new();
	if (!own)
		fail(c, IO_FAILED, "out of memory");
	c->arena = own;
	enum status status = attempt(c, answer, &q);
	c->arena = outer;
	arena_free(own);
	if (status)
		fail_again(c, status);
	return q.answer;
}
