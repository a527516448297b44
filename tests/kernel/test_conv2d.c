#define RT_ISA emulated
#include "kernel/conv2d.c"
#include "reference_conv.h"

struct conv_case {
	struct rt_conv2d p;
	void *x, *w, *bias;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_conv2d_fn *const builds[] = KERNEL_BUILDS(conv2d);
	const struct conv_case *c = job;

	builds[build](run, &c->p, y, c->x, c->w, c->bias);
}

/* Zero fields get their usual value: one picture, stride, dilation and group 1, f32. */
static void check_conv(struct rt_conv2d p, bool bias, double tolerance)
{
	struct conv_case c;
	size_t count;

#define DEFAULT(field, value) p.field = p.field ? p.field : value
	DEFAULT(n, 1);
	DEFAULT(stride_h, 1);
	DEFAULT(stride_w, 1);
	DEFAULT(dilation_h, 1);
	DEFAULT(dilation_w, 1);
	DEFAULT(group, 1);
	DEFAULT(x_type, RT_F32);
	DEFAULT(y_type, RT_F32);
	DEFAULT(w_type, RT_F32);
	int32_t taps = p.kh * p.kw, channels = p.c / p.group, k = taps * channels, os = p.oc / p.group;
	size_t step = panels_size(p.w_type, taps, channels, os), size = rt_type_size(p.w_type);
	char *w = random_tensor(given_type(p.w_type), (size_t)(k * p.oc), 1, -1, 1);
	double *magnitude;
	c.p = p;
	c.x = random_tensor(p.x_type, (size_t)(p.n * p.h * p.w * p.c), 2, -1, 1);
	c.bias = bias ? random_tensor(RT_F32, padded(p.oc), 3, -1, 1) : NULL;
	c.w = malloc((size_t)p.group * step * size);
	for (int32_t g = 0; g < p.group; g++)
		pack_panels(
			(char *)c.w + (size_t)g * step * size, w + (size_t)(g * k * os) * size, p.w_type, taps, channels, os);
	double *expected = reference_picture(&p, c.x, w, c.bias, &count, &magnitude), *bound = new_doubles(count);
	for (size_t i = 0; i < count; i++)
		bound[i] = tolerance * fmax(1, fabs(expected[i])) + split_error(p.w_type, p.x_type, magnitude[i]);
	check_within(call, &c, expected, bound, count, p.y_type);
	free(magnitude);
	free(w);
	free(c.x);
	free(c.w);
	free(c.bias);
	free(expected);
	free(bound);
}

START_TEST(three_by_three)
{
	check_conv((struct rt_conv2d){ .h = 9,
				   .w = 13,
				   .c = 16,
				   .oh = 9,
				   .ow = 13,
				   .oc = 20,
				   .kh = 3,
				   .kw = 3,
				   .pad_top = 1,
				   .pad_left = 1,
				   .act = RT_RELU },
		true, 1e-5);
	check_conv(
		(struct rt_conv2d){ .n = 2, .h = 5, .w = 7, .c = 9, .oh = 3, .ow = 5, .oc = 3, .kh = 3, .kw = 3 }, false, 1e-5);
}
END_TEST

START_TEST(few_channels)
{
	check_conv(
		(struct rt_conv2d){
			.h = 7, .w = 11, .c = 1, .oh = 7, .ow = 11, .oc = 33, .kh = 3, .kw = 3, .pad_top = 1, .pad_left = 1 },
		true, 1e-5);
	check_conv((struct rt_conv2d){ .h = 12,
				   .w = 10,
				   .c = 3,
				   .oh = 6,
				   .ow = 5,
				   .oc = 5,
				   .kh = 7,
				   .kw = 7,
				   .stride_h = 2,
				   .stride_w = 2,
				   .pad_top = 3,
				   .pad_left = 3 },
		true, 1e-5);
}
END_TEST

/* More channels than a block of k, so that taps are cut; more output channels than a block of columns. */
START_TEST(many_channels)
{
	check_conv(
		(struct rt_conv2d){ .h = 3, .w = 4, .c = 300, .oh = 3, .ow = 4, .oc = 140, .kh = 2, .kw = 1, .pad_top = 1 },
		true, 1e-5);
	check_conv(
		(struct rt_conv2d){ .h = 4, .w = 13, .c = 65, .oh = 4, .ow = 13, .oc = 65, .kh = 1, .kw = 1 }, true, 1e-5);
}
END_TEST

START_TEST(large_kernel)
{
	check_conv(
		(struct rt_conv2d){
			.h = 9, .w = 8, .c = 9, .oh = 9, .ow = 8, .oc = 2, .kh = 5, .kw = 7, .pad_top = 2, .pad_left = 3 },
		true, 1e-5);
}
END_TEST

START_TEST(stride_dilation_and_uneven_padding)
{
	check_conv((struct rt_conv2d){ .n = 3,
				   .h = 11,
				   .w = 14,
				   .c = 8,
				   .oh = 6,
				   .ow = 5,
				   .oc = 17,
				   .kh = 3,
				   .kw = 2,
				   .stride_h = 2,
				   .stride_w = 3,
				   .dilation_h = 2,
				   .dilation_w = 4,
				   .pad_top = 2,
				   .pad_left = 1 },
		true, 1e-5);
	/* Padding wider than the kernel: some outputs see nothing but zeros. */
	check_conv(
		(struct rt_conv2d){
			.h = 2, .w = 2, .c = 8, .oh = 9, .ow = 9, .oc = 3, .kh = 2, .kw = 2, .pad_top = 4, .pad_left = 4 },
		true, 1e-5);
}
END_TEST

START_TEST(groups)
{
	check_conv((struct rt_conv2d){ .h = 6,
				   .w = 7,
				   .c = 20,
				   .oh = 6,
				   .ow = 7,
				   .oc = 38,
				   .kh = 3,
				   .kw = 3,
				   .group = 2,
				   .pad_top = 1,
				   .pad_left = 1 },
		true, 1e-5);
	check_conv((struct rt_conv2d){ .n = 2,
				   .h = 6,
				   .w = 7,
				   .c = 18,
				   .oh = 6,
				   .ow = 7,
				   .oc = 18,
				   .kh = 3,
				   .kw = 3,
				   .group = 18,
				   .pad_top = 1,
				   .pad_left = 1,
				   .act = RT_SILU },
		true, 1e-5);
}
END_TEST

START_TEST(pooling)
{
	check_conv((struct rt_conv2d){ .n = 2,
				   .h = 9,
				   .w = 15,
				   .c = 8,
				   .oh = 9,
				   .ow = 15,
				   .oc = 20,
				   .kh = 3,
				   .kw = 3,
				   .pad_top = 1,
				   .pad_left = 1,
				   .act = RT_RELU,
				   .pool = 2 },
		true, 1e-5);
	/* An activation that does not grow everywhere must come before the maximum. */
	check_conv((struct rt_conv2d){ .h = 8,
				   .w = 8,
				   .c = 1,
				   .oh = 8,
				   .ow = 8,
				   .oc = 5,
				   .kh = 3,
				   .kw = 3,
				   .pad_top = 1,
				   .pad_left = 1,
				   .act = RT_GELU,
				   .pool = 2 },
		true, 1e-5);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 27; i++) {
		struct rt_conv2d p = { .h = 6,
			.w = 9,
			.c = i % 2 ? 17 : 3,
			.oh = 6,
			.ow = 9,
			.oc = 18,
			.kh = 3,
			.kw = 3,
			.pad_top = 1,
			.pad_left = 1,
			.pool = i % 4 ? 0 : 2,
			.x_type = types[i % 3],
			.y_type = types[i / 3 % 3],
			.w_type = types[i / 9] };
		check_conv(p, true, p.y_type == RT_F32 ? 1e-5 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

/* Channels and filters around the sizes of tiles, groups, pooling, and taps of a few channels side by side. */
START_TEST(split_weights)
{
	static const int32_t sizes[][4] = { { 2, 1, 1, 1 }, { 32, 16, 1, 0 }, { 34, 17, 3, 2 }, { 6, 33, 5, 0 },
		{ 64, 130, 3, 2 }, { 130, 20, 2, 0 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int32_t k = sizes[i][2], size = 8 - k;
		struct rt_conv2d p = { .h = 7, .w = 7, .c = sizes[i][0], .oh = size, .ow = size, .oc = sizes[i][1] };
		p.kh = p.kw = k;
		p.pool = sizes[i][3];
		p.w_type = RT_BF16X2;
		check_conv(p, true, 1e-5);
		p.pad_left = p.pad_top = 1;
		p.c *= 2;
		p.oc *= 2;
		p.group = 2;
		p.x_type = RT_F16;
		check_conv(p, true, 1e-5);
	}
}
END_TEST

/* The same for weights that are halves, whose products are exact, and for odd channels. */
START_TEST(half_weights)
{
	static const int32_t sizes[][4] = { { 8, 1, 1, 1 }, { 33, 16, 1, 0 }, { 9, 17, 3, 2 }, { 65, 130, 3, 0 },
		{ 131, 20, 2, 0 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int32_t k = sizes[i][2], size = 8 - k;
		struct rt_conv2d p = { .h = 7, .w = 7, .c = sizes[i][0], .oh = size, .ow = size, .oc = sizes[i][1] };
		p.kh = p.kw = k;
		p.pool = sizes[i][3];
		p.x_type = p.w_type = RT_F16;
		check_conv(p, true, 2e-5);
		p.pad_left = p.pad_top = 1;
		p.c *= 2;
		p.oc *= 2;
		p.group = 2;
		check_conv(p, true, 2e-5);
	}
}
END_TEST

/* Odd channels, which take a row more; filters and pixels around the sizes of tiles; more channels than a block has;
 * groups; and pictures of every type. */
START_TEST(bfloat_weights)
{
	static const int32_t sizes[][5] = { { 1, 1, 1, 1, 7 }, { 32, 16, 1, 0, 4 }, { 33, 17, 3, 2, 8 }, { 3, 33, 5, 0, 9 },
		{ 64, 130, 3, 2, 7 }, { 129, 20, 2, 0, 5 }, { 300, 40, 3, 0, 6 } };
	static const enum rt_type types[] = { RT_BF16, RT_F32, RT_F16 };

	for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; i++) {
		const int32_t *given = sizes[i / 3];
		int32_t k = given[2], size = given[4] + 1 - k;
		struct rt_conv2d p = { .h = given[4], .w = given[4], .c = given[0], .oh = size, .ow = size, .oc = given[1] };
		p.kh = p.kw = k;
		p.pool = given[3];
		p.w_type = RT_BF16;
		p.x_type = types[i % 3];
		check_conv(p, true, 1e-5);
		p.pad_left = p.pad_top = 1;
		p.c *= 2;
		p.oc *= 2;
		p.group = 2;
		p.y_type = RT_BF16;
		check_conv(p, false, 8e-3);
	}
}
END_TEST

/* A factor comes before activation and maximum. */
START_TEST(factor)
{
	struct rt_conv2d p = { .h = 8, .w = 10, .c = 6, .oh = 8, .ow = 10, .oc = 20, .kh = 3, .kw = 3, .alpha = 0.37f };

	p.pad_top = p.pad_left = 1;
	p.act = RT_GELU;
	p.pool = 2;
	check_conv(p, true, 1e-5);
	p.x_type = p.w_type = RT_BF16;
	p.alpha = -1.7f;
	check_conv(p, true, 1e-5);
}
END_TEST

/* Results rounded to 8 bits: of pictures times one, each number at a place of its own. */
START_TEST(rounding)
{
	static const enum rt_type rounded[] = { RT_F8E4M3FN, RT_F8E5M2 }, stored[] = { RT_F32, RT_BF16 };
	enum { N = 600 };
	float x[N], w[RT_PANEL] = { 1 };
	double expected[N];

	for (int i = 0; i < 4; i++) {
		enum rt_type type = rounded[i / 2];
		struct conv_case c = { .p = { .n = 1, .h = 1, .w = N, .c = 1, .oh = 1, .ow = N, .oc = 1, .kh = 1, .kw = 1 } };
		c.p.stride_h = c.p.stride_w = c.p.dilation_h = c.p.dilation_w = c.p.group = 1;
		c.p.x_type = c.p.w_type = RT_F32;
		c.p.y_type = stored[i % 2];
		c.p.round = type;
		c.x = x;
		c.w = w;
		float largest = float_of_narrow(narrow_format(type).largest, type);
		for (int k = 0; k < N; k++) {
			x[k] = (float)((k % 2 ? -1 : 1) * exp2(k / 12.0 - 25));
			x[k] = k == 0 ? 0 : k == 1 ? -INFINITY : k == 2 ? NAN : k == 4 ? 1.0625f : k == 6 ? 1.1875f : x[k];
			float limited = x[k] > largest ? largest : x[k] < -largest ? -largest : x[k];
			expected[k] = (double)float_of_narrow(narrow_of_float(limited, type), type);
		}
		check_kernel(call, &c, expected, N, c.p.y_type, 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv2d");
	TCase *t = tcase_create("conv2d");

	tcase_add_test(t, three_by_three);
	tcase_add_test(t, few_channels);
	tcase_add_test(t, many_channels);
	tcase_add_test(t, large_kernel);
	tcase_add_test(t, stride_dilation_and_uneven_padding);
	tcase_add_test(t, groups);
	tcase_add_test(t, pooling);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, split_weights);
	tcase_add_test(t, half_weights);
	tcase_add_test(t, bfloat_weights);
	tcase_add_test(t, factor);
	tcase_add_test(t, rounding);
	suite_add_tcase(s, t);
	return s;
}
