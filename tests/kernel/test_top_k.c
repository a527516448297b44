/* top_k against sorting, for every type, with ties, NaN, both zeros, and any k. */
#include "kernel_test.h"

enum output { INDICES, VALUES };

struct top_k_case {
	struct rt_top_k p;
	enum output output; /* which of the two goes to y; the other goes to `other` */
	const void *x;
	void *other, *scratch;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_top_k_fn *const builds[] = KERNEL_BUILDS(top_k);
	const struct top_k_case *c = job;

	if (c->output == VALUES)
		builds[build](run, &c->p, y, c->other, c->x, c->scratch);
	else
		builds[build](run, &c->p, c->other, y, c->x, c->scratch);
}

/* Is element i stronger than element j? */
static bool stronger(const struct rt_top_k *p, const void *x, size_t i, size_t j)
{
	double a = element(x, p->x_type, i), b = element(x, p->x_type, j);

	if (isnan(a) || isnan(b)) {
		if (isnan(a) && isnan(b))
			return i < j;
		return p->smallest ? isnan(b) : isnan(a);
	}
	if (a == b)
		return i < j;
	return p->smallest ? a < b : a > b;
}

/* The rank of an element is how many are stronger: an order free of sorting. */
static void reference(double *index, double *value, const struct rt_top_k *p, const void *x)
{
	for (int32_t row = 0; row < p->rows; row++) {
		size_t from = (size_t)(row * p->n), to = (size_t)(row * p->k), unsorted = 0;
		for (size_t i = 0; i < (size_t)p->n; i++) {
			size_t rank = 0;
			for (size_t j = 0; j < (size_t)p->n; j++)
				rank += stronger(p, x, from + j, from + i);
			if (rank >= (size_t)p->k)
				continue;
			rank = p->sorted ? rank : unsorted++;
			index[to + rank] = (double)i;
			value[to + rank] = element(x, p->x_type, from + i);
		}
	}
}

static void check_top_k(struct rt_top_k p, const void *x)
{
	size_t n = (size_t)(p.rows * p.k);
	double *index = new_doubles(n), *value = new_doubles(n);
	struct top_k_case c = { p, INDICES, x, malloc(n * 8 + 1), malloc(rt_top_k_scratch(&p) + 1) };

	ck_assert(c.other && c.scratch);
	reference(index, value, &p, x);
	check_kernel(call, &c, index, n, p.index_type, 0);
	c.output = VALUES;
	check_kernel(call, &c, value, n, p.x_type, 0);
	free(c.other);
	free(c.scratch);
	free(index);
	free(value);
}

static void check_every_k(enum rt_type type, int32_t rows, int32_t n, const void *x)
{
	const int32_t ks[] = { 1, 2, n / 3 + 1, n - 1, n };

	for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
		for (int32_t smallest = 0; smallest < 2; smallest++)
			if (ks[i] > 0 && ks[i] <= n)
				check_top_k((struct rt_top_k){ .rows = rows,
								.n = n,
								.k = ks[i],
								.smallest = smallest,
								.sorted = smallest ^ (i & 1),
								.x_type = type,
								.index_type = smallest ? RT_I32 : RT_I64 },
					x);
}

static void check_type(enum rt_type type)
{
	bool is_signed = type != RT_BOOL && type != RT_U8 && type != RT_U16 && type != RT_U32 && type != RT_U64;
	void *wide = random_tensor(type, 3 * 41, 1, is_signed ? -100 : 0, 120);
	void *narrow = random_tensor(type, 150, 2, is_signed ? -1.5 : 0, 2.5);

	check_every_k(type, 3, 41, wide);
	check_every_k(type, 1, 150, narrow);
	check_every_k(type, 1, 1, wide);
	free(wide);
	free(narrow);
}

START_TEST(every_type)
{
	static const enum rt_type types[] = { RT_F32, RT_F64, RT_F16, RT_BF16, RT_I8, RT_U8, RT_I16, RT_U16, RT_I32, RT_U32,
		RT_I64, RT_U64, RT_BOOL };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		check_type(types[i]);
}
END_TEST

/* NaN of both signs, infinities, zeros of both signs. */
START_TEST(special_floats)
{
	static const enum rt_type kinds[] = { RT_F32, RT_F64, RT_F16, RT_BF16 };
	static const double values[] = { 1, NAN, 0.0, -0.0, INFINITY, -INFINITY, -1, 0.0, -NAN, -0.0, 1, INFINITY };
	double x[sizeof values / sizeof *values];

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++)
			set_element(x, kinds[k], i, values[i]);
		check_every_k(kinds[k], 1, sizeof values / sizeof *values, x);
	}
}
END_TEST

/* Values that differ in the last bits only, so that every digit of the keys decides. */
START_TEST(close_values)
{
	enum { N = 140 };
	float x[N];
	double wide[N];
	int64_t integer[N];

	for (int i = 0; i < N; i++) {
		int step = i * 77 % 97;
		x[i] = 1 + (float)step * 0x1p-23f;
		wide[i] = -1 - step * 0x1p-52;
		integer[i] = INT64_MAX - step;
	}
	check_every_k(RT_F32, 1, N, x);
	check_every_k(RT_F64, 1, N, wide);
	for (int i = 0; i < N; i++) /* the test reads integers as doubles: leave them exact */
		integer[i] = integer[i] >> 11 << 11;
	check_every_k(RT_I64, 1, N, integer);
}
END_TEST

/* A long row, mostly zeros as after nms, and one of equal elements; no values wanted. */
START_TEST(long_rows)
{
	enum { N = 100003, K = 700 };
	struct top_k_case c = { .p = { .rows = 1, .n = N, .k = K, .sorted = 1, .x_type = RT_F32, .index_type = RT_I32 } };
	float *x = calloc(N, sizeof *x);
	double expected[K];

	c.scratch = malloc(rt_top_k_scratch(&c.p));
	ck_assert(x && c.scratch);
	c.x = x;
	for (int i = 0; i < K; i++)
		expected[i] = i;
	check_kernel(call, &c, expected, K, RT_I32, 0);
	for (int i = 0; i < 500; i++) {
		x[199 * i + 7] = (float)(i + 1);
		expected[499 - i] = 199 * i + 7;
	}
	for (int i = 500; i < K; i++)
		expected[i] = i - 500 + (i - 500 >= 7) + (i - 499 >= 206);
	check_kernel(call, &c, expected, K, RT_I32, 0);
	free(x);
	free(c.scratch);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("top_k");
	TCase *t = tcase_create("top_k");

	tcase_add_test(t, every_type);
	tcase_add_test(t, special_floats);
	tcase_add_test(t, close_values);
	tcase_add_test(t, long_rows);
	suite_add_tcase(s, t);
	return s;
}
