/* gather_elements along every axis, with indices of both types, negative and outside. */
#include "kernel_test.h"

struct gather_case {
	struct rt_gather_elements p;
	const void *x, *index;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_gather_elements_fn *const builds[] = KERNEL_BUILDS(gather_elements);
	const struct gather_case *c = job;

	builds[build](run, &c->p, y, c->x, c->index);
}

/* The index is [4][40][60], x is one longer along the axis; both are row-major. */
static void check_axis(int32_t axis, enum rt_type type, enum rt_type index_type)
{
	static const int32_t dim[3] = { 4, 40, 60 };
	enum { N = 4 * 40 * 60 };
	int32_t x_dim[3] = { 4, 40, 60 };
	struct gather_case c = { .p = { .rank = 3, .dim = { 4, 40, 60 }, .axis = axis, .index_type = index_type } };
	double *expected = new_doubles(N);

	c.p.axis_dim = ++x_dim[axis];
	c.p.size = (int32_t)rt_type_size(type);
	c.p.x[0] = x_dim[1] * x_dim[2];
	c.p.x[1] = x_dim[2];
	c.p.x[2] = 1;
	c.x = random_tensor(type, (size_t)(x_dim[0] * x_dim[1] * x_dim[2]), 1, 0, 99);
	c.index = random_tensor(index_type, N, 2, -x_dim[axis] - 2, x_dim[axis] + 2);
	for (int32_t i = 0; i < N; i++) {
		int32_t at[3] = { i / dim[2] / dim[1], i / dim[2] % dim[1], i % dim[2] };
		double j = element(c.index, index_type, (size_t)i);
		j = j < 0 ? j + c.p.axis_dim : j;
		at[axis] = (int32_t)fmin(fmax(j, 0), c.p.axis_dim - 1);
		expected[i] = element(c.x, type, (size_t)(at[0] * c.p.x[0] + at[1] * c.p.x[1] + at[2]));
	}
	check_kernel(call, &c, expected, N, type, 0);
	free((void *)c.x);
	free((void *)c.index);
	free(expected);
}

START_TEST(every_axis)
{
	static const enum rt_type types[] = { RT_U8, RT_F16, RT_F32, RT_I64 };

	for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
		check_axis(_i, types[k], k & 1 ? RT_I32 : RT_I64);
	}
}
END_TEST

START_TEST(nothing_to_gather)
{
	static const float x[] = { 1 };
	static const int32_t index[] = { 0 };
	struct gather_case c = { { .rank = 1, .dim = { 0 }, .x = { 1 }, .axis_dim = 1, .size = 4, .index_type = RT_I32 }, x,
		index };

	check_kernel(call, &c, NULL, 0, RT_F32, 0);
	c.p.dim[0] = 1;
	check_kernel(call, &c, (double[]){ 1 }, 1, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("gather_elements");
	TCase *t = tcase_create("gather_elements");

	tcase_add_loop_test(t, every_axis, 0, 3);
	tcase_add_test(t, nothing_to_gather);
	suite_add_tcase(s, t);
	return s;
}
