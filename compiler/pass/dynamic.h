/* Outputs whose length depends on the data. */
#ifndef DYNAMIC_H
#define DYNAMIC_H

#include "gluec.h"

/* results, which holds data for every output of g, without the room that was not used. */
struct value **trim_outputs(struct ctx *c, const struct graph *g, struct value *const *results);

#endif
