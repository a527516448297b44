/* Making both sides of branches run. */
#ifndef BOTH_BRANCHES_H
#define BOTH_BRANCHES_H

#include "gluec.h"

/* Rewrites each If of g whose results' lengths do not depend on the data: both branches are computed, and Where picks
 * their results. What the graph computes stays the same. For calibration, which must see every layer at work even when
 * no picture takes an early exit. */
void compute_both_branches(struct ctx *c, struct graph *g);

#endif
