#include "kernel_test.h"

struct norm_case {
	struct rt_l2_norm p;
	const void *x;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_l2_norm_fn *const builds[] = KERNEL_BUILDS(l2_norm);
	const struct norm_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, (size_t)(c->p.rows * c->p.c) * rt_type_size(c->p.x_type));
	builds[build](run, &c->p, y, c->in_place ? y : c->x);
}

static void compare(const struct norm_case *c, double tolerance)
{
	const struct rt_l2_norm *p = &c->p;
	size_t count = (size_t)(p->rows * p->c);
	double *expected = new_doubles(count);

	for (size_t i = 0; i < count; i++) {
		size_t row = i / (size_t)p->c * (size_t)p->c;
		double sum = 0;
		for (size_t j = row; j < row + (size_t)p->c; j++)
			sum += pow(element(c->x, p->x_type, j), 2);
		double length = isnan(sum) ? NAN : fmax(sqrt(sum), (double)p->floor);
		expected[i] = element(c->x, p->x_type, i) / length;
	}
	check_kernel(call, c, expected, count, p->y_type, tolerance);
	free(expected);
}

static void check_norm(struct rt_l2_norm p, bool in_place, double range, double tolerance)
{
	void *x = random_tensor(p.x_type, (size_t)(p.rows * p.c), 1, -range, range);
	struct norm_case c = { p, x, in_place };

	compare(&c, tolerance);
	free(x);
}

START_TEST(odd_sizes)
{
	static const int32_t sizes[][2] = { { 1, 1 }, { 35, 3 }, { 17, 64 }, { 3, 259 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_l2_norm p = {
			.rows = sizes[i][0], .c = sizes[i][1], .floor = 1e-12f, .x_type = RT_F32, .y_type = RT_F32
		};
		check_norm(p, i % 2, 1, 1e-6);
		check_norm(p, i % 2, 1e15, 1e-6);
	}
}
END_TEST

START_TEST(short_vectors)
{
	check_norm(
		(struct rt_l2_norm){ .rows = 20, .c = 7, .floor = 2, .x_type = RT_F32, .y_type = RT_F32 }, false, 1, 1e-6);
}
END_TEST

START_TEST(zero_and_nan)
{
	static const float x[] = { 0, 0, 0, NAN, 1, 2, INFINITY, 1, 2 };
	struct norm_case c = { { .rows = 3, .c = 3, .floor = 1e-12f, .x_type = RT_F32, .y_type = RT_F32 }, x, false };

	compare(&c, 0);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 9; i++) {
		struct rt_l2_norm p = { .rows = 18, .c = 261, .floor = 1e-12f, .x_type = types[i % 3], .y_type = types[i / 3] };
		check_norm(p, p.x_type == p.y_type, 1, p.y_type == RT_F32 ? 1e-6 : 1e-3);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("l2_norm");
	TCase *t = tcase_create("l2_norm");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, short_vectors);
	tcase_add_test(t, zero_and_nan);
	tcase_add_test(t, storage_types);
	suite_add_tcase(s, t);
	return s;
}
