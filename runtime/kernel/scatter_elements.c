/* scatter_elements (ONNX ScatterElements-18): writes every element of the update to where the index at its place says.
 *
 * Elements that differ in another coordinate than the axis' never meet: each such line of the update is a task. */
#include "combine.h"
#include "index.h"
#include "walk.h"

enum { UNIT = 8192 }; /* elements, about */

struct scatter_elements_job {
	const struct rt_scatter_elements *p;
	char *y;
	const void *index;
	const char *update;
	/* The dimensions of the update but the axis, and the strides of the update and of y over them and along the axis.
	 */
	int32_t rank, dim[RT_RANK], from[RT_RANK], to[RT_RANK], from_step, to_step;
	int64_t lines, unit; /* in all, in a unit */
};

static void scatter_elements_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct scatter_elements_job *job = job_pointer;
	const struct rt_scatter_elements *p = job->p;
	int64_t line = begin * job->unit, last = end * job->unit;
	struct walk from = walk_start(job->rank, job->dim, job->from, line);
	struct walk to = walk_start(job->rank, job->dim, job->to, line);
	int32_t size = p->y_dim[p->axis];

	for (last = last < job->lines ? last : job->lines; line < last; line++) {
		for (int32_t i = 0; i < p->dim[p->axis]; i++) {
			ptrdiff_t source = from.offset + (ptrdiff_t)i * job->from_step;
			int32_t at = index_at(job->index, p->index_type, source, size);
			if (at >= 0 && at < size)
				combine(element_to(job->y, p->type, to.offset + (ptrdiff_t)at * job->to_step),
					element_at(job->update, p->type, source), p->type, p->kind, 1);
		}
		walk_on(&from, 1);
		walk_on(&to, 1);
	}
}

KERNEL(scatter_elements, (void *y, const void *x, const void *index, const void *update))
{
	struct scatter_elements_job job = { .p = p, .y = y, .index = index, .update = update };
	int32_t from = 1, to = 1, at = p->rank;

	for (int32_t i = p->rank; i-- > 0; from *= p->dim[i], to *= p->y_dim[i]) {
		if (i == p->axis) {
			job.from_step = from;
			job.to_step = to;
			continue;
		}
		job.dim[--at] = p->dim[i];
		job.from[at] = from;
		job.to[at] = to;
	}
	/* One place is left free, in front. */
	job.rank = p->rank - 1;
	memmove(job.dim, job.dim + at, (size_t)job.rank * sizeof *job.dim);
	memmove(job.from, job.from + at, (size_t)job.rank * sizeof *job.from);
	memmove(job.to, job.to + at, (size_t)job.rank * sizeof *job.to);
	job.lines = walk_size(job.rank, job.dim);
	if (y != x)
		memcpy(y, x, (size_t)to * rt_type_size(p->type));
	if (job.lines == 0 || p->dim[p->axis] == 0)
		return;
	job.unit = UNIT / p->dim[p->axis] + 1;
	rt_parallel(run, (int32_t)((job.lines + job.unit - 1) / job.unit), scatter_elements_units, &job);
}
