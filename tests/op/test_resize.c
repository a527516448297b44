/* Resize and Upsample: rows whose results can be worked out by hand, and pictures against the definition. */
#include "op_test.h"
#include <string.h>

/* A Resize of the newest form over scales or sizes, the other being NULL. */
static struct node *resize(
	struct op_test *t, struct value *x, struct value *scales, struct value *sizes, const char *mode)
{
	struct node *n = op_node(t, "", "Resize", 1, 4, x, NULL, scales, sizes);

	set_attribute_string(t->c, n, "mode", mode);
	return n;
}

static void check_row(const char *type, const char *mode, const char *place, int64_t in, int64_t out, const double *y)
{
	struct op_test t = op_begin(19);
	struct value *x = op_input(&t, arena_text(t.c, "%s[1,%d]", type, (int)in), LIST(10, 20, 40, 80, 160));
	struct node *n = resize(&t, x, NULL, INTS(&t, 1, out), mode);

	set_attribute_string(t.c, n, "coordinate_transformation_mode", place);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, arena_text(t.c, "%s[1,%d]", type, (int)out), 1e-6, y);
	op_end(&t);
}

START_TEST(coordinates)
{
	check_row("f32", "linear", "half_pixel", 2, 4, LIST(10, 12.5, 17.5, 20));
	check_row("f32", "linear", "half_pixel_symmetric", 2, 4, LIST(10, 12.5, 17.5, 20));
	check_row("f32", "linear", "pytorch_half_pixel", 3, 1, LIST(10));
	check_row("f32", "linear", "half_pixel", 3, 1, LIST(20));
	check_row("f32", "linear", "align_corners", 3, 5, LIST(10, 15, 20, 30, 40));
	check_row("f32", "linear", "align_corners", 3, 1, LIST(10));
	check_row("f32", "linear", "asymmetric", 2, 4, LIST(10, 15, 20, 20));
	check_row("f64", "linear", "asymmetric", 4, 2, LIST(10, 40));
	check_row("i32", "linear", "half_pixel", 2, 4, LIST(10, 12, 17, 20));
	check_row("u8", "nearest", "asymmetric", 2, 4, LIST(10, 10, 20, 20));
	check_row("i64", "nearest", "half_pixel", 5, 2, LIST(20, 80));
	check_row("f16", "nearest", "align_corners", 3, 2, LIST(10, 40));
	check_row("f32", "linear", "half_pixel", 3, 3, LIST(10, 20, 40));
}
END_TEST

static void check_rounding(const char *mode, const double *y)
{
	struct op_test t = op_begin(13);
	struct node *n =
		resize(&t, op_input(&t, "f32[3]", LIST(1, 2, 3)), op_constant(&t, "f32[1]", LIST(2)), NULL, "nearest");

	set_attribute_string(t.c, n, "coordinate_transformation_mode", "asymmetric");
	set_attribute_string(t.c, n, "nearest_mode", mode);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[6]", 0, y);
	op_end(&t);
}

START_TEST(rounding)
{
	check_rounding("floor", LIST(1, 1, 2, 2, 3, 3));
	check_rounding("ceil", LIST(1, 2, 2, 3, 3, 3));
	check_rounding("round_prefer_floor", LIST(1, 1, 2, 2, 3, 3));
	check_rounding("round_prefer_ceil", LIST(1, 2, 2, 3, 3, 3));
}
END_TEST

/* The weight of a pixel at distance d. */
static double weight(bool cubic, double a, double d)
{
	d = fabs(d);
	if (!cubic)
		return d < 1 ? 1 - d : 0;
	if (d <= 1)
		return (a + 2) * d * d * d - (a + 3) * d * d + 1;
	return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

/* Weights of the pixels of one direction for output o, half_pixel: those beyond the edge count for the one at it. */
static void weights(double *w, int in, int out, int o, bool cubic, bool antialias, bool exclude, double a)
{
	double x = (o + 0.5) * in / out - 0.5, shrink = antialias && out < in ? (double)out / in : 1, sum = 0;

	memset(w, 0, (size_t)in * sizeof *w);
	for (int i = -20; i < in + 20; i++) {
		double one = weight(cubic, a, (i - x) * shrink);
		if (exclude && (i < 0 || i >= in))
			continue;
		w[i < 0 ? 0 : i < in ? i : in - 1] += one;
		sum += one;
	}
	for (int i = 0; i < in && (antialias || exclude); i++)
		w[i] /= sum;
}

static const struct picture_case {
	const char *type;
	int h, w;
	bool cubic, antialias, exclude, shuffled;
	double a;
} pictures[] = {
	{ "f32", 9, 4, false, false, false, false, 0 },
	{ "f32", 3, 5, false, true, false, true, 0 },
	{ "f32", 4, 11, true, false, false, true, 0 },
	{ "f32", 3, 9, true, true, true, false, -0.5 },
	{ "f64", 7, 2, true, true, false, false, 0 },
	{ "f16", 10, 3, true, false, true, true, -0.75 },
	{ "bf16", 2, 12, false, true, true, false, 0 },
	{ "f32", 5, 6, true, true, true, true, 0 },
};

START_TEST(whole_pictures)
{
	const struct picture_case *k = &pictures[_i];
	struct op_test t = op_begin(18);
	struct value *x = op_input(&t, arena_text(t.c, "%s[1,2,5,6]", k->type), NULL);
	struct node *n =
		resize(&t, k->shuffled ? op_shuffled(&t, x) : x, NULL, INTS(&t, k->h, k->w), k->cubic ? "cubic" : "linear");
	double *y = NEW(t.c, double, (size_t)(2 * k->h * k->w)), rows[5], columns[6];

	SET_INTS(&t, n, "axes", 2, 3);
	set_attribute_int(t.c, n, "antialias", k->antialias);
	set_attribute_int(t.c, n, "exclude_outside", k->exclude);
	if (k->a < 0)
		set_attribute_float(t.c, n, "cubic_coeff_a", k->a);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 2 * k->h * k->w; i++) {
		double a = k->a < 0 ? k->a : -0.75;
		weights(rows, 5, k->h, i / k->w % k->h, k->cubic, k->antialias, k->exclude, a);
		weights(columns, 6, k->w, i % k->w, k->cubic, k->antialias, k->exclude, a);
		for (int p = 0; p < 30; p++)
			y[i] += rows[p / 6] * columns[p % 6] * op_at(&t, x, i / k->w / k->h * 30 + p);
	}
	op_expect(&t, 0, arena_text(t.c, "%s[1,2,%d,%d]", k->type, k->h, k->w),
		!strcmp(k->type, "f16")    ? 1e-3
		: !strcmp(k->type, "bf16") ? 1e-2
								   : 1e-5,
		y);
	op_end(&t);
}
END_TEST

/* The regions of interest of an axis: begin and end; outside of the picture there is another value. */
static void check_crop(const char *mode, double begin, double end, int64_t out, const double *y)
{
	struct op_test t = op_begin(11);
	struct value *roi = op_constant(&t, "f32[4]", LIST(0, begin, 1, end));
	struct value *x = op_input(&t, "f32[1,5]", LIST(10, 20, 40, 80, 160)), *scales = op_constant(&t, "f32[0]", LIST(0));
	struct node *n = op_node(&t, "", "Resize", 1, 4, x, roi, scales, INTS(&t, 1, out));

	set_attribute_string(t.c, n, "mode", mode);
	set_attribute_string(t.c, n, "coordinate_transformation_mode", "tf_crop_and_resize");
	set_attribute_float(t.c, n, "extrapolation_value", -7);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, arena_text(t.c, "f32[1,%d]", (int)out), 1e-5, y);
	op_end(&t);
}

START_TEST(crops)
{
	check_crop("linear", 0.25, 0.75, 3, LIST(20, 40, 80));
	check_crop("linear", 0.25, 0.75, 1, LIST(40));
	check_crop("linear", 0.5, 1.25, 4, LIST(40, 80, 160, -7));
	check_crop("nearest", -0.25, 0.25, 3, LIST(-7, 10, 20));
	check_crop("linear", 1, 0, 5, LIST(160, 80, 40, 20, 10));
}
END_TEST

static void check_policy(const char *policy, const char *shape)
{
	struct op_test t = op_begin(18);
	struct node *n = resize(&t, op_input(&t, "f32[1,4,6]", NULL), NULL, INTS(&t, 7, 9), "nearest");

	SET_INTS(&t, n, "axes", -1, 1);
	set_attribute_string(t.c, n, "keep_aspect_ratio_policy", policy);
	op_output(&t, n);
	op_run(&t);
	ck_assert_str_eq(shape_text(t.c, n->out[0]), shape);
	op_end(&t);
}

/* [4,6] to 9 x 7: the scales are 2.25 and 1.1667. */
START_TEST(aspect_ratios)
{
	check_policy("stretch", "f32[1,9,7]");
	check_policy("not_larger", "f32[1,5,7]");
	check_policy("not_smaller", "f32[1,9,14]");
}
END_TEST

/* Scales of older versions: two inputs, or an attribute; lengths are rounded down. */
START_TEST(older_forms)
{
	struct op_test t = op_begin(10);
	struct value *x = op_input(&t, "f32[1,2]", LIST(10, 20)), *scales = op_constant(&t, "f32[2]", LIST(1, 1.75));
	struct node *old = op_node(&t, "", "Resize", 1, 2, x, scales), *up = op_node(&t, "", "Upsample", 1, 2, x, scales);
	struct node *first = op_node(&t, "", "Upsample", 1, 1, x);
	struct attribute *a = NEW(t.c, struct attribute, 1);

	old->version = 10;
	up->version = 9;
	first->version = 7;
	*a = (struct attribute){ .name = "scales", .kind = ATTRIBUTE_FLOATS, .n = 2, .floats = (const float[]){ 2, 2 } };
	first->attributes = a;
	set_attribute_string(t.c, old, "mode", "linear");
	op_output(&t, old);
	op_output(&t, up);
	op_output(&t, first);
	op_run(&t);
	op_expect(&t, 0, "f32[1,3]", 1e-6, LIST(10, 10 + 10 / 1.75, 20));
	op_expect(&t, 1, "f32[1,3]", 0, LIST(10, 10, 20));
	op_expect(&t, 2, "f32[2,4]", 0, LIST(10, 10, 20, 20, 10, 10, 20, 20));
	ck_assert_int_eq(op_calls(&t, "resize"), 1);
	op_end(&t);
}
END_TEST

static void refuse(struct value *(*scales)(struct op_test *t), const char *name, const char *value, const char *words)
{
	struct op_test t = op_begin(19);
	struct node *n = resize(&t, op_input(&t, "f32[1,2]", NULL), scales ? scales(&t) : NULL, NULL, "linear");

	if (name)
		set_attribute_string(t.c, n, name, value);
	EXPECT_ERROR(&t, "Resize", words);
}

static struct value *two(struct op_test *t)
{
	return op_constant(t, "f32[2]", LIST(1, 2));
}

static struct value *three(struct op_test *t)
{
	return op_constant(t, "f32[3]", LIST(1, 2, 2));
}

static struct value *negative(struct op_test *t)
{
	return op_constant(t, "f32[2]", LIST(1, -2));
}

static struct value *huge(struct op_test *t)
{
	return op_constant(t, "f32[2]", LIST(1, 1e30));
}

static struct value *computed(struct op_test *t)
{
	return op_input(t, "f32[2]", NULL);
}

START_TEST(errors)
{
	refuse(NULL, NULL, NULL, "scales or sizes");
	refuse(two, "mode", "area", "mode 'area'");
	refuse(two, "coordinate_transformation_mode", "other", "'other'");
	refuse(two, "coordinate_transformation_mode", "tf_crop_and_resize", "roi");
	refuse(three, NULL, NULL, "2 numbers are needed");
	refuse(negative, NULL, NULL, "scale -2");
	refuse(huge, NULL, NULL, "scale 1e+30");
	refuse(computed, NULL, NULL, "scales");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("resize");
	TCase *tc = tcase_create("resize");

	tcase_add_test(tc, coordinates);
	tcase_add_test(tc, rounding);
	tcase_add_loop_test(tc, whole_pictures, 0, sizeof pictures / sizeof *pictures);
	tcase_add_test(tc, crops);
	tcase_add_test(tc, aspect_ratios);
	tcase_add_test(tc, older_forms);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
