#include "kernel.h"
#include "micro/act.h"
#include "micro/bfloat.h"
#include "micro/stage.h"
#include "micro/tile.h"

/* Where a unit works: rows i.., columns j.. of y, and how many of each. */
struct block {
	int32_t i, rows, j, columns;
};

struct job {
	const struct rt_linear *p;
	void *y;
	const void *x0, *x1, *w, *residual;
	const float *bias;
	void (*multiply)(const struct job *job, const struct block *at, const void *x, int32_t ldx, int32_t k0, int32_t k,
		int32_t depth, float *c);
	struct tiles *tiles; /* of multiply_bfloat, else NULL */
	int32_t depth;       /* most k in a block */
};

/* c += the product with `depth` of the inputs, from k0 on in x and from weight row k on. */
static void multiply(const struct job *job, const struct block *at, const void *x, int32_t ldx, int32_t k0, int32_t k,
	int32_t depth, float *c)
{
	const struct rt_linear *p = job->p;
	float x_staged[TILE_BLOCK][TILE_DEPTH_STAGED], w_staged[TILE_PANELS * TILE_DEPTH_STAGED * RT_PANEL];
	const float *rows[TILE_BLOCK];
	ptrdiff_t panel = (ptrdiff_t)stored_rows(p->w_type, p->k0 + p->k1) * RT_PANEL;

	for (int32_t i = 0; i < at->rows; i++)
		rows[i] = stage(p->x_type, x, (ptrdiff_t)(at->i + i) * ldx + k0, depth, x_staged[i]);
	tile_pad(rows, at->rows);
	for (int32_t j = 0; j < at->columns; j += TILE_PANELS * RT_PANEL) {
		int32_t panels = tile_panels(at->columns - j);
		struct tile tile = {
			.c = c + j, .ldc = TILE_COLUMNS, .next_c = RT_PANEL, .rows = rows, .step = 1, .segments = 1, .depth = depth
		};
		ptrdiff_t from = (at->j + j) / RT_PANEL * panel + (ptrdiff_t)k * RT_PANEL;
		stage_weights(&tile, p->w_type, job->w, from, panel, panels, 1, depth, w_staged);
		tile_block(&tile, at->rows, panels);
	}
}

static void store(const struct job *job, const struct block *at, float *c)
{
	const struct rt_linear *p = job->p;
	float buffer[TILE_COLUMNS];

	for (int32_t i = 0; i < at->rows; i++, c += TILE_COLUMNS) {
		scale_by(c, (at->columns + RT_PANEL - 1) / RT_PANEL * RT_PANEL, p->alpha);
		activate(c, (at->columns + RT_PANEL - 1) / RT_PANEL * RT_PANEL, p->act, p->slope);
		if (job->residual) {
			ptrdiff_t from = (ptrdiff_t)(at->i + i) * p->ldr + at->j;
			const float *residual = stage(p->y_type, job->residual, from, at->columns, buffer);
			for (int32_t j = 0; j < at->columns; j++)
				c[j] += residual[j];
		}
		void *y = element_to(job->y, p->y_type, (ptrdiff_t)(at->i + i) * p->ldy + at->j);
#ifdef VEC_BFLOAT
		if (job->tiles && p->y_type == RT_BF16) {
			bfloat_narrow(y, NULL, c, at->columns);
			continue;
		}
#endif
		store_floats(y, c, p->y_type, 1, at->columns);
	}
}

/* A unit is one block of TILE_BLOCK rows by TILE_COLUMNS columns. Those of the same columns follow each other, so that
 * their weights stay in the second-level cache, which all weights together may not fit: it is cheaper to read the
 * inputs, of which a unit needs less, once for each block of columns. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_linear *p = job->p;
	int32_t most = job->depth, down = (p->m + TILE_BLOCK - 1) / TILE_BLOCK;
	_Alignas(RT_ALIGN) float c[TILE_BLOCK * TILE_COLUMNS];

	for (; unit < end; unit++) {
		struct block at = { .i = unit % down * TILE_BLOCK, .j = unit / down * TILE_COLUMNS };
		at.rows = p->m - at.i < TILE_BLOCK ? p->m - at.i : TILE_BLOCK;
		at.columns = p->n - at.j < TILE_COLUMNS ? p->n - at.j : TILE_COLUMNS;
		if (!job->tiles)
			tile_begin(c, TILE_COLUMNS, at.rows, at.columns, job->bias ? job->bias + at.j : NULL);
		for (int32_t k = 0; k < p->k0; k += most)
			job->multiply(job, &at, job->x0, p->ldx0, k, k, p->k0 - k < most ? p->k0 - k : most, c);
		for (int32_t k = 0; k < p->k1; k += most)
			job->multiply(job, &at, job->x1, p->ldx1, k, p->k0 + k, p->k1 - k < most ? p->k1 - k : most, c);
		store(job, &at, c);
	}
}

#ifdef VEC_BFLOAT
static void multiply_bfloat(const struct job *job, const struct block *at, const void *x, int32_t ldx, int32_t k0,
	int32_t k, int32_t depth, float *c)
{
	static const float zeros[TILE_COLUMNS];
	const struct rt_linear *p = job->p;
	_Alignas(RT_ALIGN) uint16_t numbers[BFLOAT_NUMBERS];
	struct bfloat_rows rows = bfloat_begin(numbers, job->depth, p->w_type);
	struct bfloat_product product = { .tiles = job->tiles, .c = c, .ldc = TILE_COLUMNS, .next_c = RT_PANEL };
	ptrdiff_t from = (ptrdiff_t)at->i * ldx + k0;

	if (k == 0)
		product.start = job->bias ? job->bias + at->j : zeros;
	if (bfloat_in_place(p->x_type, p->w_type, at->rows, depth)) {
		bfloat_point(x, from, ldx, at->rows, depth, &product);
	} else {
		for (int32_t i = 0; i < at->rows; i++)
			bfloat_elements(&rows, i, 0, p->x_type, x, from + (ptrdiff_t)i * ldx, depth);
		bfloat_end(&rows, at->rows, depth, &product);
	}
	bfloat_multiply_by(&product, job->w, p->w_type, at->j / RT_PANEL, stored_rows(p->w_type, p->k0 + p->k1), k,
		(at->columns + RT_PANEL - 1) / RT_PANEL);
}

static void bfloat_units(void *data, int32_t unit, int32_t end)
{
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.multiply = multiply_bfloat;
	job.depth = bfloat_depth(job.p->w_type);
	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

KERNEL(linear, (void *y, const void *x0, const void *x1, const void *w, const void *bias, const void *residual))
{
	bool staged = p->x_type != RT_F32 || p->w_type != RT_F32;
	struct job job = { p, y, x0, x1, w, residual, bias, multiply, NULL,
		.depth = staged ? TILE_DEPTH_STAGED : TILE_DEPTH };
	int32_t down = (p->m + TILE_BLOCK - 1) / TILE_BLOCK, across = (p->n + TILE_COLUMNS - 1) / TILE_COLUMNS;

#ifdef VEC_BFLOAT
	if (bfloat_suits(p->w_type)) {
		rt_parallel(run, down * across, bfloat_units, &job);
		return;
	}
#endif
	rt_parallel(run, down * across, units, &job);
}
