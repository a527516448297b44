/* Pools over windows and over whole pictures. */
#include "op_test.h"

static const double row[] = { 1, 5, 2, 4, 3 };

static void check_row(const char *type, int64_t size, int64_t stride, int64_t before, int64_t after, int ceil_mode,
	int with_pad, const char *shape, const double *y)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", type, 1, 1, op_input(&t, "f32[1,1,5]", row));

	SET_INTS(&t, n, "kernel_shape", size);
	SET_INTS(&t, n, "strides", stride);
	SET_INTS(&t, n, "pads", before, after);
	set_attribute_int(t.c, n, "ceil_mode", ceil_mode);
	set_attribute_int(t.c, n, "count_include_pad", with_pad);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 1e-6, y);
	op_end(&t);
}

START_TEST(windows_of_a_row)
{
	check_row("MaxPool", 3, 1, 1, 1, 0, 0, "f32[1,1,5]", LIST(5, 5, 5, 4, 4));
	check_row("MaxPool", 2, 2, 0, 0, 0, 0, "f32[1,1,2]", LIST(5, 4));
	check_row("MaxPool", 2, 2, 0, 0, 1, 0, "f32[1,1,3]", LIST(5, 4, 3));
	check_row("MaxPool", 1, 4, 0, 2, 1, 0, "f32[1,1,2]", LIST(1, 3));
	check_row("AveragePool", 3, 2, 1, 1, 0, 0, "f32[1,1,3]", LIST(3, 11.0 / 3, 3.5));
	check_row("AveragePool", 3, 2, 1, 1, 0, 1, "f32[1,1,3]", LIST(2, 11.0 / 3, 7.0 / 3));
}
END_TEST

START_TEST(windows_of_a_picture)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3,5,4]", NULL);
	struct node *n = op_node(&t, "", "MaxPool", 1, 1, op_shuffled(&t, x));
	double y[2 * 3 * 3 * 4];

	SET_INTS(&t, n, "kernel_shape", 2, 3);
	SET_INTS(&t, n, "strides", 2, 1);
	SET_INTS(&t, n, "pads", 1, 1, 0, 1);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 72; i++) {
		y[i] = -INFINITY;
		for (int k = 0; k < 6; k++) {
			int row_at = i / 4 % 3 * 2 - 1 + k / 3, column = i % 4 - 1 + k % 3;
			if (row_at >= 0 && row_at < 5 && column >= 0 && column < 4)
				y[i] = fmax(y[i], op_at(&t, x, (i / 12 * 5 + row_at) * 4 + column));
		}
	}
	op_expect(&t, 0, "f32[2,3,3,4]", 0, y);
	op_end(&t);
}
END_TEST

START_TEST(types)
{
	struct op_test t = op_begin(20);
	struct node *a = op_node(&t, "", "MaxPool", 1, 1, op_input(&t, "u8[1,1,2]", LIST(3, 200)));
	struct node *b = op_node(&t, "", "MaxPool", 1, 1, op_input(&t, "f64[1,1,2]", LIST(3, -200)));

	SET_INTS(&t, a, "kernel_shape", 2);
	SET_INTS(&t, b, "kernel_shape", 2);
	op_output(&t, a);
	op_output(&t, b);
	op_run(&t);
	op_expect(&t, 0, "u8[1,1,1]", 0, LIST(200));
	op_expect(&t, 1, "f64[1,1,1]", 0, LIST(3));
	op_end(&t);
}
END_TEST

/* A volume of [2,2,4,5,3] under windows of 2 x 3 x 2: the element that each tap sees, NAN outside. */
static double tap(const struct op_test *t, const struct value *x, int i, int k)
{
	int z = i / 12 % 2 * 2 + k / 6, y = i / 3 % 4 - 1 + k / 2 % 3, column = i % 3 + k % 2;

	return y < 0 || y >= 5 || column >= 3 ? NAN : op_at(t, x, ((i / 24 * 4 + z) * 5 + y) * 3 + column);
}

static void check_volume(const char *type, const char *shape, int with_pad)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, arena_text(t.c, "%s[2,2,4,5,3]", shape), NULL);
	struct node *n = op_node(&t, "", type, 1, 1, op_shuffled(&t, x));
	double y[96], tolerance = x->type == RT_F16 ? 1e-3 : 1e-6;

	SET_INTS(&t, n, "kernel_shape", 2, 3, 2);
	SET_INTS(&t, n, "strides", 2, 1, 1);
	SET_INTS(&t, n, "pads", 0, 1, 0, 0, 0, 1);
	set_attribute_int(t.c, n, "count_include_pad", with_pad);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 96; i++) {
		double most = -INFINITY, sum = 0;
		int count = 0;
		for (int k = 0; k < 12; k++) {
			double one = tap(&t, x, i, k);
			most = fmax(most, one);
			sum += isnan(one) ? 0 : one;
			count += !isnan(one);
		}
		y[i] = *type == 'M' ? most : sum / (with_pad ? 12 : count);
	}
	op_expect(&t, 0, arena_text(t.c, "%s[2,2,2,4,3]", shape), tolerance, y);
	op_end(&t);
}

START_TEST(volumes)
{
	check_volume("MaxPool", "f32", 0);
	check_volume("MaxPool", "i8", 0);
	check_volume("AveragePool", "f32", 0);
	check_volume("AveragePool", "f32", 1);
	check_volume("AveragePool", "f16", 0);
}
END_TEST

static void check_indices(int column_major, const double *index)
{
	struct op_test t = op_begin(12);
	struct value *x = op_input(&t, "f32[2,1,2,4]", LIST(1, 2, 3, 4, 8, 7, 6, 6, 9, 1, 1, 2, 1, 1, 3, 1));
	struct node *n = op_node(&t, "", "MaxPool", 2, 1, op_shuffled(&t, x));

	SET_INTS(&t, n, "kernel_shape", 2, 2);
	SET_INTS(&t, n, "strides", 1, 2);
	set_attribute_int(t.c, n, "storage_order", column_major);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[2,1,1,2]", 0, LIST(8, 6, 9, 3));
	op_expect(&t, 1, "i64[2,1,1,2]", 0, index);
	op_end(&t);
}

START_TEST(indices)
{
	check_indices(0, LIST(4, 6, 8, 14));
	check_indices(1, LIST(1, 5, 8, 13));
}
END_TEST

START_TEST(whole_pictures)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,2,1,3]", LIST(1, 2, 6, -1, -2, -6));

	op_output(&t, op_node(&t, "", "GlobalAveragePool", 1, 1, x));
	op_output(&t, op_node(&t, "", "GlobalMaxPool", 1, 1, op_shuffled(&t, x)));
	op_run(&t);
	op_expect(&t, 0, "f32[1,2,1,1]", 1e-6, LIST(3, -3));
	op_expect(&t, 1, "f32[1,2,1,1]", 0, LIST(6, -1));
	op_end(&t);
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "MaxPool", 1, 1, op_input(&t, "f32[1,1,2]", NULL));
	EXPECT_ERROR(&t, "MaxPool", "kernel_shape");
	t = op_begin(20);
	SET_INTS(&t, op_node(&t, "", "AveragePool", 2, 1, op_input(&t, "f32[1,1,2]", NULL)), "kernel_shape", 2);
	EXPECT_ERROR(&t, "AveragePool", "outputs");
	t = op_begin(20);
	SET_INTS(&t, op_node(&t, "", "AveragePool", 1, 1, op_input(&t, "f32[1,1,2,2,2,2]", NULL)), "kernel_shape", 2);
	EXPECT_ERROR(&t, "AveragePool", "f32[1,1,2,2,2,2]");
	t = op_begin(20);
	SET_INTS(&t, op_node(&t, "", "MaxPool", 1, 1, op_input(&t, "f32[1,1,2]", NULL)), "kernel_shape", 2, 2);
	EXPECT_ERROR(&t, "kernel_shape", "2 elements", "f32[1,1,2]");
	t = op_begin(20);
	op_node(&t, "", "GlobalMaxPool", 1, 1, op_input(&t, "f32[3]", NULL));
	EXPECT_ERROR(&t, "GlobalMaxPool", "f32[3]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_test(tc, windows_of_a_row);
	tcase_add_test(tc, windows_of_a_picture);
	tcase_add_test(tc, types);
	tcase_add_test(tc, volumes);
	tcase_add_test(tc, indices);
	tcase_add_test(tc, whole_pictures);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
