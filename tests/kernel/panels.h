/* Packs weights as the compiler does, for the tests of kernels that read panels. */
#ifndef PANELS_H
#define PANELS_H

#include "kernel_test.h"

/* How many elements ceil(n/16) panels of depth k have. */
static inline size_t panels_size(int32_t k, int32_t n)
{
	return (size_t)((n + RT_PANEL - 1) / RT_PANEL * RT_PANEL) * (size_t)k;
}

/* Writes w [k][n] of some type as zero-filled panels of the same type. */
static inline void pack_panels(void *panels, const void *w, enum rt_type type, int32_t k, int32_t n)
{
	for (int32_t j = 0; j < (n + RT_PANEL - 1) / RT_PANEL * RT_PANEL; j++)
		for (int32_t t = 0; t < k; t++) {
			size_t to = (size_t)(j / RT_PANEL * k + t) * RT_PANEL + (size_t)(j % RT_PANEL);
			set_element(panels, type, to, j < n ? element(w, type, (size_t)t * (size_t)n + (size_t)j) : 0);
		}
}

#endif
