/* Which parts of a whole are to blame for its failing. */
#ifndef BISECT_H
#define BISECT_H

#include "gluec.h"

/* n parts in an order in which neighbours belong together. Sparing a part removes what it may do wrong. */
struct bisection {
	int n, most_runs;
	bool known_to_fail; /* with nothing spared: saves the run that would tell */
	/* Does the whole pass with these parts spared? */
	bool (*passes)(struct ctx *c, void *user, const bool *spared);
	void *user;
	/* Results. spared: a set with which the whole passes. */
	bool *spared;
	int count, runs; /* how many are spared, and how often passes was called */
	bool complete;   /* most_runs sufficed: every part in the set is needed there */
};

enum bisect_result {
	BISECT_FOUND,
	BISECT_NOTHING_FAILS, /* it passes with nothing spared */
	BISECT_ALWAYS_FAILS,  /* it fails with everything spared */
};

/* Finds a small set of parts whose sparing lets the whole pass: for each part in the set about log2 n + 1 runs, and one
 * more for every part but the last. Where sparing more never makes a passing whole fail, no part of the set can be left
 * out; a single culprit is found for certain. b->spared is from the arena. */
enum bisect_result bisect(struct ctx *c, struct bisection *b);

#endif
