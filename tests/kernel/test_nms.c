/* nms: bit for bit the definition in rt.h, on pictures of odd shapes, with flat areas, and with any radius. */
#include "kernel_test.h"

struct nms_case {
	struct rt_nms p;
	const float *x;
	float *scratch;
	bool in_place;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_nms_fn *const builds[] = KERNEL_BUILDS(nms);
	const struct nms_case *c = job;

	if (c->in_place)
		memcpy(y, c->x, sizeof *c->x * (size_t)(c->p.n * c->p.h * c->p.w));
	builds[build](run, &c->p, y, c->in_place ? y : c->x, c->scratch);
}

/* y = the maximum over the square around each pixel, the plain way. */
static void max_pool(double *y, const double *x, int32_t h, int32_t w, int32_t radius)
{
	for (int32_t i = 0; i < h; i++)
		for (int32_t j = 0; j < w; j++) {
			double most = -INFINITY;
			for (int32_t r = i - radius; r <= i + radius; r++)
				for (int32_t c = j - radius; c <= j + radius; c++)
					if (r >= 0 && r < h && c >= 0 && c < w)
						most = fmax(most, x[r * w + c]);
			y[i * w + j] = most;
		}
}

/* SuperPoint's simple_nms, as written. */
static void reference(double *y, const float *x, const struct rt_nms *p)
{
	size_t n = (size_t)(p->h * p->w);
	double *s = new_doubles(n), *pooled = new_doubles(n), *mask = new_doubles(n), *rest = new_doubles(n);

	for (size_t i = 0; i < n; i++)
		s[i] = x[i];
	max_pool(pooled, s, p->h, p->w, p->radius);
	for (size_t i = 0; i < n; i++)
		mask[i] = s[i] == pooled[i];
	for (int32_t round = 0; round < p->rounds; round++) {
		double *suppressed = y;
		max_pool(suppressed, mask, p->h, p->w, p->radius);
		for (size_t i = 0; i < n; i++)
			rest[i] = suppressed[i] > 0 ? 0 : s[i];
		max_pool(pooled, rest, p->h, p->w, p->radius);
		for (size_t i = 0; i < n; i++)
			mask[i] = mask[i] > 0 || (rest[i] == pooled[i] && !(suppressed[i] > 0));
	}
	for (int32_t i = 0; i < p->h; i++)
		for (int32_t j = 0; j < p->w; j++) {
			bool inside = i >= p->border && i < p->h - p->border && j >= p->border && j < p->w - p->border;
			size_t at = (size_t)(i * p->w + j);
			y[at] = !inside ? p->fill : mask[at] > 0 ? s[at] : 0;
		}
	free(s);
	free(pooled);
	free(mask);
	free(rest);
}

/* levels: how many different values there are; few make plateaus. */
static void check_nms(struct rt_nms p, double levels, bool in_place)
{
	size_t picture = (size_t)(p.h * p.w), n = (size_t)p.n * picture;
	float *x = random_tensor(RT_F32, n, (uint64_t)(p.h * 100 + p.radius), 0, levels);
	struct nms_case c = { p, x, malloc((3 * n + 1) * sizeof(float)), in_place };
	double *expected = new_doubles(n);

	ck_assert_ptr_nonnull(c.scratch);
	for (size_t i = 0; i < n; i++)
		x[i] = levels > 100 ? x[i] : floorf(x[i]);
	for (size_t i = 0; i < (size_t)p.n; i++)
		reference(expected + i * picture, x + i * picture, &p);
	check_kernel(call, &c, expected, n, RT_F32, 0);
	free(x);
	free(c.scratch);
	free(expected);
}

START_TEST(matches_the_definition)
{
	static const struct rt_nms cases[] = {
		{ .n = 1, .h = 48, .w = 80, .radius = 4, .rounds = 2, .border = 4, .fill = -1 },
		{ .n = 2, .h = 33, .w = 131, .radius = 4, .rounds = 2 },
		{ .n = 1, .h = 17, .w = 19, .radius = 1, .rounds = 3, .border = 1 },
		{ .n = 3, .h = 5, .w = 7, .radius = 0, .rounds = 2 },
		{ .n = 1, .h = 30, .w = 40, .radius = 7, .rounds = 1 },
		{ .n = 1, .h = 12, .w = 9, .radius = 30, .rounds = 2 },
		{ .n = 1, .h = 1, .w = 70, .radius = 3, .rounds = 2 },
		{ .n = 1, .h = 70, .w = 1, .radius = 3, .rounds = 0 },
		{ .n = 1, .h = 1, .w = 1, .radius = 2, .rounds = 2 },
		{ .n = 1, .h = 6, .w = 6, .radius = 1, .rounds = 1, .border = 5, .fill = 9 },
		{ .n = 1, .h = 230, .w = 65, .radius = 2, .rounds = 2, .border = 3 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_nms(cases[i], 1e6, false);
		check_nms(cases[i], 6, false);
		check_nms(cases[i], 1, false);
		check_nms(cases[i], 50, true);
	}
}
END_TEST

/* Negative scores: what is suppressed counts as 0, which beats them. */
START_TEST(negative_scores)
{
	enum { H = 20, W = 21 };
	struct nms_case c = { .p = { .n = 1, .h = H, .w = W, .radius = 2, .rounds = 2 } };
	float *x = random_tensor(RT_F32, H * W, 5, -1, 0.3);
	double expected[H * W];
	float scratch[3 * H * W];

	c.x = x;
	c.scratch = scratch;
	reference(expected, x, &c.p);
	check_kernel(call, &c, expected, H * W, RT_F32, 0);
	free(x);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("nms");
	TCase *t = tcase_create("nms");

	tcase_add_test(t, matches_the_definition);
	tcase_add_test(t, negative_scores);
	suite_add_tcase(s, t);
	return s;
}
