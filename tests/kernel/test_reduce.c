/* reduce: every kind on floats and integers, dense and strided ways through x, ties, NaN, and nothing at all. */
#include "kernel_test.h"

struct reduce_case {
	struct rt_reduce p;
	const void *x;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_reduce_fn *const builds[] = KERNEL_BUILDS(reduce);
	const struct reduce_case *c = job;

	builds[build](run, &c->p, y, c->x);
}

static bool is_argument(enum rt_reduce_kind kind)
{
	return kind >= RT_ARG_MAX;
}

/* Does element a beat b as the argument? */
static bool beats(enum rt_reduce_kind kind, double a, double b)
{
	bool smallest = kind == RT_ARG_MIN || kind == RT_ARG_MIN_LAST;
	bool last = kind == RT_ARG_MAX_LAST || kind == RT_ARG_MIN_LAST;

	a = isnan(a) ? INFINITY : a;
	b = isnan(b) ? INFINITY : b;
	return a == b ? last : smallest ? a < b : a > b;
}

/* The reduction of n values, of doubles. */
static double reference(enum rt_reduce_kind kind, const double *x, size_t n)
{
	double sum = 0, sum_abs = 0, squares = 0, product = 1, low = INFINITY, high = -INFINITY, exps = 0;
	size_t place = 0;

	for (size_t i = 0; i < n; i++) {
		sum += x[i];
		sum_abs += fabs(x[i]);
		squares += x[i] * x[i];
		product *= x[i];
		low = isnan(x[i]) || isnan(low) ? NAN : fmin(low, x[i]);
		high = isnan(x[i]) || isnan(high) ? NAN : fmax(high, x[i]);
		place = i && beats(kind, x[i], x[place]) ? i : place;
	}
	for (size_t i = 0; i < n; i++)
		exps += exp(x[i] - (isfinite(high) ? high : 0));
	switch (kind) {
	case RT_REDUCE_SUM:
		return sum;
	case RT_REDUCE_MEAN:
		return sum / (double)n;
	case RT_REDUCE_MAX:
		return high;
	case RT_REDUCE_MIN:
		return low;
	case RT_REDUCE_PROD:
		return product;
	case RT_REDUCE_L1:
		return sum_abs;
	case RT_REDUCE_L2:
		return sqrt(squares);
	case RT_REDUCE_SUM_SQUARE:
		return squares;
	case RT_REDUCE_LOG_SUM:
		return log(sum);
	case RT_REDUCE_LOG_SUM_EXP:
		return log(exps) + (isfinite(high) ? high : 0);
	default:
		return (double)place;
	}
}

/* A case over x [a][b][c]: which of the three dimensions are reduced is in `over`, a set of bits. */
static struct reduce_case cut(const int32_t *dim, int over, enum rt_reduce_kind kind, enum rt_type type, const void *x)
{
	struct reduce_case c = { .p = { .kind = kind, .x_type = type, .y_type = is_argument(kind) ? RT_I64 : type },
		.x = x };
	int32_t stride = dim[1] * dim[2];

	for (int i = 0; i < 3; stride /= i < 2 ? dim[i + 1] : 1, i++)
		if (over >> i & 1) {
			c.p.over[c.p.over_rank] = dim[i];
			c.p.over_x[c.p.over_rank++] = stride;
		} else {
			c.p.dim[c.p.rank] = dim[i];
			c.p.x[c.p.rank++] = stride;
		}
	return c;
}

static size_t product_of(const int32_t *dim, int32_t n)
{
	return n ? (size_t)dim[0] * product_of(dim + 1, n - 1) : 1;
}

/* Element i of a space of these dimensions, as an offset. */
static size_t offset_of(size_t i, int32_t rank, const int32_t *dim, const int32_t *stride)
{
	size_t offset = 0;

	for (int32_t k = rank; k-- > 0; i /= (size_t)dim[k])
		offset += i % (size_t)dim[k] * (size_t)stride[k];
	return offset;
}

static void check_cut(
	const int32_t *dim, int over, enum rt_reduce_kind kind, enum rt_type type, const void *x, double tolerance)
{
	struct reduce_case c = cut(dim, over, kind, type, x);
	size_t results = product_of(c.p.dim, c.p.rank), count = product_of(c.p.over, c.p.over_rank);
	double *expected = new_doubles(results), *values = new_doubles(count);

	for (size_t r = 0; r < results; r++) {
		size_t base = offset_of(r, c.p.rank, c.p.dim, c.p.x);
		for (size_t i = 0; i < count; i++)
			values[i] = element(x, type, base + offset_of(i, c.p.over_rank, c.p.over, c.p.over_x));
		expected[r] = reference(kind, values, count);
		if (type == RT_I32 || type == RT_I64)
			expected[r] = trunc(expected[r]);
	}
	check_kernel(call, &c, expected, results, c.p.y_type, tolerance);
	free(expected);
	free(values);
}

static void check_kind(enum rt_reduce_kind kind)
{
	static const int32_t shapes[][3] = { { 2, 3, 70 }, { 2, 40, 6 }, { 1, 1, 1 }, { 4, 33, 3 } };
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (int over = 0; over < 8; over++) {
			size_t n = product_of(shapes[i], 3);
			float *x =
				random_tensor(RT_F32, n, i, kind == RT_REDUCE_LOG_SUM ? 0.1 : -1, kind == RT_REDUCE_PROD ? 1.5 : 2);
			double *wide = random_tensor(RT_F64, n, i, 0.5, 1.2);
			uint16_t *half = random_tensor(RT_F16, n, i, 0.1, 1);
			check_cut(shapes[i], over, kind, RT_F32, x, 1e-6);
			check_cut(shapes[i], over, kind, RT_F64, wide, 1e-12);
			if (kind != RT_REDUCE_PROD && kind != RT_REDUCE_SUM_SQUARE)
				check_cut(shapes[i], over, kind, RT_F16, half, 1e-3);
			free(x);
			free(wide);
			free(half);
		}
}

START_TEST(every_kind)
{
	for (int kind = RT_REDUCE_SUM; kind <= RT_ARG_MIN_LAST; kind++)
		check_kind((enum rt_reduce_kind)kind);
}
END_TEST

START_TEST(integers)
{
	static const int32_t shape[] = { 3, 20, 9 };
	int32_t *x = random_tensor(RT_I32, 540, 7, -9, 9);
	int64_t *wide = random_tensor(RT_I64, 540, 8, -9, 9);

	for (int kind = RT_REDUCE_SUM; kind <= RT_ARG_MIN_LAST; kind++)
		for (int over = 0; over < 8; over++)
			if (kind != RT_REDUCE_PROD && kind != RT_REDUCE_LOG_SUM && kind != RT_REDUCE_LOG_SUM_EXP) {
				check_cut(shape, over, (enum rt_reduce_kind)kind, RT_I32, x, 0);
				check_cut(shape, over, (enum rt_reduce_kind)kind, RT_I64, wide, 0);
			}
	free(x);
	free(wide);
}
END_TEST

/* u64 beyond i64: the order, and the identity. Sums of narrow types wrap. */
START_TEST(unsigned_and_narrow)
{
	static const uint64_t x[] = { 5, UINT64_MAX - 2047, 7, UINT64_C(1) << 63 };
	static const uint8_t bytes[] = { 200, 100, 1 };
	struct reduce_case c = { { .over_rank = 1, .over = { 4 }, .over_x = { 1 }, .x_type = RT_U64, .y_type = RT_U64 },
		x };

	c.p.kind = RT_REDUCE_MAX;
	check_kernel(call, &c, (double[]){ (double)x[1] }, 1, RT_U64, 0);
	c.p.kind = RT_REDUCE_MIN;
	check_kernel(call, &c, (double[]){ 5 }, 1, RT_U64, 0);
	c.p.kind = RT_ARG_MAX;
	c.p.y_type = RT_I32;
	check_kernel(call, &c, (double[]){ 1 }, 1, RT_I32, 0);
	c = (struct reduce_case){ { .over_rank = 1, .over = { 3 }, .over_x = { 1 }, .x_type = RT_U8, .y_type = RT_U8 },
		bytes };
	check_kernel(call, &c, (double[]){ 45 }, 1, RT_U8, 0);
}
END_TEST

/* ONNX's tests of reductions over an empty dimension. */
START_TEST(over_nothing)
{
	static const struct {
		enum rt_reduce_kind kind;
		enum rt_type type;
		double expected;
	} rows[] = { { RT_REDUCE_SUM, RT_F32, 0 }, { RT_REDUCE_PROD, RT_F32, 1 }, { RT_REDUCE_MAX, RT_F32, -INFINITY },
		{ RT_REDUCE_MIN, RT_F32, INFINITY }, { RT_REDUCE_L1, RT_F32, 0 }, { RT_REDUCE_L2, RT_F32, 0 },
		{ RT_REDUCE_SUM_SQUARE, RT_F32, 0 }, { RT_REDUCE_LOG_SUM, RT_F32, -INFINITY },
		{ RT_REDUCE_LOG_SUM_EXP, RT_F32, -INFINITY }, { RT_REDUCE_MEAN, RT_F32, NAN }, { RT_REDUCE_SUM, RT_I64, 0 },
		{ RT_REDUCE_PROD, RT_I32, 1 }, { RT_REDUCE_MAX, RT_I8, -128 }, { RT_REDUCE_MIN, RT_I32, INT32_MAX },
		{ RT_REDUCE_MIN, RT_U8, 255 }, { RT_REDUCE_MAX, RT_U64, 0 }, { RT_REDUCE_MIN, RT_U64, 18446744073709551615.0 },
		{ RT_REDUCE_MAX, RT_BOOL, 0 }, { RT_REDUCE_MIN, RT_BOOL, 1 }, { RT_REDUCE_MEAN, RT_I32, 0 },
		{ RT_REDUCE_MAX, RT_F16, -INFINITY }, { RT_ARG_MAX, RT_F32, 0 } };
	double expected[6];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int32_t n = 1; n <= 6; n += 5) {
			enum rt_type y_type = is_argument(rows[i].kind) ? RT_I64 : rows[i].type;
			struct reduce_case c = { { .rank = 1,
										 .dim = { n },
										 .x = { 1 },
										 .over_rank = 2,
										 .over = { 0, 3 },
										 .over_x = { 18, 6 },
										 .kind = rows[i].kind,
										 .x_type = rows[i].type,
										 .y_type = y_type },
				expected };
			for (int32_t k = 0; k < n; k++)
				expected[k] = rows[i].expected;
			check_kernel(call, &c, expected, (size_t)n, y_type, 0);
		}
}
END_TEST

/* A NaN comes through a maximum, and is the largest for RT_ARG_*; infinite elements do not make a log-sum-exp NaN. */
START_TEST(special_values)
{
	static const float nan[] = { 1, NAN, 3, NAN, 0 }, infinite[] = { 1, INFINITY, -INFINITY, 3, 0 };
	struct reduce_case c = { { .over_rank = 1, .over = { 5 }, .over_x = { 1 }, .x_type = RT_F32, .y_type = RT_F32 },
		nan };
	static const double place[] = { 1, 3, 4, 4 };

	c.p.kind = RT_REDUCE_MAX;
	check_kernel(call, &c, (double[]){ NAN }, 1, RT_F32, 0);
	c.p.kind = RT_REDUCE_MIN;
	check_kernel(call, &c, (double[]){ NAN }, 1, RT_F32, 0);
	c.p.y_type = RT_I64;
	for (int kind = RT_ARG_MAX; kind <= RT_ARG_MIN_LAST; kind++) {
		c.p.kind = (enum rt_reduce_kind)kind;
		check_kernel(call, &c, &place[kind - RT_ARG_MAX], 1, RT_I64, 0);
	}
	c.p.kind = RT_REDUCE_LOG_SUM_EXP;
	c.p.y_type = RT_F32;
	c.x = infinite;
	check_kernel(call, &c, (double[]){ INFINITY }, 1, RT_F32, 0);
}
END_TEST

/* Twenty thousand times 0.1: a naive chain of floats is off by 1e-2. */
START_TEST(sums_are_accurate)
{
	enum { N = 20000 };
	float *x = random_tensor(RT_F32, N, 1, 0.1, 0.1);
	struct reduce_case c = { { .over_rank = 1, .over = { N }, .over_x = { 1 }, .x_type = RT_F32, .y_type = RT_F32 },
		x };

	check_kernel(call, &c, (double[]){ N * (double)0.1f }, 1, RT_F32, 1e-7);
	free(x);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("reduce");
	TCase *t = tcase_create("reduce");

	tcase_add_test(t, every_kind);
	tcase_add_test(t, integers);
	tcase_add_test(t, unsigned_and_narrow);
	tcase_add_test(t, over_nothing);
	tcase_add_test(t, special_values);
	tcase_add_test(t, sums_are_accurate);
	suite_add_tcase(s, t);
	return s;
}
