/* What gluec bench prints. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "run/host.h"
#include "emit/lower.h"

struct bench_report {
	const struct host *host;
	const struct host_times *times;
	const struct program *program; /* for the ONNX nodes of each call; NULL when only the object is known */
	int threads, warmup, iterations;
};

void print_bench(struct ctx *c, const struct bench_report *r);
void print_bench_json(const struct bench_report *r);

#endif
