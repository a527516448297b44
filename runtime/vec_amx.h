/* AVX-512 with tiles that multiply bfloat16 and bytes: Intel AMX (Sapphire Rapids on). Vectors are those of avx512dot,
 * so that whatever does not ask for tiles gives the same bits as there. See vec.h for what each function does. */
#ifndef VEC_AMX_H
#define VEC_AMX_H

#include "vec_avx512dot.h"

#define VEC_TILES

/* What ldtilecfg reads: palette 1, and the bytes in a row and the rows of each register. */
struct tiles {
	uint8_t palette, unused[15];
	uint16_t bytes[16];
	uint8_t rows[16];
};

/* Not the compilers' own functions for these instructions: those of GCC 12 do not say that memory is read, so that it
 * may leave out, or put off, what was to be stored there before. */
VEC_INLINE void tiles_begin(struct tiles *tiles)
{
	memset(tiles, 0, sizeof *tiles);
	tiles->palette = 1;
	for (int i = 0; i < 8; i++) {
		tiles->bytes[i] = 64;
		tiles->rows[i] = 16;
	}
	__asm__ volatile("ldtilecfg (%0)" : : "r"(tiles) : "memory");
}

VEC_INLINE void tiles_end(struct tiles *tiles)
{
	(void)tiles;
	__asm__ volatile("tilerelease" : : : "memory");
}

VEC_INLINE void tiles_load(struct tiles *tiles, int i, const void *p, ptrdiff_t step)
{
	(void)tiles;
	__asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(i), "r"(p), "r"(step) : "memory");
}

VEC_INLINE void tiles_store(struct tiles *tiles, int i, void *p, ptrdiff_t step)
{
	(void)tiles;
	__asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(i), "r"(p), "r"(step) : "memory");
}

VEC_INLINE void tiles_multiply(struct tiles *tiles, int i, int a, int b)
{
	(void)tiles;
	__asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(i), "i"(a), "i"(b));
}

VEC_INLINE void tiles_dot(struct tiles *tiles, int i, int a, int b)
{
	(void)tiles;
	__asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(i), "i"(a), "i"(b));
}

VEC_INLINE void v_split(uint16_t *hi, uint16_t *lo, vec a)
{
	__m256i high = (__m256i)_mm512_cvtneps_pbh(a);
	vec rounded = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));

	_mm256_storeu_si256((void *)hi, high);
	_mm256_storeu_si256((void *)lo, (__m256i)_mm512_cvtneps_pbh(_mm512_sub_ps(a, rounded)));
}

/* a rounded to bfloat16, which is the upper half of a float. */
VEC_INLINE __m512i v_bfloat_bits(vec a)
{
	return _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(a)), 16);
}

VEC_INLINE void v_split_pairs(uint16_t *hi, uint16_t *lo, vec a, vec b)
{
	__m512i high_a = v_bfloat_bits(a), high_b = v_bfloat_bits(b);
	__m512i low_a = v_bfloat_bits(_mm512_sub_ps(a, _mm512_castsi512_ps(high_a)));
	__m512i low_b = v_bfloat_bits(_mm512_sub_ps(b, _mm512_castsi512_ps(high_b)));

	_mm512_storeu_si512(hi, _mm512_or_si512(_mm512_srli_epi32(high_a, 16), high_b));
	_mm512_storeu_si512(lo, _mm512_or_si512(_mm512_srli_epi32(low_a, 16), low_b));
}

#endif
