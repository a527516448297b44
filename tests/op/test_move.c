/* Operators that only move elements: Transpose, Slice, Split, Expand, pixel shuffles, Gather by steps. Most of them
 * must not cost a call of their own. */
#include "op_test.h"

static const double six[] = { 1, 2, 3, 4, 5, 6 };

START_TEST(transpose)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,2,3]", six);
	struct node *n = op_node(&t, "", "Transpose", 1, 1, x);

	SET_INTS(&t, n, "perm", 2, 0, 1);
	op_output(&t, n);
	op_output(&t, op_node(&t, "", "Transpose", 1, 1, x));
	op_run(&t);
	op_expect(&t, 0, "f32[3,1,2]", 0, LIST(1, 4, 2, 5, 3, 6));
	op_expect(&t, 1, "f32[3,2,1]", 0, LIST(1, 4, 2, 5, 3, 6));
	op_end(&t);
	t = op_begin(20);
	n = op_node(&t, "", "Transpose", 1, 1, op_input(&t, "f32[2,3]", NULL));
	SET_INTS(&t, n, "perm", 1, 1);
	EXPECT_ERROR(&t, "Transpose", "axis 1 twice");
	t = op_begin(20);
	n = op_node(&t, "", "Transpose", 1, 1, op_input(&t, "f32[2,3]", NULL));
	SET_INTS(&t, n, "perm", 0, 1, 2);
	EXPECT_ERROR(&t, "Transpose", "3 elements", "f32[2,3]");
}
END_TEST

static void check_slice(int64_t start, int64_t end, int64_t step, const char *shape, const double *y)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "i32[6]", six);

	op_output(&t, op_node(&t, "", "Slice", 1, 5, x, INTS(&t, start), INTS(&t, end), NULL, INTS(&t, step)));
	op_run(&t);
	op_expect(&t, 0, shape, 0, y);
	op_end(&t);
}

START_TEST(slice)
{
	check_slice(1, 4, 1, "i32[3]", LIST(2, 3, 4));
	check_slice(-2, INT64_MAX, 1, "i32[2]", LIST(5, 6));
	check_slice(0, 6, 4, "i32[2]", LIST(1, 5));
	check_slice(5, 0, -2, "i32[3]", LIST(6, 4, 2));
	check_slice(INT64_MAX, INT64_MIN, -1, "i32[6]", LIST(6, 5, 4, 3, 2, 1));
	check_slice(-1, -100, -5, "i32[2]", LIST(6, 1));
	check_slice(4, 2, 1, "i32[0]", NULL);
	check_slice(0, 6, INT64_MAX, "i32[1]", LIST(1));
	check_slice(5, INT64_MIN, INT64_MIN, "i32[1]", LIST(6));
	check_slice(INT64_MIN, 2, 1, "i32[2]", LIST(1, 2));
}
END_TEST

START_TEST(slice_forms)
{
	struct op_test t = op_begin(9);
	struct node *n = op_node(&t, "", "Slice", 1, 1, op_input(&t, "f32[2,3]", six));

	SET_INTS(&t, n, "axes", -1);
	SET_INTS(&t, n, "starts", 1);
	SET_INTS(&t, n, "ends", 3);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2]", 0, LIST(2, 3, 5, 6));
	op_end(&t);
	t = op_begin(13);
	op_node(&t, "", "Slice", 1, 5, op_input(&t, "f32[6]", NULL), INTS(&t, 0), INTS(&t, 1), INTS(&t, 0), INTS(&t, 0));
	EXPECT_ERROR(&t, "Slice", "step", "0");
	t = op_begin(13);
	op_node(&t, "", "Slice", 1, 3, op_input(&t, "f32[6]", NULL), INTS(&t, 0, 0), INTS(&t, 1));
	EXPECT_ERROR(&t, "Slice", "2 starts, 1 ends");
}
END_TEST

START_TEST(split)
{
	struct op_test t = op_begin(18);
	struct value *x = op_input(&t, "f32[1,6]", six);
	struct node *even = op_node(&t, "", "Split", 4, 1, x), *given = op_node(&t, "", "Split", 2, 2, x, INTS(&t, 6, 0));

	set_attribute_int(t.c, even, "axis", 1);
	set_attribute_int(t.c, even, "num_outputs", 4);
	set_attribute_int(t.c, given, "axis", -1);
	op_output(&t, even);
	op_output(&t, given);
	op_run(&t);
	op_expect(&t, 0, "f32[1,2]", 0, LIST(1, 2));
	op_expect(&t, 2, "f32[1,2]", 0, LIST(5, 6));
	op_expect(&t, 3, "f32[1,0]", 0, NULL);
	op_expect(&t, 4, "f32[1,6]", 0, six);
	op_expect(&t, 5, "f32[1,0]", 0, NULL);
	op_end(&t);
	t = op_begin(11);
	struct node *n = op_node(&t, "", "Split", 2, 1, op_input(&t, "f32[3]", six));
	SET_INTS(&t, n, "split", 1, 2);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 1, "f32[2]", 0, LIST(2, 3));
	op_end(&t);
}
END_TEST

START_TEST(split_errors)
{
	struct op_test t = op_begin(18);

	op_node(&t, "", "Split", 2, 2, op_input(&t, "f32[3]", NULL), INTS(&t, 1, 1));
	EXPECT_ERROR(&t, "Split", "leave 1", "f32[3]");
	t = op_begin(18);
	op_node(&t, "", "Split", 2, 2, op_input(&t, "f32[3]", NULL), INTS(&t, 5, -2));
	EXPECT_ERROR(&t, "Split", "do not fit", "f32[3]");
	t = op_begin(18);
	op_node(&t, "", "Split", 2, 2, op_input(&t, "f32[3]", NULL), INTS(&t, 3));
	EXPECT_ERROR(&t, "2 outputs", "1");
}
END_TEST

START_TEST(expand)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[3,1]", LIST(1, 2, 3));

	op_output(&t, op_node(&t, "", "Expand", 1, 2, x, INTS(&t, 2, 1, 2)));
	op_run(&t);
	op_expect(&t, 0, "f32[2,3,2]", 0, LIST(1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3));
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "", "Expand", 1, 2, op_input(&t, "f32[3]", NULL), INTS(&t, 2));
	EXPECT_ERROR(&t, "Expand", "[3]", "[2]");
	t = op_begin(20);
	op_node(&t, "", "Expand", 1, 2, op_input(&t, "f32[1]", NULL), INTS(&t, INT64_MAX, INT64_MAX));
	EXPECT_ERROR(&t, "Expand", "elements");
}
END_TEST

/* Depth c of block (i, j) goes to pixel (i, j) of the block, in both orders of the channels. */
static void check_depth_to_space(const char *mode)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,8,2,3]", NULL);
	struct node *n = op_node(&t, "", "DepthToSpace", 1, 1, x);
	double y[96];

	set_attribute_int(t.c, n, "blocksize", 2);
	set_attribute_string(t.c, n, "mode", mode);
	struct node *back = op_node(&t, "", "SpaceToDepth", 1, 1, n->out[0]);
	set_attribute_int(t.c, back, "blocksize", 2);
	op_output(&t, n);
	op_output(&t, back);
	op_run(&t);
	for (int i = 0, at = 0; i < 2; i++)
		for (int c = 0; c < 2; c++)
			for (int row = 0; row < 4; row++)
				for (int column = 0; column < 6; column++) {
					int inside = row % 2 * 2 + column % 2, depth = *mode == 'D' ? inside * 2 + c : c * 4 + inside;
					y[at++] = op_at(&t, x, ((i * 8 + depth) * 2 + row / 2) * 3 + column / 2);
				}
	op_expect(&t, 0, "f32[2,2,4,6]", 0, y);
	for (int i = 0; i < 96 && *mode == 'D'; i++)
		ck_assert(op_result(&t, 1, i) == op_at(&t, x, i));
	op_end(&t);
}

START_TEST(pixel_shuffles)
{
	check_depth_to_space("DCR");
	check_depth_to_space("CRD");
	struct op_test t = op_begin(20);
	set_attribute_int(t.c, op_node(&t, "", "DepthToSpace", 1, 1, op_input(&t, "f32[1,6,2,2]", NULL)), "blocksize", 2);
	EXPECT_ERROR(&t, "DepthToSpace", "6 channels", "f32[1,6,2,2]");
	t = op_begin(20);
	op_node(&t, "", "SpaceToDepth", 1, 1, op_input(&t, "f32[1,6,2,2]", NULL));
	EXPECT_ERROR(&t, "blocksize is 0");
}
END_TEST

START_TEST(gather)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six), *indices = op_input(&t, "i64[2,2]", LIST(0, -1, 1, 0));
	struct node *n = op_node(&t, "", "Gather", 1, 2, x, indices);
	struct node *one = op_node(&t, "", "Gather", 1, 2, x, op_constant(&t, "i64[]", LIST(-1)));
	struct node *steps = op_node(&t, "", "Gather", 1, 2, op_shuffled(&t, x), op_constant(&t, "i32[2]", LIST(2, 0)));

	set_attribute_int(t.c, n, "axis", 1);
	set_attribute_int(t.c, steps, "axis", -1);
	op_output(&t, n);
	op_output(&t, one);
	op_output(&t, steps);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2,2]", 0, LIST(1, 3, 2, 1, 4, 6, 5, 4));
	op_expect(&t, 1, "f32[3]", 0, LIST(4, 5, 6));
	op_expect(&t, 2, "f32[2,2]", 0, LIST(3, 1, 6, 4));
	ck_assert_int_eq(op_calls(&t, "gather"), 1);
	op_end(&t);
}
END_TEST

START_TEST(gather_elements)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six), *indices = op_input(&t, "i64[2,2]", LIST(0, -1, 1, 1));
	struct node *n = op_node(&t, "", "GatherElements", 1, 2, op_shuffled(&t, x), indices);

	set_attribute_int(t.c, n, "axis", 1);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2]", 0, LIST(1, 3, 5, 5));
	op_end(&t);
}
END_TEST

START_TEST(gather_errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "Gather", 1, 2, op_input(&t, "f32[2,3]", NULL), op_constant(&t, "i64[1]", LIST(2)));
	EXPECT_ERROR(&t, "Gather", "index 2", "axis 0", "f32[2,3]");
	t = op_begin(20);
	op_node(&t, "", "Gather", 1, 2, op_input(&t, "f32[0,3]", NULL), op_input(&t, "i64[1]", NULL));
	EXPECT_ERROR(&t, "Gather", "no elements", "f32[0,3]");
	t = op_begin(20);
	op_node(&t, "", "Gather", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[1]", NULL));
	EXPECT_ERROR(&t, "Gather", "f32[1]", "i64 i32");
	t = op_begin(20);
	op_node(&t, "", "GatherElements", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "i64[2,4]", NULL));
	EXPECT_ERROR(&t, "GatherElements", "i64[2,4]", "f32[2,3]");
}
END_TEST

static struct node *view_node(struct op_test *t, struct value *x, int rank, const int64_t *dim, const int64_t *stride)
{
	struct node *n = op_node(t, "gluec", "View", 1, 1, x);

	op_set_ints(t, n, "shape", rank, dim);
	op_set_ints(t, n, "strides", rank, stride);
	return n;
}

/* Rows backwards, a repeated column, and a single element. */
START_TEST(views)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six);
	struct node *n = view_node(&t, op_shuffled(&t, x), 3, (int64_t[]){ 2, 2, 2 }, (int64_t[]){ -3, 0, 2 });
	struct node *one = view_node(&t, x, 0, (int64_t[]){ 0 }, (int64_t[]){ 0 });

	set_attribute_int(t.c, n, "offset", 3);
	set_attribute_int(t.c, one, "offset", 5);
	op_output(&t, n);
	op_output(&t, one);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2,2]", 0, LIST(4, 6, 4, 6, 1, 3, 1, 3));
	op_expect(&t, 1, "f32[]", 0, LIST(6));
	op_end(&t);
}
END_TEST

static void refuse_view(int rank, const int64_t *dim, const int64_t *stride, int64_t offset, const char *word)
{
	struct op_test t = op_begin(20);
	struct node *n = view_node(&t, op_input(&t, "f32[2,3]", NULL), rank, dim, stride);

	set_attribute_int(t.c, n, "offset", offset);
	EXPECT_ERROR(&t, "View", word);
}

START_TEST(view_errors)
{
	const int64_t huge = MAX_ELEMENTS;

	refuse_view(1, (int64_t[]){ 6 }, (int64_t[]){ 1 }, 1, "elements 1 to 6 are not inside f32[2,3]");
	refuse_view(1, (int64_t[]){ 4 }, (int64_t[]){ -2 }, 5, "elements -1 to 5");
	refuse_view(1, (int64_t[]){ 1 }, (int64_t[]){ 1 }, -1, "elements -1");
	refuse_view(1, (int64_t[]){ 1 }, (int64_t[]){ 1 }, INT64_MAX, "not inside");
	refuse_view(1, (int64_t[]){ 0 }, (int64_t[]){ 1 }, 0, "dimension 0 has 0 elements");
	refuse_view(1, (int64_t[]){ 1 }, (int64_t[]){ INT64_MIN }, 0, "distance -9223372036854775808");
	refuse_view(2, (int64_t[]){ huge, huge }, (int64_t[]){ 0, 0 }, 0, "elements");
	refuse_view(4, (int64_t[]){ huge, huge, huge, huge }, (int64_t[]){ huge, huge, huge, huge }, 0, "not inside");
	struct op_test t = op_begin(20);
	struct node *n = view_node(&t, op_input(&t, "f32[2,3]", NULL), 2, (int64_t[]){ 2, 3 }, (int64_t[]){ 3, 1 });
	SET_INTS(&t, n, "strides", 1);
	EXPECT_ERROR(&t, "View", "lists of one length");
}
END_TEST

START_TEST(triangles)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", six);
	struct node *lower = op_node(&t, "", "Trilu", 1, 2, x, op_constant(&t, "i64[]", LIST(-1)));

	set_attribute_int(t.c, lower, "upper", 0);
	op_output(&t, op_node(&t, "", "Trilu", 1, 1, x));
	op_output(&t, lower);
	op_run(&t);
	op_expect(&t, 0, "f32[2,3]", 0, LIST(1, 2, 3, 0, 5, 6));
	op_expect(&t, 1, "f32[2,3]", 0, LIST(0, 0, 0, 4, 0, 0));
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "", "Trilu", 1, 1, op_input(&t, "f32[3]", NULL));
	EXPECT_ERROR(&t, "Trilu", "f32[3]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("move");
	TCase *tc = tcase_create("move");

	tcase_add_test(tc, transpose);
	tcase_add_test(tc, slice);
	tcase_add_test(tc, slice_forms);
	tcase_add_test(tc, split);
	tcase_add_test(tc, split_errors);
	tcase_add_test(tc, expand);
	tcase_add_test(tc, pixel_shuffles);
	tcase_add_test(tc, gather);
	tcase_add_test(tc, gather_elements);
	tcase_add_test(tc, gather_errors);
	tcase_add_test(tc, views);
	tcase_add_test(tc, view_errors);
	tcase_add_test(tc, triangles);
	suite_add_tcase(s, tc);
	return s;
}
