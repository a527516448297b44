/* gather: slices of every size, indices of both types, negative and outside. */
#include "kernel_test.h"

struct gather_case {
	struct rt_gather p;
	const void *x, *index;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_gather_fn *const builds[] = KERNEL_BUILDS(gather);
	const struct gather_case *c = job;

	builds[build](run, &c->p, y, c->x, c->index);
}

static void check_gather(struct rt_gather p, enum rt_type type)
{
	size_t outer = (size_t)p.outer, axis = (size_t)p.axis, inner = (size_t)p.inner, count = (size_t)p.count;
	size_t n = outer * count * inner;
	void *x = random_tensor(type, outer * axis * inner, 1, 0, 100);
	void *index = random_tensor(p.index_type, count, 2, -(double)axis - 3, (double)axis + 3);
	struct gather_case c = { p, x, index };
	double *expected = new_doubles(n);

	c.p.size = (int32_t)rt_type_size(type);
	for (size_t i = 0; i < n; i++) {
		double j = element(index, p.index_type, i / inner % count);
		j = j < 0 ? j + (double)axis : j;
		j = fmin(fmax(j, 0), (double)axis - 1);
		expected[i] = element(x, type, (i / inner / count * axis + (size_t)j) * inner + i % inner);
	}
	check_kernel(call, &c, expected, n, type, 0);
	free(x);
	free(index);
	free(expected);
}

START_TEST(every_shape)
{
	static const enum rt_type types[] = { RT_U8, RT_F16, RT_F32, RT_I64 };
	static const struct rt_gather shapes[] = { { .outer = 1, .axis = 9, .inner = 1, .count = 50 },
		{ .outer = 3, .axis = 5, .inner = 7, .count = 11 }, { .outer = 2, .axis = 1, .inner = 2, .count = 1 },
		{ .outer = 1, .axis = 300, .inner = 256, .count = 36 }, { .outer = 9, .axis = 4, .inner = 1, .count = 1000 },
		{ .outer = 2, .axis = 4, .inner = 3, .count = 0 } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (size_t k = 0; k < sizeof types / sizeof *types; k++)
			for (int wide = 0; wide < 2; wide++) {
				struct rt_gather p = shapes[i];
				p.index_type = wide ? RT_I64 : RT_I32;
				check_gather(p, types[k]);
			}
}
END_TEST

/* Indices far outside do not overflow. */
START_TEST(extreme_indices)
{
	static const float x[] = { 1, 2, 3 };
	static const int64_t wide[] = { INT64_MIN, INT64_MAX, -3, -1 };
	static const int32_t narrow[] = { INT32_MIN, INT32_MAX, -4, 2 };
	struct gather_case c = { { .outer = 1, .axis = 3, .inner = 1, .count = 4, .size = 4, .index_type = RT_I64 }, x,
		wide };

	check_kernel(call, &c, (double[]){ 1, 3, 1, 3 }, 4, RT_F32, 0);
	c.p.index_type = RT_I32;
	c.index = narrow;
	check_kernel(call, &c, (double[]){ 1, 3, 1, 3 }, 4, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("gather");
	TCase *t = tcase_create("gather");

	tcase_add_test(t, every_shape);
	tcase_add_test(t, extreme_indices);
	suite_add_tcase(s, t);
	return s;
}
