/* pool2d (ONNX MaxPool-12, AveragePool-19, GlobalMaxPool and GlobalAveragePool): the maximum or mean of windows.
 *
 * Channels are taken in chunks: in float for the types of the float domain, in double for all others, integers too. A
 * NaN goes through. */
#include "element.h"
#include "kernel.h"

enum {
	CHUNK = 64,   /* channels */
	UNIT = 16384, /* elements read, about */
};

struct pool2d_job {
	const struct rt_pool2d *p;
	void *y;
	const void *x;
	int64_t pixels, unit; /* of y; in a unit */
};

/* The part of a window that lies in the picture: taps first..last-1 of each direction, at distance `dilation`. */
struct taps {
	int32_t first, last, start; /* start: where tap 0 would be */
};

static struct taps taps_in(int32_t start, int32_t taps, int32_t dilation, int32_t size)
{
	struct taps t = { start < 0 ? (-start + dilation - 1) / dilation : 0, taps, start };

	if (t.start + (t.last - 1) * dilation >= size)
		t.last = size > start ? (size - start + dilation - 1) / dilation : 0;
	return t;
}

static int32_t number_of(struct taps t)
{
	return t.last > t.first ? t.last - t.first : 0;
}

/* What the sum over a window is divided by: its elements in the picture, or with padding those in the padded picture,
 * beyond which a window may reach when its size was rounded up (ceil_mode). */
static int32_t divisor_of(const struct rt_pool2d *p, struct taps rows, struct taps columns)
{
	if (p->kind == RT_POOL_MEAN)
		return number_of(rows) * number_of(columns);
	rows = taps_in(rows.start + p->pad_top, p->kh, p->dilation_h, p->h + p->pad_top + p->pad_bottom);
	columns = taps_in(columns.start + p->pad_left, p->kw, p->dilation_w, p->w + p->pad_left + p->pad_right);
	return number_of(rows) * number_of(columns);
}

static void take_floats(float *restrict sum, const float *restrict x, enum rt_pool_kind kind, int32_t n)
{
	if (kind == RT_POOL_MAX)
		for (int32_t i = 0; i < n; i++)
			sum[i] = x[i] > sum[i] || x[i] != x[i] ? x[i] : sum[i];
	else
		for (int32_t i = 0; i < n; i++)
			sum[i] += x[i];
}

static void take_doubles(double *restrict sum, const double *restrict x, enum rt_pool_kind kind, int32_t n)
{
	if (kind == RT_POOL_MAX)
		for (int32_t i = 0; i < n; i++)
			sum[i] = x[i] > sum[i] || x[i] != x[i] ? x[i] : sum[i];
	else
		for (int32_t i = 0; i < n; i++)
			sum[i] += x[i];
}

/* One window, n channels. `at` counts the elements of x before its picture and these channels. */
static void pool_window(
	const struct pool2d_job *job, ptrdiff_t at, void *y, struct taps rows, struct taps columns, int32_t n)
{
	const struct rt_pool2d *p = job->p;
	bool in_float = element_domain(p->type) == FLOAT_DOMAIN;
	float sum[CHUNK], x[CHUNK];
	double wide_sum[CHUNK], wide[CHUNK];

	for (int32_t i = 0; i < n; i++)
		wide_sum[i] = sum[i] = p->kind == RT_POOL_MAX ? -INFINITY : 0;
	for (int32_t i = rows.first; i < rows.last; i++)
		for (int32_t j = columns.first; j < columns.last; j++) {
			ptrdiff_t row = rows.start + i * p->dilation_h, column = columns.start + j * p->dilation_w;
			const void *from = element_at(job->x, p->type, at + (row * p->w + column) * p->c);
			if (in_float) {
				load_floats(x, from, p->type, 1, n);
				take_floats(sum, x, p->kind, n);
			} else {
				load_doubles(wide, from, p->type, 1, n);
				take_doubles(wide_sum, wide, p->kind, n);
			}
		}
	int32_t divisor = p->kind == RT_POOL_MAX ? 1 : divisor_of(p, rows, columns);
	for (int32_t i = 0; i < n && divisor > 1; i++)
		if (in_float)
			sum[i] /= (float)divisor;
		else
			wide_sum[i] /= divisor;
	if (in_float)
		store_floats(y, sum, p->type, 1, n);
	else
		store_doubles(y, wide_sum, p->type, 1, n);
}

static void pool2d_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct pool2d_job *job = job_pointer;
	const struct rt_pool2d *p = job->p;
	int64_t pixel = begin * job->unit, stop = end * job->unit;

	stop = stop < job->pixels ? stop : job->pixels;
	for (; pixel < stop; pixel++) {
		int32_t column = (int32_t)(pixel % p->ow), row = (int32_t)(pixel / p->ow % p->oh);
		ptrdiff_t picture = (ptrdiff_t)(pixel / p->ow / p->oh) * p->h * p->w * p->c;
		struct taps rows = taps_in(row * p->stride_h - p->pad_top, p->kh, p->dilation_h, p->h);
		struct taps columns = taps_in(column * p->stride_w - p->pad_left, p->kw, p->dilation_w, p->w);
		for (int32_t c = 0; c < p->c; c += CHUNK)
			pool_window(job, picture + c, element_to(job->y, p->type, (ptrdiff_t)pixel * p->c + c), rows, columns,
				p->c - c < CHUNK ? p->c - c : CHUNK);
	}
}

KERNEL(pool2d, (void *y, const void *x))
{
	struct pool2d_job job = { p, y, x, (int64_t)p->n * p->oh * p->ow, 1 };
	int64_t work = (int64_t)p->kh * p->kw * p->c;

	if (job.pixels == 0)
		return;
	if (work < UNIT)
		job.unit = UNIT / (work + 1) + 1;
	rt_parallel(run, (int32_t)((job.pixels + job.unit - 1) / job.unit), pool2d_units, &job);
}
