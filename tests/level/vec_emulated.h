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
	return fabsf(f) < 0x1p-126f ? copysignf(0.0f, f) : f;
}

VEC_INLINE float tile_number(uint16_t bfloat)
{
	return flushed(float_of_bits((uint32_t)bfloat << 16));
}

/* TDPBF16PS (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2): the terms of even k and those of
 * odd k make two sums in the order of k, by fused multiply-adds, rounded to nearest; then their sum is added to the
 * register. The product of two bfloat16 has 16 bits, so that a multiplication and an addition round no more than a
 * fused one, but where the product is subnormal. */
static inline void tile_row(float sum[16], const uint16_t a[32], const uint16_t b[16][32])
{
	float odd[16] = { 0 }, even[16] = { 0 };

	for (int k = 0; k < 16; k++)
		for (int j = 0; j < 16; j++) {
			even[j] = flushed(even[j] + tile_number(a[2 * k]) * tile_number(b[k][2 * j]));
			odd[j] = flushed(odd[j] + tile_number(a[2 * k + 1]) * tile_number(b[k][2 * j + 1]));
		}
	for (int j = 0; j < 16; j++)
		sum[j] = flushed(flushed(sum[j]) + flushed(even[j] + odd[j]));
}

VEC_INLINE void tiles_multiply(struct tiles *tiles, int i, int a, int b)
{
	tiles_expect_configured(tiles);
	for (int row = 0; row < 16; row++)
		tile_row(tiles->tile[i].sum[row], tiles->tile[a].number[row], (const uint16_t(*)[32])tiles->tile[b].number);
}

VEC_INLINE void v_split(uint16_t *hi, uint16_t *lo, vec a)
{
	v_store_bfloat(hi, a);
	v_store_bfloat(lo, v_sub(a, v_load_bfloat(hi)));
}

#endif
