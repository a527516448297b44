/* How large a model is: parameters, and the multiplications that decide how long it runs. */
#include "count.h"
#include <string.h>

static void add(struct parameters *p, const struct value *v)
{
	p->count += value_elements(v);
	p->bytes += value_bytes(v);
}

/* A constant that several nodes read belongs to the one that count_uses left in `user`. */
static void add_node(struct parameters *p, const struct node *n)
{
	const struct attribute *a = is_op(n, "Constant") ? attribute(n, "value") : NULL;

	if (a && a->kind == ATTRIBUTE_TENSOR)
		add(p, a->tensor);
	for (int i = 0; i < n->n_in; i++) {
		bool before = false;
		for (int k = 0; k < i; k++)
			before |= n->in[k] == n->in[i];
		if (n->in[i] && n->in[i]->data && n->in[i]->user == n && !before)
			add(p, n->in[i]);
	}
}

static void add_graph(struct parameters *p, const struct graph *g)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		add_node(p, n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			add_graph(p, inner[i]);
	}
}

struct parameters count_parameters(struct graph *g)
{
	struct parameters p = { 0, 0 };

	count_uses(g);
	add_graph(&p, g);
	return p;
}

/* Dimension i of v, from the end when negative; 1 when there is none. */
static double dim(const struct value *v, int i)
{
	i += i < 0 && v ? v->rank : 0;
	return v && i >= 0 && i < v->rank ? (double)v->dim[i] : 1;
}

static double elements(const struct value *v)
{
	return v ? (double)value_elements(v) : 0;
}

/* Each output of a Conv takes one product per weight of its channel; each input of a ConvTranspose likewise. */
static double convolution(const struct node *n)
{
	bool transposed = !strcmp(n->type, "ConvTranspose");
	double channels = dim(n->in[1], 0);

	return channels > 0 ? elements(transposed ? n->in[0] : n->out[0]) * elements(n->in[1]) / channels : 0;
}

/* gluec.Conv and gluec.IntegerProduct, whose result may be pooled; the first may have another convolution before it. */
static double own_convolution(struct ctx *c, const struct node *n)
{
	const struct value *head = is_internal(n, "Conv") ? input(n, 3) : NULL;
	double pooled = attribute_int(c, n, "pool", 0) == 2 ? 4 : 1;

	return pooled * convolution(n) + (head ? elements(n->in[0]) / dim(n->in[0], 1) * elements(head) : 0);
}

/* The length of the sums of a matrix product. */
static double inner_dimension(struct ctx *c, const struct node *n)
{
	bool transposed = attribute(n, "transA") && attribute_int(c, n, "transA", 0);

	return dim(n->in[0], transposed ? -2 : -1);
}

/* Scores and weighted sums of query [.., m, d], key [.., n, d] and value [.., n, dv], heads side by side in the last of
 * three dimensions, or in a dimension of their own. */
static double attention(const struct node *n)
{
	const struct value *q = input(n, 0), *k = input(n, 1), *v = input(n, 2);

	/* gluec's own has the keys transposed, [.., d, n]. */
	if (is_internal(n, "Attention"))
		return elements(q) * dim(k, -1) + elements(n->out[0]) * dim(k, -1);
	if (!k || !v || q->rank < 3 || k->rank != q->rank || v->rank != q->rank)
		return 0;
	double heads = q->rank == 4 ? dim(q, 1) : 1;
	return dim(q, 0) * heads * dim(q, -2) * dim(k, -2) * (dim(q, -1) + dim(v, -1));
}

double count_node_multiply_adds(struct ctx *c, const struct node *n)
{
	struct graph *inner[8];
	double most = 0;

	for (int i = node_graphs(n, inner, 8); i-- > 0;) {
		double branch = count_multiply_adds(c, inner[i]);
		most = branch > most ? branch : most;
	}
	if (n->n_in < 2 || n->n_out < 1 || !n->in[0] || !n->in[1] || !n->out[0])
		return most;
	if (is_internal(n, "Conv"))
		return own_convolution(c, n);
	if (is_internal(n, "IntegerProduct") && n->in[1]->rank > 2)
		return own_convolution(c, n);
	if (is_internal(n, "Linear") || is_internal(n, "IntegerProduct"))
		return elements(n->out[0]) * dim(n->in[1], 0);
	if (!strcmp(n->type, "Conv") || !strcmp(n->type, "ConvTranspose") || !strcmp(n->type, "FusedConv"))
		return convolution(n);
	if (!strcmp(n->type, "MatMul") || !strcmp(n->type, "Gemm") || !strcmp(n->type, "FusedMatMul") ||
		is_internal(n, "IntegerMatMul"))
		return elements(n->out[0]) * inner_dimension(c, n);
	if (!strcmp(n->type, "Attention") || !strcmp(n->type, "MultiHeadAttention") || !strcmp(n->type, "MHAHeadDim64"))
		return attention(n);
	return most;
}

double count_multiply_adds(struct ctx *c, const struct graph *g)
{
	double sum = 0;

	for (const struct node *n = g->first; n; n = n->next)
		sum += count_node_multiply_adds(c, n);
	return sum;
}
