/* resize against the sum that its contract states, with random tables. */
#include "kernel_test.h"

struct resize_case {
	struct rt_resize p;
	const void *x, *index, *weight;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_resize_fn *const builds[] = KERNEL_BUILDS(resize);
	const struct resize_case *c = job;

	builds[build](run, &c->p, y, c->x, c->index, c->weight);
}

/* Every fifth output lies outside. Sums of integers are kept inside the smallest of types. */
static void check_resize(struct rt_resize p, bool wide, double tolerance)
{
	size_t taps = (size_t)p.taps, inner = (size_t)p.inner, n = (size_t)(p.outer * p.out) * inner;
	enum rt_type weight_type = wide ? RT_F64 : RT_F32;
	void *x = random_tensor(p.x_type, (size_t)(p.outer * p.in) * inner, 1, 0, 20);
	int32_t *index = random_tensor(RT_I32, (size_t)p.out * taps, 2, 0, p.in);
	void *weight = random_tensor(weight_type, (size_t)p.out * taps, 3, 0.1, 1);
	double *expected = new_doubles(n);
	struct resize_case c = { p, x, index, weight };

	for (int32_t o = 4; o < p.out; o += 5)
		index[o * p.taps] = -1;
	for (size_t i = 0; i < n; i++) {
		size_t o = i / inner % (size_t)p.out, outer = i / inner / (size_t)p.out;
		if (index[o * taps] < 0)
			expected[i] = (double)p.outside;
		for (size_t t = 0; t < taps && index[o * taps] >= 0; t++)
			expected[i] +=
				element(weight, weight_type, o * taps + t) *
				element(x, p.x_type, (outer * (size_t)p.in + (size_t)index[o * taps + t]) * inner + i % inner);
		/* As Cast does: towards zero. */
		if (p.y_type == RT_I32 || p.y_type == RT_U8)
			expected[i] = trunc(expected[i]);
	}
	check_kernel(call, &c, expected, n, p.y_type, tolerance);
	free(x);
	free(index);
	free(weight);
	free(expected);
}

START_TEST(every_type)
{
	static const struct {
		enum rt_type x, y;
		bool wide;
		double tolerance;
	} types[] = { { RT_F32, RT_F32, false, 1e-5 }, { RT_F16, RT_F32, false, 1e-5 }, { RT_F32, RT_F16, false, 1e-3 },
		{ RT_BF16, RT_BF16, false, 1e-2 }, { RT_F64, RT_F64, true, 1e-14 }, { RT_U8, RT_F64, true, 1e-14 },
		{ RT_F64, RT_I32, true, 0 }, { RT_U8, RT_U8, true, 0 } };
	static const struct rt_resize shapes[] = { { .outer = 2, .in = 7, .out = 19, .inner = 1, .taps = 2 },
		{ .outer = 3, .in = 5, .out = 6, .inner = 70, .taps = 4 },
		{ .outer = 1, .in = 1, .out = 3, .inner = 5, .taps = 1 },
		{ .outer = 40, .in = 30, .out = 60, .inner = 3, .taps = 4 },
		{ .outer = 1, .in = 3, .out = 0, .inner = 3, .taps = 2 } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct rt_resize p = shapes[i];
		p.x_type = types[_i].x;
		p.y_type = types[_i].y;
		p.outside = 2.5f;
		check_resize(p, types[_i].wide, types[_i].tolerance);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("resize");
	TCase *t = tcase_create("resize");

	tcase_add_loop_test(t, every_type, 0, 8);
	suite_add_tcase(s, t);
	return s;
}
