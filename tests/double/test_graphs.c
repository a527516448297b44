/* Graphs in double: what no float could hold is there in the end. */
#include "pass_test.h"
#include "scene.h"

static struct op_test begin(void)
{
	struct op_test t = pass_begin();

	t.c->in_double = true;
	return t;
}

/* 4097 * 4097 is odd and more than 2^24. */
START_TEST(test_products)
{
	struct op_test t = begin();
	struct value *x = op_input(&t, "f32[1,1,2,2]", LIST(4097, 1, 4095, 1));
	struct value *w = op_constant(&t, "f32[1,1,2,2]", LIST(4097, 1, 0, 1));

	pass_output(&t, pass_node(&t, "Conv", "conv", 2, x, w));
	pass_output(&t, pass_node(&t, "MatMul", "product", 2, x, w));
	op_run(&t);
	op_expect(&t, 0, "f64[1,1,1,1]", 0, LIST(4097 * 4097 + 2));
	op_expect(&t, 1, "f64[1,1,2,2]", 0, LIST(4097 * 4097, 4098, 4095 * 4097, 4096));
	op_end(&t);
}
END_TEST

/* Both products are 16785408 as floats, so that the first one would win. */
START_TEST(test_decisions)
{
	struct op_test t = begin();
	struct value *a = op_input(&t, "f32[2]", LIST(4096, 4097)), *b = op_input(&t, "f32[2]", LIST(4098, 4097));
	struct value *product = pass_node(&t, "Mul", "product", 2, a, b);
	struct node *top = op_node(&t, "", "TopK", 2, 2, product, op_list(&t, 1, (int64_t[]){ 1 }));

	pass_output(&t, pass_node(&t, "ArgMax", "best", 1, product));
	op_output(&t, top);
	op_run(&t);
	op_expect(&t, 0, "i64[1]", 0, LIST(1));
	op_expect(&t, 1, "f64[1]", 0, LIST(4097 * 4097));
	op_expect(&t, 2, "i64[1]", 0, LIST(1));
	op_end(&t);
}
END_TEST

START_TEST(test_casts)
{
	struct op_test t = begin();
	struct value *x = op_input(&t, "f32[2]", LIST(1 + 0x1p-20, 70000));
	static const enum rt_type types[] = { RT_F16, RT_F32, RT_BF16 };

	for (int i = 0; i < 3; i++) {
		x = pass_node(&t, "Cast", arena_text(t.c, "cast%d", i), 1, x);
		set_attribute_int(t.c, x->def, "to", types[i]);
	}
	pass_output(&t, x);
	op_run(&t);
	op_expect(&t, 0, "f64[2]", 0, LIST(1 + 0x1p-20, 70000));
	op_end(&t);
}
END_TEST

/* Integers beyond half's stay what they are without a word, and a length that depends on the data is followed. */
START_TEST(test_dynamic)
{
	struct op_test t = begin();
	struct value *x = op_input(&t, "f32[4]", LIST(5, -1, 70001, 3)), *zero = op_constant(&t, "f32[]", LIST(0));
	struct value *found = pass_node(&t, "NonZero", "found", 1, pass_node(&t, "Greater", "above", 2, x, zero));
	struct value *half = pass_node(&t, "Cast", "half", 1, op_input(&t, "i64[1]", LIST(4099)));
	struct value *points = pass_node(&t, "GatherND", "points", 2, x, pass_node(&t, "Transpose", "rows", 1, found));
	struct node *top = op_node(&t, "", "TopK", 2, 2, points, op_list(&t, 1, (int64_t[]){ 2 }));

	set_attribute_int(t.c, half->def, "to", RT_F16);
	op_output(&t, top);
	pass_output(&t, half);
	pass_infer(&t);
	pass_run(&t);
	op_expect(&t, 0, "f64[2]", 0, LIST(70001, 5));
	op_expect(&t, 1, "i64[2]", 0, LIST(1, 0));
	op_expect(&t, 2, "f64[1]", 0, LIST(4099));
	ck_assert(!half->kept_float);
	op_end(&t);
}
END_TEST

/* Functions and norms against what libm says of a few numbers. */
START_TEST(test_functions)
{
	struct op_test t = begin();
	const double epsilon = (double)1e-5f, total = 1 + exp(1);
	struct value *x = op_input(&t, "f32[1,2]", LIST(0, 1)), *ones = op_constant(&t, "f32[2]", LIST(1, 1));
	struct value *norm = pass_node(&t, "LayerNormalization", "norm", 2, x, ones);
	struct value *sides = op_constant(&t, "f32[1,2]", LIST(3, 4));

	pass_output(&t, pass_node(&t, "Softmax", "softmax", 1, x));
	pass_output(&t, pass_node(&t, "LogSoftmax", "log", 1, x));
	pass_output(&t, norm);
	pass_output(&t, pass_node(&t, "Gelu", "gelu", 1, x));
	op_output(&t, op_node(&t, "gluec", "L2Norm", 1, 1, sides));
	set_attribute_float(t.c, norm->def, "epsilon", epsilon);
	op_run(&t);
	op_expect(&t, 0, "f64[1,2]", 1e-16, LIST(1 / total, exp(1) / total));
	op_expect(&t, 1, "f64[1,2]", 1e-16, LIST(-log(total), 1 - log(total)));
	op_expect(&t, 2, "f64[1,2]", 1e-16, LIST(-0.5 / sqrt(0.25 + epsilon), 0.5 / sqrt(0.25 + epsilon)));
	op_expect(&t, 3, "f64[1,2]", 1e-16, LIST(0, 0.5 + 0.5 * erf(sqrt(0.5))));
	op_expect(&t, 4, "f64[1,2]", 1e-16, LIST(0.6, 0.8));
	op_end(&t);
}
END_TEST

/* What is constant is folded in double as well: a third of 1 is no float's third. */
START_TEST(test_folding)
{
	struct op_test t = begin();
	struct value *third =
		pass_node(&t, "Div", "third", 2, op_constant(&t, "f32[]", LIST(1)), op_constant(&t, "f32[]", LIST(3)));

	pass_output(&t, pass_node(&t, "Mul", "product", 2, op_input(&t, "f32[1]", LIST(5)), third));
	pass_infer(&t);
	ck_assert_ptr_nonnull(third->data);
	pass_run(&t);
	ck_assert_double_eq(op_result(&t, 0, 0), 5 * (1.0 / 3));
	op_end(&t);
}
END_TEST

/* Constants of every kind of float are exact. */
START_TEST(test_constants)
{
	struct op_test t = begin();
	const int64_t two = 2;
	const float single[] = { 0.1f, -INFINITY };
	const uint16_t half[] = { 0x3555, 0x7c00 }, bfloat[] = { 0x3eab, 0x0001 };
	const double *x = value_constant(t.c, "a", RT_F32, 1, &two, single)->data;
	const double *y = value_constant(t.c, "b", RT_F16, 1, &two, half)->data;
	const double *z = value_constant(t.c, "c", RT_BF16, 1, &two, bfloat)->data;
	const struct value *i = value_constant(t.c, "d", RT_I32, 1, &two, (int32_t[]){ 7, 8 });

	ck_assert(x[0] == (double)0.1f && x[1] == (double)-INFINITY);
	ck_assert(y[0] == 0x1.554p-2 && y[1] == (double)INFINITY);
	ck_assert(z[0] == 0x1.56p-2 && z[1] == 0x1p-133);
	ck_assert(i->type == RT_I32 && constant_int(i, 1) == 8);
	op_end(&t);
}
END_TEST

/* Only fused graphs have Linear, and none of those is interpreted. */
START_TEST(test_no_form)
{
	struct op_test t = begin();

	op_output(
		&t, op_node(&t, "gluec", "Linear", 1, 2, op_input(&t, "f32[2,3]", NULL), op_constant(&t, "f32[3,4]", NULL)));
	EXPECT_ERROR(&t, "Linear", "cannot be computed in double", "linear has no form");
}
END_TEST

/* Draws one more operator behind x, which keeps its shape [1,4,6,6] and its size. */
static struct value *grow(struct op_test *t, struct value *x, uint64_t seed, int i)
{
	static const char *const functions[] = { "Tanh", "Gelu", "Sigmoid", "Softplus", "HardSwish" };
	const char *name = arena_text(t->c, "node%d", i);
	uint32_t number = (uint32_t)(100 * seed) + (uint32_t)i;
	struct value *y;

	switch (chance_hash(seed, i, 0) % 6) {
	case 0:
		y = pass_node(t, "Conv", name, 2, x, pass_constant(t, "f32[4,4,3,3]", number));
		SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
		return pass_node(t, "Tanh", arena_text(t->c, "%s.tanh", name), 1, y);
	case 1:
		return pass_node(t, "MatMul", name, 2, x, pass_constant(t, "f32[6,6]", number));
	case 2:
		y = pass_node(t, "Softmax", name, 1, x);
		set_attribute_int(t->c, y->def, "axis", (int64_t)(chance_hash(seed, i, 1) % 4));
		return pass_node(t, "Add", arena_text(t->c, "%s.sum", name), 2, y, x);
	case 3:
		return pass_node(t, "InstanceNormalization", name, 3, x, pass_constant(t, "f32[4]", number),
			pass_constant(t, "f32[4]", number + 1));
	case 4:
		y = pass_node(t, "Transpose", name, 1, x);
		SET_INTS(t, y->def, "perm", 0, 1, 3, 2);
		return y;
	default:
		return pass_node(t, functions[chance_hash(seed, i, 2) % 5], name, 1, x);
	}
}

static struct op_test compute(uint64_t seed, bool in_double)
{
	struct op_test t = pass_begin();

	t.c->in_double = in_double;
	struct value *x = pass_input(&t, "f32[1,4,6,6]", (uint32_t)seed);
	x = pass_node(&t, "Sin", "first", 1, x);
	for (int i = 0; i < 12; i++)
		x = grow(&t, x, seed, i);
	pass_output(&t, x);
	op_run(&t);
	return t;
}

/* Floats come close to doubles, but not as close as doubles that were only stored as floats in between would. */
START_TEST(test_random)
{
	struct op_test single = compute((uint64_t)_i, false), wide = compute((uint64_t)_i, true);
	const struct value *v = wide.g->outputs[0];
	double largest = 0, apart = 0;

	for (int64_t i = 0; i < value_elements(v); i++) {
		largest = fmax(largest, fabs(op_result(&wide, 0, i)));
		apart = fmax(apart, fabs(op_result(&wide, 0, i) - op_result(&single, 0, i)));
	}
	ck_assert_msg(apart > 1e-9 * largest && apart < 2e-4 * largest, "%g of %g", apart, largest);
	op_end(&single);
	op_end(&wide);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("graphs in double");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_products);
	tcase_add_test(tc, test_decisions);
	tcase_add_test(tc, test_casts);
	tcase_add_test(tc, test_dynamic);
	tcase_add_test(tc, test_functions);
	tcase_add_test(tc, test_folding);
	tcase_add_test(tc, test_constants);
	tcase_add_test(tc, test_no_form);
	tcase_add_loop_test(tc, test_random, 0, 60);
	suite_add_tcase(s, tc);
	return s;
}
