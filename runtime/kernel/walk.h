/* A walk through a strided index space in row-major order, for the kernels that take tensors of any shape. */
#ifndef WALK_H
#define WALK_H

#include "kernel.h"

/* Where a walk stands: the coordinate at[] and the element offset that belongs to it. A space of rank 0 has one
 * element. */
struct walk {
	int32_t rank;
	const int32_t *dim, *stride;
	int32_t at[RT_RANK];
	ptrdiff_t offset;
};

static inline int64_t walk_size(int32_t rank, const int32_t *dim)
{
	int64_t size = 1;

	for (int32_t i = 0; i < rank; i++)
		size *= dim[i];
	return size;
}

/* A walk that stands at the element of row-major number `position`. */
static inline struct walk walk_start(int32_t rank, const int32_t *dim, const int32_t *stride, int64_t position)
{
	struct walk w = { .rank = rank, .dim = dim, .stride = stride };

	for (int32_t i = rank; i-- > 0 && position; position /= dim[i]) {
		w.at[i] = (int32_t)(position % dim[i]);
		w.offset += (ptrdiff_t)w.at[i] * stride[i];
	}
	return w;
}

/* How many elements from here on, up to `most`, lie in one row of the innermost dimension. */
static inline int32_t walk_run(const struct walk *w, int32_t most)
{
	int32_t left = w->rank ? w->dim[w->rank - 1] - w->at[w->rank - 1] : 1;

	return left < most ? left : most;
}

/* The distance between the elements of a run. */
static inline ptrdiff_t walk_step(const struct walk *w)
{
	return w->rank ? w->stride[w->rank - 1] : 0;
}

/* Goes n elements on, which may be at most a run. Past the last element the walk is back at the first. */
static inline void walk_on(struct walk *w, int32_t n)
{
	for (int32_t i = w->rank; i-- > 0; n = 1) {
		w->offset += (ptrdiff_t)n * w->stride[i];
		w->at[i] += n;
		if (w->at[i] < w->dim[i])
			return;
		w->offset -= (ptrdiff_t)w->dim[i] * w->stride[i];
		w->at[i] = 0;
	}
}

#endif
