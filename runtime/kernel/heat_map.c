/* heat_map: from SuperPoint's detector logits to a picture of probabilities. The exponentials are written where they
 * belong in the picture, and scaled there once their sum is known. */
#include "element.h"
#include "kernel.h"
#include "micro/math.h"

enum { CHUNK = 128 }; /* channels */

struct heat_map_job {
	const struct rt_heat_map *p;
	float *y;
	const void *x;
};

/* The largest of n logits from element `at` on. */
static float largest_logit(const struct heat_map_job *job, ptrdiff_t at, int32_t n)
{
	float x[CHUNK], most = -INFINITY;

	for (int32_t i = 0; i < n; i += CHUNK) {
		int32_t count = n - i < CHUNK ? n - i : CHUNK, j = 0;
		vec largest = v_set(-INFINITY);
		load_floats(x, element_at(job->x, job->p->x_type, at + i), job->p->x_type, 1, count);
		for (; j + LANES <= count; j += LANES)
			largest = v_max(largest, v_load(x + j));
		for (; j < count; j++)
			most = x[j] > most ? x[j] : most;
		most = v_largest(largest) > most ? v_largest(largest) : most;
	}
	return most;
}

/* x = e^(logit - largest) for n <= CHUNK logits from element `at` on; returns their sum. */
static float exponentials(const struct heat_map_job *job, float *x, ptrdiff_t at, int32_t n, float largest)
{
	vec sum = v_set(0);

	load_floats(x, element_at(job->x, job->p->x_type, at), job->p->x_type, 1, n);
	for (int32_t i = n; i % LANES; i++)
		x[i] = -INFINITY;
	for (int32_t i = 0; i < n; i += LANES) {
		vec power = v_exp(v_sub(v_load(x + i), v_set(largest)));
		v_store(x + i, power);
		sum = v_add(sum, power);
	}
	return v_sum(sum);
}

/* One cell: its channels start at element `at`, its square in the picture at y. The exponentials of all channels are
 * computed in one go, since a row of the square may be shorter than a vector. */
static void unfold_cell(const struct heat_map_job *job, float *y, ptrdiff_t at)
{
	const struct rt_heat_map *p = job->p;
	ptrdiff_t row = (ptrdiff_t)p->w * p->cell, to = 0;
	int32_t points = p->cell * p->cell, column = 0;
	float x[CHUNK], largest = largest_logit(job, at, points + 1), sum = 0;

	for (int32_t i = 0; i <= points; i += CHUNK) {
		int32_t n = points + 1 - i < CHUNK ? points + 1 - i : CHUNK;
		sum += exponentials(job, x, at + i, n, largest);
		for (int32_t k = 0; k < n && i + k < points; k++) {
			y[to + column++] = x[k];
			if (column == p->cell) {
				column = 0;
				to += row;
			}
		}
	}
	for (int32_t i = 0; i < p->cell; i++)
		for (int32_t j = 0; j < p->cell; j++)
			y[i * row + j] *= 1 / sum;
}

/* A unit is a row of cells. */
static void heat_map_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct heat_map_job *job = job_pointer;
	const struct rt_heat_map *p = job->p;
	ptrdiff_t channels = (ptrdiff_t)p->cell * p->cell + 1;

	for (int32_t row = begin; row < end; row++)
		for (int32_t i = 0; i < p->w; i++)
			unfold_cell(
				job, job->y + ((ptrdiff_t)row * p->cell * p->w + i) * p->cell, ((ptrdiff_t)row * p->w + i) * channels);
}

KERNEL(heat_map, (void *y, const void *x))
{
	struct heat_map_job job = { p, y, x };

	rt_parallel(run, p->n * p->h, heat_map_units, &job);
}
