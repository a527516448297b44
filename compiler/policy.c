/* Which precision the user wants, and whether the graph is one for it: int8 and fp8 are what a quantiser has put into
 * the file, not what gluec makes of floats by itself. */
#include "precision.h"

static bool is_eight_bits(enum rt_type type)
{
	return type == RT_U8 || type == RT_I8;
}

static bool is_fp8(enum rt_type type)
{
	return type >= RT_F8E4M3FN && type <= RT_F8E5M2FNUZ;
}

/* The DequantizeLinear that v comes from by nodes that only move elements; constants remember what they were folded
 * from. */
static const struct node *dequantizer(const struct value *v)
{
	for (;;) {
		const struct node *n = !v ? NULL : v->data ? v->folded : v->def;
		if (!n || is_op(n, "DequantizeLinear"))
			return n;
		if (!(n->op->flags & OP_MOVES) || n->n_in < 1)
			return NULL;
		v = n->in[0];
	}
}

static bool is_quantized_product(const struct node *n)
{
	static const char *const integer[] = { "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger" };

	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		if (is_op(n, integer[i]))
			return true;
	if (!is_op(n, "Conv") && !is_op(n, "MatMul") && !is_op(n, "Gemm"))
		return false;
	const struct node *x = dequantizer(input(n, 0)), *w = dequantizer(input(n, 1));
	return x && w && is_eight_bits(x->in[0]->type) && is_eight_bits(w->in[0]->type);
}

static bool has_fp8(const struct node *n)
{
	for (int i = 0; i < n->n_in; i++) {
		const struct node *d = dequantizer(n->in[i]);
		if ((n->in[i] && is_fp8(n->in[i]->type)) || (d && is_fp8(d->in[0]->type)))
			return true;
	}
	return false;
}

static bool any_node(const struct graph *g, bool (*has)(const struct node *n))
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

void check_policy(struct ctx *c, const struct graph *g)
{
	if (c->set.precision == PRECISION_INT8 && !any_node(g, is_quantized_product))
		fail_model(c,
			"--precision int8: no product in this graph is quantised; gluec calibrate makes a quantised model "
			"of one in float");
	if (c->set.precision == PRECISION_FP8 && !any_node(g, has_fp8))
		fail_model(
			c, "--precision fp8: this graph has no 8-bit floats; quantise the model so, or take --precision bf16");
}
