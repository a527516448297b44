#include "kernel.h"
#include "micro/pack.h"
#include "micro/stage.h"
#include "micro/tile.h"

struct job {
	const struct rt_matmul *p;
	void *y;
	const void *a, *b;
	int32_t down, across; /* units along the rows and columns of one product */
};

/* What a unit computes: rows i.., columns j.. of a product whose operands and result start at a, b, y. */
struct block {
	int32_t i, rows, j, columns;
	ptrdiff_t a, b, y;
};

static struct block place(const struct job *job, int32_t unit)
{
	const struct rt_matmul *p = job->p;
	int32_t batch = unit / job->across / job->down, b0 = batch / p->b1, b1 = batch % p->b1;
	struct block at = { .i = unit / job->across % job->down * TILE_BLOCK, .j = unit % job->across * TILE_COLUMNS };

	at.rows = p->m - at.i < TILE_BLOCK ? p->m - at.i : TILE_BLOCK;
	at.columns = p->n - at.j < TILE_COLUMNS ? p->n - at.j : TILE_COLUMNS;
	at.a = (ptrdiff_t)b0 * p->a[0] + (ptrdiff_t)b1 * p->a[1] + (ptrdiff_t)at.i * p->a[2];
	at.b = (ptrdiff_t)b0 * p->b[0] + (ptrdiff_t)b1 * p->b[1] + (ptrdiff_t)at.j * p->b[3];
	at.y = ((ptrdiff_t)batch * p->m + at.i) * p->n + at.j;
	return at;
}

/* c += the part of the product that comes from `depth` of k. Rows of a that are not dense floats are copied. */
static void multiply(const struct job *job, const struct block *at, int32_t k, int32_t depth, float *c)
{
	const struct rt_matmul *p = job->p;
	float staged[TILE_BLOCK][TILE_DEPTH_STAGED], w[TILE_PANELS][TILE_DEPTH_STAGED * RT_PANEL];
	const float *rows[TILE_BLOCK];
	ptrdiff_t a = at->a + (ptrdiff_t)k * p->a[3], b = at->b + (ptrdiff_t)k * p->b[2];

	for (int32_t i = 0; i < at->rows; i++, a += p->a[2]) {
		rows[i] = staged[i];
		if (p->a[3] == 1)
			rows[i] = stage(p->a_type, job->a, a, depth, staged[i]);
		else
			load_floats(staged[i], element_at(job->a, p->a_type, a), p->a_type, p->a[3], depth);
	}
	tile_pad(rows, at->rows);
	for (int32_t j = 0; j < at->columns; j += TILE_PANELS * RT_PANEL) {
		int32_t panels = tile_panels(at->columns - j);
		struct tile tile = { .c = c + j,
			.ldc = TILE_COLUMNS,
			.next_c = RT_PANEL,
			.rows = rows,
			.step = 1,
			.segments = 1,
			.depth = depth,
			.w = w[0],
			.next_w = TILE_DEPTH_STAGED * RT_PANEL };
		for (int32_t i = 0; i < panels; i++, b += (ptrdiff_t)RT_PANEL * p->b[3]) {
			int32_t left = at->columns - j - i * RT_PANEL;
			pack_panel(w[i], element_at(job->b, p->b_type, b), p->b_type, p->b[2], p->b[3], depth,
				left < RT_PANEL ? left : RT_PANEL);
		}
		tile_block(&tile, at->rows, panels);
	}
}

/* A unit is one block of TILE_BLOCK rows by TILE_COLUMNS columns of one product. */
static void float_units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_matmul *p = job->p;
	vec alpha = v_set(p->alpha != 0 ? p->alpha : 1);
	_Alignas(RT_ALIGN) float c[TILE_BLOCK * TILE_COLUMNS];

	for (; unit < end; unit++) {
		struct block at = place(job, unit);
		tile_begin(c, TILE_COLUMNS, at.rows, at.columns, NULL);
		for (int32_t k = 0; k < p->k; k += TILE_DEPTH_STAGED)
			multiply(job, &at, k, p->k - k < TILE_DEPTH_STAGED ? p->k - k : TILE_DEPTH_STAGED, c);
		for (int32_t i = 0; i < at.rows; i++) {
			float *row = c + i * TILE_COLUMNS;
			for (int32_t j = 0; j < at.columns; j += LANES)
				v_store(row + j, v_mul(v_load(row + j), alpha));
			store_floats(element_to(job->y, p->y_type, at.y + (ptrdiff_t)i * p->n), row, p->y_type, 1, at.columns);
		}
	}
}

static double double_product(const struct rt_matmul *p, const double *a, const double *b)
{
	double sum = 0;

	for (int32_t k = 0; k < p->k; k++)
		sum += a[(ptrdiff_t)k * p->a[3]] * b[(ptrdiff_t)k * p->b[2]];
	return p->alpha != 0 ? sum * (double)p->alpha : sum;
}

/* Sums modulo 2^64 are right for every narrower type, signed or not. */
static int64_t integer_product(const struct rt_matmul *p, const void *a, const void *b)
{
	int64_t x[64], y[64];
	uint64_t sum = 0;

	for (int32_t k = 0; k < p->k; k += 64) {
		int32_t n = p->k - k < 64 ? p->k - k : 64;
		load_integers(x, element_at(a, p->a_type, (ptrdiff_t)k * p->a[3]), p->a_type, p->a[3], n);
		load_integers(y, element_at(b, p->b_type, (ptrdiff_t)k * p->b[2]), p->b_type, p->b[2], n);
		for (int32_t i = 0; i < n; i++)
			sum += (uint64_t)x[i] * (uint64_t)y[i];
	}
	return (int64_t)sum;
}

static void exact_units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_matmul *p = job->p;

	for (; unit < end; unit++) {
		struct block at = place(job, unit);
		for (int32_t i = 0; i < at.rows; i++)
			for (int32_t j = 0; j < at.columns; j++) {
				const void *a = element_at(job->a, p->a_type, at.a + (ptrdiff_t)i * p->a[2]);
				const void *b = element_at(job->b, p->b_type, at.b + (ptrdiff_t)j * p->b[3]);
				void *y = element_to(job->y, p->y_type, at.y + (ptrdiff_t)i * p->n + j);
				if (p->y_type == RT_F64)
					*(double *)y = double_product(p, a, b);
				else
					store_integers(y, &(int64_t){ integer_product(p, a, b) }, p->y_type, 1, 1);
			}
	}
}

KERNEL(matmul, (void *y, const void *a, const void *b))
{
	struct job job = { p, y, a, b, (p->m + TILE_BLOCK - 1) / TILE_BLOCK, (p->n + TILE_COLUMNS - 1) / TILE_COLUMNS };

	rt_parallel(run, p->b0 * p->b1 * job.down * job.across,
		element_domain(p->y_type) == FLOAT_DOMAIN ? float_units : exact_units, &job);
}
