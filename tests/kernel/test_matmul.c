#include "kernel_test.h"

struct matmul_case {
	struct rt_matmul p;
	const void *a, *b; /* where the strides count from */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_matmul_fn *const builds[] = KERNEL_BUILDS(matmul);
	const struct matmul_case *c = job;

	builds[build](run, &c->p, y, c->a, c->b);
}

/* How many elements lie between the first and the last that strides reach, and where the first is seen from 0. */
static size_t span(const int32_t *stride, const int32_t *dim, size_t *first)
{
	size_t elements = 1;

	*first = 0;
	for (int i = 0; i < 4; i++) {
		size_t reach = (size_t)(abs(stride[i]) * (dim[i] - 1));
		elements += reach;
		*first += stride[i] < 0 ? reach : 0;
	}
	return elements;
}

static double lowest(enum rt_type type, double range)
{
	return type == RT_U8 || type == RT_U16 || type == RT_U32 || type == RT_U64 ? 0 : -range;
}

static void check_matmul(struct rt_matmul p, double range, double tolerance)
{
	size_t a_first, b_first;
	size_t a_size = span(p.a, (int32_t[]){ p.b0, p.b1, p.m, p.k }, &a_first);
	size_t b_size = span(p.b, (int32_t[]){ p.b0, p.b1, p.k, p.n }, &b_first);
	char *a = random_tensor(p.a_type, a_size, 1, lowest(p.a_type, range), range),
		 *b = random_tensor(p.b_type, b_size, 2, lowest(p.b_type, range), range);
	size_t count = (size_t)(p.b0 * p.b1 * p.m * p.n);
	double *expected = new_doubles(count), alpha = p.alpha != 0 ? (double)p.alpha : 1;

	for (int32_t i = 0; i < (int32_t)count; i++) {
		int32_t col = i % p.n, row = i / p.n % p.m, b1 = i / p.n / p.m % p.b1, b0 = i / p.n / p.m / p.b1;
		double sum = 0;
		for (int32_t k = 0; k < p.k; k++) {
			int32_t at = b0 * p.a[0] + b1 * p.a[1] + row * p.a[2] + k * p.a[3];
			int32_t bt = b0 * p.b[0] + b1 * p.b[1] + k * p.b[2] + col * p.b[3];
			sum += element(a, p.a_type, a_first + (size_t)at) * element(b, p.b_type, b_first + (size_t)bt);
		}
		expected[i] = alpha * sum;
	}
	struct matmul_case c = { p, a + a_first * rt_type_size(p.a_type), b + b_first * rt_type_size(p.b_type) };
	check_kernel(call, &c, expected, count, p.y_type, tolerance);
	free(a);
	free(b);
	free(expected);
}

#define ALL(type) .a_type = type, .b_type = type, .y_type = type

START_TEST(dense)
{
	static const int32_t sizes[][3] = { { 1, 1, 1 }, { 5, 16, 7 }, { 49, 33, 130 }, { 7, 145, 19 }, { 97, 3, 260 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int32_t m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
		check_matmul(
			(struct rt_matmul){
				.b0 = 1, .b1 = 1, .m = m, .n = n, .k = k, .a = { 0, 0, k, 1 }, .b = { 0, 0, n, 1 }, ALL(RT_F32) },
			1, 1e-5);
	}
}
END_TEST

START_TEST(transposed)
{
	check_matmul(
		(struct rt_matmul){
			.b0 = 1, .b1 = 1, .m = 50, .n = 37, .k = 133, .a = { 0, 0, 133, 1 }, .b = { 0, 0, 1, 133 }, ALL(RT_F32) },
		1, 1e-5);
	check_matmul((struct rt_matmul){ .b0 = 1,
					 .b1 = 1,
					 .m = 50,
					 .n = 37,
					 .k = 133,
					 .a = { 0, 0, 1, 50 },
					 .b = { 0, 0, 37, 1 },
					 .alpha = 0.125f,
					 ALL(RT_F32) },
		1, 1e-5);
}
END_TEST

START_TEST(broadcast_and_backwards)
{
	check_matmul(
		(struct rt_matmul){
			.b0 = 2, .b1 = 3, .m = 5, .n = 18, .k = 9, .a = { 0, 45, 9, 1 }, .b = { 162, 0, 18, 1 }, ALL(RT_F32) },
		1, 1e-5);
	check_matmul((struct rt_matmul){ .b0 = 1,
					 .b1 = 2,
					 .m = 7,
					 .n = 20,
					 .k = 11,
					 .a = { 0, -200, -22, 2 },
					 .b = { 0, 300, 1, -11 },
					 ALL(RT_F32) },
		1, 1e-5);
	/* The same number along k, or along a row. */
	check_matmul(
		(struct rt_matmul){
			.b0 = 1, .b1 = 1, .m = 7, .n = 20, .k = 11, .a = { 0, 0, 1, 0 }, .b = { 0, 0, 1, 0 }, ALL(RT_F32) },
		1, 1e-5);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 54; i++) {
		bool turned = i >= 27;
		struct rt_matmul p = { .b0 = 1,
			.b1 = 1,
			.m = 9,
			.n = 19,
			.k = 131,
			.a = { 0, 0, 131, 1 },
			.b = { 0, 0, turned ? 1 : 19, turned ? 131 : 1 },
			.a_type = types[i % 3],
			.b_type = types[i / 3 % 3],
			.y_type = types[i / 9 % 3] };
		check_matmul(p, 1, p.y_type == RT_F32 ? 1e-5 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
}
END_TEST

/* Multiplying by one shows the conversions themselves: every 16-bit number must come out as it is, */
START_TEST(every_narrow_number)
{
	enum { N = 65536 };
	uint16_t b[N];
	double *expected = new_doubles(N);
	const float one = 1;
	struct matmul_case c = { { .b0 = 1,
								 .b1 = 1,
								 .m = 1,
								 .n = N,
								 .k = 1,
								 .b = { 0, 0, 0, 1 },
								 .a_type = RT_F32,
								 .b_type = _i ? RT_BF16 : RT_F16 },
		&one, b };

	for (int i = 0; i < N; i++)
		b[i] = (uint16_t)i;
	for (size_t i = 0; i < N; i++)
		expected[i] = element(b, c.p.b_type, i);
	c.p.y_type = RT_F32;
	check_kernel(call, &c, expected, N, RT_F32, 0);
	c.p.y_type = c.p.b_type;
	check_kernel(call, &c, expected, N, c.p.y_type, 0);
	free(expected);
}
END_TEST

/* and floats of all sizes must be rounded as half.h does. */
START_TEST(narrowing)
{
	enum { N = 20000 };
	uint32_t *bits = random_tensor(RT_U32, N, 7, 0, 4294967295);
	double *expected = new_doubles(N);
	const float one = 1;
	struct matmul_case c = { { .b0 = 1,
								 .b1 = 1,
								 .m = 1,
								 .n = N,
								 .k = 1,
								 .b = { 0, 0, 0, 1 },
								 .a_type = RT_F32,
								 .b_type = RT_F32,
								 .y_type = _i ? RT_BF16 : RT_F16 },
		&one, bits };

	/* Half of them in the range of half, subnormal ones included. */
	for (size_t i = 0; i < N; i += 2)
		bits[i] = (bits[i] & 0x80ffffff) | (100 + (bits[i] >> 24) % 45) << 23;
	for (size_t i = 0; i < N; i++) {
		uint16_t narrow;
		set_element(&narrow, c.p.y_type, 0, (double)float_of_bits(bits[i]));
		expected[i] = element(&narrow, c.p.y_type, 0);
	}
	check_kernel(call, &c, expected, N, c.p.y_type, 0);
	free(bits);
	free(expected);
}
END_TEST

START_TEST(doubles)
{
	check_matmul((struct rt_matmul){ .b0 = 2,
					 .b1 = 1,
					 .m = 51,
					 .n = 19,
					 .k = 31,
					 .a = { 1581, 0, 1, 51 },
					 .b = { 0, 0, 19, 1 },
					 .alpha = 0.5f,
					 ALL(RT_F64) },
		1, 1e-14);
}
END_TEST

START_TEST(integers)
{
	static const enum rt_type types[] = { RT_I8, RT_I16, RT_I32, RT_I64, RT_U8, RT_U16, RT_U32, RT_U64 };
	struct rt_matmul p = { .b0 = 1, .b1 = 1, .m = 3, .n = 130, .k = 70, .a = { 0, 0, 70, 1 }, .b = { 0, 0, 130, 1 } };

	/* Small enough for every sum to fit its type. */
	p.a_type = p.b_type = p.y_type = types[_i];
	check_matmul(p, p.a_type == RT_I8 || p.a_type == RT_U8 ? 1.99 : 20, 0);
	p.y_type = RT_I32;
	p.a_type = RT_U8;
	p.b_type = RT_I8;
	check_matmul(p, 100, 0);
}
END_TEST

START_TEST(integers_wrap)
{
	static const int8_t a[] = { 100, -128 }, b[] = { 3, -128, -128, 127 };
	static const int64_t big[] = { INT64_MIN, INT64_MAX };
	struct rt_matmul p = { .b0 = 1, .b1 = 1, .m = 1, .n = 2, .k = 2, .a = { 0, 0, 2, 1 }, .b = { 0, 0, 2, 1 } };
	struct matmul_case c = { p, a, b };

	c.p.a_type = c.p.b_type = c.p.y_type = RT_I8;
	/* 100 * 3 + 128 * 128 and -100 * 128 - 128 * 127, modulo 256 */
	check_kernel(call, &c, (double[]){ 44, -128 }, 2, RT_I8, 0);
	c.p.n = 1;
	c.p.b[3] = c.p.b[2] = 1;
	c.p.a_type = c.p.b_type = c.p.y_type = RT_I64;
	c.a = c.b = big;
	/* 2^126 + (2^63 - 1)^2 is 1 modulo 2^64. */
	check_kernel(call, &c, (double[]){ 1 }, 1, RT_I64, 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("matmul");
	TCase *t = tcase_create("matmul");

	tcase_add_test(t, dense);
	tcase_add_test(t, transposed);
	tcase_add_test(t, broadcast_and_backwards);
	tcase_add_test(t, storage_types);
	tcase_add_loop_test(t, every_narrow_number, 0, 2);
	tcase_add_loop_test(t, narrowing, 0, 2);
	tcase_add_test(t, doubles);
	tcase_add_loop_test(t, integers, 0, 8);
	tcase_add_test(t, integers_wrap);
	suite_add_tcase(s, t);
	return s;
}
