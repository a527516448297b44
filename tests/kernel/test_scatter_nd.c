/* scatter_nd: every type and reduction, tuples that meet, and such as lie outside. */
#include "scatter_case.h"

struct scatter_case {
	struct rt_scatter_nd p;
	const void *x, *index, *update;
	size_t in_place; /* bytes of x that go to y first, for a call in place; else 0 */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_scatter_nd_fn *const builds[] = KERNEL_BUILDS(scatter_nd);
	const struct scatter_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, c->in_place);
	builds[build](run, &c->p, y, c->in_place ? y : c->x, c->index, c->update);
}

/* Indices reach from -size-1 to size: one of them on each side is outside. */
static void check_scatter(struct rt_scatter_nd p)
{
	size_t slices = 1, inner = (size_t)p.inner, count = (size_t)p.count;

	for (int32_t k = 0; k < p.depth; k++)
		slices *= (size_t)p.dim[k];
	size_t n = slices * inner;
	void *x = random_tensor(p.type, n, 1, 1, 5), *update = random_tensor(p.type, count * inner, 2, 1, 3);
	void *index = random_tensor(p.index_type, count * (size_t)p.depth, 3, -p.dim[0] - 1.9, p.dim[0] + 0.9);
	double *expected = new_doubles(n);
	struct scatter_case c = { p, x, index, update, 0 };

	for (size_t i = 0; i < n; i++)
		expected[i] = element(x, p.type, i);
	for (size_t i = 0; i < count; i++) {
		double at = 0;
		for (int32_t k = 0; k < p.depth; k++) {
			double j = element(index, p.index_type, i * (size_t)p.depth + (size_t)k);
			j = j < 0 ? j + p.dim[k] : j;
			at = j < 0 || j >= p.dim[k] ? NAN : at * p.dim[k] + j;
		}
		for (size_t j = 0; j < inner && !isnan(at); j++) {
			size_t to = (size_t)at * inner + j;
			expected[to] = combined(p.kind, expected[to], element(update, p.type, i * inner + j));
		}
	}
	for (int in_place = 0; in_place < 2; in_place++) {
		c.in_place = in_place ? n * rt_type_size(p.type) : 0;
		check_kernel(call, &c, expected, n, p.type, p.type == RT_F16 ? 2e-3 : p.type == RT_BF16 ? 2e-2 : 1e-6);
	}
	free(x);
	free(index);
	free(update);
	free(expected);
}

START_TEST(every_kind)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16, RT_F64, RT_I8, RT_U8, RT_I16, RT_I32, RT_U32, RT_I64,
		RT_U64 };
	enum rt_scatter_kind kind = (enum rt_scatter_kind)_i;

	for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
		check_scatter((struct rt_scatter_nd){
			.count = 4, .inner = 3, .depth = 1, .dim = { 5 }, .kind = kind, .type = types[k], .index_type = RT_I64 });
		check_scatter((struct rt_scatter_nd){ .count = 9,
			.inner = 131,
			.depth = 2,
			.dim = { 3, 3 },
			.kind = kind,
			.type = types[k],
			.index_type = RT_I32 });
	}
}
END_TEST

/* The last of several updates stays; numbers that double cannot hold are whole; NaN goes through extremes. */
START_TEST(special_values)
{
	static const int64_t x[] = { INT64_MAX, 5, INT64_MIN }, index[] = { 0, 0, 2, INT64_MIN, INT64_MAX, 1 };
	static const int64_t update[] = { 3, INT64_MAX - 1, INT64_MAX, 7, 7, 9 };
	static const uint64_t large[] = { UINT64_MAX, 1 }, other[] = { 1, UINT64_MAX };
	static const float numbers[] = { NAN, 1, 2 }, with_nan[] = { 1, NAN, 3 };
	static const int32_t in_order[] = { 0, 1, 2 };
	struct scatter_case c = {
		{ .count = 6, .inner = 1, .depth = 1, .dim = { 3 }, .type = RT_I64, .index_type = RT_I64 }, x, index, update, 0
	};
	int64_t y[3];
	uint64_t u[2];
	struct rt_run run = { &(struct gluec_options){ 0 } };

	call(&c, 0, &run, y);
	ck_assert(y[0] == INT64_MAX - 1 && y[1] == 9 && y[2] == INT64_MAX);
	c.p.kind = RT_SCATTER_ADD;
	call(&c, 0, &run, y);
	ck_assert(y[0] == INT64_MIN + 3 - 1 + INT64_MAX - 1 && y[1] == 14 && y[2] == -1);
	c = (struct scatter_case){ { .count = 2,
								   .inner = 1,
								   .depth = 1,
								   .dim = { 2 },
								   .kind = RT_SCATTER_MAX,
								   .type = RT_U64,
								   .index_type = RT_I32 },
		large, in_order, other, 0 };
	call(&c, 0, &run, u);
	ck_assert(u[0] == UINT64_MAX && u[1] == UINT64_MAX);
	c = (struct scatter_case){ { .count = 3,
								   .inner = 1,
								   .depth = 1,
								   .dim = { 3 },
								   .kind = RT_SCATTER_MIN,
								   .type = RT_F32,
								   .index_type = RT_I32 },
		numbers, in_order, with_nan, 0 };
	check_kernel(call, &c, (double[]){ NAN, NAN, 2 }, 3, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("scatter_nd");
	TCase *t = tcase_create("scatter_nd");

	tcase_add_loop_test(t, every_kind, 0, 5);
	tcase_add_test(t, special_values);
	suite_add_tcase(s, t);
	return s;
}
