/* Graphs in memory, for tests of operators: build one, infer, lower and run it, and compare. Tensors are described as
 * messages describe them, "f32[2,3]"; their elements are given as doubles in row-major order.
 *
 *     struct op_test t = op_begin(20);
 *     struct value *x = op_input(&t, "f32[2,2]", LIST(1, 2, 3, 4));
 *     op_output(&t, op_node(&t, "", "Transpose", 1, 1, x));
 *     op_run(&t);
 *     op_expect(&t, 0, "f32[2,2]", 0, LIST(1, 3, 2, 4));
 *     op_end(&t);  */
#ifndef OP_TEST_H
#define OP_TEST_H

#include "emit/lower.h"
#include "suite.h"
#include <math.h>

enum { OP_MOST = 16 };

struct op_test {
	struct ctx *c;
	struct graph *g;
	const void *inputs[OP_MOST];
	void *outputs[OP_MOST];
	struct program *program;
};

#define LIST(...) ((const double[]){ __VA_ARGS__ })

/* A graph of the given version of the operator set. */
struct op_test op_begin(int opset);
void op_end(struct op_test *t);

/* A graph input with the data for the run, or a constant. Without elements they get reproducible ones between -2 and 2,
 * or small natural numbers for integer types. */
struct value *op_input(struct op_test *t, const char *shape, const double *elements);
struct value *op_constant(struct op_test *t, const char *shape, const double *elements);
/* A list of n integers, as shapes, axes and pads are given. */
struct value *op_list(struct op_test *t, int n, const int64_t *elements);
#define INTS(t, ...) op_list(t, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })
/* Element i of an input or a constant. */
double op_at(const struct op_test *t, const struct value *v, int64_t i);

/* A node named "node" with n_out outputs; the arguments behind n_in are its inputs, NULL for one left out. */
struct node *op_node(struct op_test *t, const char *domain, const char *type, int n_out, int n_in, ...);
void op_set_ints(struct op_test *t, struct node *n, const char *name, int count, const int64_t *ints);
#define SET_INTS(t, n, name, ...)                                                                                      \
	op_set_ints(t, n, name, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })
/* All outputs of n become outputs of the graph. */
void op_output(struct op_test *t, const struct node *n);
/* x through a Transpose and back: the same tensor, stored in another order, so that an operator meets strides. */
struct value *op_shuffled(struct op_test *t, struct value *x);

/* Infers, lowers and runs the graph; an error fails the test. */
void op_run(struct op_test *t);
/* The error that inferring and lowering end in; the test fails when there is none. */
const char *op_error(struct op_test *t);
/* The error must contain all these words: operator and node, and what is wrong. */
void op_expect_error(struct op_test *t, int words, ...);
#define EXPECT_ERROR(t, ...)                                                                                           \
	op_expect_error(t, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *), __VA_ARGS__)

double op_result(const struct op_test *t, int output, int64_t i);
/* Type, shape and elements of an output; |result - expected| must be at most tolerance * (1 + |expected|). */
void op_expect(const struct op_test *t, int output, const char *shape, double tolerance, const double *expected);
/* How many calls of this kernel the program has. */
int op_calls(const struct op_test *t, const char *kernel);

#endif
