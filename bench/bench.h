/* What the programs of the benchmark share: a clock, memory, random numbers, and turns.
 *
 * A contestant is a program that can do one piece of work again and again. It speaks lines: when it is ready it prints
 * "ready VERSION|OPERATIONS"; then it reads
 *     turn SECONDS     works for about that long, at least once; answers with the median of its runs in milliseconds
 *     write FILE       writes what the work computed as floats, one output behind the other; answers "written"
 * until its input ends. Contestants in any language can take part; bench/contest.c lets them take turns. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct contestant {
	const char *version;
	double operations; /* of one run; 0: whoever called knows */
	void (*run)(void *user);
	void (*write)(void *user, FILE *to);
	void *user;
};

/* Runs once to warm up and then takes turns until the input ends. Returns main's status. */
int contestant_serve(const struct contestant *c);

double seconds_now(void);

/* Prints "PROGRAM: message" and exits with status 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* n * size bytes at a multiple of 64, zeroed. Exits when there are none. */
void *bench_memory(size_t n, size_t size);

/* A file's bytes, *n of them. Exits when it cannot be read. */
void *bench_read_file(const char *file, size_t *n);
/* Exits when it cannot be written. */
void bench_write_file(const char *file, const void *data, size_t bytes);

/* n random numbers of -1..1 that depend on the seed only. */
void bench_random(float *to, size_t n, uint32_t seed);

int by_value(const void *a, const void *b); /* orders doubles, for qsort */

#endif
