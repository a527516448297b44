/* deform_sample against a bilinear look-up in a picture with a border of zeros. */
#include "kernel_test.h"

struct deform_case {
	struct rt_deform_sample p;
	const void *x;
	const float *offset, *mask;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_deform_sample_fn *const builds[] = KERNEL_BUILDS(deform_sample);
	const struct deform_case *c = job;

	builds[build](run, &c->p, y, c->x, c->offset, c->mask);
}

static double pixel(const struct deform_case *c, int32_t n, double row, double column, int32_t channel)
{
	const struct rt_deform_sample *p = &c->p;

	if (row < 0 || row >= p->h || column < 0 || column >= p->w)
		return 0;
	return element(c->x, p->x_type, (size_t)(((n * p->h + (int32_t)row) * p->w + (int32_t)column) * p->c + channel));
}

/* What channel `channel` sees through tap t at a pixel. */
static double seen(const struct deform_case *c, int32_t n, int32_t at, int32_t t, int32_t channel)
{
	const struct rt_deform_sample *p = &c->p;
	int32_t taps = p->kernel[0] * p->kernel[1], k = channel / (p->c / p->offset_group) * taps + t;
	const float *offset = c->offset + n * p->offset[0] + at * p->offset[2];
	double row = at / p->ow * p->stride[0] - p->pad[0] + t / p->kernel[1] * p->dilation[0], sum = 0;
	double column = at % p->ow * p->stride[1] - p->pad[1] + t % p->kernel[1] * p->dilation[1];

	row += (double)offset[2 * k * p->offset[1]];
	column += (double)offset[(2 * k + 1) * p->offset[1]];
	for (double i = floor(row); i <= floor(row) + 1; i++)
		for (double j = floor(column); j <= floor(column) + 1; j++)
			sum += (1 - fabs(row - i)) * (1 - fabs(column - j)) * pixel(c, n, i, j, channel);
	return c->mask ? sum * (double)c->mask[n * p->mask[0] + k * p->mask[1] + at * p->mask[2]] : sum;
}

/* The maps are stored channels first or last. */
static void check_case(struct rt_deform_sample p, bool maps_last, bool masked, double tolerance)
{
	int32_t taps = p.kernel[0] * p.kernel[1], pixels = p.oh * p.ow, maps = p.offset_group * taps, each = p.c / p.group;
	int32_t n = p.n * pixels * taps * p.c;
	const int32_t last[] = { 2 * maps * pixels, 1, 2 * maps }, first[] = { 2 * maps * pixels, pixels, 1 };
	const int32_t mask_last[] = { maps * pixels, 1, maps }, mask_first[] = { maps * pixels, pixels, 1 };

	memcpy(p.offset, maps_last ? last : first, sizeof p.offset);
	memcpy(p.mask, maps_last ? mask_last : mask_first, sizeof p.mask);
	void *x = random_tensor(p.x_type, (size_t)(p.n * p.h * p.w * p.c), 1, -1, 1);
	float *offset = random_tensor(RT_F32, (size_t)(2 * p.n * maps * pixels), 2, -3, 3);
	float *mask = masked ? random_tensor(RT_F32, (size_t)(p.n * maps * pixels), 3, 0, 1) : NULL;
	double *expected = new_doubles((size_t)n);
	struct deform_case c = { p, x, offset, mask };

	for (int32_t i = 0; i < n; i++) {
		int32_t row = i / each / taps, g = row / pixels % p.group;
		expected[i] = seen(&c, row / pixels / p.group, row % pixels, i / each % taps, g * each + i % each);
	}
	check_kernel(call, &c, expected, (size_t)n, p.y_type, tolerance);
	free(x);
	free(offset);
	free(mask);
	free(expected);
}

START_TEST(every_shape)
{
	static const struct rt_deform_sample shapes[] = {
		{ 1, 6, 7, 5, 6, 7, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, 1, { 0 }, { 0 }, RT_F32, RT_F32 },
		{ 2, 9, 8, 12, 4, 6, { 2, 3 }, { 2, 1 }, { 1, 2 }, { 0, 1 }, 3, 2, { 0 }, { 0 }, RT_F32, RT_F32 },
		{ 1, 5, 5, 130, 3, 3, { 3, 1 }, { 2, 2 }, { 1, 1 }, { 1, 0 }, 1, 2, { 0 }, { 0 }, RT_F16, RT_F32 },
		{ 1, 4, 4, 4, 4, 4, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, 2, 4, { 0 }, { 0 }, RT_F32, RT_F16 },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		check_case(shapes[i], _i % 2, _i / 2, shapes[i].y_type == RT_F16 ? 1e-3 : 2e-5);
}
END_TEST

/* Offsets far away or no numbers see nothing. */
START_TEST(wild_offsets)
{
	static const float x[] = { 1, 2, 3, 4 }, offset[] = { INFINITY, 0, NAN, 0, 0, -3e38f, 0, 0.5f };
	struct deform_case c = { { 1, 2, 2, 1, 2, 2, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, 1, 1, { 8, 4, 1 }, { 0 },
								 RT_F32, RT_F32 },
		x, offset, NULL };

	check_kernel(call, &c, (double[]){ 0, 0, 0, 2 }, 4, RT_F32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("deform_sample");
	TCase *t = tcase_create("deform_sample");

	tcase_add_loop_test(t, every_shape, 0, 4);
	tcase_add_test(t, wild_offsets);
	suite_add_tcase(s, t);
	return s;
}
