/* What the passes over quantised graphs share: how tensors of small integers stand for numbers, (q - zero point) scale,
 * under ONNX QuantizeLinear-10 to 25. */
#ifndef QUANTIZED_H
#define QUANTIZED_H

#include "gluec.h"

/* quantizer.c: a QuantizeLinear or DequantizeLinear node between floats and bytes that has one constant scale, positive
 * and finite, and one constant zero point. */
struct quantizer {
	float scale;
	int64_t zero;
	enum rt_type type; /* RT_U8 or RT_I8 */
};
bool read_quantizer(struct ctx *c, const struct node *n, struct quantizer *to);
bool same_quantizer(const struct quantizer *a, const struct quantizer *b);
/* What such nodes compute, rounding for rounding. */
float dequantize(const struct quantizer *q, int64_t x);
int64_t quantize(const struct quantizer *q, float x);

/* quantized.c: the DequantizeLinear node behind v, if the file has one there whose parameters are constants for all of
 * v or for each slice along an axis; constants remember theirs. */
const struct node *dequantizer(struct ctx *c, const struct value *v);
/* Has the scale of d, which makes the weights w, one number, or one for each slice along `axis`? */
bool scales_slices(struct ctx *c, const struct node *d, const struct value *w, int axis);
/* q - zero point, for element i of what d makes; several zero points count along `axis`. */
int64_t integer_weight(const struct node *d, int axis, int64_t i);
/* Is d's bias quantised by `scale` (n numbers, 1 or one for each element), but for a rounding? Then *to are its
 * integers, which float holds exactly. */
bool read_integer_bias(const struct node *d, const struct value *bias, int64_t n, const float *scale, int64_t *to);

/* quantized.c: taking scales out of a product, a Conv or MatMul whose factors `left` and `right` make. */
/* left's scale, one number, times each of right's. */
float *multiply_scales(struct ctx *c, const struct node *left, const struct node *right);
/* n numbers as a constant that broadcasts to the product's result: one, or one for each output. */
struct value *for_outputs(struct ctx *c, const struct node *product, const char *name, int64_t n, const float *data);
/* A node of ONNX's operator `type` behind `last` that works on its output with a constant; its own output takes the
 * other's place. */
struct node *append_constant(
	struct ctx *c, struct graph *g, struct node *last, const char *type, struct value *constant);

/* integer_epilogue.c: what follows n, if that is a gluec.IntegerProduct, and can be computed in its epilogue becomes
 * part of it. */
void absorb_epilogue(struct ctx *c, struct graph *g, struct node *n);

/* The inputs of a gluec.IntegerProduct: see op/integer_product.c. */
enum { INTEGER_X, INTEGER_W, INTEGER_SUM, INTEGER_SCALE, INTEGER_BIAS, INTEGER_RESIDUAL, INTEGER_INPUTS };

#endif
