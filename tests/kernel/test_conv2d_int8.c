#define RT_ISA emulated
#include "kernel/conv2d_int8.c"
#include "conv2d_int8_case.h"

static void check_both_signs(struct rt_conv2d_int8 p, int with)
{
	static const enum rt_type types[] = { RT_U8, RT_I8 };

	for (int i = 0; i < 4; i++) {
		p.x_type = types[i % 2];
		p.y_type = types[i / 2];
		p.x_zero = i % 2 ? -7 : 131;
		p.y_zero = i / 2 ? 9 : 100;
		check_int8(p, with);
	}
	p.y_type = RT_F32;
	check_int8(p, with);
}

START_TEST(linear_layers)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 5, 4, 16 }, { 49, 64, 17 }, { 96, 20, 129 }, { 7, 300, 40 },
		{ 3, 1030, 5 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_conv2d_int8 p = { SAME(1, sizes[i][0]), .c = sizes[i][1], .oc = sizes[i][2], .kh = 1, .kw = 1 };
		check_both_signs(p, i % 2 ? BIAS : 0);
	}
}
END_TEST

START_TEST(three_by_three)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(9, 13), .c = 16, .oc = 20, TAPS3, PAD1, .act = RT_RELU }, BIAS);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, .h = 5, .w = 7, .c = 9, .oh = 3, .ow = 5, .oc = 3, TAPS3 }, 0);
	check_both_signs((struct rt_conv2d_int8){ SAME(4, 5), .c = 64, .oc = 33, TAPS3, PAD1 }, BIAS);
}
END_TEST

START_TEST(few_channels)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(7, 11), .c = 1, .oc = 33, TAPS3, PAD1, .act = RT_RELU }, BIAS);
	check_both_signs((struct rt_conv2d_int8){ .h = 12,
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
		0);
}
END_TEST

/* More taps and more channels than a block of k, with and without gathering. */
START_TEST(blocks_of_k)
{
	for (int32_t c = 1100; c < 1103; c++)
		check_both_signs(
			(struct rt_conv2d_int8){
				.h = 3, .w = 4, .c = c, .oh = 3, .ow = 4, .oc = 18, .kh = 2, .kw = 1, .pad_top = 1 },
			0);
	for (int32_t c = 8; c < 10; c++)
		check_both_signs((struct rt_conv2d_int8){ SAME(9, 8), .c = c, .oc = 2, .kh = 5, .kw = 7, .pad_top = 2,
							 .pad_left = 3, .dilation_w = 2 },
			BIAS);
}
END_TEST

START_TEST(stride_dilation_and_uneven_padding)
{
	struct rt_conv2d_int8 p = { .n = 3,
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
		.pad_left = 1 };

	check_both_signs(p, BIAS);
	/* Padding wider than the kernel: some outputs see nothing but x_zero. */
	check_both_signs(
		(struct rt_conv2d_int8){
			.h = 2, .w = 2, .c = 8, .oh = 9, .ow = 9, .oc = 3, .kh = 2, .kw = 2, .pad_top = 4, .pad_left = 4 },
		0);
}
END_TEST

START_TEST(groups)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(6, 7), .c = 24, .oc = 38, TAPS3, .group = 2, PAD1 }, BIAS);
	check_both_signs(
		(struct rt_conv2d_int8){ .n = 2, SAME(6, 7), .c = 18, .oc = 18, TAPS3, .group = 18, PAD1, .act = RT_RELU },
		BIAS);
	check_both_signs((struct rt_conv2d_int8){ SAME(5, 5), .c = 12, .oc = 393, TAPS3, .group = 3, PAD1 }, 0);
}
END_TEST

START_TEST(pooling)
{
	struct rt_conv2d_int8 p = { .n = 2, SAME(9, 15), .c = 8, .oc = 20, TAPS3, PAD1, .act = RT_RELU, .pool = 2 };

	check_both_signs(p, BIAS);
	/* Negative scales: the largest result is that of the smallest sum. An activation that does not grow everywhere. */
	p.act = RT_ACT_NONE;
	check_both_signs(p, 0);
	p.act = RT_GELU;
	check_both_signs(p, BIAS);
	p.y_type = RT_F32;
	check_int8(p, RESIDUAL);
}
END_TEST

START_TEST(activations)
{
	for (enum rt_act act = RT_ACT_NONE; act <= RT_LEAKY_RELU; act++) {
		struct rt_conv2d_int8 p = { SAME(5, 11), .c = 12, .oc = 21, .kh = 1, .kw = 1, .act = act, .slope = 0.3f };
		check_both_signs(p, BIAS);
	}
}
END_TEST

START_TEST(result_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16, RT_I32 };

	for (int i = 0; i < 16; i++) {
		struct rt_conv2d_int8 p = { SAME(6, 9), .c = 16, .oc = 18, TAPS3, PAD1, .y_type = types[i % 4] };
		p.x_type = i / 4 % 2 ? RT_U8 : RT_I8;
		check_int8(p, i % 4 == 3 ? 0 : i / 8 ? RESIDUAL : BIAS | RESIDUAL);
	}
}
END_TEST

/* Sums of products that come near the largest number of 32 bits, and would not fit 16 at any point. */
START_TEST(extremes)
{
	struct rt_conv2d_int8 p = { SAME(1, 2), .c = RT_INT8_TERMS / 16, .oc = 3, .kh = 4, .kw = 4, .pad_top = 1 };

	check_both_signs(p, EXTREME);
	p.kh = p.kw = 1;
	p.pad_top = 0;
	p.c = RT_INT8_TERMS;
	p.y_type = RT_I32;
	check_int8(p, EXTREME);
	p.x_type = RT_I8;
	check_int8(p, EXTREME);
}
END_TEST

/* Results halfway between two integers go to the even one before y_zero, which may be odd, is added. */
START_TEST(halves)
{
	uint8_t x[64];
	int8_t plain[1] = { 1 };
	int32_t sums[16] = { -17 };
	float scale[16] = { 0.5f };
	struct int8_case job = { .p = { SAME(1, 64), .n = 1, .c = 1, .oc = 1, .kh = 1, .kw = 1, .stride_h = 1,
								 .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .group = 1, .y_zero = 3,
								 .x_type = RT_U8, .y_type = RT_I8 },
		.x = x,
		.plain = plain,
		.sums = sums,
		.scale = scale };
	int8_t *w = pack(&job.p, plain);

	for (int i = 0; i < 64; i++)
		x[i] = (uint8_t)i;
	job.w = w;
	check_case(&job);
	free(w);
}
END_TEST

START_TEST(pixels_apart)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(1, 61), .c = 20, .oc = 139, .kh = 1, .kw = 1 }, APART | BIAS);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, SAME(6, 7), .c = 24, .oc = 38, TAPS3, .group = 2, PAD1 }, APART);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, SAME(5, 6), .c = 8, .oc = 20, TAPS3, PAD1, .pool = 2 }, APART);
}
END_TEST

/* Rounding to bytes on the way to bytes, and to floats. */
START_TEST(steps)
{
	struct rt_conv2d_int8 p = { SAME(4, 7), .c = 20, .oc = 19, TAPS3, PAD1, .step = 0.37f, .low = -11, .high = 14,
		.act = RT_RELU };

	check_both_signs(p, BIAS);
	p.pool = 2;
	check_both_signs(p, 0);
	p.low = 0;
	check_int8(p, BIAS | RESIDUAL);
}
END_TEST

/* Weights that are more than they are stored as, where bytes are used in place and where they are gathered. */
START_TEST(weight_zero_points)
{
	for (int32_t c = 12; c < 14; c++) {
		struct rt_conv2d_int8 p = { SAME(5, 6), .c = c, .oc = 17, TAPS3, PAD1, .w_zero = c == 12 ? 8 : -128 };
		check_both_signs(p, BIAS);
	}
	check_both_signs((struct rt_conv2d_int8){ SAME(1, 21), .c = 1100, .oc = 130, .kh = 1, .kw = 1, .w_zero = 13 }, 0);
	check_both_signs((struct rt_conv2d_int8){ SAME(5, 4), .c = 24, .oc = 36, TAPS3, .group = 2, .w_zero = 1 }, 0);
}
END_TEST

START_TEST(random_shapes)
{
	uint64_t state = 1;

	for (int i = 0; i < 40; i++) {
		int32_t r[10];
		for (int j = 0; j < 10; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			r[j] = (int32_t)(state >> 40);
		}
		struct rt_conv2d_int8 p = { .n = 1 + r[0] % 2, .h = 5 + r[1] % 9, .w = 5 + r[2] % 9, .group = 1 + r[3] % 3 };
		p.c = p.group * (1 + r[4] % 40);
		p.oc = p.group * (1 + r[5] % 40);
		p.kh = 1 + r[6] % 3;
		p.kw = 1 + r[7] % 3;
		p.stride_h = 1 + r[8] % 2;
		p.stride_w = 1 + r[9] % 2;
		p.pad_top = r[0] / 2 % 3;
		p.pad_left = r[1] / 9 % 3;
		p.pool = r[2] / 9 % 2 * 2;
		p.oh = (p.h + 2 * p.pad_top - p.kh) / p.stride_h + 1;
		p.ow = (p.w + 2 * p.pad_left - p.kw) / p.stride_w + 1;
		p.x_type = r[3] / 3 % 2 ? RT_U8 : RT_I8;
		p.x_zero = p.x_type == RT_U8 ? r[4] / 40 % 256 : r[4] / 40 % 256 - 128;
		p.y_type = r[5] / 40 % 3 == 0 ? RT_U8 : r[5] / 40 % 3 == 1 ? RT_I8 : RT_F16;
		p.y_zero = p.y_type == RT_U8 ? r[6] / 3 % 256 : r[6] / 3 % 256 - 128;
		p.act = r[7] / 3 % 2 ? RT_RELU : RT_ACT_NONE;
		check_int8(p, r[8] / 2 % 2 ? BIAS : 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv2d_int8");
	TCase *t = tcase_create("conv2d_int8");

	tcase_add_test(t, linear_layers);
	tcase_add_test(t, three_by_three);
	tcase_add_test(t, few_channels);
	tcase_add_test(t, blocks_of_k);
	tcase_add_test(t, stride_dilation_and_uneven_padding);
	tcase_add_test(t, groups);
	tcase_add_test(t, pooling);
	tcase_add_test(t, activations);
	tcase_add_test(t, result_types);
	tcase_add_test(t, extremes);
	tcase_add_test(t, halves);
	tcase_add_test(t, pixels_apart);
	tcase_add_test(t, steps);
	tcase_add_test(t, weight_zero_points);
	tcase_add_test(t, random_shapes);
	suite_add_tcase(s, t);
	return s;
}
