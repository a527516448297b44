/* A MatMul of two dequantised tensors that are both computed, as in quantised attention, runs in integers:
 *
 *     DequantizeLinear a, DequantizeLinear b -> MatMul -> QuantizeLinear y
 *     becomes  a, b -> IntegerMatMul
 *
 * Its sums are exact, and multiplied by one number, in which the scales of all three are: what quantized.c has floats
 * compute, so that the numbers are the same. Without a QuantizeLinear behind it the result is floats. */
#include "pass/fuse.h"
#include "quantized.h"
#include "rules.h"
#include <math.h>

/* The DequantizeLinear that makes v. */
static const struct node *read_factor(struct ctx *c, const struct value *v, struct quantizer *q)
{
	const struct node *d = v->data ? NULL : v->def;

	return is_op(d, "DequantizeLinear") && read_quantizer(c, d, q) && v->rank >= 2 && !d->in[0]->data ? d : NULL;
}

static void replace(struct ctx *c, struct graph *g, struct node *n)
{
	struct quantizer a, b, y;
	const struct node *left = read_factor(c, n->in[0], &a), *right = read_factor(c, n->in[1], &b);

	if (!left || !right)
		return;
	const int64_t terms = n->in[0]->dim[n->in[0]->rank - 1];
	float scale = a.scale * b.scale;
	if (terms < 1 || terms > RT_INT8_PAIRS || !isnormal(scale))
		return;
	struct node *product = node_new(c, g, n, "gluec", "IntegerMatMul", n, 2, 1);
	product->in[0] = left->in[0];
	product->in[1] = right->in[0];
	product->out[0] = n->out[0];
	product->out[0]->def = product;
	set_attribute_int(c, product, "a_zero", a.zero);
	set_attribute_int(c, product, "b_zero", b.zero);
	node_remove(g, n);
	struct node *behind = only_reader(product->out[0]);
	bool narrow = is_op(behind, "QuantizeLinear") && read_quantizer(c, behind, &y) && isnormal(scale / y.scale);
	if (narrow) {
		scale /= y.scale;
		set_attribute_int(c, product, "y_zero", y.zero);
		take_over(c, g, product, behind);
	}
	set_attribute_float(c, product, "scale", (double)scale);
	set_attribute_int(c, product, "to", narrow ? y.type : RT_F32);
}

static void replace_all(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first, *next; n; n = next) {
		struct node *before = n->prev;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			replace_all(c, inner[i]);
		if (is_op(n, "MatMul") && n->out[0]->type == RT_F32 && !is_ruled_float(c, n))
			replace(c, g, n);
		/* The QuantizeLinear behind n may be gone. */
		next = before ? before->next : g->first;
		next = next == n || is_internal(next, "IntegerMatMul") ? next->next : next;
	}
}

void find_integer_matmuls(struct ctx *c, struct graph *g)
{
	count_uses(g);
	replace_all(c, g);
	remove_dead(g);
}
