/* The floating-point types of 8 and 4 bits: every code, and rounding to the nearest of them. */
#include "narrow.h"
#include "suite.h"
#include <math.h>
#include <string.h>

static const struct {
	enum rt_type type;
	int codes;
	float largest, smallest; /* positive */
	float above;             /* what a number beyond the largest becomes */
} formats[] = {
	{ RT_F8E4M3FN, 256, 448, 0x1p-9f, NAN },
	{ RT_F8E4M3FNUZ, 256, 240, 0x1p-10f, NAN },
	{ RT_F8E5M2, 256, 57344, 0x1p-16f, INFINITY },
	{ RT_F8E5M2FNUZ, 256, 57344, 0x1p-17f, NAN },
	{ RT_F4E2M1, 16, 6, 0.5f, 6 },
	{ RT_F8E8M0, 256, 0x1p127f, 0x1p-127f, NAN },
};

enum { N_FORMATS = sizeof formats / sizeof *formats };

static bool same(float a, float b)
{
	return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

/* Every code is a number that has this code, and the extremes are where the format's definition has them. */
START_TEST(codes)
{
	enum rt_type type = formats[_i].type;
	float largest = 0, smallest = INFINITY;

	for (int code = 0; code < formats[_i].codes; code++) {
		float x = float_of_narrow((uint8_t)code, type);
		float again = float_of_narrow(narrow_of_float(x, type), type);
		ck_assert_msg(same(x, again), "code %02x is %g and then %g", (unsigned)code, (double)x, (double)again);
		if (isfinite(x) && x > largest)
			largest = x;
		if (x > 0 && x < smallest)
			smallest = x;
	}
	ck_assert(largest == formats[_i].largest);
	ck_assert(smallest == formats[_i].smallest);
}
END_TEST

/* No other code is nearer than the one that a number gets; a tie goes to the code whose last bit is 0. */
START_TEST(nearest)
{
	enum rt_type type = formats[_i].type;

	for (uint32_t i = 0; i < 2000; i++) {
		float x = ldexpf((float)(i * 2654435761u >> 8), (int)(i % 40) - 48) * (i & 1 ? 1 : -1);
		uint8_t code = narrow_of_float(x, type);
		float y = float_of_narrow(code, type);
		if (type == RT_F8E8M0) {
			ck_assert(x == 0 || (y <= fabsf(x) && y * 2 > fabsf(x)));
			continue;
		}
		for (int k = 0; k < formats[_i].codes && isfinite(y); k++) {
			float other = float_of_narrow((uint8_t)k, type);
			float mine = fabsf(y - x), its = fabsf(other - x);
			bool better = isfinite(other) && (its < mine || (its == mine && other != y && code & 1));
			ck_assert_msg(!better, "%.9g becomes %g, but %g is nearer", (double)x, (double)y, (double)other);
		}
	}
}
END_TEST

START_TEST(special)
{
	enum rt_type type = formats[_i].type;
	float huge = float_of_narrow(narrow_of_float(0x1.8p127f, type), type);
	float infinite = float_of_narrow(narrow_of_float(INFINITY, type), type);
	float nan = float_of_narrow(narrow_of_float(NAN, type), type);

	ck_assert(same(infinite, formats[_i].above));
	ck_assert(type == RT_F8E8M0 ? huge == 0x1p127f : same(huge, formats[_i].above));
	ck_assert(type == RT_F4E2M1 ? same(nan, -0.0f) : isnan(nan));
	/* The FNUZ types have one zero. */
	bool one_zero = type == RT_F8E4M3FNUZ || type == RT_F8E5M2FNUZ;
	ck_assert_int_eq(narrow_of_float(-0.0f, type), one_zero || type == RT_F8E8M0 ? 0 : narrow_format(type).sign);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("narrow");
	TCase *t = tcase_create("narrow");

	tcase_add_loop_test(t, codes, 0, N_FORMATS);
	tcase_add_loop_test(t, nearest, 0, N_FORMATS);
	tcase_add_loop_test(t, special, 0, N_FORMATS);
	suite_add_tcase(s, t);
	return s;
}
