/* The matrix product of bytes, as tile.h is that of floats: a block of up to TILE_BLOCK rows by panels of RT_PANEL
 * columns, computed DOT_ROWS rows by DOT_PANELS panels at a time with all sums in registers. The sums are exact. */
#ifndef MICRO_TILE_INT8_H
#define MICRO_TILE_INT8_H

#include "micro/tile.h"

enum { DOT_GROUP = 4 /* neighbours in k that are multiplied together */ };

_Static_assert(TILE_BLOCK % DOT_ROWS == 0, "a block is whole tiles");

/* c[p][i][j] (+)= sum over segments s, t < groups and r < 4 of rows[s][i][4 t + r] w[p][s groups + t][j][r]. */
struct tile_int8 {
	int32_t *c;
	ptrdiff_t ldc, next_c;      /* from a row to the next, and from a panel to the next */
	const uint8_t *const *rows; /* TILE_BLOCK pointers for each segment; bytes as DOT_SIGNED says */
	int segments, groups;
	const int8_t *w;  /* panels of [segments][groups][RT_PANEL][4] */
	ptrdiff_t next_w; /* from a panel to the next */
	bool fresh;       /* the sums start at 0 instead of what c holds */
};

/* DOT_ROWS rows of `panels` panels, whose sums, rows and weights start at c, rows and w. */
VEC_INLINE void tile_int8_sums(
	const struct tile_int8 *p, int32_t *c, const uint8_t *const *rows, const int8_t *w, int panels)
{
	static const int32_t zeros[LANES];
	vec_sums sum[DOT_ROWS][DOT_PANELS * TILE_VECS];
	vec_bytes weight[DOT_PANELS * TILE_VECS];
	const uint8_t *a[DOT_ROWS];
	int vecs = panels * TILE_VECS;

#pragma GCC unroll DOT_ROWS
	for (int i = 0; i < DOT_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			sum[i][j] = v_load_sums(zeros);
	if (!p->fresh)
#pragma GCC unroll DOT_ROWS
		for (int i = 0; i < DOT_ROWS; i++)
			for (int j = 0; j < vecs; j++)
				sum[i][j] = v_load_sums(c + i * p->ldc + j / TILE_VECS * p->next_c + j % TILE_VECS * LANES);
	for (int s = 0; s < p->segments; s++, rows += TILE_BLOCK) {
		for (int i = 0; i < DOT_ROWS; i++)
			a[i] = rows[i];
		ptrdiff_t at = 0;
		for (int t = 0; t < p->groups; t++, at += DOT_GROUP, w += RT_PANEL * DOT_GROUP) {
			for (int j = 0; j < vecs; j++)
				weight[j] = v_load_bytes(w + j / TILE_VECS * p->next_w + j % TILE_VECS * LANES * DOT_GROUP);
			for (int i = 0; i < DOT_ROWS; i++) {
				vec_group x = v_group(a[i] + at);
				for (int j = 0; j < vecs; j++)
					sum[i][j] = v_dot(sum[i][j], x, weight[j]);
			}
		}
	}
#pragma GCC unroll DOT_ROWS
	for (int i = 0; i < DOT_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			v_store_sums(c + i * p->ldc + j / TILE_VECS * p->next_c + j % TILE_VECS * LANES, sum[i][j]);
}

/* Functions of their own, as in tile.h. */
static __attribute__((noinline)) void tile_int8_one(
	const struct tile_int8 *p, int32_t *c, const uint8_t *const *rows, const int8_t *w)
{
	tile_int8_sums(p, c, rows, w, 1);
}

static __attribute__((noinline)) void tile_int8_group(
	const struct tile_int8 *p, int32_t *c, const uint8_t *const *rows, const int8_t *w)
{
	tile_int8_sums(p, c, rows, w, DOT_PANELS);
}

/* All of n <= TILE_BLOCK rows and some panels. Pointers up to the next multiple of DOT_ROWS must be readable, and that
 * many rows of c are written. */
static inline void tile_int8_block(const struct tile_int8 *p, int n, int panels)
{
	for (int j = 0; j < panels;) {
		bool group = DOT_PANELS > 1 && panels - j >= DOT_PANELS;
		for (int i = 0; i < n; i += DOT_ROWS) {
			int32_t *c = p->c + i * p->ldc + j * p->next_c;
			const int8_t *w = p->w + j * p->next_w;
			if (group)
				tile_int8_group(p, c, p->rows + i, w);
			else
				tile_int8_one(p, c, p->rows + i, w);
		}
		j += group ? DOT_PANELS : 1;
	}
}

/* Makes rows n.. of a block repeat the first, so that the last tile has something to read. */
static inline void tile_int8_pad(const uint8_t **rows, int n)
{
	for (int i = n; i % DOT_ROWS; i++)
		rows[i] = rows[0];
}

#endif
