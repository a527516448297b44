/* gather (ONNX Gather-13): copies slices of x that an index names. */
#include "index.h"

enum { UNIT_BYTES = 32768 }; /* of y, about */

struct gather_job {
	const struct rt_gather *p;
	char *y;
	const char *x;
	const void *index;
	int64_t slices, unit; /* outer * count; slices in a unit */
};

/* Small slices are copied by moves of a known size, which a compiler can do without a call. */
static void copy_slice(char *y, const char *x, size_t bytes)
{
	switch (bytes) {
	case 1:
		*y = *x;
		break;
	case 2:
		memcpy(y, x, 2);
		break;
	case 4:
		memcpy(y, x, 4);
		break;
	case 8:
		memcpy(y, x, 8);
		break;
	default:
		memcpy(y, x, bytes);
		break;
	}
}

static void gather_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct gather_job *job = job_pointer;
	const struct rt_gather *p = job->p;
	int64_t from = begin * job->unit, to = end * job->unit;
	size_t bytes = (size_t)p->inner * (size_t)p->size;

	to = to < job->slices ? to : job->slices;
	for (int64_t i = from; i < to; i++) {
		int64_t outer = i / p->count, row = clamped_index_at(job->index, p->index_type, i % p->count, p->axis);
		copy_slice(job->y + (size_t)i * bytes, job->x + (size_t)(outer * p->axis + row) * bytes, bytes);
	}
}

KERNEL(gather, (void *y, const void *x, const void *index))
{
	int64_t bytes = (int64_t)p->inner * p->size;
	struct gather_job job = { p, y, x, index, (int64_t)p->outer * p->count, 1 };

	if (job.slices == 0 || bytes == 0 || p->axis == 0)
		return;
	if (bytes < UNIT_BYTES)
		job.unit = UNIT_BYTES / bytes;
	rt_parallel(run, (int32_t)((job.slices + job.unit - 1) / job.unit), gather_units, &job);
}
