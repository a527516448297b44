/* Vectors of sixteen floats, by AVX-512 with F, BW, DQ and VL: what the levels with AVX-512 have in common. Each adds
 * its own way to multiply bytes, vec_group to v_dot. See vec.h for what each function does. */
#ifndef BASE_AVX512_H
#define BASE_AVX512_H

#include <immintrin.h>

/* Two loads and two multiply-adds start in a cycle. With 8 rows by 2 panels ten loads feed sixteen multiply-adds, and
 * the rows' pointers have general registers. One panel by 16 or 24 rows needs a load for each multiply-add and was 10
 * to 20 % slower; 12 rows by 2 panels and 6 by 4 gained nothing, and leave more of the last rows of a block unused. */
enum { LANES = 16, TILE_ROWS = 8, TILE_PANELS = 2 };

typedef __m512 vec;
typedef __mmask16 vec_mask;

VEC_INLINE vec v_load(const float *p)
{
	return _mm512_loadu_ps(p);
}

VEC_INLINE void v_store(float *p, vec a)
{
	_mm512_storeu_ps(p, a);
}

VEC_INLINE void v_stream(float *p, vec a)
{
	_mm512_stream_ps(p, a);
}

VEC_INLINE void v_stream_end(void)
{
	_mm_sfence();
}

VEC_INLINE vec_mask v_first(int n)
{
	return (vec_mask)((1u << n) - 1);
}

VEC_INLINE vec v_load_n(const float *p, int n)
{
	return _mm512_maskz_loadu_ps(v_first(n), p);
}

VEC_INLINE void v_store_n(float *p, vec a, int n)
{
	_mm512_mask_storeu_ps(p, v_first(n), a);
}

VEC_INLINE vec v_load_half(const uint16_t *p)
{
	return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
}

VEC_INLINE void v_store_half(uint16_t *p, vec a)
{
	_mm256_storeu_si256((void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

VEC_INLINE vec v_load_bfloat(const uint16_t *p)
{
	__m512i bits = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16);

	/* Multiplying by one makes a NaN quiet and changes nothing else. */
	return _mm512_mul_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(1.0f));
}

VEC_INLINE void v_load_pairs(const uint16_t *p, vec *a, vec *b)
{
	__m512i pairs = _mm512_loadu_si512(p);

	*a = _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
	*b = _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(-65536)));
}

/* Not vcvtneps2bf16 of AVX512_BF16, which takes subnormal numbers for 0. */
VEC_INLINE void v_store_bfloat(uint16_t *p, vec a)
{
	__m512i bits = _mm512_castps_si512(a);
	__m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
	__m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
	__mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
	__m512i high = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));

	_mm256_storeu_si256((void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(high, 16)));
}

VEC_INLINE vec v_set(float f)
{
	return _mm512_set1_ps(f);
}

VEC_INLINE vec v_add(vec a, vec b)
{
	return _mm512_add_ps(a, b);
}

VEC_INLINE vec v_sub(vec a, vec b)
{
	return _mm512_sub_ps(a, b);
}

VEC_INLINE vec v_mul(vec a, vec b)
{
	return _mm512_mul_ps(a, b);
}

VEC_INLINE vec v_div(vec a, vec b)
{
	return _mm512_div_ps(a, b);
}

VEC_INLINE vec v_sqrt(vec a)
{
	return _mm512_sqrt_ps(a);
}

VEC_INLINE vec v_abs(vec a)
{
	return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a);
}

VEC_INLINE vec v_fma(vec a, vec b, vec c)
{
	return _mm512_fmadd_ps(a, b, c);
}

VEC_INLINE vec v_min(vec a, vec b)
{
	return _mm512_min_ps(a, b);
}

VEC_INLINE vec v_max(vec a, vec b)
{
	return _mm512_max_ps(a, b);
}

VEC_INLINE vec v_copysign(vec a, vec b)
{
	return _mm512_or_ps(v_abs(a), _mm512_and_ps(_mm512_set1_ps(-0.0f), b));
}

VEC_INLINE vec v_round(vec a)
{
	return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

VEC_INLINE vec v_pow2(vec a)
{
	return _mm512_scalef_ps(_mm512_set1_ps(1.0f), a);
}

VEC_INLINE vec v_scale(vec a, vec n)
{
	return _mm512_scalef_ps(a, n);
}

VEC_INLINE vec v_exponent(vec a)
{
	return _mm512_getexp_ps(a);
}

VEC_INLINE vec v_mantissa(vec a)
{
	return _mm512_getmant_ps(a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
}

VEC_INLINE vec_mask v_less(vec a, vec b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

VEC_INLINE vec v_select(vec_mask m, vec a, vec b)
{
	return _mm512_mask_blend_ps(m, b, a);
}

VEC_INLINE float v_sum(vec a)
{
	__m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

VEC_INLINE float v_largest(vec a)
{
	__m256 half = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
	__m128 s = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));

	s = _mm_max_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* Four columns of sixteen rows at a time: rows i, i + 4, i + 8 and i + 12 in the quarters of a register make the
 * transposition of 16 x 4 that of four 4 x 4 side by side. */
VEC_INLINE void v_transpose(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step)
{
	for (int j = 0; j < LANES; j += 4) {
		__m512 row[4];
		for (int i = 0; i < 4; i++) {
			const float *p = from + i * from_step + j;
			row[i] = _mm512_castps128_ps512(_mm_loadu_ps(p));
			row[i] = _mm512_insertf32x4(row[i], _mm_loadu_ps(p + 4 * from_step), 1);
			row[i] = _mm512_insertf32x4(row[i], _mm_loadu_ps(p + 8 * from_step), 2);
			row[i] = _mm512_insertf32x4(row[i], _mm_loadu_ps(p + 12 * from_step), 3);
		}
		__m512 low01 = _mm512_unpacklo_ps(row[0], row[1]), low23 = _mm512_unpacklo_ps(row[2], row[3]);
		__m512 high01 = _mm512_unpackhi_ps(row[0], row[1]), high23 = _mm512_unpackhi_ps(row[2], row[3]);
		v_store(to + (j + 0) * to_step, _mm512_shuffle_ps(low01, low23, _MM_SHUFFLE(1, 0, 1, 0)));
		v_store(to + (j + 1) * to_step, _mm512_shuffle_ps(low01, low23, _MM_SHUFFLE(3, 2, 3, 2)));
		v_store(to + (j + 2) * to_step, _mm512_shuffle_ps(high01, high23, _MM_SHUFFLE(1, 0, 1, 0)));
		v_store(to + (j + 3) * to_step, _mm512_shuffle_ps(high01, high23, _MM_SHUFFLE(3, 2, 3, 2)));
	}
}

typedef __m512i vec_sums;

VEC_INLINE vec_sums v_load_sums(const int32_t *p)
{
	return _mm512_loadu_si512(p);
}

VEC_INLINE void v_store_sums(int32_t *p, vec_sums a)
{
	_mm512_storeu_si512(p, a);
}

VEC_INLINE vec v_of_sums(const int32_t *p, const int32_t *q)
{
	return _mm512_cvtepi32_ps(_mm512_add_epi32(v_load_sums(p), v_load_sums(q)));
}

VEC_INLINE void v_store_bytes(uint8_t *p, vec a, int32_t n)
{
	__m512i integers = _mm512_cvt_roundps_epi32(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);

	_mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8(_mm512_add_epi32(integers, _mm512_set1_epi32(n))));
}

enum { DOT_ROWS = 8, DOT_PANELS = 2, DOT_SIGNED = 0 };

#endif
