/* Parts that are tried together, because trying each alone would take too long. */
#ifndef GATE_GROUPS_H
#define GATE_GROUPS_H

#include "gate.h"

enum { GATE_GROUPS = 24 };

struct group {
	int first, end; /* parts, which are of one model */
	double multiply_adds;
	double harm; /* what the group alone in reduced precision does to the matches; see cli/cmd_tune.c */
};

/* Divides n parts among at most GATE_GROUPS groups of neighbours, each with about the same share of all
 * multiply-adds. Returns how many there are. */
int make_groups(int n, const struct gate_part *part, struct group group[GATE_GROUPS]);

/* Those that are better left float first: most harm for their multiply-adds. Equal ones stay in their order. */
void sort_groups(int n, struct group *group);

#endif
