/* OneHot and CumSum. */
#include "op_test.h"

static void check_one_hot(const char *index, const char *values, int64_t axis, const char *shape, const double *y)
{
	struct op_test t = op_begin(11);
	struct value *depth = op_constant(&t, "f32[]", LIST(3));
	struct value *x = op_input(&t, index, LIST(2, -3, 5, 1)), *pair = op_input(&t, values, LIST(0, 7));
	struct node *n = op_node(&t, "", "OneHot", 1, 3, x->rank > 1 ? op_shuffled(&t, x) : x, depth, pair);

	set_attribute_int(t.c, n, "axis", axis);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	ck_assert_int_eq(op_calls(&t, "map"), x->type == RT_I64 ? 1 + (x->rank > 1) : 2 + (x->rank > 1));
	op_end(&t);
}

START_TEST(one_hot)
{
	check_one_hot("i64[4]", "f32[2]", -1, "f32[4,3]", LIST(0, 0, 7, 7, 0, 0, 0, 0, 0, 0, 7, 0));
	check_one_hot("i32[4]", "i64[2]", 0, "i64[3,4]", LIST(0, 7, 0, 0, 0, 0, 0, 7, 7, 0, 0, 0));
	check_one_hot("f32[2,2]", "f16[2]", 1, "f16[2,3,2]", LIST(0, 7, 0, 0, 7, 0, 0, 0, 0, 7, 0, 0));
}
END_TEST

static void check_sum(const char *type, int64_t axis, int exclusive, int reverse, const double *y)
{
	struct op_test t = op_begin(14);
	const char *shape = arena_text(t.c, "%s[2,3]", type);
	struct value *x = op_input(&t, shape, LIST(1, 2, 3, 4, 5, 6)), *along = INTS(&t, axis);
	struct node *n;

	along->rank = 0;
	n = op_node(&t, "", "CumSum", 1, 2, op_shuffled(&t, x), along);
	set_attribute_int(t.c, n, "exclusive", exclusive);
	set_attribute_int(t.c, n, "reverse", reverse);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	op_end(&t);
}

START_TEST(cum_sum)
{
	check_sum("f32", 0, 0, 0, LIST(1, 2, 3, 5, 7, 9));
	check_sum("i32", -1, 0, 0, LIST(1, 3, 6, 4, 9, 15));
	check_sum("f64", 1, 1, 0, LIST(0, 1, 3, 0, 4, 9));
	check_sum("i64", 1, 0, 1, LIST(6, 5, 3, 15, 11, 6));
	check_sum("f16", 1, 1, 1, LIST(5, 3, 0, 11, 6, 0));
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(14);

	op_node(&t, "", "CumSum", 1, 2, op_input(&t, "f32[2]", NULL), INTS(&t, 1));
	EXPECT_ERROR(&t, "CumSum", "axis 1");
	t = op_begin(14);
	op_node(&t, "", "CumSum", 1, 2, op_input(&t, "f32[2]", NULL), op_input(&t, "i64[]", NULL));
	EXPECT_ERROR(&t, "CumSum", "axis", "depends on the model's inputs");
	t = op_begin(11);
	op_node(&t, "", "OneHot", 1, 3, op_input(&t, "i64[2]", NULL), op_constant(&t, "i64[1]", LIST(0)),
		op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "OneHot", "depth");
	t = op_begin(11);
	op_node(&t, "", "OneHot", 1, 3, op_input(&t, "i64[2]", NULL), op_constant(&t, "i64[1]", LIST(2)),
		op_input(&t, "f32[3]", NULL));
	EXPECT_ERROR(&t, "OneHot", "off and on");
	t = op_begin(11);
	op_node(&t, "", "OneHot", 1, 3, op_input(&t, "i64[2]", NULL), op_input(&t, "i64[]", NULL),
		op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "OneHot", "depth", "depends on the model's inputs");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("one_hot");
	TCase *tc = tcase_create("one_hot");

	tcase_add_test(tc, one_hot);
	tcase_add_test(tc, cum_sum);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
