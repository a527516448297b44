#include "kernel.h"
#include "micro/math.h"
#include "micro/stage.h"

enum {
	CHUNK = 256,           /* elements at once, a multiple of every LANES */
	UNIT_ELEMENTS = 16384, /* in a unit, roughly */
};

struct job {
	const struct rt_softmax *p;
	void *y;
	const void *x;
	int32_t rows;   /* in a unit, when the stride is 1 */
	int32_t across; /* units along the stride, when it is not */
};

static int32_t at_most(int32_t n, int32_t most)
{
	return n < most ? n : most;
}

/* Dense rows: lanes are elements of a row. */

static float largest_in_row(const struct job *job, ptrdiff_t row)
{
	float buffer[CHUNK], largest = -INFINITY;

	for (int32_t j = 0; j < job->p->n; j += CHUNK) {
		int32_t n = at_most(job->p->n - j, CHUNK), i = 0;
		const float *x = stage(job->p->x_type, job->x, row + j, n, buffer);
		vec max = v_set(largest);
		for (; i + LANES <= n; i += LANES)
			max = v_max(v_load(x + i), max);
		largest = v_largest(max);
		for (; i < n; i++)
			largest = x[i] > largest ? x[i] : largest;
	}
	return largest;
}

static float sum_of_row(const struct job *job, ptrdiff_t row, float max)
{
	float buffer[CHUNK];
	vec sum = v_set(0.0f);

	for (int32_t j = 0; j < job->p->n; j += CHUNK) {
		int32_t n = at_most(job->p->n - j, CHUNK), i = 0;
		const float *x = stage(job->p->x_type, job->x, row + j, n, buffer);
		for (; i + LANES <= n; i += LANES)
			sum = v_add(sum, v_exp(v_sub(v_load(x + i), v_set(max))));
		if (i < n) {
			float rest[LANES] = { 0 };
			v_store_n(rest, v_exp(v_sub(v_load_n(x + i, n - i), v_set(max))), n - i);
			sum = v_add(sum, v_load(rest));
		}
	}
	return v_sum(sum);
}

static void row(const struct job *job, ptrdiff_t at)
{
	const struct rt_softmax *p = job->p;
	float y[CHUNK] = { 0 }, max = largest_in_row(job, at), sum = sum_of_row(job, at, max);
	vec shift = v_set(max), factor = v_set(1 / sum), log_sum = v_log(v_set(sum));

	for (int32_t j = 0; j < p->n; j += CHUNK) {
		int32_t n = at_most(p->n - j, CHUNK);
		load_floats(y, element_at(job->x, p->x_type, at + j), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i += LANES) {
			vec x = v_sub(v_load(y + i), shift);
			v_store(y + i, p->log ? v_sub(x, log_sum) : v_mul(v_exp(x), factor));
		}
		store_floats(element_to(job->y, p->y_type, at + j), y, p->y_type, 1, n);
	}
}

static void rows(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;

	for (; unit < end; unit++)
		for (int32_t i = 0; i < job->rows && i < job->p->outer - unit * job->rows; i++)
			row(job, ((ptrdiff_t)unit * job->rows + i) * job->p->n);
}

/* Strided: lanes are neighbouring positions, `n` of which from element `at` on are worked off together. */
static void columns(const struct job *job, ptrdiff_t at, int32_t n)
{
	const struct rt_softmax *p = job->p;
	float max[CHUNK], sum[CHUNK], x[CHUNK] = { 0 };
	ptrdiff_t from = at;

	for (int32_t i = 0; i < CHUNK; i++) {
		max[i] = -INFINITY;
		sum[i] = 0;
	}
	for (int32_t k = 0; k < p->n; k++, from += p->stride) {
		load_floats(x, element_at(job->x, p->x_type, from), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i += LANES)
			v_store(max + i, v_max(v_load(x + i), v_load(max + i)));
	}
	from = at;
	for (int32_t k = 0; k < p->n; k++, from += p->stride) {
		load_floats(x, element_at(job->x, p->x_type, from), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i += LANES)
			v_store(sum + i, v_add(v_load(sum + i), v_exp(v_sub(v_load(x + i), v_load(max + i)))));
	}
	for (int32_t i = 0; i < n; i += LANES)
		v_store(sum + i, p->log ? v_log(v_load(sum + i)) : v_div(v_set(1.0f), v_load(sum + i)));
	from = at;
	for (int32_t k = 0; k < p->n; k++, from += p->stride) {
		load_floats(x, element_at(job->x, p->x_type, from), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i += LANES) {
			vec d = v_sub(v_load(x + i), v_load(max + i)), s = v_load(sum + i);
			v_store(x + i, p->log ? v_sub(d, s) : v_mul(v_exp(d), s));
		}
		store_floats(element_to(job->y, p->y_type, from), x, p->y_type, 1, n);
	}
}

static void strided(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_softmax *p = job->p;

	for (; unit < end; unit++) {
		int32_t first = unit % job->across * CHUNK;
		ptrdiff_t outer = (ptrdiff_t)(unit / job->across) * p->n * p->stride;
		columns(job, outer + first, at_most(p->stride - first, CHUNK));
	}
}

KERNEL(softmax, (void *y, const void *x))
{
	struct job job = { .p = p, .y = y, .x = x };

	if (p->stride == 1) {
		job.rows = p->n > 0 && p->n < UNIT_ELEMENTS ? UNIT_ELEMENTS / p->n : 1;
		rt_parallel(run, (p->outer + job.rows - 1) / job.rows, rows, &job);
	} else {
		job.across = (p->stride + CHUNK - 1) / CHUNK;
		rt_parallel(run, p->outer * job.across, strided, &job);
	}
}
