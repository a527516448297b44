/* What went wrong, to be printed by main in one line. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stdbool.h>

/* The program's exit statuses. */
enum outcome {
	OUTCOME_DONE = 0,
	OUTCOME_USAGE = 2,    /* wrong arguments */
	OUTCOME_UNUSABLE = 3, /* a picture or a model that cannot be used, or no memory for it */
	OUTCOME_IO = 4,       /* a file that cannot be read or written, or is damaged */
};

struct problem {
	enum outcome outcome;
	char text[512];
};

/* Fills in the problem; always returns false, so that a function can end with `return problem_is(...)`. */
bool problem_is(struct problem *problem, enum outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
