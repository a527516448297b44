/* Vectors of eight floats: AVX2 with FMA and F16C. See vec.h for what each function does. */
#ifndef VEC_AVX2_H
#define VEC_AVX2_H

#include <immintrin.h>

/* Sixteen registers: 6 x 16 sums take twelve, a row of weights two, the broadcast one. */
enum { LANES = 8, TILE_ROWS = 6, TILE_PANELS = 1 };

typedef __m256 vec;
typedef __m256 vec_mask;

VEC_INLINE vec v_load(const float *p)
{
	return _mm256_loadu_ps(p);
}

VEC_INLINE void v_store(float *p, vec a)
{
	_mm256_storeu_ps(p, a);
}

VEC_INLINE void v_stream(float *p, vec a)
{
	_mm256_stream_ps(p, a);
}

VEC_INLINE void v_stream_end(void)
{
	_mm_sfence();
}

VEC_INLINE __m256i v_first(int n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

VEC_INLINE vec v_load_n(const float *p, int n)
{
	return _mm256_maskload_ps(p, v_first(n));
}

VEC_INLINE void v_store_n(float *p, vec a, int n)
{
	_mm256_maskstore_ps(p, v_first(n), a);
}

VEC_INLINE vec v_load_half(const uint16_t *p)
{
	return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p));
}

VEC_INLINE void v_store_half(uint16_t *p, vec a)
{
	_mm_storeu_si128((void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

VEC_INLINE vec v_load_bfloat(const uint16_t *p)
{
	__m256 a = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));

	/* Multiplying by one makes a NaN quiet and changes nothing else. */
	return _mm256_mul_ps(a, _mm256_set1_ps(1.0f));
}

VEC_INLINE void v_load_pairs(const uint16_t *p, vec *a, vec *b)
{
	__m256i pairs = _mm256_loadu_si256((const void *)p);

	*a = _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
	*b = _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-65536)));
}

VEC_INLINE void v_store_bfloat(uint16_t *p, vec a)
{
	__m256i bits = _mm256_castps_si256(a);
	__m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
	__m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
	__m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
	__m256 nan = _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
	__m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(nan)), 16);

	_mm_storeu_si128((void *)p, _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)));
}

VEC_INLINE vec v_set(float f)
{
	return _mm256_set1_ps(f);
}

VEC_INLINE vec v_add(vec a, vec b)
{
	return _mm256_add_ps(a, b);
}

VEC_INLINE vec v_sub(vec a, vec b)
{
	return _mm256_sub_ps(a, b);
}

VEC_INLINE vec v_mul(vec a, vec b)
{
	return _mm256_mul_ps(a, b);
}

VEC_INLINE vec v_div(vec a, vec b)
{
	return _mm256_div_ps(a, b);
}

VEC_INLINE vec v_sqrt(vec a)
{
	return _mm256_sqrt_ps(a);
}

VEC_INLINE vec v_abs(vec a)
{
	return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

VEC_INLINE vec v_fma(vec a, vec b, vec c)
{
	return _mm256_fmadd_ps(a, b, c);
}

VEC_INLINE vec v_min(vec a, vec b)
{
	return _mm256_min_ps(a, b);
}

VEC_INLINE vec v_max(vec a, vec b)
{
	return _mm256_max_ps(a, b);
}

VEC_INLINE vec v_copysign(vec a, vec b)
{
	return _mm256_or_ps(v_abs(a), _mm256_and_ps(_mm256_set1_ps(-0.0f), b));
}

VEC_INLINE vec v_round(vec a)
{
	return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 1.5 * 2^23 is a float whose low bits count ones: adding it puts a + 127 where a shift makes it an exponent. */
VEC_INLINE vec v_pow2(vec a)
{
	__m256i bits = _mm256_castps_si256(_mm256_add_ps(a, _mm256_set1_ps(12582912.0f + 127)));

	return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}

/* 2^-127 comes out as 0. */
VEC_INLINE vec v_scale(vec a, vec n)
{
	return v_mul(a, v_pow2(v_max(n, v_set(-127.0f))));
}

VEC_INLINE vec v_exponent(vec a)
{
	__m256i exponent = _mm256_srli_epi32(_mm256_castps_si256(a), 23);

	return _mm256_cvtepi32_ps(_mm256_sub_epi32(exponent, _mm256_set1_epi32(127)));
}

VEC_INLINE vec v_mantissa(vec a)
{
	__m256 fraction = _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffff)));

	return _mm256_or_ps(fraction, _mm256_set1_ps(1.0f));
}

VEC_INLINE vec_mask v_less(vec a, vec b)
{
	return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

VEC_INLINE vec v_select(vec_mask m, vec a, vec b)
{
	return _mm256_blendv_ps(b, a, m);
}

VEC_INLINE float v_sum(vec a)
{
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

VEC_INLINE float v_largest(vec a)
{
	__m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

	s = _mm_max_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* Four columns of eight rows at a time: row i in the low half of a register and row i + 4 in the high one make the
 * transposition of 8 x 4 that of two 4 x 4 side by side. */
VEC_INLINE void v_transpose(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step)
{
	for (int j = 0; j < LANES; j += 4) {
		__m256 row[4];
		for (int i = 0; i < 4; i++)
			row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from + i * from_step + j)),
				_mm_loadu_ps(from + (i + 4) * from_step + j), 1);
		__m256 low01 = _mm256_unpacklo_ps(row[0], row[1]), low23 = _mm256_unpacklo_ps(row[2], row[3]);
		__m256 high01 = _mm256_unpackhi_ps(row[0], row[1]), high23 = _mm256_unpackhi_ps(row[2], row[3]);
		v_store(to + (j + 0) * to_step, _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(1, 0, 1, 0)));
		v_store(to + (j + 1) * to_step, _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(3, 2, 3, 2)));
		v_store(to + (j + 2) * to_step, _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(1, 0, 1, 0)));
		v_store(to + (j + 3) * to_step, _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(3, 2, 3, 2)));
	}
}

/* Sixteen registers: 4 x 16 sums take eight, the two halves of a row of weights four, those of x two. */
enum { DOT_ROWS = 4, DOT_PANELS = 1, DOT_SIGNED = 0 };

typedef __m256i vec_sums;

/* Bytes as numbers of 16 bits, the even ones and the odd ones: products of bytes in pairs (vpmaddubsw) would saturate.
 */
typedef struct {
	__m256i even, odd;
} vec_group, vec_bytes;

VEC_INLINE vec_sums v_load_sums(const int32_t *p)
{
	return _mm256_loadu_si256((const void *)p);
}

VEC_INLINE void v_store_sums(int32_t *p, vec_sums a)
{
	_mm256_storeu_si256((void *)p, a);
}

VEC_INLINE vec_group v_group(const uint8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof four);
	__m256i x = _mm256_set1_epi32(four);
	return (vec_group){ _mm256_and_si256(x, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(x, 8) };
}

VEC_INLINE vec_bytes v_load_bytes(const int8_t *p)
{
	__m256i w = _mm256_loadu_si256((const void *)p);

	return (vec_bytes){ _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), _mm256_srai_epi16(w, 8) };
}

VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	__m256i even = _mm256_madd_epi16(x.even, w.even), odd = _mm256_madd_epi16(x.odd, w.odd);

	return _mm256_add_epi32(_mm256_add_epi32(a, even), odd);
}

VEC_INLINE vec v_of_sums(const int32_t *p, const int32_t *q)
{
	return _mm256_cvtepi32_ps(_mm256_add_epi32(v_load_sums(p), v_load_sums(q)));
}

VEC_INLINE void v_store_bytes(uint8_t *p, vec a, int32_t n)
{
	__m256i integers = _mm256_add_epi32(_mm256_cvtps_epi32(v_round(a)), _mm256_set1_epi32(n));
	__m256i low = _mm256_and_si256(integers, _mm256_set1_epi32(0xff));
	__m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));

	_mm_storel_epi64((void *)p, _mm_packus_epi16(words, words));
}

#endif
