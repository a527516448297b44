/* The parts of a model that are in reduced precision, as a text: it outlives the memory that the graph was in. */
#ifndef GATE_PARTS_H
#define GATE_PARTS_H

#include "gate.h"

/* A line for each part of g, whose precision has been chosen: its multiply-adds, a tab, and its names. From malloc;
 * NULL when there is no memory. */
char *list_parts(struct ctx *c, const struct graph *g);

/* Appends the parts in the text, of model number `model`, to the n that there are, in c->arena; returns how many there
 * are then. */
int read_parts(struct ctx *c, int model, const char *text, int n, struct gate_part **parts);

#endif
