/* log_assignment: LightGlue's double log-softmax plus certainties (already logarithms: the caller took the
 * log-sigmoid).
 *
 * Each row and each column gets one number, its log-sum-exp taken off its certainty; then every element is twice
 * itself plus those two numbers. The columns' sums run down blocks of columns, a group of rows at a time, and are
 * rescaled when a group has a larger maximum. */
#include "kernel.h"
#include "micro/math.h"

enum {
	BLOCK = 128, /* columns of a unit of the pass over columns; a multiple of LANES */
	GROUP = 16,  /* rows between two looks at the maxima */
	UNIT = 8192, /* elements, about, of a unit of the passes over rows */
};

struct log_assignment_job {
	const struct rt_log_assignment *p;
	float *y;
	const float *s, *z0, *z1;
	float *of_row, *of_column; /* what to add to each element of a row, of a column */
	int32_t blocks, rows;      /* column blocks of a pair; rows of a unit */
};

/* A maximum to take off before the exponential: an infinite one stays, so that no NaN comes of it. */
static float finite(float largest)
{
	return isinf(largest) ? 0 : largest;
}

static float log_sum_exp(const float *x, int32_t n)
{
	vec most = v_set(-INFINITY), sum = v_set(0);
	float largest, total;
	int32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		most = v_max(most, v_load(x + i));
	largest = v_largest(most);
	for (; i < n; i++)
		largest = x[i] > largest ? x[i] : largest;
	largest = finite(largest);
	for (i = 0; i + LANES <= n; i += LANES)
		sum = v_add(sum, v_exp(v_sub(v_load(x + i), v_set(largest))));
	total = v_sum(sum);
	if (i < n) {
		float rest[LANES];
		v_store(rest, v_exp(v_sub(v_load_n(x + i, n - i), v_set(largest))));
		for (int32_t j = 0; j < n - i; j++)
			total += rest[j];
	}
	return logf(total) + largest;
}

static void row_sum_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct log_assignment_job *job = job_pointer;
	size_t rows = (size_t)job->p->b * (size_t)job->p->m, last = (size_t)end * (size_t)job->rows;

	last = last < rows ? last : rows;
	for (size_t i = (size_t)begin * (size_t)job->rows; i < last; i++)
		job->of_row[i] = job->z0[i] - log_sum_exp(job->s + i * (size_t)job->p->n, job->p->n);
}

static vec load_columns(const float *x, int32_t n)
{
	return n < LANES ? v_load_n(x, n) : v_load(x);
}

/* Adds `rows` rows of n <= LANES columns to sums of exponentials, from which the maxima so far are taken off. */
static void add_group(vec *sum, vec *most, const float *x, ptrdiff_t step, int32_t rows, int32_t n)
{
	vec largest = *most, total = v_set(0);

	for (int32_t i = 0; i < rows; i++)
		largest = v_max(largest, load_columns(x + i * step, n));
	/* As finite() does. */
	vec base = v_select(v_less(v_abs(largest), v_set(INFINITY)), largest, v_set(0));
	for (int32_t i = 0; i < rows; i++)
		total = v_add(total, v_exp(v_sub(load_columns(x + i * step, n), base)));
	*sum = v_fma(*sum, v_exp(v_sub(*most, base)), total);
	*most = largest;
}

/* One block: x its first row, n columns. z and of_column are the block's. */
static void sum_columns(const struct rt_log_assignment *p, float *of_column, const float *x, const float *z, int32_t n)
{
	vec sum[BLOCK / LANES], most[BLOCK / LANES];
	float sums[BLOCK], largest[BLOCK];

	for (int32_t j = 0; j < BLOCK / LANES; j++) {
		sum[j] = v_set(0);
		most[j] = v_set(-INFINITY);
	}
	for (int32_t i = 0; i < p->m; i += GROUP)
		for (int32_t j = 0; j < n; j += LANES)
			add_group(&sum[j / LANES], &most[j / LANES], x + (size_t)i * (size_t)p->n + j, p->n,
				p->m - i < GROUP ? p->m - i : GROUP, n - j < LANES ? n - j : LANES);
	for (int32_t j = 0; j < BLOCK / LANES; j++) {
		v_store(sums + j * LANES, sum[j]);
		v_store(largest + j * LANES, most[j]);
	}
	for (int32_t j = 0; j < n; j++)
		of_column[j] = z[j] - (logf(sums[j]) + finite(largest[j]));
}

static void column_sum_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct log_assignment_job *job = job_pointer;
	const struct rt_log_assignment *p = job->p;

	for (int32_t unit = begin; unit < end; unit++) {
		int32_t column = unit % job->blocks * BLOCK, left = p->n - column;
		size_t pair = (size_t)(unit / job->blocks), at = pair * (size_t)p->n + (size_t)column;
		sum_columns(p, job->of_column + at, job->s + pair * (size_t)p->m * (size_t)p->n + column, job->z1 + at,
			left < BLOCK ? left : BLOCK);
	}
}

static void assign_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct log_assignment_job *job = job_pointer;
	size_t n = (size_t)job->p->n, m = (size_t)job->p->m;
	size_t rows = (size_t)job->p->b * m, last = (size_t)end * (size_t)job->rows;

	last = last < rows ? last : rows;
	for (size_t i = (size_t)begin * (size_t)job->rows; i < last; i++) {
		const float *of_column = job->of_column + i / m * n, *s = job->s + i * n;
		float of_row = job->of_row[i], *y = job->y + i * n;
		for (size_t j = 0; j < n; j++)
			y[j] = (s[j] + of_row) + (s[j] + of_column[j]);
	}
}

KERNEL(log_assignment, (void *y, const void *s, const void *z0, const void *z1, void *scratch))
{
	int64_t rows = (int64_t)p->b * p->m;
	struct log_assignment_job job = { p, y, s, z0, z1, scratch, (float *)scratch + rows, (p->n + BLOCK - 1) / BLOCK,
		UNIT / (p->n + 1) + 1 };
	int32_t units = (int32_t)((rows + job.rows - 1) / job.rows);

	if (rows == 0 || p->n == 0)
		return;
	rt_parallel(run, units, row_sum_units, &job);
	rt_parallel(run, p->b * job.blocks, column_sum_units, &job);
	rt_parallel(run, units, assign_units, &job);
}
