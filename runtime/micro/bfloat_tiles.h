/* Products of bfloat16 by tiles: a part of bfloat.h.
 *
 * For TILE_TERMS of k, a block of three tiles of rows by one panel takes four loads and three multiplications into
 * three tiles of sums; with floats in two parts eight loads and nine multiplications. A multiplication starts every 16
 * cycles and takes 52: with three tiles of sums the next one finds its sums ready just in time, and the loads, 8 cycles
 * each, hide behind the multiplications (Intel 64 and IA-32 Architectures Optimization Reference Manual, on AMX).
 * Blocks have 48 rows, of which two by two tiles would waste a third. */
#ifndef MICRO_BFLOAT_TILES_H
#define MICRO_BFLOAT_TILES_H

enum {
	TILE_SIDE = 16,  /* rows and columns of a tile of sums */
	TILE_TERMS = 32, /* of k, in a tile of rows or columns */
	BFLOAT_SIDE = TILE_SIDE,
	BFLOAT_TERMS = TILE_TERMS,
	BFLOAT_COLUMNS = 2 * TILE_SIDE,
};

_Static_assert((int)TILE_BLOCK == 3 * TILE_SIDE && (int)RT_PANEL == TILE_SIDE, "tiles fill blocks and panels");
_Static_assert(TILE_DEPTH_STAGED % TILE_TERMS == 0, "the terms of a tile fill a block of k");

/* The registers: three of sums, three of rows, and the panel's hi and lo. */
enum { SUM = 0, ROWS = 3, HI = 6, LO = 7 };

/* Loads `count` tiles of rows, and adds their products with the columns in a register. */
VEC_INLINE void bfloat_load_and_add(const struct bfloat_product *p, const uint16_t *rows, int columns, int count)
{
	ptrdiff_t step = p->next_row * (ptrdiff_t)sizeof *rows, next = p->next_tile;

	tiles_load(p->tiles, ROWS, rows, step);
	tiles_multiply(p->tiles, SUM, ROWS, columns);
	if (count > 1) {
		tiles_load(p->tiles, ROWS + 1, rows + next, step);
		tiles_multiply(p->tiles, SUM + 1, ROWS + 1, columns);
	}
	if (count > 2) {
		tiles_load(p->tiles, ROWS + 2, rows + 2 * next, step);
		tiles_multiply(p->tiles, SUM + 2, ROWS + 2, columns);
	}
}

/* The same with the tiles of rows that are loaded. */
VEC_INLINE void bfloat_add(const struct bfloat_product *p, int columns, int count)
{
	tiles_multiply(p->tiles, SUM, ROWS, columns);
	if (count > 1)
		tiles_multiply(p->tiles, SUM + 1, ROWS + 1, columns);
	if (count > 2)
		tiles_multiply(p->tiles, SUM + 2, ROWS + 2, columns);
}

/* Adds the product of TILE_TERMS of k of `count` tiles of rows by a panel, the small parts first. */
VEC_INLINE void bfloat_terms(const struct bfloat_product *p, ptrdiff_t k, const uint16_t *w, int count)
{
	ptrdiff_t step = p->next_w_pair * (ptrdiff_t)sizeof *w;

	tiles_load(p->tiles, HI, w, step);
	if (!p->lo) {
		bfloat_load_and_add(p, p->hi + k, HI, count);
		return;
	}
	tiles_load(p->tiles, LO, w + BFLOAT_PAIR, step);
	if (p->exact) {
		bfloat_load_and_add(p, p->lo + k, LO, count);
		bfloat_add(p, HI, count);
		bfloat_load_and_add(p, p->hi + k, LO, count);
		bfloat_add(p, HI, count);
		return;
	}
	bfloat_load_and_add(p, p->hi + k, LO, count);
	bfloat_add(p, HI, count);
	bfloat_load_and_add(p, p->lo + k, HI, count);
}

/* A run of k from number `at` of the rows on, for `count` tiles of rows by the rows of a panel from w on. The last
 * terms, when they do not fill a tile, are copied. */
VEC_INLINE void bfloat_run(const struct bfloat_product *p, ptrdiff_t at, const uint16_t *w, int count)
{
	int32_t whole = p->depth / TILE_TERMS * TILE_TERMS, rest = p->depth - whole;

	for (int32_t k = 0; k < whole; k += TILE_TERMS, w += TILE_TERMS / 2 * p->next_w_pair)
		bfloat_terms(p, at + k, w, count);
	if (rest) {
		_Alignas(RT_ALIGN) uint16_t last[TILE_TERMS * BFLOAT_PAIR] = { 0 };
		memcpy(last, w, (size_t)(rest / 2 * p->next_w_pair) * sizeof *w);
		bfloat_terms(p, at + whole, last, count);
	}
}

/* All of k for `count` tiles of rows by the panel w, with sums at c that begin as `start` says. */
VEC_INLINE void bfloat_panel(const struct bfloat_product *p, const uint16_t *w, float *c, const float *start, int count)
{
	ptrdiff_t step = p->ldc * (ptrdiff_t)sizeof *c, next = TILE_SIDE * p->ldc, run = p->depth / 2 * p->next_w_pair;
	/* A row that is read 16 times. */
	const float *from = start ? start : c;
	ptrdiff_t from_step = start ? 0 : step, from_next = start ? 0 : next;

	tiles_load(p->tiles, SUM, from, from_step);
	if (count > 1)
		tiles_load(p->tiles, SUM + 1, from + from_next, from_step);
	if (count > 2)
		tiles_load(p->tiles, SUM + 2, from + 2 * from_next, from_step);
	for (int32_t i = 0; i <= p->more; i++)
		bfloat_run(p, i * p->next_run, w + i * run, count);
	tiles_store(p->tiles, SUM, c, step);
	if (count > 1)
		tiles_store(p->tiles, SUM + 1, c + next, step);
	if (count > 2)
		tiles_store(p->tiles, SUM + 2, c + 2 * next, step);
}

static __attribute__((noinline)) void bfloat_multiply(const struct bfloat_product *p, int panels)
{
	/* Rows that only fill the last tile. */
	for (int32_t i = p->n; !p->start && i % TILE_SIDE; i++)
		for (int j = 0; j < panels; j++)
			memset(p->c + i * p->ldc + j * p->next_c, 0, RT_PANEL * sizeof *p->c);
	for (int j = 0; j < panels; j++) {
		const uint16_t *w = p->w + j * p->next_w;
		const float *start = p->start ? p->start + j * RT_PANEL : NULL;
		float *c = p->c + j * p->next_c;
		if (p->n > 2 * TILE_SIDE)
			bfloat_panel(p, w, c, start, 3);
		else if (p->n > TILE_SIDE)
			bfloat_panel(p, w, c, start, 2);
		else
			bfloat_panel(p, w, c, start, 1);
	}
}

#endif
