/* Indices into an axis, as ONNX's Gather and Scatter operators write them. */
#ifndef INDEX_H
#define INDEX_H

#include "kernel.h"

/* Element i of a list of indices (i32 or i64) into an axis of `size` elements. A negative one counts from the end. What
 * lies outside becomes -1 or `size`. */
static inline int32_t index_at(const void *index, enum rt_type type, int64_t i, int32_t size)
{
	int64_t at = type == RT_I32 ? ((const int32_t *)index)[i] : ((const int64_t *)index)[i];

	if (at < 0)
		return at < -(int64_t)size ? -1 : (int32_t)(at + size);
	return at < size ? (int32_t)at : size;
}

/* The same, where what lies outside becomes the nearest element. The axis must have one. */
static inline int32_t clamped_index_at(const void *index, enum rt_type type, int64_t i, int32_t size)
{
	int32_t at = index_at(index, type, i, size);

	return at < 0 ? 0 : at < size ? at : size - 1;
}

#endif
