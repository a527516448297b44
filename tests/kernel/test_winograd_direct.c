/* winograd with weights of bfloat16 at a level with tiles, which computes it directly; and, with the same bounds, all
 * other builds. */
#define RT_ISA emulated
#include "kernel/winograd.c"
#include "winograd_case.h"

#define BFLOAT .x_type = RT_BF16, .y_type = RT_BF16, .w_type = RT_BF16

/* Strips of 16 columns, and outputs that run on from line to line. */
START_TEST(strips)
{
	static const int32_t tiles[][2] = { { 6, 4 }, { 4, 8 }, { 3, 10 }, { 1, 1 }, { 2, 5 }, { 32, 1 }, { 1, 32 } };

	for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++)
		check_winograd((struct rt_winograd){ .h = 23,
						   .w = 41,
						   .c = 32,
						   .oc = 16,
						   .act = RT_RELU,
						   .tiles_h = tiles[i][0],
						   .tiles_w = tiles[i][1],
						   BFLOAT },
			i % 2);
}
END_TEST

/* Channels that fill neither pairs nor tiles nor panels, several pictures, and sizes that fit no squares. */
START_TEST(odd_sizes)
{
	static const int32_t channels[][2] = { { 1, 1 }, { 3, 17 }, { 17, 33 }, { 24, 40 }, { 31, 16 }, { 40, 50 },
		{ 64, 31 } };

	for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
		check_winograd((struct rt_winograd){ .n = 2,
						   .h = 13,
						   .w = 19,
						   .c = channels[i][0],
						   .oc = channels[i][1],
						   .pool = i % 2 ? 2 : 0,
						   .tiles_h = 2,
						   .tiles_w = 3,
						   BFLOAT },
			true);
	check_winograd((struct rt_winograd){ .h = 1, .w = 1, .c = 3, .oc = 1, .tiles_h = 4, .tiles_w = 5, BFLOAT }, true);
}
END_TEST

/* No padding, padding on one side, and so much that some outputs see nothing but zeros. */
START_TEST(padding)
{
	static const int32_t cases[][4] = { { 7, 10, 0, 0 }, { 8, 11, 1, 0 }, { 20, 25, 7, 8 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_winograd((struct rt_winograd){ .h = 9,
						   .w = 12,
						   .c = 16,
						   .oh = cases[i][0],
						   .ow = cases[i][1],
						   .oc = 16,
						   .pad_top = cases[i][2],
						   .pad_left = cases[i][3],
						   .tiles_h = 2,
						   .tiles_w = 4,
						   BFLOAT },
			true);
}
END_TEST

START_TEST(activations_and_pooling)
{
	for (int i = 0; i < 2 * (RT_LEAKY_RELU + 1); i++)
		check_winograd((struct rt_winograd){ .h = 11,
						   .w = 17,
						   .c = 16,
						   .oc = 20,
						   .pool = i % 2 ? 2 : 0,
						   .act = (enum rt_act)(i / 2),
						   .slope = 0.1f,
						   .tiles_h = 2,
						   .tiles_w = i % 3 ? 4 : 3,
						   BFLOAT },
			true);
}
END_TEST

/* A convolution in front of it, whose result is rounded; of channels that stand for none, a sigmoid is not zero. */
START_TEST(head)
{
	static const enum rt_act acts[] = { RT_RELU, RT_GELU, RT_SIGMOID };

	for (int32_t c = 1; c <= 3; c++)
		check_winograd((struct rt_winograd){ .n = 2,
						   .h = 14,
						   .w = 21,
						   .c = 16 * c + c - 1,
						   .oc = 24,
						   .pool = c == 1 ? 2 : 0,
						   .head_c = c,
						   .head_act = acts[c - 1],
						   .tiles_h = 2,
						   .tiles_w = c == 2 ? 3 : 4,
						   .x_type = c == 2 ? RT_BF16 : RT_F32,
						   .y_type = RT_BF16,
						   .w_type = RT_BF16 },
			c != 3);
	check_winograd(
		(struct rt_winograd){
			.h = 9, .w = 10, .c = 16, .oc = 16, .head_c = 8, .head_act = RT_RELU, .tiles_h = 4, .tiles_w = 8, BFLOAT },
		false);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 18; i++)
		check_winograd((struct rt_winograd){ .h = 6,
						   .w = 9,
						   .c = i % 2 ? 17 : 16,
						   .oc = 18,
						   .pool = i % 4 ? 0 : 2,
						   .head_c = i / 9 ? 3 : 0,
						   .tiles_h = 2,
						   .tiles_w = 2,
						   .x_type = types[i % 3],
						   .y_type = types[i / 3 % 3],
						   .w_type = RT_BF16 },
			true);
}
END_TEST

/* The result has the same bits however a picture is cut into blocks, those into slots, and these among threads. */
START_TEST(blocks_change_no_bit)
{
	enum { H = 22, W = 37, C = 24, OC = 40, SIZE = H * W * OC };
	static const int32_t ways[][3] = { { 6, 4, 1 }, { 1, 1, 3 }, { 2, 3, 2 }, { 4, 8, 8 }, { 3, 10, 5 } };
	static const struct gluec_options split = { .parallel_for = odd_ranges_backwards };
	uint16_t *x = random_tensor(RT_BF16, H * W * C, 1, -1, 1);
	uint16_t *w = random_tensor(RT_BF16, panels_size(RT_BF16, 9, C, OC), 2, -1, 1);
	uint16_t *first = malloc(SIZE * sizeof *first), *other = malloc(SIZE * sizeof *other);

	ck_assert(first && other);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct rt_winograd p = { 1, H, W, C, H, W, OC, .pad_top = 1, .pad_left = 1, BFLOAT };
		p.tiles_h = ways[i][0];
		p.tiles_w = ways[i][1];
		p.slots = ways[i][2];
		void *scratch = malloc(rt_winograd_scratch(&p));
		ck_assert(scratch != NULL);
		rt_winograd_emulated(&(struct rt_run){ &split }, &p, i ? other : first, x, w, NULL, NULL, NULL, scratch);
		free(scratch);
		ck_assert_msg(
			!i || !memcmp(first, other, SIZE * sizeof *first), "blocks of %d x %d", (int)ways[i][0], (int)ways[i][1]);
	}
	free(first);
	free(other);
	free(x);
	free(w);
}
END_TEST

/* What the direct method keeps fits the places of what Winograd's method keeps there, for blocks of every size. */
START_TEST(fits_its_scratch)
{
	for (int32_t h = 1; h <= RT_WINOGRAD_TILES; h++)
		for (int32_t w = 1; h * w <= RT_WINOGRAD_TILES; w++)
			for (int32_t c = 1; c <= 80; c++) {
				struct rt_winograd p = { 1, .oh = 4 * h, .ow = 4 * w, .c = c, .oc = 1, .head_c = 1, BFLOAT };
				p.tiles_h = h;
				p.tiles_w = w;
				p.slots = 1;
				struct job job = { .p = &p, .layout = rt_winograd_layout(&p), .across = 1, .down = 1 };
				const struct rt_winograd_layout *l = &job.layout;
				struct block at = place(&job, 0, NULL);
				size_t inputs = RT_WINOGRAD_PLANES * l->x_plane, shared = l->slot - inputs - l->head_picture;
				/* Rows of floats are written up to a multiple of TILE_ROWS, which is 8 at most. */
				size_t head = (TILE_BLOCK < at.rows * at.columns ? TILE_BLOCK : (size_t)(at.rows * at.columns)) + 7;
				ck_assert(part_numbers(&at, c) * sizeof(uint16_t) <= inputs * sizeof(float));
				ck_assert(sum_floats(&at) <= shared);
				ck_assert(head * l->channels <= shared);
			}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("winograd_direct");
	TCase *t = tcase_create("winograd_direct");

	tcase_add_test(t, strips);
	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, padding);
	tcase_add_test(t, activations_and_pooling);
	tcase_add_test(t, head);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, blocks_change_no_bit);
	tcase_add_test(t, fits_its_scratch);
	suite_add_tcase(s, t);
	return s;
}
