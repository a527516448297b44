/* AVX-512 with VNNI and BF16 (AMD Zen 4 and Intel Sapphire Rapids on). Vectors are AVX-512's, so that whatever does not
 * ask for products of small numbers gives the same bits as there. See vec.h for what each function does. */
#ifndef VEC_AVX512DOT_H
#define VEC_AVX512DOT_H

#include "vec_avx512.h"

typedef __m512i vec_group, vec_bytes;

VEC_INLINE vec_group v_group(const uint8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof four);
	return _mm512_set1_epi32(four);
}

VEC_INLINE vec_bytes v_load_bytes(const int8_t *p)
{
	return _mm512_loadu_si512(p);
}

VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	return _mm512_dpbusd_epi32(a, x, w);
}

#endif
