/* Where the elements of a value come from: how it walks over the elements of the tensor that was computed last before
 * operators that only move them (Reshape, Transpose, Slice, Gather of one index, Split, Concat of which one part is
 * read, Expand, Tile). Whatever the spelling was, equal walks over the same root are equal values. */
#ifndef TRACE_H
#define TRACE_H

#include "gluec.h"

enum { MAX_FACTORS = 2 * MAX_RANK };

/* `size` elements of the root at distance `stride`; 0 repeats one. */
struct factor {
	int64_t size, stride;
};

/* Dimension i of the value is the product of factors first[i]..first[i + 1], the outermost first: reshapes may merge
 * what has no common stride. Strides and the offset count elements of the root as it is stored row by row. */
struct trace {
	struct value *root;
	int64_t offset;
	int rank, n;
	int first[MAX_RANK + 1];
	struct factor factor[MAX_FACTORS];
};

/* Follows v as far up as can be said in this form, at the least nowhere: then v is its own root. */
struct trace trace_value(struct ctx *c, struct value *v);
/* The same elements in the same order under other dimensions; false when they would have to be cut inside a factor. */
bool trace_reshape(struct trace *t, int rank, const int64_t *dim);
/* Repeats dimensions of size 1, and adds leading ones, so that the trace has this shape. */
bool trace_broadcast(struct trace *t, int rank, const int64_t *dim);
/* Every step-th element of dimension i, `count` of them from `start` on. */
bool trace_slice(struct trace *t, int i, int64_t start, int64_t step, int64_t count);
/* Dimension i becomes perm[i] of the old ones. */
bool trace_permute(struct trace *t, const int *perm);
/* Dimension i is left out, which must have size 1 or repeat one element. */
bool trace_drop(struct trace *t, int i);
/* t walks over its root; with `inner`, a trace of the root's own elements, it walks over inner's root instead. False
 * when the two have no common strides. */
bool trace_through(struct trace *t, const struct trace *inner);
/* Follows t further up where it stays within one part of a Concat. */
void trace_enter(struct ctx *c, struct trace *t);
/* Do both walk over the same elements in the same order, under the same dimensions? */
bool trace_equal(const struct trace *a, const struct trace *b);
/* v as a View of what it is moved from, inserted before `before`; v itself when nothing is moved or a dimension has
 * no single stride. Reshapes that merge dimensions and take them apart again then need no copy between them. */
struct value *trace_straight(struct ctx *c, struct graph *g, struct node *before, struct value *v);
/* The View that t is, whose dimensions must have one stride each. */
struct value *trace_view(struct ctx *c, struct graph *g, struct node *before, const struct trace *t);
int64_t trace_dim(const struct trace *t, int i);

#endif
