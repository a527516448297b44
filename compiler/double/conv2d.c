/* Convolution in double. */
#include "double.h"
#include <assert.h>
#include <math.h>
#include <string.h>

double double_act(enum rt_act act, double slope, double x)
{
	switch (act) {
	case RT_ACT_NONE:
		break;
	case RT_RELU:
		return x < 0 ? 0 : x;
	case RT_GELU:
		return x / 2 * (1 + erf(x * sqrt(0.5)));
	case RT_GELU_TANH:
		return x / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
	case RT_SIGMOID:
		return 1 / (1 + exp(-x));
	case RT_TANH:
		return tanh(x);
	case RT_SILU:
		return x / (1 + exp(-x));
	case RT_LEAKY_RELU:
		return x < 0 ? slope * x : x;
	}
	return x;
}

enum { PIXELS = 2 }; /* neighbours in a row that are computed together */

/* sum[i] += the products of the tap at `w`, a panel's rows, with pixels step apart. */
static void add_tap(
	double (*restrict sum)[RT_PANEL], const double *x, ptrdiff_t step, const double *w, int32_t channels)
{
	for (int32_t c = 0; c < channels; c++, w += RT_PANEL)
		for (int32_t i = 0; i < PIXELS; i++)
			for (int32_t j = 0; j < RT_PANEL; j++)
				sum[i][j] += x[i * step + c] * w[j];
}

static void add_lone_tap(double *restrict sum, const double *x, const double *w, int32_t channels)
{
	for (int32_t c = 0; c < channels; c++, w += RT_PANEL)
		for (int32_t j = 0; j < RT_PANEL; j++)
			sum[j] += x[c] * w[j];
}

/* PIXELS results of one panel; x: the group's channels of the picture. Results behind the row's end are not stored, and
 * taps outside the picture add nothing. */
static void convolve(
	const struct rt_conv2d *p, const double *x, const double *w, int32_t row, int32_t column, double (*sum)[RT_PANEL])
{
	int32_t channels = p->c / p->group;

	for (int32_t tap = 0; tap < p->kh * p->kw; tap++, w += (ptrdiff_t)channels * RT_PANEL) {
		int32_t at_row = row * p->stride_h - p->pad_top + tap / p->kw * p->dilation_h;
		int32_t first = column * p->stride_w - p->pad_left + tap % p->kw * p->dilation_w;
		int32_t last = first + (PIXELS - 1) * p->stride_w;
		const double *line = x + (ptrdiff_t)at_row * p->w * p->c;
		if (at_row < 0 || at_row >= p->h)
			continue;
		if (first >= 0 && last < p->w) {
			add_tap(sum, line + (ptrdiff_t)first * p->c, (ptrdiff_t)p->stride_w * p->c, w, channels);
			continue;
		}
		for (int32_t i = 0, at = first; i < PIXELS; i++, at += p->stride_w)
			if (at >= 0 && at < p->w)
				add_lone_tap(sum[i], line + (ptrdiff_t)at * p->c, w, channels);
	}
}

void double_conv2d(const struct rt_conv2d *p, void *const *t)
{
	int32_t channels = p->c / p->group, filters = p->oc / p->group, panels = (filters + RT_PANEL - 1) / RT_PANEL;
	ptrdiff_t panel = (ptrdiff_t)p->kh * p->kw * channels * RT_PANEL;
	const double *bias = t[3];

	assert(!p->pool); /* only fused graphs have it, which are not interpreted */
	for (int32_t block = 0; block < p->group * panels; block++) {
		int32_t group = block / panels, f = block % panels * RT_PANEL;
		int32_t n = filters - f < RT_PANEL ? filters - f : RT_PANEL, first = group * filters + f;
		for (int64_t row = 0; row < (int64_t)p->n * p->oh; row++) {
			const double *x = (const double *)t[1] + row / p->oh * p->h * p->w * p->c + (ptrdiff_t)group * channels;
			double *y = (double *)t[0] + row * p->ow * p->oc + first;
			for (int32_t column = 0; column < p->ow; column += PIXELS) {
				double sum[PIXELS][RT_PANEL] = { 0 };
				convolve(p, x, (const double *)t[2] + block * panel, (int32_t)(row % p->oh), column, sum);
				for (int32_t i = 0; i < PIXELS && column + i < p->ow; i++)
					for (int32_t j = 0; j < n; j++)
						y[(ptrdiff_t)(column + i) * p->oc + j] =
							double_act(p->act, (double)p->slope, sum[i][j] + (bias ? bias[first + j] : 0));
			}
		}
	}
}
