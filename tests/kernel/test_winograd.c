/* Winograd's convolution against one that adds term by term, in double precision. */
#include "winograd_case.h"

START_TEST(whole_squares)
{
	check_winograd((struct rt_winograd){ .h = 16, .w = 24, .c = 16, .oc = 32, .tiles_h = 2, .tiles_w = 3 }, true);
	check_winograd((struct rt_winograd){ .h = 8, .w = 8, .c = 64, .oc = 64, .tiles_h = 1, .tiles_w = 2 }, false);
}
END_TEST

/* Sizes that fit neither squares nor blocks nor panels. */
START_TEST(odd_sizes)
{
	check_winograd(
		(struct rt_winograd){ .n = 2, .h = 13, .w = 19, .c = 17, .oc = 33, .act = RT_RELU, .tiles_h = 2, .tiles_w = 3 },
		true);
	check_winograd((struct rt_winograd){ .h = 1, .w = 1, .c = 3, .oc = 1, .tiles_h = 4, .tiles_w = 5 }, true);
	check_winograd((struct rt_winograd){ .h = 5, .w = 30, .c = 40, .oc = 50, .tiles_h = 4, .tiles_w = 8 }, true);
}
END_TEST

START_TEST(padding)
{
	check_winograd(
		(struct rt_winograd){ .h = 9, .w = 12, .c = 16, .oh = 7, .ow = 10, .oc = 16, .tiles_h = 2, .tiles_w = 2 },
		true);
	/* Wider than a square sees: some outputs see nothing but zeros. */
	check_winograd((struct rt_winograd){ .h = 3,
					   .w = 4,
					   .c = 16,
					   .oh = 13,
					   .ow = 15,
					   .oc = 16,
					   .pad_top = 7,
					   .pad_left = 8,
					   .tiles_h = 1,
					   .tiles_w = 1 },
		true);
}
END_TEST

START_TEST(activations_and_pooling)
{
	static const enum rt_act acts[] = { RT_ACT_NONE, RT_RELU, RT_GELU, RT_SILU, RT_LEAKY_RELU };

	for (int i = 0; i < 10; i++)
		check_winograd((struct rt_winograd){ .h = 11,
						   .w = 14,
						   .c = 16,
						   .oc = 20,
						   .pool = i % 2 ? 2 : 0,
						   .act = acts[i / 2],
						   .slope = 0.1f,
						   .tiles_h = 2,
						   .tiles_w = 2 },
			true);
}
END_TEST

/* A convolution in front of it, whose result is never stored. */
START_TEST(head)
{
	for (int32_t c = 1; c <= 3; c++)
		check_winograd((struct rt_winograd){ .n = 2,
						   .h = 14,
						   .w = 17,
						   .c = 16 * c + c - 1,
						   .oc = 24,
						   .pool = c == 1 ? 2 : 0,
						   .head_c = c,
						   .head_act = c == 2 ? RT_GELU : RT_RELU,
						   .tiles_h = 2,
						   .tiles_w = 3 },
			true);
	/* A block of one square, and one that sees everything. */
	check_winograd(
		(struct rt_winograd){ .h = 9, .w = 10, .c = 16, .oc = 16, .head_c = 1, .tiles_h = 1, .tiles_w = 1 }, false);
	check_winograd(
		(struct rt_winograd){ .h = 9, .w = 10, .c = 16, .oc = 16, .head_c = 8, .tiles_h = 4, .tiles_w = 8 }, false);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 54; i++)
		check_winograd((struct rt_winograd){ .h = 6,
						   .w = 9,
						   .c = i % 2 ? 17 : 16,
						   .oc = 18,
						   .pool = i % 4 ? 0 : 2,
						   .head_c = i / 27 ? 3 : 0,
						   .tiles_h = 2,
						   .tiles_w = 2,
						   .x_type = types[i % 3],
						   .y_type = types[i / 3 % 3],
						   .w_type = types[i / 9 % 3] },
			true);
}
END_TEST

/* A picture of 16 channels, h x w, random and with random weights: all but blocks and scratch. */
static struct winograd_case plain_case(int32_t h, int32_t w, int32_t oc)
{
	enum { CHANNELS = 16 };
	struct winograd_case c = { .p = { .n = 1,
								   .h = h,
								   .w = w,
								   .c = CHANNELS,
								   .oh = h,
								   .ow = w,
								   .oc = oc,
								   .pad_top = 1,
								   .pad_left = 1,
								   .x_type = RT_F32,
								   .y_type = RT_F32,
								   .w_type = RT_F32 } };
	struct rt_conv2d conv = direct(&c.p);

	c.x = random_tensor(RT_F32, (size_t)(h * w * CHANNELS), 1, -1, 1);
	free(weights(&conv, 2, &c.w));
	return c;
}

/* The result y in one thread, with blocks of tiles_h x tiles_w in so many slots. */
static void compute(struct winograd_case *c, int build, const int32_t blocks[3], float *y)
{
	struct gluec_options options = { 0 };
	struct rt_run run = { &options };

	c->p.tiles_h = blocks[0];
	c->p.tiles_w = blocks[1];
	c->p.slots = blocks[2];
	c->scratch = malloc(rt_winograd_scratch(&c->p));
	ck_assert(c->scratch != NULL);
	call(c, build, &run, y);
	free(c->scratch);
}

/* The result does not depend on how a picture is cut into blocks, and those into slots. */
START_TEST(blocks_change_no_bit)
{
	enum { H = 22, W = 27, OC = 40, BYTES = H * W * OC * sizeof(float) };
	static const int32_t ways[][3] = { { 1, 1, 1 }, { 2, 3, 2 }, { 4, 8, 8 }, { 3, 1, 5 } };
	struct winograd_case c = plain_case(H, W, OC);
	float *first = malloc(BYTES), *other = malloc(BYTES);

	ck_assert(first && other);
	for (int build = 0; rt_isa_names[build]; build++)
		for (size_t i = 0; level_is_tested(rt_isa_names[build]) && i < sizeof ways / sizeof *ways; i++) {
			compute(&c, build, ways[i], i ? other : first);
			ck_assert_msg(!i || !memcmp(first, other, BYTES), "%s: blocks of %d x %d", rt_isa_names[build],
				(int)ways[i][0], (int)ways[i][1]);
		}
	free(first);
	free(other);
	free(c.x);
	free(c.w);
}
END_TEST

/* A large result is stored past the caches when it lies on whole lines, and has the same bits when it does not. */
START_TEST(large_results)
{
	enum { H = 130, W = 127, OC = 64, BYTES = H * W * OC * sizeof(float) };
	static const int32_t blocks[] = { 4, 6, 2 };
	struct winograd_case c = plain_case(H, W, OC);
	float *aligned = aligned_alloc(RT_ALIGN, BYTES), *other = aligned_alloc(RT_ALIGN, BYTES + RT_ALIGN);

	ck_assert(aligned && other);
	for (int build = 0; rt_isa_names[build]; build++) {
		if (!level_is_tested(rt_isa_names[build]))
			continue;
		memset(aligned, 0, BYTES);
		compute(&c, build, blocks, aligned);
		compute(&c, build, blocks, other + 1);
		ck_assert_msg(!memcmp(aligned, other + 1, BYTES), "%s", rt_isa_names[build]);
	}
	free(aligned);
	free(other);
	free(c.x);
	free(c.w);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("winograd");
	TCase *t = tcase_create("winograd");

	tcase_add_test(t, whole_squares);
	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, padding);
	tcase_add_test(t, activations_and_pooling);
	tcase_add_test(t, head);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, blocks_change_no_bit);
	tcase_add_test(t, large_results);
	suite_add_tcase(s, t);
	return s;
}
