/* Turns strided operands into panels at run time. */
#ifndef MICRO_PACK_H
#define MICRO_PACK_H

#include "element.h"

/* One panel of depth x RT_PANEL: to[t][j] = element t row + j column of x, and 0 for n <= j < RT_PANEL. */
static inline void pack_panel(
	float *to, const void *x, enum rt_type type, ptrdiff_t row, ptrdiff_t column, int32_t depth, int32_t n)
{
	const float *dense = x;
	float square[RT_PANEL][LANES];
	int32_t t = 0;

	if (n < RT_PANEL)
		memset(to, 0, (size_t)depth * RT_PANEL * sizeof *to);
	/* Rows that are dense floats. */
	for (; type == RT_F32 && column == 1 && n == RT_PANEL && t < depth; t++)
		for (int32_t j = 0; j < RT_PANEL; j += LANES)
			v_store(to + t * RT_PANEL + j, v_load(dense + t * row + j));
	/* Columns that are dense along k: transpose squares. */
	for (; row == 1 && column != 1 && n == RT_PANEL && t + LANES <= depth; t += LANES) {
		for (int32_t j = 0; j < RT_PANEL; j++)
			load_floats(square[j], element_at(x, type, t + j * column), type, 1, LANES);
		for (int32_t j = 0; j < RT_PANEL; j += LANES)
			v_transpose(to + t * RT_PANEL + j, RT_PANEL, square[j], LANES);
	}
	for (; t < depth; t++)
		load_floats(to + t * RT_PANEL, element_at(x, type, t * row), type, column, n);
}

#endif
