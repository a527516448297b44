/* Writes the figures of a gate as JSON. */
#include "report.h"
#include "base/printable.h"
#include <math.h>

static void write_number(FILE *to, const char *name, double x)
{
	fprintf(to, isfinite(x) ? "\"%s\": %.9g" : "\"%s\": null", name, x);
}

/* "name": { "reference": a, "candidate": b } */
static void write_both(FILE *to, const char *name, double reference, double candidate)
{
	fprintf(to, ", \"%s\": { ", name);
	write_number(to, "reference", reference);
	fputs(", ", to);
	write_number(to, "candidate", candidate);
	fputs(" }", to);
}

static void write_one(FILE *to, const char *name, double x)
{
	fputs(", ", to);
	write_number(to, name, x);
}

static void write_pair(FILE *to, const struct pair_figures *f)
{
	fputs("{ \"name\": ", to);
	write_json_string(to, f->name);
	write_both(to, "keypoints", f->keypoints[0], f->keypoints[1]);
	write_one(to, "repeatability", gate_repeatability(f));
	write_both(to, "matches", f->matches[0], f->matches[1]);
	write_one(to, "common_matches", f->common);
	write_one(to, "jaccard", gate_jaccard(f));
	write_one(to, "score_error_largest", f->common ? f->score_error_largest : NAN);
	write_one(to, "score_error_mean", f->common ? f->score_error_sum / f->common : NAN);
	if (f->has_truth) {
		const struct agreement *a = &f->truth[GATE_REFERENCE], *b = &f->truth[GATE_CANDIDATE];
		write_both(to, "within_1px", a->within1, b->within1);
		write_both(to, "within_3px", a->within3, b->within3);
		write_both(to, "within_5px", a->within5, b->within5);
		write_both(to, "unknown", a->unknown, b->unknown);
	}
}

static void write_rules(FILE *to, const struct gate_figures *f, const struct gate_limits *limits)
{
	const char *separator = "";

	fputs("  \"limits\": [", to);
	for (int i = 0; i < GATE_N_RULES; i++) {
		double value;
		if (!limits->applies[i] || !gate_value(f, (enum gate_rule)i, &value))
			continue;
		fprintf(to, "%s\n    { \"name\": \"%s\"", separator, gate_rule_name((enum gate_rule)i));
		write_one(to, "limit", limits->limit[i]);
		write_one(to, "value", value);
		fprintf(to, ", \"passes\": %s }", gate_keeps(f, limits, (enum gate_rule)i) ? "true" : "false");
		separator = ",";
	}
	fputs("\n  ],\n", to);
}

static void write_latencies(FILE *to, const struct gate_figures *f)
{
	static const char *const sides[] = { "reference", "candidate" };
	const char *separator = "";

	fputs("  \"latency_ms\": [", to);
	for (int s = 0; s < GATE_SIDES; s++)
		for (int i = 0; i < 2; i++) {
			const struct gate_latency *l = &f->latency[s][i];
			if (!l->calls)
				continue;
			fprintf(to, "%s\n    { \"side\": \"%s\", \"model\": %d, \"calls\": %d", separator, sides[s], i, l->calls);
			write_one(to, "p50", 1e3 * l->median);
			write_one(to, "p99", 1e3 * l->p99);
			fputs(" }", to);
			separator = ",";
		}
	fputs("\n  ],\n", to);
}

void write_gate_json(FILE *to, const struct gate_figures *f, const struct gate_limits *limits)
{
	fprintf(to, "{\n  \"passes\": %s,\n", gate_passes(f, limits) ? "true" : "false");
	write_rules(to, f, limits);
	write_latencies(to, f);
	fputs("  \"all\": ", to);
	write_pair(to, &f->all);
	write_one(to, "mean_repeatability", f->mean_repeatability);
	write_one(to, "worst_jaccard", f->worst_jaccard);
	if (f->n_homographies) {
		write_one(to, "homographies", f->n_homographies);
		write_both(to, "auc_1px", f->area[0][0], f->area[1][0]);
		write_both(to, "auc_3px", f->area[0][1], f->area[1][1]);
		write_both(to, "auc_5px", f->area[0][2], f->area[1][2]);
	}
	fputs(" },\n  \"pairs\": [", to);
	for (int i = 0; i < f->n_pairs; i++) {
		fputs(i ? ",\n    " : "\n    ", to);
		write_pair(to, &f->pair[i]);
		if (f->pair[i].has_homography)
			write_both(to, "corner_error_px", f->pair[i].corner_error[0], f->pair[i].corner_error[1]);
		fputs(" }", to);
	}
	fputs("\n  ]\n}\n", to);
}
