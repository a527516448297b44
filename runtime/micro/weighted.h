/* Weighted sums, element by element. */
#ifndef MICRO_WEIGHTED_H
#define MICRO_WEIGHTED_H

#include "vec.h"

/* y += weight * x for n elements. */
static inline void add_weighted(float *y, const float *x, float weight, int32_t n)
{
	vec w = v_set(weight);
	int32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		v_store(y + i, v_fma(v_load(x + i), w, v_load(y + i)));
	if (i < n)
		v_store_n(y + i, v_fma(v_load_n(x + i, n - i), w, v_load_n(y + i, n - i)), n - i);
}

#endif
