/* What the fuse pass asks about element-wise programs. */
#ifndef MAP_H
#define MAP_H

#include "gluec.h"

/* Does n, with the producers that are marked as inlined, fit into one map call? */
bool map_fits(struct ctx *c, const struct node *n);

#endif
