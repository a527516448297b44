/* copy_nd: transposes, slices, reversals, expansions, of every element size. */
#include "kernel_test.h"

struct copy_case {
	struct rt_copy_nd p;
	const void *x;
	size_t bytes; /* of y, which is cleared first, as not every case writes all of it */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_copy_nd_fn *const builds[] = KERNEL_BUILDS(copy_nd);
	const struct copy_case *c = job;

	memset(y, 0, c->bytes);
	builds[build](run, &c->p, y, c->x);
}

static const struct {
	struct rt_copy_nd p;
	int32_t x_first, x_elements, y_elements;
} cases[] = {
	/* one long row, more than a unit */
	{ { .rank = 1, .dim = { 17001 }, .y = { 1 }, .x = { 1 } }, 0, 17001, 17001 },
	/* a matrix transposed, both ways round */
	{ { .rank = 2, .dim = { 37, 53 }, .y = { 53, 1 }, .x = { 1, 37 } }, 0, 37 * 53, 37 * 53 },
	{ { .rank = 2, .dim = { 53, 37 }, .y = { 1, 53 }, .x = { 37, 1 } }, 0, 37 * 53, 37 * 53 },
	{ { .rank = 2, .dim = { 120, 150 }, .y = { 150, 1 }, .x = { 1, 120 } }, 0, 18000, 18000 },
	/* NCHW to NHWC and a full reversal of dimensions */
	{ { .rank = 3, .dim = { 2, 35, 18 }, .y = { 630, 18, 1 }, .x = { 630, 1, 35 } }, 0, 1260, 1260 },
	{ { .rank = 4, .dim = { 3, 5, 7, 11 }, .y = { 385, 77, 11, 1 }, .x = { 1, 3, 15, 105 } }, 0, 1155, 1155 },
	/* neither side dense along the last dimension */
	{ { .rank = 3, .dim = { 4, 9, 6 }, .y = { 1, 24, 4 }, .x = { 54, 1, 9 } }, 0, 216, 216 },
	/* a slice with steps, one of them backwards */
	{ { .rank = 2, .dim = { 5, 8 }, .y = { 8, 1 }, .x = { -40, 3 } }, 160, 200, 40 },
	/* an expansion along two dimensions */
	{ { .rank = 3, .dim = { 4, 6, 10 }, .y = { 60, 10, 1 }, .x = { 0, 1, 0 } }, 0, 6, 240 },
	/* into the middle of something wider */
	{ { .rank = 2, .dim = { 9, 5 }, .y = { 12, 1 }, .x = { 5, 1 } }, 0, 45, 108 },
	/* a scalar, and nothing */
	{ { .rank = 0 }, 0, 1, 1 },
	{ { .rank = 2, .dim = { 3, 0 }, .y = { 0, 1 }, .x = { 0, 1 } }, 0, 1, 1 },
	{ { .rank = 2, .dim = { 0, 3 }, .y = { 3, 1 }, .x = { 1, 3 } }, 0, 1, 1 },
};

/* Copies element by element, with the coordinates of a nest of loops over eight dimensions. */
static void reference(double *y, const struct rt_copy_nd *p, const void *x, enum rt_type type, int64_t first)
{
	int64_t n = 1;

	for (int32_t k = 0; k < p->rank; k++)
		n *= p->dim[k];
	for (int64_t i = 0; i < n; i++) {
		int64_t from = first, to = 0, rest = i;
		for (int32_t k = p->rank; k-- > 0; rest /= p->dim[k]) {
			from += rest % p->dim[k] * p->x[k];
			to += rest % p->dim[k] * p->y[k];
		}
		y[to] = element(x, type, (size_t)from);
	}
}

START_TEST(every_case)
{
	static const enum rt_type types[] = { RT_U8, RT_U16, RT_F32, RT_F64 };

	for (size_t k = 0; k < 4; k++) {
		struct copy_case c = { .p = cases[_i].p };
		size_t n = (size_t)cases[_i].y_elements;
		char *x = random_tensor(types[k], (size_t)cases[_i].x_elements, k, 0, 200);
		double *expected = new_doubles(n);
		c.p.size = (int32_t)rt_type_size(types[k]);
		c.x = x + cases[_i].x_first * c.p.size;
		c.bytes = n * (size_t)c.p.size;
		reference(expected, &c.p, x, types[k], cases[_i].x_first);
		check_kernel(call, &c, expected, n, types[k], 0);
		free(x);
		free(expected);
	}
}
END_TEST

/* Bits are copied, not numbers: a signalling NaN stays one. */
START_TEST(bits_stay)
{
	static const uint32_t x[4] = { 0x7f800001, 0xff800001, 0x80000000, 1 };
	struct copy_case c = { { .rank = 2, .size = 4, .dim = { 2, 2 }, .y = { 2, 1 }, .x = { 1, 2 } }, x, sizeof x };

	check_kernel(call, &c, (double[]){ x[0], x[2], x[1], x[3] }, 4, RT_U32, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("copy_nd");
	TCase *t = tcase_create("copy_nd");

	tcase_add_loop_test(t, every_case, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, bits_stay);
	suite_add_tcase(s, t);
	return s;
}
