/* Tests of the matching program's pictures: grey, and changing size. */
#include "../suite.h"
#include "../../models/example/image.h"
#include <stdlib.h>
#include <string.h>

enum { W = 13, H = 9 };

static struct picture new_picture(int width, int height)
{
	return (struct picture){ width, height, calloc((size_t)width * (size_t)height, 3) };
}

static void set_grey(struct picture *picture, int x, int y, int grey)
{
	memset(picture->rgb + (y * picture->width + x) * 3, grey, 3);
}

START_TEST(grey_has_the_weights_of_bt601)
{
	static const struct {
		uint8_t rgb[3], grey;
	} KNOWN[] = { { { 255, 0, 0 }, 76 }, { { 0, 255, 0 }, 150 }, { { 0, 0, 255 }, 29 }, { { 255, 255, 255 }, 255 },
		{ { 10, 200, 30 }, 124 }, { { 77, 77, 77 }, 77 } };

	for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
		uint8_t rgb[3];
		float grey;
		memcpy(rgb, KNOWN[i].rgb, 3);
		struct picture picture = { 1, 1, rgb };
		ck_assert(picture_grey(&picture, &grey, 1, 1));
		ck_assert_float_eq(grey, KNOWN[i].grey / 255.0f);
	}
}
END_TEST

START_TEST(same_size_is_identity)
{
	struct picture picture = new_picture(W, H), scaled;
	float grey[W * H];

	for (int i = 0; i < W * H; i++)
		set_grey(&picture, i % W, i / W, i * 37 & 255);
	ck_assert(picture_grey(&picture, grey, W, H));
	for (int i = 0; i < W * H; i++)
		ck_assert_float_eq(grey[i], (float)(i * 37 & 255) / 255.0f);
	ck_assert(picture_scale(&picture, &scaled, W, H));
	ck_assert_mem_eq(scaled.rgb, picture.rgb, W * H * 3);
	picture_free(&scaled);
	picture_free(&picture);
}
END_TEST

static const int SIZES[][4] = {
	{ 13, 9, 7, 5 },
	{ 13, 9, 40, 31 },
	{ 13, 9, 13, 4 },
	{ 100, 3, 8, 24 },
	{ 1, 1, 8, 6 },
	{ 64, 48, 1, 1 },
	{ 31, 200, 32, 201 },
};

START_TEST(constant_stays_constant)
{
	const int *size = SIZES[_i];
	struct picture picture = new_picture(size[0], size[1]);
	float grey[40 * 201];

	memset(picture.rgb, 201, (size_t)size[0] * (size_t)size[1] * 3);
	ck_assert(picture_grey(&picture, grey, size[2], size[3]));
	for (int i = 0; i < size[2] * size[3]; i++)
		ck_assert_float_eq_tol(grey[i], 201 / 255.0f, 1e-6f);
	picture_free(&picture);
}
END_TEST

/* A dot away from the border lands where rescaled says, whatever the sizes are. */
START_TEST(dots_land_where_they_belong)
{
	static const int TO[][2] = { { 20, 15 }, { 41, 30 }, { 60, 47 }, { 133, 100 }, { 27, 200 } };
	struct picture picture = new_picture(60, 45);
	static float grey[133 * 200];
	int width = TO[_i][0], height = TO[_i][1];
	double mass = 0, x = 0, y = 0;

	set_grey(&picture, 22, 31, 255);
	ck_assert(picture_grey(&picture, grey, width, height));
	for (int i = 0; i < width * height; i++) {
		mass += grey[i];
		x += grey[i] * (i % width);
		y += grey[i] * (i / width);
	}
	/* The triangle's samples are exact on average; at one phase they may be off by a little. */
	ck_assert_double_gt(mass, 0);
	ck_assert_double_eq_tol(x / mass, rescaled(22, 60, width), 0.26);
	ck_assert_double_eq_tol(y / mass, rescaled(31, 45, height), 0.26);
	picture_free(&picture);
}
END_TEST

/* A slope stays a slope away from the border, to a tenth of a pixel: the filter moves nothing. */
START_TEST(slopes_are_kept)
{
	static const int TO[] = { 32, 80, 125, 200, 320 };
	struct picture picture = new_picture(200, 2);
	float grey[320];
	int width = TO[_i];

	for (int x = 0; x < 200; x++)
		for (int y = 0; y < 2; y++)
			set_grey(&picture, x, y, x);
	ck_assert(picture_grey(&picture, grey, width, 1));
	for (int x = width / 8; x < width * 7 / 8; x++)
		ck_assert_double_eq_tol(grey[x] * 255, rescaled(x, width, 200), 0.1);
	picture_free(&picture);
}
END_TEST

START_TEST(enlarging_is_bilinear)
{
	struct picture picture = new_picture(2, 1);
	const float expected[4] = { 0, 50, 150, 200 };
	float grey[4];

	set_grey(&picture, 1, 0, 200);
	ck_assert(picture_grey(&picture, grey, 4, 1));
	for (int i = 0; i < 4; i++)
		ck_assert_float_eq_tol(grey[i] * 255, expected[i], 1e-4f);
	picture_free(&picture);
}
END_TEST

START_TEST(shrinking_does_not_alias)
{
	struct picture picture = new_picture(90, 60);
	float grey[30 * 20];

	for (int i = 0; i < 90 * 60; i++)
		set_grey(&picture, i % 90, i / 90, (i % 90 + i / 90) & 1 ? 255 : 0);
	ck_assert(picture_grey(&picture, grey, 30, 20));
	for (int y = 1; y < 19; y++)
		for (int x = 1; x < 29; x++)
			ck_assert_float_eq_tol(grey[y * 30 + x], 0.5f, 0.01f);
	picture_free(&picture);
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("image");
	TCase *sizes = tcase_create("sizes");

	tcase_add_test(sizes, grey_has_the_weights_of_bt601);
	tcase_add_test(sizes, same_size_is_identity);
	tcase_add_loop_test(sizes, constant_stays_constant, 0, sizeof SIZES / sizeof SIZES[0]);
	tcase_add_loop_test(sizes, dots_land_where_they_belong, 0, 5);
	tcase_add_loop_test(sizes, slopes_are_kept, 0, 5);
	tcase_add_test(sizes, enlarging_is_bilinear);
	tcase_add_test(sizes, shrinking_does_not_alias);
	suite_add_tcase(suite, sizes);
	return suite;
}
