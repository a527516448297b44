#include "kernel.h"
#include "element.h"

enum { PAIRS = 128 /* converted at once */, UNIT_ROWS = 16 };

struct job {
	const struct rt_rotary *p;
	void *y;
	const void *x;
	const float *cos, *sin;
};

/* Pairs first..first+n of a row, the first channels of which are a and the second ones b, each at distance `step`. */
static void rotate(float *a, float *b, int step, int n, const float *cos, const float *sin, ptrdiff_t phase)
{
	for (int i = 0; i < n; i++) {
		float u = a[i * step], v = b[i * step], c = cos[i * phase], s = sin[i * phase];
		a[i * step] = u * c - v * s;
		b[i * step] = v * c + u * s;
	}
}

static void rotate_row(const struct job *job, ptrdiff_t x_row, ptrdiff_t y_row, ptrdiff_t phase)
{
	const struct rt_rotary *p = job->p;
	float buffer[2 * PAIRS];
	int32_t pairs = p->d / 2;

	for (int32_t j = 0; j < pairs; j += PAIRS) {
		int32_t n = pairs - j < PAIRS ? pairs - j : PAIRS;
		const float *cos = job->cos + phase + (ptrdiff_t)j * p->phase[3];
		const float *sin = job->sin + phase + (ptrdiff_t)j * p->phase[3];
		/* Where the first channels of these pairs are, and for halves the second ones. */
		ptrdiff_t near = p->half ? j : 2 * (ptrdiff_t)j, far = near + pairs;
		load_floats(buffer, element_at(job->x, p->x_type, x_row + near), p->x_type, 1, p->half ? n : 2 * n);
		if (p->half) {
			load_floats(buffer + PAIRS, element_at(job->x, p->x_type, x_row + far), p->x_type, 1, n);
			rotate(buffer, buffer + PAIRS, 1, n, cos, sin, p->phase[3]);
			store_floats(element_to(job->y, p->y_type, y_row + far), buffer + PAIRS, p->y_type, 1, n);
		} else {
			rotate(buffer, buffer + 1, 2, n, cos, sin, p->phase[3]);
		}
		store_floats(element_to(job->y, p->y_type, y_row + near), buffer, p->y_type, 1, p->half ? n : 2 * n);
	}
}

/* A unit is UNIT_ROWS rows, counted over batch, head and row. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_rotary *p = job->p;
	int32_t rows = p->b * p->h * p->n, last = end < rows / UNIT_ROWS ? end * UNIT_ROWS : rows;

	for (int32_t i = unit * UNIT_ROWS; i < last; i++) {
		ptrdiff_t b = i / p->n / p->h, h = i / p->n % p->h, n = i % p->n;
		rotate_row(job, b * p->x[0] + h * p->x[1] + n * p->x[2], b * p->y[0] + h * p->y[1] + n * p->y[2],
			b * p->phase[0] + h * p->phase[1] + n * p->phase[2]);
	}
}

KERNEL(rotary, (void *y, const void *x, const void *cos, const void *sin))
{
	struct job job = { p, y, x, cos, sin };

	rt_parallel(run, (p->b * p->h * p->n + UNIT_ROWS - 1) / UNIT_ROWS, units, &job);
}
