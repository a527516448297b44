/* resize: weighted sums of elements along one dimension, by a table that the compiler made (ONNX Resize-19).
 *
 * Neighbours along the inner dimensions are summed side by side, in float, or in double for the types that float does
 * not hold. Rows of single elements, the most usual case of a picture's width, have a loop of their own. */
#include "element.h"
#include "kernel.h"
#include "micro/weighted.h"

enum {
	CHUNK = 64,  /* elements of the inner dimensions */
	UNIT = 8192, /* elements read, about */
};

struct resize_job {
	const struct rt_resize *p;
	void *y;
	const void *x;
	const int32_t *index;
	const void *weight;
	bool wide;          /* sums in double */
	int64_t rows, unit; /* outer * out; in a unit */
};

/* n elements of the row of output o, which start `at` elements behind the row's first. */
static void sum_floats(const struct resize_job *job, ptrdiff_t row, int32_t o, int32_t at, int32_t n)
{
	const struct rt_resize *p = job->p;
	const int32_t *index = job->index + (ptrdiff_t)o * p->taps;
	const float *weight = (const float *)job->weight + (ptrdiff_t)o * p->taps;
	ptrdiff_t slice = row / p->out * p->in;
	float sum[CHUNK] = { 0 }, x[CHUNK];

	for (int32_t t = 0; t < p->taps && index[0] >= 0; t++) {
		load_floats(x, element_at(job->x, p->x_type, (slice + index[t]) * p->inner + at), p->x_type, 1, n);
		add_weighted(sum, x, weight[t], n);
	}
	for (int32_t i = 0; i < n && index[0] < 0; i++)
		sum[i] = p->outside;
	store_floats(element_to(job->y, p->y_type, row * p->inner + at), sum, p->y_type, 1, n);
}

static void sum_doubles(const struct resize_job *job, ptrdiff_t row, int32_t o, int32_t at, int32_t n)
{
	const struct rt_resize *p = job->p;
	const int32_t *index = job->index + (ptrdiff_t)o * p->taps;
	const double *weight = (const double *)job->weight + (ptrdiff_t)o * p->taps;
	ptrdiff_t slice = row / p->out * p->in;
	double sum[CHUNK] = { 0 }, x[CHUNK];

	for (int32_t t = 0; t < p->taps && index[0] >= 0; t++) {
		load_doubles(x, element_at(job->x, p->x_type, (slice + index[t]) * p->inner + at), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i++)
			sum[i] += weight[t] * x[i];
	}
	for (int32_t i = 0; i < n && index[0] < 0; i++)
		sum[i] = (double)p->outside;
	store_doubles(element_to(job->y, p->y_type, row * p->inner + at), sum, p->y_type, 1, n);
}

/* The same for inner = 1 and floats. */
static void sum_single(const struct resize_job *job, ptrdiff_t row, int32_t o)
{
	const struct rt_resize *p = job->p;
	const int32_t *index = job->index + (ptrdiff_t)o * p->taps;
	const float *weight = (const float *)job->weight + (ptrdiff_t)o * p->taps;
	const float *x = (const float *)job->x + row / p->out * p->in;
	float sum = index[0] < 0 ? p->outside : 0;

	for (int32_t t = 0; t < p->taps && index[0] >= 0; t++)
		sum += weight[t] * x[index[t]];
	((float *)job->y)[row] = sum;
}

static void resize_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct resize_job *job = job_pointer;
	const struct rt_resize *p = job->p;
	int64_t row = begin * job->unit, stop = end * job->unit;
	bool single = p->inner == 1 && p->x_type == RT_F32 && p->y_type == RT_F32;

	stop = stop < job->rows ? stop : job->rows;
	for (; row < stop; row++) {
		int32_t o = (int32_t)(row % p->out);
		if (single)
			sum_single(job, (ptrdiff_t)row, o);
		for (int32_t at = 0; at < p->inner && !single; at += CHUNK)
			(job->wide ? sum_doubles : sum_floats)(
				job, (ptrdiff_t)row, o, at, p->inner - at < CHUNK ? p->inner - at : CHUNK);
	}
}

KERNEL(resize, (void *y, const void *x, const void *index, const void *weight))
{
	struct resize_job job = { p, y, x, index, weight, false, (int64_t)p->outer * p->out, 1 };
	int64_t work = (int64_t)p->inner * p->taps;

	job.wide = element_domain(p->x_type) != FLOAT_DOMAIN || element_domain(p->y_type) != FLOAT_DOMAIN;
	if (job.rows == 0 || work == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / work;
	rt_parallel(run, (int32_t)((job.rows + job.unit - 1) / job.unit), resize_units, &job);
}
