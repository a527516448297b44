#include "kernel.h"
#include "micro/bytes.h"
#include "micro/math.h"

enum {
	CHUNK = 256,           /* columns at once, a multiple of every LANES */
	HELD = 2048,           /* elements of a row, a multiple of every LANES */
	UNIT_ELEMENTS = 16384, /* in a unit, roughly */
};

struct job {
	const struct rt_softmax *p;
	void *y;
	const void *x;
	int32_t rows;   /* in a unit, when the stride is 1 */
	int32_t across; /* units along the stride, when it is not */
	struct quantizer to;
};

static int32_t at_most(int32_t n, int32_t most)
{
	return n < most ? n : most;
}

/* n dense elements from number `at` on, as floats. */
static void load(const struct job *job, ptrdiff_t at, int32_t n, float *to)
{
	const struct rt_softmax *p = job->p;

	if (rt_is_byte(p->x_type))
		dequantize_floats(to, (const uint8_t *)job->x + at, p->x_type, p->x_scale, p->x_zero, n);
	else
		load_floats(to, element_at(job->x, p->x_type, at), p->x_type, 1, n);
}

/* Dense rows: lanes are elements of a row, of which HELD are in memory at once. The last vector is filled up with
 * -infinity, which is never the largest. */

static void load_part(const struct job *job, ptrdiff_t at, int32_t n, float *to)
{
	load(job, at, n, to);
	for (int32_t i = n; i % LANES; i++)
		to[i] = -INFINITY;
}

static float largest_of(const float *x, int32_t n, float largest)
{
	vec max = v_set(largest);

	for (int32_t i = 0; i < n; i += LANES)
		max = v_max(v_load(x + i), max);
	return v_largest(max);
}

/* What the sums in each lane become with e^(x - max), which go to y. */
VEC_INLINE vec add_powers(float *y, const float *x, int32_t n, float max, vec sum)
{
	int32_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		vec power = v_exp(v_sub(v_load(x + i), v_set(max)));
		v_store(y + i, power);
		sum = v_add(sum, power);
	}
	if (i < n) {
		v_store(y + i, v_exp(v_sub(v_load(x + i), v_set(max))));
		sum = v_add(sum, v_load_n(y + i, n - i));
	}
	return sum;
}

/* A row that is held whole is read once, and its powers are computed once. */
static void row(const struct job *job, ptrdiff_t at)
{
	const struct rt_softmax *p = job->p;
	float x[HELD], power[HELD], max = -INFINITY, *y = p->log ? x : power;
	vec sum = v_set(0.0f);

	for (int32_t j = 0; j < p->n; j += HELD) {
		load_part(job, at + j, at_most(p->n - j, HELD), x);
		max = largest_of(x, at_most(p->n - j, HELD), max);
	}
	for (int32_t j = 0; j < p->n; j += HELD) {
		if (p->n > HELD)
			load_part(job, at + j, at_most(p->n - j, HELD), x);
		sum = add_powers(power, x, at_most(p->n - j, HELD), max, sum);
	}
	vec shift = v_set(max), all = v_set(v_sum(sum)), factor = v_div(v_set(1.0f), all), log_sum = v_log(all);
	for (int32_t j = 0; j < p->n; j += HELD) {
		int32_t n = at_most(p->n - j, HELD);
		if (p->n > HELD) {
			load_part(job, at + j, n, x);
			add_powers(power, x, n, max, v_set(0.0f));
		}
		for (int32_t i = 0; i < n; i += LANES)
			v_store(y + i, p->log ? v_sub(v_sub(v_load(y + i), shift), log_sum) : v_mul(v_load(y + i), factor));
		store_row(&job->to, job->y, p->y_type, at + j, y, n);
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
		load(job, from, n, x);
		for (int32_t i = 0; i < n; i += LANES)
			v_store(max + i, v_max(v_load(x + i), v_load(max + i)));
	}
	from = at;
	for (int32_t k = 0; k < p->n; k++, from += p->stride) {
		load(job, from, n, x);
		for (int32_t i = 0; i < n; i += LANES)
			v_store(sum + i, v_add(v_load(sum + i), v_exp(v_sub(v_load(x + i), v_load(max + i)))));
	}
	for (int32_t i = 0; i < n; i += LANES)
		v_store(sum + i, p->log ? v_log(v_load(sum + i)) : v_div(v_set(1.0f), v_load(sum + i)));
	from = at;
	for (int32_t k = 0; k < p->n; k++, from += p->stride) {
		load(job, from, n, x);
		for (int32_t i = 0; i < n; i += LANES) {
			vec d = v_sub(v_load(x + i), v_load(max + i)), s = v_load(sum + i);
			v_store(x + i, p->log ? v_sub(d, s) : v_mul(v_exp(d), s));
		}
		store_row(&job->to, job->y, p->y_type, from, x, n);
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
	struct job job = { .p = p, .y = y, .x = x, .to = quantizer_of(p->y_type, p->y_scale, p->y_zero) };

	if (p->stride == 1) {
		job.rows = p->n > 0 && p->n < UNIT_ELEMENTS ? UNIT_ELEMENTS / p->n : 1;
		rt_parallel(run, (p->outer + job.rows - 1) / job.rows, rows, &job);
	} else {
		job.across = (p->stride + CHUNK - 1) / CHUNK;
		rt_parallel(run, p->outer * job.across, strided, &job);
	}
}
