/* The transforms of Winograd's F(4 x 4, 3 x 3) (Winograd 1980, Lavin & Gray 2016): 4 outputs of a filter of 3 taps are
 * products of polynomials at the points 0, +-1/sqrt(2), +-sqrt(2) and infinity. These points lose about half of the
 * digits less than the usual 0, +-1, +-2, since no power of them is far from 1 (Barabasz et al. 2020).
 *
 * Each function transforms LANES channels at a time, along columns and then along rows. Planes are numbered 6 i + j. */
#ifndef MICRO_WINOGRAD_H
#define MICRO_WINOGRAD_H

#include "vec.h"

#define WINOGRAD_P 0.70710678f /* the smaller point */
#define WINOGRAD_Q 1.41421356f

/* to[i] = sum_j B^T[i][j] from[j], i and j in 0..5. */
VEC_INLINE void winograd_input_line(vec to[6], vec a, vec b, vec c, vec d, vec e, vec f)
{
	vec even_p = v_fma(c, v_set(-2.0f), e), odd_p = v_fma(b, v_set(-2.0f), d);
	vec even_q = v_fma(c, v_set(-0.5f), e), odd_q = v_fma(b, v_set(-0.5f), d);

	to[0] = v_fma(c, v_set(-2.5f), v_add(a, e));
	to[1] = v_fma(odd_p, v_set(WINOGRAD_P), even_p);
	to[2] = v_fma(odd_p, v_set(-WINOGRAD_P), even_p);
	to[3] = v_fma(odd_q, v_set(WINOGRAD_Q), even_q);
	to[4] = v_fma(odd_q, v_set(-WINOGRAD_Q), even_q);
	to[5] = v_fma(d, v_set(-2.5f), v_add(b, f));
}

/* A square of 6 x 6 pixels, neighbours `column` and `row` floats apart, to 36 planes. */
VEC_INLINE void winograd_inputs(float *to, ptrdiff_t plane, const float *from, ptrdiff_t row, ptrdiff_t column)
{
	vec half[6][6], line[6];

#pragma GCC unroll 6
	for (int j = 0; j < 6; j++, from += column) {
		winograd_input_line(line, v_load(from), v_load(from + row), v_load(from + 2 * row), v_load(from + 3 * row),
			v_load(from + 4 * row), v_load(from + 5 * row));
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++)
			half[i][j] = line[i];
	}
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++, to += 6 * plane) {
		winograd_input_line(line, half[i][0], half[i][1], half[i][2], half[i][3], half[i][4], half[i][5]);
#pragma GCC unroll 6
		for (int j = 0; j < 6; j++)
			v_store(to + j * plane, line[j]);
	}
}

/* to[i] = sum_j G[i][j] from[j]: the filter's polynomial at the points, over what B leaves out. */
VEC_INLINE void winograd_weight_line(vec to[6], vec a, vec b, vec c)
{
	vec even_p = v_fma(c, v_set(0.5f), a), odd_p = v_mul(b, v_set(WINOGRAD_P));
	vec even_q = v_fma(c, v_set(2.0f), a), odd_q = v_mul(b, v_set(WINOGRAD_Q));

	to[0] = a;
	to[1] = v_mul(v_add(even_p, odd_p), v_set(-2.0f / 3));
	to[2] = v_mul(v_sub(even_p, odd_p), v_set(-2.0f / 3));
	to[3] = v_mul(v_add(even_q, odd_q), v_set(1.0f / 6));
	to[4] = v_mul(v_sub(even_q, odd_q), v_set(1.0f / 6));
	to[5] = c;
}

/* Nine taps, `step` floats apart, to 36 planes. */
VEC_INLINE void winograd_weights(float *to, ptrdiff_t plane, const float *taps, ptrdiff_t step)
{
	vec half[6][3], line[6];

	for (int j = 0; j < 3; j++, taps += step) {
		winograd_weight_line(line, v_load(taps), v_load(taps + 3 * step), v_load(taps + 6 * step));
		for (int i = 0; i < 6; i++)
			half[i][j] = line[i];
	}
	for (int i = 0; i < 6; i++, to += 6 * plane) {
		winograd_weight_line(line, half[i][0], half[i][1], half[i][2]);
		for (int j = 0; j < 6; j++)
			v_store(to + j * plane, line[j]);
	}
}

/* to[i] = sum_j A^T[i][j] from[j], i in 0..3 and j in 0..5. */
VEC_INLINE void winograd_output_line(vec to[4], const vec from[6])
{
	vec sum_p = v_add(from[1], from[2]), less_p = v_sub(from[1], from[2]);
	vec sum_q = v_add(from[3], from[4]), less_q = v_sub(from[3], from[4]);

	to[0] = v_add(from[0], v_add(sum_p, sum_q));
	to[1] = v_fma(less_q, v_set(WINOGRAD_Q), v_mul(less_p, v_set(WINOGRAD_P)));
	to[2] = v_fma(sum_q, v_set(2.0f), v_mul(sum_p, v_set(0.5f)));
	to[3] = v_add(from[5], v_fma(less_q, v_set(2 * WINOGRAD_Q), v_mul(less_p, v_set(WINOGRAD_P / 2))));
}

/* 36 planes to a square of 4 x 4 outputs, row by row. */
VEC_INLINE void winograd_outputs(vec to[16], const float *from, ptrdiff_t plane)
{
	vec half[4][6], line[6];

#pragma GCC unroll 6
	for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++)
			line[i] = v_load(from + (6 * i + j) * plane);
		winograd_output_line(to, line);
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			half[i][j] = to[i];
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		winograd_output_line(to + 4 * i, half[i]);
}

#endif
