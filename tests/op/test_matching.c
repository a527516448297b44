/* Operators of keypoint detection and matching: GridSample, HeatMap, Nms, LogAssignment, MutualMatch. */
#include "op_test.h"

static const double picture[] = { 0, 1, 2, 3, 4, 5 };

static void check_sample(int opset, const char *mode, const char *padding, int align, const double *at, double y)
{
	struct op_test t = op_begin(opset);
	struct value *x = op_input(&t, "f32[1,1,2,3]", picture), *grid = op_input(&t, "f32[1,1,1,2]", at);
	struct node *n = op_node(&t, "", "GridSample", 1, 2, x, grid);

	set_attribute_string(t.c, n, "mode", mode);
	set_attribute_string(t.c, n, "padding_mode", padding);
	set_attribute_int(t.c, n, "align_corners", align);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[1,1,1,1]", 1e-6, &y);
	op_end(&t);
}

START_TEST(grid_sample)
{
	check_sample(20, "linear", "zeros", 1, LIST(0.5, 0), 3);
	check_sample(16, "bilinear", "zeros", 1, LIST(0.5, 0), 3);
	check_sample(20, "linear", "zeros", 0, LIST(0, -1), 0.5);
	check_sample(20, "linear", "border", 0, LIST(0, -5), 1);
	check_sample(20, "nearest", "zeros", 1, LIST(0.9, 0.9), 5);
	check_sample(20, "linear", "reflection", 1, LIST(2, -1), 1);
}
END_TEST

START_TEST(grid_sample_channels)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3,2,2]", NULL), *grid;
	double y[24];

	grid = op_input(&t, "f32[2,2,2,2]", LIST(-1, -1, 1, -1, -1, 1, 1, 1, 1, 1, -1, 1, 1, -1, -1, -1));
	struct node *n = op_node(&t, "", "GridSample", 1, 2, op_shuffled(&t, x), op_shuffled(&t, grid));
	set_attribute_int(t.c, n, "align_corners", 1);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 24; i++)
		y[i] = op_at(&t, x, i < 12 ? i : i / 4 * 4 + 3 - i % 4);
	op_expect(&t, 0, "f32[2,3,2,2]", 1e-6, y);
	op_end(&t);
}
END_TEST

static void refuse_sample(const char *x, const char *grid, const char *mode, const char *word)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", "GridSample", 1, 2, op_input(&t, x, NULL), op_input(&t, grid, NULL));

	set_attribute_string(t.c, n, "mode", mode);
	EXPECT_ERROR(&t, "GridSample", word);
}

/* The eight corners of a volume: its first channel holds them, the second ten times as much. */
START_TEST(grid_sample_volume)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,2,2,2,2]", LIST(1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80));
	struct value *grid = op_input(&t, "f32[1,1,1,3,3]", LIST(0, 0, 0, -1, 1, -1, 1, 0, 0.5));
	struct node *n = op_node(&t, "", "GridSample", 1, 2, op_shuffled(&t, x), grid);

	set_attribute_int(t.c, n, "align_corners", 1);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[1,2,1,1,3]", 1e-6, LIST(4.5, 3, 6, 45, 30, 60));
	op_end(&t);
}
END_TEST

START_TEST(grid_sample_errors)
{
	refuse_sample("f32[1,1,2,2,2]", "f32[1,2,2,2]", "linear", "f32[1,1,2,2,2]");
	refuse_sample("f32[1,1,2,2,2]", "f32[1,2,2,2,3]", "cubic", "'cubic'");
	refuse_sample("f32[1,1,2,2]", "f32[1,2,2,3]", "linear", "f32[1,2,2,3]");
	refuse_sample("f32[1,1,2,2]", "f32[2,2,2,2]", "linear", "batch");
	refuse_sample("f32[1,1,2,2]", "f32[1,2,2,2]", "area", "mode 'area'");
	refuse_sample("f32[1,1,0,2]", "f32[1,2,2,2]", "linear", "no pixels");
}
END_TEST

START_TEST(heat_map)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,5,1,2]", NULL);
	struct node *n = op_node(&t, "gluec", "HeatMap", 1, 1, op_shuffled(&t, x));
	double y[8];

	set_attribute_int(t.c, n, "cell", 2);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 8; i++) {
		int cell = i % 4 / 2, inside = i / 4 * 2 + i % 2;
		double sum = 0;
		for (int c = 0; c < 5; c++)
			sum += exp(op_at(&t, x, c * 2 + cell));
		y[i] = exp(op_at(&t, x, inside * 2 + cell)) / sum;
	}
	op_expect(&t, 0, "f32[1,1,2,4]", 1e-6, y);
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "gluec", "HeatMap", 1, 1, op_input(&t, "f32[1,64,2,2]", NULL));
	EXPECT_ERROR(&t, "HeatMap", "65 channels");
}
END_TEST

START_TEST(non_maximum_suppression)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,1,3,5]", LIST(1, 2, 3, 2, 9, 1, 8, 3, 2, 1, 1, 2, 3, 2, 1));
	struct node *n = op_node(&t, "gluec", "Nms", 1, 1, x), *border = op_node(&t, "gluec", "Nms", 1, 1, x);

	set_attribute_int(t.c, n, "radius", 1);
	set_attribute_int(t.c, border, "radius", 1);
	set_attribute_int(t.c, border, "border", 1);
	set_attribute_float(t.c, border, "fill", -1);
	op_output(&t, n);
	op_output(&t, border);
	op_run(&t);
	op_expect(&t, 0, "f32[1,1,3,5]", 0, LIST(0, 0, 0, 0, 9, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0));
	op_expect(&t, 1, "f32[1,1,3,5]", 0, LIST(-1, -1, -1, -1, -1, -1, 8, 0, 0, -1, -1, -1, -1, -1, -1));
	op_end(&t);
}
END_TEST

START_TEST(log_assignment)
{
	struct op_test t = op_begin(20);
	struct value *s = op_input(&t, "f32[1,2,3]", NULL), *z0 = op_input(&t, "f32[1,2,1]", LIST(0.5, -1));
	struct value *z1 = op_input(&t, "f32[1,3,1]", LIST(2, 0, 1));
	double y[6];

	op_output(&t, op_node(&t, "gluec", "LogAssignment", 1, 3, op_shuffled(&t, s), z0, z1));
	op_run(&t);
	for (int i = 0; i < 6; i++) {
		double row = 0, column = 0;
		for (int k = 0; k < 6; k++) {
			row += k / 3 == i / 3 ? exp(op_at(&t, s, k)) : 0;
			column += k % 3 == i % 3 ? exp(op_at(&t, s, k)) : 0;
		}
		y[i] = 2 * op_at(&t, s, i) - log(row) - log(column) + op_at(&t, z0, i / 3) + op_at(&t, z1, i % 3);
	}
	op_expect(&t, 0, "f32[1,2,3]", 1e-5, y);
	op_end(&t);
	t = op_begin(20);
	z0 = op_input(&t, "f32[1,2,1]", NULL);
	op_node(&t, "gluec", "LogAssignment", 1, 3, op_input(&t, "f32[1,2,3]", NULL), z0, z0);
	EXPECT_ERROR(&t, "LogAssignment", "f32[1,2,1]", "axis 2");
}
END_TEST

START_TEST(mutual_match)
{
	struct op_test t = op_begin(20);
	struct value *s = op_input(&t, "f32[1,3,2]", LIST(-1, -3, -0.5, -4, -5, -0.25));
	struct node *n = op_node(&t, "gluec", "MutualMatch", 2, 1, s);
	struct node *none = op_node(&t, "gluec", "MutualMatch", 2, 1, op_input(&t, "f32[1,2,0]", NULL));

	set_attribute_float(t.c, n, "threshold", 0.1);
	op_output(&t, n);
	op_output(&t, none);
	op_run(&t);
	op_expect(&t, 0, "i64[1,3]", 0, LIST(-1, 0, 1));
	op_expect(&t, 1, "f32[1,3]", 1e-6, (const double[]){ 0, exp(-0.5), exp(-0.25) });
	op_expect(&t, 2, "i64[1,2]", 0, LIST(-1, -1));
	op_expect(&t, 3, "f32[1,2]", 0, LIST(0, 0));
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "gluec", "MutualMatch", 2, 1, op_input(&t, "f32[2,3]", NULL));
	EXPECT_ERROR(&t, "MutualMatch", "f32[2,3]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("matching");
	TCase *tc = tcase_create("matching");

	tcase_add_test(tc, grid_sample);
	tcase_add_test(tc, grid_sample_channels);
	tcase_add_test(tc, grid_sample_volume);
	tcase_add_test(tc, grid_sample_errors);
	tcase_add_test(tc, heat_map);
	tcase_add_test(tc, non_maximum_suppression);
	tcase_add_test(tc, log_assignment);
	tcase_add_test(tc, mutual_match);
	suite_add_tcase(s, tc);
	return s;
}
