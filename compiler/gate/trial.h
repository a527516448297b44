/* Trying what putting parts of a candidate back to float does to its figures. */
#ifndef GATE_TRIAL_H
#define GATE_TRIAL_H

#include "gate.h"

struct trial {
	struct gate *gate;
	const struct gate_models *candidate;
	const struct gate_limits *limits;
	int n;
	const struct gate_part *part;
	int runs;
	const struct gate_figures *last; /* of the latest run */
};

/* The first run is the measurement of the candidate as it is, with GATE_PARTS, which f is from. */
struct trial trial_begin(struct gate *gate, const struct gate_models *candidate, const struct gate_limits *limits,
	const struct gate_figures *f);

/* Measures the candidate with these parts in float, which spared[i] says, and keeps the figures in t->last. `wanted` is
 * as for gate_measure. */
void trial_run(struct ctx *c, struct trial *t, const bool *spared, unsigned wanted);

/* Prints a line on the latest run, which had these parts in float (NULL: none). Returns whether the gate passes. */
bool trial_report(struct ctx *c, const struct trial *t, const bool *spared);

/* What makes `models` of the candidate: with the rules that spare the parts behind its own. */
void trial_models(struct ctx *c, const struct trial *t, const bool *spared, struct gate_models *models);

/* The first name of a part. */
const char *first_name(struct ctx *c, const struct gate_part *part);

/* The rules that put a part back to float, "NAME=fp32", one a line, between two texts. */
void write_part_rules(struct ctx *c, FILE *f, const struct gate_part *part, const char *before, const char *behind);

#endif
