/* mutual_match against the definition: ties, thresholds, scores that are -infinity or NaN. */
#include "kernel_test.h"

enum output { MATCHES, SCORES, COLUMNS, BEST, ACCEPT, OUTPUTS };

struct match_case {
	struct rt_mutual_match p;
	enum output output; /* which of the outputs goes to y */
	bool alone;         /* the others are left out; else they go to `other` */
	const float *s;
	void *other[OUTPUTS], *scratch;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_mutual_match_fn *const builds[] = KERNEL_BUILDS(mutual_match);
	const struct match_case *c = job;

	void *out[OUTPUTS];
	for (int i = 0; i < OUTPUTS; i++)
		out[i] = i == (int)c->output ? y : c->alone ? NULL : c->other[i];
	builds[build](run, &c->p, out[MATCHES], out[SCORES], out[COLUMNS], out[BEST], out[ACCEPT], c->s, c->scratch);
}

/* The first of the largest of n elements at a distance. */
static int32_t best(const float *x, int32_t n, int32_t step)
{
	int32_t place = 0;

	for (int32_t i = 1; i < n; i++)
		if (x[i * step] > x[place * step] || isnan(x[place * step]))
			place = i;
	return place;
}

/* What each output is by the definition, for one row. */
static void expect_row(const struct rt_mutual_match *p, const float *s, int32_t row, double *const *to)
{
	const float *pair = s + row / p->m * p->m * p->n, *x = s + row * p->n;
	int32_t j = p->n ? best(x, p->n, 1) : -1;
	bool mutual = p->n && best(pair + j, p->m, p->n) == row % p->m, accept = mutual && expf(x[j]) > p->threshold;

	to[MATCHES][row] = accept ? j : -1;
	to[SCORES][row] = accept || (mutual && p->mutual_scores) ? exp(x[j]) : 0;
	to[COLUMNS][row] = j;
	to[BEST][row] = p->n ? exp(x[j]) : 0;
	to[ACCEPT][row] = accept;
}

static void check_match(struct rt_mutual_match p, const float *s)
{
	const enum rt_type type[] = { p.index_type, RT_F32, p.index_type, RT_F32, RT_BOOL };
	size_t rows = (size_t)(p.b * p.m);
	struct match_case c = { .p = p, .s = s, .scratch = malloc((size_t)(p.b * p.n) * 4 + 1) };
	double *expected[OUTPUTS];

	ck_assert(c.scratch);
	for (int i = 0; i < OUTPUTS; i++) {
		expected[i] = new_doubles(rows);
		c.other[i] = malloc(rows * 8 + 1);
		ck_assert(c.other[i]);
	}
	for (int32_t row = 0; row < p.b * p.m; row++)
		expect_row(&p, s, row, expected);
	for (int i = 0; i < OUTPUTS; i++)
		for (int alone = 0; alone < 2; alone++) {
			c.output = (enum output)i;
			c.alone = alone;
			check_kernel(call, &c, expected[i], rows, type[i], type[i] == RT_F32 ? 1e-6 : 0);
		}
	for (int i = 0; i < OUTPUTS; i++) {
		free(expected[i]);
		free(c.other[i]);
	}
	free(c.scratch);
}

START_TEST(odd_sizes)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 2, 33, 40 }, { 1, 150, 131 }, { 3, 7, 300 }, { 1, 300, 3 },
		{ 1, 5, 0 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int levels = 0; levels < 2; levels++) {
			struct rt_mutual_match p = { sizes[i][0], sizes[i][1], sizes[i][2], levels ? 0.1f : 0.4f, i % 2, RT_I32 };
			size_t n = (size_t)(p.b * p.m * p.n);
			float *s = random_tensor(RT_F32, n, i, -4, 0);
			for (size_t k = 0; levels && k < n; k++)
				s[k] = floorf(s[k]);
			check_match(p, s);
			p.index_type = RT_I64;
			check_match(p, s);
			free(s);
		}
}
END_TEST

/* Negative thresholds accept every mutual pair, and only those. */
START_TEST(threshold_below_zero)
{
	static const float s[] = { -1, -2, -200, -0.5f, -3, -300 };

	check_match((struct rt_mutual_match){ 1, 2, 3, -1, 0, RT_I64 }, s);
	check_match((struct rt_mutual_match){ 1, 3, 2, 0, 0, RT_I64 }, s);
}
END_TEST

START_TEST(no_numbers)
{
	static const float s[] = { -INFINITY, -INFINITY, -INFINITY, NAN, -1, NAN, NAN, -INFINITY, NAN };

	check_match((struct rt_mutual_match){ 1, 3, 3, 0.1f, 0, RT_I32 }, s);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("mutual_match");
	TCase *t = tcase_create("mutual_match");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, threshold_below_zero);
	tcase_add_test(t, no_numbers);
	suite_add_tcase(s, t);
	return s;
}
