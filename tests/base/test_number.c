/* Numbers as C constants read back to the same bits, and no shorter text does. */
#include "base/number.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

static void float_text(float x, char *to)
{
	FILE *f = fmemopen(to, ROOM, "w");

	ck_assert_ptr_nonnull(f);
	write_float(f, x);
	fclose(f);
}

static void double_text(double x, char *to)
{
	FILE *f = fmemopen(to, ROOM, "w");

	ck_assert_ptr_nonnull(f);
	write_double(f, x);
	fclose(f);
}

static void int_text(int64_t x, char *to)
{
	FILE *f = fmemopen(to, ROOM, "w");

	ck_assert_ptr_nonnull(f);
	write_int64(f, x);
	fclose(f);
}

static int digits(const char *s)
{
	int n = 0;
	const char *end = s + strcspn(s, "ef");

	/* Leading zeros say only where the point is, as do those behind the last digit. */
	while (*s == '-' || *s == '0' || *s == '.')
		s++;
	for (int zeros = 0; s < end; s++) {
		if (*s == '.')
			continue;
		zeros = *s == '0' ? zeros + 1 : 0;
		n += 1;
		if (zeros && s + 1 == end)
			n -= zeros;
	}
	return n;
}

static uint32_t next(uint32_t *state)
{
	return *state = *state * 1664525 + 1013904223;
}

static void check_float(uint32_t bits)
{
	char s[ROOM], shorter[ROOM];
	float x, y;
	char *end;

	memcpy(&x, &bits, sizeof x);
	if (!isfinite(x))
		return;
	float_text(x, s);
	y = strtof(s, &end);
	ck_assert_msg(!memcmp(&x, &y, sizeof x), "%s for bits %08lx", s, (unsigned long)bits);
	/* A float constant: a point or an exponent, and an f. */
	ck_assert_msg(!strcmp(end, "f") && strpbrk(s, ".e"), "%s", s);
	int n = digits(s);
	if (n > 1) {
		snprintf(shorter, sizeof shorter, "%.*e", n - 2, x);
		ck_assert_msg(strtof(shorter, NULL) != x, "%s could be %s", s, shorter);
	}
}

START_TEST(floats)
{
	static const uint32_t edges[] = { 0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0x3f800000, 0x3f7fffff, 0x7f7fffff,
		0x7f7ffffe, 0x4b800000, 0x4b7fffff, 0x34000000 };
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		check_float(edges[i]);
		check_float(edges[i] | 0x80000000u);
	}
	for (int i = 0; i < 5000; i++)
		check_float(next(&state) ^ next(&state) >> 16);
}
END_TEST

START_TEST(doubles)
{
	static const double edges[] = { 0, 1, 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1e22,
		1e23 };
	char s[ROOM], *end;
	uint32_t state = 2;

	for (int i = 0; i < 5000; i++) {
		uint64_t bits = (uint64_t)next(&state) << 32 | next(&state);
		double x, y;
		memcpy(&x, &bits, sizeof x);
		if (i < 18)
			x = i % 2 ? edges[i / 2] : -edges[i / 2];
		if (!isfinite(x))
			continue;
		double_text(x, s);
		y = strtod(s, &end);
		ck_assert_msg(!memcmp(&x, &y, sizeof x) && !*end && strpbrk(s, ".e"), "%s", s);
	}
}
END_TEST

#define EXPECT(write, x, text)                                                                                         \
	do {                                                                                                               \
		char s_[ROOM];                                                                                                 \
		write(x, s_);                                                                                                  \
		ck_assert_str_eq(s_, text);                                                                                    \
	} while (0)

START_TEST(texts)
{
	EXPECT(float_text, 1, "1.0f");
	EXPECT(float_text, -0.0f, "-0.0f");
	EXPECT(float_text, 0.1f, "0.1f");
	EXPECT(float_text, 1.0f / 3, "0.33333334f");
	EXPECT(float_text, 1e20f, "1e+20f");
	EXPECT(float_text, 16777216, "16777216.0f");
	EXPECT(float_text, INFINITY, "INFINITY");
	EXPECT(float_text, -INFINITY, "-INFINITY");
	EXPECT(float_text, NAN, "NAN");
	EXPECT(double_text, 0.1, "0.1");
	EXPECT(double_text, 100, "1e+02");
	EXPECT(double_text, -INFINITY, "-INFINITY");
	EXPECT(int_text, 0, "0");
	EXPECT(int_text, -5, "-5");
	EXPECT(int_text, INT32_MAX, "2147483647");
	EXPECT(int_text, INT32_MIN, "-2147483648");
	EXPECT(int_text, (int64_t)INT32_MAX + 1, "INT64_C(2147483648)");
	EXPECT(int_text, INT64_MAX, "INT64_C(9223372036854775807)");
	/* Its digits are no constant of any type: C would read a minus and a number that is too large. */
	EXPECT(int_text, INT64_MIN, "INT64_MIN");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("number");
	TCase *c = tcase_create("number");

	tcase_add_test(c, floats);
	tcase_add_test(c, doubles);
	tcase_add_test(c, texts);
	suite_add_tcase(s, c);
	return s;
}
