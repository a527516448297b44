/* The integer half of the precision pass. */
#ifndef PRECISION_H
#define PRECISION_H

#include "gluec.h"

/* range.c: makes i32 of every i64 value that is proved to fit, and constants of what can only be one number. */
void narrow_integers(struct ctx *c, struct graph *g);

#endif
