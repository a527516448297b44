/* Rounding to floats of 8 bits that stay floats, by vectors: what a QuantizeLinear and a DequantizeLinear around
 * activations do (ONNX 19 and later), with the numbers of narrow.h. */
#ifndef ROUND_NARROW_H
#define ROUND_NARROW_H

#include "narrow.h"
#include "vec.h"

/* Adding 2^(e + 23 - mantissa) to a number of exponent e and taking it away again rounds to the format's digits; the
 * exponents below the smallest normal number's share that one's. A NaN stays one. */
VEC_INLINE vec v_round_narrow(vec x, const struct narrow_format *f, float largest, float above)
{
	const float enough = 20; /* numbers of larger exponents are too large for the format, rounded or not */
	vec a = v_abs(x), exponent = v_min(v_max(v_exponent(a), v_set((float)(1 - f->bias))), v_set(enough));
	vec unit = v_pow2(v_add(exponent, v_set((float)(23 - f->mantissa))));

	a = v_sub(v_add(a, unit), unit);
	return v_copysign(v_select(v_less(v_set(largest), a), v_set(above), a), x);
}

/* Rounds n floats to those that `type` holds; false, having done nothing, for types other than E4M3FN and E5M2. */
static inline bool round_narrow(float *x, enum rt_type type, int32_t n)
{
	const struct narrow_format f = narrow_format(type);
	int32_t i = 0;

	if (type != RT_F8E4M3FN && type != RT_F8E5M2)
		return false;
	float largest = float_of_narrow(f.largest, type), above = float_of_narrow(f.above, type);
	for (; i + LANES <= n; i += LANES)
		v_store(x + i, v_round_narrow(v_load(x + i), &f, largest, above));
	if (i < n)
		v_store_n(x + i, v_round_narrow(v_load_n(x + i, n - i), &f, largest, above), n - i);
	return true;
}

/* The same for kernels' epilogues, where what is too large becomes the largest, and a NaN stays one. */
static inline void round_saturated(float *x, enum rt_type type, int32_t n)
{
	const struct narrow_format f = narrow_format(type);
	float largest = float_of_narrow(f.largest, type);

	for (int32_t i = 0; i < n; i += LANES) {
		vec limited = v_max(v_set(-largest), v_min(v_set(largest), v_load(x + i)));
		v_store(x + i, v_round_narrow(limited, &f, largest, largest));
	}
}

#endif
