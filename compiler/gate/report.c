/* Prints the figures of a gate as tables. */
#include "report.h"
#include "base/printable.h"
#include <string.h>

enum { WHOLE = -1, NO_RULE = -1 };

/* A number with so many digits behind the point. */
static const char *number(struct ctx *c, double x, int digits)
{
	return arena_text(c, "%.*f", digits < 0 ? 0 : digits, x);
}

static void print_row(
	struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits, const char *const text[4], int rule)
{
	const char *limit = "", *verdict = "";

	if (rule != NO_RULE && limits->applies[rule]) {
		limit = arena_text(c, "%s %g", gate_rule_is_least((enum gate_rule)rule) ? ">=" : "<=", limits->limit[rule]);
		verdict = gate_keeps(f, limits, (enum gate_rule)rule) ? "pass" : "FAIL";
	}
	printf("%-28s %11s %11s %11s", text[0], text[1], text[2], text[3]);
	printf(*verdict ? "  %-9s %s\n" : "\n", limit, verdict);
}

/* A figure that both sides have. */
static void print_both(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits, const char *name,
	double reference, double candidate, int digits, int rule)
{
	const char *difference = arena_text(c, "%+.*f", digits < 0 ? 0 : digits, candidate - reference);

	print_row(c, f, limits,
		(const char *const[]){ name, number(c, reference, digits), number(c, candidate, digits), difference }, rule);
}

/* A figure of how the candidate compares with the reference. */
static void print_one(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits, const char *name,
	double value, int rule)
{
	print_row(c, f, limits, (const char *const[]){ name, "", number(c, value, 4), "" }, rule);
}

static void print_rule(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits, const char *name,
	enum gate_rule rule)
{
	double value;

	if (gate_value(f, rule, &value))
		print_one(c, f, limits, name, value, (int)rule);
}

static void print_latency(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits)
{
	static const char *const models[] = { "first model", "matcher" };

	for (int i = 0; i < 2; i++) {
		const struct gate_latency *reference = &f->latency[GATE_REFERENCE][i];
		const struct gate_latency *candidate = &f->latency[GATE_CANDIDATE][i];
		if (!reference->calls && !candidate->calls)
			continue;
		print_both(c, f, limits, arena_text(c, "%s, ms, p50", models[i]), 1e3 * reference->median,
			1e3 * candidate->median, 2, NO_RULE);
		print_both(c, f, limits, arena_text(c, "%s, ms, p99", models[i]), 1e3 * reference->p99, 1e3 * candidate->p99, 2,
			NO_RULE);
	}
}

static void print_truth(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits)
{
	static const int pixels[] = { 1, 3, 5 };

	for (int i = 0; f->all.has_truth && i < 3; i++)
		print_both(c, f, limits, arena_text(c, "within %d px of truth, %%", pixels[i]),
			100 * gate_share(&f->all, GATE_REFERENCE, pixels[i]), 100 * gate_share(&f->all, GATE_CANDIDATE, pixels[i]),
			2, GATE_MAX_LOST_1PX + i);
	for (int i = 0; f->all.has_homography && i < GATE_AREAS; i++)
		print_both(c, f, limits, arena_text(c, "homography AUC@%dpx, %%", pixels[i]), 100 * f->area[GATE_REFERENCE][i],
			100 * f->area[GATE_CANDIDATE][i], 2, GATE_MAX_AUC_LOSS_1PX + i);
}

/* The two file names without their folders. */
static const char *short_name(struct ctx *c, const char *name)
{
	const char *blank = strchr(name, ' '), *a = name, *b = blank + 1;

	for (const char *p = name; *p; p++)
		if (*p == '/')
			*(p < blank ? &a : &b) = p + 1;
	return arena_text(c, "%.*s %s", (int)(blank - a), a, b);
}

static void print_pairs(struct ctx *c, const struct gate_figures *f)
{
	printf("\n%-32s %9s %15s %7s %9s %15s\n", "pair", "repeated", "matches", "Jaccard", "score err", "within 3 px, %");
	for (int i = 0; i < f->n_pairs; i++) {
		const struct pair_figures *p = &f->pair[i];
		const char *truth = "";
		if (p->has_truth)
			truth = arena_text(
				c, "%.2f %.2f", 100 * gate_share(p, GATE_REFERENCE, 3), 100 * gate_share(p, GATE_CANDIDATE, 3));
		printf("%-32s %9.4f %15s %7.4f %9.4f %15s\n", printable(c, short_name(c, p->name)), gate_repeatability(p),
			arena_text(c, "%d %d", p->matches[GATE_REFERENCE], p->matches[GATE_CANDIDATE]), gate_jaccard(p),
			p->score_error_largest, truth);
	}
}

void print_gate(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits)
{
	const struct pair_figures *all = &f->all;

	print_row(c, f, limits, (const char *const[]){ "", "reference", "candidate", "difference" }, NO_RULE);
	print_both(c, f, limits, "keypoints", all->keypoints[0], all->keypoints[1], WHOLE, NO_RULE);
	print_rule(c, f, limits, "repeatability", GATE_MIN_REPEATABILITY);
	print_one(c, f, limits, "  mean over pairs", f->mean_repeatability, NO_RULE);
	print_both(c, f, limits, "matches", all->matches[0], all->matches[1], WHOLE, NO_RULE);
	print_rule(c, f, limits, "  ratio", GATE_MIN_MATCHES);
	print_rule(c, f, limits, "  kept", GATE_MIN_KEPT);
	print_rule(c, f, limits, "Jaccard of the matches", GATE_MIN_JACCARD);
	print_rule(c, f, limits, "  worst pair", GATE_MIN_WORST_JACCARD);
	print_rule(c, f, limits, "score error, largest", GATE_MAX_SCORE_ERROR);
	print_rule(c, f, limits, "  mean", GATE_MAX_MEAN_SCORE_ERROR);
	print_truth(c, f, limits);
	print_latency(c, f, limits);
	print_pairs(c, f);
}

const char *gate_failures(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits)
{
	const char *text = "";

	for (int i = 0; i < GATE_N_RULES; i++) {
		enum gate_rule rule = (enum gate_rule)i;
		double value = 0;
		if (gate_keeps(f, limits, rule))
			continue;
		gate_value(f, rule, &value);
		text = arena_text(c, "%s%s%s %g, where the figure is %g", text, *text ? "; " : "", gate_rule_name(rule),
			limits->limit[i], value);
	}
	return text;
}
