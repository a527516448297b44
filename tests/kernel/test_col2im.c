/* col2im against its definition the other way round: every window writes where its taps are. */
#include "kernel_test.h"

struct col2im_case {
	struct rt_col2im p;
	const void *x;
	const float *bias;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_col2im_fn *const builds[] = KERNEL_BUILDS(col2im);
	const struct col2im_case *c = job;

	builds[build](run, &c->p, y, c->x, c->bias);
}

/* Adds what tap `tap` of window `window` of picture n holds for all channels. */
static void lay(const struct col2im_case *c, double *y, int32_t n, int32_t window, int32_t tap)
{
	const struct rt_col2im *p = &c->p;
	int32_t place = 0, windows = window, taps = tap, at[3];

	for (int d = 3; d-- > 0; windows /= p->in[d], taps /= p->kernel[d])
		at[d] = windows % p->in[d] * p->stride[d] - p->pad[d] + taps % p->kernel[d] * p->dilation[d];
	for (int d = 0; d < 3; d++) {
		if (at[d] < 0 || at[d] >= p->out[d])
			return;
		place = place * p->out[d] + at[d];
	}
	place += n * p->out[0] * p->out[1] * p->out[2];
	for (int32_t g = 0; g < p->group; g++)
		for (int32_t i = 0; i < p->c; i++)
			y[(place * p->group + g) * p->c + i] += element(
				c->x, p->x_type, (size_t)(n * p->x[0] + g * p->x[1] + window * p->x[2] + tap * p->x[3] + i * p->x[4]));
}

/* x is dense: channels last, or first as in ONNX's Col2Im. */
static void check_case(struct rt_col2im p, bool channels_first, bool with_bias, double tolerance)
{
	int32_t windows = p.in[0] * p.in[1] * p.in[2], taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
	int32_t channels = p.group * p.c, pixels = p.out[0] * p.out[1] * p.out[2], n = p.n * pixels * channels;
	const int32_t last[] = { channels * taps * windows, windows * taps * p.c, taps * p.c, p.c, 1 };
	const int32_t first[] = { channels * taps * windows, p.c * taps * windows, 1, windows, taps * windows };

	memcpy(p.x, channels_first ? first : last, sizeof p.x);
	void *x = random_tensor(p.x_type, (size_t)(p.n * channels * taps * windows), 1, -1, 1);
	float *bias = with_bias ? random_tensor(RT_F32, (size_t)channels, 2, -1, 1) : NULL;
	double *expected = new_doubles((size_t)n);
	struct col2im_case c = { p, x, bias };

	for (int32_t i = 0; i < n && bias; i++)
		expected[i] = (double)bias[i % channels];
	for (int32_t i = 0; i < p.n * windows * taps; i++)
		lay(&c, expected, i / taps / windows, i / taps % windows, i % taps);
	check_kernel(call, &c, expected, (size_t)n, p.y_type, tolerance);
	free(x);
	free(bias);
	free(expected);
}

START_TEST(every_shape)
{
	static const struct rt_col2im shapes[] = {
		{ 2, 1, 5, { 1, 1, 9 }, { 1, 1, 20 }, { 1, 1, 4 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 0, 0 }, { 0 }, RT_F32,
			RT_F32 },
		{ 1, 3, 4, { 1, 5, 6 }, { 1, 12, 11 }, { 1, 3, 2 }, { 1, 3, 2 }, { 1, 1, 1 }, { 0, 1, 1 }, { 0 }, RT_F32,
			RT_F32 },
		{ 1, 1, 70, { 1, 3, 3 }, { 1, 7, 5 }, { 1, 2, 3 }, { 1, 1, 1 }, { 1, 3, 2 }, { 0, 0, 2 }, { 0 }, RT_F16,
			RT_F32 },
		{ 2, 2, 3, { 2, 3, 4 }, { 5, 3, 9 }, { 3, 1, 3 }, { 2, 1, 2 }, { 1, 1, 1 }, { 0, 0, 1 }, { 0 }, RT_F32,
			RT_F16 },
		{ 1, 1, 1, { 1, 1, 1 }, { 1, 40, 40 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, { 0 }, RT_F32,
			RT_F32 },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		check_case(shapes[i], _i % 2, _i / 2, shapes[i].y_type == RT_F16 ? 1e-3 : 1e-5);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("col2im");
	TCase *t = tcase_create("col2im");

	tcase_add_loop_test(t, every_shape, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
