/* grid_sample (ONNX GridSample-20): the value of a picture, or of a volume, at points between its pixels.
 *
 * A point becomes a list of taps, pixels and their weights; then the channels of the taps are summed, a chunk at a
 * time. Padding is a matter of where a tap lies: outside it is dropped (zeros), moved to the edge (border), or
 * mirrored (reflection). */
#include "element.h"
#include "kernel.h"
#include "micro/weighted.h"

enum {
	CHUNK = 64,  /* channels */
	UNIT = 8192, /* elements read, about */
	TAPS = 4,    /* most taps of one direction */
};

struct grid_sample_job {
	const struct rt_grid_sample *p;
	void *y;
	const void *x;
	const float *grid;
	int64_t points, unit; /* of all pictures; in a unit */
};

/* Coordinates beyond this are no pixels of any picture, but are far from overflowing what follows. */
#define FAR_AWAY 1e9f

/* A grid coordinate -1..1 as a pixel coordinate. The ends are the centres of the outermost pixels (align_corners) or
 * their outer edges. A NaN is taken for far outside. */
static float pixel_of(float grid, int32_t size, int32_t align_corners)
{
	float pixel = align_corners ? (grid + 1) / 2 * (float)(size - 1) : ((grid + 1) * (float)size - 1) / 2;

	if (!(pixel > -FAR_AWAY))
		return -FAR_AWAY;
	return pixel < FAR_AWAY ? pixel : FAR_AWAY;
}

/* Mirrors a coordinate at low and high until it lies between them. */
static float reflect(float pixel, float low, float high)
{
	float range = high - low, over;

	if (range <= 0)
		return low;
	over = fabsf(fmodf(pixel - low, 2 * range));
	return over > range ? high - (over - range) : low + over;
}

/* Where a tap lies once padding has moved it, for a direction of `size` pixels. */
static float padded(const struct rt_grid_sample *p, float pixel, int32_t size)
{
	float edge = p->align_corners ? 0 : 0.5f;

	if (p->padding == RT_GRID_ZEROS)
		return pixel;
	if (p->padding == RT_GRID_REFLECTION && (pixel < -edge || pixel > (float)size - 1 + edge))
		pixel = reflect(pixel, -edge, (float)size - 1 + edge);
	return pixel < 0 ? 0 : pixel > (float)(size - 1) ? (float)(size - 1) : pixel;
}

/* The taps of one direction: pixels and weights. */
struct taps {
	int32_t n, at[TAPS];
	float weight[TAPS];
};

/* Adds a tap, unless it lies outside. */
static void add_tap(struct taps *taps, float at, float weight, int32_t size)
{
	if (at < 0 || at > (float)(size - 1))
		return;
	taps->at[taps->n] = (int32_t)at;
	taps->weight[taps->n++] = weight;
}

/* Weights of the four pixels around a point, t past the second: Keys' cubic convolution (1981) with a = -0.75. */
static void cubic_weights(float *weight, float t)
{
	const float a = -0.75f;

	for (int32_t i = 0; i < 4; i++) {
		float d = fabsf(t + 1 - (float)i);
		weight[i] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
	}
}

/* The taps for a pixel coordinate. Padding moves taps, not the point, as PyTorch and ONNX Runtime do; only for cubic
 * taps near the border does that make a difference. */
static struct taps taps_of(const struct rt_grid_sample *p, float pixel, int32_t size)
{
	struct taps taps = { .n = 0 };
	float base = floorf(pixel), t = pixel - base, weight[4] = { 1 - t, t };
	int32_t first = 0, n = 2;

	if (p->mode == RT_GRID_NEAREST) {
		base = rintf(pixel);
		weight[0] = 1;
		n = 1;
	} else if (p->mode == RT_GRID_CUBIC) {
		cubic_weights(weight, t);
		first = -1;
		n = 4;
	}
	for (int32_t i = 0; i < n; i++)
		add_tap(&taps, padded(p, base + (float)(first + i), size), weight[i], size);
	return taps;
}

/* All channels of one point; `picture` is the number of elements before its picture or volume. */
static void sample(const struct grid_sample_job *job, void *y, ptrdiff_t picture, const struct taps *slices,
	const struct taps *rows, const struct taps *columns)
{
	const struct rt_grid_sample *p = job->p;
	int32_t in_slice = rows->n * columns->n;

	for (int32_t c = 0; c < p->c; c += CHUNK) {
		float sum[CHUNK] = { 0 }, x[CHUNK];
		int32_t n = p->c - c < CHUNK ? p->c - c : CHUNK;
		for (int32_t i = 0; i < slices->n * in_slice; i++) {
			int32_t k = i / in_slice, row = i % in_slice / columns->n, column = i % columns->n;
			ptrdiff_t line = (ptrdiff_t)slices->at[k] * p->h + rows->at[row];
			ptrdiff_t at = picture + (line * p->w + columns->at[column]) * p->c + c;
			load_floats(x, element_at(job->x, p->x_type, at), p->x_type, 1, n);
			add_weighted(sum, x, slices->weight[k] * (rows->weight[row] * columns->weight[column]), n);
		}
		store_floats(element_to(y, p->y_type, c), sum, p->y_type, 1, n);
	}
}

static void grid_sample_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct grid_sample_job *job = job_pointer;
	const struct rt_grid_sample *p = job->p;
	int64_t point = begin * job->unit, stop = end * job->unit;
	int32_t depth = p->d ? p->d : 1;

	stop = stop < job->points ? stop : job->points;
	for (; point < stop; point++) {
		const float *xyz = job->grid + (p->d ? 3 : 2) * point;
		ptrdiff_t picture = (ptrdiff_t)(point / p->points) * depth * p->h * p->w * p->c;
		struct taps slices = { .n = 1, .at = { 0 }, .weight = { 1 } };
		struct taps rows = taps_of(p, pixel_of(xyz[1], p->h, p->align_corners), p->h);
		struct taps columns = taps_of(p, pixel_of(xyz[0], p->w, p->align_corners), p->w);
		if (p->d)
			slices = taps_of(p, pixel_of(xyz[2], p->d, p->align_corners), p->d);
		sample(job, element_to(job->y, p->y_type, (ptrdiff_t)point * p->c), picture, &slices, &rows, &columns);
	}
}

KERNEL(grid_sample, (void *y, const void *x, const void *grid))
{
	struct grid_sample_job job = { p, y, x, grid, (int64_t)p->n * p->points, 1 };
	int64_t taps = p->mode == RT_GRID_NEAREST ? 1 : p->mode == RT_GRID_LINEAR ? 2 : 4;
	int64_t work = p->c * taps * taps * (p->d ? taps : 1);

	if (job.points == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / (work + 1) + 1;
	rt_parallel(run, (int32_t)((job.points + job.unit - 1) / job.unit), grid_sample_units, &job);
}
