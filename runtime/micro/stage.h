/* Rows of any float type as rows of float, without copying what is float already. */
#ifndef MICRO_STAGE_H
#define MICRO_STAGE_H

#include "element.h"

/* n dense elements of the tensor from number `at` on: where they are, or converted in the buffer. */
static inline const float *stage(enum rt_type type, const void *tensor, ptrdiff_t at, int32_t n, float *buffer)
{
	if (type == RT_F32)
		return (const float *)tensor + at;
	load_floats(buffer, element_at(tensor, type, at), type, 1, n);
	return buffer;
}

/* Weights of RT_BF16X2 as floats: n, of whole pairs of rows. */
static inline void join_parts(float *to, const uint16_t *w, int32_t n)
{
	enum { PAIR = 2 * RT_PANEL };

	for (int32_t i = 0; i < n; i += PAIR, w += 2 * PAIR)
		for (int32_t j = 0; j < RT_PANEL; j += LANES) {
			vec hi[2], lo[2];
			v_load_pairs(w + 2 * j, &hi[0], &hi[1]);
			v_load_pairs(w + PAIR + 2 * j, &lo[0], &lo[1]);
			v_store(to + i + j, v_add(hi[0], lo[0]));
			v_store(to + i + RT_PANEL + j, v_add(hi[1], lo[1]));
		}
}

/* The same for n elements of each of several panels of weights, the first at `at` and each `*next` after the one
 * before: afterwards *next is the distance between them where they are now. */
static inline const float *stage_panels(
	enum rt_type type, const void *w, ptrdiff_t at, ptrdiff_t *next, int panels, int32_t n, float *buffer)
{
	if (type == RT_F32)
		return (const float *)w + at;
	for (int i = 0; i < panels; i++) {
		const void *from = element_at(w, type, at + i * *next);
		if (type == RT_BF16X2)
			join_parts(buffer + i * n, from, n);
		else
			load_floats(buffer + i * n, from, type, 1, n);
	}
	*next = n;
	return buffer;
}

#endif
