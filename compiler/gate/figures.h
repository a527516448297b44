/* What is computed from the matches of two sides. */
#ifndef GATE_FIGURES_H
#define GATE_FIGURES_H

#include "side.h"

/* Fills in everything but latencies. figures->pair has room for all pairs. */
void compute_figures(struct ctx *c, struct gate_figures *figures, const struct pairs *pairs,
	const struct side *reference, const struct side *candidate);

#endif
