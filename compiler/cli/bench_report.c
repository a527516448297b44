/* What gluec bench prints: throughput and latency as trtexec does, then the calls in execution order. */
#include "bench_report.h"
#include "base/printable.h"
#include "base/statistics.h"
#include <string.h>

struct statistics {
	double min, mean, median, p90, p95, p99, max; /* seconds */
};

static struct statistics summarize(const struct bench_report *r)
{
	const double *x = r->times->seconds;
	int n = r->iterations;
	struct statistics s = { x[0], 0, median(x, n), percentile(x, n, 90), percentile(x, n, 95), percentile(x, n, 99),
		x[n - 1] };

	for (int i = 0; i < n; i++)
		s.mean += x[i] / n;
	return s;
}

static const char *origin_in(const struct block *block, const char *symbol)
{
	const char *found = NULL;

	for (const struct call *call = block->first; call && !found; call = call->next) {
		if (call->kernel && !strncmp(call->symbol, symbol, HOST_NAME - 1))
			found = call->origin;
		else if (!call->kernel && !(found = origin_in(call->then_block, symbol)))
			found = origin_in(call->else_block, symbol);
	}
	return found;
}

static const char *origin(const struct bench_report *r, const char *symbol)
{
	const char *found = r->program ? origin_in(r->program->main, symbol) : NULL;

	return found ? found : "";
}

static double sum_of_calls(const struct host_times *t)
{
	double sum = 0;

	for (int i = 0; i < t->n_calls; i++)
		sum += t->calls[i].seconds;
	return sum > 0 ? sum : 1;
}

void print_bench(struct ctx *c, const struct bench_report *r)
{
	struct statistics s = summarize(r);
	double sum = sum_of_calls(r->times);

	printf("%s: %s, %d thread%s, %d iterations after %d to warm up, arena %zu bytes, weights %zu bytes\n",
		r->host->name, r->times->isa, r->threads, r->threads == 1 ? "" : "s", r->iterations, r->warmup,
		r->host->arena_bytes, r->host->weight_bytes);
	printf("Throughput: %.2f runs/s\n", 1 / s.mean);
	printf("Latency: min = %.3f ms, max = %.3f ms, mean = %.3f ms, median = %.3f ms, percentile(90%%) = %.3f ms, "
		   "percentile(95%%) = %.3f ms, percentile(99%%) = %.3f ms\n",
		1e3 * s.min, 1e3 * s.max, 1e3 * s.mean, 1e3 * s.median, 1e3 * s.p90, 1e3 * s.p95, 1e3 * s.p99);
	if (!r->times->n_calls)
		return;
	printf("\n%10s %6s  %-32s %s\n", "ms", "%", "call", r->program ? "ONNX nodes" : "");
	for (int i = 0; i < r->times->n_calls; i++) {
		const struct host_call *call = &r->times->calls[i];
		printf("%10.3f %6.2f  %-32s %s\n", 1e3 * call->seconds, 100 * call->seconds / sum, printable(c, call->name),
			printable(c, origin(r, call->name)));
	}
}

void print_bench_json(const struct bench_report *r)
{
	struct statistics s = summarize(r);
	double sum = sum_of_calls(r->times);

	fputs("{\n  \"model\": ", stdout);
	write_json_string(stdout, r->host->name);
	fputs(",\n  \"isa\": ", stdout);
	write_json_string(stdout, r->times->isa);
	printf(",\n  \"threads\": %d,\n  \"warmup\": %d,\n  \"iterations\": %d,\n", r->threads, r->warmup, r->iterations);
	printf("  \"arena_bytes\": %zu,\n  \"weight_bytes\": %zu,\n", r->host->arena_bytes, r->host->weight_bytes);
	printf("  \"throughput_per_s\": %.6g,\n", 1 / s.mean);
	printf("  \"latency_ms\": { \"min\": %.6g, \"mean\": %.6g, \"median\": %.6g, \"p90\": %.6g, \"p95\": %.6g, "
		   "\"p99\": %.6g, \"max\": %.6g },\n  \"calls\": [",
		1e3 * s.min, 1e3 * s.mean, 1e3 * s.median, 1e3 * s.p90, 1e3 * s.p95, 1e3 * s.p99, 1e3 * s.max);
	for (int i = 0; i < r->times->n_calls; i++) {
		const struct host_call *call = &r->times->calls[i];
		printf("%s\n    { \"call\": ", i ? "," : "");
		write_json_string(stdout, call->name);
		fputs(", \"nodes\": ", stdout);
		write_json_string(stdout, origin(r, call->name));
		printf(", \"ms\": %.6g, \"share\": %.6g }", 1e3 * call->seconds, call->seconds / sum);
	}
	fputs("\n  ]\n}\n", stdout);
}
