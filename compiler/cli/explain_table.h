/* What `gluec explain` prints of an optimised graph. */
#ifndef EXPLAIN_TABLE_H
#define EXPLAIN_TABLE_H

#include "gluec.h"

struct explain_view {
	const char *filter; /* a pattern for the names of nodes, or NULL */
	bool all;           /* also nodes that only move elements, or make no floats */
};

void print_explanation(struct ctx *c, const struct explain_view *view);
void print_explanation_json(struct ctx *c, const struct explain_view *view);

#endif
