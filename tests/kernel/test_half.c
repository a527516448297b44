/* The 16-bit conversions, against arithmetic in double. */
#include "half.h"
#include "suite.h"
#include <math.h>

/* The value of a 16-bit pattern with `bits` of mantissa and the given exponent bias, by the definition of the format.
 */
static double value(uint16_t h, int bits, int bias)
{
	int exponent = (h & 0x7fff) >> bits, mantissa = h & ((1 << bits) - 1), top = 0x7fff >> bits;
	double magnitude;

	if (exponent == top)
		magnitude = mantissa ? NAN : INFINITY;
	else if (exponent == 0)
		magnitude = ldexp(mantissa, 1 - bias - bits);
	else
		magnitude = ldexp((1 << bits) + mantissa, exponent - bias - bits);
	return h & 0x8000 ? -magnitude : magnitude;
}

static void check_widening(float (*widen)(uint16_t), uint16_t (*narrow)(float), int bits, int bias)
{
	for (uint32_t h = 0; h < 0x10000; h++) {
		double expected = value((uint16_t)h, bits, bias);
		float got = widen((uint16_t)h);
		if (isnan(expected)) {
			if (!isnan(got) || !isnan(widen(narrow(got))))
				ck_abort_msg("%#x is no NaN", h);
			continue;
		}
		if ((double)got != expected || !signbit(got) != !(h & 0x8000) || narrow(got) != h)
			ck_abort_msg("%#x gives %g, and that %#x", h, (double)got, narrow(got));
	}
}

/* Between two neighbours, the nearer wins; half way, the even one; a trifle to either side of that, again the nearer.
 */
static void check_narrowing(uint16_t (*narrow)(float), int bits, int bias)
{
	uint32_t top = 0x7fffu >> bits << bits;

	for (uint32_t h = 0; h < top; h++) {
		double low = value((uint16_t)h, bits, bias), high = value((uint16_t)(h + 1), bits, bias);
		if (h + 1 == top) /* infinity stands where one more step would be */
			high = ldexp(2, top >> bits) / ldexp(1, bias + 1);
		float middle = (float)((low + high) / 2);
		uint32_t even = h & 1 ? h + 1 : h;
		if (narrow(middle) != even || narrow(-middle) != (even | 0x8000))
			ck_abort_msg("the tie above %#x gives %#x and %#x", h, narrow(middle), narrow(-middle));
		if (narrow(nextafterf(middle, 0)) != h || narrow(nextafterf(middle, INFINITY)) != h + 1)
			ck_abort_msg("next to the tie above %#x is %#x", h, narrow(nextafterf(middle, INFINITY)));
	}
	ck_assert_uint_eq(narrow(INFINITY), top);
	ck_assert_uint_eq(narrow(-INFINITY), top | 0x8000);
	ck_assert_uint_eq(narrow(0x1p-149f), 0);
	ck_assert_uint_eq(narrow(-0x1p-149f), 0x8000);
}

START_TEST(half_widens)
{
	check_widening(float_of_half, half_of_float, 10, 15);
}
END_TEST

START_TEST(half_rounds_to_nearest_even)
{
	check_narrowing(half_of_float, 10, 15);
	ck_assert_uint_eq(half_of_float(65519.996f), 0x7bff);
	ck_assert_uint_eq(half_of_float(65520), 0x7c00);
	ck_assert_uint_eq(half_of_float(1e30f), 0x7c00);
}
END_TEST

START_TEST(bfloat_widens)
{
	check_widening(float_of_bfloat, bfloat_of_float, 7, 127);
}
END_TEST

START_TEST(bfloat_rounds_to_nearest_even)
{
	check_narrowing(bfloat_of_float, 7, 127);
	ck_assert_uint_eq(bfloat_of_float(3.4e38f), 0x7f80);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("half");
	TCase *t = tcase_create("half");

	tcase_add_test(t, half_widens);
	tcase_add_test(t, half_rounds_to_nearest_even);
	tcase_add_test(t, bfloat_widens);
	tcase_add_test(t, bfloat_rounds_to_nearest_even);
	suite_add_tcase(s, t);
	return s;
}
