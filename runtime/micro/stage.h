/* Rows of any float type as rows of float, without copying what is float already. */
#ifndef MICRO_STAGE_H
#define MICRO_STAGE_H

#include "element.h"
#include "tile.h"

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

/* Pairs of rows of RT_BF16 as floats; of the last pair perhaps the first row only. */
static inline void part_pairs(float *to, const uint16_t *w, int32_t rows)
{
	for (int32_t i = 0; i < rows; i += 2, w += 2 * RT_PANEL)
		for (int32_t j = 0; j < RT_PANEL; j += LANES) {
			vec first, second;
			v_load_pairs(w + 2 * j, &first, &second);
			v_store(to + i * RT_PANEL + j, first);
			if (i + 1 < rows)
				v_store(to + (i + 1) * RT_PANEL + j, second);
		}
}

/* Row number `row` of panels as floats; not of RT_BF16X2. */
static inline void load_row(float *to, enum rt_type type, const void *w, ptrdiff_t row)
{
	float pair[2 * RT_PANEL];

	if (type != RT_BF16) {
		load_floats(to, element_at(w, type, row * RT_PANEL), type, 1, RT_PANEL);
		return;
	}
	part_pairs(pair, (const uint16_t *)w + (row - row % 2) * RT_PANEL, 2);
	memcpy(to, pair + row % 2 * RT_PANEL, RT_PANEL * sizeof *to);
}

/* How many rows a panel of this type stores for so many, which belong together: a tap's, or all. */
static inline int32_t stored_rows(enum rt_type type, int32_t rows)
{
	return type == RT_BF16 ? rows + rows % 2 : rows;
}

/* The same for segments of `rows` rows each of several panels of weights, the first from element `at` on and each
 * `*next` elements after the one before: afterwards *next is the distance between them where they are now. */
static inline const float *stage_panels(enum rt_type type, const void *w, ptrdiff_t at, ptrdiff_t *next, int panels,
	int32_t segments, int32_t rows, float *buffer)
{
	int32_t n = segments * rows * RT_PANEL;

	if (type == RT_F32)
		return (const float *)w + at;
	for (int i = 0; i < panels; i++) {
		const void *from = element_at(w, type, at + i * *next);
		float *to = buffer + i * n;
		if (type == RT_BF16X2)
			join_parts(to, from, n);
		else if (type == RT_F16)
			load_floats(to, from, type, 1, n);
		else
			for (int32_t s = 0; s < segments; s++)
				part_pairs(to + s * rows * RT_PANEL,
					(const uint16_t *)from + (ptrdiff_t)s * stored_rows(type, rows) * RT_PANEL, rows);
	}
	*next = n;
	return buffer;
}

/* Gives the tile, whose segments and depth are set, its weights: those panels, converted in the buffer if need be. */
static inline void stage_weights(struct tile *tile, enum rt_type type, const void *w, ptrdiff_t at, ptrdiff_t next,
	int panels, int segments, int32_t rows, float *buffer)
{
	tile->next_w = next;
	if (type != RT_F16) {
		tile->w = stage_panels(type, w, at, &tile->next_w, panels, segments, rows, buffer);
		return;
	}
	tile->halves = (const uint16_t *)w + at;
	tile->next_half = next;
	tile->w = tile->staged = buffer;
	tile->next_w = (ptrdiff_t)segments * rows * RT_PANEL;
}

#endif
