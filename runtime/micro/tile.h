/* The one matrix product under conv2d, linear, matmul and attention: a block of up to TILE_BLOCK rows by one panel of
 * RT_PANEL columns, computed TILE_ROWS rows at a time with all sums in registers (after Goto & van de Geijn 2008).
 *
 * Every sum starts from what c holds and adds its terms one by one in the order of k. So how a kernel cuts k, rows and
 * columns into blocks, or into units of work, never changes a bit of the result. */
#ifndef MICRO_TILE_H
#define MICRO_TILE_H

#include "rt.h"
#include "vec.h"

/* The blocks that fit the first-level cache together. The stack that a kernel needs follows from them: see RT_STACK. */
enum {
	TILE_BLOCK = 48,         /* rows of a block, a multiple of every TILE_ROWS */
	TILE_COLUMNS = 128,      /* columns of a block of results, at most */
	TILE_DEPTH = 256,        /* k of a block when its operands are used in place */
	TILE_DEPTH_STAGED = 128, /* k of a block when operands are converted or gathered on the stack */
	TILE_VECS = RT_PANEL / LANES,
};

/* c[i][j] += sum over segments s and t < depth of rows[s][i][t step] w[s depth + t][j], for TILE_ROWS rows i and
 * RT_PANEL columns j. rows holds TILE_BLOCK pointers for each segment, of which these are the first; c has row stride
 * ldc; w is dense. It stays a function of its own: inlined into a large one, its pointers would not keep their
 * registers. Nor would many sums, did GCC not unroll early the loops that read and write them. */
static __attribute__((noinline)) void tile(
	float *c, ptrdiff_t ldc, const float *const *rows, ptrdiff_t step, int segments, int depth, const float *w)
{
	vec sum[TILE_ROWS][TILE_VECS], weight[TILE_VECS];
	const float *a[TILE_ROWS];

#pragma GCC unroll TILE_ROWS
	for (int i = 0; i < TILE_ROWS; i++)
		for (int j = 0; j < TILE_VECS; j++)
			sum[i][j] = v_load(c + i * ldc + j * LANES);
	for (int s = 0; s < segments; s++, rows += TILE_BLOCK) {
		for (int i = 0; i < TILE_ROWS; i++)
			a[i] = rows[i];
		ptrdiff_t at = 0;
		for (int t = 0; t < depth; t++, at += step, w += RT_PANEL) {
			for (int j = 0; j < TILE_VECS; j++)
				weight[j] = v_load(w + j * LANES);
			for (int i = 0; i < TILE_ROWS; i++) {
				vec x = v_set(a[i][at]);
				for (int j = 0; j < TILE_VECS; j++)
					sum[i][j] = v_fma(x, weight[j], sum[i][j]);
			}
		}
	}
#pragma GCC unroll TILE_ROWS
	for (int i = 0; i < TILE_ROWS; i++)
		for (int j = 0; j < TILE_VECS; j++)
			v_store(c + i * ldc + j * LANES, sum[i][j]);
}

/* The same for n <= TILE_BLOCK rows. Pointers up to the next multiple of TILE_ROWS must be readable, and that many rows
 * of c are written: see tile_pad. */
static inline void tile_block(
	float *c, ptrdiff_t ldc, int n, const float *const *rows, ptrdiff_t step, int segments, int depth, const float *w)
{
	for (int i = 0; i < n; i += TILE_ROWS)
		tile(c + i * ldc, ldc, rows + i, step, segments, depth, w);
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
