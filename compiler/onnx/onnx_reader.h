/* What the two files that read graphs share: onnx.c and functions.c. */
#ifndef ONNX_READER_H
#define ONNX_READER_H

#include "gluec.h"
#include "onnx.pb-c.h"

/* A name that a graph sees, and what it stands for: NULL for an input of a function that its caller leaves out. */
struct entry {
	const char *name;
	struct value *value;
};

/* The names visible in one graph or function: a hash table in the arena, and the surrounding graph's names behind it.
 */
struct scope {
	struct scope *outer;
	struct entry *slot;
	size_t size, used;
};

/* A function that is being written out in the place of a node, and the call that this node is a part of. */
struct function_call {
	const Onnx__FunctionProto *function;
	const struct node *node;
	const struct function_call *outer;
	int depth;
};

struct reader {
	struct ctx *c;
	const Onnx__ModelProto *model;
	const Onnx__GraphProto *graph;    /* whose nodes are being read */
	const struct function_call *call; /* NULL outside of functions */
};

/* onnx.c */
struct scope scope_new(struct ctx *c, struct scope *outer);
const struct entry *look_up(const struct scope *s, const char *name); /* NULL when nothing has this name */
void define(struct reader *r, struct scope *s, const char *name, struct value *v);
void read_node(struct reader *r, const Onnx__NodeProto *p, struct graph *g, struct scope *names);
struct attribute *read_attribute(
	struct reader *r, const Onnx__AttributeProto *p, struct node *n, struct graph *g, struct scope *names);
/* "ai.onnx" and no domain at all are the same one. */
const char *domain_name(const char *domain);

/* functions.c: the model's own function of this domain and name, or NULL. */
const Onnx__FunctionProto *find_function(struct reader *r, const char *domain, const char *name);
/* Reads the nodes of a function into g, in the place of n, whose outputs become the names `outputs` of the scope. */
void inline_function(struct reader *r, const Onnx__FunctionProto *f, const struct node *n, const Onnx__NodeProto *p,
	struct graph *g, struct scope *names);
/* The attribute of the calling node (or the function's default) that p, inside a function, refers to; NULL when there
 * is none, so that the operator's own default holds. */
struct attribute *bound_attribute(struct reader *r, const Onnx__AttributeProto *p, struct node *n);

#endif
