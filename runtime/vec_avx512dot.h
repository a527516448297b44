/* AVX-512 with VNNI and BF16 (AMD Zen 4 and Intel Sapphire Rapids on). Vectors are AVX-512's, so that whatever does not
 * ask for products of small numbers gives the same bits as there. See vec.h for what each function does. */
#ifndef VEC_AVX512DOT_H
#define VEC_AVX512DOT_H

#include "base_avx512.h"

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

#define VEC_DOT_BF16

enum { PAIR_ROWS = TILE_ROWS };

typedef __m512i vec_pairs;

VEC_INLINE vec_pairs v_pairs(const uint16_t *p)
{
	return _mm512_loadu_si512(p);
}

VEC_INLINE vec_pairs v_pair(const uint16_t *p)
{
	int32_t pair;

	memcpy(&pair, p, sizeof pair);
	return _mm512_set1_epi32(pair);
}

/* VDPBF16PS: the second pair's product is added, then the first one's, each sum rounded to nearest: off by 2^-24 of it
 * at most. */
VEC_INLINE vec v_dot_pairs(vec sum, vec_pairs a, vec_pairs b)
{
	return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

/* Pairs of the numbers from a on and from b on, for vpermw and vpermt2w. */
VEC_INLINE __m512i v_zip_places(int a, int b)
{
	__m512i i = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

	return _mm512_or_si512(
		_mm512_add_epi32(i, _mm512_set1_epi32(a)), _mm512_slli_epi32(_mm512_add_epi32(i, _mm512_set1_epi32(b)), 16));
}

VEC_INLINE void v_zip(uint16_t *to, const uint16_t *a, const uint16_t *b)
{
	__m512i first = _mm512_loadu_si512(a), second = _mm512_loadu_si512(b);

	_mm512_storeu_si512(to, _mm512_permutex2var_epi16(first, v_zip_places(0, 32), second));
	_mm512_storeu_si512(to + 2 * LANES, _mm512_permutex2var_epi16(first, v_zip_places(16, 48), second));
}

VEC_INLINE void v_narrow(uint16_t *p, vec a)
{
	_mm256_storeu_si256((void *)p, (__m256i)_mm512_cvtneps_pbh(a));
}

VEC_INLINE void v_narrow_pairs(uint16_t *p, vec a, vec b)
{
	__m512i both = (__m512i)_mm512_cvtne2ps_pbh(b, a);

	_mm512_storeu_si512(p, _mm512_permutexvar_epi16(v_zip_places(0, 16), both));
}

#endif
