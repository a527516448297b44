/* The matrix product of bfloat16 with sums in float, for levels that multiply such numbers (VEC_BFLOAT): by tiles or by
 * dot products (VEC_TILES and VEC_DOT_BF16 in vec.h). A float stands as one bfloat16, the nearest, or where there are
 * tiles as two: with x = hi + lo as in RT_BF16X2 (rt.h), x y is hi hi + hi lo + lo hi. Rows are converted a block at a
 * time; columns are panels of RT_BF16 or RT_BF16X2, or of halves, which are such sums exactly: then lo lo is added,
 * too. Kernels are written once for all of this.
 *
 * Every sum starts from what c holds and adds its terms in the order of k, BFLOAT_TERMS at a time: cutting rows and
 * columns into blocks never changes a bit. */
#ifndef MICRO_BFLOAT_H
#define MICRO_BFLOAT_H

#include "pack.h"
#include "stage.h"
#include "tile.h"

#if defined VEC_TILES || defined VEC_DOT_BF16
#define VEC_BFLOAT

enum {
	BFLOAT_NUMBERS = 2 * TILE_BLOCK * TILE_DEPTH_STAGED, /* of a block of rows of bfloat_depth */
	BFLOAT_PAIR = 2 * RT_PANEL,                          /* of one part of two rows of a panel */
};

/* c[i][p 16 + j] += sum over t < depth of rows[i][t] w[p][t][j], for i < n, the panels p and j < RT_PANEL. */
struct bfloat_product {
	struct tiles *tiles;     /* begun; only levels with tiles look at it */
	const uint16_t *hi, *lo; /* of the rows; lo is NULL where floats have one part */
	bool exact;              /* adds lo lo, too */
	ptrdiff_t next_row;
	ptrdiff_t next_tile; /* from BFLOAT_SIDE rows to the next as many; only levels with tiles look at it */
	ptrdiff_t next_pair; /* from two neighbours in a row to the next two; tiles take these to be neighbours, too */
	int32_t n, depth;    /* depth is even */
	const uint16_t *w;   /* pairs of rows of a panel: [16][2] of hi, then perhaps of lo */
	ptrdiff_t next_w, next_w_pair;
	float *c; /* rows up to a multiple of BFLOAT_SIDE are written */
	ptrdiff_t ldc, next_c;
	const float *start; /* of the sums of each column, instead of what c holds; or NULL */
	/* For levels with tiles: k goes on in so many more runs of depth, each next_run numbers behind the one before, with
	 * the rows of w that follow. The last BFLOAT_TERMS of a run may reach beyond it, where numbers must be finite. */
	int32_t more;
	ptrdiff_t next_run;
};

#ifdef VEC_TILES
#include "bfloat_tiles.h"
#else
#include "bfloat_dot.h"
#endif

/* How many numbers a float has in products with such weights. */
static inline int bfloat_parts(enum rt_type w_type)
{
	return w_type == RT_BF16 ? 1 : 2;
}

/* May products with weights of this type be computed so? */
static inline bool bfloat_suits(enum rt_type w_type)
{
#ifdef VEC_TILES
	return w_type == RT_BF16 || w_type == RT_BF16X2 || w_type == RT_F16;
#else
	return w_type == RT_BF16;
#endif
}

/* The most columns of a block of rows for products with such weights. */
static inline int32_t bfloat_depth(enum rt_type w_type)
{
	return BFLOAT_NUMBERS / TILE_BLOCK / bfloat_parts(w_type);
}

/* A block of rows while it is filled: hi and lo of [TILE_BLOCK][depth]. */
struct bfloat_rows {
	uint16_t *hi, *lo;
	int32_t depth;
};

/* depth is a multiple of BFLOAT_TERMS; numbers: TILE_BLOCK depth for each part. */
static inline struct bfloat_rows bfloat_begin(uint16_t *numbers, int32_t depth, enum rt_type w_type)
{
	return (struct bfloat_rows){ numbers, bfloat_parts(w_type) == 2 ? numbers + TILE_BLOCK * depth : NULL, depth };
}

/* LANES floats as one or two numbers. */
VEC_INLINE void bfloat_convert(uint16_t *hi, uint16_t *lo, vec x)
{
#ifdef VEC_TILES
	if (lo) {
		v_split(hi, lo, x);
		return;
	}
#endif
	(void)lo;
	v_narrow(hi, x);
}

/* n floats as one or two numbers each; lo may be NULL. */
static inline void bfloat_narrow(uint16_t *hi, uint16_t *lo, const float *x, int32_t n)
{
	uint16_t part[2][LANES];
	size_t rest = (size_t)(n % LANES) * sizeof *hi;
	int32_t at = 0;

	for (; at + LANES <= n; at += LANES)
		bfloat_convert(hi + at, lo ? lo + at : NULL, v_load(x + at));
	if (!rest)
		return;
	bfloat_convert(part[0], lo ? part[1] : NULL, v_load_n(x + at, n - at));
	memcpy(hi + at, part[0], rest);
	if (lo)
		memcpy(lo + at, part[1], rest);
}

/* n floats become columns k.. of row i. */
static inline void bfloat_floats(const struct bfloat_rows *to, int32_t i, int32_t k, const float *x, int32_t n)
{
	bfloat_narrow(to->hi + i * to->depth + k, to->lo ? to->lo + i * to->depth + k : NULL, x, n);
}

/* Columns k..k+n-1 of row i become 0. */
static inline void bfloat_zeros(const struct bfloat_rows *to, int32_t i, int32_t k, int32_t n)
{
	memset(to->hi + i * to->depth + k, 0, (size_t)n * sizeof *to->hi);
	if (to->lo)
		memset(to->lo + i * to->depth + k, 0, (size_t)n * sizeof *to->lo);
}

/* The n elements of the tensor from number `at` on become columns k.. of row i. */
static inline void bfloat_elements(
	const struct bfloat_rows *to, int32_t i, int32_t k, enum rt_type type, const void *tensor, ptrdiff_t at, int32_t n)
{
	enum { CHUNK = 64 };
	float buffer[CHUNK];

	if (type == RT_BF16 && !to->lo) {
		memcpy(to->hi + i * to->depth + k, (const uint16_t *)tensor + at, (size_t)n * sizeof *to->hi);
		return;
	}
	for (int32_t j = 0; j < n; j += CHUNK) {
		int32_t some = n - j < CHUNK ? n - j : CHUNK;
		bfloat_floats(to, i, k + j, stage(type, tensor, at + j, some, buffer), some);
	}
}

/* Completes n rows of k numbers with zeros, as bfloat_multiply wants them, and makes them the product's. */
static inline void bfloat_end(const struct bfloat_rows *from, int32_t n, int32_t k, struct bfloat_product *to)
{
	int32_t terms = (k + BFLOAT_TERMS - 1) / BFLOAT_TERMS * BFLOAT_TERMS;

	for (int32_t i = 0; i < n && k < terms; i++)
		bfloat_zeros(from, i, k, terms - k);
	for (int32_t i = n; i % BFLOAT_SIDE; i++)
		bfloat_zeros(from, i, 0, terms);
	to->hi = from->hi;
	to->lo = from->lo;
	to->next_row = from->depth;
	to->next_tile = (ptrdiff_t)BFLOAT_SIDE * from->depth;
	to->next_pair = 2;
	to->n = n;
	to->depth = k + k % 2;
}

/* May n rows of k elements of this type be the product's where they lie? Then bfloat_point makes them so, `next`
 * elements from one to the next. */
static inline bool bfloat_in_place(enum rt_type type, enum rt_type w_type, int32_t n, int32_t k)
{
	return type == RT_BF16 && w_type == RT_BF16 && n % BFLOAT_SIDE == 0 && k % BFLOAT_TERMS == 0;
}

static inline void bfloat_point(
	const void *x, ptrdiff_t at, ptrdiff_t next, int32_t n, int32_t k, struct bfloat_product *to)
{
	to->hi = (const uint16_t *)x + at;
	to->next_row = next;
	to->next_tile = BFLOAT_SIDE * next;
	to->lo = NULL;
	to->next_pair = 2;
	to->n = n;
	to->depth = k;
}

/* Panel number p of `rows` rows of weights, from row k on, and those behind it become the product's columns. */
static inline void bfloat_panels(
	const void *w, enum rt_type w_type, ptrdiff_t p, ptrdiff_t rows, ptrdiff_t k, struct bfloat_product *to)
{
	ptrdiff_t row = RT_PANEL * bfloat_parts(w_type);

	to->w = (const uint16_t *)w + (p * rows + k) * row;
	to->next_w = rows * row;
	to->next_w_pair = 2 * row;
}

/* Makes a panel of RT_BF16 or RT_BF16X2 of a panel of floats with so many rows, in its place: pairs of rows stay where
 * they are. A last odd row is joined by zeros, for which there must be room. */
static inline void bfloat_panel_floats(float *panel, int32_t rows, enum rt_type w_type)
{
	if (rows % 2)
		memset(panel + rows * RT_PANEL, 0, RT_PANEL * sizeof *panel);
	for (int32_t i = 0; i < rows; i += 2)
		for (int32_t j = 0; j < RT_PANEL; j += LANES) {
			float *from = panel + i * RT_PANEL + j, *next = from + RT_PANEL;
#ifdef VEC_TILES
			if (w_type == RT_BF16X2)
				v_split_pairs((void *)from, (void *)next, v_load(from), v_load(next));
			else
#endif
				v_narrow_pairs((void *)from, v_load(from), v_load(next));
		}
	(void)w_type;
}

/* Multiplies by `panels` panels: number p of `rows` rows of weights, from row k on, and those behind it. A panel of
 * halves is converted first, all of the product's depth, which is at most TILE_DEPTH_STAGED then. */
static inline void bfloat_multiply_by(struct bfloat_product *product, const void *w, enum rt_type w_type, ptrdiff_t p,
	ptrdiff_t rows, ptrdiff_t k, int panels)
{
	_Alignas(RT_ALIGN) float panel[TILE_DEPTH_STAGED * RT_PANEL];
	int32_t depth = product->depth < rows - k ? product->depth : (int32_t)(rows - k);

	if (w_type != RT_F16) {
		bfloat_panels(w, w_type, p, rows, k, product);
		bfloat_multiply(product, panels);
		return;
	}
	product->w = (const uint16_t *)(void *)panel;
	product->next_w_pair = 2 * BFLOAT_PAIR;
	product->exact = true;
	for (int j = 0; j < panels; j++, product->c += product->next_c) {
		ptrdiff_t from = ((p + j) * rows + k) * RT_PANEL;
		load_floats(panel, element_at(w, w_type, from), w_type, 1, depth * RT_PANEL);
		bfloat_panel_floats(panel, depth, RT_BF16X2);
		bfloat_multiply(product, 1);
		if (product->start)
			product->start += RT_PANEL;
	}
}

/* pairs[n][2]: of each of n columns the numbers in two rows of bfloat16. */
static inline void bfloat_zip(void *pairs, const uint16_t *first, const uint16_t *second, int32_t n)
{
	uint16_t *to = pairs;
	int32_t i = 0;

	for (; i + 2 * LANES <= n; i += 2 * LANES)
		v_zip(to + 2 * i, first + i, second + i);
	for (; i < n; i++) {
		to[2 * i] = first[i];
		to[2 * i + 1] = second[i];
	}
}

#ifdef VEC_TILES
/* bfloat_columns for rows of bfloat16: pairs of them are transposed, as if they were floats. */
static inline void bfloat_turn(
	uint16_t *numbers, const uint16_t *x, ptrdiff_t next, int32_t depth, int32_t n, struct bfloat_product *to)
{
	static const uint16_t zeros[BFLOAT_COLUMNS];
	int32_t terms = (depth + TILE_TERMS - 1) / TILE_TERMS * TILE_TERMS;
	float pairs[TILE_SIDE * BFLOAT_COLUMNS], turned[TILE_SIDE * TILE_SIDE];

	for (int32_t t = 0; t < terms; t += TILE_TERMS) {
		for (int32_t i = 0; i < TILE_SIDE; i++) {
			int32_t row = t + 2 * i;
			const uint16_t *first = row < depth ? x + row * next : zeros;
			bfloat_zip(pairs + i * BFLOAT_COLUMNS, first, row + 1 < depth ? first + next : zeros, n);
		}
		for (int32_t j = 0; j < n; j += TILE_SIDE) {
			for (int32_t a = 0; a < TILE_SIDE; a += LANES)
				for (int32_t b = 0; b < TILE_SIDE; b += LANES)
					v_transpose(
						turned + a * TILE_SIDE + b, TILE_SIDE, pairs + b * BFLOAT_COLUMNS + j + a, BFLOAT_COLUMNS);
			for (int32_t i = 0; i < TILE_SIDE; i++)
				memcpy(numbers + (j + i) * terms + t, turned + i * TILE_SIDE, TILE_TERMS * sizeof *numbers);
		}
	}
	bfloat_point(numbers, 0, terms, n, depth + depth % 2, to);
}
#endif

/* Makes rows of columns: number t of row i of the product is element i of row t, for depth rows of x, each `next`
 * elements after the one before, and n columns: a multiple of BFLOAT_SIDE, and at most BFLOAT_COLUMNS. numbers: as many
 * as BFLOAT_COLUMNS rows of depth take, rounded up to BFLOAT_TERMS. */
#ifdef VEC_TILES
static inline void bfloat_columns(uint16_t *numbers, enum rt_type type, enum rt_type w_type, const void *x,
	ptrdiff_t at, ptrdiff_t next, int32_t depth, int32_t n, struct bfloat_product *to)
{
	int32_t terms = (depth + TILE_TERMS - 1) / TILE_TERMS * TILE_TERMS;
	struct bfloat_rows rows = bfloat_begin(numbers, terms, w_type);
	float turned[BFLOAT_COLUMNS * RT_PANEL];
	int32_t t = 0;

	if (type == RT_BF16 && w_type == RT_BF16) {
		bfloat_turn(numbers, (const uint16_t *)x + at, next, depth, n, to);
		return;
	}
	for (; t < depth; t += RT_PANEL, at += RT_PANEL * next) {
		int32_t some = depth - t < RT_PANEL ? depth - t : RT_PANEL;
		pack_panel(turned, element_at(x, type, at), type, 1, next, n, some);
		for (int32_t i = 0; i < n; i++)
			bfloat_floats(&rows, i, t, turned + i * RT_PANEL, RT_PANEL);
	}
	bfloat_end(&rows, n, t, to);
	to->depth = depth + depth % 2;
}
#else
/* Two rows of x are zipped to pairs, those of all columns side by side. */
static inline void bfloat_columns(uint16_t *numbers, enum rt_type type, enum rt_type w_type, const void *x,
	ptrdiff_t at, ptrdiff_t next, int32_t depth, int32_t n, struct bfloat_product *to)
{
	static const uint16_t zeros[BFLOAT_COLUMNS];
	const uint16_t *from = (const uint16_t *)x + at;

	(void)type;
	(void)w_type;
	for (int32_t t = 0; t < depth; t += 2, from += 2 * next)
		bfloat_zip(numbers + t * BFLOAT_COLUMNS, from, t + 1 < depth ? from + next : zeros, n);
	to->hi = numbers;
	to->lo = NULL;
	to->next_row = 2;
	to->next_pair = 2 * BFLOAT_COLUMNS;
	to->n = n;
	to->depth = depth + depth % 2;
}
#endif

#endif
#endif
