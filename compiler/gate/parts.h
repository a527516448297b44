/* The parts of a model that are in reduced precision, as a text: it outlives the memory that the graph was in. */
#ifndef GATE_PARTS_H
#define GATE_PARTS_H

#include "gate.h"

struct names;

/* The names of all nodes of g, which has been specialised: those that rules can mean. */
const struct names *node_names(struct ctx *c, const struct graph *g);

/* A line for each part of g, whose precision has been chosen: its multiply-adds, a tab, and those of its names that are
 * among `names`. From malloc; NULL when there is no memory. */
char *list_parts(struct ctx *c, const struct graph *g, const struct names *names);

/* Appends the parts in the text, of model number `model`, to the n that there are, in c->arena; returns how many there
 * are then. */
int read_parts(struct ctx *c, int model, const char *text, int n, struct gate_part **parts);

#endif
