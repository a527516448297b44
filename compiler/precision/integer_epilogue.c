/* What follows an integer product and goes into its epilogue: see conv2d_int8 in rt_conv.h for what that can do.
 *
 *     IntegerProduct -> Relu, MaxPool          are what they are for every convolution
 *     ... -> QuantizeLinear by s               the scales are divided by s, and the result is bytes
 *     ... -> DequantizeLinear                  the epilogue rounds to bytes and goes on with the numbers they stand for
 *     ... -> Add bias
 *     ... -> QuantizeLinear                    again; only if that is proved to give the same byte for every byte
 * before
 *
 * A ReLU, a maximum and all roundings here are monotone, so that they may change places with a maximum. */
#include "pass/fuse.h"
#include "quantized.h"
#include "recognize/recognize.h"
#include <math.h>
#include <string.h>

/* The range and zero point of the bytes in which a product ends, or which its epilogue rounds to before it goes on. */
static int64_t least_byte(enum rt_type type)
{
	return type == RT_U8 ? 0 : INT8_MIN;
}

static int64_t largest_byte(enum rt_type type)
{
	return type == RT_U8 ? UINT8_MAX : INT8_MAX;
}

static bool has_act(struct ctx *c, const struct node *n, const char *name)
{
	return !strcmp(attribute_string(c, n, "act", ""), name);
}

static float step_of(struct ctx *c, const struct node *n)
{
	return (float)attribute_float(c, n, "step", 0);
}

/* The reader is gone, and its output is n's, of this type. */
static void absorb(struct ctx *c, struct graph *g, struct node *n, struct node *reader, enum rt_type type)
{
	take_over(c, g, n, reader);
	set_attribute_int(c, n, "to", type);
}

/* A constant's elements divided by x, or NULL when that is not finite. */
static struct value *divided(struct ctx *c, const struct value *v, float x)
{
	int64_t n = value_elements(v);
	const float *from = constant_floats(c, v);
	float *to = NEW(c, float, (size_t)n);

	for (int64_t i = 0; i < n; i++) {
		to[i] = from[i] / x;
		if (!isfinite(to[i]))
			return NULL;
	}
	return value_constant(c, v->name, RT_F32, v->rank, v->dim, to);
}

/* n rounds to bytes and takes steps from them: does it give the same bytes with `step` and `bias`, which are divided by
 * the quantizer's scale, as it does when the quantizer divides? For all bytes and outputs. */
static bool gives_same_bytes(
	struct ctx *c, const struct node *n, const struct quantizer *q, float step, const struct value *bias)
{
	const struct value *b = input(n, INTEGER_BIAS);
	const float *old_bias = b ? constant_floats(c, b) : NULL, *new_bias = bias ? constant_floats(c, bias) : NULL;
	const struct quantizer whole = { 1, q->zero, q->type };
	int64_t low = attribute_int(c, n, "low", 0), high = attribute_int(c, n, "high", 0);
	bool relu = has_act(c, n, "Relu");

	for (int64_t o = 0; o < (b ? value_elements(b) : 1); o++)
		for (int64_t x = low; x <= high; x++) {
			float was = (float)x * step_of(c, n), is = (float)x * step;
			if (b) {
				was += old_bias[o];
				is += new_bias[o];
			}
			if (relu) {
				was = fmaxf(was, 0);
				is = fmaxf(is, 0);
			}
			if (quantize(q, was) != quantize(&whole, is))
				return false;
		}
	return true;
}

/* The step between bytes of n and those of the quantizer behind it that gives the same bytes; 0 when none was found. */
static float step_between(struct ctx *c, const struct node *n, const struct quantizer *q, const struct value *bias)
{
	float step = step_of(c, n) / q->scale;
	const float tries[] = { step, nextafterf(step, 0), nextafterf(step, INFINITY) };

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		if (isfinite(tries[i]) && gives_same_bytes(c, n, q, tries[i], bias))
			return tries[i];
	return 0;
}

/* A QuantizeLinear behind floats. Multiplying by what was divided by its scale rounds elsewhere than dividing does;
 * where the factors are exact integers that is as good, and where they are bytes it must give the same. */
static bool absorb_quantizer(struct ctx *c, struct graph *g, struct node *n, struct node *reader)
{
	struct value *bias = input(n, INTEGER_BIAS), *scale = n->in[INTEGER_SCALE];
	struct quantizer q;

	if (!read_quantizer(c, reader, &q) || !is_op(reader, "QuantizeLinear") || input(n, INTEGER_RESIDUAL) ||
		(!has_act(c, n, "") && !has_act(c, n, "Relu")))
		return false;
	if (bias && !(bias = divided(c, bias, q.scale)))
		return false;
	if (step_of(c, n) > 0) {
		float step = step_between(c, n, &q, bias);
		if (!(step > 0))
			return false;
		set_attribute_float(c, n, "step", (double)step);
	} else {
		scale = divided(c, scale, q.scale);
		if (!scale)
			return false;
	}
	n->in[INTEGER_SCALE] = scale;
	n->in[INTEGER_BIAS] = bias;
	set_attribute_int(c, n, "y_zero", q.zero);
	absorb(c, g, n, reader, q.type);
	return true;
}

/* Constant numbers for each output that reader adds to v, or NULL. */
static struct value *added_bias(const struct node *n, const struct node *reader, const struct value *v)
{
	const struct value *w = n->in[INTEGER_W];
	int64_t outputs = w->rank == 2 ? w->dim[1] : w->dim[0];

	if (!is_op(reader, "Add") || !same_shape(reader->out[0], v))
		return NULL;
	struct value *b = reader->in[reader->in[0] == v];
	if (!b->data || b->type != RT_F32 || value_elements(b) != outputs)
		return NULL;
	int along = w->rank == 2 ? b->rank - 1 : b->rank - w->rank + 1;
	return along >= 0 && b->dim[along] == outputs ? b : NULL;
}

static bool absorb_bias(struct ctx *c, struct graph *g, struct node *n, struct node *reader)
{
	struct value *bias = added_bias(n, reader, n->out[0]);

	if (!bias || input(n, INTEGER_BIAS) || !has_act(c, n, "") || input(n, INTEGER_RESIDUAL))
		return false;
	n->in[INTEGER_BIAS] = bias;
	absorb(c, g, n, reader, RT_F32);
	return true;
}

static bool absorb_relu(struct ctx *c, struct graph *g, struct node *n, struct node *reader)
{
	if (!is_op(reader, "Relu") || !has_act(c, n, "") || input(n, INTEGER_RESIDUAL))
		return false;
	set_attribute_string(c, n, "act", "Relu");
	absorb(c, g, n, reader, RT_F32);
	return true;
}

static bool absorb_pool(struct ctx *c, struct graph *g, struct node *n, struct node *reader)
{
	if (!is_max_pool(c, reader, 2, 2, 0) || attribute_int(c, n, "pool", 0) || input(n, INTEGER_RESIDUAL) ||
		n->in[INTEGER_W]->rank != 4)
		return false;
	set_attribute_int(c, n, "pool", 2);
	absorb(c, g, n, reader, n->out[0]->type);
	return true;
}

/* Does somebody want v as bytes: a QuantizeLinear, perhaps behind a ReLU, or a product that takes its scale out? What
 * is read by nodes of another graph is left as it is. */
static bool is_wanted_as_bytes(const struct value *v)
{
	for (const struct node *n = v->def->next; n; n = n->next)
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] == v && (is_op(n, "QuantizeLinear") || is_op(n, "MaxPool") || is_op(n, "Relu") ||
									 is_op(n, "Conv") || is_op(n, "MatMul")))
				return true;
	return false;
}

/* Would n, once it has taken in the DequantizeLinear, end in bytes again? */
static bool becomes_bytes(struct ctx *c, const struct node *n, const struct value *v)
{
	const struct node *reader = only_reader(v);
	struct quantizer q;
	struct node like = *n;

	like.in = NEW(c, struct value *, INTEGER_INPUTS);
	memcpy(like.in, n->in, sizeof *n->in * INTEGER_INPUTS);
	if (is_op(reader, "Add") && (like.in[INTEGER_BIAS] = added_bias(n, reader, v)))
		reader = only_reader(reader->out[0]);
	if (is_op(reader, "Relu")) {
		like.attributes = own_attributes(c, n);
		set_attribute_string(c, &like, "act", "Relu");
		reader = only_reader(reader->out[0]);
	}
	if (!is_op(reader, "QuantizeLinear") || !read_quantizer(c, reader, &q))
		return false;
	const struct value *bias = like.in[INTEGER_BIAS];
	return (!bias || (bias = divided(c, bias, q.scale))) && step_between(c, &like, &q, bias) > 0;
}

/* A DequantizeLinear behind bytes: they are rounded to on the way. */
static bool absorb_dequantizer(struct ctx *c, struct graph *g, struct node *n, struct node *reader)
{
	const int64_t zero = attribute_int(c, n, "y_zero", 0);
	struct attribute *before = n->attributes;
	const enum rt_type type = n->out[0]->type;
	struct quantizer q;

	if (!is_op(reader, "DequantizeLinear") || !read_quantizer(c, reader, &q) || q.zero != zero || q.type != type ||
		step_of(c, n) > 0 || input(n, INTEGER_BIAS))
		return false;
	n->attributes = own_attributes(c, n);
	int64_t low = least_byte(type) - zero;
	set_attribute_int(c, n, "low", has_act(c, n, "Relu") && low < 0 ? 0 : low);
	set_attribute_int(c, n, "high", largest_byte(type) - zero);
	set_attribute_float(c, n, "step", (double)q.scale);
	set_attribute_string(c, n, "act", "");
	set_attribute_int(c, n, "y_zero", 0);
	if (is_wanted_as_bytes(reader->out[0]) && !becomes_bytes(c, n, reader->out[0])) {
		n->attributes = before;
		return false;
	}
	absorb(c, g, n, reader, RT_F32);
	return true;
}

static bool absorb_one(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *reader = only_reader(n->out[0]);

	if (!reader || !reader->n_out || reader->n_out != 1)
		return false;
	if (absorb_pool(c, g, n, reader))
		return true;
	if (n->out[0]->type == RT_F32)
		return absorb_quantizer(c, g, n, reader) || absorb_bias(c, g, n, reader) || absorb_relu(c, g, n, reader);
	return absorb_dequantizer(c, g, n, reader);
}

void absorb_epilogue(struct ctx *c, struct graph *g, struct node *n)
{
	while (is_internal(n, "IntegerProduct") && absorb_one(c, g, n))
		;
}
