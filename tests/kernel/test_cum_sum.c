/* cum_sum in every direction, for every type. */
#include "kernel_test.h"

struct cum_sum_case {
	struct rt_cum_sum p;
	const void *x;
	size_t in_place; /* bytes of x that go to y first, for a call in place; else 0 */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_cum_sum_fn *const builds[] = KERNEL_BUILDS(cum_sum);
	const struct cum_sum_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, c->in_place);
	builds[build](run, &c->p, y, c->in_place ? y : c->x);
}

static void check_sums(struct rt_cum_sum p)
{
	int32_t n = p.outer * p.n * p.inner;
	void *x = random_tensor(p.type, (size_t)n, 1, 0, 4);
	double *expected = new_doubles((size_t)n);
	struct cum_sum_case c = { p, x, 0 };

	for (int32_t i = 0; i < n; i++) {
		int32_t own = i / p.inner % p.n;
		for (int32_t k = 0; k < p.n; k++)
			if ((p.reverse ? k > own : k < own) || (k == own && !p.exclusive))
				expected[i] += element(x, p.type, (size_t)(i + (k - own) * p.inner));
	}
	for (int in_place = 0; in_place < 2; in_place++) {
		c.in_place = in_place ? (size_t)n * rt_type_size(p.type) : 0;
		check_kernel(call, &c, expected, (size_t)n, p.type, p.type == RT_F16 ? 1e-3 : p.type == RT_BF16 ? 1e-2 : 1e-6);
	}
	free(x);
	free(expected);
}

START_TEST(every_way)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16, RT_F64, RT_I8, RT_U8, RT_I16, RT_U16, RT_I32, RT_U32,
		RT_I64, RT_U64 };

	for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
		struct rt_cum_sum p = { .exclusive = _i % 2, .reverse = _i / 2, .type = types[k] };
		p.outer = 3;
		p.n = 20;
		p.inner = 1;
		check_sums(p);
		p.inner = 70;
		check_sums(p);
		p.outer = 300;
		p.n = 7;
		p.inner = 3;
		check_sums(p);
		p.n = 1;
		check_sums(p);
	}
}
END_TEST

/* Integers wrap; a sum of many floats does not lose the small ones. */
START_TEST(long_sums)
{
	static const int8_t bytes[] = { 100, 100, 100 };
	static const float floats[] = { 16777216, 1, 1, 1 };
	struct cum_sum_case c = { { .outer = 1, .n = 3, .inner = 1, .type = RT_I8 }, bytes, 0 };

	check_kernel(call, &c, (double[]){ 100, -56, 44 }, 3, RT_I8, 0);
	c = (struct cum_sum_case){ { .outer = 1, .n = 4, .inner = 1, .type = RT_F32 }, floats, 0 };
	check_kernel(call, &c, (double[]){ 16777216, 16777216, 16777218, 16777220 }, 4, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cum_sum");
	TCase *t = tcase_create("cum_sum");

	tcase_add_loop_test(t, every_way, 0, 4);
	tcase_add_test(t, long_sums);
	suite_add_tcase(s, t);
	return s;
}
