/* The matrix product of bytes, as tile.h is that of floats: a block of up to TILE_BLOCK rows by panels of RT_PANEL
 * columns, computed DOT_ROWS rows by DOT_PANELS panels at a time with all sums in registers. The sums are exact. */
#ifndef MICRO_TILE_INT8_H
#define MICRO_TILE_INT8_H

#include "micro/tile.h"

enum {
	DOT_GROUP = 4,  /* neighbours in k that are multiplied together */
	INT8_SIDE = 16, /* rows and columns of a tile of sums, at levels with tiles */
};

/* Levels with tiles of bytes want rows that are gathered, and as many of k in each as a tile holds. */
#ifdef VEC_TILES
enum { INT8_GATHERED = 1, INT8_TERMS = 64 };
#else
enum { INT8_GATHERED = 0, INT8_TERMS = DOT_GROUP };
#endif

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
	/* For levels with tiles, which read nothing of `rows` but the first pointer: how many bytes a row, a tile of
	 * INT8_SIDE rows, and a segment lie behind the one before. Whole tiles of rows are read, and of each row whole
	 * INT8_TERMS of every segment: what is there makes no difference, but must be readable. */
	ptrdiff_t stride, next_tile, next_segment;
	struct tiles *tiles;
};

#ifdef VEC_TILES
/* Three tiles of rows by a panel, as in bfloat_tiles.h; the registers are three of sums, three of rows, and the panel.
 */
enum { INT8_SUM = 0, INT8_ROWS = 3, INT8_PANEL = 6, INT8_PANEL_ROW = RT_PANEL * DOT_GROUP };

_Static_assert((int)TILE_BLOCK == 3 * INT8_SIDE && (int)RT_PANEL == INT8_SIDE, "tiles fill blocks and panels");
_Static_assert(!DOT_SIGNED, "tiles take bytes without a sign");

/* Adds the product of INT8_TERMS of k of `count` tiles of rows by a panel. */
VEC_INLINE void tiles_int8_terms(const struct tile_int8 *p, const uint8_t *rows, const int8_t *w, int count)
{
	struct tiles *t = p->tiles;

	tiles_load(t, INT8_PANEL, w, INT8_PANEL_ROW);
	tiles_load(t, INT8_ROWS, rows, p->stride);
	tiles_dot(t, INT8_SUM, INT8_ROWS, INT8_PANEL);
	if (count > 1) {
		tiles_load(t, INT8_ROWS + 1, rows + p->next_tile, p->stride);
		tiles_dot(t, INT8_SUM + 1, INT8_ROWS + 1, INT8_PANEL);
	}
	if (count > 2) {
		tiles_load(t, INT8_ROWS + 2, rows + 2 * p->next_tile, p->stride);
		tiles_dot(t, INT8_SUM + 2, INT8_ROWS + 2, INT8_PANEL);
	}
}

/* A segment of `count` tiles of rows by its part of a panel. The last of k, when they do not fill a tile, are copied.
 */
VEC_INLINE void tiles_int8_segment(const struct tile_int8 *p, const uint8_t *rows, const int8_t *w, int count)
{
	int32_t k = p->groups * DOT_GROUP, whole = k / INT8_TERMS * INT8_TERMS;

	for (int32_t t = 0; t < whole; t += INT8_TERMS)
		tiles_int8_terms(p, rows + t, w + t * RT_PANEL, count);
	if (whole < k) {
		_Alignas(RT_ALIGN) int8_t last[INT8_TERMS * RT_PANEL] = { 0 };
		memcpy(last, w + whole * RT_PANEL, (size_t)(k - whole) * RT_PANEL);
		tiles_int8_terms(p, rows + whole, last, count);
	}
}

/* All of k for `count` tiles of rows by the panel w, with sums at c. Fresh ones are loaded from a row that is read 16
 * times. */
VEC_INLINE void tiles_int8_panel(const struct tile_int8 *p, const int8_t *w, int32_t *c, int count)
{
	_Alignas(RT_ALIGN) static const int32_t zeros[RT_PANEL];
	ptrdiff_t step = p->ldc * (ptrdiff_t)sizeof *c, next = INT8_SIDE * p->ldc;
	ptrdiff_t old_step = p->fresh ? 0 : step, old_next = p->fresh ? 0 : next;
	const int32_t *old = p->fresh ? zeros : c;

	tiles_load(p->tiles, INT8_SUM, old, old_step);
	if (count > 1)
		tiles_load(p->tiles, INT8_SUM + 1, old + old_next, old_step);
	if (count > 2)
		tiles_load(p->tiles, INT8_SUM + 2, old + 2 * old_next, old_step);
	for (int s = 0; s < p->segments; s++)
		tiles_int8_segment(p, p->rows[0] + s * p->next_segment, w + (ptrdiff_t)s * p->groups * INT8_PANEL_ROW, count);
	tiles_store(p->tiles, INT8_SUM, c, step);
	if (count > 1)
		tiles_store(p->tiles, INT8_SUM + 1, c + next, step);
	if (count > 2)
		tiles_store(p->tiles, INT8_SUM + 2, c + 2 * next, step);
}

/* All of n <= TILE_BLOCK rows and some panels. Rows of c up to the next multiple of INT8_SIDE are written. */
static __attribute__((noinline)) void tile_int8_block(const struct tile_int8 *p, int n, int panels)
{
	for (int j = 0; j < panels; j++) {
		const int8_t *w = p->w + j * p->next_w;
		int32_t *c = p->c + j * p->next_c;
		if (n > 2 * INT8_SIDE)
			tiles_int8_panel(p, w, c, 3);
		else if (n > INT8_SIDE)
			tiles_int8_panel(p, w, c, 2);
		else
			tiles_int8_panel(p, w, c, 1);
	}
}
#else
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
#endif

/* The sums of a panel's columns: w, so many bytes. */
static inline void tile_int8_column_sums(const int8_t *w, ptrdiff_t bytes, int32_t sum[RT_PANEL])
{
	static const uint8_t ones[DOT_GROUP] = { 1, 1, 1, 1 };
	static const int32_t zeros[LANES];
	vec_group one = v_group(ones);

	for (int32_t j = 0; j < RT_PANEL; j += LANES) {
		vec_sums all = v_load_sums(zeros);
		for (ptrdiff_t t = 0; t < bytes; t += RT_PANEL * DOT_GROUP)
			all = v_dot(all, one, v_load_bytes(w + t + j * DOT_GROUP));
		v_store_sums(sum + j, all);
	}
}

/* Makes rows n.. of a block repeat the first, so that the last tile has something to read. */
static inline void tile_int8_pad(const uint8_t **rows, int n)
{
	for (int i = n; i % DOT_ROWS; i++)
		rows[i] = rows[0];
}

#endif
