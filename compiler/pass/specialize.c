/* Makes one program of a model that stands for many: binds symbolic dimensions, fixes K, chooses the depth. */
#include "fixed.h"
#include <stdlib.h>
#include <string.h>

/* The symbol behind the factor of a composite dimension such as "8*height_factor"; the factor of others is 1. */
static const char *split_symbol(const char *symbol, int64_t *factor)
{
	char *end;
	long long x = strtoll(symbol, &end, 10);

	*factor = 1;
	if (end == symbol || *end != '*' || x < 1 || x > MAX_ELEMENTS)
		return symbol;
	*factor = x;
	return end + 1;
}

/* Gives a symbolic dimension its value wherever it stands, so that inputs that share it agree. A composite one binds
 * the symbol in it, and so all other dimensions with that symbol. */
static bool bind_symbol(struct ctx *c, const char *bound, int64_t value)
{
	int64_t factor, own;
	bool found = false, whole = false;
	const char *base = split_symbol(bound, &factor);

	for (int i = 0; i < c->graph->n_inputs; i++)
		for (int d = 0; d < c->graph->inputs[i]->rank; d++)
			whole |= c->graph->inputs[i]->symbol[d] && !strcmp(c->graph->inputs[i]->symbol[d], bound);
	if (whole && value % factor)
		fail_model(c, "the dimension '%.100s' must be a multiple of %lld, not %lld", bound, (long long)factor,
			(long long)value);

	for (int i = 0; i < c->graph->n_inputs; i++) {
		struct value *v = c->graph->inputs[i];
		for (int d = 0; d < v->rank; d++) {
			if (!v->symbol[d] || strcmp(split_symbol(v->symbol[d], &own), base))
				continue;
			int64_t x = value / factor > MAX_ELEMENTS / own ? MAX_ELEMENTS : value / factor * own;
			if (v->dim[d] >= 0 && v->dim[d] != x)
				fail_model(c, "the dimension '%.100s' is bound to both %lld and %lld", v->symbol[d],
					(long long)v->dim[d], (long long)x);
			v->dim[d] = x;
			found = true;
		}
	}
	return found;
}

void bind_input(struct ctx *c, const struct value *v, int rank, const int64_t *dim)
{
	struct value *open = (struct value *)v;

	if (v->rank < 0) {
		open->rank = rank;
		memcpy(open->dim, dim, (size_t)rank * sizeof *dim);
	}
	if (v->rank != rank)
		fail_model(c, "input '%.100s' has %d dimensions, not %d: %s", v->name, v->rank, rank, shape_text(c, v));
	for (int d = 0; d < rank; d++) {
		if (v->symbol[d])
			bind_symbol(c, v->symbol[d], dim[d]);
		else if (v->dim[d] != dim[d])
			fail_model(c, "dimension %d of input '%.100s' is fixed to %lld in the file, so it cannot be %lld", d,
				v->name, (long long)v->dim[d], (long long)dim[d]);
	}
}

/* The symbols of all inputs, each once, for messages: "height, width". */
static const char *list_symbols(struct ctx *c, bool unbound_only, const char *before, const char *after)
{
	const char *s = "";

	for (int i = 0; i < c->graph->n_inputs; i++) {
		const struct value *v = c->graph->inputs[i];
		for (int d = 0; d < v->rank; d++) {
			if (!v->symbol[d] || (unbound_only && v->dim[d] >= 0))
				continue;
			const char *one = arena_text(c, "%s%.60s%s", before, v->symbol[d], after);
			if (!strstr(arena_text(c, " %s ", s), arena_text(c, " %s ", one)))
				s = *s ? arena_text(c, "%s %s", s, one) : one;
		}
	}
	return s;
}

bool has_symbol(const struct ctx *c, const char *name)
{
	int64_t factor;
	const char *base = split_symbol(name, &factor);

	for (int i = 0; i < c->graph->n_inputs; i++)
		for (int d = 0; d < c->graph->inputs[i]->rank; d++) {
			const char *symbol = c->graph->inputs[i]->symbol[d];
			if (symbol && !strcmp(split_symbol(symbol, &factor), base))
				return true;
		}
	return false;
}

void apply_bindings(struct ctx *c)
{
	for (int i = 0; i < c->set.n_bindings; i++) {
		struct binding *b = &c->set.bindings[i];
		if (b->rank == 0) {
			if (!bind_symbol(c, b->name, b->dim[0])) {
				const char *symbols = list_symbols(c, false, "", "");
				fail_model(
					c, "--dim %.100s: there is no such dimension; it has %s", b->name, *symbols ? symbols : "none");
			}
			continue;
		}
		const struct value *v = NULL;
		for (int k = 0; k < c->graph->n_inputs; k++)
			if (!strcmp(c->graph->inputs[k]->name, b->name))
				v = c->graph->inputs[k];
		if (!v)
			fail_model(c, "--input %.100s: there is no such input; the first is '%.100s'", b->name,
				c->graph->n_inputs ? c->graph->inputs[0]->name : "");
		bind_input(c, v, b->rank, b->dim);
	}
}

static void check_bound(struct ctx *c)
{
	for (int i = 0; i < c->graph->n_inputs; i++) {
		struct value *v = c->graph->inputs[i];
		int64_t elements = 1;
		if (v->rank < 0)
			fail_model(c, "the file does not say the shape of input '%.100s': give it with --input %.100s=AxBxC",
				v->name, v->name);
		for (int d = 0; d < v->rank; d++) {
			if (v->dim[d] < 0)
				fail_model(c, "unbound dimensions: give %.400s", list_symbols(c, true, "--dim ", "=N"));
			if (v->dim[d] > 0 && elements > MAX_ELEMENTS / v->dim[d])
				fail_model(c, "input '%.100s' would have more than %d elements; bind smaller dimensions", v->name,
					MAX_ELEMENTS);
			elements *= v->dim[d] ? v->dim[d] : 1;
		}
	}
}

/* The K of a TopK that the file fixes, in an initializer or by a Constant node; -1 when it is computed. */
static int64_t fixed_k(struct ctx *c, const struct node *n)
{
	struct value *v = input(n, 1);
	int64_t k;

	if (v && v->def && is_op(v->def, "Constant") && v->def->op)
		v->def->op->infer(c, v->def);
	return constant_ints(v, &k, 1) == 1 ? k : -1;
}

/* K = 1 is how exporters spell ArgMax; it is no number of keypoints. */
static int fix_top_k(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];
	int fixed = 0;

	for (struct node *n = g->first; n; n = n->next) {
		if (is_op(n, "TopK") && fixed_k(c, n) > 1) {
			int64_t one = 1;
			n->in[1] = value_constant(c, n->in[1]->name, RT_I64, 1, &one, value_int(c, "", c->set.top_k)->data);
			fixed++;
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			fixed += fix_top_k(c, inner[i]);
	}
	return fixed;
}

/* Graphs that only threshold their keypoints have a NonZero, which takes K as its capacity. */
static bool has_node(const struct graph *g, const char *type)
{
	for (const struct node *n = g->first; n; n = n->next)
		if (is_op(n, type))
			return true;
	return false;
}

static int count_branches(const struct graph *g)
{
	struct graph *inner[8];
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next) {
		count += is_op(n, "If");
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count += count_branches(inner[i]);
	}
	return count;
}

/* The If of g that holds the most others: the next early exit. */
static struct node *next_exit(const struct graph *g)
{
	struct node *best = NULL;
	int most = -1;

	for (struct node *n = g->first; n; n = n->next) {
		struct graph *inner[8];
		int count = 0;
		if (!is_op(n, "If") || !input(n, 0) || n->in[0]->data)
			continue;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count += count_branches(inner[i]);
		if (count > most) {
			most = count;
			best = n;
		}
	}
	return best;
}

/* Of an early exit's two branches the one that goes on is the one with more exits in it, or more nodes. */
static bool then_goes_on(struct ctx *c, const struct node *n)
{
	const struct graph *a = attribute_graph(c, n, "then_branch"), *b = attribute_graph(c, n, "else_branch");
	int exits_a = count_branches(a), exits_b = count_branches(b);

	return exits_a != exits_b ? exits_a > exits_b : count_nodes(a) > count_nodes(b);
}

static void choose_depth(struct ctx *c)
{
	struct graph *g = c->graph;
	int layer = 1;

	for (struct node *n; (n = next_exit(g)); layer++) {
		bool go_on = c->set.depth > layer, then = then_goes_on(c, n) == go_on;
		uint8_t *condition = NEW(c, uint8_t, 1);
		*condition = then;
		n->in[0] = value_constant(c, "chosen", RT_BOOL, 0, NULL, condition);
		if (!go_on)
			return;
		g = attribute_graph(c, n, then ? "then_branch" : "else_branch");
	}
	if (layer == 1)
		fail_model(c, "--depth %d: the model has no early exits to choose from", c->set.depth);
	if (c->set.depth > layer)
		fail_model(c, "--depth %d: the model has %d layers", c->set.depth, layer);
}

void specialize(struct ctx *c)
{
	apply_bindings(c);
	fix_constants(c);
	check_bound(c);
	if (c->set.top_k && !fix_top_k(c, c->graph) && !has_node(c->graph, "NonZero") && !c->set.append_keypoints)
		fail_model(c, "--topk %lld: the model has no TopK with a fixed K", (long long)c->set.top_k);
	if (c->set.depth > 0)
		choose_depth(c);
}
