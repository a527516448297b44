/* Concat, Pad and Tile. */
#include "op_test.h"
#include <string.h>

static const double six[] = { 1, 2, 3, 4, 5, 6 };

START_TEST(concat)
{
	struct op_test t = op_begin(20);
	struct value *a = op_input(&t, "f32[2,3]", six), *b = op_input(&t, "f32[2,1]", LIST(7, 8));
	struct value *none = op_input(&t, "f32[2,0]", NULL);
	struct node *n = op_node(&t, "", "Concat", 1, 4, op_shuffled(&t, a), none, b, a);

	set_attribute_int(t.c, n, "axis", -1);
	struct node *same = op_node(&t, "", "Concat", 1, 1, a);
	set_attribute_int(t.c, same, "axis", 0);
	op_output(&t, n);
	op_output(&t, same);
	op_run(&t);
	op_expect(&t, 0, "f32[2,7]", 0, LIST(1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5, 6));
	op_expect(&t, 1, "f32[2,3]", 0, six);
	op_end(&t);
}
END_TEST

START_TEST(concat_errors)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", "Concat", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[3,3]", NULL));

	set_attribute_int(t.c, n, "axis", 1);
	EXPECT_ERROR(&t, "Concat", "f32[3,3]", "f32[2,3]", "axis 1");
	t = op_begin(20);
	op_node(&t, "", "Concat", 1, 1, op_input(&t, "f32[2,3]", NULL));
	EXPECT_ERROR(&t, "'axis' is missing");
	t = op_begin(20);
	n = op_node(&t, "", "Concat", 1, 2, op_input(&t, "f32[2]", NULL), op_input(&t, "i64[2]", NULL));
	set_attribute_int(t.c, n, "axis", 0);
	EXPECT_ERROR(&t, "Concat", "f32[2]", "i64[2]");
}
END_TEST

/* A row 1 2 3 padded by two in front and behind, less than nothing included. */
static void check_pad(const char *mode, int64_t before, int64_t after, const char *shape, const double *y)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six), *nine = op_constant(&t, "f32[]", LIST(9));
	struct node *n = op_node(&t, "", "Pad", 1, 4, x, INTS(&t, before, after), nine, INTS(&t, -1));

	set_attribute_string(t.c, n, "mode", mode);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	op_end(&t);
}

START_TEST(pad)
{
	check_pad("constant", 1, 2, "f32[2,6]", LIST(9, 1, 2, 3, 9, 9, 9, 4, 5, 6, 9, 9));
	check_pad("constant", -1, 1, "f32[2,3]", LIST(2, 3, 9, 5, 6, 9));
	check_pad("constant", -1, -1, "f32[2,1]", LIST(2, 5));
	check_pad("constant", -3, 1, "f32[2,1]", LIST(9, 9));
	check_pad("constant", -5, 6, "f32[2,4]", LIST(9, 9, 9, 9, 9, 9, 9, 9));
	check_pad("edge", 2, 1, "f32[2,6]", LIST(1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6));
	check_pad("reflect", 2, 1, "f32[2,6]", LIST(3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5));
	check_pad("wrap", 2, -1, "f32[2,4]", LIST(2, 3, 1, 2, 5, 6, 4, 5));
}
END_TEST

START_TEST(pad_forms)
{
	struct op_test t = op_begin(10);
	struct node *n = op_node(&t, "", "Pad", 1, 1, op_input(&t, "f32[1,2]", LIST(1, 2)));

	SET_INTS(&t, n, "pads", 1, 0, 0, 1);
	set_attribute_float(t.c, n, "value", 0.5);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[2,3]", 0, LIST(0.5, 0.5, 0.5, 1, 2, 0.5));
	op_end(&t);
	/* A value that is known only while the model runs, and one of 64 bits. */
	t = op_begin(13);
	struct value *value = op_input(&t, "i64[1]", LIST(1LL << 40));
	op_output(&t, op_node(&t, "", "Pad", 1, 3, op_input(&t, "i64[1]", LIST(1)), INTS(&t, 1, 1), value));
	struct value *huge = op_constant(&t, "i64[]", LIST(1LL << 40));
	op_output(&t, op_node(&t, "", "Pad", 1, 3, op_input(&t, "i64[0]", NULL), INTS(&t, 1, 1), huge));
	op_run(&t);
	op_expect(&t, 0, "i64[3]", 0, LIST(1LL << 40, 1, 1LL << 40));
	op_expect(&t, 1, "i64[2]", 0, LIST(1LL << 40, 1LL << 40));
	op_end(&t);
}
END_TEST

static void refuse_pad(const char *shape, int64_t before, int64_t after, const char *mode, const char *word)
{
	struct op_test t = op_begin(13);
	struct node *n = op_node(&t, "", "Pad", 1, 2, op_input(&t, shape, NULL), INTS(&t, before, after));

	set_attribute_string(t.c, n, "mode", mode);
	EXPECT_ERROR(&t, "Pad", word);
}

START_TEST(pad_errors)
{
	refuse_pad("f32[3]", -2, -2, "constant", "f32[3]");
	refuse_pad("f32[3]", INT64_MAX, 0, "constant", "a pad is");
	refuse_pad("f32[3]", INT32_MAX, INT32_MAX, "constant", "elements");
	refuse_pad("f32[3,1]", 1, 1, "constant", "f32[3,1]");
	refuse_pad("f32[0]", 1, 1, "edge", "f32[0]");
	refuse_pad("f32[3]", 1, 1, "mirror", "mirror");
}
END_TEST

START_TEST(tile)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,1,2]", LIST(1, 2, 3, 4));

	op_output(&t, op_node(&t, "", "Tile", 1, 2, op_shuffled(&t, x), INTS(&t, 1, 2, 2)));
	op_output(&t, op_node(&t, "", "Tile", 1, 2, x, INTS(&t, 1, 0, 2)));
	op_run(&t);
	op_expect(&t, 0, "f32[2,2,4]", 0, LIST(1, 2, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 3, 4));
	op_expect(&t, 1, "f32[2,0,4]", 0, NULL);
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "", "Tile", 1, 2, op_input(&t, "f32[2,2]", NULL), INTS(&t, 2));
	EXPECT_ERROR(&t, "Tile", "1 repeats", "f32[2,2]");
	t = op_begin(20);
	op_node(&t, "", "Tile", 1, 2, op_input(&t, "f32[2]", NULL), INTS(&t, -1));
	EXPECT_ERROR(&t, "Tile", "repeat is -1");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("join");
	TCase *tc = tcase_create("join");

	tcase_add_test(tc, concat);
	tcase_add_test(tc, concat_errors);
	tcase_add_test(tc, pad);
	tcase_add_test(tc, pad_forms);
	tcase_add_test(tc, pad_errors);
	tcase_add_test(tc, tile);
	suite_add_tcase(s, tc);
	return s;
}
