/* Rows of floats from and to quantised bytes, as rt_bytes.h says. */
#ifndef MICRO_BYTES_H
#define MICRO_BYTES_H

#include "element.h"

/* Between floats and bytes of a type; low and high are what rounds to its limits, before zero is added. */
struct quantizer {
	float scale, low, high;
	int32_t zero;
};

static inline struct quantizer quantizer_of(enum rt_type type, float scale, int32_t zero)
{
	float low = (float)(smallest_integer(type) - zero);

	return (struct quantizer){ scale, low, low + UINT8_MAX, zero };
}

/* LANES bytes. Cut off first, then rounded: the limits are integers. */
VEC_INLINE void v_quantize(const struct quantizer *q, uint8_t *y, vec x)
{
	v_store_bytes(y, v_min(v_max(v_div(x, v_set(q->scale)), v_set(q->low)), v_set(q->high)), q->zero);
}

static inline void quantize_floats(const struct quantizer *q, uint8_t *restrict y, const float *restrict x, int32_t n)
{
	int32_t i = 0, others = 0;

	for (; i + LANES <= n; i += LANES)
		v_quantize(q, y + i, v_load(x + i));
	if (i < n) {
		uint8_t last[LANES];
		v_quantize(q, last, v_load_n(x + i, n - i));
		memcpy(y + i, last, (size_t)(n - i));
	}
	for (i = 0; i < n; i++)
		others += x[i] != x[i];
	/* No limit orders what is not a number. */
	for (i = 0; i < n && others; i++)
		y[i] = x[i] == x[i] ? y[i] : 0;
}

static inline void dequantize_floats(
	float *restrict y, const void *x, enum rt_type type, float scale, int32_t zero, int32_t n)
{
	const uint8_t *restrict unsigned_x = x;
	const int8_t *restrict signed_x = x;

	if (type == RT_U8)
		for (int32_t i = 0; i < n; i++)
			y[i] = (float)(unsigned_x[i] - zero) * scale;
	else
		for (int32_t i = 0; i < n; i++)
			y[i] = (float)(signed_x[i] - zero) * scale;
}

/* n elements of the tensor y of a float type or of bytes, from number `at` on. */
static inline void store_row(
	const struct quantizer *q, void *y, enum rt_type type, ptrdiff_t at, const float *x, int32_t n)
{
	if (rt_is_byte(type))
		quantize_floats(q, (uint8_t *)y + at, x, n);
	else
		store_floats(element_to(y, type, at), x, type, 1, n);
}

#endif
