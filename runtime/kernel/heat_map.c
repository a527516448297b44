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

/* y = e^(x - largest) for n logits from element `at` on; returns their sum. */
static float exponentials(const struct heat_map_job *job, float *y, ptrdiff_t at, int32_t n, float largest)
{
	float x[CHUNK], rest[LANES], total = 0;

	for (int32_t i = 0; i < n; i += CHUNK) {
		int32_t count = n - i < CHUNK ? n - i : CHUNK, j = 0;
		vec sum = v_set(0);
		load_floats(x, element_at(job->x, job->p->x_type, at + i), job->p->x_type, 1, count);
		for (; j + LANES <= count; j += LANES) {
			vec power = v_exp(v_sub(v_load(x + j), v_set(largest)));
			v_store(y + i + j, power);
			sum = v_add(sum, power);
		}
		total += v_sum(sum);
		if (j < count)
			v_store(rest, v_exp(v_sub(v_load_n(x + j, count - j), v_set(largest))));
		for (int32_t k = 0; j < count; j++, k++) {
			y[i + j] = rest[k];
			total += rest[k];
		}
	}
	return total;
}

/* One cell: its channels start at element `at`, its square in the picture at y. */
static void unfold_cell(const struct heat_map_job *job, float *y, ptrdiff_t at)
{
	const struct rt_heat_map *p = job->p;
	ptrdiff_t row = (ptrdiff_t)p->w * p->cell;
	int32_t points = p->cell * p->cell;
	float largest = largest_logit(job, at, points + 1), sum = 0, none;

	for (int32_t i = 0; i < p->cell; i++)
		sum += exponentials(job, y + i * row, at + (ptrdiff_t)i * p->cell, p->cell, largest);
	sum += exponentials(job, &none, at + points, 1, largest);
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
