/* Homographies from matches: exact fits, outliers, degenerate points, and the area under the curve of errors. */
#include "arena_run.h"
#include "gate/homography.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <math.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 480, MOST = 400 };

/* A view from the side, scaled so that its last number is not 1. */
static const double view[9] = { 1.4, -0.5, 61, 0.6, 2.1, -115, 0.0009, -0.0001, 2 };

/* splitmix64 (Steele, Lea and Flood, 2014): plainer generators make noise that is not independent. */
static double between(uint64_t *state, double low, double high)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return low + (high - low) * (double)((z ^ z >> 31) >> 40) / (1 << 24);
}

/* n matches of h, each end in B off by at most `noise` in x and y; the first `wrong` of them end anywhere. */
static void make_matches(struct correspondence *list, int n, const double h[9], double noise, int wrong, uint64_t seed)
{
	uint64_t state = seed;

	for (int i = 0; i < n; i++) {
		struct correspondence *m = &list[i];
		m->x0 = between(&state, 0, WIDTH);
		m->y0 = between(&state, 0, HEIGHT);
		ck_assert(homography_map(h, m->x0, m->y0, &m->x1, &m->y1));
		m->x1 = i < wrong ? between(&state, 0, WIDTH) : m->x1 + between(&state, -noise, noise);
		m->y1 = i < wrong ? between(&state, 0, HEIGHT) : m->y1 + between(&state, -noise, noise);
	}
}

START_TEST(fit_is_exact)
{
	struct correspondence list[MOST];
	double h[9];

	for (int n = 4; n <= 64; n *= 2) {
		make_matches(list, n, view, 0, 0, (uint64_t)n);
		ck_assert(homography_fit(n, list, NULL, h));
		ck_assert_double_lt(homography_corner_error(h, view, WIDTH, HEIGHT), 1e-5);
	}
}
END_TEST

/* A weight of zero takes a point out. */
START_TEST(weights)
{
	struct correspondence list[20];
	double h[9], weight[20];

	make_matches(list, 20, view, 0, 5, 3);
	for (int i = 0; i < 20; i++)
		weight[i] = i < 5 ? 0 : 1 + i;
	ck_assert(homography_fit(20, list, NULL, h));
	ck_assert_double_gt(homography_corner_error(h, view, WIDTH, HEIGHT), 10);
	ck_assert(homography_fit(20, list, weight, h));
	ck_assert_double_lt(homography_corner_error(h, view, WIDTH, HEIGHT), 1e-5);
}
END_TEST

START_TEST(too_little_decides_none)
{
	struct correspondence list[MOST];
	double h[9];

	make_matches(list, MOST, view, 0, 0, 5);
	ck_assert(!homography_fit(3, list, NULL, h));
	ck_assert(!homography_fit(0, list, NULL, h));
	/* All in line. */
	for (int i = 0; i < 50; i++)
		list[i] = (struct correspondence){ i, 2 * i, 3 * i, 1 - i };
	ck_assert(!homography_fit(50, list, NULL, h));
	/* Three of four in line. */
	struct correspondence four[4] = { { 0, 0, 0, 0 }, { 1, 1, 1, 1 }, { 2, 2, 2, 2 }, { 5, 0, 5, 0 } };
	ck_assert(!homography_fit(4, four, NULL, h));
	/* One point, four times; and what is no number. */
	for (int i = 0; i < 4; i++)
		four[i] = (struct correspondence){ 3, 4, 5, 6 };
	ck_assert(!homography_fit(4, four, NULL, h));
	make_matches(list, 10, view, 0, 0, 5);
	list[4].x1 = NAN;
	ck_assert(!homography_fit(10, list, NULL, h));
}
END_TEST

static void search(struct ctx *c, void *user)
{
	struct correspondence list[MOST];
	double h[9], again[9];
	(void)user;

	/* 60 % of the matches are wrong, the others off by up to half a pixel. */
	make_matches(list, MOST, view, 0.5, 240, 7);
	ck_assert(homography_search(c, MOST, list, 3, h));
	ck_assert_double_lt(homography_corner_error(h, view, WIDTH, HEIGHT), 0.5);
	ck_assert(homography_search(c, MOST, list, 3, again));
	ck_assert_mem_eq(h, again, sizeof h);
	/* NaN among the matches agrees with nothing. */
	list[300].x0 = list[301].y1 = NAN;
	ck_assert(homography_search(c, MOST, list, 3, h));
	ck_assert_double_lt(homography_corner_error(h, view, WIDTH, HEIGHT), 0.5);
	make_matches(list, 3, view, 0, 0, 8);
	ck_assert(!homography_search(c, 3, list, 3, h));
	ck_assert(!homography_search(c, 0, list, 3, h));
}

START_TEST(search_among_outliers)
{
	ck_assert_str_eq(run_in_arena(search, NULL), "");
}
END_TEST

START_TEST(corner_error)
{
	const double moved[9] = { 1, 0, 3, 0, 1, 4, 0, 0, 1 }, same[9] = { 2, 0, 0, 0, 2, 0, 0, 0, 2 };
	const double horizon[9] = { 1, 0, 0, 0, 1, 0, 1, 0, 0 };

	ck_assert_double_eq_tol(homography_corner_error(moved, same, WIDTH, HEIGHT), 5, 1e-12);
	ck_assert_double_eq(homography_corner_error(same, same, WIDTH, HEIGHT), 0);
	ck_assert(isinf(homography_corner_error(horizon, same, WIDTH, HEIGHT)));
}
END_TEST

/* By hand: errors 1 and 3 and a failure. Up to 2: a triangle to (1, 1/3), then level: 1/6 + 1/3, of 2. Up to 4: the
 * triangle, a trapezium from (1, 1/3) to (3, 2/3), then level: 1/6 + 1 + 2/3, of 4. */
START_TEST(area)
{
	double errors[] = { 3, INFINITY, 1 }, none[] = { INFINITY, NAN }, perfect[] = { 0, 0 };

	ck_assert_double_eq_tol(area_under_curve(3, errors, 2), 0.25, 1e-12);
	ck_assert_double_eq_tol(area_under_curve(3, errors, 4), (1 / 6. + 1 + 2 / 3.) / 4, 1e-12);
	ck_assert_double_eq(area_under_curve(3, errors, 0.5), 0);
	ck_assert_double_eq(area_under_curve(2, none, 5), 0);
	ck_assert_double_eq(area_under_curve(2, perfect, 5), 1);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("homography");
	TCase *t = tcase_create("homography");

	tcase_add_test(t, fit_is_exact);
	tcase_add_test(t, weights);
	tcase_add_test(t, too_little_decides_none);
	tcase_add_test(t, search_among_outliers);
	tcase_add_test(t, corner_error);
	tcase_add_test(t, area);
	suite_add_tcase(s, t);
	return s;
}
