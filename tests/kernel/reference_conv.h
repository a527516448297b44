/* A convolution in double precision, term by term. */
#ifndef REFERENCE_CONV_H
#define REFERENCE_CONV_H

#include "panels.h"
#include "reference_act.h"

/* One output before pooling, and the sum of its terms' magnitudes: p and x as for conv2d, x of any type; w is
 * [group][kh][kw][c/group][oc/group]; bias may be NULL. */
static double reference_output(const struct rt_conv2d *p, const void *x, const void *w, const float *bias, int32_t n,
	int32_t oy, int32_t ox, int32_t oc, double *magnitude)
{
	int32_t cs = p->c / p->group, os = p->oc / p->group, g = oc / os;
	double sum = bias ? (double)bias[oc] : 0;

	for (int32_t ky = 0; ky < p->kh; ky++)
		for (int32_t kx = 0; kx < p->kw; kx++) {
			int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
			int32_t column = ox * p->stride_w - p->pad_left + kx * p->dilation_w;
			if (row < 0 || row >= p->h || column < 0 || column >= p->w)
				continue;
			for (int32_t i = 0; i < cs; i++) {
				size_t from = (size_t)(((n * p->h + row) * p->w + column) * p->c + g * cs + i);
				size_t at = (size_t)((((g * p->kh + ky) * p->kw + kx) * cs + i) * os + oc % os);
				double term = element(x, p->x_type, from) * element(w, given_type(p->w_type), at);
				sum += term;
				*magnitude += fabs(term);
			}
		}
	return reference_act(p->act, (double)p->slope, p->alpha != 0 ? sum * (double)p->alpha : sum);
}

/* All of them, pooled: *count doubles, which the caller frees. *magnitude gets, for each, the largest sum of terms'
 * magnitudes among those that are pooled, and is freed by the caller too; it may be NULL. */
static double *reference_picture(
	const struct rt_conv2d *p, const void *x, const void *w, const float *bias, size_t *count, double **magnitude)
{
	int32_t size = p->pool == 2 ? 2 : 1, oh = p->oh / size, ow = p->ow / size;
	double *y = new_doubles((size_t)(p->n * oh * ow * p->oc));

	*count = (size_t)(p->n * oh * ow * p->oc);
	if (magnitude)
		*magnitude = new_doubles(*count);
	for (size_t i = 0; i < *count; i++) {
		int32_t oc = (int32_t)i % p->oc, place = (int32_t)i / p->oc, n = place / ow / oh;
		double max = -INFINITY, most = 0;
		for (int32_t r = 0; r < size * size; r++) {
			int32_t oy = place / ow % oh * size + r / 2, ox = place % ow * size + r % 2;
			double terms = 0;
			max = fmax(max, reference_output(p, x, w, bias, n, oy, ox, oc, &terms));
			most = fmax(most, terms);
		}
		y[i] = max;
		if (magnitude)
			(*magnitude)[i] = most;
	}
	return y;
}

#endif
