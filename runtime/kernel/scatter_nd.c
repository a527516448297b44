/* scatter_nd (ONNX ScatterND-18): writes slices to where tuples of coordinates say.
 *
 * Tuples may name one slice twice, so that they are taken in their order; what is shared out is the columns of the
 * slices. */
#include "combine.h"
#include "index.h"

enum { UNIT = 64 }; /* columns */

struct scatter_nd_job {
	const struct rt_scatter_nd *p;
	char *y;
	const void *index;
	const char *update;
};

/* The slice that tuple i names, -1 when a coordinate is outside. */
static int64_t slice_of(const struct scatter_nd_job *job, int64_t i)
{
	const struct rt_scatter_nd *p = job->p;
	int64_t slice = 0;

	for (int32_t k = 0; k < p->depth; k++) {
		int32_t at = index_at(job->index, p->index_type, i * p->depth + k, p->dim[k]);
		if (at < 0 || at >= p->dim[k])
			return -1;
		slice = slice * p->dim[k] + at;
	}
	return slice;
}

static void scatter_nd_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct scatter_nd_job *job = job_pointer;
	const struct rt_scatter_nd *p = job->p;
	int32_t from = begin * UNIT, to = p->inner - from < (end - begin) * UNIT ? p->inner : end * UNIT;

	for (int64_t i = 0; i < p->count; i++) {
		int64_t slice = slice_of(job, i);
		if (slice >= 0)
			combine(element_to(job->y, p->type, (ptrdiff_t)(slice * p->inner + from)),
				element_at(job->update, p->type, (ptrdiff_t)(i * p->inner + from)), p->type, p->kind, to - from);
	}
}

KERNEL(scatter_nd, (void *y, const void *x, const void *index, const void *update))
{
	struct scatter_nd_job job = { p, y, index, update };
	size_t bytes = (size_t)p->inner * rt_type_size(p->type);

	for (int32_t k = 0; k < p->depth; k++)
		bytes *= (size_t)p->dim[k];
	if (bytes == 0)
		return;
	if (y != x)
		memcpy(y, x, bytes);
	rt_parallel(run, (p->inner - 1) / UNIT + 1, scatter_nd_units, &job);
}
