/* Packs weights as the compiler does, for the tests of kernels that read panels. */
#ifndef PANELS_H
#define PANELS_H

#include "kernel_test.h"

/* How many rows of a panel a tap's channels take: of RT_BF16 they are padded to whole pairs. */
static inline int32_t tap_rows(enum rt_type type, int32_t channels)
{
	return type == RT_BF16 ? channels + channels % 2 : channels;
}

/* n, padded to whole panels. */
static inline size_t padded(int32_t n)
{
	return (size_t)((n + RT_PANEL - 1) / RT_PANEL * RT_PANEL);
}

/* How many elements ceil(n/16) panels have for so many taps and channels of each. */
static inline size_t panels_size(enum rt_type type, int32_t taps, int32_t channels, int32_t n)
{
	return padded(n) * (size_t)(taps * tap_rows(type, channels));
}

/* How far a product with panels of this type may be from that with x and the weights themselves, by the sum of its
 * terms' magnitudes, which have either sign: see RT_F16, RT_BF16 and RT_BF16X2. Additions to odd are off by twice what
 * those to nearest are, at random: more than 2^-22 of the magnitudes is not their doing. */
static inline double split_error(enum rt_type type, enum rt_type x_type, double magnitude)
{
	if (type == RT_BF16)
		return (x_type == RT_BF16 ? 0x1p-22 : 0x1p-8) * magnitude;
	if (type == RT_F16 && x_type != RT_F16 && x_type != RT_BF16)
		return 0x1p-17 * magnitude;
	return type == RT_BF16X2 ? 0x1p-15 * magnitude : 0;
}

/* The type of the weights that panels of this type are made of. */
static inline enum rt_type given_type(enum rt_type type)
{
	return type == RT_BF16X2 ? RT_F32 : type;
}

/* Column j of row `row` of a panel of RT_BF16X2 or RT_BF16, whose rows lie in pairs. */
static inline void set_pair(uint16_t *panel, enum rt_type type, size_t row, size_t j, float x)
{
	uint16_t *pair = panel + row / 2 * (type == RT_BF16 ? 2 : 4) * RT_PANEL + j * 2 + row % 2;

	pair[0] = bfloat_of_float(x);
	if (type == RT_BF16X2)
		pair[2 * RT_PANEL] = bfloat_of_float(x - float_of_bfloat(pair[0]));
}

/* Writes w [taps][channels][n] of given_type(type) as zero-filled panels. */
static inline void pack_panels(
	void *panels, const void *w, enum rt_type type, int32_t taps, int32_t channels, int32_t n)
{
	size_t size = rt_type_size(type), rows = (size_t)(taps * tap_rows(type, channels));

	memset(panels, 0, panels_size(type, taps, channels, n) * size);
	for (size_t k = 0; k < (size_t)(taps * channels); k++)
		for (size_t j = 0; j < (size_t)n; j++) {
			char *panel = (char *)panels + j / RT_PANEL * rows * RT_PANEL * size;
			size_t row = k / (size_t)channels * (size_t)tap_rows(type, channels) + k % (size_t)channels;
			double x = element(w, given_type(type), k * (size_t)n + j);
			if (type == RT_BF16X2 || type == RT_BF16)
				set_pair((uint16_t *)panel, type, row, j % RT_PANEL, (float)x);
			else
				set_element(panel, type, row * RT_PANEL + j % RT_PANEL, x);
		}
}

#endif
