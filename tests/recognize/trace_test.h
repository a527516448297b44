/* What the tests of traces share: graphs of movers over an input that counts 0, 1, 2, ..., whose elements therefore say
 * where they come from. */
#ifndef TRACE_TEST_H
#define TRACE_TEST_H

#include "pass_test.h"
#include "recognize/trace.h"

/* An input of this shape whose elements are all different. */
struct value *counting(struct op_test *t, int rank, const int64_t *dim);
#define COUNTING(t, ...) counting(t, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })

struct value *transposed(struct op_test *t, struct value *x, int n, const int64_t *perm);
#define TRANSPOSED(t, x, ...)                                                                                          \
	transposed(t, x, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })

/* y, after the attribute axis of its node was set. */
struct value *along(struct op_test *t, struct value *y, int64_t axis);
struct value *sliced(struct op_test *t, struct value *x, int axis, int64_t start, int64_t end, int64_t step);
/* Part i of a Split into parts of these lengths. */
struct value *part_of(struct op_test *t, struct value *x, int64_t axis, struct value *lengths, int i);
struct value *joined(struct op_test *t, int axis, struct value *a, struct value *b);

/* Runs the graph, whose output becomes v, and compares each element of v with the one of the root that its trace names.
 * Returns the root. */
const struct value *check_trace(struct op_test *t, struct value *v);
/* The same; the root must be this one. Ends the test. */
void expect_root(struct op_test *t, struct value *v, const struct value *root);

#endif
