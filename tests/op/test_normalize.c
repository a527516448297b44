/* Layer, batch, instance and L2 normalisation. */
#include "op_test.h"
#include <string.h>

/* Mean and 1 / deviation of n elements of x from `from` on. */
static void statistics(const struct op_test *t, const struct value *x, int from, int n, double *mean, double *inverse)
{
	double square = 0;

	*mean = 0;
	for (int i = 0; i < n; i++)
		*mean += op_at(t, x, from + i) / n;
	for (int i = 0; i < n; i++)
		square += pow(op_at(t, x, from + i) - *mean, 2) / n;
	*inverse = 1 / sqrt(square + 1e-3);
}

/* x [2,3,4] normalised over the axes from `axis` on, with the statistics as outputs. */
static void check_layer_norm(int axis, bool shuffled, bool bias)
{
	static const char *const parameters[] = { "f32[24]", "f32[3,4]", "f32[4]" };
	static const char *const tail[] = { "f32[1,1,1]", "f32[2,1,1]", "f32[2,3,1]" };
	static const int sizes[] = { 24, 12, 4 };
	struct op_test t = op_begin(17);
	struct value *x = op_input(&t, "f32[2,3,4]", NULL), *scale = op_constant(&t, parameters[axis], NULL);
	struct value *shift = bias ? op_input(&t, parameters[axis], NULL) : NULL;
	struct node *n = op_node(&t, "", "LayerNormalization", 3, 3, shuffled ? op_shuffled(&t, x) : x, scale, shift);
	double y[24], mean[24], inverse[24];
	int size = sizes[axis];

	set_attribute_int(t.c, n, "axis", axis);
	set_attribute_float(t.c, n, "epsilon", 1e-3);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 24; i++) {
		statistics(&t, x, i / size * size, size, &mean[i / size], &inverse[i / size]);
		y[i] = (op_at(&t, x, i) - mean[i / size]) * inverse[i / size] * op_at(&t, scale, i % size) +
			   (bias ? op_at(&t, shift, i % size) : 0);
	}
	op_expect(&t, 0, "f32[2,3,4]", 1e-5, y);
	op_expect(&t, 1, tail[axis], 1e-5, mean);
	op_expect(&t, 2, tail[axis], 1e-5, inverse);
	op_end(&t);
}

START_TEST(layer_norm)
{
	check_layer_norm(2, false, true);
	check_layer_norm(2, true, true);
	check_layer_norm(1, false, false);
	check_layer_norm(1, true, true);
	check_layer_norm(0, true, true);
}
END_TEST

START_TEST(layer_norm_with_activation)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,2]", LIST(-3, 5)), *one = op_constant(&t, "f32[1]", LIST(1));
	struct node *n = op_node(&t, "gluec", "LayerNorm", 1, 2, x, one);

	set_attribute_string(t.c, n, "act", "Gelu");
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[1,2]", 1e-5, (const double[]){ -0.5 * (1 - erf(sqrt(0.5))), 0.5 * (1 + erf(sqrt(0.5))) });
	op_end(&t);
}
END_TEST

START_TEST(skip_layer_norm)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,2]", LIST(-1, 2)), *skip = op_input(&t, "f32[1,2]", LIST(-2, 2));
	struct value *scale = op_constant(&t, "f32[2]", LIST(1, 2)), *bias = op_constant(&t, "f32[2]", LIST(0, 1));
	struct node *n = op_node(&t, "com.microsoft", "SkipLayerNormalization", 4, 5, x, skip, scale, NULL, bias);

	n->out[1] = n->out[2] = NULL;
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[1,2]", 1e-5, LIST(-1, 2));
	op_expect(&t, 1, "f32[1,2]", 0, LIST(-3, 5));
	op_end(&t);
	t = op_begin(20);
	x = op_input(&t, "f32[1,2]", NULL);
	scale = op_constant(&t, "f32[3]", NULL);
	op_node(&t, "com.microsoft", "SkipLayerNormalization", 1, 3, x, x, scale);
	EXPECT_ERROR(&t, "SkipLayerNormalization", "f32[3]", "f32[1,2]");
}
END_TEST

START_TEST(l2_norm)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,2]", LIST(3, 0, 4, 0));
	struct node *columns = op_node(&t, "gluec", "L2Norm", 1, 1, x);
	struct node *rows = op_node(&t, "gluec", "L2Norm", 1, 1, op_shuffled(&t, x));

	set_attribute_int(t.c, columns, "axis", 0);
	set_attribute_float(t.c, columns, "floor", 1e-12);
	set_attribute_int(t.c, rows, "axis", 1);
	set_attribute_float(t.c, rows, "floor", 8);
	op_output(&t, columns);
	op_output(&t, rows);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2]", 1e-6, LIST(0.6, 0, 0.8, 0));
	op_expect(&t, 1, "f32[2,2]", 1e-6, LIST(0.375, 0, 0.5, 0));
	op_end(&t);
}
END_TEST

static void check_batch_norm(bool constant)
{
	struct op_test t = op_begin(15);
	struct value *x = op_input(&t, "f32[2,3,2,2]", NULL), *v[4];
	static const double variance[] = { 0.5, 1, 2 };
	double y[24];

	for (int i = 0; i < 4; i++)
		v[i] = constant ? op_constant(&t, "f32[3]", i == 3 ? variance : NULL)
						: op_input(&t, "f32[3]", i == 3 ? variance : NULL);
	struct node *n = op_node(&t, "", "BatchNormalization", 1, 5, x, v[0], v[1], v[2], v[3]);
	set_attribute_float(t.c, n, "epsilon", 0.25);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 24; i++) {
		int c = i / 4 % 3;
		y[i] =
			(op_at(&t, x, i) - op_at(&t, v[2], c)) / sqrt(variance[c] + 0.25) * op_at(&t, v[0], c) + op_at(&t, v[1], c);
	}
	op_expect(&t, 0, "f32[2,3,2,2]", 1e-5, y);
	op_end(&t);
}

START_TEST(batch_norm)
{
	check_batch_norm(true);
	check_batch_norm(false);
}
END_TEST

START_TEST(instance_norm)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3,2,2]", NULL), *scale = op_input(&t, "f32[3]", LIST(1, 2, -3));
	struct value *bias = op_constant(&t, "f32[3]", LIST(0.5, 1, -1));
	struct node *n = op_node(&t, "", "InstanceNormalization", 1, 3, op_shuffled(&t, x), scale, bias);
	double y[24], mean, inverse;

	set_attribute_float(t.c, n, "epsilon", 1e-3);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 24; i++) {
		statistics(&t, x, i / 4 * 4, 4, &mean, &inverse);
		y[i] = (op_at(&t, x, i) - mean) * inverse * op_at(&t, scale, i / 4 % 3) + op_at(&t, bias, i / 4 % 3);
	}
	op_expect(&t, 0, "f32[2,3,2,2]", 1e-5, y);
	op_end(&t);
}
END_TEST

static void check_lp(const char *type, int64_t p, int64_t axis, double tolerance, const double *y)
{
	struct op_test t = op_begin(20);
	const char *shape = arena_text(t.c, "%s[2,2]", type);
	struct node *n = op_node(&t, "", "LpNormalization", 1, 1, op_shuffled(&t, op_input(&t, shape, LIST(3, -4, 0, 0))));

	set_attribute_int(t.c, n, "p", p);
	set_attribute_int(t.c, n, "axis", axis);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, tolerance, y);
	op_end(&t);
}

START_TEST(lp_norm)
{
	check_lp("f32", 2, -1, 1e-6, LIST(0.6, -0.8, 0, 0));
	check_lp("f64", 1, 1, 1e-15, LIST(3.0 / 7, -4.0 / 7, 0, 0));
	check_lp("f16", 2, 0, 1e-3, LIST(1, -1, 0, 0));
}
END_TEST

START_TEST(mean_variance)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "f32[2,2,1,2]", LIST(1, 2, 5, 5, 3, 6, 5, 5));
	struct node *n = op_node(&t, "", "MeanVarianceNormalization", 1, 1, op_shuffled(&t, x));
	struct node *rows = op_node(&t, "", "MeanVarianceNormalization", 1, 1, x);
	double s = sqrt(3.5);

	SET_INTS(&t, rows, "axes", -1);
	op_output(&t, n);
	op_output(&t, rows);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2,1,2]", 1e-5, LIST(-2 / s, -1 / s, 0, 0, 0, 3 / s, 0, 0));
	op_expect(&t, 1, "f32[2,2,1,2]", 1e-5, LIST(-1, 1, 0, 0, -1, 1, 0, 0));
	op_end(&t);
}
END_TEST

/* Six channels in three groups; before version 21 of the operator set each group has one scale and bias. */
static void check_group_norm(int opset)
{
	struct op_test t = op_begin(opset);
	const char *shape = opset < 21 ? "f32[3]" : "f32[6]";
	struct value *x = op_input(&t, "f32[2,6,2]", NULL), *scale = op_input(&t, shape, NULL);
	struct value *bias = op_constant(&t, shape, NULL);
	struct node *n = op_node(&t, "", "GroupNormalization", 1, 3, op_shuffled(&t, x), scale, bias);
	double y[24], mean, inverse;

	set_attribute_int(t.c, n, "num_groups", 3);
	set_attribute_float(t.c, n, "epsilon", 1e-3);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 24; i++) {
		int parameter = opset < 21 ? i / 4 % 3 : i / 2 % 6;
		statistics(&t, x, i / 4 * 4, 4, &mean, &inverse);
		y[i] = (op_at(&t, x, i) - mean) * inverse * op_at(&t, scale, parameter) + op_at(&t, bias, parameter);
	}
	op_expect(&t, 0, "f32[2,6,2]", 1e-5, y);
	op_end(&t);
}

START_TEST(group_norm)
{
	check_group_norm(18);
	check_group_norm(21);
}
END_TEST

START_TEST(rms_norm)
{
	static const int sizes[] = { 24, 12, 4 };

	for (int axis = 0; axis < 3; axis++) {
		struct op_test t = op_begin(23);
		struct value *x = op_input(&t, "f32[2,3,4]", NULL), *scale = op_input(&t, "f32[4]", NULL);
		struct node *n = op_node(&t, "", "RMSNormalization", 1, 2, axis == 1 ? op_shuffled(&t, x) : x, scale);
		double y[24];
		set_attribute_int(t.c, n, "axis", axis - 3);
		set_attribute_float(t.c, n, "epsilon", 0.25);
		op_output(&t, n);
		op_run(&t);
		for (int i = 0; i < 24; i++) {
			double squares = 0;
			for (int k = i / sizes[axis] * sizes[axis], end = k + sizes[axis]; k < end; k++)
				squares += op_at(&t, x, k) * op_at(&t, x, k) / sizes[axis];
			y[i] = op_at(&t, x, i) / sqrt(squares + 0.25) * op_at(&t, scale, i % 4);
		}
		op_expect(&t, 0, "f32[2,3,4]", 1e-5, y);
		op_end(&t);
	}
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "LayerNormalization", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "LayerNormalization", "scale f32[2]", "f32[2,3]");
	t = op_begin(20);
	struct value *three = op_constant(&t, "f32[3]", NULL), *two = op_constant(&t, "f32[2]", NULL);
	op_node(&t, "", "BatchNormalization", 1, 5, op_input(&t, "f32[1,3,2]", NULL), three, three, two, three);
	EXPECT_ERROR(&t, "BatchNormalization", "f32[2]", "3 channels");
	t = op_begin(20);
	three = op_constant(&t, "f32[3]", NULL);
	struct value *x = op_input(&t, "f32[1,3,2]", NULL);
	struct node *n = op_node(&t, "", "BatchNormalization", 1, 5, x, three, three, three, three);
	set_attribute_int(t.c, n, "training_mode", 1);
	EXPECT_ERROR(&t, "BatchNormalization", "training_mode");
	t = op_begin(20);
	n = op_node(&t, "gluec", "LayerNorm", 1, 2, op_input(&t, "f32[3]", NULL), op_constant(&t, "f32[3]", NULL));
	set_attribute_string(t.c, n, "act", "Sine");
	EXPECT_ERROR(&t, "LayerNorm", "Sine");
	t = op_begin(23);
	op_node(&t, "", "RMSNormalization", 1, 2, op_input(&t, "f32[2,3]", NULL), op_constant(&t, "f32[1,1,3]", NULL));
	EXPECT_ERROR(&t, "RMSNormalization", "f32[1,1,3]", "f32[2,3]");
	t = op_begin(18);
	three = op_constant(&t, "f32[3]", NULL);
	n = op_node(&t, "", "GroupNormalization", 1, 3, op_input(&t, "f32[1,4,2]", NULL), three, three);
	set_attribute_int(t.c, n, "num_groups", 3);
	EXPECT_ERROR(&t, "GroupNormalization", "num_groups 3", "f32[1,4,2]");
	t = op_begin(18);
	three = op_constant(&t, "f32[3]", NULL);
	n = op_node(&t, "", "GroupNormalization", 1, 3, op_input(&t, "f32[1,4,2]", NULL), three, three);
	set_attribute_int(t.c, n, "num_groups", 2);
	EXPECT_ERROR(&t, "GroupNormalization", "f32[3]", "2 groups");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("normalize");
	TCase *tc = tcase_create("normalize");

	tcase_add_test(tc, layer_norm);
	tcase_add_test(tc, layer_norm_with_activation);
	tcase_add_test(tc, skip_layer_norm);
	tcase_add_test(tc, l2_norm);
	tcase_add_test(tc, batch_norm);
	tcase_add_test(tc, instance_norm);
	tcase_add_test(tc, lp_norm);
	tcase_add_test(tc, mean_variance);
	tcase_add_test(tc, group_norm);
	tcase_add_test(tc, rms_norm);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
