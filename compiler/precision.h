/* Parts of the precision pass, and what they know of integers. */
#ifndef PRECISION_H
#define PRECISION_H

#include "gluec.h"

/* range.c: makes i32 of every i64 value that is proved to fit, and constants of what can only be one number. */
void narrow_integers(struct ctx *c, struct graph *g);
/* What the elements of v, integers, are proved to lie between; what those of a node's output will lie between, by its
 * inputs; and the same kept with the outputs. */
struct range value_range(const struct value *v);
void bound_outputs(struct ctx *c, const struct node *n);
struct range output_range(struct ctx *c, const struct node *n, int i);

/* indices.c: an index that the file casts to half, which cannot hold it, is kept in float instead, with what is
 * computed from it. The first is to be called before n is inferred, and may put casts in front of it; the second when
 * all nodes of g are inferred: it gives the graph's outputs the types that the file says. */
void keep_indices(struct ctx *c, struct graph *g, struct node *n);
void return_halves(struct ctx *c, struct graph *g);
/* Sets is_position of every value that carries indices or pixel coordinates as floats. */
void find_positions(struct ctx *c, struct graph *g);

/* policy.c: fails when --precision asks for a quantised graph and g, which is inferred but not optimised, is none. */
void check_policy(struct ctx *c, const struct graph *g);

#endif
