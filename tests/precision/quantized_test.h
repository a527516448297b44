/* Quantised tensors for graphs in memory. */
#ifndef QUANTIZED_TEST_H
#define QUANTIZED_TEST_H

#include "pass_test.h"

/* DequantizeLinear of q, whose zero point has q's type (u8 before that is inferred). */
struct value *dequantized(struct op_test *t, const char *name, struct value *q, struct value *scale, double zero);
/* n constants of the width that they have in a quantised model, so that sums of floats are not exact by chance. */
struct value *numbers(struct op_test *t, const char *shape, int n, int least, int most, unsigned seed);
/* A tensor of u8 or i8 that is computed while the model runs, as numbers, by the scale 0.0137. */
struct value *activations(struct op_test *t, const char *shape, enum rt_type type, double zero);
/* QuantizeLinear to u8 with the zero point 128. */
struct value *quantize_by(struct op_test *t, const char *name, struct value *y, float scale);

#endif
