/* MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv. */
#include "op_test.h"

/* Element (i, j) of a matrix of `columns`. */
static double matrix(const struct op_test *t, const struct value *v, int columns, int i, int j)
{
	return op_at(t, v, i * columns + j);
}

START_TEST(matmul)
{
	struct op_test t = op_begin(10);
	struct value *a = op_input(&t, "u8[2,3]", LIST(11, 7, 3, 10, 255, 2));
	struct value *b = op_input(&t, "i8[3,2]", LIST(1, -4, 2, 5, 127, -128));
	struct value *a_zero = op_input(&t, "u8[2]", LIST(12, 3)), *b_zero = op_constant(&t, "i8[2]", LIST(0, -1));
	double y[4];

	op_output(&t, op_node(&t, "", "MatMulInteger", 1, 4, op_shuffled(&t, a), b, a_zero, b_zero));
	op_output(&t, op_node(&t, "", "MatMulInteger", 1, 2, a, b));
	op_run(&t);
	for (int with = 1; with >= 0; with--) {
		for (int i = 0; i < 2; i++)
			for (int j = 0; j < 2; j++) {
				y[2 * i + j] = 0;
				for (int k = 0; k < 3; k++)
					y[2 * i + j] += (matrix(&t, a, 3, i, k) - with * op_at(&t, a_zero, i)) *
									(matrix(&t, b, 2, k, j) - with * op_at(&t, b_zero, j));
			}
		op_expect(&t, !with, "i32[2,2]", 0, y);
	}
	op_end(&t);
}
END_TEST

START_TEST(scaled_matmul)
{
	struct op_test t = op_begin(21);
	struct value *a = op_input(&t, "u8[1,2]", LIST(10, 20)), *b = op_input(&t, "u8[2,2]", LIST(1, 2, 3, 4));

	op_output(
		&t, op_node(&t, "", "QLinearMatMul", 1, 8, a, op_constant(&t, "f32[]", LIST(0.5)),
				op_constant(&t, "u8[]", LIST(5)), b, op_constant(&t, "f32[2]", LIST(1, 100)),
				op_constant(&t, "u8[]", LIST(1)), op_input(&t, "f32[]", LIST(2)), op_constant(&t, "u8[]", LIST(7))));
	op_run(&t);
	/* (5, 15) times ((0, 1), (2, 3)) is (30, 50). */
	op_expect(&t, 0, "u8[1,2]", 0, LIST(15, 255));
	op_end(&t);
}
END_TEST

/* Four channels in two groups, padding, strides and dilation; zero points shift input and weights. */
static void check_conv(bool zeros)
{
	struct op_test t = op_begin(10);
	struct value *x = op_input(&t, "u8[2,4,5,4]", NULL), *w = op_input(&t, "i8[6,2,2,3]", NULL);
	struct value *x_zero = op_constant(&t, "u8[]", LIST(2)), *w_zero = op_input(&t, "i8[6]", NULL);
	struct node *n =
		op_node(&t, "", "ConvInteger", 1, 4, op_shuffled(&t, x), w, zeros ? x_zero : NULL, zeros ? w_zero : NULL);
	double y[2 * 6 * 2 * 4];
	int at = 0;

	set_attribute_int(t.c, n, "group", 2);
	SET_INTS(&t, n, "pads", 1, 0, 0, 2);
	SET_INTS(&t, n, "strides", 2, 1);
	SET_INTS(&t, n, "dilations", 2, 1);
	op_output(&t, n);
	op_run(&t);
	for (int image = 0; image < 2; image++)
		for (int o = 0; o < 6; o++)
			for (int i = 0; i < 2; i++)
				for (int j = 0; j < 4; j++, at++) {
					y[at] = 0;
					for (int k = 0; k < 2 * 2 * 3; k++) {
						int c = o / 3 * 2 + k / 6, row = 2 * i + k / 3 % 2 * 2 - 1, column = j + k % 3;
						if (row < 0 || row >= 5 || column >= 4)
							continue;
						y[at] += (op_at(&t, x, ((image * 4 + c) * 5 + row) * 4 + column) - 2 * zeros) *
								 (op_at(&t, w, o * 12 + k) - zeros * op_at(&t, w_zero, o));
					}
				}
	op_expect(&t, 0, "i32[2,6,2,4]", 0, y);
	op_end(&t);
}

START_TEST(conv)
{
	check_conv(false);
	check_conv(true);
}
END_TEST

START_TEST(scaled_conv)
{
	struct op_test t = op_begin(10);
	struct value *x = op_input(&t, "u8[1,1,3]", LIST(10, 20, 31)), *w = op_input(&t, "u8[2,1,2]", LIST(3, 1, 0, 2));

	op_output(&t, op_node(&t, "", "QLinearConv", 1, 9, x, op_constant(&t, "f32[]", LIST(0.5)),
					  op_constant(&t, "u8[]", LIST(10)), w, op_constant(&t, "f32[2]", LIST(1, 0.5)),
					  op_constant(&t, "u8[2]", LIST(1, 0)), op_constant(&t, "f32[]", LIST(2)),
					  op_constant(&t, "u8[]", LIST(100)), op_constant(&t, "i32[2]", LIST(4, -8))));
	op_run(&t);
	/* Sums 0 and 20, 20 and 42; with the bias 4 and 24, 12 and 34; factors 1/4 and 1/8. */
	op_expect(&t, 0, "u8[1,2,2]", 0, LIST(101, 106, 102, 104));
	op_end(&t);
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(10);

	op_node(&t, "", "MatMulInteger", 1, 2, op_input(&t, "u8[2,3]", NULL), op_input(&t, "i8[2,3]", NULL));
	EXPECT_ERROR(&t, "MatMulInteger", "3 and 2", "differ");
	t = op_begin(10);
	op_node(&t, "", "MatMulInteger", 1, 3, op_input(&t, "u8[2,3]", NULL), op_input(&t, "i8[3,2]", NULL),
		op_input(&t, "u8[3]", NULL));
	EXPECT_ERROR(&t, "input 2, u8[3]", "u8[2,3]");
	t = op_begin(10);
	op_node(&t, "", "ConvInteger", 1, 2, op_input(&t, "u8[1,3,4]", NULL), op_input(&t, "u8[2,2,2]", NULL));
	EXPECT_ERROR(&t, "ConvInteger", "u8[2,2,2]", "u8[1,3,4]");
	t = op_begin(10);
	op_node(&t, "", "ConvInteger", 1, 3, op_input(&t, "u8[1,2,4]", NULL), op_input(&t, "u8[2,2,2]", NULL),
		op_input(&t, "u8[2]", NULL));
	EXPECT_ERROR(&t, "one number", "u8[2]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("integer");
	TCase *tc = tcase_create("integer");

	tcase_add_test(tc, matmul);
	tcase_add_test(tc, scaled_matmul);
	tcase_add_test(tc, conv);
	tcase_add_test(tc, scaled_conv);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
