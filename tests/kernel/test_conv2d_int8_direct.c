/* conv2d_int8 with several lines of taps, which levels with tiles multiply where they lie; and, with the same bits, all
 * other builds. */
#define RT_ISA emulated
#include "kernel/conv2d_int8.c"
#include "conv2d_int8_case.h"

/* One of the ways in which x and y are bytes, or, as the fifth, floats. */
static void check_types(struct rt_conv2d_int8 p, int way, int with)
{
	static const enum rt_type x_types[] = { RT_U8, RT_I8 }, y_types[] = { RT_U8, RT_I8, RT_U8, RT_I8, RT_F32 };

	p.x_type = x_types[way / 2 % 2];
	p.x_zero = p.x_type == RT_U8 ? 131 : -7;
	p.y_type = y_types[way % 5];
	p.y_zero = p.y_type == RT_U8 ? 100 : 9;
	check_int8(p, with);
}

/* Blocks that are whole, cut off, and several, for channels that come in tiles, in fours, and in neither. */
START_TEST(blocks)
{
	static const int32_t sizes[][4] = { { 14, 17, 64, 16 }, { 12, 16, 32, 17 }, { 5, 33, 20, 31 }, { 25, 3, 7, 33 },
		{ 1, 1, 4, 1 }, { 4, 18, 133, 15 } };

	for (int i = 0; i < 12; i++) {
		const int32_t *size = sizes[i % 6];
		struct rt_conv2d_int8 p = { SAME(size[0], size[1]), .c = size[2], .oc = size[3], TAPS3, PAD1 };
		p.act = i % 3 ? RT_RELU : RT_ACT_NONE;
		p.n = 1 + i % 2;
		check_types(p, i, i % 4 ? BIAS : 0);
	}
	/* Some that see nothing but the picture, and some that see a column, or a line, beyond it. */
	for (int32_t i = 0; i < 3; i++) {
		struct rt_conv2d_int8 p = { SAME(35 + i, 31 + i), .c = 8, .oc = 3, TAPS3, PAD1 };
		check_types(p, i, BIAS);
		p.ow--;
		check_types(p, i, BIAS);
	}
	/* More columns than a unit has, and pixels that lie apart. */
	check_types((struct rt_conv2d_int8){ SAME(3, 5), .c = 16, .oc = 150, TAPS3, PAD1, .act = RT_RELU }, 0, APART);
}
END_TEST

START_TEST(pools)
{
	static const int32_t sizes[][3] = { { 13, 19, 8 }, { 12, 16, 17 }, { 2, 2, 1 }, { 3, 35, 33 } };

	for (int i = 0; i < 20; i++) {
		const int32_t *size = sizes[i % 4];
		struct rt_conv2d_int8 p = { SAME(size[0], size[1]), .c = 9 - i % 4, .oc = size[2], TAPS3, PAD1, .pool = 2 };
		p.n = 1 + i % 2;
		p.act = (enum rt_act)(i % (RT_LEAKY_RELU + 1));
		p.slope = i % 2 ? 0.3f : -0.3f;
		check_types(p, i, i % 3 ? BIAS : 0);
	}
}
END_TEST

/* Padding on each side by itself, and so much that whole blocks lie outside of the picture. */
START_TEST(padding)
{
	static const int32_t cases[][4] = { { 0, 0, 7, 10 }, { 1, 0, 8, 10 }, { 0, 1, 7, 11 }, { 0, 0, 8, 10 },
		{ 0, 0, 7, 11 }, { 20, 25, 40, 50 } };

	for (int i = 0; i < 6; i++)
		for (int way = 0; way < 3; way++)
			check_types((struct rt_conv2d_int8){ .h = 9,
							.w = 12,
							.c = 12,
							.oh = cases[i][2],
							.ow = cases[i][3],
							.oc = 5,
							TAPS3,
							.pad_top = cases[i][0],
							.pad_left = cases[i][1] },
				way, BIAS);
}
END_TEST

START_TEST(windows)
{
	for (int32_t kh = 2; kh <= 6; kh++)
		for (int32_t kw = 1; kw <= 4; kw++)
			check_types(
				(struct rt_conv2d_int8){
					.h = 13, .w = 20, .c = 4 + kw, .oh = 14 - kh, .ow = 21 - kw, .oc = 9, .kh = kh, .kw = kw },
				kh + kw, 0);
}
END_TEST

/* Fewer channels than a group has: lines that are copied side by side, as long as k is not too much. */
START_TEST(few_channels)
{
	for (int32_t c = 1; c <= 3; c++)
		for (int32_t kh = 2; kh <= 5; kh++)
			check_types((struct rt_conv2d_int8){ .n = 2,
							.h = 14,
							.w = 19,
							.c = c,
							.oh = 15 - kh + c,
							.ow = 20,
							.oc = 15 + kh,
							.kh = kh,
							.kw = 2 + (kh + c) % 4,
							.pad_top = 1,
							.pad_left = c - 1,
							.act = RT_RELU,
							.pool = kh % 2 * 2 },
				kh + c, BIAS);
	/* Few channels in each of several groups. */
	for (int i = 0; i < 5; i++)
		check_types((struct rt_conv2d_int8){ SAME(13, 17), .c = 6, .oc = 34, TAPS3, PAD1, .group = 2 }, i, 0);
}
END_TEST

/* Channels of which there is room for a block of fewer lines, and for none. */
START_TEST(many_channels)
{
	static const int32_t channels[] = { 150, 300, 500, 800 };

	for (int i = 0; i < 8; i++)
		check_types(
			(struct rt_conv2d_int8){ SAME(7, 5), .c = channels[i % 4], .oc = 3, TAPS3, PAD1, .pool = i / 4 * 2 }, i,
			BIAS);
}
END_TEST

/* Groups of channels, rounding on the way, other results than bytes, and what is not multiplied where it lies. */
START_TEST(everything_else)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16, RT_I32 };
	struct rt_conv2d_int8 p = { .n = 2, SAME(5, 9), .c = 24, .oc = 38, TAPS3, PAD1, .group = 2 };

	for (int i = 0; i < 5; i++)
		check_types(p, i, BIAS);
	for (int i = 0; i < 4; i++) {
		p.y_type = types[i];
		check_int8(p, types[i] == RT_I32 ? 0 : BIAS | RESIDUAL);
	}
	p.step = 0.37f;
	p.low = -11;
	p.high = 14;
	for (int i = 0; i < 10; i++) {
		p.pool = i / 5 * 2;
		check_types(p, i, BIAS);
	}
	p.w_zero = 3;
	check_types(p, 0, BIAS);
}
END_TEST

/* Bytes and weights of the largest magnitude. */
START_TEST(extremes)
{
	struct rt_conv2d_int8 p = { SAME(3, 4), .c = 500, .oc = 3, TAPS3, PAD1 };

	for (int i = 0; i < 4; i++)
		check_types(p, i, EXTREME);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv2d_int8_direct");
	TCase *t = tcase_create("conv2d_int8_direct");

	tcase_add_test(t, blocks);
	tcase_add_test(t, pools);
	tcase_add_test(t, padding);
	tcase_add_test(t, windows);
	tcase_add_test(t, few_channels);
	tcase_add_test(t, many_channels);
	tcase_add_test(t, everything_else);
	tcase_add_test(t, extremes);
	suite_add_tcase(s, t);
	return s;
}
