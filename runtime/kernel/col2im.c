/* col2im (ONNX Col2Im-18): windows laid over each other and summed, where unfolding a picture would cut them out. Each
 * output pixel looks for the windows and taps that fall on it, in their order. */
#include "element.h"
#include "kernel.h"
#include "micro/weighted.h"

enum {
	CHUNK = 64,  /* channels */
	UNIT = 8192, /* elements read, about */
};

struct col2im_job {
	const struct rt_col2im *p;
	void *y;
	const void *x;
	const float *bias;
	int64_t pixels, unit; /* of all pictures; in a unit */
};

/* The window whose tap falls on place `at` of dimension d, -1 when there is none. */
static int32_t window_of(const struct rt_col2im *p, int d, int32_t at, int32_t tap)
{
	int32_t start = at + p->pad[d] - tap * p->dilation[d];

	if (start < 0 || start % p->stride[d] || start / p->stride[d] >= p->in[d])
		return -1;
	return start / p->stride[d];
}

/* The offset in x of what tap number `tap` puts on a pixel, -1 when it puts nothing there. */
static ptrdiff_t look_up(const struct rt_col2im *p, const int32_t *at, int32_t tap)
{
	ptrdiff_t window = 0;
	int32_t taps = tap, k[3];

	for (int d = 3; d-- > 0; taps /= p->kernel[d])
		k[d] = taps % p->kernel[d];
	for (int d = 0; d < 3; d++) {
		int32_t i = window_of(p, d, at[d], k[d]);
		if (i < 0)
			return -1;
		window = window * p->in[d] + i;
	}
	return window * p->x[2] + (ptrdiff_t)tap * p->x[3];
}

/* n channels of group g from c on, of one pixel; y points at the pixel's first. */
static void sum_channels(
	const struct col2im_job *job, char *y, ptrdiff_t picture, const int32_t *at, int32_t g, int32_t c, int32_t n)
{
	const struct rt_col2im *p = job->p;
	float sum[CHUNK] = { 0 }, x[CHUNK];
	ptrdiff_t first = picture + (ptrdiff_t)g * p->x[1] + (ptrdiff_t)c * p->x[4];

	if (job->bias)
		memcpy(sum, job->bias + (ptrdiff_t)g * p->c + c, (size_t)n * sizeof *sum);
	for (int32_t tap = 0; tap < p->kernel[0] * p->kernel[1] * p->kernel[2]; tap++) {
		ptrdiff_t from = look_up(p, at, tap);
		if (from < 0)
			continue;
		load_floats(x, element_at(job->x, p->x_type, first + from), p->x_type, p->x[4], n);
		add_weighted(sum, x, 1, n);
	}
	store_floats(element_to(y, p->y_type, (ptrdiff_t)g * p->c + c), sum, p->y_type, 1, n);
}

static void col2im_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct col2im_job *job = job_pointer;
	const struct rt_col2im *p = job->p;
	int64_t pixel = begin * job->unit, stop = end * job->unit;
	int32_t slice = p->out[1] * p->out[2];

	stop = stop < job->pixels ? stop : job->pixels;
	for (; pixel < stop; pixel++) {
		int32_t place = (int32_t)(pixel % ((int64_t)p->out[0] * slice));
		int32_t at[] = { place / slice, place % slice / p->out[2], place % p->out[2] };
		ptrdiff_t picture = (ptrdiff_t)(pixel / ((int64_t)p->out[0] * slice)) * p->x[0];
		char *y = element_to(job->y, p->y_type, (ptrdiff_t)pixel * p->group * p->c);
		for (int32_t g = 0; g < p->group; g++)
			for (int32_t c = 0; c < p->c; c += CHUNK)
				sum_channels(job, y, picture, at, g, c, p->c - c < CHUNK ? p->c - c : CHUNK);
	}
}

KERNEL(col2im, (void *y, const void *x, const void *bias))
{
	struct col2im_job job = { p, y, x, bias, (int64_t)p->n * p->out[0] * p->out[1] * p->out[2], 1 };
	int64_t work = (int64_t)p->kernel[0] * p->kernel[1] * p->kernel[2] * p->group * p->c;

	if (job.pixels == 0 || work == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / work;
	rt_parallel(run, (int32_t)((job.pixels + job.unit - 1) / job.unit), col2im_units, &job);
}
