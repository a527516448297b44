/* log_assignment against double, with odd sizes, large and infinite scores, in place. */
#include "kernel_test.h"

struct assignment_case {
	struct rt_log_assignment p;
	const float *s, *z0, *z1;
	float *scratch;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_log_assignment_fn *const builds[] = KERNEL_BUILDS(log_assignment);
	const struct assignment_case *c = job;

	if (c->in_place)
		memcpy(y, c->s, sizeof *c->s * (size_t)(c->p.b * c->p.m * c->p.n));
	builds[build](run, &c->p, y, c->in_place ? y : c->s, c->z0, c->z1, c->scratch);
}

/* The log-sum-exp of n elements at a distance. */
static double log_sum_exp(const float *x, size_t n, size_t step)
{
	double most = -INFINITY, sum = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, x[i * step]);
	for (size_t i = 0; i < n; i++)
		sum += exp(x[i * step] - (isinf(most) ? 0 : most));
	return log(sum) + (isinf(most) ? 0 : most);
}

static void reference(double *y, const struct assignment_case *c)
{
	size_t m = (size_t)c->p.m, n = (size_t)c->p.n;

	for (size_t row = 0; row < (size_t)c->p.b * m; row++)
		for (size_t j = 0; j < n; j++) {
			const float *s = c->s + row / m * m * n;
			double of_row = c->z0[row] - log_sum_exp(s + row % m * n, n, 1);
			double of_column = c->z1[row / m * n + j] - log_sum_exp(s + j, m, n);
			y[row * n + j] = (c->s[row * n + j] + of_row) + (c->s[row * n + j] + of_column);
		}
}

/* The scores reach up to scale; what they cancel to is as exact as they are. */
static void check_assignment(struct rt_log_assignment p, double scale)
{
	size_t b = (size_t)p.b, m = (size_t)p.m, n = (size_t)p.n;
	float *s = random_tensor(RT_F32, b * m * n, 1, -scale, scale);
	float *z0 = random_tensor(RT_F32, b * m, 2, -9, 0), *z1 = random_tensor(RT_F32, b * n, 3, -9, 0);
	struct assignment_case c = { p, s, z0, z1, malloc(b * (m + n) * sizeof(float) + 1), false };
	double *expected = new_doubles(b * m * n), tolerance = 3e-7 * scale;

	ck_assert_ptr_nonnull(c.scratch);
	reference(expected, &c);
	check_kernel(call, &c, expected, b * m * n, RT_F32, tolerance);
	c.in_place = true;
	check_kernel(call, &c, expected, b * m * n, RT_F32, tolerance);
	free(s);
	free(z0);
	free(z1);
	free(c.scratch);
	free(expected);
}

START_TEST(odd_sizes)
{
	static const struct rt_log_assignment sizes[] = { { 1, 1, 1 }, { 2, 7, 5 }, { 1, 33, 131 }, { 1, 150, 17 },
		{ 3, 1, 40 }, { 1, 40, 1 }, { 1, 16, 128 }, { 1, 0, 5 }, { 1, 5, 0 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		check_assignment(sizes[i], 3);
		check_assignment(sizes[i], 100);
		check_assignment(sizes[i], 5000);
	}
}
END_TEST

/* Columns that begin low, low enough to vanish beside zero, and rise group by group. */
START_TEST(rising_columns)
{
	enum { M = 70, N = 9 };
	float s[M * N], z0[M] = { 0 }, z1[N] = { 0 }, scratch[M + N];
	struct assignment_case c = { { 1, M, N }, s, z0, z1, scratch, false };
	double expected[M * N];

	for (int i = 0; i < M * N; i++)
		s[i] = i < 20 * N ? -INFINITY : -3000 + 20 * (float)(i / N) + (float)(i % 5);
	for (int i = 0; i < M; i++) /* no row or column is -infinity all over */
		s[i * N + 3] = -2500;
	reference(expected, &c);
	check_kernel(call, &c, expected, M * N, RT_F32, 3e-7 * 3000);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("log_assignment");
	TCase *t = tcase_create("log_assignment");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, rising_columns);
	suite_add_tcase(s, t);
	return s;
}
