/* Values between pixels, in double: GridSample, and the taps of DeformConv. */
#include "double.h"
#include <math.h>

enum { TAPS = 4 }; /* most taps of one direction */

/* Coordinates beyond this are no pixels of any picture, but can still be counted. */
#define FAR_AWAY 1e9

/* Not even a NaN is further away. */
static double limited(double at)
{
	return !(at > -FAR_AWAY) ? -FAR_AWAY : at < FAR_AWAY ? at : FAR_AWAY;
}

/* The taps of one direction: pixels, those outside left out, and weights. */
struct taps {
	int32_t n, at[TAPS];
	double weight[TAPS];
};

static void add_tap(struct taps *taps, double at, double weight, int32_t size)
{
	if (at < 0 || at > size - 1)
		return;
	taps->at[taps->n] = (int32_t)at;
	taps->weight[taps->n++] = weight;
}

/* Where padding moves a tap. */
static double padded(const struct rt_grid_sample *p, double at, int32_t size)
{
	double edge = p->align_corners ? 0 : 0.5, low = -edge, range = size - 1 + 2 * edge;

	if (p->padding == RT_GRID_ZEROS)
		return at;
	if (p->padding == RT_GRID_REFLECTION && range <= 0)
		at = low;
	else if (p->padding == RT_GRID_REFLECTION && (at < low || at > low + range)) {
		double over = fabs(fmod(at - low, 2 * range));
		at = over > range ? low + 2 * range - over : low + over;
	}
	return at < 0 ? 0 : at > size - 1 ? size - 1 : at;
}

/* Keys' cubic convolution (1981) with a = -0.75, d pixels away. */
static double cubic_weight(double d)
{
	const double a = -0.75;

	return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

static struct taps taps_of(const struct rt_grid_sample *p, double grid, int32_t size)
{
	double at = limited(p->align_corners ? (grid + 1) / 2 * (size - 1) : ((grid + 1) * size - 1) / 2);
	struct taps taps = { .n = 0 };

	if (p->mode == RT_GRID_NEAREST)
		add_tap(&taps, padded(p, rint(at), size), 1, size);
	for (int i = 0; p->mode == RT_GRID_LINEAR && i < 2; i++)
		add_tap(&taps, padded(p, floor(at) + i, size), i ? at - floor(at) : 1 - (at - floor(at)), size);
	for (int i = -1; p->mode == RT_GRID_CUBIC && i < 3; i++)
		add_tap(&taps, padded(p, floor(at) + i, size), cubic_weight(fabs(at - floor(at) - i)), size);
	return taps;
}

void double_grid_sample(const struct rt_grid_sample *p, void *const *t)
{
	int32_t depth = p->d ? p->d : 1;

	for (ptrdiff_t point = 0; point < (ptrdiff_t)p->n * p->points; point++) {
		const double *xyz = (const double *)t[2] + point * (p->d ? 3 : 2);
		const double *x = (const double *)t[1] + point / p->points * depth * p->h * p->w * p->c;
		double *y = (double *)t[0] + point * p->c;
		struct taps columns = taps_of(p, xyz[0], p->w), rows = taps_of(p, xyz[1], p->h);
		struct taps slices = { .n = 1, .at = { 0 }, .weight = { 1 } };
		if (p->d)
			slices = taps_of(p, xyz[2], p->d);
		for (int32_t c = 0; c < p->c; c++)
			y[c] = 0;
		for (int32_t i = 0; i < slices.n * rows.n * columns.n; i++) {
			int32_t k = i / columns.n / rows.n, row = i / columns.n % rows.n, column = i % columns.n;
			ptrdiff_t line = (ptrdiff_t)slices.at[k] * p->h + rows.at[row];
			const double *from = x + (line * p->w + columns.at[column]) * p->c;
			double weight = slices.weight[k] * rows.weight[row] * columns.weight[column];
			for (int32_t c = 0; c < p->c; c++)
				y[c] += weight * from[c];
		}
	}
}

/* Channel c of picture x [h][w][c] at a place between pixels; 0 outside. */
static double between(const struct rt_deform_sample *p, const double *x, double row, double column, int32_t c)
{
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		double at_row = floor(row) + i / 2, at_column = floor(column) + i % 2;
		double weight = (1 - fabs(row - at_row)) * (1 - fabs(column - at_column));
		if (at_row >= 0 && at_row < p->h && at_column >= 0 && at_column < p->w)
			sum += weight * x[((ptrdiff_t)at_row * p->w + (ptrdiff_t)at_column) * p->c + c];
	}
	return sum;
}

/* What one tap shows of one channel at one pixel of picture n. */
static double deformed(
	const struct rt_deform_sample *p, void *const *t, ptrdiff_t n, int32_t pixel, int32_t tap, int32_t c)
{
	const double *x = (const double *)t[1] + n * p->h * p->w * p->c, *offset = t[2], *mask = t[3];
	ptrdiff_t map = (ptrdiff_t)(c / (p->c / p->offset_group)) * p->kernel[0] * p->kernel[1] + tap;
	int32_t top = pixel / p->ow * p->stride[0] - p->pad[0] + tap / p->kernel[1] * p->dilation[0];
	int32_t left = pixel % p->ow * p->stride[1] - p->pad[1] + tap % p->kernel[1] * p->dilation[1];

	offset += n * p->offset[0] + 2 * map * p->offset[1] + (ptrdiff_t)pixel * p->offset[2];
	double factor = mask ? mask[n * p->mask[0] + map * p->mask[1] + (ptrdiff_t)pixel * p->mask[2]] : 1;
	return factor * between(p, x, limited(top + offset[0]), limited(left + offset[p->offset[1]]), c);
}

void double_deform_sample(const struct rt_deform_sample *p, void *const *t)
{
	int32_t taps = p->kernel[0] * p->kernel[1], pixels = p->oh * p->ow, channels = p->c / p->group;
	double *y = t[0];

	for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n * p->group * pixels; i++)
		for (int32_t tap = 0; tap < taps; tap++)
			for (int32_t c = 0; c < channels; c++) {
				int32_t group = (int32_t)(i / pixels % p->group);
				*y++ = deformed(p, t, i / pixels / p->group, (int32_t)(i % pixels), tap, group * channels + c);
			}
}
