#define RT_ISA emulated
#include "kernel/linear.c"
#include "panels.h"
#include "reference_act.h"

struct linear_case {
	struct rt_linear p;
	void *x0, *x1, *w, *bias, *residual;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_linear_fn *const builds[] = KERNEL_BUILDS(linear);
	const struct linear_case *c = job;
	const void *residual = c->residual;

	if (c->in_place) {
		memcpy(y, c->residual, (size_t)c->p.m * (size_t)c->p.ldr * rt_type_size(c->p.y_type));
		residual = y;
	}
	builds[build](run, &c->p, y, c->x0, c->x1, c->w, c->bias, residual);
}

/* Fills in what the parameters imply, runs, and compares with sums in double. */
static void check_linear(struct rt_linear p, bool bias, bool residual, bool in_place, double tolerance)
{
	struct linear_case c = { .in_place = in_place };
	int32_t k = p.k0 + p.k1;
	size_t mn = (size_t)p.m * (size_t)p.n;
	enum rt_type given = given_type(p.w_type);
	void *w = random_tensor(given, (size_t)k * (size_t)p.n, 1, -1, 1);
	double *expected = new_doubles(mn), *bound = new_doubles(mn);

	p.ldx0 = p.k0 + 3;
	p.ldx1 = p.k1 ? p.k1 + 1 : 0;
	p.ldy = p.n;
	p.ldr = in_place ? p.n : p.n + 2;
	c.p = p;
	c.x0 = random_tensor(p.x_type, (size_t)p.m * (size_t)p.ldx0, 2, -1, 1);
	c.x1 = p.k1 ? random_tensor(p.x_type, (size_t)p.m * (size_t)p.ldx1, 3, -1, 1) : NULL;
	c.w = malloc(panels_size(p.w_type, 1, k, p.n) * rt_type_size(p.w_type));
	pack_panels(c.w, w, p.w_type, 1, k, p.n);
	c.bias = bias ? random_tensor(RT_F32, padded(p.n), 4, -1, 1) : NULL;
	c.residual = residual ? random_tensor(p.y_type, (size_t)p.m * (size_t)p.ldr, 5, -1, 1) : NULL;
	for (int32_t i = 0; i < p.m; i++)
		for (int32_t j = 0; j < p.n; j++) {
			double sum = bias ? element(c.bias, RT_F32, (size_t)j) : 0, magnitude = 0;
			for (int32_t t = 0; t < k; t++) {
				double term = element(w, given, (size_t)(t * p.n + j)) *
							  (t < p.k0 ? element(c.x0, p.x_type, (size_t)(i * p.ldx0 + t))
										: element(c.x1, p.x_type, (size_t)(i * p.ldx1 + t - p.k0)));
				sum += term;
				magnitude += fabs(term);
			}
			sum = reference_act(p.act, (double)p.slope, p.alpha != 0 ? sum * (double)p.alpha : sum);
			sum += residual ? element(c.residual, p.y_type, (size_t)(i * p.ldr + j)) : 0;
			expected[i * p.n + j] = sum;
			bound[i * p.n + j] = tolerance * fmax(1, fabs(sum)) + split_error(p.w_type, p.x_type, magnitude);
		}
	check_within(call, &c, expected, bound, mn, p.y_type);
	free(w);
	free(c.x0);
	free(c.x1);
	free(c.w);
	free(c.bias);
	free(c.residual);
	free(expected);
	free(bound);
}

#define F32 .x_type = RT_F32, .y_type = RT_F32, .w_type = RT_F32

START_TEST(odd_sizes)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 5, 16, 7 }, { 6, 17, 64 }, { 49, 130, 3 }, { 97, 33, 300 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_linear p = { .m = sizes[i][0], .n = sizes[i][1], .k0 = sizes[i][2], F32 };
		check_linear(p, true, false, false, 1e-5);
		check_linear(p, false, true, false, 1e-5);
	}
}
END_TEST

START_TEST(two_sources)
{
	check_linear((struct rt_linear){ .m = 50, .n = 20, .k0 = 19, .k1 = 300, F32 }, true, true, false, 1e-5);
	check_linear((struct rt_linear){ .m = 7, .n = 16, .k0 = 257, .k1 = 1, F32 }, true, false, false, 1e-5);
}
END_TEST

START_TEST(activations)
{
	check_linear((struct rt_linear){ .m = 13, .n = 21, .k0 = 40, .act = (enum rt_act)_i, .slope = 0.25f, F32 }, true,
		true, false, 1e-5);
}
END_TEST

/* Numbers at which a careless formula overflows or makes a NaN; one input, weight 1. */
START_TEST(activations_of_extremes)
{
	float x[] = { 0, -0.0f, 1e-30f, -1e-30f, 0.3f, -0.9f, 5, -5, 87, -87, 89, -89, 100, -100, 1e9f, -1e9f, 1e30f,
		-1e30f, INFINITY, -INFINITY, NAN };
	enum { N = sizeof x / sizeof *x };
	float w[RT_PANEL] = { 1 };
	double expected[N];
	struct linear_case c = { .p = { .m = N,
								 .n = 1,
								 .k0 = 1,
								 .ldx0 = 1,
								 .ldy = 1,
								 .act = (enum rt_act)_i,
								 .slope = 0.25f,
								 .x_type = RT_F32,
								 .y_type = RT_F32,
								 .w_type = RT_F32 },
		.x0 = x,
		.w = w };

	for (int i = 0; i < N; i++)
		expected[i] = reference_act(c.p.act, 0.25, (double)x[i]);
	check_kernel(call, &c, expected, N, RT_F32, 1e-6);
}
END_TEST

/* A factor comes before the activation and the residual. */
START_TEST(factor)
{
	check_linear(
		(struct rt_linear){ .m = 13, .n = 21, .k0 = 40, .act = RT_GELU, .alpha = 0.37f, F32 }, true, true, false, 1e-5);
	check_linear(
		(struct rt_linear){
			.m = 9, .n = 140, .k0 = 64, .alpha = -1.7f, .x_type = RT_BF16, .y_type = RT_F32, .w_type = RT_BF16 },
		true, false, false, 1e-5);
}
END_TEST

START_TEST(in_place)
{
	check_linear((struct rt_linear){ .m = 51, .n = 37, .k0 = 20, F32 }, true, true, true, 1e-5);
	check_linear((struct rt_linear){ .m = 9, .n = 131, .k0 = 20, .x_type = RT_F16, .y_type = RT_F16, .w_type = RT_F16 },
		true, true, true, 1e-3);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 27; i++) {
		struct rt_linear p = { .m = 8,
			.n = 18,
			.k0 = 132,
			.k1 = 5,
			.x_type = types[i % 3],
			.y_type = types[i / 3 % 3],
			.w_type = types[i / 9] };
		check_linear(p, true, true, false, p.y_type == RT_F32 ? 1e-5 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

/* Rows, columns and depths around the sizes of tiles, and two inputs, the second of which starts inside a tile. */
START_TEST(split_weights)
{
	static const int32_t sizes[][4] = { { 1, 1, 2, 0 }, { 15, 17, 30, 0 }, { 16, 16, 32, 0 }, { 17, 33, 34, 0 },
		{ 33, 130, 66, 0 }, { 49, 48, 126, 0 }, { 97, 145, 128, 0 }, { 48, 16, 258, 0 }, { 50, 20, 18, 300 },
		{ 7, 16, 256, 2 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_linear p = { .m = sizes[i][0], .n = sizes[i][1], .k0 = sizes[i][2], .k1 = sizes[i][3] };
		p.x_type = p.y_type = RT_F32;
		p.w_type = RT_BF16X2;
		check_linear(p, true, false, false, 1e-5);
		p.x_type = RT_F16;
		check_linear(p, false, true, false, 1e-5);
	}
}
END_TEST

/* The same for weights that are halves, and depths that are odd. Their products are exact: only sums are rounded. */
START_TEST(half_weights)
{
	static const int32_t sizes[][4] = { { 1, 1, 1, 0 }, { 15, 17, 31, 0 }, { 17, 33, 35, 0 }, { 33, 130, 65, 0 },
		{ 48, 48, 128, 0 }, { 49, 16, 257, 0 }, { 50, 20, 19, 300 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_linear p = { .m = sizes[i][0], .n = sizes[i][1], .k0 = sizes[i][2], .k1 = sizes[i][3] };
		p.x_type = p.w_type = RT_F16;
		p.y_type = RT_F32;
		check_linear(p, true, false, false, 4e-6);
		p.x_type = RT_F32;
		check_linear(p, false, true, false, 4e-6);
	}
}
END_TEST

/* The same for weights of one bfloat16, of which a last odd row makes a pair with zeros; rows of x that lie ready, and
 * such as do not. */
START_TEST(bfloat_weights)
{
	static const int32_t sizes[][4] = { { 1, 1, 1, 0 }, { 15, 17, 31, 0 }, { 16, 16, 32, 0 }, { 17, 33, 35, 0 },
		{ 33, 130, 66, 0 }, { 49, 48, 127, 0 }, { 97, 145, 128, 0 }, { 48, 16, 258, 0 }, { 48, 140, 512, 0 },
		{ 50, 20, 18, 301 }, { 7, 16, 256, 3 } };
	static const enum rt_type types[] = { RT_BF16, RT_F32, RT_F16 };

	for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; i++) {
		const int32_t *given = sizes[i / 3];
		struct rt_linear p = { .m = given[0], .n = given[1], .k0 = given[2], .k1 = given[3], .w_type = RT_BF16 };
		p.x_type = types[i % 3];
		p.y_type = RT_F32;
		check_linear(p, true, false, false, 1e-5);
		p.y_type = RT_BF16;
		check_linear(p, false, true, false, 8e-3);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("linear");
	TCase *t = tcase_create("linear");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, two_sources);
	tcase_add_loop_test(t, activations, RT_ACT_NONE, RT_LEAKY_RELU + 1);
	tcase_add_loop_test(t, activations_of_extremes, RT_ACT_NONE, RT_LEAKY_RELU + 1);
	tcase_add_test(t, factor);
	tcase_add_test(t, in_place);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, split_weights);
	tcase_add_test(t, half_weights);
	tcase_add_test(t, bfloat_weights);
	suite_add_tcase(s, t);
	return s;
}
