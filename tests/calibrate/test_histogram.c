/* Ranges for 8 bits, from made-up values. */
#include "calibrate/histogram.h"
#include <math.h>
#include <stdlib.h>
#include "suite.h"

/* Shows the values twice, as calibration does. */
static struct histogram *histogram_of(const float *x, int64_t n)
{
	struct histogram *h = calloc(1, sizeof *h);

	ck_assert_ptr_nonnull(h);
	histogram_range(h, x, n);
	histogram_count(h, x, n);
	return h;
}

static struct limits limits_of(const float *x, int64_t n, enum range_method method, double percentile)
{
	struct histogram *h = histogram_of(x, n);
	struct limits l = histogram_limits(h, method, percentile);

	free(h);
	return l;
}

static void expect_limits(struct limits l, double low, double high, double within)
{
	ck_assert_msg(fabs((double)l.low - low) <= within && fabs((double)l.high - high) <= within,
		"%g to %g, not %g to %g", (double)l.low, (double)l.high, low, high);
}

START_TEST(test_minmax)
{
	static const float both[] = { -1, 3, 2 }, above[] = { 5, 7 }, below[] = { -2, -4 };

	expect_limits(limits_of(both, 3, RANGE_MINMAX, 0), -1, 3, 0);
	expect_limits(limits_of(above, 2, RANGE_MINMAX, 0), 0, 7, 0);
	expect_limits(limits_of(below, 2, RANGE_MINMAX, 0), -4, 0, 0);
	expect_limits(limits_of(both, 0, RANGE_MINMAX, 0), 0, 0, 0);
}
END_TEST

/* 10,000 values from 0 to 1, or from -1 to 1, and one that lies far away. */
static float *ramp(double low)
{
	enum { N = 10000 };
	float *x = calloc(N + 1, sizeof *x);

	ck_assert_ptr_nonnull(x);
	for (int i = 0; i < N; i++)
		x[i] = (float)(low + (1 - low) * i / (N - 1));
	x[N] = 100;
	return x;
}

START_TEST(test_percentile)
{
	float *one = ramp(0), *two = ramp(-1);
	const double bin = 101.0 / HISTOGRAM_BINS;

	expect_limits(limits_of(one, 10001, RANGE_PERCENTILE, 100), 0, 100, 0);
	expect_limits(limits_of(one, 10001, RANGE_PERCENTILE, 99.98), 0, 1, bin);
	expect_limits(limits_of(two, 10001, RANGE_PERCENTILE, 99.97), -1, 1, bin);
	/* A half of the values and no outlier. */
	expect_limits(limits_of(one, 10000, RANGE_PERCENTILE, 50), 0, 0.5, 1e-3);
	expect_limits(limits_of(two, 10000, RANGE_PERCENTILE, 50), -0.5, 0.5, 2e-3);
	free(one);
	free(two);
}
END_TEST

/* Values that fill their range evenly are all kept; of a normal distribution's tail a part is cut, but not its body. */
START_TEST(test_entropy)
{
	enum { N = 200000 };
	float *x = calloc(N, sizeof *x), *even = ramp(0);
	uint64_t state = 1;

	ck_assert_ptr_nonnull(x);
	for (int i = 0; i < N; i++) {
		double sum = 0;
		for (int k = 0; k < 12; k++)
			sum += (double)((state = state * UINT64_C(6364136223846793005) + 1442695040888963407u) >> 40) / (1 << 24);
		x[i] = (float)(sum - 6);
	}
	x[0] = 40;
	x[1] = -40;
	struct limits l = limits_of(x, N, RANGE_ENTROPY, 0);
	ck_assert_msg(l.high > 2.5f && l.high < 8 && l.low == -l.high, "%g to %g", (double)l.low, (double)l.high);
	/* Zeros, however many, change nothing. */
	for (int i = 2; i < N; i++)
		x[i] = i % 4 ? 0 : fabsf(x[i]);
	x[1] = 0;
	l = limits_of(x, N, RANGE_ENTROPY, 0);
	ck_assert_msg(l.high > 2.5f && l.high < 20 && l.low == 0, "%g to %g", (double)l.low, (double)l.high);
	expect_limits(limits_of(even, 10000, RANGE_ENTROPY, 0), 0, 1, 0.01);
	free(x);
	free(even);
}
END_TEST

/* Whatever the limits, 0 is a byte, the ends are bytes, and the scale is a normal number. */
START_TEST(test_quantizer)
{
	static const struct limits limits[] = { { 0, 1 }, { -1, 0 }, { -1, 3 }, { -3e38f, 3e38f }, { 0, 0 }, { 0, 1e-44f },
		{ -1e-3f, 1 }, { -1, 1e-3f } };

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct quantizer q = quantizer_for(limits[i]);
		double low = -(double)q.zero * q.scale, high = (255.0 - q.zero) * q.scale;
		ck_assert_msg(isnormal(q.scale) && q.scale > 0, "scale %g", (double)q.scale);
		ck_assert_double_le(low, limits[i].low + 0.51 * q.scale);
		ck_assert_double_ge(high, limits[i].high - 0.51 * q.scale);
	}
	ck_assert_int_eq(quantizer_for(limits[0]).zero, 0);
	ck_assert_int_eq(quantizer_for(limits[1]).zero, 255);
	ck_assert_int_eq(quantizer_for(limits[2]).zero, 64);
}
END_TEST

START_TEST(test_broken)
{
	static const float infinite[] = { 1, INFINITY }, unknown[] = { 1, NAN }, huge[] = { -3e38f, 3e38f };
	struct histogram *h = histogram_of(infinite, 2);

	ck_assert(h->broken);
	free(h);
	h = histogram_of(unknown, 2);
	ck_assert(h->broken);
	free(h);
	/* Their distance is no float. */
	h = histogram_of(huge, 2);
	ck_assert(!h->broken);
	expect_limits(histogram_limits(h, RANGE_ENTROPY, 0), -3e38, 3e38, 1e37);
	expect_limits(histogram_limits(h, RANGE_PERCENTILE, 99), -3e38, 3e38, 1e37);
	free(h);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("histogram");
	TCase *t = tcase_create("histogram");

	tcase_add_test(t, test_minmax);
	tcase_add_test(t, test_percentile);
	tcase_add_test(t, test_entropy);
	tcase_add_test(t, test_quantizer);
	tcase_add_test(t, test_broken);
	suite_add_tcase(s, t);
	return s;
}
