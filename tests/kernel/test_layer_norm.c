#include "bytes_case.h"
#include "reference_act.h"

struct norm_case {
	struct rt_layer_norm p;
	void *x;
	float *scale, *bias;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_layer_norm_fn *const builds[] = KERNEL_BUILDS(layer_norm);
	const struct norm_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, (size_t)(c->p.rows * c->p.c) * rt_type_size(c->p.x_type));
	builds[build](run, &c->p, y, c->in_place ? y : c->x, c->scale, c->bias);
}

static void check_norm(struct rt_layer_norm p, bool bias, bool in_place, double offset, double tolerance)
{
	size_t count = (size_t)(p.rows * p.c);
	struct norm_case c = { .p = p, .in_place = in_place };
	double *expected = new_doubles(count);

	c.x = random_tensor(p.x_type, count, 1, offset - 1, offset + 1);
	c.scale = random_tensor(RT_F32, (size_t)p.c, 2, 0.5, 1.5);
	c.bias = bias ? random_tensor(RT_F32, (size_t)p.c, 3, -1, 1) : NULL;
	for (int32_t i = 0; i < p.rows; i++) {
		double mean = 0, variance = 0;
		for (int32_t j = 0; j < p.c; j++)
			mean += element(c.x, p.x_type, (size_t)(i * p.c + j)) / p.c;
		for (int32_t j = 0; j < p.c; j++)
			variance += pow(element(c.x, p.x_type, (size_t)(i * p.c + j)) - mean, 2) / p.c;
		for (int32_t j = 0; j < p.c; j++) {
			double x = (element(c.x, p.x_type, (size_t)(i * p.c + j)) - mean) / sqrt(variance + (double)p.epsilon);
			double y = x * (double)c.scale[j] + (bias ? (double)c.bias[j] : 0);
			expected[i * p.c + j] = reference_act(p.act, 0, y);
		}
	}
	check_kernel(call, &c, expected, count, p.y_type, tolerance);
	free(c.x);
	free(c.scale);
	free(c.bias);
	free(expected);
}

#define F32 .epsilon = 1e-5f, .x_type = RT_F32, .y_type = RT_F32

START_TEST(odd_sizes)
{
	static const int32_t sizes[][2] = { { 1, 1 }, { 35, 3 }, { 17, 64 }, { 3, 259 }, { 2, 1000 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		check_norm((struct rt_layer_norm){ .rows = sizes[i][0], .c = sizes[i][1], F32 }, true, false, 0, 3e-6);
		check_norm((struct rt_layer_norm){ .rows = sizes[i][0], .c = sizes[i][1], F32 }, false, true, 0, 3e-6);
	}
}
END_TEST

/* One pass over sums of squares would lose everything here. */
START_TEST(far_from_zero)
{
	check_norm((struct rt_layer_norm){ .rows = 3, .c = 100, F32 }, true, false, 10000, 2e-2);
}
END_TEST

START_TEST(activations)
{
	check_norm((struct rt_layer_norm){ .rows = 5, .c = 21, .act = (enum rt_act)_i, F32 }, true, false, 0, 3e-6);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 9; i++) {
		struct rt_layer_norm p = {
			.rows = 18, .c = 261, .epsilon = 1e-5f, .x_type = types[i % 3], .y_type = types[i / 3]
		};
		check_norm(p, true, p.x_type == p.y_type, 0, p.y_type == RT_F32 ? 3e-6 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

/* A row with an infinity has no mean. */
START_TEST(bytes)
{
	static const enum rt_type types[] = { RT_U8, RT_I8 };
	enum { ROWS = 7, C = 275 };
	struct norm_case floats = { .p = { .rows = ROWS, .c = C, .act = RT_GELU, F32 } }, bytes;

	floats.x = random_tensor(RT_F32, ROWS * C, 1, -1, 1);
	floats.scale = random_tensor(RT_F32, C, 2, 0.5, 1.5);
	floats.bias = random_tensor(RT_F32, C, 3, -1, 1);
	((float *)floats.x)[C + 4] = INFINITY;
	for (int i = 0; i < 2; i++) {
		bytes = floats;
		bytes.p.y_type = types[i];
		bytes.p.y_scale = 0.0123f;
		bytes.p.y_zero = i ? -7 : 20;
		check_bytes(call, &floats, &bytes, ROWS * C, types[i], bytes.p.y_scale, bytes.p.y_zero);
	}
	free(floats.x);
	free(floats.scale);
	free(floats.bias);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("layer_norm");
	TCase *t = tcase_create("layer_norm");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, far_from_zero);
	tcase_add_loop_test(t, activations, RT_ACT_NONE, RT_LEAKY_RELU + 1);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, bytes);
	suite_add_tcase(s, t);
	return s;
}
