/* Where elements come from: what trace_value says of every mover, of chains of them and of parts of a Concat. */
#include "trace_test.h"

START_TEST(shapes)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 3, 4);

	expect_root(&t, pass_node(&t, "Reshape", "y", 2, x, INTS(&t, 4, 1, 6)), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	expect_root(&t, along(&t, pass_node(&t, "Flatten", "y", 1, x), 2), x);
	t = pass_begin();
	x = COUNTING(&t, 1, 3, 1, 4);
	expect_root(&t, pass_node(&t, "Squeeze", "y", 2, x, INTS(&t, -2)), x);
	t = pass_begin();
	x = COUNTING(&t, 3, 4);
	struct value *y = pass_node(&t, "Unsqueeze", "y", 1, x);
	SET_INTS(&t, y->def, "axes", 1, 2);
	y->def->version = 11;
	expect_root(&t, pass_node(&t, "Identity", "same", 1, y), x);
	t = pass_begin();
	x = counting(&t, 0, (int64_t[]){ 0 });
	expect_root(&t, pass_node(&t, "Unsqueeze", "y", 2, x, INTS(&t, 0)), x);
}
END_TEST

START_TEST(transposes)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 3, 4);

	expect_root(&t, TRANSPOSED(&t, x, 2, 0, 1), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	expect_root(&t, TRANSPOSED(&t, x, -1, 1, -3), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	expect_root(&t, pass_node(&t, "Transpose", "y", 1, x), x);
	/* Heads merged with the channels are two factors, which can be taken apart again. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	struct value *merged = pass_node(&t, "Reshape", "merged", 2, TRANSPOSED(&t, x, 1, 0, 2), INTS(&t, 3, 8));
	expect_root(&t, TRANSPOSED(&t, pass_node(&t, "Reshape", "y", 2, merged, INTS(&t, 3, 2, 4)), 1, 0, 2), x);
}
END_TEST

START_TEST(slices)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 6);

	expect_root(&t, sliced(&t, x, 1, 1, INT64_MAX, 2), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 6);
	expect_root(&t, sliced(&t, x, -1, -2, INT64_MIN, -2), x);
	/* A step that is longer than any stride. */
	t = pass_begin();
	x = COUNTING(&t, 2, 6);
	expect_root(&t, sliced(&t, x, 0, 1, INT64_MIN, INT64_MIN), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 6);
	expect_root(&t, sliced(&t, x, 1, 3, 6, INT64_MAX), x);
	t = pass_begin();
	x = COUNTING(&t, 3, 4, 2);
	struct value *y = pass_node(&t, "Slice", "y", 1, x);
	SET_INTS(&t, y->def, "starts", 1, -3);
	SET_INTS(&t, y->def, "ends", 3, 3);
	SET_INTS(&t, y->def, "axes", 0, 1);
	y->def->version = 9;
	expect_root(&t, y, x);
	/* A part of merged dimensions that have no common stride cannot be said. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	struct value *merged = pass_node(&t, "Reshape", "merged", 2, TRANSPOSED(&t, x, 1, 0, 2), INTS(&t, 3, 8));
	y = sliced(&t, merged, 1, 0, 4, 1);
	expect_root(&t, y, y);
}
END_TEST

START_TEST(gathers)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 3, 4);

	expect_root(&t, along(&t, pass_node(&t, "Gather", "y", 2, x, op_constant(&t, "i64[]", LIST(-1))), 1), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	expect_root(&t, along(&t, pass_node(&t, "Gather", "y", 2, x, op_constant(&t, "i32[1,1]", LIST(2))), -1), x);
	/* Several indices, and one that is not known. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	struct value *y = along(&t, pass_node(&t, "Gather", "y", 2, x, op_constant(&t, "i64[2]", LIST(2, 0))), -1);
	expect_root(&t, y, y);
	t = pass_begin();
	x = COUNTING(&t, 2, 3, 4);
	y = pass_node(&t, "Gather", "y", 2, x, op_input(&t, "i64[]", LIST(1)));
	expect_root(&t, y, y);
}
END_TEST

START_TEST(splits)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 6);

	expect_root(&t, part_of(&t, x, -1, INTS(&t, 1, 2, 3), 2), x);
	t = pass_begin();
	x = COUNTING(&t, 7, 2);
	struct node *split = op_node(&t, "", "Split", 2, 1, x);
	set_attribute_int(t.c, split, "num_outputs", 2);
	expect_root(&t, split->out[1], x);
	t = pass_begin();
	x = COUNTING(&t, 5, 2);
	split = op_node(&t, "", "Split", 2, 1, x);
	SET_INTS(&t, split, "split", 1, 4);
	split->version = 11;
	expect_root(&t, split->out[1], x);
	/* What stands before the part is not known. */
	t = pass_begin();
	x = COUNTING(&t, 2, 6);
	struct value *y = part_of(&t, x, 1, INTS(&t, 2, 4), 1);
	y->def->out[0] = NULL;
	expect_root(&t, y, y);
}
END_TEST

START_TEST(repetitions)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 3, 1);

	expect_root(&t, pass_node(&t, "Expand", "y", 2, x, INTS(&t, 2, 1, 4)), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3);
	expect_root(&t, pass_node(&t, "Tile", "y", 2, x, INTS(&t, 2, 3)), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3);
	expect_root(&t, along(&t, pass_node(&t, "Concat", "y", 3, x, x, x), -1), x);
	/* repeat_interleave, as exporters write it. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3);
	struct value *wide = pass_node(&t, "Unsqueeze", "wide", 2, x, INTS(&t, -1));
	wide = along(&t, pass_node(&t, "Concat", "repeated", 2, wide, wide), -1);
	expect_root(&t, pass_node(&t, "Reshape", "y", 2, wide, INTS(&t, 2, 6)), x);
	/* A part of a tiled dimension, and the dimension that a part of it repeats. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3);
	struct value *tiled = pass_node(&t, "Tile", "tiled", 2, x, INTS(&t, 1, 2));
	struct value *y = pass_node(&t, "Reshape", "split", 2, tiled, INTS(&t, 2, 2, 3));
	expect_root(&t, along(&t, pass_node(&t, "Gather", "y", 2, y, op_constant(&t, "i64[]", LIST(1))), 1), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3);
	y = sliced(&t, pass_node(&t, "Tile", "tiled", 2, x, INTS(&t, 1, 2)), 1, 0, 3, 1);
	expect_root(&t, y, y);
}
END_TEST

/* ---- Concat of several values */

START_TEST(parts)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 1, 2, 3), *z = COUNTING(&t, 1, 2, 3);

	/* The first of two along a new dimension: where exporters keep cosines and sines. */
	expect_root(&t, pass_node(&t, "Gather", "y", 2, joined(&t, 0, x, z), op_constant(&t, "i64[]", LIST(0))), x);
	t = pass_begin();
	x = COUNTING(&t, 1, 2, 3), z = COUNTING(&t, 1, 2, 3);
	expect_root(&t, pass_node(&t, "Gather", "y", 2, joined(&t, -3, x, z), op_constant(&t, "i64[]", LIST(-1))), z);
	t = pass_begin();
	x = COUNTING(&t, 1, 2, 3), z = COUNTING(&t, 1, 4, 3);
	expect_root(&t, sliced(&t, joined(&t, 1, x, z), 1, 3, 6, 2), z);
	t = pass_begin();
	x = COUNTING(&t, 3, 2), z = COUNTING(&t, 4, 2);
	expect_root(&t, sliced(&t, joined(&t, 0, x, z), 0, -1, 2, -1), z);
	/* Behind an empty part. */
	t = pass_begin();
	x = COUNTING(&t, 3, 2), z = op_input(&t, "f32[0,2]", NULL);
	expect_root(&t, sliced(&t, joined(&t, 0, z, x), 0, 1, 3, 1), x);
}
END_TEST

/* Parts whose elements do not follow each other in the Concat are entered as well, but several at once are not. */
START_TEST(other_parts)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 3), *z = COUNTING(&t, 2, 3), *join = joined(&t, 1, x, z);

	expect_root(&t, sliced(&t, join, 1, 3, 6, 1), z);
	t = pass_begin();
	x = COUNTING(&t, 2, 3), z = COUNTING(&t, 2, 3);
	join = joined(&t, 1, x, z);
	expect_root(&t, sliced(&t, join, 1, 2, 4, 1), join);
	t = pass_begin();
	x = COUNTING(&t, 2, 3), z = COUNTING(&t, 2, 3);
	join = joined(&t, 0, x, z);
	expect_root(&t, sliced(&t, join, 0, 1, 3, 1), join);
	t = pass_begin();
	x = COUNTING(&t, 2, 3), z = COUNTING(&t, 2, 3);
	join = joined(&t, 0, x, z);
	expect_root(&t, join, join);
}
END_TEST

/* A part is followed further up when the two walks have common strides. */
START_TEST(parts_of_movers)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 3), *z = COUNTING(&t, 3, 2), *turned = TRANSPOSED(&t, x, 1, 0);

	expect_root(&t, sliced(&t, joined(&t, 0, z, turned), 0, 3, 6, 1), x);
	t = pass_begin();
	x = COUNTING(&t, 2, 3), z = COUNTING(&t, 3, 2), turned = TRANSPOSED(&t, x, 1, 0);
	expect_root(&t, sliced(&t, joined(&t, 0, z, turned), 0, 4, 6, 1), x);
	/* Half of a half. */
	t = pass_begin();
	x = COUNTING(&t, 4, 2), z = COUNTING(&t, 3, 2);
	expect_root(&t, sliced(&t, joined(&t, 0, z, sliced(&t, x, 0, 2, 4, 1)), 0, 4, 5, 1), x);
	/* A part that is a Concat itself. */
	t = pass_begin();
	x = COUNTING(&t, 2, 3), z = COUNTING(&t, 2, 3);
	struct value *inner = sliced(&t, joined(&t, 0, z, x), 0, 2, 4, 1);
	expect_root(&t, sliced(&t, joined(&t, 0, inner, z), 0, 0, 2, 1), x);
}
END_TEST

/* ---- limits */

START_TEST(other_operators)
{
	struct op_test t = pass_begin();
	struct value *y = pass_node(&t, "Neg", "negated", 1, COUNTING(&t, 2, 3));

	expect_root(&t, TRANSPOSED(&t, y, 1, 0), y);
	t = pass_begin();
	y = sliced(&t, COUNTING(&t, 2, 3), 0, 1, 1, 1);
	expect_root(&t, y, y);
}
END_TEST

/* Eight dimensions of two, reversed and each tiled, are 16 factors; one more does not fit. */
START_TEST(most_factors)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 2, 2, 2, 2, 2, 2, 2);
	struct value *tiled =
		pass_node(&t, "Tile", "tiled", 2, TRANSPOSED(&t, x, 7, 6, 5, 4, 3, 2, 1, 0), INTS(&t, 2, 2, 2, 2, 2, 2, 2, 2));
	struct value *column = pass_node(&t, "Reshape", "column", 2, tiled, INTS(&t, 65536, 1));

	ck_assert(check_trace(&t, column) == x);
	struct value *y = pass_node(&t, "Expand", "y", 2, column, INTS(&t, 65536, 2));
	expect_root(&t, y, y);
}
END_TEST

/* Chains of any length end, also where every link could be followed in two ways. */
START_TEST(long_chains)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 2), *y = x;

	for (int i = 0; i < 100; i++)
		y = sliced(&t, joined(&t, 0, y, TRANSPOSED(&t, y, 1, 0)), 0, 2, 4, 1);
	pass_output(&t, y);
	pass_infer(&t);
	ck_assert(trace_value(t.c, y).root != NULL);
	op_end(&t);
	t = pass_begin();
	y = x = COUNTING(&t, 2, 2);
	for (int i = 0; i < 50; i++)
		y = TRANSPOSED(&t, y, 1, 0);
	expect_root(&t, y, x);
}
END_TEST

/* ---- traces by themselves */

START_TEST(comparisons)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 6), *z = COUNTING(&t, 2, 6);
	const struct trace all = trace_value(t.c, x), other = trace_value(t.c, z);
	struct trace even = all, odd = all, shaped = all, back = all;

	ck_assert(trace_equal(&all, &all) && !trace_equal(&all, &other));
	ck_assert(trace_slice(&even, 1, 0, 2, 3) && trace_slice(&odd, 1, 1, 2, 3) && !trace_equal(&even, &odd));
	ck_assert(trace_reshape(&shaped, 3, (int64_t[]){ 2, 3, 2 }) && !trace_equal(&all, &shaped));
	ck_assert(trace_slice(&shaped, 2, 0, 1, 1) && !trace_equal(&even, &shaped));
	ck_assert(!trace_drop(&shaped, 1) && trace_drop(&shaped, 2) && trace_equal(&even, &shaped));
	ck_assert(trace_slice(&back, 1, 5, -1, 6) && !trace_equal(&all, &back));
	ck_assert(trace_slice(&back, 1, 5, -1, 6) && trace_equal(&all, &back));
	op_end(&t);
}
END_TEST

START_TEST(refusals)
{
	struct op_test t = pass_begin();
	struct value *x = COUNTING(&t, 2, 6), *row = COUNTING(&t, 12);
	struct trace rows = trace_value(t.c, x), columns, wide = rows, list = trace_value(t.c, row);

	ck_assert(trace_slice(&rows, 1, 0, 1, 4));
	columns = rows;
	/* Eight elements in two rows of four. */
	ck_assert(!trace_reshape(&columns, 1, (int64_t[]){ 9 }) && !trace_reshape(&columns, 2, (int64_t[]){ 8, 2 }));
	ck_assert(!trace_reshape(&columns, 1, (int64_t[]){ 0 }) && !trace_reshape(&columns, 0, NULL));
	ck_assert(trace_equal(&rows, &columns) && trace_reshape(&columns, 1, (int64_t[]){ 8 }));
	ck_assert(!trace_slice(&columns, 0, 0, 1, 7) && !trace_slice(&columns, 0, 0, 1, 0));
	ck_assert(!trace_broadcast(&wide, 1, (int64_t[]){ 6 }) && !trace_broadcast(&wide, 2, (int64_t[]){ 2, 12 }));
	ck_assert(trace_broadcast(&wide, 3, (int64_t[]){ 4, 2, 6 }) && trace_drop(&wide, 0));
	/* A part of x, when x itself is a list seen by columns of four: the second row begins in the middle of one. */
	ck_assert(trace_reshape(&list, 2, (int64_t[]){ 4, 3 }) && trace_permute(&list, (int[]){ 1, 0 }));
	ck_assert(!trace_through(&rows, &list) && rows.root == x);
	/* Three rows of four would do. */
	rows = trace_value(t.c, x);
	ck_assert(trace_reshape(&rows, 2, (int64_t[]){ 3, 4 }) && trace_slice(&rows, 1, 1, 1, 2));
	ck_assert(trace_through(&rows, &list) && rows.root == row && rows.offset == 3);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("trace");
	TCase *c = tcase_create("trace");

	tcase_add_test(c, shapes);
	tcase_add_test(c, transposes);
	tcase_add_test(c, slices);
	tcase_add_test(c, gathers);
	tcase_add_test(c, splits);
	tcase_add_test(c, repetitions);
	tcase_add_test(c, parts);
	tcase_add_test(c, other_parts);
	tcase_add_test(c, parts_of_movers);
	tcase_add_test(c, other_operators);
	tcase_add_test(c, most_factors);
	tcase_add_test(c, long_chains);
	tcase_add_test(c, comparisons);
	tcase_add_test(c, refusals);
	suite_add_tcase(s, c);
	return s;
}
