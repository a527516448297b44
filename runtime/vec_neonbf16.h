/* Advanced SIMD with dot products of bytes and of bfloat16 (FEAT_BF16: Arm Cortex-A510, A710, X2 and Neoverse V1, N2
 * on, Apple M2 on). Whatever does not ask for products of bfloat16 gives the same bits as neondot. See vec.h for what
 * each function does. */
#ifndef VEC_NEONBF16_H
#define VEC_NEONBF16_H

#include "vec_neondot.h"

#define VEC_DOT_BF16

/* 4 x 16 sums take sixteen registers: enough of them to wait for none, and rows that divide the channels of a head. */
enum { PAIR_ROWS = 4 };

typedef bfloat16x8_t vec_pairs;

VEC_INLINE vec_pairs v_pairs(const uint16_t *p)
{
	return vreinterpretq_bf16_u16(vld1q_u16(p));
}

VEC_INLINE vec_pairs v_pair(const uint16_t *p)
{
	uint32_t pair;

	memcpy(&pair, p, sizeof pair);
	return vreinterpretq_bf16_u32(vdupq_n_u32(pair));
}

/* BFDOT (Arm Architecture Reference Manual for A-profile): the two products, exact for numbers that are normal, are
 * added to each other first, and their sum to `sum`. Either addition is rounded to odd: what does not fit makes the
 * last bit one. So it is off by less than 2^-23 of its result, where rounding to nearest is by half as much, in either
 * direction alike. */
VEC_INLINE vec v_dot_pairs(vec sum, vec_pairs a, vec_pairs b)
{
	return vbfdotq_f32(sum, a, b);
}

VEC_INLINE void v_zip(uint16_t *to, const uint16_t *a, const uint16_t *b)
{
	uint16x8_t first = vld1q_u16(a), second = vld1q_u16(b);

	vst1q_u16(to, vzip1q_u16(first, second));
	vst1q_u16(to + 2 * LANES, vzip2q_u16(first, second));
}

VEC_INLINE void v_narrow(uint16_t *p, vec a)
{
	vst1_u16(p, vreinterpret_u16_bf16(vcvt_bf16_f32(a)));
}

VEC_INLINE void v_narrow_pairs(uint16_t *p, vec a, vec b)
{
	static const uint8_t places[16] = { 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15 };
	uint8x16_t both = vreinterpretq_u8_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(a), b));

	vst1q_u16(p, vreinterpretq_u16_u8(vqtbl1q_u8(both, vld1q_u8(places))));
}

#endif
