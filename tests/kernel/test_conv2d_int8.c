#define RT_ISA emulated
#include "kernel/conv2d_int8.c"
#include "kernel_test.h"
#include "reference_act.h"

struct int8_case {
	struct rt_conv2d_int8 p;
	const void *x, *w, *residual;
	const int8_t *plain; /* the weights as [group][kh][kw][c/group][oc/group] */
	const int32_t *sums;
	const float *scale, *bias;
	bool apart; /* the result's pixels */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_conv2d_int8_fn *const builds[] = KERNEL_BUILDS(conv2d_int8);
	const struct int8_case *c = job;

	builds[build](run, &c->p, y, c->x, c->w, c->sums, c->scale, c->bias, c->residual);
}

/* Pixels that lie apart, as columns of a wider tensor do: what is between them is left alone. */
static void call_apart(const void *job, int build, const struct rt_run *run, void *y)
{
	struct int8_case c = *(const struct int8_case *)job;
	size_t size = rt_type_size(c.p.y_type), row = (size_t)c.p.oc * size;
	int32_t pool = c.p.pool == 2 ? 2 : 1;
	size_t pixels = (size_t)(c.p.n * (c.p.oh / pool) * (c.p.ow / pool)), step = row + 5 * size;
	unsigned char *wide = malloc(pixels * step);

	ck_assert_msg(wide != NULL, "out of memory");
	memset(wide, 0x5a, pixels * step);
	c.p.ldy = c.p.oc + 5;
	call(&c, build, run, wide);
	for (size_t i = 0; i < pixels; i++) {
		memcpy((char *)y + i * row, wide + i * step, row);
		for (size_t k = row; k < step; k++)
			ck_assert_msg(wide[i * step + k] == 0x5a, "build %d wrote between pixels", build);
	}
	free(wide);
}

static int32_t rounded_up(int32_t n, int32_t to)
{
	return (n + to - 1) / to * to;
}

/* Weights as the contract wants them, zero-filled; the caller frees them. */
static int8_t *pack(const struct rt_conv2d_int8 *p, const int8_t *plain)
{
	int32_t c = p->c / p->group, oc = p->oc / p->group, padded = rounded_up(c, 4), k = p->kh * p->kw;
	ptrdiff_t panel = (ptrdiff_t)k * padded * RT_PANEL;
	int32_t panels = rounded_up(oc, RT_PANEL) / RT_PANEL;
	int8_t *w = calloc((size_t)(p->group * panels), (size_t)panel);

	ck_assert_msg(w != NULL, "out of memory");
	for (ptrdiff_t i = 0; i < (ptrdiff_t)p->group * k * c * oc; i++) {
		int32_t o = (int32_t)(i % oc), channel = (int32_t)(i / oc % c), tap = (int32_t)(i / oc / c % k);
		ptrdiff_t at = (i / oc / c / k * panels + o / RT_PANEL) * panel;
		w[at + ((ptrdiff_t)tap * padded + channel / 4 * 4) * RT_PANEL + o % RT_PANEL * 4 + channel % 4] = plain[i];
	}
	return w;
}

/* The exact sum t of one output before pooling. */
static int64_t exact_sum(const struct int8_case *job, int32_t n, int32_t oy, int32_t ox, int32_t oc)
{
	const struct rt_conv2d_int8 *p = &job->p;
	int32_t cs = p->c / p->group, os = p->oc / p->group, g = oc / os;
	int64_t sum = job->sums[oc];

	for (int32_t ky = 0; ky < p->kh; ky++)
		for (int32_t kx = 0; kx < p->kw; kx++) {
			int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
			int32_t column = ox * p->stride_w - p->pad_left + kx * p->dilation_w;
			bool inside = row >= 0 && row < p->h && column >= 0 && column < p->w;
			for (int32_t i = 0; i < cs; i++) {
				size_t from = (size_t)(((n * p->h + row) * p->w + column) * p->c + g * cs + i);
				size_t at = (size_t)((((g * p->kh + ky) * p->kw + kx) * cs + i) * os + oc % os);
				int64_t x = inside ? (int64_t)element(job->x, p->x_type, from) : p->x_zero;
				sum += x * (job->plain[at] + p->w_zero);
			}
		}
	return sum;
}

/* v of the contract. Each operation rounds to a float: nothing may fuse them. */
static float activated(const struct int8_case *job, int32_t oc, int64_t sum)
{
	volatile float v = (float)sum * job->scale[oc];

	if (job->p.step > 0) {
		v = fminf(fmaxf(rintf(v), (float)job->p.low), (float)job->p.high);
		v *= job->p.step;
	}
	if (job->bias)
		v += job->bias[oc];
	return (float)reference_act(job->p.act, (double)job->p.slope, (double)v);
}

static double expected_element(const struct int8_case *job, size_t i)
{
	const struct rt_conv2d_int8 *p = &job->p;
	int32_t size = p->pool == 2 ? 2 : 1, oh = p->oh / size, ow = p->ow / size;
	int32_t oc = (int32_t)(i % (size_t)p->oc), place = (int32_t)(i / (size_t)p->oc);
	float largest = -INFINITY;

	for (int32_t r = 0; r < size * size; r++) {
		int32_t oy = place / ow % oh * size + r / 2, ox = place % ow * size + r % 2;
		int64_t sum = exact_sum(job, place / ow / oh, oy, ox, oc);
		if (p->y_type == RT_I32)
			return (double)sum;
		largest = fmaxf(largest, activated(job, oc, sum));
	}
	if (p->y_type == RT_U8 || p->y_type == RT_I8) {
		double low = p->y_type == RT_U8 ? 0 : -128;
		return fmin(fmax(rint((double)largest) + p->y_zero, low), low + 255);
	}
	if (job->residual)
		largest += (float)element(job->residual, p->y_type, i);
	uint64_t stored;
	set_element(&stored, p->y_type, 0, (double)largest);
	return element(&stored, p->y_type, 0);
}

/* How far an output may be off: levels differ in activations that are computed approximately. */
static double bound_of(const struct rt_conv2d_int8 *p, double expected)
{
	if (p->act == RT_ACT_NONE || p->act == RT_RELU || p->act == RT_LEAKY_RELU)
		return 0;
	if (p->y_type == RT_U8 || p->y_type == RT_I8)
		return 1;
	return (p->y_type == RT_F32 ? 1e-6 : p->y_type == RT_F16 ? 1e-3 : 8e-3) * fmax(1, fabs(expected));
}

static void check_case(const struct int8_case *job)
{
	const struct rt_conv2d_int8 *p = &job->p;
	int32_t size = p->pool == 2 ? 2 : 1;
	size_t count = (size_t)(p->n * (p->oh / size) * (p->ow / size) * p->oc);
	double *expected = new_doubles(count), *bound = new_doubles(count);

	for (size_t i = 0; i < count; i++) {
		expected[i] = expected_element(job, i);
		bound[i] = bound_of(p, expected[i]);
	}
	check_within(job->apart ? call_apart : call, job, expected, bound, count, p->y_type);
	free(expected);
	free(bound);
}

enum { BIAS = 1, RESIDUAL = 2, EXTREME = 4, APART = 8 };

/* Zero fields get their usual value: one picture, stride, dilation and group 1, bytes without a sign, floats as result.
 * EXTREME: every x is 255 or -128, every weight -128, and sums are small. */
static void check_int8(struct rt_conv2d_int8 p, int with)
{
	struct int8_case job;
	uint64_t seed = (uint64_t)p.c * 7 + (uint64_t)p.oc;

#define DEFAULT(field, value) p.field = p.field ? p.field : value
	DEFAULT(n, 1);
	DEFAULT(stride_h, 1);
	DEFAULT(stride_w, 1);
	DEFAULT(dilation_h, 1);
	DEFAULT(dilation_w, 1);
	DEFAULT(group, 1);
	DEFAULT(x_type, RT_U8);
	DEFAULT(y_type, RT_F32);
	int32_t k = p.kh * p.kw * p.c / p.group, padded = rounded_up(p.oc, RT_PANEL), size = p.pool == 2 ? 2 : 1;
	double low = p.x_type == RT_U8 ? 0 : -128, high = low + 255.999, step = 40 / (74 * sqrt(k) * 74);
	int8_t *plain = random_tensor(RT_I8, (size_t)(k * p.oc), seed + 1, -127.999, 127.999);
	size_t xs = (size_t)(p.n * p.h * p.w * p.c), ys = (size_t)(p.n * (p.oh / size) * (p.ow / size) * p.oc);
	uint8_t *x = random_tensor(p.x_type, xs, seed + 2, low, high);
	int32_t *sums = random_tensor(RT_I32, (size_t)padded, seed + 3, -20000, 20000);
	if (with & EXTREME) {
		memset(x, p.x_type == RT_U8 ? 255 : 128, xs);
		memset(plain, -128, (size_t)(k * p.oc));
	}
	/* Signed bytes from -127.999 on never become -128. */
	plain[k * p.oc / 2] = -128;
	float *scale = random_tensor(RT_F32, (size_t)padded, seed + 4, -step, step);
	float *bias = with & BIAS ? random_tensor(RT_F32, (size_t)padded, seed + 5, -20, 20) : NULL;
	void *residual = with & RESIDUAL ? random_tensor(p.y_type, ys, seed + 6, -20, 20) : NULL;
	int8_t *w = pack(&p, plain);

	job = (struct int8_case){ p, x, w, residual, plain, sums, scale, bias, with & APART };
	check_case(&job);
	free(plain);
	free(x);
	free(sums);
	free(scale);
	free(bias);
	free(residual);
	free(w);
}

static void check_both_signs(struct rt_conv2d_int8 p, int with)
{
	static const enum rt_type types[] = { RT_U8, RT_I8 };

	for (int i = 0; i < 4; i++) {
		p.x_type = types[i % 2];
		p.y_type = types[i / 2];
		p.x_zero = i % 2 ? -7 : 131;
		p.y_zero = i / 2 ? 9 : 100;
		check_int8(p, with);
	}
	p.y_type = RT_F32;
	check_int8(p, with);
}

#define PAD1                .pad_top = 1, .pad_left = 1
#define TAPS3               .kh = 3, .kw = 3
#define SAME(height, width) .h = height, .w = width, .oh = height, .ow = width

START_TEST(linear_layers)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 5, 4, 16 }, { 49, 64, 17 }, { 96, 20, 129 }, { 7, 300, 40 },
		{ 3, 1030, 5 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_conv2d_int8 p = { SAME(1, sizes[i][0]), .c = sizes[i][1], .oc = sizes[i][2], .kh = 1, .kw = 1 };
		check_both_signs(p, i % 2 ? BIAS : 0);
	}
}
END_TEST

START_TEST(three_by_three)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(9, 13), .c = 16, .oc = 20, TAPS3, PAD1, .act = RT_RELU }, BIAS);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, .h = 5, .w = 7, .c = 9, .oh = 3, .ow = 5, .oc = 3, TAPS3 }, 0);
	check_both_signs((struct rt_conv2d_int8){ SAME(4, 5), .c = 64, .oc = 33, TAPS3, PAD1 }, BIAS);
}
END_TEST

START_TEST(few_channels)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(7, 11), .c = 1, .oc = 33, TAPS3, PAD1, .act = RT_RELU }, BIAS);
	check_both_signs((struct rt_conv2d_int8){ .h = 12,
						 .w = 10,
						 .c = 3,
						 .oh = 6,
						 .ow = 5,
						 .oc = 5,
						 .kh = 7,
						 .kw = 7,
						 .stride_h = 2,
						 .stride_w = 2,
						 .pad_top = 3,
						 .pad_left = 3 },
		0);
}
END_TEST

/* More taps and more channels than a block of k, with and without gathering. */
START_TEST(blocks_of_k)
{
	for (int32_t c = 1100; c < 1103; c++)
		check_both_signs(
			(struct rt_conv2d_int8){
				.h = 3, .w = 4, .c = c, .oh = 3, .ow = 4, .oc = 18, .kh = 2, .kw = 1, .pad_top = 1 },
			0);
	for (int32_t c = 8; c < 10; c++)
		check_both_signs((struct rt_conv2d_int8){ SAME(9, 8), .c = c, .oc = 2, .kh = 5, .kw = 7, .pad_top = 2,
							 .pad_left = 3, .dilation_w = 2 },
			BIAS);
}
END_TEST

START_TEST(stride_dilation_and_uneven_padding)
{
	struct rt_conv2d_int8 p = { .n = 3,
		.h = 11,
		.w = 14,
		.c = 8,
		.oh = 6,
		.ow = 5,
		.oc = 17,
		.kh = 3,
		.kw = 2,
		.stride_h = 2,
		.stride_w = 3,
		.dilation_h = 2,
		.dilation_w = 4,
		.pad_top = 2,
		.pad_left = 1 };

	check_both_signs(p, BIAS);
	/* Padding wider than the kernel: some outputs see nothing but x_zero. */
	check_both_signs(
		(struct rt_conv2d_int8){
			.h = 2, .w = 2, .c = 8, .oh = 9, .ow = 9, .oc = 3, .kh = 2, .kw = 2, .pad_top = 4, .pad_left = 4 },
		0);
}
END_TEST

START_TEST(groups)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(6, 7), .c = 24, .oc = 38, TAPS3, .group = 2, PAD1 }, BIAS);
	check_both_signs(
		(struct rt_conv2d_int8){ .n = 2, SAME(6, 7), .c = 18, .oc = 18, TAPS3, .group = 18, PAD1, .act = RT_RELU },
		BIAS);
	check_both_signs((struct rt_conv2d_int8){ SAME(5, 5), .c = 12, .oc = 393, TAPS3, .group = 3, PAD1 }, 0);
}
END_TEST

START_TEST(pooling)
{
	struct rt_conv2d_int8 p = { .n = 2, SAME(9, 15), .c = 8, .oc = 20, TAPS3, PAD1, .act = RT_RELU, .pool = 2 };

	check_both_signs(p, BIAS);
	/* Negative scales: the largest result is that of the smallest sum. An activation that does not grow everywhere. */
	p.act = RT_ACT_NONE;
	check_both_signs(p, 0);
	p.act = RT_GELU;
	check_both_signs(p, BIAS);
	p.y_type = RT_F32;
	check_int8(p, RESIDUAL);
}
END_TEST

START_TEST(activations)
{
	for (enum rt_act act = RT_ACT_NONE; act <= RT_LEAKY_RELU; act++) {
		struct rt_conv2d_int8 p = { SAME(5, 11), .c = 12, .oc = 21, .kh = 1, .kw = 1, .act = act, .slope = 0.3f };
		check_both_signs(p, BIAS);
	}
}
END_TEST

START_TEST(result_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16, RT_I32 };

	for (int i = 0; i < 16; i++) {
		struct rt_conv2d_int8 p = { SAME(6, 9), .c = 16, .oc = 18, TAPS3, PAD1, .y_type = types[i % 4] };
		p.x_type = i / 4 % 2 ? RT_U8 : RT_I8;
		check_int8(p, i % 4 == 3 ? 0 : i / 8 ? RESIDUAL : BIAS | RESIDUAL);
	}
}
END_TEST

/* Sums of products that come near the largest number of 32 bits, and would not fit 16 at any point. */
START_TEST(extremes)
{
	struct rt_conv2d_int8 p = { SAME(1, 2), .c = RT_INT8_TERMS / 16, .oc = 3, .kh = 4, .kw = 4, .pad_top = 1 };

	check_both_signs(p, EXTREME);
	p.kh = p.kw = 1;
	p.pad_top = 0;
	p.c = RT_INT8_TERMS;
	p.y_type = RT_I32;
	check_int8(p, EXTREME);
	p.x_type = RT_I8;
	check_int8(p, EXTREME);
}
END_TEST

/* Results halfway between two integers go to the even one before y_zero, which may be odd, is added. */
START_TEST(halves)
{
	uint8_t x[64];
	int8_t plain[1] = { 1 };
	int32_t sums[16] = { -17 };
	float scale[16] = { 0.5f };
	struct int8_case job = { .p = { SAME(1, 64), .n = 1, .c = 1, .oc = 1, .kh = 1, .kw = 1, .stride_h = 1,
								 .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .group = 1, .y_zero = 3,
								 .x_type = RT_U8, .y_type = RT_I8 },
		.x = x,
		.plain = plain,
		.sums = sums,
		.scale = scale };
	int8_t *w = pack(&job.p, plain);

	for (int i = 0; i < 64; i++)
		x[i] = (uint8_t)i;
	job.w = w;
	check_case(&job);
	free(w);
}
END_TEST

START_TEST(pixels_apart)
{
	check_both_signs((struct rt_conv2d_int8){ SAME(1, 61), .c = 20, .oc = 139, .kh = 1, .kw = 1 }, APART | BIAS);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, SAME(6, 7), .c = 24, .oc = 38, TAPS3, .group = 2, PAD1 }, APART);
	check_both_signs((struct rt_conv2d_int8){ .n = 2, SAME(5, 6), .c = 8, .oc = 20, TAPS3, PAD1, .pool = 2 }, APART);
}
END_TEST

/* Rounding to bytes on the way to bytes, and to floats. */
START_TEST(steps)
{
	struct rt_conv2d_int8 p = { SAME(4, 7), .c = 20, .oc = 19, TAPS3, PAD1, .step = 0.37f, .low = -11, .high = 14,
		.act = RT_RELU };

	check_both_signs(p, BIAS);
	p.pool = 2;
	check_both_signs(p, 0);
	p.low = 0;
	check_int8(p, BIAS | RESIDUAL);
}
END_TEST

/* Weights that are more than they are stored as, where bytes are used in place and where they are gathered. */
START_TEST(weight_zero_points)
{
	for (int32_t c = 12; c < 14; c++) {
		struct rt_conv2d_int8 p = { SAME(5, 6), .c = c, .oc = 17, TAPS3, PAD1, .w_zero = c == 12 ? 8 : -128 };
		check_both_signs(p, BIAS);
	}
	check_both_signs((struct rt_conv2d_int8){ SAME(1, 21), .c = 1100, .oc = 130, .kh = 1, .kw = 1, .w_zero = 13 }, 0);
	check_both_signs((struct rt_conv2d_int8){ SAME(5, 4), .c = 24, .oc = 36, TAPS3, .group = 2, .w_zero = 1 }, 0);
}
END_TEST

START_TEST(random_shapes)
{
	uint64_t state = 1;

	for (int i = 0; i < 40; i++) {
		int32_t r[10];
		for (int j = 0; j < 10; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			r[j] = (int32_t)(state >> 40);
		}
		struct rt_conv2d_int8 p = { .n = 1 + r[0] % 2, .h = 5 + r[1] % 9, .w = 5 + r[2] % 9, .group = 1 + r[3] % 3 };
		p.c = p.group * (1 + r[4] % 40);
		p.oc = p.group * (1 + r[5] % 40);
		p.kh = 1 + r[6] % 3;
		p.kw = 1 + r[7] % 3;
		p.stride_h = 1 + r[8] % 2;
		p.stride_w = 1 + r[9] % 2;
		p.pad_top = r[0] / 2 % 3;
		p.pad_left = r[1] / 9 % 3;
		p.pool = r[2] / 9 % 2 * 2;
		p.oh = (p.h + 2 * p.pad_top - p.kh) / p.stride_h + 1;
		p.ow = (p.w + 2 * p.pad_left - p.kw) / p.stride_w + 1;
		p.x_type = r[3] / 3 % 2 ? RT_U8 : RT_I8;
		p.x_zero = p.x_type == RT_U8 ? r[4] / 40 % 256 : r[4] / 40 % 256 - 128;
		p.y_type = r[5] / 40 % 3 == 0 ? RT_U8 : r[5] / 40 % 3 == 1 ? RT_I8 : RT_F16;
		p.y_zero = p.y_type == RT_U8 ? r[6] / 3 % 256 : r[6] / 3 % 256 - 128;
		p.act = r[7] / 3 % 2 ? RT_RELU : RT_ACT_NONE;
		check_int8(p, r[8] / 2 % 2 ? BIAS : 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("conv2d_int8");
	TCase *t = tcase_create("conv2d_int8");

	tcase_add_test(t, linear_layers);
	tcase_add_test(t, three_by_three);
	tcase_add_test(t, few_channels);
	tcase_add_test(t, blocks_of_k);
	tcase_add_test(t, stride_dilation_and_uneven_padding);
	tcase_add_test(t, groups);
	tcase_add_test(t, pooling);
	tcase_add_test(t, activations);
	tcase_add_test(t, result_types);
	tcase_add_test(t, extremes);
	tcase_add_test(t, halves);
	tcase_add_test(t, pixels_apart);
	tcase_add_test(t, steps);
	tcase_add_test(t, weight_zero_points);
	tcase_add_test(t, random_shapes);
	suite_add_tcase(s, t);
	return s;
}
