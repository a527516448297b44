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

/* The same for n elements of each of several panels of weights, the first at `at` and each `*next` after the one
 * before: afterwards *next is the distance between them where they are now. */
static inline const float *stage_panels(
	enum rt_type type, const void *w, ptrdiff_t at, ptrdiff_t *next, int panels, int32_t n, float *buffer)
{
	if (type == RT_F32)
		return (const float *)w + at;
	for (int i = 0; i < panels; i++)
		load_floats(buffer + i * n, element_at(w, type, at + i * *next), type, 1, n);
	*next = n;
	return buffer;
}

#endif
