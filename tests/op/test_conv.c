/* Conv in all its forms, against the sum that defines it. */
#include "op_test.h"
#include <stdlib.h>

/* One convolution; zero strides, dilations and groups mean 1. */
struct conv_case {
	int c, h, w, oc, kh, kw, stride, dilation, group, before, after;
	bool constant, bias, shuffled, relu, pool;
	const char *type;
};

static int output_size(const struct conv_case *k, int in, int kernel)
{
	return (in + k->before + k->after - (kernel - 1) * k->dilation - 1) / k->stride + 1;
}

/* The definition, for picture n, filter o, position (y, x). */
static double reference(const struct op_test *t, const struct conv_case *k, const struct value *const *v, const int *at)
{
	int per_group = k->c / k->group, first = at[1] / (k->oc / k->group) * per_group;
	double sum = v[2] ? op_at(t, v[2], at[1]) : 0;

	for (int c = 0; c < per_group; c++)
		for (int i = 0; i < k->kh; i++)
			for (int j = 0; j < k->kw; j++) {
				int y = at[2] * k->stride - k->before + i * k->dilation;
				int x = at[3] * k->stride - k->before + j * k->dilation;
				if (y < 0 || x < 0 || y >= k->h || x >= k->w)
					continue;
				sum += op_at(t, v[0], ((at[0] * k->c + first + c) * k->h + y) * k->w + x) *
					   op_at(t, v[1], ((at[1] * per_group + c) * k->kh + i) * k->kw + j);
			}
	return k->relu && sum < 0 ? 0 : sum;
}

static double pooled(const struct op_test *t, const struct conv_case *k, const struct value *const *v, const int *at)
{
	double most = -INFINITY;

	if (!k->pool)
		return reference(t, k, v, at);
	for (int i = 0; i < 4; i++)
		most = fmax(most, reference(t, k, v, (int[]){ at[0], at[1], 2 * at[2] + i / 2, 2 * at[3] + i % 2 }));
	return most;
}

static void check_conv(const struct conv_case *k)
{
	struct op_test t = op_begin(20);
	char text[64];
	struct value *v[3] = { NULL };

	snprintf(text, sizeof text, "%s[2,%d,%d,%d]", k->type, k->c, k->h, k->w);
	v[0] = op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d,%d,%d,%d]", k->type, k->oc, k->c / k->group, k->kh, k->kw);
	v[1] = k->constant ? op_constant(&t, text, NULL) : op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d]", k->type, k->oc);
	if (k->bias)
		v[2] = k->constant ? op_constant(&t, text, NULL) : op_input(&t, text, NULL);
	struct value *x = k->shuffled ? op_shuffled(&t, v[0]) : v[0];
	struct node *n = op_node(&t, k->relu || k->pool ? "gluec" : "", "Conv", 1, 3, x, v[1], v[2]);
	SET_INTS(&t, n, "pads", k->before, k->before, k->after, k->after);
	SET_INTS(&t, n, "strides", k->stride, k->stride);
	SET_INTS(&t, n, "dilations", k->dilation, k->dilation);
	set_attribute_int(t.c, n, "group", k->group);
	set_attribute_string(t.c, n, "act", k->relu ? "Relu" : "");
	set_attribute_int(t.c, n, "pool", k->pool ? 2 : 0);
	op_output(&t, n);
	op_run(&t);
	int oh = output_size(k, k->h, k->kh) / (k->pool ? 2 : 1), ow = output_size(k, k->w, k->kw) / (k->pool ? 2 : 1);
	double *y = calloc((size_t)(2 * k->oc * oh * ow), sizeof *y);
	const struct value *const values[] = { v[0], v[1], v[2] };
	for (int i = 0; i < 2 * k->oc * oh * ow; i++)
		y[i] = pooled(&t, k, values, (int[]){ i / ow / oh / k->oc, i / ow / oh % k->oc, i / ow % oh, i % ow });
	snprintf(text, sizeof text, "%s[2,%d,%d,%d]", k->type, k->oc, oh, ow);
	op_expect(&t, 0, text, k->type[1] == '1' ? 4e-3 : 1e-5, y);
	free(y);
	op_end(&t);
}

/* c h w oc kh kw stride dilation group before after, constant bias shuffled relu pool */
static const struct conv_case cases[] = {
	{ 3, 5, 6, 4, 3, 3, 1, 1, 1, 1, 1, true, true, false, false, false, "f32" },
	{ 3, 5, 6, 4, 3, 3, 1, 1, 1, 1, 1, false, true, true, false, false, "f32" },
	{ 4, 7, 6, 6, 3, 2, 2, 1, 2, 0, 1, true, false, true, false, false, "f32" },
	{ 4, 7, 6, 6, 3, 2, 2, 1, 2, 0, 1, false, false, false, false, false, "f32" },
	{ 2, 9, 9, 17, 3, 3, 1, 2, 1, 2, 2, true, true, false, true, false, "f32" },
	{ 2, 9, 9, 33, 1, 1, 1, 1, 1, 0, 0, false, true, false, false, false, "f32" },
	{ 2, 5, 7, 3, 3, 3, 1, 1, 1, 1, 1, true, true, false, true, true, "f32" },
	{ 5, 4, 4, 5, 3, 3, 1, 1, 5, 1, 1, false, true, false, false, false, "f32" },
	{ 3, 4, 4, 2, 3, 3, 1, 1, 1, 1, 1, true, true, false, false, false, "f16" },
	{ 3, 4, 4, 2, 3, 3, 1, 1, 1, 1, 1, false, true, false, false, false, "f64" },
};

START_TEST(convolutions)
{
	check_conv(&cases[_i]);
}
END_TEST

START_TEST(rows_and_automatic_pads)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,1,4]", LIST(1, 2, 3, 4)), *w = op_constant(&t, "f32[1,1,2]", LIST(1, 10));
	struct node *upper = op_node(&t, "", "Conv", 1, 2, x, w), *lower = op_node(&t, "", "Conv", 1, 2, x, w);
	struct node *valid = op_node(&t, "", "Conv", 1, 2, x, w), *empty;

	set_attribute_string(t.c, upper, "auto_pad", "SAME_UPPER");
	set_attribute_string(t.c, lower, "auto_pad", "SAME_LOWER");
	set_attribute_string(t.c, valid, "auto_pad", "VALID");
	empty = op_node(&t, "", "Conv", 1, 2, op_input(&t, "f32[0,1,4]", NULL), w);
	op_output(&t, upper);
	op_output(&t, lower);
	op_output(&t, valid);
	op_output(&t, empty);
	op_run(&t);
	op_expect(&t, 0, "f32[1,1,4]", 0, LIST(21, 32, 43, 4));
	op_expect(&t, 1, "f32[1,1,4]", 0, LIST(10, 21, 32, 43));
	op_expect(&t, 2, "f32[1,1,3]", 0, LIST(21, 32, 43));
	op_expect(&t, 3, "f32[0,1,3]", 0, NULL);
	op_end(&t);
}
END_TEST

START_TEST(fused_conv)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[1,1,1,2]", LIST(-2, 3)), *w = op_constant(&t, "f32[1,1,1,1]", LIST(2));
	struct node *n = op_node(&t, "com.microsoft", "FusedConv", 1, 2, x, w);

	set_attribute_string(t.c, n, "activation", "LeakyRelu");
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[1,1,1,2]", 1e-7, LIST(-0.04, 6));
	op_end(&t);
}
END_TEST

/* A node that is refused: weights, one attribute, words of the message. */
static void refuse(const char *weights, const char *attribute, int64_t value, const char *a, const char *b)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", "Conv", 1, 2, op_input(&t, "f32[1,64,8,8]", NULL), op_constant(&t, weights, NULL));

	if (attribute && *attribute == 'g')
		set_attribute_int(t.c, n, attribute, value);
	else if (attribute && *attribute == 'p')
		SET_INTS(&t, n, attribute, value, value, value, value);
	else if (attribute)
		SET_INTS(&t, n, attribute, value, value);
	EXPECT_ERROR(&t, "Conv", a, b);
}

/* Volumes [2,4,3,4,5] in two groups under windows of 2 x 3 x 1, the depth at stride 2 and dilation 2, padded by 1
 * and 2. */
static void check_volume(const char *type, bool constant, double tolerance)
{
	struct op_test t = op_begin(20);
	const char *weights = arena_text(t.c, "%s[6,2,2,3,1]", type);
	struct value *x = op_input(&t, arena_text(t.c, "%s[2,4,3,4,5]", type), NULL);
	struct value *w = constant ? op_constant(&t, weights, NULL) : op_input(&t, weights, NULL);
	struct value *bias = op_input(&t, arena_text(t.c, "%s[6]", type), NULL);
	struct node *n = op_node(&t, "", "Conv", 1, 3, op_shuffled(&t, x), w, bias);
	double y[2 * 6 * 2 * 4 * 5];

	SET_INTS(&t, n, "strides", 2, 1, 1);
	SET_INTS(&t, n, "dilations", 2, 1, 1);
	SET_INTS(&t, n, "pads", 1, 1, 0, 2, 1, 0);
	set_attribute_int(t.c, n, "group", 2);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 480; i++) {
		int o = i / 40 % 6;
		y[i] = op_at(&t, bias, o);
		for (int k = 0; k < 12; k++) {
			int c = i / 240 * 4 + o / 3 * 2 + k / 6, z = i / 20 % 2 * 2 - 1 + k / 3 % 2 * 2,
				row = i / 5 % 4 - 1 + k % 3;
			if (z >= 0 && z < 3 && row >= 0 && row < 4)
				y[i] += op_at(&t, x, ((c * 3 + z) * 4 + row) * 5 + i % 5) * op_at(&t, w, o * 12 + k);
		}
	}
	op_expect(&t, 0, arena_text(t.c, "%s[2,6,2,4,5]", type), tolerance, y);
	op_end(&t);
}

START_TEST(volumes)
{
	check_volume("f32", true, 1e-5);
	check_volume("f32", false, 1e-5);
	check_volume("f16", true, 2e-3);
}
END_TEST

START_TEST(errors)
{
	refuse("f32[6,21,3,3]", "group", 3, "group 3 does not divide 64 channels", "6 filters");
	refuse("f32[6,64,3,3]", "group", 0, "group is 0", "1 to");
	refuse("f32[6,32,3,3]", NULL, 0, "f32[6,32,3,3]", "f32[1,64,8,8]");
	refuse("f32[6,64,9,9]", NULL, 0, "window of 9", "f32[1,64,8,8]");
	refuse("f32[6,64,3]", NULL, 0, "f32[6,64,3]", "f32[1,64,8,8]");
	refuse("f32[6,64,3,3]", "strides", 0, "strides is 0", "1 to");
	refuse("f32[6,64,3,3]", "dilations", INT64_MAX, "dilations is", "1 to");
	refuse("f32[6,64,3,3]", "pads", -1, "pads is -1", "0 to");
	refuse("f32[6,64,3,3]", "pads", 1 << 30, "padded", "f32[1,64,8,8]");
	refuse("f32[6,64,3,3]", "kernel_shape", 5, "kernel_shape says 5", "f32[6,64,3,3]");
	struct op_test t = op_begin(20);
	struct value *w = op_constant(&t, "f32[2,1,1,1]", NULL), *bias = op_constant(&t, "f32[3]", NULL);
	op_node(&t, "", "Conv", 1, 3, op_input(&t, "f32[1,1,2,2]", NULL), w, bias);
	EXPECT_ERROR(&t, "Conv", "f32[3]", "2 filters");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv");
	TCase *tc = tcase_create("conv");

	tcase_add_loop_test(tc, convolutions, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tc, rows_and_automatic_pads);
	tcase_add_test(tc, fused_conv);
	tcase_add_test(tc, volumes);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
