/* What passes that join neighbours share. Both need count_uses. */
#ifndef FUSE_H
#define FUSE_H

#include "gluec.h"

/* The one node that reads v, when nothing else does and it stands in the graph in which v is made. */
struct node *only_reader(const struct value *v);
/* n takes the place and the output of `behind`, which it now stands for as well. */
void take_over(struct ctx *c, struct graph *g, struct node *n, struct node *behind);

#endif
