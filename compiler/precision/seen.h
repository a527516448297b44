/* What values were seen to be while a model ran on data: the contents of a ranges file, which `gluec explain` writes.
 * Values are those of the ONNX graph, by their names, which passes keep where they keep the value. */
#ifndef SEEN_H
#define SEEN_H

#include "gluec.h"

/* The largest number that half holds, and its smallest with all digits. */
#define HALF_LARGEST  65504.0
#define HALF_SMALLEST 0x1p-14

struct seen {
	const char *name, *node; /* the value's, and that of the ONNX node that computed it ("" for inputs) */
	double low, high;        /* infinite when it was; numbers that are none (NaN) are left out */
	double nonzero, tiny;    /* how many elements were not 0, and how many of these below HALF_SMALLEST in magnitude */
};

/* The same value in more data. */
void seen_join(struct seen *to, const struct seen *more);
/* The largest magnitude, and which share of the elements that are not 0 are tiny. */
double seen_largest(const struct seen *s);
double seen_tiny_share(const struct seen *s);

/* --ranges: adds a file's values to c->set.seen. Fails with IO_FAILED, or with USAGE naming file and line. */
void read_ranges(struct ctx *c, const char *path);
/* The same for text in memory, which must end with a zero byte; `from` is its name in messages. */
void add_ranges(struct ctx *c, const char *from, char *text);
/* Writes one value's line; names with control characters, which no line can hold, are left out. */
void write_seen(FILE *f, const struct seen *s);
void write_ranges_head(FILE *f);

/* All values, sorted by name. */
int count_seen(const struct ctx *c);
const struct seen *seen_number(const struct ctx *c, int i);
/* Is what was seen that of g, inferred but not optimised: a tenth at least of the floats that it computes? All of them
 * are, but for nodes that were changed since. */
bool seen_are_of(const struct ctx *c, const struct graph *g);
/* Of several models that a command takes: notes, or tells, that one of them is what was seen. */
void mark_seen(struct seen_values *seen);
bool is_seen_marked(const struct seen_values *seen);
/* What v was seen to be, after the passes: by its name or, where join_twins made it of two, both together. Values of
 * nodes that only move elements have no entry of their own, nor have constants. False when it was not seen. */
bool find_seen(const struct ctx *c, const struct value *v, struct seen *to);

#endif
