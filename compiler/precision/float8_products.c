/* Products of floats of 8 bits. Both factors of a Conv or MatMul are made by DequantizeLinear of
 * E4M3FN or E5M2, as q * scale. The scales are taken out of the sums, and what remains are products of numbers of 8
 * bits, which bfloat16 holds exactly (OFP8, Open Compute Project 2023: at most 3 bits of mantissa, and exponents far
 * from bfloat16's ends). So the factors are stored as bfloat16 whatever the policy, without a rounding, and multiplied
 * so in float sums:
 *
 *     DequantizeLinear x, DequantizeLinear w, bias -> Conv -> Relu -> QuantizeLinear y
 *     becomes  x as bf16, w as bf16, bias / (sx sw) -> Conv -> Relu -> Mul sx sw / sy -> QuantizeLinear by 1
 *
 * The product of the scales, one number, is a part of the product itself (alpha of conv2d and linear); several go
 * behind what positive factors may change places with, so that the product's epilogue still takes that in. */
#include "half.h"
#include "pass/fuse.h"
#include "quantized.h"
#include "recognize/recognize.h"
#include "rules.h"
#include <math.h>
#include <string.h>

struct product {
	struct node *node;
	const struct node *left, *right; /* the DequantizeLinear nodes */
	bool conv;
	int64_t n; /* numbers in scale: 1, or one for each output */
	float *scale;
	struct node *add;            /* behind a MatMul: adds a constant to each output, or NULL */
	struct value *bias, *scaled; /* as it is and by the scale; NULL when there is none */
};

/* Is v made of numbers of 8 bits and a scale alone? The zero points of floats are 0. */
static const struct node *float8_dequantizer(struct ctx *c, const struct value *v)
{
	const struct node *n = dequantizer(c, v);
	const struct value *zero = n ? input(n, 2) : NULL;

	if (!n || !is_ofp8_type(n->in[0]->type))
		return NULL;
	for (int64_t i = zero ? value_elements(zero) : 0; i-- > 0;)
		if (constant_real(zero, i) != 0)
			return NULL;
	return n;
}

/* The products of the scales; false when one of them is no ordinary positive number. */
static bool find_scales(struct ctx *c, struct product *p)
{
	p->n = value_elements(p->right->in[1]);
	p->scale = multiply_scales(c, p->left, p->right);
	for (int64_t i = 0; i < p->n; i++)
		if (!(p->scale[i] > 0) || !isnormal(p->scale[i]))
			return false;
	return true;
}

/* A constant for each output that is added to a MatMul's result. */
static void find_bias(struct product *p)
{
	struct node *add = only_reader(p->node->out[0]);
	int64_t outputs = p->node->in[1]->dim[1];

	p->bias = p->conv ? input(p->node, 2) : NULL;
	if (p->conv || !is_op(add, "Add"))
		return;
	for (int i = 0; i < 2; i++) {
		struct value *b = add->in[i];
		if (b->data && b->rank > 0 && b->dim[b->rank - 1] == outputs && value_elements(b) == outputs &&
			same_shape(add->out[0], p->node->out[0])) {
			p->add = add;
			p->bias = b;
		}
	}
}

/* The bias in the sums' own scale; false when float does not hold that. */
static bool scale_bias(struct ctx *c, struct product *p)
{
	int64_t n = p->bias && p->bias->data ? value_elements(p->bias) : 0;
	float *data = NEW(c, float, (size_t)n + 1);

	for (int64_t i = 0; i < n; i++) {
		data[i] = (float)(constant_real(p->bias, i) / (double)p->scale[p->n > 1 ? i : 0]);
		if (!isfinite(data[i]))
			return false;
	}
	p->scaled = p->bias ? value_constant(c, p->bias->name, RT_F32, 1, &n, data) : NULL;
	return !p->bias || p->bias->data;
}

static bool find_product(struct ctx *c, struct node *n, struct product *p)
{
	bool conv = is_op(n, "Conv");

	if ((!conv && !is_op(n, "MatMul")) || n->out[0]->type != RT_F32 || n->in[0]->data || (conv && !n->in[1]->data) ||
		is_ruled_float(c, n))
		return false;
	*p = (struct product){
		.node = n,
		.left = float8_dequantizer(c, n->in[0]),
		.right = float8_dequantizer(c, n->in[1]),
		.conv = conv,
	};
	if (!p->left || !p->right || value_elements(p->left->in[1]) != 1 || !find_scales(c, p))
		return false;
	if (!n->in[1]->data)
		return p->n == 1;
	if ((!conv && (n->in[1]->rank != 2 || n->in[0]->rank < 2)) || !scales_slices(c, p->right, n->in[1], conv ? 0 : 1))
		return false;
	find_bias(p);
	return scale_bias(c, p);
}

/* The numbers of 8 bits as bfloat16; NULL when one of them is infinite or none. */
static struct value *float8_weights(struct ctx *c, const struct node *d, const struct value *w)
{
	int64_t n = value_elements(w);
	uint16_t *data = NEW(c, uint16_t, (size_t)n + 1);

	for (int64_t i = 0; i < n; i++) {
		double x = constant_real(d->in[0], i);
		if (!isfinite(x))
			return NULL;
		data[i] = bfloat_of_float((float)x);
	}
	struct value *numbers = value_constant(c, w->name, RT_BF16, w->rank, w->dim, data);
	numbers->is_exact = true;
	return numbers;
}

/* The same for what is computed while the model runs. All products that read it share it. */
static struct value *float8_values(struct ctx *c, struct graph *g, struct node *before, const struct node *d)
{
	for (const struct node *n = before->prev; n; n = n->prev)
		if (is_op(n, "Cast") && n->in[0] == d->in[0] && n->out[0]->type == RT_BF16)
			return n->out[0];
	struct node *n = node_new(c, g, before, "", "Cast", d, 1, 1);
	set_attribute_int(c, n, "to", RT_BF16);
	n->in[0] = d->in[0];
	n->out[0] = value_like(c, d->out[0]->name, RT_BF16, d->out[0]);
	n->out[0]->def = n;
	return n->out[0];
}

/* The last node behind n that a positive factor may change places with: what each output goes through by itself. */
static struct node *last_in_step(struct node *n)
{
	for (struct node *r = n; r; r = only_reader(n->out[0]))
		if (r == n || is_op(r, "Relu") || (is_op(r, "MaxPool") && r->n_out == 1))
			n = r;
		else
			break;
	return n;
}

/* A QuantizeLinear that alone reads the result divides by one number: the scales take it in. */
static void take_quantizer(struct ctx *c, struct product *p, const struct node *end)
{
	struct node *q = only_reader(end->out[0]);
	double by;

	if (!is_op(q, "QuantizeLinear") || q->in[0] != end->out[0] || !is_ofp8_type(q->out[0]->type) ||
		q->in[1]->type != RT_F32 || !constant_scalar(q->in[1], &by) || !(by > 0) || attribute_int(c, q, "precision", 0))
		return;
	for (int64_t i = 0; i < p->n; i++)
		if (!isnormal((float)((double)p->scale[i] / by)))
			return;
	for (int64_t i = 0; i < p->n; i++)
		p->scale[i] = (float)((double)p->scale[i] / by);
	q->in[1] = value_float(c, "1", 1);
}

/* One factor is what the product's own epilogue multiplies by. A MatMul with weights becomes a gluec.Linear. */
static void set_alpha(struct ctx *c, struct graph *g, const struct product *p)
{
	struct node *n = p->node;

	if (!p->conv && n->in[1]->data) {
		n = replace_end(c, g, p->add ? p->add : n, "Linear", 3);
		n->in[0] = p->node->in[0];
		n->in[1] = p->node->in[1];
		if (p->add) {
			n->in[2] = p->add->in[p->add->in[0] == p->node->out[0] ? 1 : 0];
			node_absorb(c, n, p->node);
			node_remove(g, p->node);
		}
	}
	set_attribute_float(c, n, "alpha", (double)p->scale[0]);
}

static void take_out_scales(struct ctx *c, struct graph *g, struct product *p)
{
	struct node *n = p->node;
	struct value *w = n->in[1]->data ? float8_weights(c, p->right, n->in[1]) : float8_values(c, g, n, p->right);

	if (!w)
		return;
	if (p->bias && p->add)
		p->add->in[p->add->in[0] == p->bias ? 0 : 1] = p->scaled;
	else if (p->bias)
		n->in[2] = p->scaled;
	n->in[0] = float8_values(c, g, n, p->left);
	n->in[1] = w;
	struct node *end = last_in_step(p->add ? p->add : n);
	take_quantizer(c, p, end);
	if (p->n == 1)
		set_alpha(c, g, p);
	else
		append_constant(c, g, end, "Mul", for_outputs(c, n, "scale", p->n, p->scale));
}

static void replace_product(struct ctx *c, struct graph *g, struct node *n)
{
	struct product p;

	if (find_product(c, n, &p))
		take_out_scales(c, g, &p);
}

void find_float8_products(struct ctx *c, struct graph *g)
{
	count_uses(g);
	visit_joining(c, g, replace_product);
	remove_dead(g);
}
