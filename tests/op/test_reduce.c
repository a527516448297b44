/* Reductions, softmax and top K: operators along axes. */
#include "op_test.h"

static const double six[] = { 3, -1, 2, 0.5, 4, -2 };

static const struct {
	const char *name;
	double rows[2]; /* of six as [2,3] over the last axis */
} kinds[] = {
	{ "ReduceSum", { 4, 2.5 } },
	{ "ReduceMean", { 4.0 / 3, 2.5 / 3 } },
	{ "ReduceMax", { 3, 4 } },
	{ "ReduceMin", { -1, -2 } },
	{ "ReduceProd", { -6, -4 } },
	{ "ReduceL1", { 6, 6.5 } },
	{ "ReduceL2", { 3.7416573867739413, 4.5 } },
	{ "ReduceSumSquare", { 14, 20.25 } },
	{ "ReduceLogSum", { 1.3862943611198906, 0.9162907318741551 } },
	{ "ReduceLogSumExp", { 3.3265626412674703, 4.0321536226831585 } },
};

START_TEST(every_kind)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six), *axes = INTS(&t, -1);
	struct node *keep = op_node(&t, "", kinds[_i].name, 1, 2, x, axes);
	struct node *drop = op_node(&t, "", kinds[_i].name, 1, 2, op_shuffled(&t, x), axes);

	set_attribute_int(t.c, drop, "keepdims", 0);
	op_output(&t, keep);
	op_output(&t, drop);
	op_run(&t);
	op_expect(&t, 0, "f32[2,1]", 1e-6, kinds[_i].rows);
	op_expect(&t, 1, "f32[2]", 1e-6, kinds[_i].rows);
	op_end(&t);
}
END_TEST

START_TEST(which_axes)
{
	struct op_test t = op_begin(11);
	struct value *x = op_input(&t, "i64[2,1,3]", LIST(1, 2, 3, 4, 5, 6));
	struct node *some = op_node(&t, "", "ReduceSum", 1, 1, x);

	SET_INTS(&t, some, "axes", 2, 1);
	op_output(&t, some);
	op_output(&t, op_node(&t, "", "ReduceMax", 1, 1, x));
	op_run(&t);
	op_expect(&t, 0, "i64[2,1,1]", 0, LIST(6, 15));
	op_expect(&t, 1, "i64[1,1,1]", 0, LIST(6));
	op_end(&t);
	t = op_begin(18);
	x = op_input(&t, "f32[2,3]", six);
	struct node *none = op_node(&t, "", "ReduceL1", 1, 1, x);
	set_attribute_int(t.c, none, "noop_with_empty_axes", 1);
	op_output(&t, none);
	op_output(&t, op_node(&t, "", "ReduceMax", 1, 2, op_input(&t, "bool[2]", LIST(0, 1)), INTS(&t, 0)));
	op_run(&t);
	op_expect(&t, 0, "f32[2,3]", 0, six);
	op_expect(&t, 1, "bool[1]", 0, LIST(1));
	op_end(&t);
}
END_TEST

START_TEST(nothing_to_reduce)
{
	static const struct {
		const char *name, *shape, *result;
		double y;
	} empty[] = {
		{ "ReduceSum", "f32[2,0]", "f32[2,1]", 0 },
		{ "ReduceProd", "i32[2,0]", "i32[2,1]", 1 },
		{ "ReduceMax", "f32[2,0]", "f32[2,1]", -INFINITY },
		{ "ReduceMax", "i8[2,0]", "i8[2,1]", -128 },
		{ "ReduceMin", "u8[2,0]", "u8[2,1]", 255 },
		{ "ReduceMin", "i32[2,0]", "i32[2,1]", INT32_MAX },
		{ "ReduceMean", "f32[2,0]", "f32[2,1]", NAN },
		{ "ReduceLogSumExp", "f32[2,0]", "f32[2,1]", -INFINITY },
	};

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		struct op_test t = op_begin(20);
		op_output(&t, op_node(&t, "", empty[i].name, 1, 2, op_input(&t, empty[i].shape, NULL), INTS(&t, 1)));
		op_run(&t);
		op_expect(&t, 0, empty[i].result, 0, (const double[]){ empty[i].y, empty[i].y });
		op_end(&t);
	}
}
END_TEST

START_TEST(extreme_positions)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", LIST(2, 7, 7, -1, 0, -1));
	struct node *first = op_node(&t, "", "ArgMax", 1, 1, x), *last = op_node(&t, "", "ArgMax", 1, 1, x);
	struct node *least = op_node(&t, "", "ArgMin", 1, 1, op_shuffled(&t, x));

	set_attribute_int(t.c, first, "axis", 1);
	set_attribute_int(t.c, last, "axis", -1);
	set_attribute_int(t.c, last, "select_last_index", 1);
	set_attribute_int(t.c, last, "keepdims", 0);
	op_output(&t, first);
	op_output(&t, last);
	op_output(&t, least);
	op_run(&t);
	op_expect(&t, 0, "i64[2,1]", 0, LIST(1, 1));
	op_expect(&t, 1, "i64[2]", 0, LIST(2, 1));
	op_expect(&t, 2, "i64[1,3]", 0, LIST(1, 1, 1));
	op_end(&t);
}
END_TEST

START_TEST(reduce_errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "ReduceSum", 1, 2, op_input(&t, "f32[2,3]", NULL), INTS(&t, 2));
	EXPECT_ERROR(&t, "ReduceSum", "axis 2", "f32[2,3]");
	t = op_begin(20);
	op_node(&t, "", "ReduceSum", 1, 2, op_input(&t, "f32[2,3]", NULL), INTS(&t, 1, -1));
	EXPECT_ERROR(&t, "ReduceSum", "twice");
	t = op_begin(20);
	op_node(&t, "", "ReduceSum", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "i64[1]", NULL));
	EXPECT_ERROR(&t, "ReduceSum", "axes", "depends");
	t = op_begin(20);
	op_node(&t, "", "ArgMax", 1, 1, op_input(&t, "f32[0,3]", NULL));
	EXPECT_ERROR(&t, "ArgMax", "no elements", "f32[0,3]");
}
END_TEST

/* Softmax of x [2,3,2] over the middle axis; the older form saw [2,6]. */
static void check_softmax(const char *type, int opset, bool shuffled)
{
	struct op_test t = op_begin(opset);
	struct value *x = op_input(&t, "f32[2,3,2]", NULL);
	struct node *n = op_node(&t, "", type, 1, 1, shuffled ? op_shuffled(&t, x) : x);
	double y[12];

	set_attribute_int(t.c, n, "axis", 1);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 12; i++) {
		double sum = 0;
		for (int k = 0; k < 12; k++)
			if (k / 6 == i / 6 && (opset < 13 || k % 2 == i % 2))
				sum += exp(op_at(&t, x, k));
		y[i] = *type == 'L' ? op_at(&t, x, i) - log(sum) : exp(op_at(&t, x, i)) / sum;
	}
	op_expect(&t, 0, "f32[2,3,2]", 1e-6, y);
	op_end(&t);
}

START_TEST(softmax)
{
	check_softmax("Softmax", 13, false);
	check_softmax("Softmax", 13, true);
	check_softmax("LogSoftmax", 20, true);
	check_softmax("Softmax", 11, false);
	check_softmax("LogSoftmax", 11, true);
	struct op_test t = op_begin(20);
	op_node(&t, "", "Softmax", 1, 1, op_input(&t, "f32[]", NULL));
	EXPECT_ERROR(&t, "Softmax", "f32[]");
	t = op_begin(20);
	op_node(&t, "", "Softmax", 1, 1, op_input(&t, "i32[2]", NULL));
	EXPECT_ERROR(&t, "Softmax", "i32[2]");
}
END_TEST

START_TEST(top_k)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,4]", LIST(1, 3, 3, 2, 8, 5, 6, 7)), *k = INTS(&t, 2);
	struct node *rows = op_node(&t, "", "TopK", 2, 2, x, k), *columns = op_node(&t, "", "TopK", 2, 2, x, INTS(&t, 1));
	struct node *index = op_node(&t, "", "TopK", 2, 2, op_shuffled(&t, x), k);

	set_attribute_int(t.c, columns, "axis", 0);
	set_attribute_int(t.c, columns, "largest", 0);
	set_attribute_int(t.c, index, "sorted", 0);
	index->out[0] = NULL;
	op_output(&t, rows);
	op_output(&t, columns);
	op_output(&t, index);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2]", 0, LIST(3, 3, 8, 7));
	op_expect(&t, 1, "i64[2,2]", 0, LIST(1, 2, 0, 3));
	op_expect(&t, 2, "f32[1,4]", 0, LIST(1, 3, 3, 2));
	op_expect(&t, 3, "i64[1,4]", 0, LIST(0, 0, 0, 0));
	op_expect(&t, 4, "i64[2,2]", 0, LIST(1, 2, 0, 3));
	op_end(&t);
	t = op_begin(9);
	struct node *n = op_node(&t, "", "TopK", 2, 1, op_input(&t, "f32[3]", LIST(1, 3, 2)));
	set_attribute_int(t.c, n, "k", 0);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[0]", 0, NULL);
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "", "TopK", 2, 2, op_input(&t, "f32[3]", NULL), INTS(&t, 4));
	EXPECT_ERROR(&t, "TopK", "K is 4", "f32[3]", "--topk");
}
END_TEST

/* The largest elements, their places, and a gather by them, for every type that has an order. */
START_TEST(every_type)
{
	static const char *const types[] = { "f32", "f16", "bf16", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32",
		"u64" };
	struct op_test t = op_begin(20);
	const char *row = arena_text(t.c, "%s[1,5]", types[_i]), *two = arena_text(t.c, "%s[1,2]", types[_i]);
	struct value *x = op_input(&t, row, LIST(3, 9, 1, 9, 7));
	struct node *top = op_node(&t, "", "TopK", 2, 2, x, INTS(&t, 2)), *arg = op_node(&t, "", "ArgMin", 1, 1, x);
	struct node *taken = op_node(&t, "", "GatherElements", 1, 2, x, top->out[1]);

	set_attribute_int(t.c, arg, "axis", 1);
	set_attribute_int(t.c, taken, "axis", 1);
	op_output(&t, top);
	op_output(&t, arg);
	op_output(&t, taken);
	op_run(&t);
	op_expect(&t, 0, two, 0, LIST(9, 9));
	op_expect(&t, 1, "i64[1,2]", 0, LIST(1, 3));
	op_expect(&t, 2, "i64[1,1]", 0, LIST(2));
	op_expect(&t, 3, two, 0, LIST(9, 9));
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("reduce");
	TCase *tc = tcase_create("reduce");

	tcase_add_loop_test(tc, every_kind, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test(tc, which_axes);
	tcase_add_test(tc, nothing_to_reduce);
	tcase_add_test(tc, extreme_positions);
	tcase_add_test(tc, reduce_errors);
	tcase_add_test(tc, softmax);
	tcase_add_test(tc, top_k);
	tcase_add_loop_test(tc, every_type, 0, 12);
	suite_add_tcase(s, tc);
	return s;
}
