/* fill: every element size, over more than one unit of work. */
#include "kernel_test.h"

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_fill_fn *const builds[] = KERNEL_BUILDS(fill);

	builds[build](run, job, y);
}

START_TEST(every_size)
{
	enum { N = 66001 };
	static const struct rt_fill cases[] = { { .n = 101, .size = 1, .low = 0x81 }, { .n = 77, .size = 2, .low = 0x8123 },
		{ .n = N, .size = 4, .low = -5 }, { .n = 333, .size = 8, .low = -5, .high = 3 },
		{ .n = 0, .size = 4, .low = 1 }, { .n = 1, .size = 8, .low = 7, .high = -1 } };
	static const enum rt_type types[] = { RT_I8, RT_I16, RT_I32, RT_I64, RT_I32, RT_I64 };
	static const double values[] = { -127, -32477, -5, 17179869179.0, 1, -4294967289.0 };
	double *expected = new_doubles(N);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < N; k++)
			expected[k] = values[i];
		check_kernel(call, &cases[i], expected, (size_t)cases[i].n, types[i], 0);
	}
	free(expected);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("fill");
	TCase *t = tcase_create("fill");

	tcase_add_test(t, every_size);
	suite_add_tcase(s, t);
	return s;
}
