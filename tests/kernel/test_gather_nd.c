/* gather_nd: tuples of every length, in batches, with indices of both types, negative and outside. */
#include "kernel_test.h"

struct gather_nd_case {
	struct rt_gather_nd p;
	const void *x, *index;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_gather_nd_fn *const builds[] = KERNEL_BUILDS(gather_nd);
	const struct gather_nd_case *c = job;

	builds[build](run, &c->p, y, c->x, c->index);
}

static void check_gather(struct rt_gather_nd p, enum rt_type type)
{
	size_t slices = 1, tuples = (size_t)(p.batch * p.count), inner = (size_t)p.inner, n = tuples * inner;

	for (int32_t k = 0; k < p.depth; k++)
		slices *= (size_t)p.dim[k];
	void *x = random_tensor(type, (size_t)p.batch * slices * inner, 1, 0, 100);
	void *index = random_tensor(p.index_type, tuples * (size_t)p.depth, 2, -7, 7);
	double *expected = new_doubles(n);
	struct gather_nd_case c = { p, x, index };

	c.p.size = (int32_t)rt_type_size(type);
	for (size_t i = 0; i < tuples; i++) {
		size_t at = i / (size_t)p.count;
		for (int32_t k = 0; k < p.depth; k++) {
			double j = element(index, p.index_type, i * (size_t)p.depth + (size_t)k);
			j = j < 0 ? j + p.dim[k] : j;
			at = at * (size_t)p.dim[k] + (size_t)fmin(fmax(j, 0), p.dim[k] - 1);
		}
		for (size_t j = 0; j < inner; j++)
			expected[i * inner + j] = element(x, type, at * inner + j);
	}
	check_kernel(call, &c, expected, n, type, 0);
	free(x);
	free(index);
	free(expected);
}

START_TEST(every_shape)
{
	static const enum rt_type types[] = { RT_U8, RT_F16, RT_F32, RT_I64 };
	static const struct rt_gather_nd shapes[] = { { .batch = 1, .count = 50, .inner = 1, .depth = 1, .dim = { 9 } },
		{ .batch = 1, .count = 3000, .inner = 5, .depth = 2, .dim = { 5, 4 } },
		{ .batch = 3, .count = 7, .inner = 2, .depth = 3, .dim = { 2, 5, 3 } },
		{ .batch = 1, .count = 2, .inner = 9000, .depth = 1, .dim = { 3 } },
		{ .batch = 2, .count = 3, .inner = 4, .depth = 0 },
		{ .batch = 1, .count = 0, .inner = 4, .depth = 1, .dim = { 3 } } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (size_t k = 0; k < sizeof types / sizeof *types; k++)
			for (int wide = 0; wide < 2; wide++) {
				struct rt_gather_nd p = shapes[i];
				p.index_type = wide ? RT_I64 : RT_I32;
				check_gather(p, types[k]);
			}
}
END_TEST

START_TEST(extreme_indices)
{
	static const float x[] = { 1, 2, 3, 4, 5, 6 };
	static const int64_t index[] = { INT64_MIN, INT64_MAX, 1, -4, -1, -1 };
	struct gather_nd_case c = {
		{ .batch = 1, .count = 3, .inner = 1, .depth = 2, .dim = { 2, 3 }, .size = 4, .index_type = RT_I64 }, x, index
	};

	check_kernel(call, &c, (double[]){ 3, 4, 6 }, 3, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("gather_nd");
	TCase *t = tcase_create("gather_nd");

	tcase_add_test(t, every_shape);
	tcase_add_test(t, extreme_indices);
	suite_add_tcase(s, t);
	return s;
}
