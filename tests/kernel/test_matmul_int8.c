#define RT_ISA emulated
#include "kernel/matmul_int8.c"
#include "kernel_test.h"

struct int8_case {
	struct rt_matmul_int8 p;
	const void *a, *b;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_matmul_int8_fn *const builds[] = KERNEL_BUILDS(matmul_int8);
	const struct int8_case *c = job;

	builds[build](run, &c->p, y, c->a, c->b);
}

static double expected_element(const struct int8_case *c, int32_t b0, int32_t b1, int32_t i, int32_t j)
{
	const struct rt_matmul_int8 *p = &c->p;
	ptrdiff_t a = (ptrdiff_t)b0 * p->a[0] + (ptrdiff_t)b1 * p->a[1] + (ptrdiff_t)i * p->a[2];
	ptrdiff_t b = (ptrdiff_t)b0 * p->b[0] + (ptrdiff_t)b1 * p->b[1] + (ptrdiff_t)j * p->b[3];
	int64_t sum = 0;

	for (int32_t k = 0; k < p->k; k++, a += p->a[3], b += p->b[2])
		sum += ((int64_t)element(c->a, p->a_type, (size_t)a) - p->a_zero) *
			   ((int64_t)element(c->b, p->b_type, (size_t)b) - p->b_zero);
	float v = (float)sum * p->scale;
	if (!rt_is_byte(p->y_type)) {
		uint64_t stored;
		set_element(&stored, p->y_type, 0, (double)v);
		return element(&stored, p->y_type, 0);
	}
	double low = p->y_type == RT_U8 ? 0 : -128;
	return fmin(fmax(rint((double)v) + p->y_zero, low), low + 255);
}

/* All operands and the result are dense, in the order of the strides that the case gives: every element is compared,
 * and none may be off. */
static void compare(const struct int8_case *c)
{
	const struct rt_matmul_int8 *p = &c->p;
	size_t count = (size_t)p->b0 * (size_t)p->b1 * (size_t)p->m * (size_t)p->n;
	double *expected = new_doubles(count);

	for (int32_t b0 = 0; b0 < p->b0; b0++)
		for (int32_t b1 = 0; b1 < p->b1; b1++)
			for (int32_t i = 0; i < p->m; i++)
				for (int32_t j = 0; j < p->n; j++)
					expected[(ptrdiff_t)b0 * p->y[0] + (ptrdiff_t)b1 * p->y[1] + (ptrdiff_t)i * p->y[2] + j] =
						expected_element(c, b0, b1, i, j);
	check_kernel(call, c, expected, count, p->y_type, 0);
	free(expected);
}

enum { EXTREME = 1 /* all bytes are as far from their zero points as they can be */ };

static void *bytes(enum rt_type type, size_t n, int32_t zero, uint64_t seed, int with)
{
	double low = type == RT_U8 ? 0 : -128;
	uint8_t *x = random_tensor(type, n, seed, low, low + 255.999);

	if (with & EXTREME)
		memset(x, (int)(zero - low < 128 ? low + 255 : low) & 0xff, n);
	return x;
}

/* Random bytes of every combination of signs, and a scale that spreads sums over the range of a byte, or beyond. */
static void check_product(struct rt_matmul_int8 p, int with)
{
	static const enum rt_type types[] = { RT_U8, RT_I8, RT_F32, RT_F16 };
	size_t batches = (size_t)p.b0 * (size_t)p.b1, k = (size_t)p.k;

	for (int i = 0; i < 8; i++) {
		p.a_type = types[i % 2];
		p.b_type = types[i / 2 % 2];
		p.y_type = types[(i + i / 4) % 4];
		p.a_zero = with & EXTREME ? p.a_type == RT_U8 ? 0 : -128 : p.a_type == RT_U8 ? 117 : -9;
		p.b_zero = with & EXTREME ? p.b_type == RT_U8 ? 255 : 127 : i < 4 ? p.b_type == RT_U8 ? 128 : 0 : 21;
		p.y_zero = p.y_type == RT_U8 ? 77 : -13;
		p.scale = with & EXTREME ? 0.003f : (float)(60 / (74 * 74 * sqrt(p.k)));
		struct int8_case c = { p, bytes(p.a_type, batches * (size_t)p.m * k, p.a_zero, 1, with),
			bytes(p.b_type, batches * k * (size_t)p.n, p.b_zero, 2, with) };
		compare(&c);
		free((void *)c.a);
		free((void *)c.b);
	}
}

/* One product of [m][k] by [k][n]. */
static struct rt_matmul_int8 plain(int32_t m, int32_t k, int32_t n)
{
	return (struct rt_matmul_int8){
		.b0 = 1, .b1 = 1, .m = m, .n = n, .k = k, .a = { 0, 0, k, 1 }, .b = { 0, 0, n, 1 }, .y = { 0, 0, n }
	};
}

START_TEST(sizes)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 5, 4, 16 }, { 49, 64, 17 }, { 195, 20, 129 }, { 7, 300, 40 },
		{ 3, 323, 65 }, { 2, 1030, 50 }, { 50, 1023, 33 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_product(plain(sizes[i][0], sizes[i][1], sizes[i][2]), 0);
}
END_TEST

/* More of k than is packed at once, whether rows are gathered or not. */
START_TEST(long_sums)
{
	check_product(plain(50, 2 * DEPTH + 8, 18), 0);
	check_product(plain(3, DEPTH + 1, 3), 0);
}
END_TEST

/* Heads side by side, as attention has them: a key is a row of b transposed. */
START_TEST(heads)
{
	struct rt_matmul_int8 p = { .b0 = 2, .b1 = 3, .m = 21, .n = 35, .k = 8 };

	for (int rows_first = 0; rows_first < 2; rows_first++) {
		memcpy(p.a, (int32_t[]){ 3 * 21 * 8, 8, 3 * 8, 1 }, sizeof p.a);
		memcpy(p.b, (int32_t[]){ 3 * 35 * 8, 8, 1, 3 * 8 }, sizeof p.b);
		memcpy(p.y, rows_first ? (int32_t[]){ 3 * 21 * 35, 35, 3 * 35 } : (int32_t[]){ 3 * 21 * 35, 21 * 35, 35 },
			sizeof p.y);
		check_product(p, 0);
	}
}
END_TEST

/* Columns of a and rows of b that are no neighbours, and operands that serve all of a batch. */
START_TEST(strides)
{
	struct rt_matmul_int8 p = plain(9, 22, 37);

	p.b1 = 2;
	memcpy(p.a, (int32_t[]){ 0, 1, 2, 2 * 9 }, sizeof p.a);
	memcpy(p.b, (int32_t[]){ 0, 1, 2, 2 * 22 }, sizeof p.b);
	p.y[1] = 9 * 37;
	check_product(p, 0);
	p = plain(9, 24, 37);
	p.b0 = 2;
	p.b1 = 2;
	p.a[1] = 9 * 24;
	p.b[0] = 24 * 37;
	memcpy(p.y, (int32_t[]){ 2 * 9 * 37, 9 * 37, 37 }, sizeof p.y);
	check_product(p, 0);
}
END_TEST

/* Sums that come near the largest number of 32 bits. */
START_TEST(extremes)
{
	check_product(plain(2, RT_INT8_PAIRS, 3), EXTREME);
}
END_TEST

/* Results halfway between two integers go to the even one before y_zero, which may be odd, is added. */
START_TEST(halves)
{
	uint8_t a[64], b[1] = { 1 };
	struct int8_case c = { plain(64, 1, 1), a, b };

	for (int i = 0; i < 64; i++)
		a[i] = (uint8_t)i;
	c.p.a_zero = 17;
	c.p.scale = 0.5f;
	c.p.y_zero = 3;
	c.p.a_type = c.p.b_type = RT_U8;
	c.p.y_type = RT_I8;
	compare(&c);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("matmul_int8");
	TCase *t = tcase_create("matmul_int8");

	tcase_add_test(t, sizes);
	tcase_add_test(t, long_sums);
	tcase_add_test(t, heads);
	tcase_add_test(t, strides);
	tcase_add_test(t, extremes);
	tcase_add_test(t, halves);
	suite_add_tcase(s, t);
	return s;
}
