/* cum_sum (ONNX CumSum-14): running sums along one dimension.
 *
 * A task is a chunk of neighbours along the inner dimensions, which keep a sum each: floats in double, integers in 64
 * bits, where they wrap. */
#include "element.h"
#include "kernel.h"

enum {
	CHUNK = 64,   /* elements of the inner dimensions */
	UNIT = 16384, /* elements, about */
};

struct cum_sum_job {
	const struct rt_cum_sum *p;
	void *y;
	const void *x;
	int32_t chunks, unit; /* of a row; in a unit */
};

/* The running sums of up to CHUNK lines. */
struct sums {
	double real[CHUNK];
	int64_t integer[CHUNK];
};

static void store(void *y, const struct sums *sum, enum rt_type type, int32_t n)
{
	if (element_domain(type) == INTEGER_DOMAIN)
		store_integers(y, sum->integer, type, 1, n);
	else
		store_doubles(y, sum->real, type, 1, n);
}

static void add(struct sums *sum, const struct sums *x, enum rt_type type, int32_t n)
{
	if (element_domain(type) == INTEGER_DOMAIN)
		for (int32_t i = 0; i < n; i++)
			sum->integer[i] = (int64_t)((uint64_t)sum->integer[i] + (uint64_t)x->integer[i]);
	else
		for (int32_t i = 0; i < n; i++)
			sum->real[i] += x->real[i];
}

/* n lines that start at element `at`. */
static void sum_lines(const struct cum_sum_job *job, ptrdiff_t at, int32_t n)
{
	const struct rt_cum_sum *p = job->p;
	struct sums sum = { { 0 }, { 0 } }, x;

	for (int32_t i = 0; i < p->n; i++) {
		ptrdiff_t place = at + (ptrdiff_t)(p->reverse ? p->n - 1 - i : i) * p->inner;
		const void *from = element_at(job->x, p->type, place);
		if (element_domain(p->type) == INTEGER_DOMAIN)
			load_integers(x.integer, from, p->type, 1, n);
		else
			load_doubles(x.real, from, p->type, 1, n);
		if (p->exclusive)
			store(element_to(job->y, p->type, place), &sum, p->type, n);
		add(&sum, &x, p->type, n);
		if (!p->exclusive)
			store(element_to(job->y, p->type, place), &sum, p->type, n);
	}
}

static void cum_sum_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct cum_sum_job *job = job_pointer;
	const struct rt_cum_sum *p = job->p;
	int64_t i = (int64_t)begin * job->unit, last = (int64_t)end * job->unit;
	int64_t tasks = (int64_t)p->outer * job->chunks;

	for (last = last < tasks ? last : tasks; i < last; i++) {
		int32_t first = (int32_t)(i % job->chunks) * CHUNK;
		ptrdiff_t row = (ptrdiff_t)(i / job->chunks) * p->n * p->inner;
		sum_lines(job, row + first, p->inner - first < CHUNK ? p->inner - first : CHUNK);
	}
}

KERNEL(cum_sum, (void *y, const void *x))
{
	struct cum_sum_job job = { p, y, x, (p->inner + CHUNK - 1) / CHUNK, 1 };
	int64_t work = (int64_t)p->n * (p->inner < CHUNK ? p->inner : CHUNK);

	if (p->outer == 0 || work == 0)
		return;
	if (work < UNIT)
		job.unit = (int32_t)(UNIT / work);
	rt_parallel(run, (int32_t)(((int64_t)p->outer * job.chunks + job.unit - 1) / job.unit), cum_sum_units, &job);
}
