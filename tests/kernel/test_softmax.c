#include "bytes_case.h"

struct softmax_case {
	struct rt_softmax p;
	const void *x;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_softmax_fn *const builds[] = KERNEL_BUILDS(softmax);
	const struct softmax_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, (size_t)(c->p.outer * c->p.n * c->p.stride) * rt_type_size(c->p.x_type));
	builds[build](run, &c->p, y, c->in_place ? y : c->x);
}

static void compare(const struct softmax_case *c, double tolerance)
{
	const struct rt_softmax *p = &c->p;
	size_t count = (size_t)(p->outer * p->n * p->stride), n = (size_t)p->n, stride = (size_t)p->stride;
	double *expected = new_doubles(count);

	for (size_t i = 0; i < count; i++) {
		size_t first = i / (n * stride) * (n * stride) + i % stride;
		double max = -INFINITY, sum = 0;
		for (size_t k = 0; k < n; k++)
			max = fmax(max, element(c->x, p->x_type, first + k * stride));
		for (size_t k = 0; k < n; k++)
			sum += exp(element(c->x, p->x_type, first + k * stride) - max);
		double d = element(c->x, p->x_type, i) - max;
		expected[i] = p->log ? d - log(sum) : exp(d) / sum;
	}
	check_kernel(call, c, expected, count, p->y_type, tolerance);
	free(expected);
}

static void check_softmax(struct rt_softmax p, bool in_place, double range, double tolerance)
{
	void *x = random_tensor(p.x_type, (size_t)(p.outer * p.n * p.stride), 1, -range, range);
	struct softmax_case c = { p, x, in_place };

	for (c.p.log = 0; c.p.log < 2; c.p.log++)
		compare(&c, tolerance);
	free(x);
}

START_TEST(odd_sizes)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 9, 5, 1 }, { 3, 259, 1 }, { 2, 1030, 1 }, { 2, 7, 3 },
		{ 1, 9, 300 }, { 3, 65, 16 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_softmax p = {
			.outer = sizes[i][0], .n = sizes[i][1], .stride = sizes[i][2], .x_type = RT_F32, .y_type = RT_F32
		};
		check_softmax(p, false, 5, 2e-6);
		check_softmax(p, true, 5, 2e-6);
	}
}
END_TEST

START_TEST(large_numbers)
{
	struct rt_softmax p = { .outer = 4, .n = 65, .stride = 1, .x_type = RT_F32, .y_type = RT_F32 };

	check_softmax(p, false, 1e4, 2e-6);
	p.stride = 5;
	check_softmax(p, false, 1e30, 2e-6);
}
END_TEST

/* -infinity has the probability 0, next to others; a row of nothing else, of NaN or with infinity has none. */
START_TEST(not_finite)
{
	static const float x[4][9] = { { -INFINITY, 1, 2, -INFINITY, 0, 0, 0, 0, -INFINITY },
		{ -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY },
		{ 1, 2, 3, 4, 5, 6, 7, 8, NAN }, { 1, INFINITY, 3, 4, 5, 6, 7, 8, 9 } };
	struct softmax_case c = { { .outer = 4, .n = 9, .stride = 1, .x_type = RT_F32, .y_type = RT_F32 }, x, false };
	float turned[9][4];

	for (int i = 0; i < 36; i++)
		turned[i / 4][i % 4] = x[i % 4][i / 4];
	compare(&c, 1e-6);
	c.p.outer = 1;
	c.p.stride = 4;
	c.x = turned;
	compare(&c, 1e-6);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 18; i++) {
		struct rt_softmax p = {
			.outer = 3, .n = 37, .stride = i < 9 ? 1 : 11, .x_type = types[i % 3], .y_type = types[i / 3 % 3]
		};
		check_softmax(p, p.x_type == p.y_type, 3, p.y_type == RT_F32 ? 2e-6 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

/* Rows that are held whole and rows that are not, along both kinds of axis; a row that has no probabilities. */
START_TEST(bytes)
{
	static const int32_t sizes[][3] = { { 5, 37, 1 }, { 2, 2100, 1 }, { 1, 37, 5 } };

	for (int i = 0; i < 6; i++) {
		const int32_t *size = sizes[i / 2];
		size_t count = (size_t)(size[0] * size[1] * size[2]);
		struct softmax_case floats = {
			{ .outer = size[0], .n = size[1], .stride = size[2], .x_type = RT_F32, .y_type = RT_F32 },
			random_tensor(RT_F32, count, 1, -2, 2), false
		};
		((float *)floats.x)[0] = INFINITY;
		struct softmax_case bytes = floats;
		bytes.p.y_type = i % 2 ? RT_I8 : RT_U8;
		bytes.p.y_scale = 0.02f / (float)size[1];
		bytes.p.y_zero = i % 2 ? -128 : 0;
		check_bytes(call, &floats, &bytes, count, bytes.p.y_type, bytes.p.y_scale, bytes.p.y_zero);
		free((void *)floats.x);
	}
}
END_TEST

/* What is read as bytes is what they stand for, also in place. */
START_TEST(from_bytes)
{
	static const int32_t sizes[][3] = { { 5, 37, 1 }, { 2, 2100, 1 }, { 1, 37, 5 } };

	for (int i = 0; i < 6; i++) {
		const int32_t *size = sizes[i / 2];
		size_t count = (size_t)(size[0] * size[1] * size[2]);
		enum rt_type type = i % 2 ? RT_I8 : RT_U8;
		uint8_t *x = random_tensor(type, count, 1, i % 2 ? -128 : 0, i % 2 ? 127.9 : 255.9);
		float *stands_for = random_tensor(RT_F32, count, 1, 0, 1);
		struct softmax_case floats = {
			{ .outer = size[0], .n = size[1], .stride = size[2], .x_type = RT_F32, .y_type = RT_U8, .y_scale = 0.001f },
			stands_for, false
		};
		struct softmax_case bytes = floats;
		bytes.p.x_type = type;
		bytes.p.x_scale = 0.0137f;
		bytes.p.x_zero = i % 2 ? -20 : 103;
		bytes.x = x;
		bytes.in_place = true;
		for (size_t k = 0; k < count; k++)
			stands_for[k] = dequantized_byte(x, type, k, bytes.p.x_scale, bytes.p.x_zero);
		check_same(call, &floats, &bytes, count);
		free(x);
		free(stands_for);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("softmax");
	TCase *t = tcase_create("softmax");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, large_numbers);
	tcase_add_test(t, not_finite);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, bytes);
	tcase_add_test(t, from_bytes);
	suite_add_tcase(s, t);
	return s;
}
