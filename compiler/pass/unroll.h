/* Loop and Scan are written out, one copy of their body after the other, while shapes are being inferred: how often
 * they run is only known once what comes before them has been inferred and folded, and whether they run once more only
 * when the copies made so far have. What comes later sees plain nodes. */
#ifndef UNROLL_H
#define UNROLL_H

#include "gluec.h"

bool is_loop(const struct node *n); /* Loop or Scan */
/* Puts copies of n's body in the place of n, in g, all inferred. n must have been inferred itself, which checks it. */
void unroll(struct ctx *c, struct graph *g, struct node *n);

/* infer.c: infers the nodes from `first` up to `end`, exclusive; NULL is the end of the graph. */
void infer_nodes(struct ctx *c, struct graph *g, struct node *first, const struct node *end);
/* infer.c: whoever read output i of n reads results[i]; outputs of g keep their names. Puts nodes that are not inferred
 * yet before n. Results of outputs that are left out are not looked at. */
void replace_outputs(struct ctx *c, struct graph *g, struct node *n, struct value *const *results);

/* graph/copy.c: appends copies of body's nodes, and of the graphs in them, to g before `before`, named NAME.number. Its
 * inputs must have their stand-ins in `copy`; afterwards every value of the body has its own there, and copy_of(v) is
 * what stands for v: v itself when it comes from outside of the body. */
void copy_nodes(struct ctx *c, const struct graph *body, struct graph *g, struct node *before, int64_t number);
struct value *copy_of(struct value *v);

#endif
