/* ConvTranspose, Col2Im and DeformConv, against the sums that define them. */
#include "op_test.h"

/* A transposed convolution of a row, picture or volume; unused sizes are 1. */
static const struct transposed_case {
	const char *type;
	int spatial, c, oc, group; /* channels in all */
	int in[3], kernel[3];
	int64_t stride[3], dilation[3], pads[6], more[3];
	bool constant, bias, shuffled;
} cases[] = {
	{ "f32", 1, 3, 4, 1, { 1, 1, 5 }, { 1, 1, 3 }, { 2 }, { 1 }, { 1, 0 }, { 1 }, true, true, false },
	{ "f32", 2, 4, 6, 2, { 1, 3, 4 }, { 1, 2, 3 }, { 2, 1 }, { 1, 2 }, { 0, 1, 1, 0 }, { 1, 0 }, false, true, true },
	{ "f16", 2, 2, 3, 1, { 1, 4, 3 }, { 1, 3, 3 }, { 3, 2 }, { 1, 1 }, { 0, 0, 0, 0 }, { 2, 1 }, true, false, true },
	{ "f64", 2, 2, 2, 2, { 1, 1, 1 }, { 1, 2, 2 }, { 2, 2 }, { 2, 1 }, { 0, 0, 1, 0 }, { 0, 0 }, true, true, false },
	{ "f32", 3, 2, 3, 1, { 2, 3, 2 }, { 2, 2, 3 }, { 2, 1, 2 }, { 1, 2, 1 }, { 1, 0, 0, 0, 0, 1 }, { 1, 0, 0 }, false,
		true, true },
};

/* Adds what input element x of picture n, channel c, at a place puts into every output channel of its group. */
static void spread(const struct op_test *t, const struct transposed_case *k, const struct value *w, double *y,
	const int *out, const int *at, double x)
{
	int taps = k->kernel[0] * k->kernel[1] * k->kernel[2], each = k->oc / k->group, first = 3 - k->spatial;

	for (int i = 0; i < each * taps; i++) {
		int tap[] = { i % taps / k->kernel[2] / k->kernel[1], i % taps / k->kernel[2] % k->kernel[1],
			i % k->kernel[2] };
		int o = at[1] / (k->c / k->group) * each + i / taps, place = at[0] * k->oc + o;
		bool inside = true;
		for (int d = 0; d < 3; d++) {
			int s = d - first;
			int to = s < 0 ? 0 : (int)(at[2 + d] * k->stride[s] + tap[d] * k->dilation[s] - k->pads[s]);
			inside = inside && to >= 0 && to < out[d];
			place = place * out[d] + to;
		}
		if (inside)
			y[place] += x * op_at(t, w, at[1] * each * taps + i);
	}
}

static const char *shape(struct op_test *t, const char *type, int n, int c, int spatial, const int *size)
{
	const char *s = arena_text(t->c, "%s[%d,%d", type, n, c);

	for (int i = 3 - spatial; i < 3; i++)
		s = arena_text(t->c, "%s,%d", s, size[i]);
	return arena_text(t->c, "%s]", s);
}

START_TEST(transposed)
{
	const struct transposed_case *k = &cases[_i];
	struct op_test t = op_begin(20);
	int out[3] = { 1, 1, 1 }, size = k->in[0] * k->in[1] * k->in[2];

	for (int s = 0, d = 3 - k->spatial; s < k->spatial; s++, d++)
		out[d] = (int)(k->stride[s] * (k->in[d] - 1) + (k->kernel[d] - 1) * k->dilation[s] + 1 + k->more[s] -
					   k->pads[s] - k->pads[k->spatial + s]);
	struct value *x = op_input(&t, shape(&t, k->type, 2, k->c, k->spatial, k->in), NULL);
	const char *text = shape(&t, k->type, k->c, k->oc / k->group, k->spatial, k->kernel);
	struct value *w = k->constant ? op_constant(&t, text, NULL) : op_input(&t, text, NULL);
	struct value *bias = k->bias ? op_input(&t, arena_text(t.c, "%s[%d]", k->type, k->oc), NULL) : NULL;
	struct node *n = op_node(&t, "", "ConvTranspose", 1, 3, k->shuffled ? op_shuffled(&t, x) : x, w, bias);
	int pixels = out[0] * out[1] * out[2];
	double *y = NEW(t.c, double, (size_t)(2 * k->oc * pixels));

	op_set_ints(&t, n, "strides", k->spatial, k->stride);
	op_set_ints(&t, n, "dilations", k->spatial, k->dilation);
	op_set_ints(&t, n, "pads", 2 * k->spatial, k->pads);
	op_set_ints(&t, n, "output_padding", k->spatial, k->more);
	set_attribute_int(t.c, n, "group", k->group);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 2 * k->oc * pixels; i++)
		y[i] = bias ? op_at(&t, bias, i / pixels % k->oc) : 0;
	for (int i = 0; i < 2 * k->c * size; i++) {
		int inside = i % size;
		int at[] = { i / size / k->c, i / size % k->c, inside / k->in[2] / k->in[1], inside / k->in[2] % k->in[1],
			inside % k->in[2] };
		spread(&t, k, w, y, out, at, op_at(&t, x, i));
	}
	op_expect(
		&t, 0, shape(&t, k->type, 2, k->oc, k->spatial, out), *k->type == 'f' && k->type[1] == '1' ? 2e-3 : 2e-5, y);
	op_end(&t);
}
END_TEST

/* A window of ones, laid 3 apart: which part of the 9 outputs is kept. */
static void check_output(const char *mode, const int64_t *size, const char *expected, const double *y)
{
	struct op_test t = op_begin(20);
	struct value *ones = op_constant(&t, "f32[1,1,2]", LIST(1, 1));
	struct node *n = op_node(&t, "", "ConvTranspose", 1, 2, op_input(&t, "f32[1,1,3]", LIST(1, 2, 3)), ones);

	SET_INTS(&t, n, "strides", 3);
	if (mode)
		set_attribute_string(t.c, n, "auto_pad", mode);
	if (size)
		op_set_ints(&t, n, "output_shape", 1, size);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, expected, 0, y);
	op_end(&t);
}

START_TEST(output_sizes)
{
	check_output(NULL, NULL, "f32[1,1,8]", LIST(1, 1, 0, 2, 2, 0, 3, 3));
	check_output("SAME_UPPER", NULL, "f32[1,1,9]", LIST(1, 1, 0, 2, 2, 0, 3, 3, 0));
	check_output(NULL, (int64_t[]){ 7 }, "f32[1,1,7]", LIST(1, 0, 2, 2, 0, 3, 3));
	check_output("SAME_UPPER", (int64_t[]){ 7 }, "f32[1,1,7]", LIST(1, 1, 0, 2, 2, 0, 3));
	check_output(NULL, (int64_t[]){ 10 }, "f32[1,1,10]", LIST(1, 1, 0, 2, 2, 0, 3, 3, 0, 0));
}
END_TEST

START_TEST(col2im)
{
	struct op_test t = op_begin(18);
	struct value *x = op_input(&t, "f32[1,4,2]", LIST(1, 2, 3, 4, 5, 6, 7, 8));
	struct node *n = op_node(&t, "", "Col2Im", 1, 3, op_shuffled(&t, x), INTS(&t, 2, 3), INTS(&t, 2, 2));
	struct node *row = op_node(&t, "", "Col2Im", 1, 3, x, INTS(&t, 5), INTS(&t, 2));

	SET_INTS(&t, row, "strides", 2);
	SET_INTS(&t, row, "dilations", 2);
	op_output(&t, n);
	op_output(&t, row);
	op_run(&t);
	op_expect(&t, 0, "f32[1,1,2,3]", 0, LIST(1, 2 + 3, 4, 5, 6 + 7, 8));
	op_expect(&t, 1, "f32[1,2,5]", 0, LIST(1, 0, 2 + 3, 0, 4, 5, 0, 6 + 7, 0, 8));
	op_end(&t);
}
END_TEST

static const struct deform_case {
	int c, oc, group, offset_group;
	bool constant, bias, mask, shuffled;
} deforms[] = {
	{ 3, 4, 1, 1, true, true, false, false },
	{ 4, 6, 2, 1, false, true, true, true },
	{ 4, 2, 1, 2, true, false, true, true },
	{ 6, 3, 3, 2, false, false, false, false },
};

/* A 5 x 4 picture under a 2 x 3 window at stride 2 and 1, padded by 1 on the left and below. */
enum { H = 5, W = 4, OH = 3, OW = 3, TAPS = 6 };

static double look(const struct op_test *t, const struct value *x, int plane, double row, double column)
{
	double sum = 0;

	for (int i = 0; i < H * W; i++)
		sum += fmax(0, 1 - fabs(row - i / W)) * fmax(0, 1 - fabs(column - i % W)) * op_at(t, x, plane * H * W + i);
	return sum;
}

START_TEST(deformed)
{
	const struct deform_case *k = &deforms[_i];
	struct op_test t = op_begin(19);
	int each = k->c / k->group, filters = k->oc / k->group;
	const char *weights = arena_text(t.c, "f32[%d,%d,2,3]", k->oc, each);
	struct value *x = op_input(&t, arena_text(t.c, "f32[1,%d,5,4]", k->c), NULL);
	struct value *w = k->constant ? op_constant(&t, weights, NULL) : op_input(&t, weights, NULL);
	struct value *offset = op_input(&t, arena_text(t.c, "f32[1,%d,3,3]", k->offset_group * 2 * TAPS), NULL);
	struct value *bias = k->bias ? op_input(&t, arena_text(t.c, "f32[%d]", k->oc), NULL) : NULL;
	struct value *mask = k->mask ? op_input(&t, arena_text(t.c, "f32[1,%d,3,3]", k->offset_group * TAPS), NULL) : NULL;
	struct value *moved = k->shuffled ? op_shuffled(&t, offset) : offset;
	struct node *n = op_node(&t, "", "DeformConv", 1, 5, k->shuffled ? op_shuffled(&t, x) : x, w, moved, bias, mask);
	double *y = NEW(t.c, double, (size_t)(k->oc * OH * OW));

	SET_INTS(&t, n, "strides", 2, 1);
	SET_INTS(&t, n, "pads", 0, 1, 1, 0);
	set_attribute_int(t.c, n, "group", k->group);
	set_attribute_int(t.c, n, "offset_group", k->offset_group);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < k->oc * OH * OW; i++) {
		int o = i / OW / OH, at = i % (OH * OW);
		y[i] = bias ? op_at(&t, bias, o) : 0;
		for (int j = 0; j < each * TAPS; j++) {
			int c = o / filters * each + j / TAPS, tap = j % TAPS, map = c / (k->c / k->offset_group) * TAPS + tap;
			double row = at / OW * 2 + tap / 3 + op_at(&t, offset, 2 * map * OH * OW + at);
			double column = at % OW - 1 + tap % 3 + op_at(&t, offset, (2 * map + 1) * OH * OW + at);
			double seen = look(&t, x, c, row, column) * (mask ? op_at(&t, mask, map * OH * OW + at) : 1);
			y[i] += seen * op_at(&t, w, (o * each + j / TAPS) * TAPS + tap);
		}
	}
	op_expect(&t, 0, arena_text(t.c, "f32[1,%d,3,3]", k->oc), 2e-5, y);
	op_end(&t);
}
END_TEST

static void refuse(const char *operator, const char * x, const char *w, const char *more, const char *words)
{
	struct op_test t = op_begin(20);

	op_node(
		&t, "", operator, 1, 3, op_input(&t, x, NULL), op_input(&t, w, NULL), more ? op_input(&t, more, NULL) : NULL);
	EXPECT_ERROR(&t, operator, words);
}

START_TEST(errors)
{
	refuse("ConvTranspose", "f32[1,2,3]", "f32[2,2,3,3]", NULL, "ranks");
	refuse("ConvTranspose", "f32[1,2,3]", "f32[3,2,3]", NULL, "do not fit the 2 channels");
	refuse("ConvTranspose", "f32[1,2,3]", "f32[2,2,3]", "f32[3]", "bias");
	refuse("ConvTranspose", "f32[1,2,3,3,3,3]", "f32[2,2,3,3,3,3]", NULL, "[n,c,d,h,w]");
	refuse("DeformConv", "f32[1,2,3]", "f32[2,2,3]", "f32[1,6,3]", "[n,c,h,w]");
	refuse("DeformConv", "f32[1,2,3,3]", "f32[2,3,1,1]", "f32[1,2,3,3]", "do not fit");
	refuse("DeformConv", "f32[1,2,3,3]", "f32[2,2,1,1]", "f32[1,2,3,2]", "must be [1,2,3,3]");
	refuse("Col2Im", "f32[1,4,2]", "i64[2]", "i64[2]", "image_shape");
	struct op_test t = op_begin(18);
	op_node(&t, "", "Col2Im", 1, 3, op_input(&t, "f32[1,4,3]", NULL), INTS(&t, 2, 3), INTS(&t, 2, 2));
	EXPECT_ERROR(&t, "Col2Im", "2 windows");
	t = op_begin(18);
	op_node(&t, "", "Col2Im", 1, 3, op_input(&t, "f32[1,4,3]", NULL), INTS(&t, 2, 3), INTS(&t, 3, 2));
	EXPECT_ERROR(&t, "Col2Im", "room for windows");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv_transpose");
	TCase *tc = tcase_create("conv_transpose");

	tcase_add_loop_test(tc, transposed, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tc, output_sizes);
	tcase_add_test(tc, col2im);
	tcase_add_loop_test(tc, deformed, 0, sizeof deforms / sizeof *deforms);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
