/* max_pool: maxima and their places in rows, pictures and volumes. */
#include "kernel_test.h"

struct max_pool_case {
	struct rt_max_pool p;
	const void *x;
	void *other;  /* the output that is not checked */
	bool indices; /* which one is */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_max_pool_fn *const builds[] = KERNEL_BUILDS(max_pool);
	const struct max_pool_case *c = job;

	builds[build](run, &c->p, c->indices ? c->other : y, c->indices ? y : c->other, c->x);
}

/* Looks at every element of the plane whether the window has it. */
static void search(const struct max_pool_case *c, int32_t window, double *best, double *at)
{
	const struct rt_max_pool *p = &c->p;
	int32_t outs = p->out[0] * p->out[1] * p->out[2], ins = p->in[0] * p->in[1] * p->in[2], plane = window / outs;

	*best = NAN;
	for (int32_t i = 0; i < ins; i++) {
		int32_t k[] = { i / p->in[2] / p->in[1], i / p->in[2] % p->in[1], i % p->in[2] };
		int32_t o[] = { window % outs / p->out[2] / p->out[1], window % outs / p->out[2] % p->out[1],
			window % p->out[2] };
		bool inside = true;
		for (int d = 0; d < 3; d++) {
			int32_t past = k[d] - o[d] * p->stride[d] + p->pad[d];
			inside = inside && past >= 0 && past % p->dilation[d] == 0 && past / p->dilation[d] < p->kernel[d];
		}
		double x = element(c->x, p->type, (size_t)(plane * ins + i));
		if (!inside || !(isnan(*best) || x > *best))
			continue;
		*best = x;
		*at = plane * ins + (p->column_major ? k[0] + p->in[0] * (k[1] + p->in[1] * k[2]) : i);
	}
}

static void check_pool(struct rt_max_pool p)
{
	int32_t n = p.planes * p.out[0] * p.out[1] * p.out[2];
	void *x = random_tensor(p.type, (size_t)(p.planes * p.in[0] * p.in[1] * p.in[2]), 1, -9, 9);
	double *best = new_doubles((size_t)n), *at = new_doubles((size_t)n);
	struct max_pool_case c = { p, x, malloc((size_t)n * sizeof(int64_t)), false };

	for (int32_t i = 0; i < n; i++)
		search(&c, i, &best[i], &at[i]);
	check_kernel(call, &c, best, (size_t)n, p.type, 0);
	c.indices = true;
	check_kernel(call, &c, at, (size_t)n, RT_I64, 0);
	free(x);
	free(c.other);
	free(best);
	free(at);
}

START_TEST(every_shape)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_F64, RT_I8 };
	static const struct rt_max_pool shapes[] = {
		{ 3, { 1, 1, 20 }, { 1, 1, 10 }, { 1, 1, 3 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 0, 1 }, 0, RT_F32 },
		{ 2, { 1, 9, 7 }, { 1, 5, 7 }, { 1, 3, 2 }, { 1, 2, 1 }, { 1, 1, 2 }, { 0, 1, 1 }, 0, RT_F32 },
		{ 1, { 5, 4, 6 }, { 2, 4, 3 }, { 2, 3, 2 }, { 2, 1, 2 }, { 2, 1, 1 }, { 0, 1, 0 }, 0, RT_F32 },
		{ 1, { 1, 50, 50 }, { 1, 49, 49 }, { 1, 2, 2 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, 0, RT_F32 },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct rt_max_pool p = shapes[i];
		/* Small integers have many equals: the first counts in row-major order. */
		p.type = types[_i % 4];
		p.column_major = _i / 4;
		check_pool(p);
	}
}
END_TEST

START_TEST(not_a_number)
{
	static const float x[] = { 1, NAN, 5, NAN, 2, -INFINITY };
	struct max_pool_case c = { { 1, { 1, 1, 6 }, { 1, 1, 3 }, { 1, 1, 2 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 0, 0 }, 0,
								   RT_F32 },
		x, (int64_t[3]){ 0 }, false };

	check_kernel(call, &c, (double[]){ NAN, NAN, 2 }, 3, RT_F32, 0);
	c.indices = true;
	c.other = (float[3]){ 0 };
	check_kernel(call, &c, (double[]){ 1, 3, 4 }, 3, RT_I64, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("max_pool");
	TCase *t = tcase_create("max_pool");

	tcase_add_loop_test(t, every_shape, 0, 8);
	tcase_add_test(t, not_a_number);
	suite_add_tcase(s, t);
	return s;
}
