/* Running compiled models in turn: many inputs through one model, or several models side by side. */
#include "base/child.h"
#include "host_child.h"
#include "isa.h"
#include "pool.h"
#include "base/progress.h"
#include <stdlib.h>
#include <string.h>

/* A model that was loaded, with memory for its calls, which come one after the other. */
struct loaded {
	const struct host *host;
	const struct gluec_model *model;
	struct child_memory memory;
};

/* What the child says while it works. */
struct progress_note {
	int turn;     /* the one that it makes */
	bool lacking; /* the machine lacks the instruction set */
};

struct turns_job {
	int n, rounds, threads;
	const struct host_turn *turns;
	const char *isa;
	struct progress_note *note;
	double *seconds;
};

/* Loads the model of the turn unless an earlier turn had the same. */
static struct loaded *load(struct loaded *list, int *n, const struct host_turn *turn)
{
	for (int i = 0; i < *n; i++)
		if (list[i].host == turn->host)
			return &list[i];
	list[*n] = (struct loaded){ turn->host, child_load(turn->host), child_plain_memory(turn->host, turn->inputs) };
	return &list[(*n)++];
}

static void call(
	const struct turns_job *job, const struct loaded *l, const struct host_turn *turn, struct gluec_pool *pool)
{
	const struct gluec_options options = {
		.parallel_for = pool ? gluec_pool_for : NULL, .pool = pool, .isa = job->isa
	};
	enum gluec_status status =
		l->model->run(turn->inputs, l->memory.outputs, l->memory.arena, turn->host->arena_bytes, &options);

	if (status == GLUEC_NO_SUCH_ISA && job->isa) {
		job->note->lacking = true;
		_Exit(0);
	}
	if (status == GLUEC_CAPACITY_EXCEEDED)
		child_fail("finds more than there is room for; give a larger --capacity");
	if (status != GLUEC_OK)
		child_fail("returned status %d", (int)status);
}

static void keep_outputs(const struct loaded *l, char *to)
{
	for (int i = 0; i < l->host->outputs; i++) {
		memcpy(to, l->memory.outputs[i], l->host->output[i].bytes);
		to += l->host->output[i].bytes;
	}
}

static void run_turns(void *user)
{
	const struct turns_job *job = user;
	struct gluec_pool *pool = job->threads > 1 ? gluec_pool_create(job->threads) : NULL;
	struct loaded *list = calloc((size_t)job->n, sizeof *list);
	int n_loaded = 0;

	if (!list || (job->threads > 1 && !pool))
		child_fail("could not be given %d threads and memory", job->threads);
	for (int round = 0; round < job->rounds; round++)
		for (int i = 0; i < job->n; i++) {
			const struct host_turn *turn = &job->turns[i];
			job->note->turn = i;
			const struct loaded *l = load(list, &n_loaded, turn);
			double start = seconds_now();
			call(job, l, turn, pool);
			job->seconds[(size_t)round * (size_t)job->n + (size_t)i] = seconds_now() - start;
			if (turn->outputs && round == job->rounds - 1)
				keep_outputs(l, turn->outputs);
		}
	gluec_pool_destroy(pool);
}

const double *host_turns(struct ctx *c, int n, const struct host_turn *turns, int rounds, int threads)
{
	size_t calls = (size_t)n * (size_t)rounds;
	struct turns_job job = { n, rounds, threads, turns, asked_isa(), shared_memory(c, sizeof *job.note),
		shared_memory(c, calls * sizeof *job.seconds) };
	double *seconds = NEW(c, double, calls + 1), timeout = 0;

	for (int i = 0; i < n; i++) {
		timeout += rounds * turns[i].host->timeout;
		if (job.isa)
			host_need_isa(c, turns[i].host, "GLUEC_ISA", job.isa);
	}
	const char *end = n ? run_child(c, run_turns, &job, timeout) : NULL;
	if (end)
		fail(c, VERIFICATION_FAILED, "the compiled model %.60s %s", turns[job.note->turn].host->name, end);
	if (job.note->lacking)
		fail_lacking(c, "GLUEC_ISA", job.isa);
	memcpy(seconds, job.seconds, calls * sizeof *seconds);
	release_shared(job.seconds, calls * sizeof *seconds);
	release_shared(job.note, sizeof *job.note);
	return seconds;
}
