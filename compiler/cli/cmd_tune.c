/* gluec tune: the fastest precision that keeps the matches. */
#include "gate/bisect.h"
#include "gate/groups.h"
#include "gate/report.h"
#include "gate/trial.h"
#include "gate_command.h"
#include "base/out.h"
#include "base/path.h"
#include "base/progress.h"
#include "precision/rules.h"
#include <string.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_tune = {
	"tune",
	"finds the fastest precision of each node that still passes the gate",
	"gluec tune EXTRACTOR [MATCHER] --pairs FILE -o DIR [options]\n"
	"gluec tune PIPELINE --pairs FILE -o DIR [options]\n\n"
	"Times the models in bf16 and fp16 beside fp32 and takes what is fastest here. Where that fails the gate, "
	"measures\n"
	"how much the matches suffer from each group of nodes alone, and puts groups back to float, the most harmful for\n"
	"their arithmetic first, until a smallest set is found whose floats let the gate pass. Writes DIR/NAME.rules for\n"
	"each model: gluec compile --rules takes it, and gives the same C everywhere, as tuning itself, which measures\n"
	"times, cannot. The exit code is 1 when not even floats pass.\n\n"
	"  -o DIR                where the rules go\n"
	"  --precision P         bf16, fp16 or bf16x3: this one, whatever the others would take\n"
	"  --rounds N            how often each call is timed, both sides in turn (default: 3)\n"
	"  --runs N              stop after so many measurements (default: 100)\n" GATE_COMMAND_HELP "\n",
	run,
};

enum { OPTION_RUNS = OPTION_GATE };

struct own_options {
	const char *folder;
	int most_runs;
};

struct search {
	struct trial trial;
	int n;
	struct group group[GATE_GROUPS];
	bool *spared; /* parts */
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct own_options *o = user;

	if (code == 'o')
		o->folder = value;
	else
		o->most_runs = (int)read_number(c, "--runs", value, GATE_GROUPS + 8, 100000);
}

/* Milliseconds of one pass through all models: medians. */
static double latency(const struct gate_figures *f, int side)
{
	return (f->latency[side][0].median + f->latency[side][1].median) * 1e3;
}

/* ---- the fastest type */

static struct gate_models in_precision(const struct gate_models *models, const struct gate_command *o, enum precision p)
{
	struct gate_models m = *models;

	for (int i = 0; i < m.n; i++)
		if (o->only == GATE_BOTH || o->only == (i ? GATE_MATCHER : GATE_EXTRACTOR))
			m.set[i].precision = p;
	return m;
}

/* What was measured of the fastest type; *best is PRECISION_FP32 when none is faster. The first measurement shows
 * whether what the user asked for can be measured. */
static const struct gate_figures *choose_type(struct ctx *c, struct gate *gate, const struct gate_command *o,
	const struct gate_models *models, enum precision *best)
{
	static const enum precision types[] = { PRECISION_BF16, PRECISION_FP16 };
	const struct gate_figures *of_best = NULL;
	double least = 1;

	*best = PRECISION_FP32;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct gate_models m = in_precision(models, o, types[i]);
		const struct gate_figures *f = gate_measure(c, gate, &m, GATE_TIMES | GATE_PARTS);
		double ratio = latency(f, GATE_CANDIDATE) / latency(f, GATE_REFERENCE);
		progress_end(c);
		check_asked_limits(c, o, f);
		printf("%-6s %8.2f ms, fp32 %8.2f ms: %s\n", precision_name(types[i]), latency(f, GATE_CANDIDATE),
			latency(f, GATE_REFERENCE), gate_passes(f, &o->limits) ? "pass" : gate_failures(c, f, &o->limits));
		fflush(stdout);
		if (ratio < least) {
			least = ratio;
			*best = types[i];
			of_best = f;
		}
	}
	return of_best;
}

/* ---- what must stay float */

static void spare_groups(const struct search *s, const bool *groups)
{
	memset(s->spared, 0, (size_t)s->trial.n * sizeof *s->spared);
	for (int g = 0; g < s->n; g++)
		for (int i = s->group[g].first; i < s->group[g].end; i++)
			s->spared[i] = groups[g];
}

static bool passes(struct ctx *c, void *user, const bool *groups)
{
	struct search *s = user;

	spare_groups(s, groups);
	trial_run(c, &s->trial, s->spared, 0);
	return trial_report(c, &s->trial, s->spared);
}

/* The share of matches that change, and what their scores are off by, when only this group is reduced. */
static void measure_harm(struct ctx *c, struct search *s)
{
	for (int g = 0; g < s->n; g++) {
		bool others[GATE_GROUPS];
		for (int i = 0; i < s->n; i++)
			others[i] = i != g;
		spare_groups(s, others);
		trial_run(c, &s->trial, s->spared, 0);
		const struct pair_figures *f = &s->trial.last->all;
		double scores = f->common ? f->score_error_sum / f->common : 1;
		s->group[g].harm = 1 - gate_jaccard(f) + scores;
		progress_end(c);
		printf("run %2d: only '%s' to '%s' reduced: harm %.4f\n", s->trial.runs,
			first_name(c, &s->trial.part[s->group[g].first]), first_name(c, &s->trial.part[s->group[g].end - 1]),
			s->group[g].harm);
		fflush(stdout);
	}
}

/* Which parts stay float, in s->spared; s->trial.last is then of these, with times. */
static void search_floats(struct ctx *c, struct search *s, int most_runs)
{
	s->spared = NEW(c, bool, (size_t)s->trial.n + 1);
	if (trial_report(c, &s->trial, NULL))
		return;
	s->n = make_groups(s->trial.n, s->trial.part, s->group);
	measure_harm(c, s);
	sort_groups(s->n, s->group);
	struct bisection b = {
		.n = s->n, .most_runs = most_runs - s->trial.runs, .known_to_fail = true, .passes = passes, .user = s
	};
	if (bisect(c, &b) == BISECT_ALWAYS_FAILS)
		fail(c, VERIFICATION_FAILED, "%.300s: the gate fails even with every node in float: %s", c->set.model,
			gate_failures(c, s->trial.last, s->trial.limits));
	spare_groups(s, b.spared);
	/* The search does without times, which would take most of it. */
	trial_run(c, &s->trial, s->spared, GATE_TIMES);
}

/* ---- the rules */

static const char *rules_path(struct ctx *c, const char *folder, const struct settings *set)
{
	return arena_text(c, "%s/%s.rules", folder, base_name(c, set->model));
}

static void write_rules(
	struct ctx *c, const struct gate_models *models, int which, const struct search *s, const char *folder)
{
	const struct settings *set = &models->set[which];
	FILE *f = output_stream(output_open(c, rules_path(c, folder, set)));

	fputs("# written by gluec tune\n", f);
	if (set->seen_name)
		fprintf(f, "# for --ranges %s\n", set->seen_name);
	fprintf(f, "*=%s\n", precision_name(set->precision));
	/* What the user said of single nodes was true of all that was measured. */
	for (int i = 0; i < set->n_rules; i++)
		if (models->n == 1 || set->rules[i].used & 1U << which)
			fprintf(f, "%s=%s\n", set->rules[i].pattern, precision_name(set->rules[i].precision));
	for (int i = 0; s && i < s->trial.n; i++)
		if (s->spared[i] && s->trial.part[i].model == which)
			write_part_rules(c, f, &s->trial.part[i], "", "");
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "output", required_argument, NULL, 'o' },
		{ "runs", required_argument, NULL, OPTION_RUNS }, { "rounds", required_argument, NULL, OPTION_ROUNDS },
		GATE_COMMAND_OPTIONS, { NULL, 0, NULL, 0 } };
	struct own_options own = { NULL, 100 };
	struct gate_command o = {
		.command = &command_tune, .gate.rounds = 3, .writes_folder = true, .own = read_own, .user = &own
	};
	struct gate_models reference, models;
	struct search *s = NULL;

	if (!read_gate_command(c, &o, argc, argv, list, &reference, &models))
		return DONE;
	if (!own.folder)
		fail(c, USAGE, "gluec tune needs -o DIR; see gluec tune --help");
	if (c->set.precision == PRECISION_FP32 && !o.gate.rounds)
		fail(c, USAGE, "--rounds 0: bf16 and fp16 are compared by their times; name one of them with --precision");
	check_folder(c, own.folder);
	if (models.n > 1 && !strcmp(rules_path(c, "", &models.set[0]), rules_path(c, "", &models.set[1])))
		fail(c, USAGE, "%.300s and %.300s: the rules of both would be one file; give one of them another name",
			models.set[0].model, models.set[1].model);
	struct gate *gate = gate_open(c, &o.gate, &reference);
	enum precision p = c->set.precision;
	const struct gate_figures *f = NULL;
	if (p == PRECISION_FP32)
		f = choose_type(c, gate, &o, &models, &p);
	models = in_precision(&models, &o, p);
	if (p == PRECISION_FP32)
		printf("nothing is faster than fp32 here\n");
	/* With rules of the user's own, not everything is fp32. */
	if (p != PRECISION_FP32 || c->set.n_rules) {
		if (!f)
			f = gate_measure(c, gate, &models, GATE_TIMES | GATE_PARTS);
		check_asked_limits(c, &o, f);
		s = NEW(c, struct search, 1);
		s->trial = trial_begin(gate, &models, &o.limits, f);
		search_floats(c, s, own.most_runs);
		progress_end(c);
		print_gate(c, s->trial.last, &o.limits);
	}
	make_folder(c, own.folder);
	for (int i = 0; i < models.n; i++)
		write_rules(c, &models, i, s, own.folder);
	output_commit(c);
	return DONE;
}
