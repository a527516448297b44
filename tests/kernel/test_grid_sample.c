/* grid_sample against a picture that is extended, pixel by pixel, as far as the points go. */
#include "kernel_test.h"

struct grid_case {
	struct rt_grid_sample p;
	const void *x;
	const float *grid;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_grid_sample_fn *const builds[] = KERNEL_BUILDS(grid_sample);
	const struct grid_case *c = job;

	builds[build](run, &c->p, y, c->x, c->grid);
}

/* Mirrors pixel i into 0..size-1 one step at a time: about the centres of the end pixels, or about their edges. */
static int32_t mirror(int32_t i, int32_t size, bool about_centres)
{
	int32_t last = size - 1, beyond = about_centres ? 0 : 1;

	if (size == 1)
		return 0;
	while (i < 0 || i > last)
		i = i < 0 ? -i - beyond : 2 * last - i + beyond;
	return i;
}

/* Pixel (row, column) of the extended picture. */
static double pixel(const struct grid_case *c, int32_t picture, int32_t row, int32_t column, int32_t channel)
{
	const struct rt_grid_sample *p = &c->p;
	bool inside = row >= 0 && row < p->h && column >= 0 && column < p->w;

	if (p->padding == RT_GRID_ZEROS && !inside)
		return 0;
	if (p->padding == RT_GRID_BORDER) {
		row = row < 0 ? 0 : row >= p->h ? p->h - 1 : row;
		column = column < 0 ? 0 : column >= p->w ? p->w - 1 : column;
	}
	if (p->padding == RT_GRID_REFLECTION) {
		row = mirror(row, p->h, p->align_corners);
		column = mirror(column, p->w, p->align_corners);
	}
	return element(c->x, p->x_type, (size_t)(((picture * p->h + row) * p->w + column) * p->c + channel));
}

/* The weight of a pixel at distance d. */
static double weight(enum rt_grid_mode mode, double d)
{
	d = fabs(d);
	if (mode == RT_GRID_LINEAR)
		return d < 1 ? 1 - d : 0;
	if (d <= 1)
		return 1.25 * d * d * d - 2.25 * d * d + 1;
	return d < 2 ? -0.75 * d * d * d + 3.75 * d * d - 6 * d + 3 : 0;
}

static double reference(const struct grid_case *c, int32_t picture, const float *xy, int32_t channel)
{
	const struct rt_grid_sample *p = &c->p;
	float x = p->align_corners ? (xy[0] + 1) / 2 * (float)(p->w - 1) : ((xy[0] + 1) * (float)p->w - 1) / 2;
	float y = p->align_corners ? (xy[1] + 1) / 2 * (float)(p->h - 1) : ((xy[1] + 1) * (float)p->h - 1) / 2;
	int32_t row = (int32_t)floorf(y), column = (int32_t)floorf(x);
	double sum = 0;

	if (p->mode == RT_GRID_NEAREST)
		return pixel(c, picture, (int32_t)rintf(y), (int32_t)rintf(x), channel);
	for (int32_t i = row - 1; i <= row + 2; i++)
		for (int32_t j = column - 1; j <= column + 2; j++)
			sum += weight(p->mode, y - (float)i) * weight(p->mode, x - (float)j) * pixel(c, picture, i, j, channel);
	return sum;
}

static void check_grid(struct rt_grid_sample p, double reach, double tolerance)
{
	size_t points = (size_t)(p.n * p.points), n = points * (size_t)p.c;
	float *grid = random_tensor(RT_F32, 2 * points, 1, -reach, reach);
	void *x = random_tensor(p.x_type, (size_t)(p.n * p.h * p.w * p.c), 2, -1, 1);
	double *expected = new_doubles(n);
	struct grid_case c = { p, x, grid };

	grid[0] = -1;
	grid[1] = 1;
	for (size_t i = 0; i < n; i++)
		expected[i] = reference(
			&c, (int32_t)(i / (size_t)p.c) / p.points, grid + i / (size_t)p.c * 2, (int32_t)(i % (size_t)p.c));
	check_kernel(call, &c, expected, n, p.y_type, tolerance);
	free(grid);
	free(x);
	free(expected);
}

START_TEST(every_way)
{
	enum rt_grid_mode mode = (enum rt_grid_mode)(_i % 3);
	enum rt_grid_padding padding = (enum rt_grid_padding)(_i / 3 % 3);
	struct rt_grid_sample p = { .n = 2,
		.h = 7,
		.w = 10,
		.c = 5,
		.points = 61,
		.align_corners = _i / 9,
		.mode = mode,
		.padding = padding,
		.x_type = RT_F32,
		.y_type = RT_F32 };

	check_grid(p, 1, 2e-5);
	check_grid(p, 3.5, 2e-5);
	p.h = p.w = 1;
	check_grid(p, 2, 2e-5);
	p = (struct rt_grid_sample){ .n = 1,
		.h = 5,
		.w = 4,
		.c = 67,
		.points = 20,
		.align_corners = _i / 9,
		.mode = mode,
		.padding = padding,
		.x_type = RT_F16,
		.y_type = RT_F32 };
	check_grid(p, 1.2, 2e-5);
	p.x_type = RT_BF16;
	p.y_type = RT_F16;
	check_grid(p, 1.2, 1e-3);
}
END_TEST

/* Half-way points go to the even pixel; points that are no numbers or far away are outside, or at some edge. */
START_TEST(special_points)
{
	static const float x[] = { 1, 2, 3, 4 }, halves[] = { -0.5f, 0, 0, 0, 0.5f, 0 };
	static const float far[] = { INFINITY, 0, -INFINITY, 0, NAN, 0, 3e38f, 0 };
	struct grid_case c = {
		{ .n = 1, .h = 1, .w = 4, .c = 1, .points = 3, .mode = RT_GRID_NEAREST, .x_type = RT_F32, .y_type = RT_F32 }, x,
		halves
	};

	check_kernel(call, &c, (double[]){ 1, 3, 3 }, 3, RT_F32, 0);
	c.p.points = 4;
	c.grid = far;
	check_kernel(call, &c, (double[]){ 0, 0, 0, 0 }, 4, RT_F32, 0);
	c.p.mode = RT_GRID_CUBIC;
	check_kernel(call, &c, (double[]){ 0, 0, 0, 0 }, 4, RT_F32, 0);
	c.p.mode = RT_GRID_LINEAR;
	c.p.padding = RT_GRID_BORDER;
	check_kernel(call, &c, (double[]){ 4, 1, 1, 4 }, 4, RT_F32, 0);
}
END_TEST

/* A slice of the extended volume, sampled as a picture; the slices are the pictures of a case. */
static double slice(const struct grid_case *c, int32_t depth, int32_t at, const float *xyz, int32_t channel)
{
	const struct rt_grid_sample *p = &c->p;

	if (p->padding == RT_GRID_ZEROS && (at < 0 || at >= depth))
		return 0;
	if (p->padding == RT_GRID_REFLECTION)
		at = mirror(at, depth, p->align_corners);
	return reference(c, at < 0 ? 0 : at >= depth ? depth - 1 : at, xyz, channel);
}

static void check_volume(struct rt_grid_sample p)
{
	size_t points = (size_t)(p.n * p.points), n = points * (size_t)p.c;
	float *grid = random_tensor(RT_F32, 3 * points, 1, -1.8, 1.8);
	float *x = random_tensor(p.x_type, (size_t)(p.n * p.d * p.h * p.w * p.c), 2, -1, 1);
	double *expected = new_doubles(n);
	struct grid_case whole = { p, x, grid }, slices = whole;

	for (size_t i = 0; i < n; i++) {
		int32_t point = (int32_t)(i / (size_t)p.c), channel = (int32_t)(i % (size_t)p.c);
		const float *xyz = grid + 3 * point;
		float z = p.align_corners ? (xyz[2] + 1) / 2 * (float)(p.d - 1) : ((xyz[2] + 1) * (float)p.d - 1) / 2;
		slices.x = x + point / p.points * p.d * p.h * p.w * p.c;
		if (p.mode == RT_GRID_NEAREST) {
			expected[i] = slice(&slices, p.d, (int32_t)rintf(z), xyz, channel);
			continue;
		}
		double past = (double)(z - floorf(z));
		expected[i] = (1 - past) * slice(&slices, p.d, (int32_t)floorf(z), xyz, channel) +
					  past * slice(&slices, p.d, (int32_t)floorf(z) + 1, xyz, channel);
	}
	check_kernel(call, &whole, expected, n, p.y_type, 2e-5);
	free(grid);
	free(x);
	free(expected);
}

START_TEST(volumes)
{
	check_volume((struct rt_grid_sample){ .n = 2,
		.d = 4,
		.h = 5,
		.w = 3,
		.c = 3,
		.points = 50,
		.align_corners = _i / 6,
		.mode = _i % 2 ? RT_GRID_NEAREST : RT_GRID_LINEAR,
		.padding = (enum rt_grid_padding)(_i / 2 % 3),
		.x_type = RT_F32,
		.y_type = RT_F32 });
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("grid_sample");
	TCase *t = tcase_create("grid_sample");

	tcase_add_loop_test(t, every_way, 0, 18);
	tcase_add_test(t, special_points);
	tcase_add_loop_test(t, volumes, 0, 12);
	suite_add_tcase(s, t);
	return s;
}
