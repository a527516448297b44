/* Running compiled models to see how long they take. */
#include "base/child.h"
#include "host_child.h"
#include "pool.h"
#include "base/progress.h"
#include "base/statistics.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_CALLS = 1 << 16 };

/* What the child writes: the head, then the list of calls and the iterations' times. */
struct record {
	char isa[HOST_NAME];
	int n_calls;
	bool lacking; /* the machine lacks the instruction set that was asked for */
};

struct time_job {
	const struct host *host;
	const struct host_run *run;
	int warmup, iterations, traced;
	struct record *record;
	struct host_call *calls;
	double *seconds;
};

/* One run being traced. */
struct tracer {
	const struct time_job *job;
	int expected, current; /* -1: between runs */
	double since;
};

/* The place of a call in the list. A program's calls come in the same order in every run on the same inputs. */
static int place_of(struct tracer *t, const char *call)
{
	struct record *r = t->job->record;
	struct host_call *list = t->job->calls;
	int i = t->expected;

	if (i >= r->n_calls || strncmp(list[i].name, call, HOST_NAME - 1))
		for (i = 0; i < r->n_calls && strncmp(list[i].name, call, HOST_NAME - 1);)
			i++;
	if (i == MAX_CALLS)
		child_fail("makes more than %d calls", MAX_CALLS);
	if (i == r->n_calls) {
		snprintf(list[i].name, HOST_NAME, "%s", call);
		r->n_calls++;
	}
	t->expected = i + 1;
	return i;
}

static void note_call(void *user, const char *call)
{
	struct tracer *t = user;
	double now = seconds_now();

	if (t->current >= 0) {
		t->job->calls[t->current].seconds += now - t->since;
		t->job->calls[t->current].runs++;
	}
	t->current = call ? place_of(t, call) : -1;
	t->since = seconds_now();
}

static enum gluec_status run_model(const struct time_job *job, const struct gluec_model *m,
	const struct child_memory *memory, const struct gluec_options *options)
{
	return m->run((const void *const *)memory->inputs, memory->outputs, memory->arena, job->host->arena_bytes, options);
}

/* The strongest instruction set that the machine has; trying is the only way to ask. */
static const char *best_isa(const struct time_job *job, const struct gluec_model *m, const struct child_memory *memory)
{
	for (int i = job->host->isas; i-- > 0;) {
		struct gluec_options options = { .isa = m->isa[i] };
		if (run_model(job, m, memory, &options) != GLUEC_NO_SUCH_ISA)
			return m->isa[i];
	}
	return "c";
}

static void time_runs(void *user)
{
	const struct time_job *job = user;
	const struct gluec_model *m = child_load(job->host);
	struct child_memory memory = child_plain_memory(job->host, job->run->inputs);
	struct gluec_pool *pool = job->run->threads > 1 ? gluec_pool_create(job->run->threads) : NULL;
	struct gluec_options options = { .parallel_for = pool ? gluec_pool_for : NULL, .pool = pool };
	struct tracer tracer = { job, 0, -1, 0 };

	if (job->run->threads > 1 && !pool)
		child_fail("could not be given %d threads", job->run->threads);
	options.isa = job->run->isa ? job->run->isa : best_isa(job, m, &memory);
	snprintf(job->record->isa, HOST_NAME, "%s", options.isa);
	for (int i = -job->warmup; i < job->iterations + job->traced; i++) {
		if (i == job->iterations) {
			options.trace = note_call;
			options.trace_user = &tracer;
		}
		tracer.expected = 0;
		double start = seconds_now();
		enum gluec_status status = run_model(job, m, &memory, &options);
		if (status == GLUEC_NO_SUCH_ISA && job->run->isa) {
			job->record->lacking = true;
			_Exit(0);
		}
		if (status == GLUEC_NO_SUCH_ISA)
			child_fail("needs an instruction set that this machine lacks");
		if (status != GLUEC_OK)
			child_fail("returned status %d", (int)status);
		if (i >= 0 && i < job->iterations)
			job->seconds[i] = seconds_now() - start;
	}
	gluec_pool_destroy(pool);
}

const struct host_times *host_time(
	struct ctx *c, const struct host *h, const struct host_run *r, int warmup, int iterations, int traced)
{
	struct host_times *t = NEW(c, struct host_times, 1);
	size_t seconds_bytes = (size_t)iterations * sizeof(double), calls_bytes = MAX_CALLS * sizeof(struct host_call);
	struct time_job job = { h, r, warmup, iterations, traced, shared_memory(c, sizeof *job.record),
		shared_memory(c, calls_bytes), shared_memory(c, seconds_bytes) };
	const char *end = run_child(c, time_runs, &job, h->timeout);

	if (end)
		fail(c, VERIFICATION_FAILED, "the compiled model %.60s %s", h->name, end);
	if (job.record->lacking)
		return NULL;
	memcpy(t->isa, job.record->isa, sizeof t->isa);
	t->n_calls = job.record->n_calls;
	t->calls = NEW(c, struct host_call, (size_t)t->n_calls);
	t->seconds = NEW(c, double, (size_t)iterations);
	memcpy(t->calls, job.calls, (size_t)t->n_calls * sizeof *t->calls);
	memcpy(t->seconds, job.seconds, seconds_bytes);
	for (int i = 0; i < t->n_calls; i++)
		t->calls[i].seconds /= t->calls[i].runs ? t->calls[i].runs : 1;
	sort_numbers(t->seconds, iterations);
	release_shared(job.record, sizeof *job.record);
	release_shared(job.calls, calls_bytes);
	release_shared(job.seconds, seconds_bytes);
	return t;
}
