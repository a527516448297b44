/* ScatterND, ScatterElements and GatherND, as their definitions have it. */
#include "op_test.h"

static void set_reduction(struct op_test *t, struct node *n, const char *reduction)
{
	if (reduction)
		set_attribute_string(t->c, n, "reduction", reduction);
}

/* Rows 3 and 0 of a [4,2] of ones to eight meet the rows 10, 20 and 30, 40; then row 3 again meets 1, 1. */
static void check_rows(const char *type, const char *reduction, bool constant, const double *y)
{
	struct op_test t = op_begin(18);
	const char *shape = arena_text(t.c, "%s[4,2]", type), *rows = arena_text(t.c, "%s[3,2]", type);
	struct value *x = op_input(&t, shape, LIST(1, 2, 3, 4, 5, 6, 7, 8));
	struct value *index = (constant ? op_constant : op_input)(&t, "i64[3,1]", LIST(3, -4, 3));
	struct value *update = op_input(&t, rows, LIST(10, 20, 30, 40, 1, 1));
	struct node *n = op_node(&t, "", "ScatterND", 1, 3, op_shuffled(&t, x), index, update);

	set_reduction(&t, n, reduction);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	op_end(&t);
}

START_TEST(scatter_rows)
{
	check_rows("f32", NULL, true, LIST(30, 40, 3, 4, 5, 6, 1, 1));
	check_rows("f16", "none", false, LIST(30, 40, 3, 4, 5, 6, 1, 1));
	check_rows("i64", "add", true, LIST(31, 42, 3, 4, 5, 6, 18, 29));
	check_rows("bf16", "mul", false, LIST(30, 80, 3, 4, 5, 6, 70, 160));
	check_rows("f64", "min", false, LIST(1, 2, 3, 4, 5, 6, 1, 1));
	check_rows("u8", "max", true, LIST(30, 40, 3, 4, 5, 6, 10, 20));
}
END_TEST

/* Single elements by whole tuples; the border of a mask, as exporters write it; all of it constant. */
START_TEST(scatter_elements_of_a_matrix)
{
	struct op_test t = op_begin(16);
	struct value *x = op_input(&t, "bool[2,3]", LIST(1, 1, 1, 1, 1, 1));
	struct value *tuples = op_constant(&t, "i64[2,2]", LIST(0, 2, -1, -3)),
				 *no = op_constant(&t, "bool[2]", LIST(0, 0));
	struct value *numbers = op_constant(&t, "i32[3]", LIST(7, 8, 9)), *one = op_constant(&t, "i32[1]", LIST(5));
	struct node *folded = op_node(&t, "", "ScatterND", 1, 3, numbers, op_constant(&t, "i64[1,1]", LIST(1)), one);

	op_output(&t, op_node(&t, "", "ScatterND", 1, 3, x, tuples, no));
	op_output(&t, folded);
	op_run(&t);
	op_expect(&t, 0, "bool[2,3]", 0, LIST(1, 1, 0, 0, 1, 1));
	op_expect(&t, 1, "i32[3]", 0, LIST(7, 5, 9));
	op_end(&t);
}
END_TEST

static void check_elements(
	const char *operator, int64_t axis, const char *reduction, const double *index, const char *shape, const double *y)
{
	struct op_test t = op_begin(18);
	struct value *x = op_input(&t, "f32[2,3]", LIST(1, 2, 3, 4, 5, 6));
	struct value *at = op_input(&t, arena_text(t.c, "i32%s", shape), index);
	struct value *update = op_input(&t, arena_text(t.c, "f32%s", shape), LIST(10, 20, 30, 40));
	struct node *n = op_node(&t, "", operator, 1, 3, op_shuffled(&t, x), at, update);

	set_attribute_int(t.c, n, "axis", axis);
	set_reduction(&t, n, reduction);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[2,3]", 0, y);
	op_end(&t);
}

START_TEST(scatter_elements)
{
	check_elements("ScatterElements", 0, NULL, LIST(1, 0, 0, 1), "[2,2]", LIST(30, 20, 3, 10, 40, 6));
	check_elements("ScatterElements", -1, "add", LIST(2, 2, -1, 0), "[2,2]", LIST(1, 2, 33, 44, 5, 36));
	check_elements("ScatterElements", 1, "mul", LIST(0, 0, 0, 1), "[1,4]", LIST(6000, 80, 3, 4, 5, 6));
	check_elements("ScatterElements", 1, "max", LIST(0, 0, 0, 1), "[1,4]", LIST(30, 40, 3, 4, 5, 6));
	check_elements("Scatter", 0, NULL, LIST(1, 1), "[1,2]", LIST(1, 2, 3, 10, 20, 6));
	/* Outside: not written. */
	check_elements("ScatterElements", 1, NULL, LIST(3, -4, 100, -100), "[1,4]", LIST(1, 2, 3, 4, 5, 6));
}
END_TEST

static void check_gather(const char *index, const double *at, int64_t batch, const char *shape, const double *y)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "u16[2,2,3]", LIST(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
	struct node *n = op_node(&t, "", "GatherND", 1, 2, op_shuffled(&t, x), op_input(&t, index, at));

	set_attribute_int(t.c, n, "batch_dims", batch);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	op_end(&t);
}

START_TEST(gather_tuples)
{
	check_gather("i64[2,3]", LIST(0, 0, 0, 1, 1, -1), 0, "u16[2]", LIST(0, 11));
	check_gather("i32[1,2,1]", LIST(-1, 0), 0, "u16[1,2,2,3]", LIST(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5));
	check_gather("i64[2,1]", LIST(1, 0), 1, "u16[2,3]", LIST(3, 4, 5, 6, 7, 8));
	check_gather("i64[2,2,1]", LIST(0, 1, 2, -1), 2, "u16[2,2]", LIST(0, 4, 8, 11));
	check_gather("i64[2,2]", LIST(0, 1, 9, -9), 0, "u16[2,3]", LIST(3, 4, 5, 6, 7, 8));
}
END_TEST

static void refuse(const char *operator, const char * x, const char *index, const char *update, const char *words)
{
	struct op_test t = op_begin(18);

	if (update)
		op_node(&t, "", operator, 1, 3, op_input(&t, x, NULL), op_input(&t, index, NULL), op_input(&t, update, NULL));
	else
		op_node(&t, "", operator, 1, 2, op_input(&t, x, NULL), op_input(&t, index, NULL));
	EXPECT_ERROR(&t, operator, words);
}

START_TEST(errors)
{
	struct op_test t = op_begin(18);
	struct value *x = op_input(&t, "f32[2]", NULL), *far = op_constant(&t, "i64[1,1]", LIST(2));
	struct node *n;

	op_node(&t, "", "ScatterND", 1, 3, x, far, op_input(&t, "f32[1]", NULL));
	EXPECT_ERROR(&t, "ScatterND", "index 2 is outside axis 0");
	t = op_begin(18);
	x = op_input(&t, "bool[2]", NULL);
	n = op_node(&t, "", "ScatterND", 1, 3, x, op_input(&t, "i64[1,1]", NULL), op_input(&t, "bool[1]", NULL));
	set_attribute_string(t.c, n, "reduction", "add");
	EXPECT_ERROR(&t, "ScatterND", "bool");
	t = op_begin(18);
	x = op_input(&t, "f32[2]", NULL);
	n = op_node(&t, "", "ScatterND", 1, 3, x, op_input(&t, "i64[1,1]", NULL), op_input(&t, "f32[1]", NULL));
	set_attribute_string(t.c, n, "reduction", "mean");
	EXPECT_ERROR(&t, "ScatterND", "'mean'");
	refuse("ScatterND", "f32[2]", "i64[1,2]", "f32[1]", "no coordinates");
	refuse("ScatterND", "f32[2,3]", "i64[1,1]", "f32[1,2]", "do not fit");
	refuse("ScatterND", "f32[2,3]", "i64[1,1]", "f64[1,3]", "different types");
	refuse("ScatterElements", "f32[2,3]", "i64[2,3]", "f32[2,2]", "do not fit");
	refuse("ScatterElements", "f32[2,3]", "i64[1,4]", "f32[1,4]", "do not fit");
	refuse("GatherND", "f32[2,3]", "i64[1,3]", NULL, "do not fit");
	refuse("GatherND", "f32[0,3]", "i64[1,1]", NULL, "no elements to gather");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("scatter");
	TCase *tc = tcase_create("scatter");

	tcase_add_test(tc, scatter_rows);
	tcase_add_test(tc, scatter_elements_of_a_matrix);
	tcase_add_test(tc, scatter_elements);
	tcase_add_test(tc, gather_tuples);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
