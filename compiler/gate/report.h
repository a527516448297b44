/* What gluec gate says. */
#ifndef GATE_REPORT_H
#define GATE_REPORT_H

#include "gate.h"

/* A table of all pairs together, with a limit and pass or fail where there is one, and one of each pair. */
void print_gate(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits);

/* The same as JSON; a number that is infinite or not a number becomes null. */
void write_gate_json(FILE *to, const struct gate_figures *f, const struct gate_limits *limits);

/* The figures that break their limits, for a message: "jaccard 0.1 is below --min-jaccard 0.9". */
const char *gate_failures(struct ctx *c, const struct gate_figures *f, const struct gate_limits *limits);

#endif
