/* A call of conv2d_int8 with what is expected of it: what its tests share. They include the kernel's own file before,
 * built for the level `emulated`. */
#ifndef CONV2D_INT8_CASE_H
#define CONV2D_INT8_CASE_H

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

#define PAD1                .pad_top = 1, .pad_left = 1
#define TAPS3               .kh = 3, .kw = 3
#define SAME(height, width) .h = height, .w = width, .oh = height, .ow = width

#endif
