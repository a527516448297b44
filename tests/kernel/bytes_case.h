/* Kernels that read and write bytes in the place of floats: they must give, in every build, the very bytes that a
 * QuantizeLinear would make of their floats, and what a DequantizeLinear in front of them would have them give. */
#ifndef BYTES_CASE_H
#define BYTES_CASE_H

#include "kernel_test.h"

/* Each operation rounds to a float: nothing may fuse them. */
static inline double quantized_float(float v, enum rt_type type, float scale, int32_t zero)
{
	volatile float quotient = v / scale;
	double low = type == RT_U8 ? 0 : -128;

	return isnan(v) ? 0 : fmin(fmax((double)rintf(quotient) + zero, low), low + 255);
}

static inline float dequantized_byte(const void *x, enum rt_type type, size_t i, float scale, int32_t zero)
{
	return (float)(element(x, type, i) - zero) * scale;
}

/* The n floats that `floats` makes, quantised, are the n bytes that `bytes` makes; the two cases differ in y_type,
 * y_scale and y_zero alone. And of these bytes at least some are neither the smallest nor the largest. */
static inline void check_bytes(
	kernel_call *call, const void *floats, const void *bytes, size_t n, enum rt_type type, float scale, int32_t zero)
{
	float *v = malloc(n * sizeof *v);
	uint8_t *y = malloc(n);

	ck_assert_msg(v && y, "out of memory");
	for (int build = 0; build < BUILDS; build++) {
		size_t inside = 0;
		if (build != OWN_BUILD && !level_is_tested(rt_isa_names[build]))
			continue;
		struct rt_run run = { &(struct gluec_options){ 0 } };
		call(floats, build, &run, v);
		call(bytes, build, &run, y);
		for (size_t i = 0; i < n; i++) {
			double expected = quantized_float(v[i], type, scale, zero), low = type == RT_U8 ? 0 : -128;
			ck_assert_msg(element(y, type, i) == expected, "build %d: byte %zu is %g, expected %g for %.9g", build, i,
				element(y, type, i), expected, (double)v[i]);
			inside += expected > low && expected < low + 255;
		}
		ck_assert_msg(inside > n / 4, "build %d: too few bytes say anything", build);
	}
	free(v);
	free(y);
}

/* The two cases give the same bits. */
static inline void check_same(kernel_call *call, const void *one, const void *other, size_t bytes)
{
	uint8_t *a = malloc(bytes), *b = malloc(bytes);

	ck_assert_msg(a && b, "out of memory");
	for (int build = 0; build < BUILDS; build++) {
		if (build != OWN_BUILD && !level_is_tested(rt_isa_names[build]))
			continue;
		struct rt_run run = { &(struct gluec_options){ 0 } };
		call(one, build, &run, a);
		call(other, build, &run, b);
		ck_assert_msg(!memcmp(a, b, bytes), "build %d", build);
	}
	free(a);
	free(b);
}

#endif
