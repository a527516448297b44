/* heat_map against a softmax in double and the unfolding pixel by pixel. */
#include "kernel_test.h"

struct heat_map_case {
	struct rt_heat_map p;
	const void *x;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_heat_map_fn *const builds[] = KERNEL_BUILDS(heat_map);
	const struct heat_map_case *c = job;

	builds[build](run, &c->p, y, c->x);
}

static void check_heat_map(struct rt_heat_map p, double low, double high, double tolerance)
{
	int32_t channels = p.cell * p.cell + 1, rows = p.n * p.h * p.cell, columns = p.w * p.cell;
	size_t n = (size_t)(rows * columns);
	void *x = random_tensor(p.x_type, (size_t)(p.n * p.h * p.w * channels), 1, low, high);
	double *expected = new_doubles(n);
	struct heat_map_case c = { p, x };

	for (int32_t cell = 0; cell < p.n * p.h * p.w; cell++) {
		size_t at = (size_t)(cell * channels), last = at + (size_t)channels - 1;
		double most = -INFINITY, sum = 0;
		for (size_t k = at; k <= last; k++)
			most = fmax(most, element(x, p.x_type, k));
		for (size_t k = at; k <= last; k++)
			sum += exp(element(x, p.x_type, k) - most);
		for (size_t k = at; k < last; k++) {
			int32_t row = cell / p.w * p.cell + (int32_t)(k - at) / p.cell;
			int32_t column = cell % p.w * p.cell + (int32_t)(k - at) % p.cell;
			expected[row * columns + column] = exp(element(x, p.x_type, k) - most) / sum;
		}
	}
	check_kernel(call, &c, expected, n, RT_F32, tolerance);
	free(x);
	free(expected);
}

START_TEST(every_cell)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		check_heat_map((struct rt_heat_map){ 2, 3, 5, 8, types[i] }, -8, 8, 1e-6);
		check_heat_map((struct rt_heat_map){ 1, 4, 3, 3, types[i] }, -1, 1, 1e-6);
		check_heat_map((struct rt_heat_map){ 1, 1, 7, 1, types[i] }, -1, 1, 1e-6);
		check_heat_map((struct rt_heat_map){ 1, 1, 1, 130, types[i] }, -1, 1, 1e-6);
		check_heat_map((struct rt_heat_map){ 1, 2, 2, 8, types[i] }, -1000, 1000, 1e-6);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("heat_map");
	TCase *t = tcase_create("heat_map");

	tcase_add_test(t, every_cell);
	suite_add_tcase(s, t);
	return s;
}
