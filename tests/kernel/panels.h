/* Packs weights as the compiler does, for the tests of kernels that read panels. */
#ifndef PANELS_H
#define PANELS_H

#include "kernel_test.h"

/* How many elements ceil(n/16) panels of depth k have. */
static inline size_t panels_size(int32_t k, int32_t n)
{
	return (size_t)((n + RT_PANEL - 1) / RT_PANEL * RT_PANEL) * (size_t)k;
}

/* How far a product with panels of this type may be from that with the weights themselves, by the sum of its terms'
 * magnitudes: see RT_BF16X2. */
static inline double split_error(enum rt_type type, double magnitude)
{
	return type == RT_BF16X2 ? 0x1p-15 * magnitude : 0;
}

/* The type of the weights that panels of this type are made of. */
static inline enum rt_type given_type(enum rt_type type)
{
	return type == RT_BF16X2 ? RT_F32 : type;
}

/* Element `at` of panels of RT_BF16X2, which have an even number of rows. */
static inline void set_split(uint16_t *panels, size_t at, float x)
{
	size_t row = at / RT_PANEL, to = row / 2 * 4 * RT_PANEL + at % RT_PANEL * 2 + row % 2;

	panels[to] = bfloat_of_float(x);
	panels[to + 2 * RT_PANEL] = bfloat_of_float(x - float_of_bfloat(panels[to]));
}

/* Writes w [k][n] of given_type(type) as zero-filled panels. */
static inline void pack_panels(void *panels, const void *w, enum rt_type type, int32_t k, int32_t n)
{
	for (int32_t j = 0; j < (n + RT_PANEL - 1) / RT_PANEL * RT_PANEL; j++)
		for (int32_t t = 0; t < k; t++) {
			size_t to = (size_t)(j / RT_PANEL * k + t) * RT_PANEL + (size_t)(j % RT_PANEL);
			double x = j < n ? element(w, given_type(type), (size_t)t * (size_t)n + (size_t)j) : 0;
			if (type == RT_BF16X2)
				set_split(panels, to, (float)x);
			else
				set_element(panels, type, to, x);
		}
}

#endif
