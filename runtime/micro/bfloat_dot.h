/* Products of bfloat16 by dot products of pairs: a part of bfloat.h. The tile is that of micro/tile.h, with a pair in
 * the place of a float: twice the terms for the same loads. */
#ifndef MICRO_BFLOAT_DOT_H
#define MICRO_BFLOAT_DOT_H

enum { BFLOAT_SIDE = PAIR_ROWS, BFLOAT_TERMS = 2, BFLOAT_COLUMNS = 4 * LANES };

_Static_assert(TILE_BLOCK % PAIR_ROWS == 0, "a block is whole tiles");

/* There is nothing to begin and to end. */
struct tiles {
	char none;
};

static inline void tiles_begin(struct tiles *tiles)
{
	tiles->none = 0;
}

static inline void tiles_end(struct tiles *tiles)
{
	(void)tiles;
}

/* PAIR_ROWS rows of `panels` panels. */
VEC_INLINE void bfloat_sums(
	const struct bfloat_product *p, float *c, const uint16_t *rows, const uint16_t *w, const float *start, int panels)
{
	vec sum[PAIR_ROWS][TILE_PANELS * TILE_VECS];
	vec_pairs weight[TILE_PANELS * TILE_VECS];
	const uint16_t *a[PAIR_ROWS];
	int vecs = panels * TILE_VECS;
	/* A row that is read PAIR_ROWS times, its panels side by side. */
	const float *from = start ? start : c;
	ptrdiff_t next_row = start ? 0 : p->ldc, next_panel = start ? RT_PANEL : p->next_c;

	for (int i = 0; i < PAIR_ROWS; i++)
		a[i] = rows + i * p->next_row;
#pragma GCC unroll PAIR_ROWS
	for (int i = 0; i < PAIR_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			sum[i][j] = v_load(from + i * next_row + j / TILE_VECS * next_panel + j % TILE_VECS * LANES);
	ptrdiff_t at = 0, step = p->next_pair, next = p->next_w_pair;
	for (int32_t t = 0; t < p->depth; t += 2, at += step, w += next) {
		for (int j = 0; j < vecs; j++)
			weight[j] = v_pairs(w + j / TILE_VECS * p->next_w + j % TILE_VECS * 2 * LANES);
		for (int i = 0; i < PAIR_ROWS; i++) {
			vec_pairs x = v_pair(a[i] + at);
			for (int j = 0; j < vecs; j++)
				sum[i][j] = v_dot_pairs(sum[i][j], x, weight[j]);
		}
	}
#pragma GCC unroll PAIR_ROWS
	for (int i = 0; i < PAIR_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			v_store(c + i * p->ldc + j / TILE_VECS * p->next_c + j % TILE_VECS * LANES, sum[i][j]);
}

/* Functions of their own, for the reason that tile_one gives. */
static __attribute__((noinline)) void bfloat_one(
	const struct bfloat_product *p, float *c, const uint16_t *rows, const uint16_t *w, const float *start)
{
	bfloat_sums(p, c, rows, w, start, 1);
}

static __attribute__((noinline)) void bfloat_group(
	const struct bfloat_product *p, float *c, const uint16_t *rows, const uint16_t *w, const float *start)
{
	bfloat_sums(p, c, rows, w, start, TILE_PANELS);
}

static inline void bfloat_multiply(const struct bfloat_product *p, int panels)
{
	for (int j = 0; j < panels;) {
		bool group = TILE_PANELS > 1 && panels - j >= TILE_PANELS;
		const float *start = p->start ? p->start + j * RT_PANEL : NULL;
		for (int32_t i = 0; i < p->n; i += PAIR_ROWS) {
			float *c = p->c + i * p->ldc + j * p->next_c;
			const uint16_t *rows = p->hi + i * p->next_row, *w = p->w + j * p->next_w;
			if (group)
				bfloat_group(p, c, rows, w, start);
			else
				bfloat_one(p, c, rows, w, start);
		}
		j += group ? TILE_PANELS : 1;
	}
}

#endif
