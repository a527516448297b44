/* Inputs of the model that become constants while it is compiled. */
#ifndef FIXED_H
#define FIXED_H

#include "gluec.h"

/* Makes the model's input v the constant `as`, which must have v's type and a shape that v can take. v leaves the
 * graph's inputs and so the C interface. */
void fix_input(struct ctx *c, struct value *v, const struct value *as);

/* Does so for what --constant names. */
void fix_constants(struct ctx *c);

#endif
