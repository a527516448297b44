/* max_pool (ONNX MaxPool-12 with Indices): the maximum of each window, and where it is. A NaN is larger than all
 * numbers. Elements are compared as doubles, which hold every type that pools take. */
#include "element.h"
#include "kernel.h"

enum { UNIT = 8192 }; /* elements read, about */

struct max_pool_job {
	const struct rt_max_pool *p;
	void *y;
	int64_t *index;
	const void *x;
	int64_t windows, unit; /* of all planes; in a unit */
};

/* A plane's element as ONNX counts it. */
static int64_t number_of(const struct rt_max_pool *p, int64_t plane, const int32_t *at)
{
	int64_t size = (int64_t)p->in[0] * p->in[1] * p->in[2];
	int64_t rows = ((int64_t)at[0] * p->in[1] + at[1]) * p->in[2] + at[2];
	int64_t columns = at[0] + p->in[0] * (at[1] + (int64_t)p->in[1] * at[2]);

	return plane * size + (p->column_major ? columns : rows);
}

/* One window of a plane, whose taps start at `start`. */
static void find_maximum(const struct max_pool_job *job, int64_t window, int64_t plane, const int32_t *start)
{
	const struct rt_max_pool *p = job->p;
	int64_t size = (int64_t)p->in[0] * p->in[1] * p->in[2], best_at = 0;
	double best = -INFINITY;
	bool found = false;

	for (int32_t tap = 0; tap < p->kernel[0] * p->kernel[1] * p->kernel[2]; tap++) {
		int32_t in_slice = tap % (p->kernel[1] * p->kernel[2]);
		int32_t k[] = { tap / (p->kernel[1] * p->kernel[2]), in_slice / p->kernel[2], in_slice % p->kernel[2] }, at[3];
		bool inside = true;
		for (int d = 0; d < 3; d++) {
			at[d] = start[d] + k[d] * p->dilation[d];
			inside = inside && at[d] >= 0 && at[d] < p->in[d];
		}
		if (!inside)
			continue;
		double x;
		int64_t from = plane * size + ((int64_t)at[0] * p->in[1] + at[1]) * p->in[2] + at[2];
		load_doubles(&x, element_at(job->x, p->type, (ptrdiff_t)from), p->type, 1, 1);
		if (!found || x > best || (x != x && best == best)) {
			best = x;
			best_at = number_of(p, plane, at);
			found = true;
		}
	}
	store_doubles(element_to(job->y, p->type, (ptrdiff_t)window), &best, p->type, 1, 1);
	job->index[window] = best_at;
}

static void max_pool_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct max_pool_job *job = job_pointer;
	const struct rt_max_pool *p = job->p;
	int64_t window = begin * job->unit, stop = end * job->unit, slice = (int64_t)p->out[1] * p->out[2];

	stop = stop < job->windows ? stop : job->windows;
	for (; window < stop; window++) {
		int64_t plane = window / (slice * p->out[0]), inside = window % (slice * p->out[0]);
		int32_t at[] = { (int32_t)(inside / slice), (int32_t)(inside % slice / p->out[2]),
			(int32_t)(inside % p->out[2]) };
		for (int d = 0; d < 3; d++)
			at[d] = at[d] * p->stride[d] - p->pad[d];
		find_maximum(job, window, plane, at);
	}
}

KERNEL(max_pool, (void *y, void *index, const void *x))
{
	struct max_pool_job job = { p, y, index, x, (int64_t)p->planes * p->out[0] * p->out[1] * p->out[2], 1 };
	int64_t work = (int64_t)p->kernel[0] * p->kernel[1] * p->kernel[2];

	if (job.windows == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / work;
	rt_parallel(run, (int32_t)((job.windows + job.unit - 1) / job.unit), max_pool_units, &job);
}
