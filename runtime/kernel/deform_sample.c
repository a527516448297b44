/* deform_sample (ONNX DeformConv-19): unfolds the windows of a convolution whose taps have offsets of their own.
 *
 * A tap lies between four pixels; those outside the picture count as 0. All channels of an offset group share the tap,
 * and are summed a chunk at a time, within the bounds of the convolution's groups. */
#include "element.h"
#include "kernel.h"
#include "micro/weighted.h"

enum {
	CHUNK = 64,  /* channels */
	UNIT = 8192, /* elements read, about */
};

struct deform_sample_job {
	const struct rt_deform_sample *p;
	void *y;
	const void *x;
	const float *offset, *mask;
	int64_t pixels, unit; /* of the result; in a unit */
};

/* A tap: the pixel above and left of it, how far it is past that, and its factor. */
struct tap {
	int32_t row, column;
	float down, right, factor;
};

/* Coordinates beyond this are in no picture, but are far from overflowing what follows. */
#define FAR_AWAY 1e9f

static float limited(float at)
{
	if (!(at > -FAR_AWAY))
		return -FAR_AWAY;
	return at < FAR_AWAY ? at : FAR_AWAY;
}

/* Tap t of offset group k at a pixel of picture n. */
static struct tap place_tap(const struct deform_sample_job *job, int32_t n, int32_t pixel, int32_t k, int32_t t)
{
	const struct rt_deform_sample *p = job->p;
	int32_t taps = p->kernel[0] * p->kernel[1];
	ptrdiff_t channel = (ptrdiff_t)k * taps + t;
	const float *offset = job->offset + (ptrdiff_t)n * p->offset[0] + 2 * channel * p->offset[1];
	int32_t top = pixel / p->ow * p->stride[0] - p->pad[0] + t / p->kernel[1] * p->dilation[0];
	int32_t left = pixel % p->ow * p->stride[1] - p->pad[1] + t % p->kernel[1] * p->dilation[1];
	float row = limited((float)top + offset[(ptrdiff_t)pixel * p->offset[2]]);
	float column = limited((float)left + offset[p->offset[1] + (ptrdiff_t)pixel * p->offset[2]]);
	struct tap tap = { (int32_t)floorf(row), (int32_t)floorf(column), row - floorf(row), column - floorf(column), 1 };

	if (job->mask)
		tap.factor = job->mask[(ptrdiff_t)n * p->mask[0] + channel * p->mask[1] + (ptrdiff_t)pixel * p->mask[2]];
	return tap;
}

/* `count` channels from c on, of picture n, seen through a tap. */
static void sample(
	const struct deform_sample_job *job, void *y, const struct tap *tap, int32_t n, int32_t c, int32_t count)
{
	const struct rt_deform_sample *p = job->p;
	float sum[CHUNK] = { 0 }, x[CHUNK];

	for (int32_t i = 0; i < 4; i++) {
		int32_t row = tap->row + i / 2, column = tap->column + i % 2;
		float weight = (i / 2 ? tap->down : 1 - tap->down) * (i % 2 ? tap->right : 1 - tap->right);
		if (row < 0 || row >= p->h || column < 0 || column >= p->w)
			continue;
		ptrdiff_t at = (((ptrdiff_t)n * p->h + row) * p->w + column) * p->c + c;
		load_floats(x, element_at(job->x, p->x_type, at), p->x_type, 1, count);
		add_weighted(sum, x, weight * tap->factor, count);
	}
	store_floats(y, sum, p->y_type, 1, count);
}

static void deform_sample_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct deform_sample_job *job = job_pointer;
	const struct rt_deform_sample *p = job->p;
	int32_t taps = p->kernel[0] * p->kernel[1], pixels = p->oh * p->ow;
	int32_t in_group = p->c / p->group, in_offset = p->c / p->offset_group;
	int64_t i = begin * job->unit, stop = end * job->unit;

	for (stop = stop < job->pixels ? stop : job->pixels; i < stop; i++) {
		int32_t n = (int32_t)(i / pixels), pixel = (int32_t)(i % pixels);
		for (int32_t t = 0; t < taps; t++)
			for (int32_t c = 0, count; c < p->c; c += count) {
				int32_t k = c / in_offset, g = c / in_group;
				int32_t left = (k + 1) * in_offset - c, room = (g + 1) * in_group - c;
				struct tap tap = place_tap(job, n, pixel, k, t);
				count = left < room ? left : room;
				count = count < CHUNK ? count : CHUNK;
				ptrdiff_t row = ((ptrdiff_t)n * p->group + g) * pixels + pixel;
				ptrdiff_t to = (row * taps + t) * in_group + c % in_group;
				sample(job, element_to(job->y, p->y_type, to), &tap, n, c, count);
			}
	}
}

KERNEL(deform_sample, (void *y, const void *x, const void *offset, const void *mask))
{
	struct deform_sample_job job = { p, y, x, offset, mask, (int64_t)p->n * p->oh * p->ow, 1 };
	int64_t work = (int64_t)p->kernel[0] * p->kernel[1] * p->c * 4;

	if (job.pixels == 0 || work == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / work;
	rt_parallel(run, (int32_t)((job.pixels + job.unit - 1) / job.unit), deform_sample_units, &job);
}
