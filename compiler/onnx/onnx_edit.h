/* The single changes that onnx_writer.c makes to the graphs of a file. */
#ifndef ONNX_EDIT_H
#define ONNX_EDIT_H

#include "onnx_writer.h"
#include "onnx.pb-c.h"

/* A graph of the file: the model's own, or one that a node holds. */
struct file_graph {
	Onnx__GraphProto *proto;
	struct file_graph *outer, *next;
	bool repeated; /* in the body of a loop, which runs any number of times */
	size_t room;   /* how many nodes proto->node has room for */
};

/* The place of a node: its own, or the one that it would get. */
struct place {
	struct file_graph *graph;
	size_t index;
};

/* A tensor that goes through QuantizeLinear in its graph, and through DequantizeLinear in each graph that reads it:
 * optimisers look for such a pair's end beside its reader. */
struct pair {
	const char *name, *quantized, *scale, *zero;
	struct file_graph *home;
	struct float_end {
		struct file_graph *graph;
		const char *name;
		struct float_end *next;
	} * ends;
	struct pair *next;
};

struct onnx_file {
	struct ctx *c;
	Onnx__ModelProto *model;
	struct file_graph *graphs, **last_graph;
	struct pair *pairs;
};

/* "NAME.SUFFIX", or with a number behind it where the file has that name already. */
const char *edit_free_name(struct onnx_file *f, const char *name, const char *suffix);
/* The number of the node of g that makes `name`; the number of nodes when none does. */
size_t edit_producer(const struct file_graph *g, const char *name);
/* Does g make `name`, or is it one of g's inputs or initialisers? */
bool edit_has(const struct file_graph *g, const char *name);
/* How often nodes and outputs in all graphs read `name`. */
int edit_readers(const struct onnx_file *f, const char *name);
/* A node of three inputs and one output, whose name is the output's. */
Onnx__NodeProto *edit_node(
	struct onnx_file *f, const char *type, const char *output, const char *a, const char *b, const char *third);
void edit_set_axis(struct onnx_file *f, Onnx__NodeProto *node, int axis);
void edit_set_input(struct onnx_file *f, Onnx__NodeProto *node, size_t i, const char *name);
void edit_insert(struct onnx_file *f, struct place at, Onnx__NodeProto *node);
/* Initialisers of the model's own graph, which all graphs see. */
void edit_tensor(struct onnx_file *f, const char *name, const struct onnx_constant *constant);
const char *edit_scalar(struct onnx_file *f, const char *name, enum rt_type type, const void *data); /* returns name */
/* Removes what makes `name`, as graph g sees it, when nobody reads it: an initialiser or a node of one input such as a
 * Cast, and then likewise what that read. */
void edit_prune(struct onnx_file *f, struct file_graph *g, const char *name);

#endif
