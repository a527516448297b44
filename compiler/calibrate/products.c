/* Which nodes are products that can be quantised. */
#include "calibrate.h"
#include "precision/precision.h"
#include <fnmatch.h>
#include <string.h>

/* Sums shorter than this, or for fewer results, are no work worth a rounding; most of them are of coordinates. */
enum { LEAST_TERMS = 8, LEAST_OUTPUTS = 8 };

/* A product as the file has it, before anything is recognised. */
static bool is_given_product(const struct node *n)
{
	return is_op(n, "Conv") || is_op(n, "MatMul") || is_op(n, "Gemm");
}

static bool matches(const struct patterns *p, const struct node *n)
{
	for (int i = 0; i < p->n; i++)
		if (!fnmatch(p->pattern[i], n->name, 0))
			return true;
	return false;
}

static bool is_dequantized(const struct value *v)
{
	return is_op(v->data ? v->folded : v->def, "DequantizeLinear");
}

/* Sets the numbers of terms and outputs. */
static void measure(struct ctx *c, struct product *p)
{
	const struct node *n = p->node;
	const struct value *w = n->in[1];
	bool by_row = is_op(n, "Conv") || (is_op(n, "Gemm") && attribute_int(c, n, "transB", 0));

	p->axis = by_row ? 0 : 1;
	p->outputs = w->rank > 1 ? w->dim[p->axis] : 0;
	p->terms = p->outputs ? value_elements(w) / p->outputs : 0;
}

/* Why the product stays in float, whatever the data; NULL when nothing keeps it there. */
static const char *obstacle(struct ctx *c, const struct calibration *k, const struct onnx_file *f, struct product *p)
{
	const struct node *n = p->node;

	if (matches(&k->skip, n))
		return "--skip";
	if (k->only.n && !matches(&k->only, n))
		return "not in --only";
	if (!n->in[1]->data || n->in[0]->data)
		return n->in[0]->data ? "its first factor is constant" : "both factors are computed";
	if (is_dequantized(n->in[0]) || is_dequantized(n->in[1]))
		return "it is quantised already";
	if (n->in[0]->type != RT_F32 || n->out[0]->type != RT_F32)
		return arena_text(c, "its numbers are %s, not f32", type_name(n->in[0]->type));
	measure(c, p);
	if (!is_op(n, "Conv") && n->in[1]->rank != 2)
		return arena_text(c, "its weights have %d dimensions", n->in[1]->rank);
	if (p->terms < LEAST_TERMS)
		return arena_text(c, "sums of %lld terms gain nothing", (long long)p->terms);
	if (p->outputs < LEAST_OUTPUTS)
		return arena_text(c, "%lld outputs gain nothing", (long long)p->outputs);
	if (is_op(n, "Gemm") && (attribute_int(c, n, "transA", 0) || attribute_float(c, n, "alpha", 1) != 1 ||
								attribute_float(c, n, "beta", 1) != 1))
		return "its transA, alpha or beta is not the default";
	if (!k->only.n && makes_scores(n))
		return "a softmax makes scores of it (--only quantises it)";
	if (!onnx_file_has(f, n))
		return "it is in a function or a loop, or several nodes in the file have its name and output";
	return NULL;
}

static bool is_constant_bias(const struct value *v, int64_t outputs)
{
	return v && v->data && v->type == RT_F32 && value_elements(v) == outputs && v->rank >= 1 &&
		   v->dim[v->rank - 1] == outputs;
}

static void take_bias(struct ctx *c, struct bias *b, const struct node *n, int i)
{
	const struct value *v = n->in[i];

	b->node = n;
	b->input = i;
	b->there = true;
	b->rank = v->rank;
	memcpy(b->dim, v->dim, sizeof b->dim);
	b->value = NEW(c, float, (size_t)value_elements(v) + 1);
	memcpy(b->value, constant_floats(c, v), (size_t)value_elements(v) * sizeof *b->value);
}

/* The Add that alone reads a MatMul takes its bias; Conv and Gemm have an input for it, which may be left out. */
static void find_bias(struct ctx *c, const struct onnx_file *f, struct product *p)
{
	const struct node *n = p->node, *add = n->out[0]->user;
	struct bias *b = &p->bias;

	if (!is_op(n, "MatMul") && input(n, 2)) {
		if (is_constant_bias(n->in[2], p->outputs))
			take_bias(c, b, n, 2);
	} else if (!is_op(n, "MatMul")) {
		*b = (struct bias){ .node = n, .input = 2, .rank = 1, .dim = { p->outputs } };
		b->value = NEW(c, float, (size_t)p->outputs);
	} else if (n->out[0]->uses == 1 && !n->out[0]->is_output && is_op(add, "Add") && onnx_file_has(f, add)) {
		int i = add->in[0] == n->out[0];
		if (is_constant_bias(add->in[i], p->outputs))
			take_bias(c, b, add, i);
	}
}

/* The activation of a product found before that reads the same value, or a new one. */
static struct activation *activation_of(struct ctx *c, const struct calibration *k, const struct product *p)
{
	const struct value *v = p->node->in[0];
	bool by_channel = !is_op(p->node, "Conv");
	struct activation *x = NULL;

	for (int i = 0; i < k->n_products && !x; i++)
		if (k->products[i].x && k->products[i].node->in[0] == v)
			x = k->products[i].x;
	if (!x) {
		x = NEW(c, struct activation, 1);
		for (int i = 0; i < c->graph->n_inputs; i++)
			x->is_input |= c->graph->inputs[i] == v;
	}
	if (by_channel && !x->most) {
		x->channels = v->dim[v->rank - 1];
		x->most = NEW(c, float, (size_t)x->channels);
	}
	return x;
}

static int count_products(const struct graph *g)
{
	struct graph *inner[8];
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next) {
		count += is_given_product(n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count += count_products(inner[i]);
	}
	return count;
}

static void list_products(struct ctx *c, struct calibration *k, const struct onnx_file *f, const struct graph *g)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			list_products(c, k, f, inner[i]);
		if (!is_given_product(n))
			continue;
		struct product *p = &k->products[k->n_products];
		p->node = n;
		p->left = obstacle(c, k, f, p);
		if (!p->left) {
			p->weight = constant_floats(c, n->in[1]);
			p->error = NEW(c, double, (size_t)p->outputs);
			p->x = activation_of(c, k, p);
			find_bias(c, f, p);
		}
		k->n_products++;
	}
}

/* A name that was mistyped must not let 8 bits into what should have stayed float. */
static void check_skipped(struct ctx *c, const struct calibration *k)
{
	for (int i = 0; i < k->skip.n; i++) {
		const struct patterns one = { &k->skip.pattern[i], 1 };
		bool found = false;
		for (int p = 0; p < k->n_products && !found; p++)
			found = matches(&one, k->products[p].node);
		if (!found)
			fail_model(c, "--skip %.100s: no Conv, MatMul or Gemm is called so; the report without --skip lists them",
				one.pattern[0]);
	}
}

void find_products(struct ctx *c, struct calibration *k, const struct onnx_file *file)
{
	count_uses(c->graph);
	k->products = NEW(c, struct product, (size_t)count_products(c->graph));
	k->n_products = 0;
	list_products(c, k, file, c->graph);
	check_skipped(c, k);
}

struct product *product_of(const struct calibration *k, const struct node *n)
{
	if (!is_given_product(n))
		return NULL;
	for (int i = 0; i < k->n_products; i++) {
		const struct node *like = k->products[i].node;
		if (!strcmp(like->out[0]->name, n->out[0]->name) && !strcmp(like->name, n->name))
			return &k->products[i];
	}
	return NULL;
}
