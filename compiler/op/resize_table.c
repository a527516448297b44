/* The weights of Resize along one axis, after ONNX Resize-19. Where an output pixel's centre lies between input pixels
 * decides which of them it is made of, and how much each weighs. */
#include "resize.h"
#include <math.h>

/* Where output pixel o is, counted in input pixels. The products come before the quotients, so that whole coordinates
 * are exact. */
static double coordinate(const struct resize *r, const struct resize_axis *a, int64_t o)
{
	double in = (double)a->in, length = a->length, x = (double)o;

	switch (r->coordinate) {
	case HALF_PIXEL:
		break;
	case HALF_PIXEL_SYMMETRIC:
		return in / 2 * (1 - (double)a->out / length) + (x + 0.5) * in / length - 0.5;
	case PYTORCH_HALF_PIXEL:
		return a->out > 1 ? (x + 0.5) * in / length - 0.5 : 0;
	case ALIGN_CORNERS:
		return length == 1 ? 0 : x * (in - 1) / (length - 1);
	case ASYMMETRIC:
		return x * in / length;
	case CROP:
		if (a->out == 1)
			return (a->begin + a->end) * (in - 1) / 2;
		return a->begin * (in - 1) + x * (a->end - a->begin) * (in - 1) / (length - 1);
	}
	return (x + 0.5) * in / length - 0.5;
}

/* The weight of a pixel at distance d: a triangle, or Keys' cubic convolution (1981). */
static double weight_at(const struct resize *r, double d)
{
	double a = r->cubic;

	d = fabs(d);
	if (r->mode == RESIZE_LINEAR)
		return d < 1 ? 1 - d : 0;
	if (d <= 1)
		return ((a + 2) * d - (a + 3)) * d * d + 1;
	return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static double nearest(const struct resize *r, double x)
{
	double below = floor(x), past = x - below;

	switch (r->rounding) {
	case ROUND_PREFER_FLOOR:
		return past > 0.5 ? below + 1 : below;
	case ROUND_PREFER_CEIL:
		return past < 0.5 ? below : below + 1;
	case ROUND_FLOOR:
		return below;
	case ROUND_CEIL:
		break;
	}
	return ceil(x);
}

/* The taps of one output pixel at x. Those outside are the pixel at the edge, or nothing. */
static void fill_taps(const struct resize *r, const struct resize_axis *a, double x, double shrink, int64_t taps,
	int32_t *index, double *w)
{
	double first = r->mode == RESIZE_NEAREST ? nearest(r, x) : floor(x) - (double)(taps / 2 - 1), sum = 0;

	for (int64_t t = 0; t < taps; t++) {
		double at = first + (double)t;
		bool outside = at < 0 || at > (double)(a->in - 1);
		index[t] = (int32_t)(at < 0 ? 0 : outside ? (double)(a->in - 1) : at);
		w[t] = r->mode == RESIZE_NEAREST ? 1 : weight_at(r, (at - x) * shrink);
		if (outside && r->exclude_outside)
			w[t] = 0;
		sum += w[t];
	}
	for (int64_t t = 0; t < taps && r->mode != RESIZE_NEAREST && (r->antialias || r->exclude_outside); t++)
		w[t] = sum != 0 ? w[t] / sum : 0;
}

/* What the table is at bottom; output o = input o, without rounding, is no resizing at all. */
static void describe(struct resize_table *table, const struct resize_axis *a)
{
	table->identity = a->in == a->out;
	table->plain = table->taps == 1;
	for (int64_t o = 0; o < a->out; o++) {
		double own = 0, other = 0;
		for (int64_t t = 0; t < table->taps; t++) {
			int64_t i = o * table->taps + t;
			*(table->index[i] == o ? &own : &other) += fabs(table->weight[i]);
			table->plain = table->plain && table->index[i] >= 0;
		}
		table->identity = table->identity && own == 1 && other == 0;
	}
}

struct resize_table resize_table(struct ctx *c, const struct resize *r, const struct resize_axis *axis)
{
	double scale = axis->length / (double)axis->in, shrink = r->antialias && scale < 1 ? scale : 1;
	struct resize_table table = { .taps = 1 };

	/* An antialiasing window is wider than the picture at most by the padding that it sees. */
	if (r->mode != RESIZE_NEAREST)
		table.taps = 2 * (int64_t)ceil((r->mode == RESIZE_LINEAR ? 1 : 2) / shrink);
	table.index = NEW(c, int32_t, (size_t)(axis->out * table.taps));
	table.weight = NEW(c, double, (size_t)(axis->out * table.taps));
	for (int64_t o = 0; o < axis->out; o++) {
		double x = coordinate(r, axis, o);
		int32_t *index = table.index + o * table.taps;
		fill_taps(r, axis, x, shrink, table.taps, index, table.weight + o * table.taps);
		if (r->coordinate == CROP && (x < 0 || x > (double)(axis->in - 1)))
			index[0] = -1;
	}
	describe(&table, axis);
	return table;
}
