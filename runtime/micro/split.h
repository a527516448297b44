/* The matrix product of split floats, for levels with tiles (VEC_TILES in vec.h): with x = hi + lo as in RT_BF16X2
 * (rt.h), hi hi + hi lo + lo hi. Rows are split a block at a time; columns are panels of RT_BF16X2.
 *
 * For TILE_TERMS of k, a block of three tiles of rows by one panel takes eight loads and nine multiplications into
 * three tiles of sums. A multiplication starts every 16 cycles and takes 52: with three tiles of sums the next one
 * finds its sums ready just in time, and the loads, 8 cycles each, hide behind the multiplications (Intel 64 and IA-32
 * Architectures Optimization Reference Manual, on AMX). Blocks have 48 rows, of which two by two tiles would waste a
 * third.
 *
 * Every sum starts from what c holds and adds its terms in the order of k, TILE_TERMS at a time: cutting rows and
 * columns into blocks never changes a bit. */
#ifndef MICRO_SPLIT_H
#define MICRO_SPLIT_H

#include "rt.h"
#include "tile.h"
#include "vec.h"

#ifdef VEC_TILES

enum {
	TILE_SIDE = 16,  /* rows and columns of a tile of sums */
	TILE_TERMS = 32, /* of k, in a tile of rows or columns */
	SPLIT_DEPTH = TILE_DEPTH_STAGED,
	SPLIT_ROW = 2 * RT_PANEL, /* numbers that stand for a row of a panel */
};

_Static_assert((int)TILE_BLOCK == 3 * TILE_SIDE && (int)RT_PANEL == TILE_SIDE, "tiles fill blocks and panels");
_Static_assert(SPLIT_DEPTH % TILE_TERMS == 0, "the terms of a tile fill a block of k");

/* A block of rows: hi and lo of [TILE_BLOCK][depth], where depth is a multiple of TILE_TERMS. */
struct split_rows {
	uint16_t *hi, *lo;
	int32_t depth;
};

/* They take SPLIT_ROWS(depth) numbers. */
#define SPLIT_ROWS(depth) (2 * TILE_BLOCK * (depth))
static inline struct split_rows split_begin(uint16_t *numbers, int32_t depth)
{
	return (struct split_rows){ numbers, numbers + TILE_BLOCK * depth, depth };
}

/* Splits n floats into columns k.. of row i. */
static inline void split_floats(const struct split_rows *to, int32_t i, int32_t k, const float *x, int32_t n)
{
	uint16_t *hi = to->hi + i * to->depth + k, *lo = to->lo + i * to->depth + k;
	int32_t at = 0;

	for (; at + LANES <= n; at += LANES)
		v_split(hi + at, lo + at, v_load(x + at));
	if (at < n) {
		uint16_t part[2][LANES];
		size_t bytes = (size_t)(n - at) * sizeof *hi;
		v_split(part[0], part[1], v_load_n(x + at, n - at));
		memcpy(hi + at, part[0], bytes);
		memcpy(lo + at, part[1], bytes);
	}
}

/* Columns k..k+n-1 of row i become 0. */
static inline void split_zeros(const struct split_rows *to, int32_t i, int32_t k, int32_t n)
{
	memset(to->hi + i * to->depth + k, 0, (size_t)n * sizeof(uint16_t));
	memset(to->lo + i * to->depth + k, 0, (size_t)n * sizeof(uint16_t));
}

/* Completes n rows of k numbers with zeros up to whole tiles. */
static inline void split_end(const struct split_rows *to, int32_t n, int32_t k)
{
	int32_t terms = (k + TILE_TERMS - 1) / TILE_TERMS * TILE_TERMS;

	for (int32_t i = 0; i < n && k < terms; i++)
		split_zeros(to, i, k, terms - k);
	for (int32_t i = n; i % TILE_SIDE; i++)
		split_zeros(to, i, 0, terms);
}

/* Makes a panel of RT_BF16X2 of a panel of floats with so many rows, in its place. A last odd row is joined by zeros,
 * for which there must be room. */
static inline const uint16_t *split_panel_floats(float *panel, int32_t rows)
{
	if (rows % 2)
		memset(panel + rows * RT_PANEL, 0, RT_PANEL * sizeof *panel);
	for (int32_t i = 0; i < rows; i += 2)
		for (int32_t j = 0; j < RT_PANEL; j += LANES) {
			float *from = panel + i * RT_PANEL + j, *next = from + RT_PANEL;
			v_split_pairs((void *)from, (void *)next, v_load(from), v_load(next));
		}
	return (const void *)panel;
}

/* c[i][p 16 + j] += sum over t < depth of rows[i][t] w[p][t][j], for i < n, the panels p and j < RT_PANEL. */
struct split_product {
	struct tiles *tiles;
	const struct split_rows *rows;
	int32_t n, depth;  /* depth is even */
	const uint16_t *w; /* panels of RT_BF16X2 */
	ptrdiff_t next_w;  /* from a panel to the next */
	float *c;          /* rows up to a multiple of TILE_SIDE are written */
	ptrdiff_t ldc, next_c;
};

/* The registers: three of sums, three of rows, and the panel's hi and lo. */
enum { SUM = 0, ROWS = 3, HI = 6, LO = 7 };

/* Adds the product of TILE_TERMS of k of `count` tiles of rows by a panel, the small parts first. */
VEC_INLINE void split_terms(struct tiles *t, const struct split_rows *rows, int32_t k, const uint16_t *w, int count)
{
	enum { PAIR = 2 * SPLIT_ROW * sizeof *w };
	const uint16_t *hi = rows->hi + k, *lo = rows->lo + k;
	ptrdiff_t step = rows->depth * (ptrdiff_t)sizeof *hi, next = TILE_SIDE * rows->depth;

	tiles_load(t, LO, w + 2 * RT_PANEL, PAIR);
	tiles_load(t, ROWS, hi, step);
	tiles_multiply(t, SUM, ROWS, LO);
	if (count > 1) {
		tiles_load(t, ROWS + 1, hi + next, step);
		tiles_multiply(t, SUM + 1, ROWS + 1, LO);
	}
	if (count > 2) {
		tiles_load(t, ROWS + 2, hi + 2 * next, step);
		tiles_multiply(t, SUM + 2, ROWS + 2, LO);
	}
	tiles_load(t, HI, w, PAIR);
	tiles_multiply(t, SUM, ROWS, HI);
	if (count > 1)
		tiles_multiply(t, SUM + 1, ROWS + 1, HI);
	if (count > 2)
		tiles_multiply(t, SUM + 2, ROWS + 2, HI);
	tiles_load(t, ROWS, lo, step);
	tiles_multiply(t, SUM, ROWS, HI);
	if (count > 1) {
		tiles_load(t, ROWS + 1, lo + next, step);
		tiles_multiply(t, SUM + 1, ROWS + 1, HI);
	}
	if (count > 2) {
		tiles_load(t, ROWS + 2, lo + 2 * next, step);
		tiles_multiply(t, SUM + 2, ROWS + 2, HI);
	}
}

/* All of k for `count` tiles of rows by the panel w. The last terms of k, when they do not fill a tile, are copied. */
VEC_INLINE void split_panel(const struct split_product *p, const uint16_t *w, float *c, int count)
{
	ptrdiff_t step = p->ldc * (ptrdiff_t)sizeof *c;
	int32_t whole = p->depth / TILE_TERMS * TILE_TERMS, rest = p->depth - whole;

	tiles_load(p->tiles, SUM, c, step);
	if (count > 1)
		tiles_load(p->tiles, SUM + 1, c + TILE_SIDE * p->ldc, step);
	if (count > 2)
		tiles_load(p->tiles, SUM + 2, c + 2 * TILE_SIDE * p->ldc, step);
	for (int32_t k = 0; k < whole; k += TILE_TERMS)
		split_terms(p->tiles, p->rows, k, w + k * SPLIT_ROW, count);
	if (rest) {
		_Alignas(RT_ALIGN) uint16_t last[TILE_TERMS * SPLIT_ROW] = { 0 };
		memcpy(last, w + whole * SPLIT_ROW, (size_t)rest * SPLIT_ROW * sizeof *w);
		split_terms(p->tiles, p->rows, whole, last, count);
	}
	tiles_store(p->tiles, SUM, c, step);
	if (count > 1)
		tiles_store(p->tiles, SUM + 1, c + TILE_SIDE * p->ldc, step);
	if (count > 2)
		tiles_store(p->tiles, SUM + 2, c + 2 * TILE_SIDE * p->ldc, step);
}

static __attribute__((noinline)) void split_multiply(const struct split_product *p, int panels)
{
	/* Rows that only fill the last tile. */
	for (int32_t i = p->n; i % TILE_SIDE; i++)
		for (int j = 0; j < panels; j++)
			memset(p->c + i * p->ldc + j * p->next_c, 0, RT_PANEL * sizeof *p->c);
	for (int j = 0; j < panels; j++) {
		const uint16_t *w = p->w + j * p->next_w;
		float *c = p->c + j * p->next_c;
		if (p->n > 2 * TILE_SIDE)
			split_panel(p, w, c, 3);
		else if (p->n > TILE_SIDE)
			split_panel(p, w, c, 2);
		else
			split_panel(p, w, c, 1);
	}
}

#endif
#endif
