/* Graphs in memory for tests of passes, on top of op_test: nodes with names of their own, branches, the passes one by
 * one, and the comparison of a graph as it stands with what the passes make of it.
 *
 *     static void build(struct op_test *t, int form)
 *     {
 *         struct value *x = pass_input(t, "f32[2,3]", 1);
 *         pass_output(t, pass_node(t, "Relu", "rectified", 1, x));
 *     }
 *     ...
 *     struct op_test t = pass_compare(build, 0, 1e-6);
 *     ck_assert_int_eq(pass_count(t.g, "", "Relu"), 1);
 *     op_end(&t);  */
#ifndef PASS_TEST_H
#define PASS_TEST_H

#include "op_test.h"

/* A graph of the newest operator set that gluec knows all of, with the settings of a run without options. */
struct op_test pass_begin(void);

/* An input or a constant whose elements, between -1 and 1 (integers: 0 to 3), follow from the seed. */
struct value *pass_input(struct op_test *t, const char *shape, uint32_t seed);
struct value *pass_constant(struct op_test *t, const char *shape, uint32_t seed);

/* A node of ONNX's own domain with one output, both of this name; its inputs follow n_in. Returns the output. */
struct value *pass_node(struct op_test *t, const char *type, const char *name, int n_in, ...);
void pass_output(struct op_test *t, struct value *v);

/* Nodes and outputs made between pass_open and pass_close go into a branch, which pass_if then makes an If node of. */
struct graph *pass_open(struct op_test *t);
void pass_close(struct op_test *t);
/* The node's outputs are called NAME for one output and NAME.0, NAME.1 for several. */
struct node *pass_if(
	struct op_test *t, const char *name, struct value *condition, struct graph *then_branch, struct graph *else_branch);

/* Runs passes; an error fails the test. pass_optimize is everything up to lowering, infer included. */
void pass_infer(struct op_test *t);
void pass_apply(struct op_test *t, void (*pass)(struct ctx *c, struct graph *g));
void pass_optimize(struct op_test *t);
/* The message that the pass ends in, without the file's name; the test fails when it ends well. */
const char *pass_error(struct op_test *t, void (*pass)(struct ctx *c, struct graph *g));
/* Lowers the graph and runs it on the inputs' data: op_result reads the outputs. */
void pass_run(struct op_test *t);

/* Nodes of this operator, branches included. Internal operators have the domain "gluec". */
int pass_count(const struct graph *g, const char *domain, const char *type);
/* Calls of a kernel, branches included. */
int pass_calls(const struct block *block, const char *kernel);
/* The value of this name, branches included; the test fails when there is none. */
struct value *pass_value(const struct graph *g, const char *name);

/* Outputs agree: |a - b| <= tolerance * (1 + |a|). */
void pass_expect_equal(const struct op_test *a, const struct op_test *b, double tolerance);
/* Builds the graph twice, runs it as it stands and after all passes, and compares the outputs. Returns the second. */
struct op_test pass_compare(void (*build)(struct op_test *t, int form), int form, double tolerance);
/* The same under other policies than fp32: any, fp16, and bf16x3. */
struct op_test pass_compare_as(
	void (*build)(struct op_test *t, int form), int form, enum precision precision, double tolerance);
struct op_test pass_compare_half(void (*build)(struct op_test *t, int form), int form, double tolerance);
struct op_test pass_compare_split(void (*build)(struct op_test *t, int form), int form, double tolerance);
/* Does recognition find `count` operations of this type in the graph, and do all passes keep what it computes? */
void pass_expect_recognized(
	void (*build)(struct op_test *t, int form), int form, const char *type, int count, double tolerance);

#endif
