/* Advanced SIMD with dot products of bytes (FEAT_DotProd: Arm Cortex-A55 and A76, Neoverse N1, Apple A13 on).
 * Vectors of floats are those of neon, so that whatever does not multiply bytes gives the same bits as there. See vec.h
 * for what each function does. */
#ifndef VEC_NEONDOT_H
#define VEC_NEONDOT_H

#include "base_neon.h"

/* 6 x 16 sums as of floats. */
enum { DOT_ROWS = 6, DOT_PANELS = 1 };

typedef int32x4_t vec_sums;

VEC_INLINE vec_sums v_load_sums(const int32_t *p)
{
	return vld1q_s32(p);
}

VEC_INLINE void v_store_sums(int32_t *p, vec_sums a)
{
	vst1q_s32(p, a);
}

VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	return vdotq_s32(a, x, w);
}

#endif
