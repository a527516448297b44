/* Products of quantised tensors. Both factors of a MatMul or Conv in a Q/DQ graph are made by DequantizeLinear, as
 * (q - zero point) * scale. The scales are taken out of the sums, and what remains are sums of products of small
 * integers, which float holds exactly below 2^24: the result depends neither on the order in which a kernel adds nor on
 * the instruction set. That matters because a QuantizeLinear follows, which turns a difference in the last bit of a sum
 * into a whole step, and the layers behind it turn one step into many.
 *
 *     DequantizeLinear x, DequantizeLinear w, bias -> Conv -> QuantizeLinear y
 *     becomes  x - zero, w - zero, bias / (sx sw) -> Conv -> Mul sx sw / sy -> QuantizeLinear by 1
 *
 * The same numbers with fewer roundings. Most products are computed in integers, which gives exactly these:
 * integer_products.c takes those with constant weights first, integer_matmuls.c those of two computed matrices. What is
 * left here has sums that 32 bits might not hold, or bytes of fewer bits, or factors of other shapes. */
#include "quantized.h"
#include "rules.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { EXACT = 1 << 24 }; /* float holds every integer up to here */

static bool is_float_constant(const struct value *v)
{
	return v && v->data && v->type == RT_F32;
}

const struct node *dequantizer(struct ctx *c, const struct value *v)
{
	const struct node *n = v->data ? v->folded : v->def;

	if (!is_op(n, "DequantizeLinear") || v->type != RT_F32 || attribute_int(c, n, "block_size", 0))
		return NULL;
	const struct value *zero = input(n, 2);
	return is_float_constant(n->in[1]) && (!zero || zero->data) ? n : NULL;
}

/* Which slice along `axis` element i of v is in. */
static int64_t slice_of(const struct value *v, int axis, int64_t i)
{
	int64_t inner = 1;

	for (int d = axis + 1; d < v->rank; d++)
		inner *= v->dim[d];
	return i / inner % v->dim[axis];
}

bool scales_slices(struct ctx *c, const struct node *d, const struct value *w, int axis)
{
	if (value_elements(d->in[1]) == 1)
		return true;
	int64_t own = attribute_int(c, d, "axis", 1);
	return (own < 0 ? own + w->rank : own) == axis;
}

int64_t integer_weight(const struct node *d, int axis, int64_t i)
{
	const struct value *q = d->in[0], *zero = input(d, 2);

	if (!zero)
		return constant_int(q, i);
	return constant_int(q, i) - constant_int(zero, value_elements(zero) > 1 ? slice_of(q, axis, i) : 0);
}

static struct value *integer_weights(struct ctx *c, const struct node *d, const struct value *w, int axis)
{
	int64_t n = value_elements(w);
	float *data = NEW(c, float, (size_t)n + 1);

	for (int64_t i = 0; i < n; i++)
		data[i] = (float)integer_weight(d, axis, i);
	struct value *integers = value_constant(c, w->name, RT_F32, w->rank, w->dim, data);
	integers->is_exact = true;
	return integers;
}

/* q - zero point, for what is computed while the model runs: DequantizeLinear by 1. */
static struct value *integer_values(struct ctx *c, struct graph *g, struct node *before, const struct node *d)
{
	struct node *n = node_new(c, g, before, "", "DequantizeLinear", d, 3, 1);

	n->in[0] = d->in[0];
	n->in[1] = value_float(c, "1", 1);
	n->in[2] = input(d, 2);
	n->out[0] = value_like(c, d->out[0]->name, RT_F32, d->out[0]);
	n->out[0]->def = n;
	return n->out[0];
}

/* A product of two quantised factors, the second of which may be constant weights with a scale for each output. */
struct product {
	struct node *node;
	const struct node *left, *right; /* the DequantizeLinear nodes */
	int axis;                        /* of the weights: the outputs' */
	int64_t n;                       /* numbers in scale: 1, or one for each output */
	float *scale;
};

static bool find_product(struct ctx *c, struct node *n, struct product *p)
{
	bool conv = is_op(n, "Conv");

	if ((!conv && !is_op(n, "MatMul")) || n->out[0]->type != RT_F32 || is_ruled_float(c, n))
		return false;
	const struct value *w = n->in[1];
	*p = (struct product){ n, dequantizer(c, n->in[0]), dequantizer(c, w), conv ? 0 : 1, 1, NULL };
	if (!p->left || !p->right || n->in[0]->data || !is_small_integer_type(p->left->in[0]->type) ||
		!is_small_integer_type(p->right->in[0]->type) || value_elements(p->left->in[1]) != 1)
		return false;
	p->n = value_elements(p->right->in[1]);
	/* The weights and results of Conv and Linear may become halves, which do not hold such sums; those of MatMul do
	 * not. */
	if (w->data && c->set.precision == PRECISION_FP16)
		return false;
	if (conv ? !w->data || !scales_slices(c, p->right, w, 0) : p->n > 1 && (!w->data || w->rank != 2))
		return false;
	return scales_slices(c, p->right, w, p->axis);
}

float *multiply_scales(struct ctx *c, const struct node *left, const struct node *right)
{
	int64_t n = value_elements(right->in[1]);
	float *scale = NEW(c, float, (size_t)n);

	for (int64_t i = 0; i < n; i++)
		scale[i] = (float)constant_real(left->in[1], 0) * (float)constant_real(right->in[1], i);
	return scale;
}

struct value *for_outputs(struct ctx *c, const struct node *product, const char *name, int64_t n, const float *data)
{
	int64_t dim[MAX_RANK] = { n };
	/* A convolution's channels stand before its space. */
	int rank = n == 1 ? 0 : is_op(product, "Conv") ? product->in[1]->rank - 1 : 1;

	for (int i = 1; i < rank; i++)
		dim[i] = 1;
	return value_constant(c, name, RT_F32, rank, dim, data);
}

/* Do two scales differ by their rounding at most? Quantizers compute the product of two of them in their own way. */
static bool same_scale(float a, float b)
{
	return fabsf(a - b) <= 2 * FLT_EPSILON * fabsf(b);
}

bool read_integer_bias(const struct node *d, const struct value *bias, int64_t n, const float *scale, int64_t *to)
{
	int64_t scales = value_elements(d->in[1]);

	for (int64_t i = 0; i < value_elements(bias); i++) {
		float own = (float)constant_real(d->in[1], scales > 1 ? i : 0);
		to[i] = integer_weight(d, 0, i);
		if (!same_scale(own, scale[n > 1 ? i : 0]) || to[i] < -EXACT || to[i] > EXACT)
			return false;
	}
	return true;
}

/* A bias that is quantised by the product's own scales, as integers; NULL when it is none. */
static struct value *integer_bias(struct ctx *c, const struct product *p, const struct value *bias)
{
	const struct node *d = dequantizer(c, bias);
	int64_t n = value_elements(bias), *x = NEW(c, int64_t, (size_t)n + 1);
	float *data = NEW(c, float, (size_t)n + 1);

	if (!d || !bias->data || (p->n != 1 && p->n != n) || !read_integer_bias(d, bias, p->n, p->scale, x))
		return NULL;
	for (int64_t i = 0; i < n; i++)
		data[i] = (float)x[i];
	return value_constant(c, bias->name, RT_F32, 1, &n, data);
}

struct node *append_constant(
	struct ctx *c, struct graph *g, struct node *last, const char *type, struct value *constant)
{
	struct value *end = last->out[0], *before = value_like(c, end->name, RT_F32, end);
	struct node *n = node_new(c, g, last->next, "", type, last, 2, 1);

	before->def = last;
	last->out[0] = before;
	n->in[0] = before;
	n->in[1] = constant;
	n->out[0] = end;
	end->def = n;
	return n;
}

/* A QuantizeLinear that alone reads the product divides by one number: the scales take it in, and it divides by 1. */
static void take_quantizer(struct ctx *c, struct product *p, const struct value *y)
{
	struct node *q = y->user;

	if (y->uses != 1 || y->is_output || !is_op(q, "QuantizeLinear") || q->in[0] != y || !is_float_constant(q->in[1]) ||
		value_elements(q->in[1]) != 1 || !is_small_integer_type(q->out[0]->type) || attribute_int(c, q, "precision", 0))
		return;
	float by = (float)constant_real(q->in[1], 0);
	for (int64_t i = 0; i < p->n; i++)
		if (!isfinite(p->scale[i] / by))
			return;
	for (int64_t i = 0; i < p->n; i++)
		p->scale[i] /= by;
	q->in[1] = value_float(c, "1", 1);
}

static void take_out_scales(struct ctx *c, struct graph *g, struct product *p)
{
	struct node *n = p->node, *end = n;
	struct value *bias = input(n, 2), *w = n->in[1], *integers = NULL;

	p->scale = multiply_scales(c, p->left, p->right);
	if (bias)
		integers = integer_bias(c, p, bias);
	n->in[0] = integer_values(c, g, n, p->left);
	n->in[1] = w->data ? integer_weights(c, p->right, w, p->axis) : integer_values(c, g, n, p->right);
	if (bias)
		n->in[2] = integers;
	if (!bias || integers)
		take_quantizer(c, p, n->out[0]);
	end = append_constant(c, g, n, "Mul", for_outputs(c, n, "scale", p->n, p->scale));
	if (bias && !integers)
		append_constant(
			c, g, end, "Add", for_outputs(c, n, bias->name, value_elements(bias), constant_floats(c, bias)));
}

static void factor_node(struct ctx *c, struct graph *g, struct node *n)
{
	struct product p;

	if (find_product(c, n, &p) && (!input(n, 2) || n->in[2]->data))
		take_out_scales(c, g, &p);
}

void factor_scales(struct ctx *c, struct graph *g)
{
	count_uses(g);
	visit_nodes(c, g, factor_node);
	remove_dead(g);
}
