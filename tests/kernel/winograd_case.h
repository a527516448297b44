/* One call of winograd against a convolution that adds term by term, in double precision. */
#ifndef WINOGRAD_CASE_H
#define WINOGRAD_CASE_H

#include "reference_conv.h"

struct winograd_case {
	struct rt_winograd p;
	void *x, *w, *bias, *head_w, *head_bias, *scratch;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_winograd_fn *const builds[] = KERNEL_BUILDS(winograd);
	const struct winograd_case *c = job;

	builds[build](run, &c->p, y, c->x, c->w, c->bias, c->head_w, c->head_bias, c->scratch);
}

/* Random weights of a convolution as [3][3][c][oc], and packed. */
static void *weights(const struct rt_conv2d *p, uint64_t seed, void **packed)
{
	void *w = random_tensor(p->w_type, (size_t)(9 * p->c * p->oc), seed, -1, 1);

	*packed = malloc(panels_size(p->w_type, 9, p->c, p->oc) * rt_type_size(p->w_type));
	ck_assert(*packed != NULL);
	pack_panels(*packed, w, p->w_type, 9, p->c, p->oc);
	return w;
}

static struct rt_conv2d direct(const struct rt_winograd *p)
{
	return (struct rt_conv2d){ .n = p->n,
		.h = p->h,
		.w = p->w,
		.c = p->c,
		.oh = p->oh,
		.ow = p->ow,
		.oc = p->oc,
		.kh = 3,
		.kw = 3,
		.stride_h = 1,
		.stride_w = 1,
		.pad_top = p->pad_top,
		.pad_left = p->pad_left,
		.dilation_h = 1,
		.dilation_w = 1,
		.group = 1,
		.pool = p->pool,
		.act = p->act,
		.slope = p->slope,
		.x_type = p->x_type,
		.y_type = p->y_type,
		.w_type = p->w_type };
}

/* The first convolution's result in double precision, which c's picture is when there is one. */
static double *head_picture(struct winograd_case *c, struct rt_conv2d *conv)
{
	const struct rt_winograd *p = &c->p;
	struct rt_conv2d head = *conv;
	size_t count;

	head.c = p->head_c;
	head.oc = p->c;
	head.oh = p->h;
	head.ow = p->w;
	head.pad_top = head.pad_left = 1;
	head.pool = 0;
	head.act = p->head_act;
	void *w = weights(&head, 4, &c->head_w);
	c->head_bias = random_tensor(RT_F32, padded(p->c), 5, -1, 1);
	double *picture = reference_picture(&head, c->x, w, c->head_bias, &count, NULL);
	free(w);
	conv->x_type = RT_F64;
	return picture;
}

/* At levels with tiles, products with bfloat16 are direct, and their inputs rounded. Only tests of the kernel built for
 * such a level allow for that. */
#ifdef RT_ISA
enum { MAY_BE_DIRECT = 1 };
#else
enum { MAY_BE_DIRECT = 0 };
#endif

/* Zero fields get their usual value: one picture, f32, outputs as large as the input with padding 1, and 3 slots. */
static inline void check_winograd(struct rt_winograd p, bool bias)
{
	struct winograd_case c = { 0 };
	size_t count;

#define DEFAULT(field, value) p.field = p.field ? p.field : (value)
	DEFAULT(n, 1);
	DEFAULT(x_type, RT_F32);
	DEFAULT(y_type, RT_F32);
	DEFAULT(w_type, RT_F32);
	DEFAULT(slots, 3);
	if (!p.oh) {
		p.oh = p.h;
		p.ow = p.w;
		p.pad_top = p.pad_left = 1;
	}
	struct rt_conv2d conv = direct(&p);
	c.p = p;
	c.x = random_tensor(p.x_type, (size_t)(p.n * p.h * p.w * (p.head_c ? p.head_c : p.c)), 1, -1, 1);
	double *picture = p.head_c ? head_picture(&c, &conv) : NULL;
	void *w = weights(&conv, 2, &c.w);
	c.bias = bias ? random_tensor(RT_F32, padded(p.oc), 3, -1, 1) : NULL;
	c.scratch = malloc(rt_winograd_scratch(&p));
	ck_assert(c.scratch != NULL);
	/* NaN: nothing may depend on what was there. */
	memset(c.scratch, 0xff, rt_winograd_scratch(&p));
	double *magnitude, *expected = reference_picture(&conv, picture ? picture : c.x, w, c.bias, &count, &magnitude);
	/* The kernel's bound, with pictures of -1..1, or of what a first convolution of those can give. */
	double largest = p.head_c ? 9 * p.head_c + 1 : 1, bound = RT_WINOGRAD_ERROR * 9 * p.c * largest;
	double rounding = p.y_type == RT_F32 ? 0 : p.y_type == RT_F16 ? 1e-3 : 8e-3;
	double *bounds = new_doubles(count);
	for (size_t i = 0; i < count; i++)
		bounds[i] = (bound + rounding) * fmax(1, fabs(expected[i])) +
					(MAY_BE_DIRECT ? split_error(p.w_type, conv.x_type, magnitude[i]) : 0);
	check_within(call, &c, expected, bounds, count, p.y_type);
	free(bounds);
	free(magnitude);
	free(w);
	free(picture);
	free(expected);
	free(c.x);
	free(c.w);
	free(c.bias);
	free(c.head_w);
	free(c.head_bias);
	free(c.scratch);
}

#endif
