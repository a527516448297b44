/* A contestant that does what the machine can do at best: how fast multiply-adds, or memory, are.
 *
 * usage: roof list                 prints the names of the machine's ways to multiply
 *        roof NAME THREADS         multiplies
 *        roof KILOBYTES THREADS    each thread reads as much again and again; its "operations" are bytes */
#include "bench.h"
#include "peak.h"
#include "pool.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_PEAKS = 8, MOST_THREADS = 256, MULTIPLICATIONS = 10, LEAST_READ = 256 << 20 };

struct roof {
	struct gluec_pool *pool;
	int threads;
	void (*multiply)(void); /* NULL: read */
	void *data[MOST_THREADS];
	size_t bytes, times;
};

/* What thread number `begin` and those behind it do. */
static void work(void *user, int32_t begin, int32_t end)
{
	const struct roof *r = user;
	volatile float sum = 0;

	for (int32_t thread = begin; thread < end; thread++)
		for (size_t i = 0; i < r->times; i++)
			if (r->multiply)
				r->multiply();
			else
				sum = peak_read(r->data[thread], r->bytes);
	(void)sum;
}

static void run(void *user)
{
	struct roof *r = user;

	gluec_pool_for(r->pool, r->threads, work, r);
}

int main(int argc, char **argv)
{
	struct peak list[MOST_PEAKS];
	struct roof *r = bench_memory(1, sizeof *r);
	double operations = 0;

	peaks(list, MOST_PEAKS);
	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (const struct peak *p = list; p->name; p++)
			puts(p->name);
		return EXIT_SUCCESS;
	}
	if (argc != 3 || (r->threads = atoi(argv[2])) < 1 || r->threads > MOST_THREADS)
		die("list, NAME THREADS or KILOBYTES THREADS");
	for (const struct peak *p = list; p->name; p++)
		if (!strcmp(p->name, argv[1])) {
			r->multiply = p->run;
			r->times = MULTIPLICATIONS;
			operations = p->operations * MULTIPLICATIONS;
		}
	if (!r->multiply) {
		long kilobytes = atol(argv[1]);
		if (kilobytes < 4 || kilobytes > 1 << 22)
			die("this machine has no '%s'", argv[1]);
		r->bytes = (size_t)kilobytes / 4 * 4096;
		r->times = r->bytes < LEAST_READ ? LEAST_READ / r->bytes : 1;
		operations = (double)r->bytes * (double)r->times;
		for (int i = 0; i < r->threads; i++) {
			r->data[i] = bench_memory(r->bytes, 1);
			bench_random(r->data[i], r->bytes / sizeof(float), 1);
		}
	}
	r->pool = gluec_pool_create(r->threads);
	if (!r->pool)
		die("no threads");
	return contestant_serve(&(struct contestant){ "this machine", operations * r->threads, run, NULL, r });
}
