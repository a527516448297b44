/* Products of bytes in integers: which patterns become one, what goes into the epilogue, and that the numbers stay. */
#include "quantized_test.h"
#include <string.h>

enum {
	PLAIN,
	PER_CHANNEL,
	ZERO_POINTS,
	SIGNED,
	INTEGER_BIAS_FORM,
	FLOAT_BIAS,
	RELU,
	POOL,
	TWICE, /* rounded to bytes, a ReLU, a maximum, and rounded to bytes by another scale */
	FLOATS,
	UNSIGNED_WEIGHTS,
	N_FORMS
};

static struct value *conv_weights(struct op_test *t, int form)
{
	bool each = form == PER_CHANNEL || form == INTEGER_BIAS_FORM;
	struct value *scale = each ? op_constant(t, "f32[2]", LIST(0.0213, 0.00171)) : value_float(t->c, "sw", 0.0119f);
	struct value *w = form == UNSIGNED_WEIGHTS ? numbers(t, "u8[2,3,3,3]", 54, 0, 255, 5)
											   : numbers(t, "i8[2,3,3,3]", 54, -127, 127, 5);

	w = dequantized(t, "w", w, scale, form == UNSIGNED_WEIGHTS ? 119 : 0);
	set_attribute_int(t->c, w->def, "axis", 0);
	return w;
}

static struct value *conv_bias(struct op_test *t, int form)
{
	const float sx = 0.0137f, s[] = { sx * 0.0213f, sx * 0.00171f };

	if (form == FLOAT_BIAS)
		return op_constant(t, "f32[2]", LIST(0.3, -0.77));
	if (form != INTEGER_BIAS_FORM)
		return NULL;
	struct value *b =
		dequantized(t, "b", op_constant(t, "i32[2]", LIST(2500, -910)), op_constant(t, "f32[2]", LIST(s[0], s[1])), 0);
	set_attribute_int(t->c, b->def, "axis", 0);
	return b;
}

static struct value *max_pool(struct op_test *t, struct value *x)
{
	struct value *y = pass_node(t, "MaxPool", "pool", 1, x);

	SET_INTS(t, y->def, "kernel_shape", 2, 2);
	SET_INTS(t, y->def, "strides", 2, 2);
	return y;
}

static void convolution(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[1,3,5,6]", form == SIGNED ? RT_I8 : RT_U8, form == ZERO_POINTS ? 131 : 3);
	struct value *w = conv_weights(t, form), *b = conv_bias(t, form);
	struct value *y = b ? pass_node(t, "Conv", "y", 3, x, w, b) : pass_node(t, "Conv", "y", 2, x, w);

	SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	if (form == RELU)
		y = pass_node(t, "Relu", "relu", 1, y);
	if (form == POOL)
		y = max_pool(t, y);
	if (form == TWICE) {
		y = dequantized(t, "between", quantize_by(t, "q0", y, 0.023f), value_float(t->c, "s0", 0.023f), 128);
		y = max_pool(t, pass_node(t, "Relu", "relu", 1, y));
	}
	if (form != FLOATS)
		y = quantize_by(t, "q", y, 0.031f);
	pass_output(t, y);
}

START_TEST(convolutions)
{
	for (int form = 0; form < N_FORMS; form++) {
		struct op_test t = pass_compare(convolution, form, 1e-6);
		ck_assert_int_eq(pass_count(t.g, "gluec", "IntegerProduct"), 1);
		ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 1);
		/* Nothing but the input is quantised in a call of its own. */
		ck_assert_int_eq(pass_calls(t.program->main, "map"), 1);
		ck_assert_int_eq(pass_calls(t.program->main, "pool2d"), 0);
		op_end(&t);
	}
}
END_TEST

/* Linear layers: what stands behind a product in quantised transformers. */
enum { MATMUL, BIAS_BEHIND, BIAS_AND_BYTES, ROUNDED_FLOATS, TWO_READERS, GEMM, WIDE_WEIGHTS, N_LINEAR };

static void linear(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[4,16]", RT_U8, 7),
				 *scale = op_constant(t, "f32[3]", LIST(0.011, 0.021, 0.007));
	struct value *w, *y;

	if (form == WIDE_WEIGHTS) {
		w = dequantized(t, "w", numbers(t, "u8[16,3]", 48, 0, 255, 9), value_float(t->c, "sw", 0.013f), 100);
	} else if (form == GEMM) {
		w = dequantized(t, "w", numbers(t, "i8[3,16]", 48, -127, 127, 9), scale, 0);
		set_attribute_int(t->c, w->def, "axis", 0);
	} else {
		w = dequantized(t, "w", numbers(t, "i8[16,3]", 48, -127, 127, 9), scale, 0);
	}
	if (form == GEMM) {
		y = pass_node(t, "Gemm", "y", 3, x, w, pass_constant(t, "f32[3]", 4));
		set_attribute_int(t->c, y->def, "transB", 1);
		pass_output(t, y);
		return;
	}
	y = dequantized(t, "d", quantize_by(t, "q", pass_node(t, "MatMul", "y", 2, x, w), 0.017f),
		value_float(t->c, "sd", 0.017f), 128);
	if (form == BIAS_BEHIND || form == BIAS_AND_BYTES)
		y = pass_node(t, "Add", "biased", 2, pass_constant(t, "f32[3]", 6), y);
	if (form == BIAS_AND_BYTES)
		y = quantize_by(t, "q2", y, 0.0191f);
	pass_output(t, y);
	if (form == TWO_READERS)
		pass_output(t, pass_node(t, "Exp", "other", 1, y));
}

START_TEST(linear_layers)
{
	for (int form = 0; form < N_LINEAR; form++) {
		struct op_test t = pass_compare(linear, form, 1e-6);
		const struct value *y = t.g->outputs[0];
		ck_assert_int_eq(pass_count(t.g, "gluec", "IntegerProduct"), 1);
		ck_assert_int_eq(pass_calls(t.program->main, "map"), form == TWO_READERS ? 2 : 1);
		ck_assert_msg(form == TWO_READERS || is_internal(y->def, "IntegerProduct"), "form %d", form);
		op_end(&t);
	}
}
END_TEST

/* Values on their way between two products are moved as bytes. */
static void moved(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[1,4,6]", RT_U8, 7), *scale = value_float(t->c, "sd", 0.0137f);
	struct value *w = dequantized(t, "w", numbers(t, "i8[8,3]", 24, -127, 127, 9), value_float(t->c, "sw", 0.011f), 0);

	x = pass_node(t, "Transpose", "turned", 1, x);
	SET_INTS(t, x->def, "perm", 0, 2, 1);
	if (form)
		x = pass_node(t, "QuantizeLinear", "again", 3, x, scale, op_constant(t, "u8[]", LIST(7)));
	if (form)
		x = pass_node(t, "DequantizeLinear", "and back", 3, x, scale, op_constant(t, "u8[]", LIST(7)));
	x = pass_node(t, "Reshape", "rows", 2, x, INTS(t, 3, 8));
	pass_output(t, pass_node(t, "MatMul", "y", 2, x, w));
}

START_TEST(moves)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_compare(moved, form, 1e-6);
		const struct node *n = t.g->outputs[0]->def;
		ck_assert(is_internal(n, "IntegerProduct"));
		ck_assert_int_eq(n->in[0]->type, RT_U8);
		ck_assert(is_op(n->in[0]->def, "Reshape"));
		ck_assert_int_eq(pass_calls(t.program->main, "map"), 1);
		op_end(&t);
	}
}
END_TEST

/* What is quantised and then turned for the product behind it goes into its rows at once. */
static void turned(struct op_test *t, int form)
{
	struct value *scale = value_float(t->c, "sw", 0.011f), *x = pass_input(t, "f32[2,5,4]", 3);

	(void)form;
	x = pass_node(t, "QuantizeLinear", "q", 3, pass_node(t, "Exp", "e", 1, x), scale, op_constant(t, "u8[]", LIST(9)));
	x = pass_node(t, "Transpose", "turned", 1, dequantized(t, "d", x, scale, 9));
	SET_INTS(t, x->def, "perm", 1, 0, 2);
	x = pass_node(t, "Reshape", "rows", 2, x, INTS(t, 5, 8));
	pass_output(
		t, pass_node(t, "MatMul", "y", 2, x, dequantized(t, "w", numbers(t, "i8[8,3]", 24, -127, 127, 9), scale, 0)));
}

START_TEST(turns)
{
	struct op_test t = pass_compare(turned, 0, 1e-6);

	ck_assert_int_eq(pass_calls(t.program->main, "copy_nd"), 0);
	ck_assert_int_eq(pass_calls(t.program->main, "map"), 1);
	ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 1);
	op_end(&t);
}
END_TEST

/* A concatenation that is quantised joins bytes: those of the input are there already. */
static void joined(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[4,6]", RT_U8, 7), *y = pass_input(t, "f32[4,5]", 3);
	struct value *all = pass_node(t, "Concat", "all", 2, x, y);

	(void)form;
	set_attribute_int(t->c, all->def, "axis", 1);
	pass_output(t,
		pass_node(t, "QuantizeLinear", "q", 3, all, value_float(t->c, "sq", 0.0137f), op_constant(t, "u8[]", LIST(7))));
}

START_TEST(joins)
{
	struct op_test t = pass_compare(joined, 0, 0);

	ck_assert(is_op(t.g->outputs[0]->def, "Concat"));
	ck_assert_int_eq(pass_count(t.g, "", "Sub"), 0);
	op_end(&t);
}
END_TEST

/* The operators that have integers in their names, with constants and without. */
enum { QLINEAR_CONV, QLINEAR_MATMUL, CONV_INTEGER, MATMUL_INTEGER, COMPUTED_ZERO, N_OPERATORS };

static void operators(struct op_test *t, int form)
{
	struct value *sx = value_float(t->c, "sx", 0.02f), *zx = op_constant(t, "u8[]", LIST(3));
	struct value *sw = op_constant(t, "f32[2]", LIST(0.01, 0.03)), *zw = op_constant(t, "i8[2]", LIST(0, -3));
	struct value *sy = value_float(t->c, "sy", 0.11f), *zy = op_constant(t, "u8[]", LIST(90));
	struct value *picture = pass_input(t, "u8[1,2,5,5]", 3), *rows = pass_input(t, "u8[3,6]", 3);
	struct value *k = numbers(t, "i8[2,2,3,3]", 36, -120, 120, 7), *w = numbers(t, "i8[6,2]", 12, -120, 120, 8);

	if (form == QLINEAR_CONV)
		pass_output(t, pass_node(t, "QLinearConv", "y", 9, picture, sx, zx, k, sw, zw, sy, zy,
						   op_constant(t, "i32[2]", LIST(200, -1000))));
	else if (form == QLINEAR_MATMUL)
		pass_output(t, pass_node(t, "QLinearMatMul", "y", 8, rows, sx, zx, w, sw, zw, sy, zy));
	else if (form == CONV_INTEGER)
		pass_output(t, pass_node(t, "ConvInteger", "y", 3, picture, k, zx));
	else if (form == MATMUL_INTEGER)
		pass_output(t, pass_node(t, "MatMulInteger", "y", 4, rows, w, zx, zw));
	else
		pass_output(t, pass_node(t, "MatMulInteger", "y", 3, rows, w, pass_input(t, "u8[]", 2)));
}

START_TEST(integer_operators)
{
	for (int form = 0; form < N_OPERATORS; form++) {
		struct op_test t = pass_compare(operators, form, 0);
		ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), form != COMPUTED_ZERO);
		op_end(&t);
	}
}
END_TEST

/* What has no constant bytes on one side stays: the second factor computed, 16 bits, sums beyond 32 bits. */
enum { COMPUTED, SHORTS, LONG, N_OTHERS };

static void other(struct op_test *t, int form)
{
	enum { K = 40000 };
	struct value *scale = value_float(t->c, "sw", 0.011f), *w;

	if (form == LONG) {
		double *q = NEW(t->c, double, K);
		for (int i = 0; i < K; i++)
			q[i] = 127;
		struct value *x = op_input(t, "u8[1,40000]", q);
		w = dequantized(t, "w", op_constant(t, "i8[40000,1]", q), scale, 0);
		pass_output(t, pass_node(t, "MatMul", "y", 2, dequantized(t, "x", x, scale, 0), w));
		return;
	}
	w = form == COMPUTED ? dequantized(t, "w", op_input(t, "i8[16,3]", NULL), scale, 0)
						 : dequantized(t, "w", numbers(t, "i16[16,3]", 48, -900, 900, 3), scale, 0);
	pass_output(t, pass_node(t, "MatMul", "y", 2, activations(t, "f32[4,16]", RT_U8, 7), w));
}

START_TEST(others)
{
	for (int form = 0; form < N_OTHERS; form++) {
		struct op_test t = pass_compare(other, form, 1e-3);
		ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 0);
		op_end(&t);
	}
}
END_TEST

/* Under the fp16 policy the bytes stay bytes. */
START_TEST(halves)
{
	for (int form = 0; form < N_FORMS; form++) {
		struct op_test t = pass_compare_half(convolution, form, 1e-6);
		ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 1);
		op_end(&t);
	}
}
END_TEST

/* Floats that a product of bytes makes follow --precision: a layer in floats reads them, or what is no feature. */
static void mixed(struct op_test *t, int form)
{
	struct value *w =
		dequantized(t, "w", numbers(t, "i8[16,8]", 128, -127, 127, 3), value_float(t->c, "sw", 0.011f), 0);
	struct value *y = pass_node(t, "MatMul", "y", 2, activations(t, "f32[4,16]", RT_U8, 7), w);

	pass_output(t,
		form ? pass_node(t, "Softmax", "z", 1, y) : pass_node(t, "MatMul", "z", 2, y, pass_constant(t, "f32[8,5]", 4)));
}

START_TEST(mixed_precision)
{
	struct op_test t = pass_compare_as(mixed, 0, PRECISION_BF16, 2e-2);

	ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 1);
	ck_assert_int_eq(pass_value(t.g, "y")->type, RT_BF16);
	ck_assert_int_eq(pass_value(t.g, "y")->def->precision, PRECISION_INT8);
	ck_assert_str_eq(pass_value(t.g, "y")->def->reason, "quantised in the file");
	op_end(&t);
	t = pass_compare_as(mixed, 0, PRECISION_FP16, 2e-3);
	ck_assert_int_eq(pass_value(t.g, "y")->type, RT_F16);
	op_end(&t);
	t = pass_compare_as(mixed, 0, PRECISION_INT8, 1e-6);
	ck_assert_int_eq(pass_value(t.g, "y")->type, RT_F32);
	op_end(&t);
	t = pass_compare_as(mixed, 1, PRECISION_BF16, 1e-6);
	ck_assert_int_eq(pass_value(t.g, "y")->type, RT_F32);
	ck_assert_str_eq(pass_value(t.g, "y")->def->reason, "quantised in the file");
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("integer products");
	TCase *c = tcase_create("integer products");

	tcase_add_test(c, convolutions);
	tcase_add_test(c, linear_layers);
	tcase_add_test(c, moves);
	tcase_add_test(c, turns);
	tcase_add_test(c, joins);
	tcase_add_test(c, integer_operators);
	tcase_add_test(c, others);
	tcase_add_test(c, halves);
	tcase_add_test(c, mixed_precision);
	suite_add_tcase(s, c);
	return s;
}
