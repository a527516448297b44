/* Keypoints in matchers' coordinates: corners and centres of a wide and a tall picture. */
#include "run/normalize_keypoints.h"
#include "suite.h"

static void expect(float x, float y, int width, int height, bool per_axis, float to_x, float to_y)
{
	ck_assert_float_eq(normalize_keypoint(x, 0, width, height, per_axis), to_x);
	ck_assert_float_eq(normalize_keypoint(y, 1, width, height, per_axis), to_y);
}

START_TEST(each_axis)
{
	expect(0, 0, 640, 480, true, -1, -1);
	expect(640, 480, 640, 480, true, 1, 1);
	expect(160, 360, 640, 480, true, -0.5f, 0.5f);
	expect(60, 60, 240, 320, true, -0.5f, -0.625f);
}
END_TEST

START_TEST(longer_side)
{
	expect(0, 0, 640, 480, false, -1, -0.75f);
	expect(640, 480, 640, 480, false, 1, 0.75f);
	expect(0, 0, 480, 640, false, -0.75f, -1);
	expect(320, 240, 640, 480, false, 0, 0);
	expect(200, 200, 320, 320, false, 0.25f, 0.25f);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("normalize_keypoints");
	TCase *c = tcase_create("normalize_keypoints");

	tcase_add_test(c, each_axis);
	tcase_add_test(c, longer_side);
	suite_add_tcase(s, c);
	return s;
}
