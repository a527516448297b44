/* gather_nd (ONNX GatherND-13): copies slices of x that tuples of coordinates name. */
#include "index.h"

enum { UNIT_BYTES = 32768 }; /* of y, about */

struct gather_nd_job {
	const struct rt_gather_nd *p;
	char *y;
	const char *x;
	const void *index;
	int64_t size, tuples, unit; /* slices of x in one batch; tuples in all, in a unit */
};

/* The slice that tuple i names, each coordinate clamped. */
static int64_t slice_of(const struct gather_nd_job *job, int64_t i)
{
	const struct rt_gather_nd *p = job->p;
	int64_t slice = i / p->count;

	for (int32_t k = 0; k < p->depth; k++)
		slice = slice * p->dim[k] + clamped_index_at(job->index, p->index_type, i * p->depth + k, p->dim[k]);
	return slice;
}

static void gather_nd_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct gather_nd_job *job = job_pointer;
	int64_t i = begin * job->unit, to = end * job->unit;
	size_t bytes = (size_t)job->p->inner * (size_t)job->p->size;

	for (to = to < job->tuples ? to : job->tuples; i < to; i++)
		memcpy(job->y + (size_t)i * bytes, job->x + (size_t)slice_of(job, i) * bytes, bytes);
}

KERNEL(gather_nd, (void *y, const void *x, const void *index))
{
	int64_t bytes = (int64_t)p->inner * p->size;
	struct gather_nd_job job = { p, y, x, index, 1, (int64_t)p->batch * p->count, 1 };

	for (int32_t k = 0; k < p->depth; k++)
		job.size *= p->dim[k];
	if (job.tuples == 0 || bytes == 0 || job.size == 0)
		return;
	if (bytes < UNIT_BYTES)
		job.unit = UNIT_BYTES / bytes;
	rt_parallel(run, (int32_t)((job.tuples + job.unit - 1) / job.unit), gather_nd_units, &job);
}
