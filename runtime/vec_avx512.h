/* AVX-512 with F, BW, DQ and VL (Intel Skylake-SP and AMD Zen 4 on), where bytes are multiplied as numbers of 16 bits.
 * See vec.h for what each function does. */
#ifndef VEC_AVX512_H
#define VEC_AVX512_H

#include "base_avx512.h"

/* Bytes as numbers of 16 bits, the even ones and the odd ones: products of bytes in pairs (vpmaddubsw) would saturate.
 */
typedef struct {
	__m512i even, odd;
} vec_group, vec_bytes;

VEC_INLINE vec_group v_group(const uint8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof four);
	__m512i x = _mm512_set1_epi32(four);
	return (vec_group){ _mm512_and_si512(x, _mm512_set1_epi16(0xff)), _mm512_srli_epi16(x, 8) };
}

VEC_INLINE vec_bytes v_load_bytes(const int8_t *p)
{
	__m512i w = _mm512_loadu_si512(p);

	return (vec_bytes){ _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), _mm512_srai_epi16(w, 8) };
}

VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	__m512i even = _mm512_madd_epi16(x.even, w.even), odd = _mm512_madd_epi16(x.odd, w.odd);

	return _mm512_add_epi32(_mm512_add_epi32(a, even), odd);
}

#endif
