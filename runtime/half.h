/* Conversions between float and the two 16-bit storage types, IEEE 754 binary16 ("half") and bfloat16. All values are
 * handled, subnormals, infinities and NaN included; narrowing rounds to nearest, ties to even, and a NaN stays a NaN
 * (made quiet, upper payload bits kept) as the conversion instructions of x86 and Arm do. */
#ifndef HALF_H
#define HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits;
}

static inline float float_of_bits(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

static inline float float_of_half(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
	float f;

	if (magnitude > 0x7c00)
		return float_of_bits(sign | 0x7fc00000 | magnitude << 13);
	if (magnitude == 0x7c00)
		return float_of_bits(sign | 0x7f800000);
	if (magnitude >= 0x400)
		return float_of_bits(sign | ((magnitude << 13) + ((uint32_t)112 << 23)));
	f = (float)magnitude * 0x1p-24f;
	return sign ? -f : f;
}

static inline uint16_t half_of_float(float f)
{
	uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
	uint32_t mantissa, shift, half, rest, tie;

	if (magnitude > 0x7f800000)
		return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
	if (magnitude >= 0x47800000) /* 65536 */
		return (uint16_t)(sign | 0x7c00);
	if (magnitude >= 0x38800000) { /* 2^-14, the smallest normal half; a carry may reach infinity, rightly */
		magnitude -= (uint32_t)112 << 23;
		return (uint16_t)(sign | (magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13);
	}
	/* A subnormal half counts steps of 2^-24: shift the mantissa there, and round by what falls off. */
	shift = 126 - (magnitude >> 23);
	if (shift > 24)
		return (uint16_t)sign;
	mantissa = (magnitude & 0x7fffff) | 0x800000;
	half = mantissa >> shift;
	rest = mantissa & (((uint32_t)1 << shift) - 1);
	tie = (uint32_t)1 << (shift - 1);
	half += rest > tie || (rest == tie && (half & 1));
	return (uint16_t)(sign | half);
}

static inline float float_of_bfloat(uint16_t b)
{
	uint32_t bits = (uint32_t)b << 16;

	return float_of_bits((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : bits);
}

static inline uint16_t bfloat_of_float(float f)
{
	uint32_t bits = float_bits(f);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* The two bfloat16 that stand for f together, as RT_BF16X2 (rt.h) says: part[0] is hi, part[1] lo. f must be finite,
 * and of a magnitude that bfloat16 holds: below 0x1.ffp127. */
static inline void split_float(float f, uint16_t part[2])
{
	part[0] = bfloat_of_float(f);
	part[1] = bfloat_of_float(f - float_of_bfloat(part[0]));
}

#endif
