/* Tests of the matching program's drawing. */
#include "../suite.h"
#include "../../models/example/draw.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct colour WHITE = { 255, 255, 255 };

static struct picture black(int width, int height)
{
	return (struct picture){ width, height, calloc((size_t)width * (size_t)height, 3) };
}

static int red_at(const struct picture *canvas, int x, int y)
{
	return canvas->rgb[(y * canvas->width + x) * 3];
}

/* The light of the whole canvas, in white pixels. */
static double light(const struct picture *canvas)
{
	double sum = 0;

	for (int i = 0; i < canvas->width * canvas->height; i++)
		sum += canvas->rgb[i * 3] / 255.0;
	return sum;
}

START_TEST(straight_line)
{
	struct picture canvas = black(20, 9);

	draw_line(&canvas, 3, 4, 15, 4, 1, WHITE, 1);
	for (int x = 3; x <= 15; x++) {
		ck_assert_int_eq(red_at(&canvas, x, 4), 255);
		ck_assert_int_eq(red_at(&canvas, x, 3), 0);
		ck_assert_int_eq(red_at(&canvas, x, 5), 0);
	}
	ck_assert_int_eq(red_at(&canvas, 1, 4), 0);
	ck_assert_int_eq(red_at(&canvas, 17, 4), 0);
	picture_free(&canvas);
}
END_TEST

START_TEST(half_covered_pixels_are_half_light)
{
	struct picture canvas = black(20, 9);

	draw_line(&canvas, 3, 4.5, 15, 4.5, 1, WHITE, 1);
	ck_assert_int_eq(red_at(&canvas, 9, 4), 128);
	ck_assert_int_eq(red_at(&canvas, 9, 5), 128);
	ck_assert_int_eq(red_at(&canvas, 9, 3), 0);
	picture_free(&canvas);
}
END_TEST

/* A line has about as much light as its length times its width, in all directions. */
START_TEST(light_follows_length)
{
	struct picture canvas = black(101, 101);
	double angle = _i * 0.2617993877991494, dx = 40 * cos(angle), dy = 40 * sin(angle);

	draw_line(&canvas, 50 - dx, 50 - dy, 50 + dx, 50 + dy, 2, WHITE, 1);
	ck_assert_double_eq_tol(light(&canvas), 80 * 2 + 4, 6);
	ck_assert_int_eq(red_at(&canvas, (int)lround(50 + dx / 2), (int)lround(50 + dy / 2)), 255);
	picture_free(&canvas);
}
END_TEST

START_TEST(dot_is_round)
{
	struct picture canvas = black(21, 21);

	draw_line(&canvas, 10, 10, 10, 10, 9, WHITE, 1);
	ck_assert_double_eq_tol(light(&canvas), 3.14159 * 4.5 * 4.5, 3);
	for (int i = 0; i < 21 * 21; i++) {
		int x = i % 21, y = i / 21;
		ck_assert_int_eq(red_at(&canvas, x, y), red_at(&canvas, y, x));
		ck_assert_int_eq(red_at(&canvas, x, y), red_at(&canvas, 20 - x, y));
	}
	picture_free(&canvas);
}
END_TEST

START_TEST(opacity_mixes)
{
	struct picture canvas = black(9, 9);

	draw_line(&canvas, 0, 4, 8, 4, 3, (struct colour){ 200, 100, 0 }, 0.5);
	ck_assert_int_eq(canvas.rgb[(4 * 9 + 4) * 3], 100);
	ck_assert_int_eq(canvas.rgb[(4 * 9 + 4) * 3 + 1], 50);
	ck_assert_int_eq(canvas.rgb[(4 * 9 + 4) * 3 + 2], 0);
	picture_free(&canvas);
}
END_TEST

START_TEST(outside_is_left_out)
{
	struct picture canvas = black(16, 12), clean = black(16, 12);

	draw_line(&canvas, -50, -3, 40, -3, 3, WHITE, 1);
	draw_line(&canvas, 30, 2, 90, 50, 3, WHITE, 1);
	draw_line(&canvas, -5, 30, 5, 1e9, 3, WHITE, 1);
	ck_assert_mem_eq(canvas.rgb, clean.rgb, 16 * 12 * 3);
	draw_line(&canvas, -1e6, 6, 1e6, 6, 1, WHITE, 1);
	ck_assert_double_eq_tol(light(&canvas), 16, 1e-9);
	picture_free(&canvas);
	picture_free(&clean);
}
END_TEST

START_TEST(pictures_stand_side_by_side)
{
	struct picture pair[2] = { black(40, 30), black(20, 60) }, canvas;
	struct view view[2];

	memset(pair[0].rgb, 10, 40 * 30 * 3);
	memset(pair[1].rgb, 90, 20 * 60 * 3);
	ck_assert(draw_side_by_side(pair, &canvas, view));
	ck_assert_int_eq(canvas.height, 60);
	ck_assert_int_eq(view[0].width, 80);
	ck_assert_int_eq(view[1].width, 20);
	ck_assert_int_eq(canvas.width, view[1].x + 20);
	ck_assert_int_eq(red_at(&canvas, 0, 0), 10);
	ck_assert_int_eq(red_at(&canvas, 79, 59), 10);
	ck_assert_int_eq(red_at(&canvas, 80, 30), 255);
	ck_assert_int_eq(red_at(&canvas, view[1].x, 0), 90);
	ck_assert_int_eq(red_at(&canvas, view[1].x + 19, 59), 90);
	/* The middle of a picture is the middle of its view. */
	ck_assert_double_eq_tol(view_x(&view[0], 19.5), 39.5, 1e-9);
	ck_assert_double_eq_tol(view_y(&view[0], 14.5), 29.5, 1e-9);
	ck_assert_double_eq_tol(view_x(&view[1], 7), view[1].x + 7, 1e-9);
	ck_assert_double_eq_tol(view_y(&view[1], 7), 7, 1e-9);
	for (int i = 0; i < 2; i++)
		picture_free(&pair[i]);
	picture_free(&canvas);
}
END_TEST

START_TEST(long_pictures_do_not_explode)
{
	struct picture pair[2] = { black(20000, 1), black(3, 3000) }, canvas;
	struct view view[2];

	ck_assert(draw_side_by_side(pair, &canvas, view));
	ck_assert_int_le(canvas.width, 16384);
	ck_assert_int_le(canvas.height, 2160);
	ck_assert_int_ge(view[1].width, 1);
	for (int i = 0; i < 2; i++)
		picture_free(&pair[i]);
	picture_free(&canvas);
}
END_TEST

static double lightness(struct colour c)
{
	return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
}

START_TEST(higher_scores_are_lighter)
{
	for (int i = 0; i < 100; i++)
		ck_assert_double_lt(
			lightness(draw_score_colour(i / 100.0)), lightness(draw_score_colour((i + 1) / 100.0)) + 0.01);
	ck_assert_double_lt(lightness(draw_score_colour(0)) + 180, lightness(draw_score_colour(1)));
	struct colour over = draw_score_colour(7), most = draw_score_colour(1);
	struct colour under = draw_score_colour(-7), least = draw_score_colour(0);
	ck_assert_mem_eq(&over, &most, sizeof over);
	ck_assert_mem_eq(&under, &least, sizeof under);
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("draw");
	TCase *draw = tcase_create("draw");

	tcase_add_test(draw, straight_line);
	tcase_add_test(draw, half_covered_pixels_are_half_light);
	tcase_add_loop_test(draw, light_follows_length, 0, 12);
	tcase_add_test(draw, dot_is_round);
	tcase_add_test(draw, opacity_mixes);
	tcase_add_test(draw, outside_is_left_out);
	tcase_add_test(draw, pictures_stand_side_by_side);
	tcase_add_test(draw, long_pictures_do_not_explode);
	tcase_add_test(draw, higher_scores_are_lighter);
	suite_add_tcase(suite, draw);
	return suite;
}
