/* mutual_match: pairs of rows and columns that are each other's best, as LightGlue's and SuperGlue's matchers take
 * them from the logarithms of the assignment. */
#include "kernel.h"

enum {
	BLOCK = 128, /* columns of a unit of the first pass */
	UNIT = 8192, /* elements, about, of a unit of the second */
};

struct mutual_match_job {
	const struct rt_mutual_match *p;
	void *match, *column;
	float *score, *best;
	uint8_t *accept;
	const float *s;
	int32_t *best_row;    /* of each column */
	int32_t blocks, rows; /* column blocks of a pair; rows of a unit */
};

/* The first of the largest rows of up to BLOCK columns of one pair, s[m][n]. Both the value and the row of the best so
 * far are kept as words that a vectorising compiler can choose by the same mask. */
static void best_rows(const struct rt_mutual_match *p, const float *s, int32_t *best_row, int32_t columns)
{
	float best[BLOCK];
	int32_t row[BLOCK];

	for (int32_t j = 0; j < BLOCK; j++) {
		best[j] = -INFINITY;
		row[j] = 0;
	}
	for (int32_t i = 0; i < p->m; i++) {
		const float *x = s + (size_t)i * (size_t)p->n;
		for (int32_t j = 0; j < columns; j++) {
			row[j] = x[j] > best[j] ? i : row[j];
			best[j] = x[j] > best[j] ? x[j] : best[j];
		}
	}
	memcpy(best_row, row, (size_t)columns * sizeof *row);
}

static void column_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct mutual_match_job *job = job_pointer;
	const struct rt_mutual_match *p = job->p;

	for (int32_t unit = begin; unit < end; unit++) {
		int32_t pair = unit / job->blocks, j = unit % job->blocks * BLOCK, left = p->n - j;
		best_rows(p, job->s + (size_t)pair * (size_t)p->m * (size_t)p->n + j,
			job->best_row + (size_t)pair * (size_t)p->n + j, left < BLOCK ? left : BLOCK);
	}
}

/* The first of the largest of n elements; 0 when none is more than -infinity. */
static int32_t best_of(const float *x, int32_t n)
{
	vec largest = v_set(-INFINITY);
	int32_t j = 0;
	float best;

	for (; j + LANES <= n; j += LANES)
		largest = v_max(v_load(x + j), largest);
	best = v_largest(largest);
	for (; j < n; j++)
		best = x[j] > best ? x[j] : best;
	for (j = 0; j < n; j++)
		if (x[j] == best)
			return j;
	return 0;
}

static void store_index(const struct rt_mutual_match *p, void *to, size_t row, int32_t j)
{
	if (to && p->index_type == RT_I32)
		((int32_t *)to)[row] = j;
	else if (to)
		((int64_t *)to)[row] = j;
}

static void match_row(const struct mutual_match_job *job, size_t row)
{
	const struct rt_mutual_match *p = job->p;
	const float *x = job->s + row * (size_t)p->n;
	const int32_t *best_row = job->best_row + row / (size_t)p->m * (size_t)p->n;
	int32_t j = p->n ? best_of(x, p->n) : -1;
	bool mutual = j >= 0 && best_row[j] == (int32_t)(row % (size_t)p->m);
	/* The exponential is slow; few rows need it unless all of them are asked for. */
	float score = mutual || (job->best && j >= 0) ? expf(x[j]) : 0;
	bool accept = mutual && score > p->threshold;

	store_index(p, job->match, row, accept ? j : -1);
	store_index(p, job->column, row, j);
	if (job->score)
		job->score[row] = accept || (mutual && p->mutual_scores) ? score : 0;
	if (job->best)
		job->best[row] = score;
	if (job->accept)
		job->accept[row] = accept;
}

static void row_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct mutual_match_job *job = job_pointer;
	size_t rows = (size_t)job->p->b * (size_t)job->p->m;
	size_t last = (size_t)end * (size_t)job->rows;

	last = last < rows ? last : rows;
	for (size_t row = (size_t)begin * (size_t)job->rows; row < last; row++)
		match_row(job, row);
}

KERNEL(mutual_match, (void *match, void *score, void *column, void *best, void *accept, const void *s, void *scratch))
{
	struct mutual_match_job job = {
		.p = p,
		.match = match,
		.column = column,
		.score = score,
		.best = best,
		.accept = accept,
		.s = s,
		.best_row = scratch,
		.blocks = (p->n + BLOCK - 1) / BLOCK,
		.rows = 1,
	};
	int64_t rows = (int64_t)p->b * p->m;

	if (p->n < UNIT)
		job.rows = UNIT / (p->n + 1) + 1;
	rt_parallel(run, p->b * job.blocks, column_units, &job);
	rt_parallel(run, (int32_t)((rows + job.rows - 1) / job.rows), row_units, &job);
}
