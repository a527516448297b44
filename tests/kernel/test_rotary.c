#include "bytes_case.h"

struct rotary_case {
	struct rt_rotary p;
	void *x;
	float *cos, *sin;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_rotary_fn *const builds[] = KERNEL_BUILDS(rotary);
	const struct rotary_case *c = job;

	builds[build](run, &c->p, y, c->x, c->cos, c->sin);
}

/* x is [b][n][h][d] and y [b][h][n][d]; the phases lie as the caller says, in `phases` floats. */
static void check_rotary(struct rt_rotary p, size_t phases, double tolerance)
{
	size_t count = (size_t)(p.b * p.h * p.n * p.d);
	double *expected = new_doubles(count);
	struct rotary_case c;

	memcpy(p.x, (int32_t[]){ p.n * p.h * p.d, p.d, p.h * p.d }, sizeof p.x);
	memcpy(p.y, (int32_t[]){ p.h * p.n * p.d, p.n * p.d, p.d }, sizeof p.y);
	c.p = p;
	c.x = random_tensor(p.x_type, count, 1, -1, 1);
	c.cos = random_tensor(RT_F32, phases, 2, -1, 1);
	c.sin = random_tensor(RT_F32, phases, 3, -1, 1);
	for (int32_t i = 0; i < p.b * p.h * p.n * p.d / 2; i++) {
		int32_t j = i % (p.d / 2), n = i / (p.d / 2) % p.n, h = i / (p.d / 2) / p.n % p.h,
				b = i / (p.d / 2) / p.n / p.h;
		int32_t first = p.half ? j : 2 * j, second = p.half ? j + p.d / 2 : 2 * j + 1;
		int32_t x = b * p.x[0] + h * p.x[1] + n * p.x[2], y = b * p.y[0] + h * p.y[1] + n * p.y[2];
		int32_t phase = b * p.phase[0] + h * p.phase[1] + n * p.phase[2] + j * p.phase[3];
		double u = element(c.x, p.x_type, (size_t)(x + first)), v = element(c.x, p.x_type, (size_t)(x + second));
		double cosine = (double)c.cos[phase], sine = (double)c.sin[phase];
		double alpha = p.alpha != 0 ? (double)p.alpha : 1;
		expected[y + first] = (u * cosine - v * sine) * alpha;
		expected[y + second] = (v * cosine + u * sine) * alpha;
	}
	check_kernel(call, &c, expected, count, p.y_type, tolerance);
	free(c.x);
	free(c.cos);
	free(c.sin);
	free(expected);
}

/* The phase of LightGlue: one for all heads, each value stored once or, as exported models have it, twice. */
START_TEST(shared_by_heads)
{
	struct rt_rotary p = { .b = 2, .h = 3, .n = 19, .d = 10, .half = _i, .x_type = RT_F32, .y_type = RT_F32 };

	memcpy(p.phase, (int32_t[]){ 19 * 5, 0, 5, 1 }, sizeof p.phase);
	check_rotary(p, 2 * 19 * 5, 1e-6);
	memcpy(p.phase, (int32_t[]){ 0, 0, 10, 2 }, sizeof p.phase);
	check_rotary(p, 19 * 10, 1e-6);
}
END_TEST

START_TEST(wide)
{
	struct rt_rotary p = { .b = 1,
		.h = 2,
		.n = 3,
		.d = 530,
		.half = _i,
		.phase = { 0, 3 * 265, 265, 1 },
		.x_type = RT_F32,
		.y_type = RT_F32 };

	check_rotary(p, 2 * 3 * 265, 1e-6);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 9; i++) {
		struct rt_rotary p = { .b = 1,
			.h = 2,
			.n = 17,
			.d = 22,
			.half = _i,
			.phase = { 0, 0, 11, 1 },
			.x_type = types[i % 3],
			.y_type = types[i / 3] };
		check_rotary(p, 17 * 11, p.y_type == RT_F32 ? 1e-6 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

START_TEST(factor)
{
	struct rt_rotary p = { .b = 1,
		.h = 2,
		.n = 17,
		.d = 22,
		.half = _i,
		.alpha = -0.37f,
		.phase = { 0, 0, 11, 1 },
		.x_type = RT_F32,
		.y_type = RT_F32 };

	check_rotary(p, 17 * 11, 1e-6);
}
END_TEST

START_TEST(bytes)
{
	static const enum rt_type types[] = { RT_U8, RT_I8 };
	enum { N = 9, D = 270, COUNT = N * D };
	struct rotary_case floats = { .p = { .b = 1,
									  .h = 1,
									  .n = N,
									  .d = D,
									  .half = _i,
									  .alpha = 0.7f,
									  .x = { 0, 0, D },
									  .y = { 0, 0, D },
									  .phase = { 0, 0, D / 2, 1 },
									  .x_type = RT_F32,
									  .y_type = RT_F32 } },
					   bytes;

	floats.x = random_tensor(RT_F32, COUNT, 1, -1, 1);
	floats.cos = random_tensor(RT_F32, COUNT / 2, 2, -1, 1);
	floats.sin = random_tensor(RT_F32, COUNT / 2, 3, -1, 1);
	for (int i = 0; i < 2; i++) {
		bytes = floats;
		bytes.p.y_type = types[i];
		bytes.p.y_scale = 0.00573f;
		bytes.p.y_zero = i ? -7 : 120;
		check_bytes(call, &floats, &bytes, COUNT, types[i], bytes.p.y_scale, bytes.p.y_zero);
	}
	free(floats.x);
	free(floats.cos);
	free(floats.sin);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("rotary");
	TCase *t = tcase_create("rotary");

	tcase_add_loop_test(t, shared_by_heads, 0, 2);
	tcase_add_loop_test(t, wide, 0, 2);
	tcase_add_loop_test(t, storage_types, 0, 2);
	tcase_add_loop_test(t, factor, 0, 2);
	tcase_add_loop_test(t, bytes, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
