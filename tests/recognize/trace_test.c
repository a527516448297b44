/* Graphs of movers over counted elements, for tests of traces. */
#include "trace_test.h"
#include <string.h>

struct value *counting(struct op_test *t, int rank, const int64_t *dim)
{
	struct value like = { .rank = rank };
	char shape[128] = "f32[";
	double *x;

	memcpy(like.dim, dim, (size_t)rank * sizeof *dim);
	for (int i = 0; i < rank; i++)
		sprintf(shape + strlen(shape), "%s%d", i ? "," : "", (int)dim[i]);
	strcat(shape, "]");
	x = NEW(t->c, double, (size_t)value_elements(&like) + 1);
	for (int64_t i = 0; i < value_elements(&like); i++)
		x[i] = (double)i;
	return op_input(t, shape, x);
}

/* The element of the root that stands at index i of the value. */
static int64_t place(const struct trace *t, int64_t i)
{
	int64_t at = t->offset;

	for (int f = t->n; f-- > 0; i /= t->factor[f].size)
		at += i % t->factor[f].size * t->factor[f].stride;
	return at;
}

static double element(const struct op_test *t, const struct value *v, int64_t i)
{
	for (int k = 0; k < t->g->n_outputs; k++)
		if (t->g->outputs[k] == v)
			return op_result(t, k, i);
	return op_at(t, v, i);
}

const struct value *check_trace(struct op_test *t, struct value *v)
{
	t->g->n_outputs = 0;
	pass_output(t, v);
	pass_infer(t);
	const struct trace trace = trace_value(t->c, v);
	ck_assert_int_eq(trace.rank, v->rank);
	for (int i = 0; i < v->rank; i++)
		ck_assert_int_eq(trace_dim(&trace, i), v->dim[i]);
	if (trace.root->def && trace.root != v)
		pass_output(t, trace.root);
	count_uses(t->g);
	pass_run(t);
	for (int64_t i = 0; i < value_elements(v); i++) {
		int64_t at = place(&trace, i);
		ck_assert(at >= 0 && at < value_elements(trace.root));
		double want = element(t, v, i), x = element(t, trace.root, at);
		ck_assert_msg(x == want, "element %lld is %g, but element %lld of '%s' is %g", (long long)i, want,
			(long long)at, trace.root->name, x);
	}
	return trace.root;
}

void expect_root(struct op_test *t, struct value *v, const struct value *root)
{
	const struct value *found = check_trace(t, v);

	ck_assert_msg(found == root, "the root of '%s' is '%s', not '%s'", v->name, found->name, root->name);
	op_end(t);
}

struct value *transposed(struct op_test *t, struct value *x, int n, const int64_t *perm)
{
	struct value *y = pass_node(t, "Transpose", "transposed", 1, x);

	op_set_ints(t, y->def, "perm", n, perm);
	return y;
}

struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

struct value *sliced(struct op_test *t, struct value *x, int axis, int64_t start, int64_t end, int64_t step)
{
	return pass_node(t, "Slice", "sliced", 5, x, INTS(t, start), INTS(t, end), INTS(t, axis), INTS(t, step));
}

struct value *part_of(struct op_test *t, struct value *x, int64_t axis, struct value *lengths, int i)
{
	struct node *split = op_node(t, "", "Split", (int)lengths->dim[0], 2, x, lengths);

	set_attribute_int(t->c, split, "axis", axis);
	return split->out[i];
}

struct value *joined(struct op_test *t, int axis, struct value *a, struct value *b)
{
	return along(t, pass_node(t, "Concat", "joined", 2, a, b), axis);
}
