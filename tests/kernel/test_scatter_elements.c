/* scatter_elements along every axis: every reduction, elements that meet, and such as lie outside. */
#include "scatter_case.h"

struct scatter_case {
	struct rt_scatter_elements p;
	const void *x, *index, *update;
	size_t in_place; /* bytes of x that go to y first, for a call in place; else 0 */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_scatter_elements_fn *const builds[] = KERNEL_BUILDS(scatter_elements);
	const struct scatter_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, c->in_place);
	builds[build](run, &c->p, y, c->in_place ? y : c->x, c->index, c->update);
}

/* Three dimensions; the update is one smaller than x along all but the axis. */
static void check_scatter(struct rt_scatter_elements p)
{
	const int32_t *y = p.y_dim, *dim = p.dim;
	size_t n = (size_t)(y[0] * y[1] * y[2]), updates = (size_t)(dim[0] * dim[1] * dim[2]);
	double size = y[p.axis];
	void *x = random_tensor(p.type, n, 1, 1, 5), *update = random_tensor(p.type, updates, 2, 1, 3);
	void *index = random_tensor(p.index_type, updates, 3, -size - 1.9, size + 0.9);
	double *expected = new_doubles(n);
	struct scatter_case c = { p, x, index, update, 0 };

	for (size_t i = 0; i < n; i++)
		expected[i] = element(x, p.type, i);
	for (int32_t i = 0; i < (int32_t)updates; i++) {
		int32_t at[3] = { i / dim[2] / dim[1], i / dim[2] % dim[1], i % dim[2] };
		double j = element(index, p.index_type, (size_t)i);
		j = j < 0 ? j + size : j;
		if (j < 0 || j >= size)
			continue;
		at[p.axis] = (int32_t)j;
		int32_t to = (at[0] * y[1] + at[1]) * y[2] + at[2];
		expected[to] = combined(p.kind, expected[to], element(update, p.type, (size_t)i));
	}
	for (int in_place = 0; in_place < 2; in_place++) {
		c.in_place = in_place ? n * rt_type_size(p.type) : 0;
		check_kernel(call, &c, expected, n, p.type, 1e-5);
	}
	free(x);
	free(index);
	free(update);
	free(expected);
}

START_TEST(every_axis)
{
	static const enum rt_type types[] = { RT_F32, RT_F64, RT_I32, RT_U8, RT_I64 };
	struct rt_scatter_elements p = {
		.rank = 3, .y_dim = { 5, 6, 30 }, .dim = { 4, 5, 29 }, .axis = _i % 3, .kind = (enum rt_scatter_kind)(_i / 3)
	};

	p.dim[p.axis] = _i % 2 ? 3 : 40;
	for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
		p.type = types[k];
		p.index_type = k % 2 ? RT_I32 : RT_I64;
		/* Products of many small integers would not fit a byte. */
		if (p.kind != RT_SCATTER_MUL || p.type != RT_U8)
			check_scatter(p);
	}
}
END_TEST

/* Many lines make several units; a single dimension and none to write are no special cases. */
START_TEST(other_shapes)
{
	static const float x[] = { 1, 2, 3 }, update[] = { 7, 8 };
	static const int64_t index[] = { -1, 0 };
	struct scatter_case c = { { .rank = 1, .y_dim = { 3 }, .dim = { 2 }, .type = RT_F32, .index_type = RT_I64 }, x,
		index, update, 0 };

	check_scatter((struct rt_scatter_elements){ .rank = 3,
		.y_dim = { 40, 50, 3 },
		.dim = { 40, 50, 20 },
		.axis = 2,
		.kind = RT_SCATTER_MAX,
		.type = RT_F32,
		.index_type = RT_I64 });
	check_kernel(call, &c, (double[]){ 8, 2, 7 }, 3, RT_F32, 0);
	c.p.dim[0] = 0;
	check_kernel(call, &c, (double[]){ 1, 2, 3 }, 3, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("scatter_elements");
	TCase *t = tcase_create("scatter_elements");

	tcase_add_loop_test(t, every_axis, 0, 15);
	tcase_add_test(t, other_shapes);
	suite_add_tcase(s, t);
	return s;
}
