/* A gate: a reference that is run once, and candidates that are measured against it. */
#include "gate.h"
#include "base/attempt.h"
#include "figures.h"
#include "parts.h"
#include "base/progress.h"
#include "base/statistics.h"

struct gate *gate_open(struct ctx *c, const struct gate_options *options, const struct gate_models *reference)
{
	struct gate *g = NEW(c, struct gate, 1);
	int matches = 0;

	g->options = *options;
	g->pairs = read_pairs(c, options->pairs);
	side_build(c, g, &g->reference, reference, false);
	side_run(c, &g->reference, g->pairs, options);
	side_judge(c, &g->reference, g->pairs);
	for (int i = 0; i < g->pairs->n; i++)
		matches += g->reference.found[i].n_matches;
	if (!matches)
		fail(c, VERIFICATION_FAILED, "%.300s: the reference finds no match in any pair of %.300s, so it cannot be one",
			reference->set[0].model, options->pairs);
	return g;
}

static struct gate_latency summarize(double *seconds, int n)
{
	sort_numbers(seconds, n);
	return (struct gate_latency){ n, median(seconds, n), percentile(seconds, n, 99) };
}

/* Times model `which` of both sides, a call of the one after a call of the other. The first round warms up. */
static void time_models(
	struct ctx *c, const struct gate *g, const struct side *candidate, int which, struct gate_figures *figures)
{
	const struct side *sides[GATE_SIDES] = { &g->reference, candidate };
	int n[GATE_SIDES], all = 0, rounds = g->options.rounds + 1;

	for (int s = 0; s < GATE_SIDES; s++)
		n[s] = which < sides[s]->n ? sides[s]->engine[which].n_turns : 0;
	struct host_turn *turns = NEW(c, struct host_turn, (size_t)(n[0] + n[1]) + 1);
	int *side_of = NEW(c, int, (size_t)(n[0] + n[1]) + 1);
	for (int i = 0; i < n[0] || i < n[1]; i++)
		for (int s = 0; s < GATE_SIDES; s++)
			if (i < n[s]) {
				side_of[all] = s;
				turns[all++] = sides[s]->engine[which].turn[i];
			}
	const double *seconds = host_turns(c, all, turns, rounds, g->options.threads);
	for (int s = 0; s < GATE_SIDES; s++) {
		double *own = NEW(c, double, (size_t)n[s] * (size_t)rounds + 1);
		int found = 0;
		for (int i = all; i < all * rounds; i++)
			if (side_of[i % all] == s)
				own[found++] = seconds[i];
		if (found)
			figures->latency[s][which] = summarize(own, found);
	}
}

struct measurement {
	struct gate *gate;
	const struct gate_models *candidate;
	unsigned wanted;
	struct arena *arena; /* for the figures */
	struct gate_figures *figures;
};

static void keep_parts(struct ctx *c, const struct measurement *m, const struct side *side)
{
	struct arena *own = c->arena;

	c->arena = m->arena;
	for (int i = 0; m->wanted & GATE_PARTS && i < side->n; i++)
		if (side->engine[i].parts)
			m->figures->n_parts = read_parts(c, i, side->engine[i].parts, m->figures->n_parts, &m->figures->part);
	c->arena = own;
}

static void measure(struct ctx *c, void *user)
{
	const struct measurement *m = user;
	struct gate *g = m->gate;
	struct side *candidate = NEW(c, struct side, 1);

	side_build(c, g, candidate, m->candidate, m->wanted & GATE_PARTS);
	side_run(c, candidate, g->pairs, &g->options);
	side_judge(c, candidate, g->pairs);
	compute_figures(c, m->figures, g->pairs, &g->reference, candidate);
	keep_parts(c, m, candidate);
	progress(c, "timing");
	for (int which = 0; m->wanted & GATE_TIMES && g->options.rounds && which < 2; which++)
		time_models(c, g, candidate, which, m->figures);
	progress_end(c);
}

struct gate_figures *gate_measure(
	struct ctx *c, struct gate *gate, const struct gate_models *candidate, unsigned wanted)
{
	struct gate_figures *f = NEW(c, struct gate_figures, 1);
	const char *file = c->file;

	f->n_pairs = gate->pairs->n;
	f->pair = NEW(c, struct pair_figures, (size_t)f->n_pairs);
	with_own_memory(c, measure, &(struct measurement){ gate, candidate, wanted, c->arena, f });
	c->file = file;
	return f;
}

struct settings gate_in_float(const struct settings *set)
{
	struct settings s = *set;

	s.precision = PRECISION_FP32;
	s.rules = NULL;
	s.n_rules = 0;
	s.seen = NULL;
	s.seen_name = NULL;
	return s;
}
