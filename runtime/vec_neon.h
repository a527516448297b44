/* Advanced SIMD ("NEON") as every 64-bit Arm processor has it. See vec.h for what each function does. */
#ifndef VEC_NEON_H
#define VEC_NEON_H

#include "base_neon.h"

/* Each sum is held in two parts, two lanes side by side, for which there are twice as many registers. Two products of
 * signed bytes may not be added in 16 bits. */
enum { DOT_ROWS = 3, DOT_PANELS = 1 };

typedef struct {
	int32x4_t low, high;
} vec_sums;

VEC_INLINE vec_sums v_load_sums(const int32_t *p)
{
	int32x4_t a = vld1q_s32(p), zero = vdupq_n_s32(0);

	return (vec_sums){ vzip1q_s32(a, zero), vzip2q_s32(a, zero) };
}

VEC_INLINE void v_store_sums(int32_t *p, vec_sums a)
{
	vst1q_s32(p, vpaddq_s32(a.low, a.high));
}

VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	a.low = vpadalq_s16(a.low, vmull_s8(vget_low_s8(x), vget_low_s8(w)));
	a.high = vpadalq_s16(a.high, vmull_high_s8(x, w));
	return a;
}

#endif
