/* Conversions between float and the floating-point types of 8 and 4 bits that ONNX has: OFP8 E4M3 and E5M2 (Open
 * Compute Project 2023) as "FN" and plain, their "FNUZ" forms with one zero and one NaN (Noune et al. 2022), and the
 * E2M1 and E8M0 of the microscaling formats (Open Compute Project 2023). Narrowing rounds to nearest, ties to even;
 * what is too large becomes infinity, else NaN, and in E2M1, which has neither, the largest. E8M0 holds only powers of
 * two and narrowing drops sign and mantissa. */
#ifndef NARROW_H
#define NARROW_H

#include "half.h"
#include "rt.h"

/* A format with a sign, and codes without it: the largest number, what is above it, and NaN (with the sign's bit). */
struct narrow_format {
	int mantissa, bias;
	uint8_t sign, largest, above, nan;
};

static inline bool is_narrow_float(enum rt_type type)
{
	return (type >= RT_F8E4M3FN && type <= RT_F8E5M2FNUZ) || type == RT_F4E2M1 || type == RT_F8E8M0;
}

static inline struct narrow_format narrow_format(enum rt_type type)
{
	switch (type) {
	case RT_F8E4M3FN:
		return (struct narrow_format){ 3, 7, 0x80, 0x7e, 0x7f, 0x7f };
	case RT_F8E4M3FNUZ:
		return (struct narrow_format){ 3, 8, 0x80, 0x7f, 0x80, 0x80 };
	case RT_F8E5M2:
		return (struct narrow_format){ 2, 15, 0x80, 0x7b, 0x7c, 0x7e };
	case RT_F8E5M2FNUZ:
		return (struct narrow_format){ 2, 16, 0x80, 0x7f, 0x80, 0x80 };
	default: /* RT_F4E2M1: a NaN becomes -0 */
		return (struct narrow_format){ 1, 1, 0x8, 0x7, 0x7, 0x8 };
	}
}

/* 2 to the power of n, for a normal number. */
static inline float power_of_two(int n)
{
	return float_of_bits((uint32_t)(n + 127) << 23);
}

static inline float float_of_narrow(uint8_t code, enum rt_type type)
{
	const struct narrow_format f = narrow_format(type);
	uint32_t magnitude = code & (f.sign - 1u);
	float x;

	if (type == RT_F8E8M0)
		return float_of_bits(code == 0xff ? 0x7fc00000 : code ? (uint32_t)code << 23 : 0x400000);
	if (f.nan == f.sign && type != RT_F4E2M1 && code == f.nan)
		return float_of_bits(0x7fc00000);
	if (magnitude > f.largest)
		x = float_of_bits(magnitude == f.above && f.above != f.nan ? 0x7f800000 : 0x7fc00000);
	else if (magnitude >> f.mantissa == 0)
		x = (float)magnitude * power_of_two(1 - f.bias - f.mantissa);
	else
		x = float_of_bits((magnitude << (23 - f.mantissa)) + ((uint32_t)(127 - f.bias) << 23));
	return code & f.sign ? -x : x;
}

/* Rounds |x| to a multiple of the format's smallest number: exact, because a float holds all of them below 2^24. */
static inline uint32_t narrow_subnormal(float x, const struct narrow_format *f)
{
	const float round = 0x1p23f; /* adding it leaves no bits behind the point */
	volatile float sum = x * power_of_two(f->bias + f->mantissa - 1) + round;

	return (uint32_t)(sum - round);
}

static inline uint8_t narrow_of_float(float x, enum rt_type type)
{
	const struct narrow_format f = narrow_format(type);
	uint32_t bits = float_bits(x), magnitude = bits & 0x7fffffff, code;
	uint8_t sign = bits >> 31 ? f.sign : 0;

	if (type == RT_F8E8M0)
		return (uint8_t)(magnitude >> 23);
	if (magnitude > 0x7f800000)
		return f.nan == f.sign ? f.nan : (uint8_t)(sign | f.nan);
	if (magnitude >> 23 < 128u - (uint32_t)f.bias) {
		code = narrow_subnormal(float_of_bits(magnitude), &f);
	} else {
		const int drop = 23 - f.mantissa;
		magnitude -= (uint32_t)(127 - f.bias) << 23;
		code = (magnitude + ((uint32_t)1 << (drop - 1)) - 1 + (magnitude >> drop & 1)) >> drop;
	}
	code = code > f.largest ? f.above : code;
	if (f.nan == f.sign && type != RT_F4E2M1 && (code == 0 || code == f.nan))
		return (uint8_t)code;
	return (uint8_t)(sign | code);
}

#endif
