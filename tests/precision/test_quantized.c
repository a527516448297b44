/* Scales of quantised tensors are taken out of products: exact sums, and nothing else changes. */
#include "quantized_test.h"
#include <string.h>

enum {
	PER_TENSOR,
	PER_CHANNEL,
	ZERO_POINTS,
	BIAS,
	FLOAT_BIAS,
	READ_TWICE, /* so that the scale of the QuantizeLinear behind it stays where it is */
	N_FORMS
};

static void convolution(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[1,3,5,6]", RT_U8, form == ZERO_POINTS ? 131 : 0), *b = NULL;
	struct value *scale = form == PER_CHANNEL || form == BIAS ? op_constant(t, "f32[2]", LIST(0.0213, 0.00171))
															  : value_float(t->c, "sw", 0.0119f);
	struct value *w = dequantized(t, "w", numbers(t, "i8[2,3,3,3]", 54, -127, 127, 5), scale, 0);

	set_attribute_int(t->c, w->def, "axis", 0);
	if (form == BIAS) {
		const float sx = 0.0137f, s[] = { sx * 0.0213f, sx * 0.00171f };
		b = dequantized(
			t, "b", op_constant(t, "i32[2]", LIST(2500, -910)), op_constant(t, "f32[2]", LIST(s[0], s[1])), 0);
		set_attribute_int(t->c, b->def, "axis", 0);
	}
	if (form == FLOAT_BIAS)
		b = op_constant(t, "f32[2]", LIST(0.3, -0.77));
	struct value *y = b ? pass_node(t, "Conv", "y", 3, x, w, b) : pass_node(t, "Conv", "y", 2, x, w);
	pass_output(t, quantize_by(t, "q", y, 0.031f));
	if (form == READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "other", 1, y));
}

static void product(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[4,16]", RT_U8, 7);
	struct value *scale =
		form == PER_CHANNEL ? op_constant(t, "f32[3]", LIST(0.011, 0.0213, 0.0071)) : value_float(t->c, "sw", 0.0119f);
	struct value *w =
		form == READ_TWICE ? NULL : dequantized(t, "w", numbers(t, "i8[16,3]", 48, -127, 127, 9), scale, 0);

	/* Both factors computed at run time. */
	if (!w)
		w = pass_node(t, "Transpose", "wt", 1, activations(t, "f32[3,16]", RT_U8, 130));
	pass_output(t, quantize_by(t, "q", pass_node(t, "MatMul", "y", 2, x, w), 0.017f));
}

static const struct node *only(const struct op_test *t, const char *type)
{
	for (const struct node *n = t->g->first; n; n = n->next)
		if (is_op(n, type))
			return n;
	ck_abort_msg("no %s", type);
}

static bool is_whole(const struct value *v)
{
	for (int64_t i = 0; v->data && i < value_elements(v); i++)
		if (constant_real(v, i) != rint(constant_real(v, i)))
			return false;
	return v->data;
}

static struct op_test factored(void (*build)(struct op_test *t, int form), int form)
{
	struct op_test t = pass_begin();

	build(&t, form);
	pass_infer(&t);
	pass_apply(&t, factor_scales);
	return t;
}

START_TEST(convolutions)
{
	for (int form = 0; form < N_FORMS; form++) {
		struct op_test t = factored(convolution, form);
		const struct node *n = only(&t, "Conv");
		ck_assert_msg(is_whole(n->in[1]), "form %d", form);
		ck_assert(form != BIAS || is_whole(n->in[2]));
		ck_assert(form == BIAS || !input(n, 2));
		ck_assert_int_eq(pass_count(t.g, "", "Mul"), 1);
		ck_assert_int_eq(pass_count(t.g, "", "Add"), form == FLOAT_BIAS);
		/* The scale of the result is in the factor, unless somebody else reads it or something is added. */
		double scale;
		ck_assert(constant_scalar(pass_value(t.g, "q")->def->in[1], &scale));
		ck_assert((scale == 1) == (form != FLOAT_BIAS && form != READ_TWICE));
		op_end(&t);
		t = pass_compare(convolution, form, 1e-6);
		op_end(&t);
	}
}
END_TEST

START_TEST(products)
{
	for (int form = 0; form < N_FORMS; form++) {
		struct op_test t = pass_compare(product, form, 1e-6);
		op_end(&t);
	}
	struct op_test t = factored(product, PER_CHANNEL);
	ck_assert(is_whole(only(&t, "MatMul")->in[1]));
	ck_assert_int_eq(value_elements(only(&t, "Mul")->in[1]), 3);
	op_end(&t);
}
END_TEST

/* What has no integers on both sides stays as it is, and so does everything under the fp16 policy. */
static void untouched(struct op_test *t, int form)
{
	struct value *x = form ? pass_input(t, "f32[4,16]", 1) : activations(t, "f32[4,16]", RT_U8, 7);
	struct value *w = pass_constant(t, "f32[16,3]", 3);

	if (form)
		w = dequantized(t, "w", numbers(t, "i8[16,3]", 48, -127, 127, 9), value_float(t->c, "sw", 0.0119f), 0);
	pass_output(t, pass_node(t, "MatMul", "y", 2, x, w));
}

START_TEST(others)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = factored(untouched, form);
		ck_assert_int_eq(pass_count(t.g, "", "Mul"), 0);
		op_end(&t);
		t = pass_compare(untouched, form, 1e-6);
		op_end(&t);
	}
	struct op_test t = pass_begin();
	t.c->set.precision = PRECISION_FP16;
	product(&t, PER_TENSOR);
	pass_infer(&t);
	pass_apply(&t, factor_scales);
	ck_assert_int_eq(pass_count(t.g, "", "Mul"), 0);
	op_end(&t);
}
END_TEST

/* Sums that lose their last bits as products of scaled floats: the exact ones, rounded once. */
START_TEST(sums_are_exact)
{
	enum { K = 512 };
	struct op_test t = pass_begin();
	double q[K], w[K];
	int64_t sum = 0;

	for (int i = 0; i < K; i++) {
		q[i] = i * 37 % 256;
		w[i] = i * 91 % 255 - 127;
		sum += (int64_t)q[i] * (int64_t)w[i];
	}
	struct value *x = dequantized(&t, "x", op_input(&t, "u8[1,512]", q), value_float(t.c, "sx", 0.1f), 0);
	struct value *y = dequantized(&t, "w", op_constant(&t, "i8[512,1]", w), value_float(t.c, "sw", 0.1f), 0);
	pass_output(&t, pass_node(&t, "MatMul", "y", 2, x, y));
	pass_optimize(&t);
	pass_run(&t);
	ck_assert_double_eq(op_result(&t, 0, 0), (double)((float)sum * (0.1f * 0.1f)));
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("quantized");
	TCase *c = tcase_create("quantized");

	tcase_add_test(c, convolutions);
	tcase_add_test(c, products);
	tcase_add_test(c, others);
	tcase_add_test(c, sums_are_exact);
	suite_add_tcase(s, c);
	return s;
}
