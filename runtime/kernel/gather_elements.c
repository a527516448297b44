/* gather_elements (ONNX GatherElements-13): every element of y is taken from where the index at its place says. */
#include "index.h"
#include "walk.h"

enum { UNIT = 8192 }; /* elements */

struct gather_elements_job {
	const struct rt_gather_elements *p;
	void *y;
	const void *x, *index;
	int32_t base[RT_RANK]; /* strides of x, but 0 along the axis */
	int64_t n;
};

/* Elements y[i .. i+n], one run of the innermost dimension, which start at x + offset. */
static void gather_run(const struct gather_elements_job *job, int64_t i, int32_t n, ptrdiff_t offset, ptrdiff_t step)
{
	const struct rt_gather_elements *p = job->p;
	ptrdiff_t stride = p->x[p->axis];

	for (int32_t k = 0; k < n; k++, i++) {
		ptrdiff_t from =
			offset + k * step + (ptrdiff_t)clamped_index_at(job->index, p->index_type, i, p->axis_dim) * stride;
		switch (p->size) {
		case 1:
			((uint8_t *)job->y)[i] = ((const uint8_t *)job->x)[from];
			break;
		case 2:
			((uint16_t *)job->y)[i] = ((const uint16_t *)job->x)[from];
			break;
		case 4:
			((uint32_t *)job->y)[i] = ((const uint32_t *)job->x)[from];
			break;
		default:
			((uint64_t *)job->y)[i] = ((const uint64_t *)job->x)[from];
			break;
		}
	}
}

static void gather_elements_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct gather_elements_job *job = job_pointer;
	int64_t i = (int64_t)begin * UNIT, to = (int64_t)end * UNIT;
	struct walk w = walk_start(job->p->rank, job->p->dim, job->base, i);

	to = to < job->n ? to : job->n;
	while (i < to) {
		int32_t n = walk_run(&w, to - i < UNIT ? (int32_t)(to - i) : UNIT);
		gather_run(job, i, n, w.offset, walk_step(&w));
		walk_on(&w, n);
		i += n;
	}
}

KERNEL(gather_elements, (void *y, const void *x, const void *index))
{
	struct gather_elements_job job = { .p = p, .y = y, .x = x, .index = index };

	job.n = walk_size(p->rank, p->dim);
	if (job.n == 0 || p->axis_dim == 0)
		return;
	for (int32_t i = 0; i < p->rank; i++)
		job.base[i] = i == p->axis ? 0 : p->x[i];
	rt_parallel(run, (int32_t)((job.n + UNIT - 1) / UNIT), gather_elements_units, &job);
}
