/* A clock, memory, random numbers, and turns: see bench.h. */
#include "bench.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNS = 1 << 16 };

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void die(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

void *bench_memory(size_t n, size_t size)
{
	void *p = NULL;

	if (n > (SIZE_MAX - 64) / size || posix_memalign(&p, 64, n * size + 64))
		die("out of memory");
	memset(p, 0, n * size + 64);
	return p;
}

void *bench_read_file(const char *file, size_t *n)
{
	FILE *f = fopen(file, "rb");

	if (!f || fseek(f, 0, SEEK_END))
		die("%s: %s", file, strerror(errno));
	long bytes = ftell(f);
	rewind(f);
	void *data = bench_memory((size_t)(bytes > 0 ? bytes : 0), 1);
	*n = fread(data, 1, (size_t)(bytes > 0 ? bytes : 0), f);
	fclose(f);
	return data;
}

void bench_write_file(const char *file, const void *data, size_t bytes)
{
	FILE *f = fopen(file, "wb");

	if (!f || fwrite(data, 1, bytes, f) != bytes || fclose(f))
		die("%s: %s", file, strerror(errno));
}

void bench_random(float *to, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = (float)(seed >> 8) * 0x1p-23f - 1;
	}
}

int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median time of the runs that fit into so many seconds, in seconds. */
static double take_turn(const struct contestant *c, double *times, double length)
{
	double start = seconds_now(), now = start;
	int n = 0;

	do {
		double before = now;
		c->run(c->user);
		now = seconds_now();
		times[n++] = now - before;
	} while (now < start + length && n < MOST_RUNS);
	qsort(times, (size_t)n, sizeof *times, by_value);
	return (times[(n - 1) / 2] + times[n / 2]) / 2;
}

static void write_results(const struct contestant *c, char *file)
{
	file[strcspn(file, "\n")] = 0;
	FILE *to = fopen(file, "wb");

	if (!to)
		die("%s: %s", file, strerror(errno));
	if (c->write)
		c->write(c->user, to);
	if (fclose(to))
		die("%s: %s", file, strerror(errno));
	puts("written");
}

int contestant_serve(const struct contestant *c)
{
	double *times = bench_memory(MOST_RUNS, sizeof *times);
	char line[4096];

	c->run(c->user);
	printf("ready %s|%.17g\n", c->version, c->operations);
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		if (!strncmp(line, "turn ", 5))
			printf("%.17g\n", 1e3 * take_turn(c, times, strtod(line + 5, NULL)));
		else if (!strncmp(line, "write ", 6))
			write_results(c, line + 6);
		else
			die("what is '%.20s'?", line);
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
