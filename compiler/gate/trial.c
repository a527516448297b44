/* Candidates of which some parts are in float. */
#include "trial.h"
#include "base/progress.h"
#include "precision/rules.h"
#include "report.h"
#include <string.h>

struct trial trial_begin(struct gate *gate, const struct gate_models *candidate, const struct gate_limits *limits,
	const struct gate_figures *f)
{
	return (struct trial){
		.gate = gate, .candidate = candidate, .limits = limits, .n = f->n_parts, .part = f->part, .runs = 1, .last = f
	};
}

/* A pattern that matches just this name, which may have characters that patterns, or files of rules, give a meaning. */
static const char *quote_pattern(struct ctx *c, const char *name, size_t length)
{
	char *quoted = arena_get(c, 2 * length + 1, 1), *to = quoted;

	for (size_t i = 0; i < length; i++) {
		if (strchr("*?[]\\#", name[i]))
			*to++ = '\\';
		*to++ = name[i];
	}
	return quoted;
}

/* The pattern for the next of a part's names, or NULL. */
static const char *next_pattern(struct ctx *c, const char **names)
{
	const char *name = *names + strspn(*names, " ");
	size_t n = strcspn(name, " ");

	*names = name + n;
	return n ? quote_pattern(c, name, n) : NULL;
}

/* Appends a rule for each name of the part, which has one at least. */
static void spare_part(struct ctx *c, struct settings *set, const struct gate_part *part)
{
	const char *names = part->names, *pattern;

	while ((pattern = next_pattern(c, &names)))
		set->rules[set->n_rules++] = (struct rule){ .pattern = pattern, .precision = PRECISION_FP32 };
}

const char *first_name(struct ctx *c, const struct gate_part *part)
{
	return arena_text(c, "%.*s", (int)strcspn(part->names, " "), part->names);
}

void write_part_rules(struct ctx *c, FILE *f, const struct gate_part *part, const char *before, const char *behind)
{
	const char *names = part->names, *pattern;

	while ((pattern = next_pattern(c, &names)))
		fprintf(f, "%s%s=fp32%s\n", before, pattern, behind);
}

static size_t count_names(const struct gate_part *part)
{
	size_t n = 1;

	for (const char *p = part->names; *p; p++)
		n += *p == ' ';
	return n;
}

void trial_models(struct ctx *c, const struct trial *t, const bool *spared, struct gate_models *models)
{
	*models = *t->candidate;
	for (int m = 0; m < models->n; m++) {
		struct settings *set = &models->set[m];
		const struct rule *own = set->rules;
		size_t rules = (size_t)set->n_rules;
		for (int i = 0; i < t->n; i++)
			if (spared[i] && t->part[i].model == m)
				rules += count_names(&t->part[i]);
		set->rules = NEW(c, struct rule, rules + 1);
		if (set->n_rules)
			memcpy(set->rules, own, (size_t)set->n_rules * sizeof *own);
		for (int i = 0; i < t->n; i++)
			if (spared[i] && t->part[i].model == m)
				spare_part(c, set, &t->part[i]);
	}
}

void trial_run(struct ctx *c, struct trial *t, const bool *spared, unsigned wanted)
{
	struct gate_models models;

	trial_models(c, t, spared, &models);
	t->last = gate_measure(c, t->gate, &models, wanted);
	t->runs++;
}

bool trial_report(struct ctx *c, const struct trial *t, const bool *spared)
{
	bool good = gate_passes(t->last, t->limits);
	int n = 0;

	for (int i = 0; spared && i < t->n; i++)
		n += spared[i];
	progress_end(c);
	printf("run %2d: %3d of %d nodes in float: %s%s\n", t->runs, n, t->n,
		good ? "pass" : "fail: ", good ? "" : gate_failures(c, t->last, t->limits));
	fflush(stdout);
	return good;
}
