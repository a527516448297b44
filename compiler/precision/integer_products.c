/* Products of bytes with constant weights run in integers: Conv, MatMul and Gemm between DequantizeLinear nodes,
 * QLinearConv, QLinearMatMul, ConvInteger and MatMulInteger become one internal node, gluec.IntegerProduct.
 *
 *     DequantizeLinear x, DequantizeLinear w, bias -> Conv
 *     becomes  x, w - zero, bias / (sx sw), sx sw -> IntegerProduct
 *
 * Its sums are exact in 32 bits: that is proved here from the weights. They are what quantized.c has floats compute, so
 * the numbers are the same. A QuantizeLinear behind it, and what else its epilogue can do, is integer_epilogue.c's.
 * What has no constant weights stays for integer_matmuls.c and quantized.c. */
#include "quantized.h"
#include "rules.h"
#include <stdlib.h>
#include <string.h>

/* One such product, of whichever operator. Scales and zero points of the weights are one number, or one for each of the
 * outputs, which count along `axis`. */
struct product {
	struct node *node;
	bool conv, transposed; /* transposed: the weights are [outputs][k] */
	struct value *x;       /* u8 or i8 */
	int64_t x_zero;
	float x_scale;
	const struct value *w, *w_zero, *w_scale; /* constants; no w_scale: the result is the sums */
	int axis;
	struct value *bias; /* constant, or NULL; i32: part of the sums */
};

/* One number, or one for each output. */
static bool fits_outputs(const struct product *p, const struct value *v)
{
	if (!v || (v->data && value_elements(v) == 1))
		return true;
	return v->data && value_elements(v) == p->w->dim[p->axis] && (v->rank == 1 || v->dim[v->rank - 1] != 1);
}

static bool is_plain_gemm(struct ctx *c, const struct node *n)
{
	return attribute_float(c, n, "alpha", 1) == 1 && attribute_float(c, n, "beta", 1) == 1 &&
		   !attribute_int(c, n, "transA", 0);
}

/* The shapes that the kernel knows: pictures and rows of samples, and a matrix of weights. */
static bool has_shape(const struct product *p)
{
	if (p->conv)
		return (p->x->rank == 3 || p->x->rank == 4) && p->w->rank == p->x->rank;
	return p->w->rank == 2 && p->x->rank >= 1;
}

/* A bias of one number for each output. */
static bool has_bias(const struct product *p)
{
	const struct value *b = p->bias;

	return !b || (b->data && value_elements(b) == p->w->dim[p->axis] && b->dim[b->rank - 1] == value_elements(b));
}

/* Conv, MatMul or Gemm between DequantizeLinear nodes. */
static bool read_dequantized(struct ctx *c, struct node *n, struct product *p)
{
	struct quantizer x;
	bool conv = is_op(n, "Conv"), gemm = is_op(n, "Gemm");

	if ((!conv && !gemm && !is_op(n, "MatMul")) || n->out[0]->type != RT_F32 || (gemm && !is_plain_gemm(c, n)))
		return false;
	bool transposed = gemm && attribute_int(c, n, "transB", 0);
	int axis = conv || transposed ? 0 : 1;
	const struct node *d = n->in[0]->def, *e = dequantizer(c, n->in[1]);
	if (n->in[0]->data || !d || is_op(d, "QuantizeLinear") || !read_quantizer(c, d, &x) || !e || !n->in[1]->data ||
		!scales_slices(c, e, n->in[1], axis))
		return false;
	*p = (struct product){ n, conv, transposed, d->in[0], x.zero, x.scale, e->in[0], input(e, 2), e->in[1], axis,
		input(n, 2) };
	return !p->w_zero || value_elements(p->w_zero) == 1 || value_elements(p->w_scale) > 1;
}

/* A constant of one number, or none. */
static bool is_number_or_none(const struct value *v)
{
	return !v || (v->data && value_elements(v) == 1);
}

/* QLinearConv and QLinearMatMul: x, its scale and zero point, w, the same for it, and for y; a bias of integers. */
static bool read_qlinear(struct node *n, struct product *p)
{
	double scale;
	bool conv = is_op(n, "QLinearConv");

	if (!conv && !is_op(n, "QLinearMatMul"))
		return false;
	*p = (struct product){ n, conv, false, n->in[0], 0, 1, n->in[3], n->in[5], n->in[4], conv ? 0 : 1, input(n, 8) };
	if (!constant_scalar(n->in[1], &scale) || !is_number_or_none(n->in[2]) || value_elements(n->in[6]) != 1)
		return false;
	p->x_scale = (float)scale;
	p->x_zero = constant_int(n->in[2], 0);
	return true;
}

/* ConvInteger and MatMulInteger: x, w and their zero points. */
static bool read_integer(struct node *n, struct product *p)
{
	bool conv = is_op(n, "ConvInteger");

	if (!conv && !is_op(n, "MatMulInteger"))
		return false;
	const struct value *zero = input(n, 2);
	*p = (struct product){ n, conv, false, n->in[0], 0, 1, n->in[1], input(n, 3), NULL, conv ? 0 : 1, NULL };
	if (!is_number_or_none(zero))
		return false;
	p->x_zero = zero ? constant_int(zero, 0) : 0;
	return true;
}

static bool find_product(struct ctx *c, struct node *n, struct product *p)
{
	if (!read_dequantized(c, n, p) && !read_qlinear(n, p) && !read_integer(n, p))
		return false;
	return !p->x->data && is_byte_type(p->x->type) && p->w->data && is_small_integer_type(p->w->type) && has_shape(p) &&
		   fits_outputs(p, p->w_zero) && fits_outputs(p, p->w_scale) && has_bias(p) && value_elements(p->w) > 0;
}

/* Weight i, less its zero point, as it stands in the file. */
static int64_t weight_at(const struct product *p, int64_t i)
{
	int64_t n = value_elements(p->w), columns = p->conv ? 1 : p->w->dim[1], row = n / p->w->dim[p->axis];
	int64_t output = p->axis ? i % columns : i / row;
	int64_t zero = !p->w_zero ? 0 : constant_int(p->w_zero, value_elements(p->w_zero) > 1 ? output : 0);

	return constant_int(p->w, i) - zero;
}

/* Bytes less a zero point may leave a byte's range: how much has to be taken off all of them, 0 where nothing has. */
static int64_t weights_zero(const struct product *p)
{
	int64_t least = 0, most = 0;

	for (int64_t i = value_elements(p->w); i-- > 0;) {
		int64_t x = weight_at(p, i);
		least = x < least ? x : least;
		most = x > most ? x : most;
	}
	return most > INT8_MAX ? most - INT8_MAX : least < INT8_MIN ? least - INT8_MIN : 0;
}

/* The weights as i8 [outputs][...] or [k][outputs], less `zero`; NULL when one of them does not fit. */
static struct value *byte_weights(struct ctx *c, const struct product *p, int64_t zero)
{
	int64_t n = value_elements(p->w), columns = p->w->dim[1], rows = n / columns, dim[MAX_RANK];
	int8_t *data = NEW(c, int8_t, (size_t)n);

	for (int64_t i = 0; i < n; i++) {
		int64_t x = weight_at(p, i) - zero;
		if (x < INT8_MIN || x > INT8_MAX)
			return NULL;
		data[p->transposed ? i % columns * rows + i / columns : i] = (int8_t)x;
	}
	memcpy(dim, p->w->dim, sizeof dim);
	if (p->transposed) {
		dim[0] = columns;
		dim[1] = rows;
	}
	return value_constant(c, p->w->name, RT_I8, p->w->rank, dim, data);
}

/* Do the sums, whatever the bytes x are, stay within 32 bits? A byte less its zero point is at most 255 in magnitude;
 * that partial sums may wrap does not matter, but there is room for those, too. */
static bool sums_fit(struct ctx *c, const struct product *p, const int32_t *sum)
{
	int64_t n = value_elements(p->w), outputs = p->w->dim[p->axis], terms = n / outputs, columns = p->w->dim[1];
	int64_t *most = NEW(c, int64_t, (size_t)outputs);

	for (int64_t o = 0; o < outputs; o++)
		most[o] = sum ? llabs((long long)sum[o]) : 0;
	for (int64_t i = 0; i < n; i++)
		most[p->axis ? i % columns : i / terms] += 2 * UINT8_MAX * llabs((long long)weight_at(p, i));
	for (int64_t o = 0; o < outputs; o++)
		if (most[o] > INT32_MAX)
			return false;
	return terms <= RT_INT8_TERMS;
}

/* The scale of each output's sums. */
static struct value *sum_scales(struct ctx *c, const struct product *p)
{
	int64_t n = p->w->dim[p->axis], scales = value_elements(p->w_scale);
	float *scale = NEW(c, float, (size_t)n);

	for (int64_t i = 0; i < n; i++)
		scale[i] = p->x_scale * (float)constant_real(p->w_scale, scales > 1 ? i : 0);
	return value_constant(c, p->w_scale->name, RT_F32, 1, &n, scale);
}

/* The bias as integers in the sums' own scale, or NULL when it is none. */
static struct value *integer_bias(struct ctx *c, const struct product *p, const float *scale)
{
	int64_t n = p->w->dim[p->axis], *x = NEW(c, int64_t, (size_t)n);
	int32_t *sum = NEW(c, int32_t, (size_t)n);
	const struct node *d = dequantizer(c, p->bias);

	if (p->bias->type != RT_I32 && (!d || !read_integer_bias(d, p->bias, n, scale, x)))
		return NULL;
	for (int64_t i = 0; i < n; i++)
		sum[i] = (int32_t)(p->bias->type == RT_I32 ? constant_int(p->bias, i) : x[i]);
	return value_constant(c, p->bias->name, RT_I32, 1, &n, sum);
}

/* The QuantizeLinear that ends a QLinear operator. */
static void append_quantizer(struct ctx *c, struct graph *g, const struct product *p, struct node *n)
{
	struct node *q = node_new(c, g, p->node, "", "QuantizeLinear", p->node, 3, 1);
	struct value *y = p->node->out[0];

	q->in[0] = n->out[0] = value_like(c, y->name, RT_F32, y);
	n->out[0]->def = n;
	q->in[1] = p->node->in[6];
	q->in[2] = p->node->in[7];
	if (q->in[1]->data)
		q->in[1] = value_float(c, q->in[1]->name, (float)constant_real(q->in[1], 0));
	q->out[0] = y;
	y->def = q;
}

static void replace_product(struct ctx *c, struct graph *g, const struct product *p)
{
	int64_t w_zero = weights_zero(p);
	struct value *w = byte_weights(c, p, w_zero), *scale = p->w_scale ? sum_scales(c, p) : NULL;
	struct value *sum = p->bias ? integer_bias(c, p, scale->data) : NULL;

	if (!w || !sums_fit(c, p, sum ? sum->data : NULL))
		return;
	struct node *n = node_new(c, g, p->node, "gluec", "IntegerProduct", p->node, INTEGER_INPUTS, 1);
	n->attributes = p->conv ? own_attributes(c, p->node) : NULL;
	n->in[INTEGER_X] = p->x;
	n->in[INTEGER_W] = w;
	n->in[INTEGER_SUM] = sum;
	n->in[INTEGER_SCALE] = scale;
	if (p->bias && !sum)
		n->in[INTEGER_BIAS] = p->bias;
	set_attribute_int(c, n, "x_zero", p->x_zero);
	set_attribute_int(c, n, "w_zero", w_zero);
	set_attribute_int(c, n, "to", scale ? RT_F32 : RT_I32);
	if (p->node->out[0]->type == RT_F32 || !scale) {
		n->out[0] = p->node->out[0];
		n->out[0]->def = n;
	} else {
		append_quantizer(c, g, p, n);
	}
	node_remove(g, p->node);
}

static void replace_node(struct ctx *c, struct graph *g, struct node *n)
{
	struct product p;

	if (!is_ruled_float(c, n) && find_product(c, n, &p))
		replace_product(c, g, &p);
}

void find_integer_products(struct ctx *c, struct graph *g)
{
	visit_nodes(c, g, replace_node);
	remove_dead(g);
	visit_joining(c, g, absorb_epilogue);
	remove_dead(g);
}
