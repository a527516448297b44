/* The one matrix product under conv2d, linear, matmul and attention: a block of up to TILE_BLOCK rows by panels of
 * RT_PANEL columns, computed TILE_ROWS rows by TILE_PANELS panels at a time with all sums in registers (after Goto &
 * van de Geijn 2008).
 *
 * Every sum starts from what c holds and adds its terms one by one in the order of k. So how a kernel cuts k, rows and
 * columns into blocks, or into units of work, never changes a bit of the result. */
#ifndef MICRO_TILE_H
#define MICRO_TILE_H

#include "rt.h"
#include "vec.h"

/* The blocks that fit the first-level cache together. The stack that a kernel needs follows from them: see RT_STACK. */
enum {
	TILE_BLOCK = 48,              /* rows of a block, a multiple of every TILE_ROWS */
	TILE_COLUMNS = 128,           /* columns of a block of results, at most */
	TILE_DEPTH = 256,             /* k of a block when its operands are used in place */
	TILE_DEPTH_STAGED = 128,      /* k of a block when operands are converted or gathered on the stack */
	TILE_VECS = RT_PANEL / LANES, /* vectors in a row of a panel */
};

/* c[p][i][j] += sum over segments s and t < depth of rows[s][i][t step] w[p][s depth + t][j], for panels p, rows i and
 * RT_PANEL columns j. */
struct tile {
	float *c;
	ptrdiff_t ldc, next_c;    /* from a row to the next, and from a panel to the next */
	const float *const *rows; /* TILE_BLOCK pointers for each segment */
	ptrdiff_t step;
	int segments, depth;
	const float *w; /* dense panels */
	ptrdiff_t next_w;
	bool fresh; /* the sums start at 0 instead of what c holds */
	/* NULL, or the panels as halves: the first rows convert them on their way, and leave them at w, which is `staged`.
	 */
	const uint16_t *halves;
	ptrdiff_t next_half;
	float *staged;
};

/* Vector j of a row of weights, from the halves that are to become floats at `staged`. A pass of its own over the
 * halves of a block took 4 % of its time; between multiplications the conversion takes next to none. */
VEC_INLINE vec tile_convert(const struct tile *p, const uint16_t *halves, float *staged, int j)
{
	vec weight = v_load_half(halves + j / TILE_VECS * p->next_half + j % TILE_VECS * LANES);

	v_store(staged + j / TILE_VECS * p->next_w + j % TILE_VECS * LANES, weight);
	return weight;
}

/* TILE_ROWS rows of `panels` panels, whose sums and rows start at c and rows, and whose weights are panel j.. of p's.
 * Every element of the rows serves as many vectors as there are sums in a row: more of them need fewer loads, of which
 * processors do only two a cycle. */
VEC_INLINE void tile_sums(const struct tile *p, float *c, const float *const *rows, int from, int panels, bool convert)
{
	vec sum[TILE_ROWS][TILE_PANELS * TILE_VECS], weight[TILE_PANELS * TILE_VECS];
	const float *a[TILE_ROWS], *w = p->w + from * p->next_w;
	const uint16_t *halves = convert ? p->halves + from * p->next_half : NULL;
	float *staged = convert ? p->staged + from * p->next_w : NULL;
	int vecs = panels * TILE_VECS;

#pragma GCC unroll TILE_ROWS
	for (int i = 0; i < TILE_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			sum[i][j] = v_set(0.0f);
	if (!p->fresh)
#pragma GCC unroll TILE_ROWS
		for (int i = 0; i < TILE_ROWS; i++)
			for (int j = 0; j < vecs; j++)
				sum[i][j] = v_load(c + i * p->ldc + j / TILE_VECS * p->next_c + j % TILE_VECS * LANES);
	for (int s = 0; s < p->segments; s++, rows += TILE_BLOCK) {
		for (int i = 0; i < TILE_ROWS; i++)
			a[i] = rows[i];
		ptrdiff_t at = 0;
		for (int t = 0; t < p->depth; t++, at += p->step, w += RT_PANEL) {
			for (int j = 0; j < vecs; j++)
				weight[j] = convert ? tile_convert(p, halves, staged, j)
									: v_load(w + j / TILE_VECS * p->next_w + j % TILE_VECS * LANES);
			if (convert) {
				halves += RT_PANEL;
				staged += RT_PANEL;
			}
			for (int i = 0; i < TILE_ROWS; i++) {
				vec x = v_set(a[i][at]);
				for (int j = 0; j < vecs; j++)
					sum[i][j] = v_fma(x, weight[j], sum[i][j]);
			}
		}
	}
#pragma GCC unroll TILE_ROWS
	for (int i = 0; i < TILE_ROWS; i++)
		for (int j = 0; j < vecs; j++)
			v_store(c + i * p->ldc + j / TILE_VECS * p->next_c + j % TILE_VECS * LANES, sum[i][j]);
}

/* They stay functions of their own: inlined into a large one, their pointers would not keep their registers. Nor would
 * many sums, did GCC not unroll early the loops that read and write them. */
static __attribute__((noinline)) void tile_one(const struct tile *p, float *c, const float *const *rows, int from)
{
	tile_sums(p, c, rows, from, 1, false);
}

static __attribute__((noinline)) void tile_group(const struct tile *p, float *c, const float *const *rows, int from)
{
	tile_sums(p, c, rows, from, TILE_PANELS, false);
}

static __attribute__((noinline)) void tile_convert_one(
	const struct tile *p, float *c, const float *const *rows, int from)
{
	tile_sums(p, c, rows, from, 1, true);
}

static __attribute__((noinline)) void tile_convert_group(
	const struct tile *p, float *c, const float *const *rows, int from)
{
	tile_sums(p, c, rows, from, TILE_PANELS, true);
}

/* All of n <= TILE_BLOCK rows and some panels. Pointers up to the next multiple of TILE_ROWS must be readable, and that
 * many rows of c are written: see tile_pad. */
static inline void tile_block(const struct tile *p, int n, int panels)
{
	for (int j = 0; j < panels;) {
		bool group = TILE_PANELS > 1 && panels - j >= TILE_PANELS;
		for (int i = 0; i < n; i += TILE_ROWS) {
			float *c = p->c + i * p->ldc + j * p->next_c;
			if (i == 0 && p->halves)
				(group ? tile_convert_group : tile_convert_one)(p, c, p->rows, j);
			else
				(group ? tile_group : tile_one)(p, c, p->rows + i, j);
		}
		j += group ? TILE_PANELS : 1;
	}
}

/* How many panels the next group of up to TILE_PANELS has when so many columns are left. */
static inline int tile_panels(int columns)
{
	return columns >= TILE_PANELS * RT_PANEL ? TILE_PANELS : (columns + RT_PANEL - 1) / RT_PANEL;
}

/* Makes rows n.. of a block repeat the first, so that the last tile has something to read. */
static inline void tile_pad(const float **rows, int n)
{
	for (int i = n; i % TILE_ROWS; i++)
		rows[i] = rows[0];
}

/* Starts the sums of n rows (and of those that tile_pad adds) by `columns` columns, rounded up to a panel, at the bias
 * or at 0. */
static inline void tile_begin(float *c, ptrdiff_t ldc, int n, int columns, const float *bias)
{
	for (int j = 0; j < columns || j % RT_PANEL; j += LANES) {
		int valid = j < columns ? columns - j : 0;
		vec start = bias ? v_load_n(bias + j, valid < LANES ? valid : LANES) : v_set(0.0f);
		for (int i = 0; i < n || i % TILE_ROWS; i++)
			v_store(c + i * ldc + j, start);
	}
}

#endif
