/* The level amx on any machine: vectors in portable C, and tiles as Intel documents them, for the tests of whatever
 * uses tiles. See vec.h for what each function does. */
#ifndef VEC_EMULATED_H
#define VEC_EMULATED_H

#include "vec_c.h"

#define VEC_TILES

struct tiles {
	union {
		float sum[16][16];
		uint16_t number[16][32];
		int32_t whole[16][16];
		uint8_t byte[16][64];
	} tile[8];
	int configured;
};

VEC_INLINE void tiles_begin(struct tiles *tiles)
{
	memset(tiles, 0, sizeof *tiles);
	tiles->configured = 1;
}

/* Without a configuration the instructions fault, so that whoever forgets it, or gives it back too early, must notice.
 */
VEC_INLINE void tiles_expect_configured(const struct tiles *tiles)
{
	if (tiles->configured != 1)
		__builtin_trap();
}

VEC_INLINE void tiles_end(struct tiles *tiles)
{
	tiles->configured = 0;
}

VEC_INLINE void tiles_load(struct tiles *tiles, int i, const void *p, ptrdiff_t step)
{
	tiles_expect_configured(tiles);
	for (int row = 0; row < 16; row++)
		memcpy(tiles->tile[i].number[row], (const char *)p + row * step, 64);
}

VEC_INLINE void tiles_store(struct tiles *tiles, int i, void *p, ptrdiff_t step)
{
	tiles_expect_configured(tiles);
	for (int row = 0; row < 16; row++)
		memcpy((char *)p + row * step, tiles->tile[i].number[row], 64);
}

/* Subnormal numbers count as 0, and become it. */
VEC_INLINE float flushed(float f)
{
	uint32_t bits = float_bits(f);

	return float_of_bits(bits & 0x7f800000 ? bits : bits & 0x80000000);
}

/* The 16 pairs in a row of a tile as floats: the first of each pair, and the second. */
static inline void tile_pairs(float to[2][16], const uint16_t row[32])
{
	for (int i = 0; i < 32; i++)
		to[i % 2][i / 2] = flushed(float_of_bits((uint32_t)row[i] << 16));
}

/* TDPBF16PS (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2): the first of all pairs make one
 * sum in the order of k and the second another, by fused multiply-adds, rounded to nearest; then their sum is added to
 * the register. The product of two bfloat16 has 16 bits, so that a multiplication and an addition round like a fused
 * one, unless the product is subnormal. */
static inline void tile_row(float sum[16], const float a[2][16], const float b[16][2][16])
{
	float pair[2][16] = { { 0 } };

	for (int k = 0; k < 16; k++)
		for (int s = 0; s < 2; s++)
			for (int j = 0; j < 16; j++)
				pair[s][j] = flushed(pair[s][j] + a[s][k] * b[k][s][j]);
	for (int j = 0; j < 16; j++)
		sum[j] = flushed(flushed(sum[j]) + flushed(pair[0][j] + pair[1][j]));
}

static inline void tiles_multiply(struct tiles *tiles, int i, int a, int b)
{
	float pairs[2][16], columns[16][2][16];

	tiles_expect_configured(tiles);
	for (int k = 0; k < 16; k++)
		tile_pairs(columns[k], tiles->tile[b].number[k]);
	for (int row = 0; row < 16; row++) {
		tile_pairs(pairs, tiles->tile[a].number[row]);
		tile_row(tiles->tile[i].sum[row], (const float(*)[16])pairs, (const float(*)[2][16])columns);
	}
}

VEC_INLINE void v_narrow(uint16_t *p, vec a)
{
	v_store_bfloat(p, a);
}

VEC_INLINE void v_narrow_pairs(uint16_t *p, vec a, vec b)
{
	uint16_t part[2][LANES], pairs[2 * LANES];

	v_narrow(part[0], a);
	v_narrow(part[1], b);
	for (int i = 0; i < 2 * LANES; i++)
		pairs[i] = part[i % 2][i / 2];
	memcpy(p, pairs, sizeof pairs);
}

VEC_INLINE void v_zip(uint16_t *to, const uint16_t *a, const uint16_t *b)
{
	uint16_t pairs[4 * LANES];

	for (int i = 0; i < 4 * LANES; i++)
		pairs[i] = (i % 2 ? b : a)[i / 2];
	memcpy(to, pairs, sizeof pairs);
}

/* TDPBUSD: the bytes of a have no sign, those of b have one. Most tests have few terms and columns: bytes of b that are
 * zeros take no time. */
static inline void tiles_dot(struct tiles *tiles, int i, int a, int b)
{
	tiles_expect_configured(tiles);
	for (int k = 0; k < 64; k++)
		for (int j = 0; j < 16; j++) {
			int32_t w = (int8_t)tiles->tile[b].byte[k / 4][4 * j + k % 4];
			for (int row = 0; w && row < 16; row++)
				tiles->tile[i].whole[row][j] += tiles->tile[a].byte[row][k] * w;
		}
}

VEC_INLINE void v_split(uint16_t *hi, uint16_t *lo, vec a)
{
	v_narrow(hi, a);
	v_narrow(lo, v_sub(a, v_load_bfloat(hi)));
}

VEC_INLINE void v_split_pairs(uint16_t *hi, uint16_t *lo, vec a, vec b)
{
	vec high_a, high_b;
	uint16_t high[2 * LANES];

	v_narrow_pairs(high, a, b);
	v_load_pairs(high, &high_a, &high_b);
	memcpy(hi, high, sizeof high);
	v_narrow_pairs(lo, v_sub(a, high_a), v_sub(b, high_b));
}

#endif
