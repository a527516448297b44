/* Products of floats of 8 bits: their factors become bfloat16 without a rounding, scales are taken out, and what the
 * graph computes stays what it was. */
#include "quantized_test.h"
#include "narrow.h"
#include "precision/precision.h"
#include "precision/rules.h"
#include <string.h>

enum {
	PER_TENSOR,
	PER_OUTPUT,
	WIDE, /* E5M2 */
	BIAS,
	POOLED,
	READ_TWICE, /* so that the scale of the QuantizeLinear behind it stays where it is */
	N_FORMS
};

static struct value *dequantize_by(struct op_test *t, const char *name, struct value *q, struct value *scale)
{
	return pass_node(t, "DequantizeLinear", name, 2, q, scale);
}

/* QuantizeLinear and DequantizeLinear of a type of 8 bits. */
static struct value *rounded(struct op_test *t, const char *name, struct value *x, enum rt_type type, float by)
{
	struct value *scale = value_float(t->c, "s", by),
				 *q = pass_node(t, "QuantizeLinear", arena_text(t->c, "%s_q", name), 2, x, scale);

	set_attribute_int(t->c, q->def, "output_dtype", type);
	return dequantize_by(t, name, q, scale);
}

/* Weights of n numbers, some of them subnormal. */
static struct value *weights(struct op_test *t, const char *shape, int n, struct value *scale, int axis)
{
	double x[512];

	for (int i = 0; i < n; i++)
		x[i] = (double)float_of_narrow((uint8_t)((i * 37 + 11) % 120 + (i % 3 ? 128 : 0)), RT_F8E4M3FN);
	struct value *w = dequantize_by(t, "w", op_constant(t, shape, x), scale);
	set_attribute_int(t->c, w->def, "axis", axis);
	return w;
}

static struct value *scale_for(struct op_test *t, int form)
{
	return form == PER_OUTPUT ? op_constant(t, "f32[3]", LIST(0.0213, 0.00171, 0.011))
							  : value_float(t->c, "sw", 0.0119f);
}

static void finish(struct op_test *t, int form, struct value *y)
{
	struct value *bias = NULL;

	if (form == BIAS && is_op(y->def, "MatMul"))
		bias = op_constant(t, "f32[3]", LIST(0.3, -0.77, 12));
	if (bias)
		y = pass_node(t, "Add", "sum", 2, y, bias);
	y = pass_node(t, "Relu", "relu", 1, y);
	if (form == POOLED && y->rank != 2 && is_op(y->def->in[0]->def, "Conv")) {
		y = pass_node(t, "MaxPool", "pool", 1, y);
		set_attribute_ints(t->c, y->def, "kernel_shape", 2, (const int64_t[]){ 2, 2 });
		set_attribute_ints(t->c, y->def, "strides", 2, (const int64_t[]){ 2, 2 });
	}
	if (form == READ_TWICE)
		pass_output(t, pass_node(t, "Sigmoid", "other", 1, y));
	pass_output(t, rounded(t, "y", y, RT_F8E4M3FN, 0.25f));
}

static void convolution(struct op_test *t, int form)
{
	struct value *x =
		rounded(t, "x", pass_input(t, "f32[1,4,6,8]", 1), form == WIDE ? RT_F8E5M2 : RT_F8E4M3FN, 0.0137f);
	struct value *w = weights(t, "f8e4m3fn[3,4,3,3]", 108, scale_for(t, form), 0);
	struct value *b = form == BIAS ? op_constant(t, "f32[3]", LIST(0.3, -0.77, 12)) : NULL;

	finish(t, form, b ? pass_node(t, "Conv", "product", 3, x, w, b) : pass_node(t, "Conv", "product", 2, x, w));
}

static void product(struct op_test *t, int form)
{
	struct value *x = rounded(t, "x", pass_input(t, "f32[2,5,16]", 1), form == WIDE ? RT_F8E5M2 : RT_F8E4M3FN, 0.0137f);

	finish(t, form, pass_node(t, "MatMul", "product", 2, x, weights(t, "f8e4m3fn[16,3]", 48, scale_for(t, form), 1)));
}

/* The gluec.Linear or gluec.Conv that all passes make of the product. */
static const struct node *find(const struct op_test *t)
{
	for (const struct node *n = t->g->first; n; n = n->next)
		if (is_product(n))
			return n;
	ck_abort_msg("no product");
}

static void expect_exact(const struct op_test *t, int form)
{
	const struct node *n = find(t);

	ck_assert(n->in[0]->type == RT_BF16 && n->in[1]->type == RT_BF16 && n->in[1]->is_exact);
	ck_assert_int_eq(n->precision, PRECISION_FP8);
	ck_assert_msg(strstr(n->reason, "8-bit floats") != NULL, "%s", n->reason);
	for (int64_t i = value_elements(n->in[1]); i-- > 0;) {
		float x = (float)constant_real(n->in[1], i);
		ck_assert(float_of_narrow(narrow_of_float(x, RT_F8E4M3FN), RT_F8E4M3FN) == x);
	}
	ck_assert_int_eq(attribute(n, "alpha") != NULL, form != PER_OUTPUT);
	ck_assert_int_eq(pass_count(t->g, "", "Mul"), 1 + (form == PER_OUTPUT));
}

/* Sums in float differ in their last bits, which may turn a rounding by a step of 1/8: here they do not. */
START_TEST(forms)
{
	static void (*const builds[])(struct op_test * t, int form) = { convolution, product };

	for (int i = 0; i < 2; i++) {
		struct op_test t = pass_compare(builds[i], _i, 1e-5);
		expect_exact(&t, _i);
		op_end(&t);
	}
}
END_TEST

/* Policies of 16 bits leave such products as they are. */
START_TEST(policies)
{
	static const enum precision policies[] = { PRECISION_FP16, PRECISION_BF16, PRECISION_FP8 };

	struct op_test t = pass_compare_as(product, PER_TENSOR, policies[_i], 2e-2);
	expect_exact(&t, PER_TENSOR);
	op_end(&t);
}
END_TEST

/* A convolution's result that is rounded to 8 bits is stored so, as bfloat16, by the convolution. */
static void two_layers(struct op_test *t, int form)
{
	struct value *x = rounded(t, "x", pass_input(t, "f32[1,4,6,8]", 1), RT_F8E4M3FN, 0.0137f);
	struct value *w = weights(t, "f8e4m3fn[4,4,3,3]", 144, value_float(t->c, "sw", 0.0119f), 0);

	x = pass_node(t, "Relu", "relu", 1, pass_node(t, "Conv", "first", 2, x, w));
	x = rounded(t, "between", x, RT_F8E4M3FN, 0.31f);
	pass_output(t, pass_node(t, "Conv", "second", 2, x, w));
	(void)form;
}

START_TEST(rounding_is_fused)
{
	struct op_test t = pass_compare(two_layers, 0, 1e-5);

	const struct node *n = find(&t);
	ck_assert_int_eq(attribute_int(t.c, n, "round", 0), RT_F8E4M3FN);
	ck_assert_int_eq(n->out[0]->type, RT_BF16);
	ck_assert_int_eq(n->precision, PRECISION_FP8);
	op_end(&t);
}
END_TEST

/* Two factors that are computed, as attention has them, one of them read across. */
static void computed(struct op_test *t, int form)
{
	struct value *x = rounded(t, "x", pass_input(t, "f32[2,5,16]", 1), RT_F8E4M3FN, 0.0137f);
	struct value *k = pass_node(t, "Transpose", "turned", 1, pass_input(t, "f32[2,7,16]", 2));

	set_attribute_ints(t->c, k->def, "perm", 3, (const int64_t[]){ 0, 2, 1 });
	k = rounded(t, "k", k, RT_F8E5M2, 0.02f);
	pass_output(t, pass_node(t, "Softmax", "y", 1, pass_node(t, "MatMul", "product", 2, x, k)));
	(void)form;
}

START_TEST(computed_factors)
{
	static const enum precision policies[] = { PRECISION_FP32, PRECISION_FP16, PRECISION_BF16 };

	struct op_test t = pass_compare_as(computed, 0, policies[_i], 1e-5);
	const struct node *n = pass_value(t.g, "product")->def;
	ck_assert(n->in[0]->type == RT_BF16 && n->in[1]->type == RT_BF16 && n->out[0]->type == RT_F32);
	ck_assert_int_eq(n->precision, PRECISION_FP8);
	op_end(&t);
}
END_TEST

/* By a rule the product is one of floats again. */
START_TEST(ruled_float)
{
	struct op_test t = pass_begin();

	read_rule(t.c, "--precision-of", "product=fp32");
	product(&t, PER_TENSOR);
	pass_optimize(&t);
	const struct node *n = find(&t);
	ck_assert(n->in[0]->type == RT_F32 && n->in[1]->type == RT_F32);
	ck_assert_int_eq(n->precision, PRECISION_FP32);
	op_end(&t);
}
END_TEST

/* What is no product of two such factors stays: a scale for each channel of x, a negative scale, an
 * infinite weight, floats. */
enum { SCALES_OF_X, NEGATIVE, INFINITE, FLOATS, N_OTHERS };

static void others(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[4,16]", 1), *one = value_float(t->c, "one", 0.013f);
	struct value *w = weights(t, "f8e5m2[16,3]", 48, value_float(t->c, "sw", form == NEGATIVE ? -0.01f : 0.01f), 1);

	if (form == SCALES_OF_X) {
		double scales[16];
		for (int i = 0; i < 16; i++)
			scales[i] = 0.01 * (i + 1);
		x = pass_node(t, "QuantizeLinear", "q", 2, x, one);
		set_attribute_int(t->c, x->def, "output_dtype", RT_F8E4M3FN);
		x = dequantize_by(t, "x", x, op_constant(t, "f32[16]", scales));
	} else if (form != FLOATS) {
		x = rounded(t, "x", x, RT_F8E4M3FN, 0.013f);
	}
	if (form == INFINITE)
		((uint8_t *)(uintptr_t)w->def->in[0]->data)[5] = 0x7c;
	pass_output(t, pass_node(t, "MatMul", "product", 2, x, w));
}

START_TEST(untouched)
{
	struct op_test t = pass_begin();

	others(&t, _i);
	pass_infer(&t);
	pass_apply(&t, find_float8_products);
	const struct node *n = pass_value(t.g, "product")->def;
	ck_assert(is_op(n, "MatMul"));
	ck_assert(n->in[0]->type == RT_F32 && n->in[1]->type == RT_F32);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("float8 products");
	TCase *c = tcase_create("float8 products");

	tcase_add_loop_test(c, forms, 0, N_FORMS);
	tcase_add_loop_test(c, policies, 0, 3);
	tcase_add_test(c, rounding_is_fused);
	tcase_add_loop_test(c, computed_factors, 0, 3);
	tcase_add_test(c, ruled_float);
	tcase_add_loop_test(c, untouched, 0, N_OTHERS);
	suite_add_tcase(s, c);
	return s;
}
