/* QuantizeLinear and DequantizeLinear by numbers that are known: y = saturate(round(x / scale) + zero point) and back,
 * with the roundings of op/quantize.c. */
#include "quantized.h"
#include <math.h>

bool read_quantizer(struct ctx *c, const struct node *n, struct quantizer *to)
{
	bool quantizes = is_op(n, "QuantizeLinear");
	double scale;

	if ((!quantizes && !is_op(n, "DequantizeLinear")) || attribute_int(c, n, "block_size", 0))
		return false;
	const struct value *q = quantizes ? n->out[0] : n->in[0], *x = quantizes ? n->in[0] : n->out[0];
	const struct value *zero = input(n, 2);
	if (!is_byte_type(q->type) || x->type != RT_F32 || n->in[1]->type != RT_F32 || attribute_int(c, n, "precision", 0))
		return false;
	if (!constant_scalar(n->in[1], &scale) || !isnormal((float)scale) || !(scale > 0))
		return false;
	if (zero && (!zero->data || value_elements(zero) != 1))
		return false;
	*to = (struct quantizer){ (float)scale, zero ? constant_int(zero, 0) : 0, q->type };
	return true;
}

bool same_quantizer(const struct quantizer *a, const struct quantizer *b)
{
	return a->scale == b->scale && a->zero == b->zero && a->type == b->type;
}

float dequantize(const struct quantizer *q, int64_t x)
{
	return (float)(x - q->zero) * q->scale;
}

int64_t quantize(const struct quantizer *q, float x)
{
	const float low = q->type == RT_U8 ? 0 : -128, high = q->type == RT_U8 ? 255 : 127;
	float y = rintf(x / q->scale);

	y = y + (float)q->zero;
	return (int64_t)fminf(fmaxf(y, low), high);
}
