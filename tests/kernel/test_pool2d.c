/* pool2d against loops over the window: padding, dilation, windows that hang over, every kind and type. */
#include "kernel_test.h"

struct pool_case {
	struct rt_pool2d p;
	const void *x;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_pool2d_fn *const builds[] = KERNEL_BUILDS(pool2d);
	const struct pool_case *c = job;

	builds[build](run, &c->p, y, c->x);
}

/* The maximum of nothing. */
static double smallest(enum rt_type type)
{
	return type == RT_I8 ? INT8_MIN : type == RT_I32 ? INT32_MIN : type == RT_U8 ? 0 : -INFINITY;
}

/* One element: pixel (row, column), channel, picture. */
static double reference(
	const struct rt_pool2d *p, const void *x, int32_t picture, int32_t row, int32_t column, int32_t c)
{
	double most = -INFINITY, sum = 0;
	int32_t inside = 0, padded = 0;

	for (int32_t i = 0; i < p->kh; i++)
		for (int32_t j = 0; j < p->kw; j++) {
			int32_t r = row * p->stride_h - p->pad_top + i * p->dilation_h;
			int32_t k = column * p->stride_w - p->pad_left + j * p->dilation_w;
			padded += r < p->h + p->pad_bottom && k < p->w + p->pad_right;
			if (r < 0 || r >= p->h || k < 0 || k >= p->w)
				continue;
			double value = element(x, p->type, (size_t)(((picture * p->h + r) * p->w + k) * p->c + c));
			most = fmax(most, value);
			sum += value;
			inside++;
		}
	if (p->kind == RT_POOL_MAX)
		return fmax(most, smallest(p->type));
	padded = p->kind == RT_POOL_MEAN ? inside : padded;
	return padded ? sum / padded : 0;
}

static void check_pool(struct rt_pool2d p, double low, double high, double tolerance)
{
	size_t n = (size_t)(p.n * p.oh * p.ow * p.c);
	void *x = random_tensor(p.type, (size_t)(p.n * p.h * p.w * p.c), 1, low, high);
	double *expected = new_doubles(n), *to = expected;
	struct pool_case c = { p, x };

	for (int32_t b = 0; b < p.n; b++)
		for (int32_t i = 0; i < p.oh; i++)
			for (int32_t j = 0; j < p.ow; j++)
				for (int32_t k = 0; k < p.c; k++)
					*to++ = reference(&p, x, b, i, j, k);
	check_kernel(call, &c, expected, n, p.type, tolerance);
	free(x);
	free(expected);
}

static const struct rt_pool2d shapes[] = {
	{ .n = 2,
		.h = 8,
		.w = 10,
		.c = 3,
		.oh = 4,
		.ow = 5,
		.kh = 2,
		.kw = 2,
		.stride_h = 2,
		.stride_w = 2,
		.dilation_h = 1,
		.dilation_w = 1 },
	{ .n = 1,
		.h = 7,
		.w = 9,
		.c = 70,
		.oh = 7,
		.ow = 9,
		.kh = 3,
		.kw = 3,
		.stride_h = 1,
		.stride_w = 1,
		.pad_top = 1,
		.pad_left = 1,
		.pad_bottom = 1,
		.pad_right = 1,
		.dilation_h = 1,
		.dilation_w = 1 },
	/* rounded up: the last windows hang over the padding */
	{ .n = 1,
		.h = 6,
		.w = 6,
		.c = 5,
		.oh = 4,
		.ow = 3,
		.kh = 3,
		.kw = 3,
		.stride_h = 2,
		.stride_w = 3,
		.pad_top = 1,
		.pad_bottom = 1,
		.pad_right = 1,
		.dilation_h = 1,
		.dilation_w = 1 },
	/* dilated, uneven padding */
	{ .n = 1,
		.h = 11,
		.w = 8,
		.c = 64,
		.oh = 5,
		.ow = 7,
		.kh = 3,
		.kw = 2,
		.stride_h = 2,
		.stride_w = 1,
		.pad_top = 1,
		.pad_left = 2,
		.pad_bottom = 2,
		.pad_right = 0,
		.dilation_h = 2,
		.dilation_w = 3 },
	/* global */
	{ .n = 3,
		.h = 13,
		.w = 17,
		.c = 33,
		.oh = 1,
		.ow = 1,
		.kh = 13,
		.kw = 17,
		.stride_h = 1,
		.stride_w = 1,
		.dilation_h = 1,
		.dilation_w = 1 },
};

START_TEST(every_shape)
{
	for (int kind = RT_POOL_MAX; kind <= RT_POOL_MEAN_WITH_PAD; kind++) {
		struct rt_pool2d p = shapes[_i];
		p.kind = (enum rt_pool_kind)kind;
		p.type = RT_F32;
		check_pool(p, -1, 1, 1e-6);
		p.type = RT_F64;
		check_pool(p, -1, 1, 1e-14);
		p.type = RT_F16;
		check_pool(p, -1, 1, 1e-3);
		p.type = RT_BF16;
		check_pool(p, -1, 1, 1e-2);
	}
}
END_TEST

START_TEST(maximum_of_integers)
{
	struct rt_pool2d p = shapes[_i];

	p.type = RT_I8;
	check_pool(p, -120, -2, 0);
	p.type = RT_I32;
	check_pool(p, -2e9, 2e9, 0);
	p.type = RT_U8;
	check_pool(p, 0, 255, 0);
}
END_TEST

/* A window in the padding alone: nothing to take the mean of, and no larger than anything. */
START_TEST(window_of_padding)
{
	static const float x[] = { 5, 7 };
	struct pool_case c = { { .n = 1,
							   .h = 1,
							   .w = 2,
							   .c = 1,
							   .oh = 1,
							   .ow = 4,
							   .kh = 1,
							   .kw = 1,
							   .stride_h = 1,
							   .stride_w = 1,
							   .pad_left = 1,
							   .pad_right = 1,
							   .dilation_h = 1,
							   .dilation_w = 1,
							   .type = RT_F32 },
		x };

	c.p.kind = RT_POOL_MEAN;
	check_kernel(call, &c, (double[]){ 0, 5, 7, 0 }, 4, RT_F32, 0);
	c.p.kind = RT_POOL_MAX;
	check_kernel(call, &c, (double[]){ -INFINITY, 5, 7, -INFINITY }, 4, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("pool2d");
	TCase *t = tcase_create("pool2d");

	tcase_add_loop_test(t, every_shape, 0, sizeof shapes / sizeof *shapes);
	tcase_add_loop_test(t, maximum_of_integers, 0, sizeof shapes / sizeof *shapes);
	tcase_add_test(t, window_of_padding);
	suite_add_tcase(s, t);
	return s;
}
