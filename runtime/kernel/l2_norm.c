#include "kernel.h"
#include "micro/stage.h"

enum { CHUNK = 256 /* channels at once, a multiple of every LANES */, UNIT_ROWS = 16 };

struct job {
	const struct rt_l2_norm *p;
	void *y;
	const void *x;
};

static float length(const struct job *job, ptrdiff_t row)
{
	float buffer[CHUNK];
	vec sum = v_set(0.0f);

	for (int32_t j = 0; j < job->p->c; j += CHUNK) {
		int32_t n = job->p->c - j < CHUNK ? job->p->c - j : CHUNK;
		const float *x = stage(job->p->x_type, job->x, row + j, n, buffer);
		for (int32_t i = 0; i < n; i += LANES) {
			vec v = v_load_n(x + i, n - i < LANES ? n - i : LANES);
			sum = v_fma(v, v, sum);
		}
	}
	return sqrtf(v_sum(sum));
}

static void normalise(const struct job *job, ptrdiff_t row)
{
	const struct rt_l2_norm *p = job->p;
	float y[CHUNK], divisor = length(job, row);

	/* Asked this way, so that a NaN stays. */
	if (divisor <= p->floor)
		divisor = p->floor;
	for (int32_t j = 0; j < p->c; j += CHUNK) {
		int32_t n = p->c - j < CHUNK ? p->c - j : CHUNK;
		load_floats(y, element_at(job->x, p->x_type, row + j), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i++)
			y[i] /= divisor;
		store_floats(element_to(job->y, p->y_type, row + j), y, p->y_type, 1, n);
	}
}

static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_l2_norm *p = job->p;

	for (; unit < end; unit++)
		for (int32_t i = unit * UNIT_ROWS; i < p->rows && i < (unit + 1) * UNIT_ROWS; i++)
			normalise(job, (ptrdiff_t)i * p->c);
}

KERNEL(l2_norm, (void *y, const void *x))
{
	struct job job = { p, y, x };

	rt_parallel(run, (p->rows + UNIT_ROWS - 1) / UNIT_ROWS, units, &job);
}
