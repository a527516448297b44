/* What is joined into one call, what must not be, and the same numbers either way. */
#include "pass_test.h"
#include <string.h>

struct expected {
	int form, calls;  /* calls of the whole program */
	const char *type; /* an operator that must be gone (0) or still there (1) */
	int left;
};

static void check(void (*build)(struct op_test *t, int form), const struct expected *e, double tolerance)
{
	struct op_test t = pass_compare(build, e->form, tolerance);

	ck_assert_msg(t.program->n_calls == e->calls, "form %d: %d calls, not %d", e->form, t.program->n_calls, e->calls);
	int left = pass_count(t.g, "", e->type);
	ck_assert_msg(left == e->left, "form %d: %d times %s, not %d", e->form, left, e->type, e->left);
	op_end(&t);
}

#define CHECK_ALL(build, list, tolerance)                                                                              \
	for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++)                                                         \
	check(build, &(list)[i], tolerance)

/* ---- convolution, activation, pool */

enum {
	CONV_RELU,
	CONV_POOL,
	CONV_RELU_POOL,
	CONV_SIGMOID,
	CONV_GELU,
	/* Not joined. */
	CONV_GELU_TANH,
	CONV_EXP,
	CONV_READ_TWICE,
	CONV_IS_OUTPUT,
	CONV_POOL_THREE,
	CONV_POOL_CEIL,
	CONV_POOL_PADDED,
	CONV_MEAN_POOL,
	CONV_INPUT_WEIGHTS
};

static struct value *pool(struct op_test *t, int form, struct value *x)
{
	struct value *y = pass_node(t, form == CONV_MEAN_POOL ? "AveragePool" : "MaxPool", "pool", 1, x);

	if (form == CONV_POOL_THREE)
		SET_INTS(t, y->def, "kernel_shape", 3, 3);
	else
		SET_INTS(t, y->def, "kernel_shape", 2, 2);
	SET_INTS(t, y->def, "strides", 2, 2);
	if (form == CONV_POOL_PADDED)
		SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	set_attribute_int(t->c, y->def, "ceil_mode", form == CONV_POOL_CEIL);
	return y;
}

static const char *activation(int form)
{
	switch (form) {
	case CONV_SIGMOID:
		return "Sigmoid";
	case CONV_GELU:
	case CONV_GELU_TANH:
		return "Gelu";
	case CONV_EXP:
		return "Exp";
	case CONV_POOL:
		return NULL;
	default:
		return "Relu";
	}
}

static void conv(struct op_test *t, int form)
{
	struct value *w =
		form == CONV_INPUT_WEIGHTS ? pass_input(t, "f32[4,3,3,3]", 2) : pass_constant(t, "f32[4,3,3,3]", 2);
	struct value *y =
		pass_node(t, "Conv", "conv", 3, pass_input(t, "f32[1,3,7,9]", 1), w, pass_constant(t, "f32[4]", 3));

	if (form == CONV_READ_TWICE)
		pass_output(t, pass_node(t, "Softmax", "other", 1, y));
	if (form == CONV_IS_OUTPUT)
		pass_output(t, y);
	if (activation(form))
		y = pass_node(t, activation(form), "act", 1, y);
	if (form == CONV_GELU_TANH)
		set_attribute_string(t->c, y->def, "approximate", "tanh");
	if (form == CONV_POOL || form == CONV_RELU_POOL || (form >= CONV_POOL_THREE && form <= CONV_MEAN_POOL))
		y = pool(t, form, y);
	pass_output(t, y);
}

START_TEST(convolutions)
{
	/* Two calls more than operators: inputs and outputs are stored channels first. */
	static const struct expected list[] = { { CONV_RELU, 3, "Relu", 0 }, { CONV_POOL, 3, "MaxPool", 0 },
		{ CONV_RELU_POOL, 3, "MaxPool", 0 }, { CONV_SIGMOID, 3, "Sigmoid", 0 }, { CONV_GELU, 3, "Gelu", 0 },
		{ CONV_GELU_TANH, 4, "Gelu", 1 }, { CONV_EXP, 4, "Exp", 1 }, { CONV_POOL_THREE, 4, "MaxPool", 1 },
		{ CONV_POOL_CEIL, 4, "MaxPool", 1 }, { CONV_POOL_PADDED, 4, "MaxPool", 1 },
		{ CONV_MEAN_POOL, 4, "AveragePool", 1 }, { CONV_IS_OUTPUT, 5, "Relu", 1 } };

	CHECK_ALL(conv, list, 1e-5);
	struct op_test t = pass_compare(conv, CONV_READ_TWICE, 1e-5);
	ck_assert_int_eq(pass_count(t.g, "", "Relu"), 1);
	op_end(&t);
	t = pass_compare(conv, CONV_INPUT_WEIGHTS, 1e-5);
	ck_assert_int_eq(pass_count(t.g, "", "Relu"), 1);
	op_end(&t);
}
END_TEST

/* ---- linear: scale, activation, residual, concatenation */

enum {
	LINEAR_SCALE,
	LINEAR_DIVISOR,
	LINEAR_ACT,
	LINEAR_RESIDUAL,
	LINEAR_RESIDUAL_LEFT,
	LINEAR_ALL,
	LINEAR_APART,
	/* Not joined. */
	LINEAR_SCALE_OF_ROWS,
	LINEAR_LARGER_SCALE,
	LINEAR_DIVIDED,
	LINEAR_TINY_DIVISOR,
	LINEAR_BROADCAST_RESIDUAL,
	LINEAR_WIDER_RESIDUAL,
	LINEAR_TWICE,
	LINEAR_RESIDUAL_READ
};

static struct value *scale(struct op_test *t, int form, struct value *y)
{
	switch (form) {
	case LINEAR_DIVISOR:
		return pass_node(t, "Div", "scaled", 2, y, value_float(t->c, "k", 3));
	case LINEAR_SCALE_OF_ROWS:
		return pass_node(t, "Mul", "scaled", 2, y, pass_constant(t, "f32[3,1]", 5));
	case LINEAR_LARGER_SCALE:
		return pass_node(t, "Mul", "scaled", 2, y, op_constant(t, "f32[1,1,1]", LIST(3)));
	case LINEAR_DIVIDED:
		return pass_node(t, "Div", "scaled", 2, value_float(t->c, "k", 3), y);
	case LINEAR_TINY_DIVISOR:
		return pass_node(t, "Div", "scaled", 2, y, value_float(t->c, "k", 1e-39f));
	default:
		return pass_node(t, "Mul", "scaled", 2, value_float(t->c, "k", 3), y);
	}
}

static void linear(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[3,4]", 1), *r = pass_input(t, "f32[3,5]", 2);
	struct value *w = pass_constant(t, "f32[4,5]", 3), *y;

	if (form == LINEAR_TINY_DIVISOR)
		w = op_constant(t, "f32[4,5]", LIST(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	y = pass_node(t, "MatMul", "product", 2, x, w);
	if (form != LINEAR_TINY_DIVISOR)
		y = pass_node(t, "Add", "biased", 2, y, pass_constant(t, "f32[5]", 4));
	if (form == LINEAR_BROADCAST_RESIDUAL)
		r = pass_input(t, "f32[1,5]", 6);
	if (form == LINEAR_WIDER_RESIDUAL)
		r = pass_input(t, "f32[2,3,5]", 6);
	if (form == LINEAR_APART)
		r = pass_node(t, "Softmax", "late", 1, r);
	if (form == LINEAR_SCALE || form == LINEAR_DIVISOR || form == LINEAR_ALL || form == LINEAR_APART ||
		(form >= LINEAR_SCALE_OF_ROWS && form <= LINEAR_TINY_DIVISOR))
		y = scale(t, form, y);
	if (form == LINEAR_ACT || form == LINEAR_ALL || form == LINEAR_APART)
		y = pass_node(t, "Relu", "act", 1, y);
	/* Something that has nothing to do with it stands between. */
	if (form == LINEAR_APART)
		pass_output(t, pass_node(t, "Softmax", "between", 1, x));
	if (form == LINEAR_TWICE)
		y = pass_node(t, "Add", "y", 2, y, y);
	else if (form == LINEAR_RESIDUAL_LEFT)
		y = pass_node(t, "Add", "y", 2, r, y);
	else if (form == LINEAR_RESIDUAL || form == LINEAR_ALL || form == LINEAR_APART || form > LINEAR_TINY_DIVISOR)
		y = pass_node(t, "Add", "y", 2, y, r);
	if (form == LINEAR_RESIDUAL_READ)
		pass_output(t, pass_node(t, "Softmax", "other", 1, pass_value(t->g, "biased")));
	pass_output(t, y);
}

START_TEST(linears)
{
	static const struct expected list[] = { { LINEAR_SCALE, 1, "Mul", 0 }, { LINEAR_DIVISOR, 1, "Div", 0 },
		{ LINEAR_ACT, 1, "Relu", 0 }, { LINEAR_RESIDUAL, 1, "Add", 0 }, { LINEAR_RESIDUAL_LEFT, 1, "Add", 0 },
		{ LINEAR_ALL, 1, "Add", 0 }, { LINEAR_APART, 3, "Add", 0 }, { LINEAR_SCALE_OF_ROWS, 2, "Mul", 1 },
		{ LINEAR_LARGER_SCALE, 2, "Mul", 1 }, { LINEAR_DIVIDED, 2, "Div", 1 }, { LINEAR_TINY_DIVISOR, 2, "Div", 1 },
		{ LINEAR_BROADCAST_RESIDUAL, 2, "Add", 1 }, { LINEAR_WIDER_RESIDUAL, 2, "Add", 1 },
		{ LINEAR_TWICE, 2, "Add", 1 }, { LINEAR_RESIDUAL_READ, 3, "Add", 1 } };

	CHECK_ALL(linear, list, 1e-5);
	struct op_test t = pass_compare(linear, LINEAR_ALL, 1e-5);
	ck_assert_str_eq(t.g->first->origin, "product biased scaled act y");
	op_end(&t);
}
END_TEST

enum { JOIN, JOIN_AXIS, JOIN_OTHER_AXIS, JOIN_THREE, JOIN_READ_TWICE, JOIN_CONSTANT };

static void joined(struct op_test *t, int form)
{
	struct value *a = pass_input(t, "f32[3,3]", 1);
	struct value *b = form == JOIN_CONSTANT ? pass_constant(t, "f32[3,3]", 2) : pass_input(t, "f32[3,3]", 2);
	struct value *x =
		form == JOIN_THREE ? pass_node(t, "Concat", "join", 3, a, b, a) : pass_node(t, "Concat", "join", 2, a, b);
	const char *w = form == JOIN_THREE ? "f32[9,4]" : form == JOIN_OTHER_AXIS ? "f32[3,4]" : "f32[6,4]";

	set_attribute_int(t->c, x->def, "axis", form == JOIN_OTHER_AXIS ? 0 : form == JOIN_AXIS ? 1 : -1);
	pass_output(t, pass_node(t, "MatMul", "y", 2, x, pass_constant(t, w, 3)));
	if (form == JOIN_READ_TWICE)
		pass_output(t, pass_node(t, "Softmax", "other", 1, x));
}

START_TEST(concatenations)
{
	static const struct expected list[] = { { JOIN, 1, "Concat", 0 }, { JOIN_AXIS, 1, "Concat", 0 },
		{ JOIN_OTHER_AXIS, 3, "Concat", 1 }, { JOIN_THREE, 4, "Concat", 1 }, { JOIN_READ_TWICE, 4, "Concat", 1 },
		{ JOIN_CONSTANT, 1, "Concat", 0 } };

	CHECK_ALL(joined, list, 1e-5);
}
END_TEST

/* ---- element-wise parts of a concatenation */

enum {
	PART_BOTH,
	PART_ONE,
	PART_CHAIN,
	PART_UNSQUEEZED,
	PART_SQUEEZED,
	PART_CHANNELS_LAST,
	PART_EMPTY,
	PART_OF_PRODUCT,
	/* Parts with a place of their own. */
	PART_READ_TWICE,
	PART_TAKEN_TWICE,
	PART_IS_OUTPUT,
	PART_TURNED,
};

static void parts(struct op_test *t, int form)
{
	const char *shape = form == PART_EMPTY ? "f32[3,0]" : form == PART_SQUEEZED ? "f32[3,1,4]" : "f32[3,4]";
	struct value *a = pass_input(t, form == PART_CHANNELS_LAST ? "f32[1,3,4,5]" : shape, 1), *y;
	struct value *b = pass_input(t,
		form == PART_CHANNELS_LAST ? "f32[1,3,4,5]"
		: form == PART_EMPTY       ? "f32[3,4]"
								   : shape,
		2);
	int axis = form == PART_CHANNELS_LAST ? 1 : form == PART_UNSQUEEZED ? 2 : form == PART_OF_PRODUCT ? 1 : 0;

	if (form == PART_CHANNELS_LAST) {
		a = op_shuffled(t, a);
		b = op_shuffled(t, b);
	}
	a = pass_node(t, "Exp", "a", 1, a);
	b = form == PART_ONE ? b : pass_node(t, form == PART_CHAIN ? "Neg" : "Sin", "b", 1, b);
	if (form == PART_CHAIN)
		b = pass_node(t, "Abs", "b2", 1, b);
	if (form == PART_READ_TWICE)
		pass_output(t, pass_node(t, "Softmax", "other", 1, a));
	if (form == PART_IS_OUTPUT)
		pass_output(t, a);
	if (form == PART_TURNED)
		a = pass_node(t, "Transpose", "turned", 1, pass_node(t, "Reshape", "narrow", 2, a, INTS(t, 4, 3)));
	if (form == PART_UNSQUEEZED || form == PART_SQUEEZED) {
		const char *type = form == PART_SQUEEZED ? "Squeeze" : "Unsqueeze";
		a = pass_node(t, type, "c", 2, a, INTS(t, form == PART_SQUEEZED ? 1 : -1));
		b = pass_node(t, type, "d", 2, b, INTS(t, form == PART_SQUEEZED ? 1 : -1));
	}
	y = pass_node(t, "Concat", "y", 2, a, form == PART_TAKEN_TWICE ? a : b);
	set_attribute_int(t->c, y->def, "axis", form == PART_EMPTY ? 1 : axis);
	if (form == PART_OF_PRODUCT)
		y = pass_node(t, "MatMul", "product", 2, y, pass_constant(t, "f32[8,2]", 3));
	pass_output(t, y);
}

START_TEST(concatenated_parts)
{
	static const struct expected list[] = { { PART_BOTH, 2, "Concat", 1 }, { PART_ONE, 2, "Concat", 1 },
		{ PART_CHAIN, 2, "Concat", 1 }, { PART_UNSQUEEZED, 2, "Concat", 1 }, { PART_SQUEEZED, 2, "Concat", 1 },
		{ PART_CHANNELS_LAST, 5, "Concat", 1 }, { PART_EMPTY, 1, "Concat", 1 }, { PART_OF_PRODUCT, 3, "Concat", 0 },
		{ PART_READ_TWICE, 4, "Concat", 1 }, { PART_TAKEN_TWICE, 3, "Concat", 1 }, { PART_IS_OUTPUT, 3, "Concat", 1 },
		{ PART_TURNED, 3, "Concat", 1 } };

	CHECK_ALL(parts, list, 1e-5);
}
END_TEST

/* ---- element-wise nodes */

enum { MAP_CHAIN, MAP_DIAMOND, MAP_LARGER, MAP_IS_OUTPUT, MAP_LONG, MAP_WIDE, MAP_NORM };

static void maps(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,3]", 1), *y = pass_node(t, "Exp", "a", 1, x);

	switch (form) {
	case MAP_CHAIN:
		y = pass_node(t, "Add", "b", 2, pass_node(t, "Neg", "n", 1, y), pass_node(t, "Abs", "c", 1, x));
		break;
	case MAP_DIAMOND:
		y = pass_node(t, "Add", "b", 2, pass_node(t, "Neg", "n", 1, y), y);
		break;
	case MAP_LARGER:
		y = pass_node(t, "Add", "b", 2, y, pass_input(t, "f32[4,2,3]", 2));
		break;
	case MAP_IS_OUTPUT:
		pass_output(t, y);
		y = pass_node(t, "Neg", "b", 1, y);
		break;
	case MAP_LONG:
		for (int i = 0; i < 2 * RT_MAP_STEPS; i++)
			y = pass_node(t, i % 2 ? "Sin" : "Neg", "n", 1, y);
		break;
	case MAP_WIDE:
		for (uint32_t i = 0; i < 2 * RT_MAP_INPUTS; i++)
			y = pass_node(t, "Sub", "n", 2, y, pass_input(t, "f32[2,3]", 2 + i));
		break;
	case MAP_NORM:
		y = op_node(t, "", "LayerNormalization", 1, 2, y, pass_constant(t, "f32[3]", 4))->out[0];
		y = pass_node(t, "Gelu", "act", 1, y);
		break;
	}
	pass_output(t, y);
}

START_TEST(element_wise)
{
	static const struct expected list[] = { { MAP_CHAIN, 1, "Exp", 1 }, { MAP_DIAMOND, 2, "Exp", 1 },
		{ MAP_LARGER, 2, "Exp", 1 }, { MAP_IS_OUTPUT, 2, "Exp", 1 }, { MAP_LONG, 3, "Exp", 1 },
		{ MAP_WIDE, 3, "Exp", 1 }, { MAP_NORM, 2, "Gelu", 0 } };

	CHECK_ALL(maps, list, 1e-5);
}
END_TEST

/* ---- branches: what they read has readers outside of them too */

enum { BRANCH_THEN, BRANCH_ELSE, BRANCH_BOTH, BRANCH_PRODUCT, BRANCH_JOIN, BRANCH_OUTPUT, N_BRANCH_FORMS };

static void branches(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[3,3]", 1), *w = pass_constant(t, "f32[3,3]", 2), *p;

	if (form == BRANCH_PRODUCT)
		p = pass_node(t, "MatMul", "p", 2, x, w);
	else
		p = pass_node(t, "Exp", "p", 1, x);
	if (form == BRANCH_JOIN) {
		p = pass_node(t, "Concat", "join", 2, p, x);
		set_attribute_int(t->c, p->def, "axis", 1);
		w = pass_constant(t, "f32[6,3]", 2);
	}
	struct graph *a = pass_open(t);
	struct value *inside = form == BRANCH_ELSE ? x : p;
	if (form == BRANCH_JOIN)
		pass_output(t, pass_node(t, "MatMul", "inside", 2, p, w));
	else
		pass_output(t, pass_node(t, "Neg", "inside", 1, inside));
	pass_close(t);
	struct graph *b = pass_open(t);
	if (form == BRANCH_ELSE || form == BRANCH_BOTH)
		pass_output(t, pass_node(t, "Relu", "other", 1, p));
	else
		pass_output(t, pass_node(t, "Relu", "other", 1, x));
	pass_close(t);
	struct value *y = pass_if(t, "choice", op_input(t, "bool[1]", LIST(form % 2)), a, b)->out[0];
	if (form == BRANCH_OUTPUT)
		pass_output(t, p);
	if (form == BRANCH_JOIN)
		p = pass_node(t, "MatMul", "again", 2, p, w);
	pass_output(t, pass_node(t, "Mul", "y", 2, pass_node(t, "Relu", "rectified", 1, p), y));
}

START_TEST(around_branches)
{
	for (int form = 0; form < N_BRANCH_FORMS; form++) {
		struct op_test t = pass_compare(branches, form, 1e-5);
		op_end(&t);
	}
}
END_TEST

/* Halves: a residual of another type stays apart, and a scale goes in only where no weight loses digits. */
enum { HALF_POWER, HALF_THIRD };

static void halves(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[3,4]", 1);
	struct value *y = pass_node(t, "MatMul", "product", 2, x, pass_constant(t, "f32[4,5]", 3));

	y = pass_node(t, "Mul", "scaled", 2, y, value_float(t->c, "k", form == HALF_POWER ? 0.25f : 0.3f));
	pass_output(t, pass_node(t, "Add", "y", 2, y, pass_input(t, "f32[3,5]", 2)));
}

START_TEST(half_precision)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_compare_half(halves, form, 1e-3);
		ck_assert_int_eq(pass_count(t.g, "", "Mul"), form == HALF_THIRD);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("fuse");
	TCase *c = tcase_create("fuse");

	tcase_add_test(c, convolutions);
	tcase_add_test(c, linears);
	tcase_add_test(c, concatenations);
	tcase_add_test(c, concatenated_parts);
	tcase_add_test(c, element_wise);
	tcase_add_test(c, around_branches);
	tcase_add_test(c, half_precision);
	suite_add_tcase(s, c);
	return s;
}
