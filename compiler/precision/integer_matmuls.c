/* A MatMul of two dequantised tensors that are both computed, as in quantised attention, runs in integers, and so does
 * a QLinearMatMul of such:
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

/* Such a product: its factors as bytes, and what they and the result stand for. */
struct product {
	struct value *a, *b;
	struct quantizer of_a, of_b, of_y;
	bool narrow; /* the node's own result is bytes */
};

static bool is_matrix_of_bytes(const struct value *v)
{
	return is_byte_type(v->type) && v->rank >= 2 && !v->data;
}

/* The bytes that a DequantizeLinear makes v of, or NULL. */
static struct value *dequantized_from(struct ctx *c, const struct value *v, struct quantizer *q)
{
	const struct node *d = v->data ? NULL : v->def;

	return is_op(d, "DequantizeLinear") && read_quantizer(c, d, q) ? d->in[0] : NULL;
}

/* Inputs i and i + 1 of a QLinearMatMul: the scale and zero point of v. */
static bool read_parameters(const struct node *n, int i, const struct value *v, struct quantizer *q)
{
	const struct value *zero = input(n, i + 1);
	double scale;

	if (!is_byte_type(v->type) || n->in[i]->type != RT_F32 || !constant_scalar(n->in[i], &scale) ||
		!isnormal((float)scale) || !(scale > 0) || !zero || !zero->data || value_elements(zero) != 1)
		return false;
	*q = (struct quantizer){ (float)scale, constant_int(zero, 0), v->type };
	return true;
}

static bool read_product(struct ctx *c, const struct node *n, struct product *p)
{
	*p = (struct product){ .narrow = is_op(n, "QLinearMatMul") };
	if (p->narrow) {
		p->a = n->in[0];
		p->b = n->in[3];
		if (!read_parameters(n, 1, p->a, &p->of_a) || !read_parameters(n, 4, p->b, &p->of_b) ||
			!read_parameters(n, 6, n->out[0], &p->of_y))
			return false;
	} else if (is_op(n, "MatMul") && n->out[0]->type == RT_F32) {
		p->a = dequantized_from(c, n->in[0], &p->of_a);
		p->b = dequantized_from(c, n->in[1], &p->of_b);
	}
	return p->a && p->b && is_matrix_of_bytes(p->a) && is_matrix_of_bytes(p->b) && p->a->dim[p->a->rank - 1] >= 1 &&
		   p->a->dim[p->a->rank - 1] <= RT_INT8_PAIRS;
}

/* The QuantizeLinear that alone reads the product's floats becomes part of it. */
static void take_quantizer(struct ctx *c, struct graph *g, struct product *p, struct node *n, float scale)
{
	struct node *behind = p->narrow ? NULL : only_reader(n->out[0]);

	if (!is_op(behind, "QuantizeLinear") || !read_quantizer(c, behind, &p->of_y) || !isnormal(scale / p->of_y.scale))
		return;
	p->narrow = true;
	take_over(c, g, n, behind);
}

static void replace(struct ctx *c, struct graph *g, struct node *n, struct product *p)
{
	float scale = p->of_a.scale * p->of_b.scale;

	if (!isnormal(scale) || (p->narrow && !isnormal(scale / p->of_y.scale)))
		return;
	struct node *product = node_new(c, g, n, "gluec", "IntegerMatMul", n, 2, 1);
	product->in[0] = p->a;
	product->in[1] = p->b;
	product->out[0] = n->out[0];
	product->out[0]->def = product;
	node_remove(g, n);
	take_quantizer(c, g, p, product, scale);
	set_attribute_int(c, product, "a_zero", p->of_a.zero);
	set_attribute_int(c, product, "b_zero", p->of_b.zero);
	set_attribute_int(c, product, "y_zero", p->narrow ? p->of_y.zero : 0);
	set_attribute_float(c, product, "scale", (double)(p->narrow ? scale / p->of_y.scale : scale));
	set_attribute_int(c, product, "to", p->narrow ? p->of_y.type : RT_F32);
}

static void find_product(struct ctx *c, struct graph *g, struct node *n)
{
	struct product p;

	if (!is_ruled_float(c, n) && read_product(c, n, &p))
		replace(c, g, n, &p);
}

void find_integer_matmuls(struct ctx *c, struct graph *g)
{
	count_uses(g);
	visit_joining(c, g, find_product);
	remove_dead(g);
}
