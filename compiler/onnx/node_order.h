/* The order in which the nodes of a file's graph can be computed. */
#ifndef NODE_ORDER_H
#define NODE_ORDER_H

#include "gluec.h"
#include "onnx.pb-c.h"

/* Numbers of p's nodes, each behind those that make its inputs; otherwise as in the file, which should be in such an
 * order, but not every exporter keeps to that. What the graphs held by a node take from p counts as its inputs. In a
 * cycle one node stays in front of what it needs. In the arena. */
const size_t *node_order(struct ctx *c, const Onnx__GraphProto *p);

/* FNV-1a (Fowler, Noll, Vo), for tables of names. */
size_t hash_name(const char *s);

/* Is it an output of one of p's nodes? */
bool is_made(const Onnx__GraphProto *p, const char *name);

#endif
