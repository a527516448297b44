/* Nodes that do the same for two pictures, [1, ...] each, and so could do it for both at once, [2, ...]: see twins.c.
 */
#ifndef ALIKE_H
#define ALIKE_H

#include "gluec.h"

/* The value that v is half of, and which: 0 or 1. NULL when it is none. */
struct value *whole_of(struct ctx *c, const struct value *v, int64_t *half);
/* A product with constant weights, as which joining begins. */
bool is_seed(const struct node *n);
/* Do two seeds do the same with different values? */
bool are_seeds(const struct node *a, const struct node *b);
/* Could n be one of a pair: does it treat halves, and nothing but halves and constants? */
bool treats_halves(struct ctx *c, const struct node *n);
/* Do a and b, which treats halves, treat the two halves of the same values? Each input of a may be the first half or
 * the second. */
bool are_twins(struct ctx *c, const struct node *a, const struct node *b);

#endif
