#include "kernel.h"
#include "micro/bytes.h"
#include "micro/stage.h"

enum { PAIRS = 128 /* converted at once */, UNIT_ROWS = 16 };

struct job {
	const struct rt_rotary *p;
	void *y;
	const void *x;
	const float *cos, *sin;
	struct quantizer to;
};

/* n pairs of channels step i and second + step i of x and y. Inlined where the distances are constants, and y overlaps
 * nothing, so that compilers vectorise it. */
VEC_INLINE void rotate_as(float *restrict y, const float *x, ptrdiff_t second, int step, int n, const float *cos,
	const float *sin, ptrdiff_t phase)
{
	for (int i = 0; i < n; i++) {
		float a = x[i * step], b = x[second + i * step], c = cos[i * phase], s = sin[i * phase];
		y[i * step] = a * c - b * s;
		y[second + i * step] = b * c + a * s;
	}
}

/* Pairs of neighbours, or of halves: the second channels are PAIRS behind the first. */
static void rotate(float *y, const float *x, bool half, int n, const float *cos, const float *sin, ptrdiff_t phase)
{
	if (half && phase == 1)
		rotate_as(y, x, PAIRS, 1, n, cos, sin, 1);
	else if (half)
		rotate_as(y, x, PAIRS, 1, n, cos, sin, phase);
	else if (phase == 1)
		rotate_as(y, x, 1, 2, n, cos, sin, 1);
	else
		rotate_as(y, x, 1, 2, n, cos, sin, phase);
}

static void store(const struct job *job, ptrdiff_t at, float *y, int32_t n)
{
	const struct rt_rotary *p = job->p;

	for (int32_t i = 0; i < n && p->alpha != 0; i++)
		y[i] *= p->alpha;
	store_row(&job->to, job->y, p->y_type, at, y, n);
}

static void rotate_row(const struct job *job, ptrdiff_t x_row, ptrdiff_t y_row, ptrdiff_t phase)
{
	const struct rt_rotary *p = job->p;
	float buffer[2 * PAIRS], y[2 * PAIRS];
	int32_t pairs = p->d / 2;

	for (int32_t j = 0; j < pairs; j += PAIRS) {
		int32_t n = pairs - j < PAIRS ? pairs - j : PAIRS;
		const float *cos = job->cos + phase + (ptrdiff_t)j * p->phase[3];
		const float *sin = job->sin + phase + (ptrdiff_t)j * p->phase[3];
		/* Where the first channels of these pairs are, and for halves the second ones. */
		ptrdiff_t near = p->half ? j : 2 * (ptrdiff_t)j, far = near + pairs;
		const float *x = p->half ? buffer : stage(p->x_type, job->x, x_row + near, 2 * n, buffer);
		if (p->half) {
			load_floats(buffer, element_at(job->x, p->x_type, x_row + near), p->x_type, 1, n);
			load_floats(buffer + PAIRS, element_at(job->x, p->x_type, x_row + far), p->x_type, 1, n);
		}
		rotate(y, x, p->half, n, cos, sin, p->phase[3]);
		store(job, y_row + near, y, p->half ? n : 2 * n);
		if (p->half)
			store(job, y_row + far, y + PAIRS, n);
	}
}

/* A unit is UNIT_ROWS rows, counted over batch, head and row. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_rotary *p = job->p;
	int32_t rows = p->b * p->h * p->n, last = end < rows / UNIT_ROWS ? end * UNIT_ROWS : rows;
	int32_t i = unit * UNIT_ROWS, n = i % p->n, h = i / p->n % p->h, b = i / p->n / p->h;

	for (; i < last; i++) {
		const int32_t at[] = { b, h, n };
		ptrdiff_t x = 0, y = 0, phase = 0;
		for (int32_t k = 0; k < 3; k++) {
			x += (ptrdiff_t)at[k] * p->x[k];
			y += (ptrdiff_t)at[k] * p->y[k];
			phase += (ptrdiff_t)at[k] * p->phase[k];
		}
		rotate_row(job, x, y, phase);
		/* Divisions would take longer than a row. */
		if (++n == p->n) {
			n = 0;
			h = h + 1 == p->h ? 0 : h + 1;
			b += h == 0;
		}
	}
}

KERNEL(rotary, (void *y, const void *x, const void *cos, const void *sin))
{
	struct job job = { p, y, x, cos, sin, quantizer_of(p->y_type, p->y_scale, p->y_zero) };

	if (p->n == 0)
		return;
	rt_parallel(run, (p->b * p->h * p->n + UNIT_ROWS - 1) / UNIT_ROWS, units, &job);
}
