/* Medians and percentiles, of few numbers too. */
#include "base/statistics.h"
#include "suite.h"

START_TEST(of_unsorted_numbers)
{
	double x[] = { 5, 1, 4, 2, 3 };

	sort_numbers(x, 5);
	for (int i = 0; i < 5; i++)
		ck_assert_double_eq(x[i], i + 1);
	ck_assert_double_eq(median(x, 5), 3);
	ck_assert_double_eq(median(x, 4), 2.5);
	ck_assert_double_eq(median(x, 1), 1);
}
END_TEST

/* The nearest rank: of 100 numbers the 99th is the 99th percentile, of 101 the 100th, of few the largest. */
START_TEST(nearest_ranks)
{
	double x[1001];

	for (int i = 0; i < 1001; i++)
		x[i] = i + 1;
	ck_assert_double_eq(percentile(x, 100, 99), 99);
	ck_assert_double_eq(percentile(x, 101, 99), 100);
	ck_assert_double_eq(percentile(x, 3, 99), 3);
	ck_assert_double_eq(percentile(x, 1, 99), 1);
	ck_assert_double_eq(percentile(x, 10, 90), 9);
	ck_assert_double_eq(percentile(x, 10, 0), 1);
	ck_assert_double_eq(percentile(x, 1001, 100), 1001);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("statistics");
	TCase *t = tcase_create("statistics");

	tcase_add_test(t, of_unsorted_numbers);
	tcase_add_test(t, nearest_ranks);
	suite_add_tcase(s, t);
	return s;
}
