#include "kernel.h"
#include "micro/act.h"
#include "micro/bytes.h"
#include "micro/stage.h"

enum { CHUNK = 256 /* channels at once, a multiple of every LANES */, UNIT_ROWS = 16 };

struct job {
	const struct rt_layer_norm *p;
	void *y;
	const void *x;
	const float *scale, *bias;
	struct quantizer to;
};

/* The sum over a row of x (power 1) or of (x - mean)^2 (power 2). */
static float sum_row(const struct job *job, ptrdiff_t row, float mean, int power)
{
	float buffer[CHUNK];
	vec sum = v_set(0.0f), center = v_set(mean);

	for (int32_t j = 0; j < job->p->c; j += CHUNK) {
		int32_t n = job->p->c - j < CHUNK ? job->p->c - j : CHUNK, i = 0;
		const float *x = stage(job->p->x_type, job->x, row + j, n, buffer);
		for (; i + LANES <= n; i += LANES) {
			vec d = v_sub(v_load(x + i), center);
			sum = power == 1 ? v_add(sum, d) : v_fma(d, d, sum);
		}
		for (; i < n; i++) {
			float d = x[i] - mean, alone[LANES] = { power == 1 ? d : d * d };
			sum = v_add(sum, v_load(alone));
		}
	}
	return v_sum(sum);
}

static void normalise(const struct job *job, ptrdiff_t row)
{
	const struct rt_layer_norm *p = job->p;
	float mean = sum_row(job, row, 0, 1) / (float)p->c;
	float factor = 1 / sqrtf(sum_row(job, row, mean, 2) / (float)p->c + p->epsilon);
	float y[CHUNK];

	for (int32_t j = 0; j < p->c; j += CHUNK) {
		int32_t n = p->c - j < CHUNK ? p->c - j : CHUNK;
		load_floats(y, element_at(job->x, p->x_type, row + j), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i += LANES) {
			int32_t lanes = n - i < LANES ? n - i : LANES;
			vec scale = v_mul(v_load_n(job->scale + j + i, lanes), v_set(factor));
			vec bias = job->bias ? v_load_n(job->bias + j + i, lanes) : v_set(0.0f);
			vec x = v_load_n(y + i, lanes);
			v_store(y + i, v_act(p->act, 0, v_fma(v_sub(x, v_set(mean)), scale, bias)));
		}
		store_row(&job->to, job->y, p->y_type, row + j, y, n);
	}
}

static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_layer_norm *p = job->p;

	for (; unit < end; unit++)
		for (int32_t i = unit * UNIT_ROWS; i < p->rows && i < (unit + 1) * UNIT_ROWS; i++)
			normalise(job, (ptrdiff_t)i * p->c);
}

KERNEL(layer_norm, (void *y, const void *x, const void *scale, const void *bias))
{
	struct job job = { p, y, x, scale, bias, quantizer_of(p->y_type, p->y_scale, p->y_zero) };

	rt_parallel(run, (p->rows + UNIT_ROWS - 1) / UNIT_ROWS, units, &job);
}
