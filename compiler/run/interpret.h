/* The reference: a graph run as it stands, by the portable kernels. */
#ifndef INTERPRET_H
#define INTERPRET_H

#include "gluec.h"

/* Computes the outputs of c->graph, whose shapes have been inferred, as constants of its outputs' names, types and
 * shapes (what depends on the data has the length that it came to). inputs[i] holds data of the type and shape of the
 * graph's input i. */
struct value **interpret(struct ctx *c, struct value *const *inputs);

/* Inputs of the names, types and shapes of `like` for a model that has no data set: floats are uniform in 0..1 for
 * pictures (four dimensions) and in -1..1 otherwise, integers 0..3, bool 0 or 1. Equal seeds give equal inputs on
 * every machine. */
struct value **random_inputs(struct ctx *c, int n, struct value *const *like, uint64_t seed);

#endif
