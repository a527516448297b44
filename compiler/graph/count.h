/* How large a model is. */
#ifndef COUNT_H
#define COUNT_H

#include "gluec.h"

struct parameters {
	int64_t count;
	size_t bytes;
};

/* The constants that the nodes of g and its branches read: initialisers, and the tensors of Constant nodes. */
struct parameters count_parameters(struct graph *g);

/* Of one node: what count_multiply_adds counts, and gluec's own products. */
double count_node_multiply_adds(struct ctx *c, const struct node *n);

/* Multiply-adds of convolutions, matrix products and attention in g, whose shapes must have been inferred; of the two
 * branches of an If the costlier one counts. */
double count_multiply_adds(struct ctx *c, const struct graph *g);

#endif
