/* map: every step against libm or a table, every conversion, strides, rounding, in place. */
#include "kernel_test.h"
#include <limits.h>

struct map_case {
	struct rt_map p;
	const void *x[RT_MAP_INPUTS];
	size_t in_place; /* bytes of x[0] that go to y first, for a call in place; else 0 */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_map_fn *const builds[] = KERNEL_BUILDS(map);
	const struct map_case *c = job;

	if (c->in_place)
		memcpy(y, c->x[0], c->in_place);
	builds[build](run, &c->p, y, c->in_place ? y : c->x[0], c->x[1], c->x[2], c->x[3], c->x[4], c->x[5]);
}

/* A program over n dense elements. */
static struct map_case flat_case(
	int32_t n, int32_t inputs, enum rt_type x_type, enum rt_type y_type, const struct rt_step *step, int32_t steps)
{
	struct map_case c = { .p = { .rank = 1, .dim = { n }, .y = { 1 }, .inputs = inputs, .y_type = y_type } };
	int32_t *stride[] = { c.p.x0, c.p.x1, c.p.x2, c.p.x3, c.p.x4, c.p.x5 };

	for (int32_t i = 0; i < inputs; i++) {
		stride[i][0] = 1;
		c.p.x_type[i] = x_type;
	}
	c.p.step = step;
	c.p.steps = steps;
	return c;
}

static double relu(double x)
{
	return x < 0 ? 0 : x;
}

static double negative(double x)
{
	return -x;
}

static double sign(double x)
{
	return isnan(x) ? x : (x > 0) - (x < 0);
}

static double reciprocal(double x)
{
	return 1 / x;
}

static double sigmoid(double x)
{
	return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double gelu(double x)
{
	return x * 0.5 * erfc(-x / sqrt(2));
}

static double gelu_tanh(double x)
{
	return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * pow(x, 3))));
}

static double softplus(double x)
{
	return x > 40 ? x : log1p(exp(x));
}

static double is_nan(double x)
{
	return isnan(x);
}

static double is_inf(double x)
{
	return isinf(x) != 0;
}

static double same(double x)
{
	return x;
}

static const struct {
	enum rt_step_op op;
	double (*function)(double);
	double low, high;
} unary[] = { { RT_COPY, same, -9, 9 }, { RT_ABS, fabs, -9, 9 }, { RT_NEG, negative, -9, 9 }, { RT_SIGN, sign, -2, 2 },
	{ RT_FLOOR, floor, -9, 9 }, { RT_CEIL, ceil, -9, 9 }, { RT_ROUND, rint, -9, 9 }, { RT_SQRT, sqrt, -1, 9 },
	{ RT_RECIPROCAL, reciprocal, 0.1, 9 }, { RT_EXP, exp, -20, 5 }, { RT_LOG, log, 0, 9 }, { RT_SIN, sin, -9, 9 },
	{ RT_COS, cos, -9, 9 }, { RT_TAN, tan, -1.5, 1.5 }, { RT_ASIN, asin, -1, 1 }, { RT_ACOS, acos, -1, 1 },
	{ RT_ATAN, atan, -9, 9 }, { RT_SINH, sinh, -5, 5 }, { RT_COSH, cosh, -5, 5 }, { RT_ASINH, asinh, -9, 9 },
	{ RT_ACOSH, acosh, 1, 9 }, { RT_ATANH, atanh, -0.9, 0.9 }, { RT_STEP_TANH, tanh, -5, 5 },
	{ RT_STEP_SIGMOID, sigmoid, -20, 20 }, { RT_ERF, erf, -5, 5 }, { RT_STEP_RELU, relu, -9, 9 },
	{ RT_STEP_GELU, gelu, -5, 5 }, { RT_STEP_GELU_TANH, gelu_tanh, -5, 5 }, { RT_SOFTPLUS, softplus, -50, 50 },
	{ RT_IS_NAN, is_nan, -9, 9 }, { RT_IS_INF, is_inf, -9, 9 } };

/* Random values; after them infinities, NaN, both zeros and a tie of rounding. */
static void check_unary(size_t i, enum rt_type type, double tolerance)
{
	enum { N = 133, SPECIAL = 6 };
	static const double special[SPECIAL] = { INFINITY, -INFINITY, NAN, 0.0, -0.0, 2.5 };
	bool predicate = unary[i].op == RT_IS_NAN || unary[i].op == RT_IS_INF;
	void *x = random_tensor(type, N, i, unary[i].low, unary[i].high);
	struct rt_step step = { .op = unary[i].op, .type = type };
	double expected[N];

	for (size_t k = 0; k < SPECIAL; k++)
		set_element(x, type, N - SPECIAL + k, special[k]);
	for (size_t k = 0; k < N; k++)
		expected[k] = unary[i].function(element(x, type, k));
	struct map_case c = flat_case(N, 1, type, predicate ? RT_BOOL : type, &step, 1);
	c.x[0] = x;
	check_kernel(call, &c, expected, N, predicate ? RT_BOOL : type, tolerance);
	free(x);
}

START_TEST(unary_steps)
{
	check_unary((size_t)_i, RT_F32, 1e-6);
	check_unary((size_t)_i, RT_F64, 1e-14);
	check_unary((size_t)_i, RT_F16, 1e-3);
	check_unary((size_t)_i, RT_BF16, 1e-2);
}
END_TEST

/* erf's error against double, in float, densely. */
START_TEST(erf_is_accurate)
{
	enum { N = 20001 };
	struct rt_step step = { .op = RT_ERF, .type = RT_F32 };
	struct map_case c = flat_case(N, 1, RT_F32, RT_F32, &step, 1);
	float *x = random_tensor(RT_F32, N, 1, -6, 6);
	double *expected = new_doubles(N);

	c.x[0] = x;
	for (size_t i = 0; i < N; i++)
		expected[i] = erf(x[i]);
	check_kernel(call, &c, expected, N, RT_F32, 1.5e-7);
	free(x);
	free(expected);
}
END_TEST

static double python_modulo(double a, double b)
{
	return a - b * floor(a / b);
}

static double reference_binary(enum rt_step_op op, double a, double b)
{
	switch (op) {
	case RT_ADD:
		return a + b;
	case RT_SUB:
		return a - b;
	case RT_MUL:
		return a * b;
	case RT_DIV:
		return a / b;
	case RT_MOD:
		return python_modulo(a, b);
	case RT_FMOD:
		return fmod(a, b);
	case RT_POW:
		return pow(a, b);
	case RT_MIN:
		return isnan(a) || isnan(b) ? NAN : fmin(a, b);
	case RT_MAX:
		return isnan(a) || isnan(b) ? NAN : fmax(a, b);
	case RT_EQUAL:
		return a == b;
	case RT_LESS:
		return a < b;
	case RT_LESS_EQUAL:
		return a <= b;
	case RT_GREATER:
		return a > b;
	case RT_GREATER_EQUAL:
		return a >= b;
	default:
		ck_abort_msg("no reference");
		return 0;
	}
}

static void check_binary(enum rt_step_op op, enum rt_type type, double tolerance)
{
	enum { N = 150 };
	bool comparison = op >= RT_EQUAL && op <= RT_GREATER_EQUAL;
	struct rt_step step = { .op = op, .type = type, .a = 0, .b = 1 };
	struct map_case c = flat_case(N, 2, type, comparison ? RT_BOOL : type, &step, 1);
	void *a = random_tensor(type, N, 1, op == RT_POW ? 0.1 : -9, 9), *b = random_tensor(type, N, 2, 1, 3);
	double expected[N];

	set_element(a, type, 0, element(b, type, 0));
	if (op != RT_MOD && op != RT_FMOD) {
		set_element(a, type, 1, NAN);
		set_element(b, type, 2, NAN);
	}
	for (size_t i = 0; i < N; i++)
		expected[i] = reference_binary(op, element(a, type, i), element(b, type, i));
	c.x[0] = a;
	c.x[1] = b;
	check_kernel(call, &c, expected, N, comparison ? RT_BOOL : type, tolerance);
	free(a);
	free(b);
}

START_TEST(binary_steps_on_reals)
{
	static const enum rt_step_op ops[] = { RT_ADD, RT_SUB, RT_MUL, RT_DIV, RT_MOD, RT_FMOD, RT_POW, RT_MIN, RT_MAX,
		RT_EQUAL, RT_LESS, RT_LESS_EQUAL, RT_GREATER, RT_GREATER_EQUAL };

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		check_binary(ops[i], RT_F32, 3e-6);
		check_binary(ops[i], RT_F64, 1e-13);
	}
}
END_TEST

/* The integer as an element of the type. */
static void set_integer(void *p, enum rt_type type, int64_t value)
{
	int8_t narrow1 = (int8_t)value;
	int16_t narrow2 = (int16_t)value;
	int32_t narrow4 = (int32_t)value;

	switch (rt_type_size(type)) {
	case 1:
		memcpy(p, &narrow1, 1);
		break;
	case 2:
		memcpy(p, &narrow2, 2);
		break;
	case 4:
		memcpy(p, &narrow4, 4);
		break;
	default:
		memcpy(p, &value, 8);
		break;
	}
}

#define BIG  ((int64_t)(UINT64_MAX - 3)) /* 2^64 - 4 as u64 */
#define FULL (-1)

static const struct integer_row {
	enum rt_step_op op;
	enum rt_type type;
	int64_t a, b, expected;
} integers[] = {
	{ RT_ADD, RT_I8, 100, 100, -56 },
	{ RT_ADD, RT_U8, 200, 100, 44 },
	{ RT_ADD, RT_I64, INT64_MAX, 1, INT64_MIN },
	{ RT_SUB, RT_U16, 1, 2, 65535 },
	{ RT_SUB, RT_U32, 0, 1, UINT32_MAX },
	{ RT_MUL, RT_I16, 300, 300, 24464 },
	{ RT_MUL, RT_I32, 65536, 65536, 0 },
	{ RT_DIV, RT_I32, -7, 2, -3 },
	{ RT_DIV, RT_I32, 7, 0, 0 },
	{ RT_DIV, RT_I32, INT32_MIN, -1, INT32_MIN },
	{ RT_DIV, RT_I64, INT64_MIN, -1, INT64_MIN },
	{ RT_DIV, RT_U64, BIG, 2, INT64_MAX - 1 },
	{ RT_MOD, RT_I32, -7, 3, 2 },
	{ RT_MOD, RT_I32, 7, -3, -2 },
	{ RT_MOD, RT_I64, INT64_MIN, -1, 0 },
	{ RT_MOD, RT_I8, 5, 0, 0 },
	{ RT_MOD, RT_U64, BIG, 10, 2 },
	{ RT_FMOD, RT_I32, -7, 3, -1 },
	{ RT_FMOD, RT_I32, 7, -3, 1 },
	{ RT_FMOD, RT_U64, BIG, 7, 5 },
	{ RT_POW, RT_I32, -3, 5, -243 },
	{ RT_POW, RT_I64, 3, 39, INT64_C(4052555153018976267) },
	{ RT_POW, RT_I64, 2, -1, 0 },
	{ RT_POW, RT_I64, -1, -3, -1 },
	{ RT_POW, RT_I64, 0, 0, 1 },
	{ RT_POW, RT_U8, 2, 9, 0 },
	{ RT_MIN, RT_I64, -1, 1, -1 },
	{ RT_MIN, RT_U64, FULL, 1, 1 },
	{ RT_MAX, RT_I8, -128, 127, 127 },
	{ RT_MAX, RT_U64, FULL, 1, FULL },
	{ RT_BIT_AND, RT_U8, 0xf0, 0x3c, 0x30 },
	{ RT_BIT_OR, RT_U8, 0xf0, 0x3c, 0xfc },
	{ RT_BIT_XOR, RT_I32, -1, 5, -6 },
	{ RT_BIT_NOT, RT_U8, 0x0f, 0, 0xf0 },
	{ RT_BIT_NOT, RT_I32, 5, 0, -6 },
	{ RT_SHIFT_LEFT, RT_U8, 0x81, 1, 2 },
	{ RT_SHIFT_LEFT, RT_U64, 1, 63, INT64_MIN },
	{ RT_SHIFT_LEFT, RT_U64, 1, 64, 0 },
	{ RT_SHIFT_RIGHT, RT_U64, FULL, 63, 1 },
	{ RT_SHIFT_RIGHT, RT_U32, UINT32_MAX, 31, 1 },
	{ RT_SHIFT_RIGHT, RT_I32, -8, 1, -4 },
	{ RT_SHIFT_RIGHT, RT_U64, FULL, 64, 0 },
	{ RT_ABS, RT_I8, -128, 0, -128 },
	{ RT_ABS, RT_I64, -5, 0, 5 },
	{ RT_NEG, RT_I32, 5, 0, -5 },
	{ RT_NEG, RT_I64, INT64_MIN, 0, INT64_MIN },
	{ RT_SIGN, RT_I32, -9, 0, -1 },
	{ RT_SIGN, RT_U64, FULL, 0, 1 },
	{ RT_STEP_RELU, RT_I32, -9, 0, 0 },
	{ RT_STEP_RELU, RT_U64, FULL, 0, FULL },
	{ RT_NOT, RT_BOOL, 1, 0, 0 },
	{ RT_AND, RT_BOOL, 1, 0, 0 },
	{ RT_OR, RT_BOOL, 1, 0, 1 },
	{ RT_XOR, RT_BOOL, 1, 1, 0 },
	{ RT_EQUAL, RT_I64, INT64_MAX, INT64_MAX - 1, 0 },
	{ RT_LESS, RT_I64, -1, 1, 1 },
	{ RT_LESS, RT_U64, FULL, 1, 0 },
	{ RT_LESS_EQUAL, RT_U64, FULL, FULL, 1 },
	{ RT_GREATER, RT_U64, FULL, 1, 1 },
	{ RT_GREATER_EQUAL, RT_I8, -2, -3, 1 },
};

START_TEST(steps_on_integers)
{
	static rt_map_fn *const builds[] = KERNEL_BUILDS(map);
	const struct integer_row *row = &integers[_i];
	bool comparison = row->op >= RT_EQUAL && row->op <= RT_GREATER_EQUAL;
	enum rt_type y_type = comparison ? RT_BOOL : row->type;
	struct rt_step step = { .op = row->op, .type = row->type, .a = 0, .b = 1 };
	struct map_case c = flat_case(1, 2, row->type, y_type, &step, 1);
	struct gluec_options options = { 0 };
	struct rt_run run = { &options };
	uint64_t a = 0, b = 0, got = 0, expected = 0;

	set_integer(&a, row->type, row->a);
	set_integer(&b, row->type, row->b);
	set_integer(&expected, y_type, row->expected);
	for (int build = 0; rt_isa_names[build]; build++) {
		if (rt_select(rt_isa_names[build]) < 0)
			continue;
		builds[build](&run, &c.p, &got, &a, &b, NULL, NULL, NULL, NULL);
		ck_assert_msg(!memcmp(&got, &expected, rt_type_size(y_type)), "row %d gives %llx", _i, (unsigned long long)got);
	}
}
END_TEST

static const struct {
	enum rt_type from;
	double value;
	enum rt_type to;
	double expected;
} casts[] = {
	{ RT_F32, 2.9, RT_I32, 2 },
	{ RT_F32, -2.9, RT_I8, -2 },
	{ RT_F32, 300, RT_U8, 255 },
	{ RT_F32, -5, RT_U8, 0 },
	{ RT_F32, 1e30, RT_I64, 9223372036854775807.0 },
	{ RT_F32, -1e30, RT_I64, -9223372036854775808.0 },
	{ RT_F64, 1e30, RT_U64, 18446744073709551615.0 },
	{ RT_F64, 1.5e19, RT_U64, 1.5e19 },
	{ RT_F64, INFINITY, RT_I32, INT32_MAX },
	{ RT_F64, -INFINITY, RT_I16, INT16_MIN },
	{ RT_F32, NAN, RT_I32, 0 },
	{ RT_F32, NAN, RT_BOOL, 1 },
	{ RT_F32, 0.25, RT_BOOL, 1 },
	{ RT_F32, -0.0, RT_BOOL, 0 },
	{ RT_I32, 256, RT_BOOL, 1 },
	{ RT_I32, 300, RT_U8, 44 },
	{ RT_I32, 200, RT_I8, -56 },
	{ RT_I64, 4294967298.0, RT_I32, 2 },
	{ RT_U64, 18446744073709549568.0, RT_F32, 18446744073709551616.0 },
	{ RT_U64, 18446744073709549568.0, RT_F64, 18446744073709549568.0 },
	{ RT_I64, -5, RT_F16, -5 },
	{ RT_BOOL, 1, RT_F32, 1 },
	{ RT_F32, 65519, RT_F16, 65504 },
	{ RT_F32, 65520, RT_F16, INFINITY },
	{ RT_F32, 2049, RT_F16, 2048 },
	{ RT_F32, 2051, RT_F16, 2052 },
	{ RT_F32, 257, RT_BF16, 256 },
	{ RT_F32, 259, RT_BF16, 260 },
	{ RT_F64, 2049.0000000001, RT_F16, 2050 },
	{ RT_F64, 2050.9999999999, RT_F16, 2050 },
	{ RT_F64, 257.00000000001, RT_BF16, 258 },
	{ RT_F64, 1e300, RT_F16, INFINITY },
	{ RT_F64, 1e300, RT_F32, INFINITY },
	{ RT_F64, 16777217, RT_F32, 16777216 },
	{ RT_F16, 0.5, RT_F64, 0.5 },
	{ RT_BF16, -3, RT_I8, -3 },
};

/* By a cast and by storing what was loaded, which must agree. */
START_TEST(conversions)
{
	enum rt_type from = casts[_i].from, to = casts[_i].to;
	struct rt_step step = { .op = RT_CAST, .type = to, .from = from };
	struct map_case c = flat_case(5, 1, from, to, &step, 1);
	uint64_t x[5];
	double expected[5];

	for (size_t i = 0; i < 5; i++) {
		if (from == RT_U64)
			x[i] = (uint64_t)casts[_i].value;
		else
			set_element(x, from, i, casts[_i].value);
		expected[i] = casts[_i].expected;
	}
	c.x[0] = x;
	check_kernel(call, &c, expected, 5, to, 0);
	c.p.steps = 0;
	check_kernel(call, &c, expected, 5, to, 0);
}
END_TEST

/* (a * b) + c in f16 rounds twice. */
START_TEST(half_rounds_after_each_step)
{
	enum { N = 1000 };
	static const struct rt_step steps[] = { { .op = RT_MUL, .type = RT_F16, .a = 0, .b = 1 },
		{ .op = RT_ADD, .type = RT_F16, .a = 3, .b = 2 } };
	struct map_case c = flat_case(N, 3, RT_F16, RT_F16, steps, 2);
	double *expected = new_doubles(N);

	for (size_t i = 0; i < 3; i++)
		c.x[i] = random_tensor(RT_F16, N, i, -3, 3);
	for (size_t i = 0; i < N; i++) {
		double product = element(c.x[0], RT_F16, i) * element(c.x[1], RT_F16, i);
		float sum = float_of_half(half_of_float((float)product)) + (float)element(c.x[2], RT_F16, i);
		expected[i] = float_of_half(half_of_float(sum));
	}
	check_kernel(call, &c, expected, N, RT_F16, 0);
	for (size_t i = 0; i < 3; i++)
		free((void *)c.x[i]);
	free(expected);
}
END_TEST

/* y[j][k][i] = a[i][j][k] + b[k] - c, with b backwards: a transposed output, a broadcast, a scalar. */
START_TEST(strides)
{
	enum { I = 3, J = 7, K = 41 };
	static const struct rt_step steps[] = { { .op = RT_ADD, .type = RT_F32, .a = 0, .b = 1 },
		{ .op = RT_SUB, .type = RT_F32, .a = 3, .b = 2 } };
	struct map_case c = { .p = { .rank = 3, .dim = { I, J, K }, .y = { 1, K * I, I }, .x0 = { J * K, K, 1 },
							  .x1 = { 0, 0, -1 }, .inputs = 3, .x_type = { RT_F32, RT_F32, RT_F32 }, .y_type = RT_F32,
							  .steps = 2, .step = steps } };
	float *a = random_tensor(RT_F32, I * J * K, 1, -1, 1), *b = random_tensor(RT_F32, K, 2, -1, 1), scalar = 0.25f;
	double expected[I * J * K];

	for (size_t i = 0; i < I; i++)
		for (size_t j = 0; j < J; j++)
			for (size_t k = 0; k < K; k++)
				expected[(j * K + k) * I + i] = a[(i * J + j) * K + k] + b[K - 1 - k] - scalar;
	c.x[0] = a;
	c.x[1] = b + K - 1;
	c.x[2] = &scalar;
	check_kernel(call, &c, expected, I * J * K, RT_F32, 1e-6);
	free(a);
	free(b);
}
END_TEST

/* More than one unit of work; in place; a constant, a comparison and a choice: y = x > 0.5 ? x : -2. */
START_TEST(long_and_in_place)
{
	enum { N = 40001 };
	static const struct rt_step steps[] = { { .op = RT_CONST, .type = RT_F32, .real = 0.5 },
		{ .op = RT_GREATER, .type = RT_F32, .a = 0, .b = 1 }, { .op = RT_CONST, .type = RT_F32, .real = -2 },
		{ .op = RT_WHERE, .type = RT_F32, .a = 2, .b = 0, .c = 3 } };
	struct map_case c = flat_case(N, 1, RT_F32, RT_F32, steps, 4);
	float *x = random_tensor(RT_F32, N, 3, 0, 1);
	double *expected = new_doubles(N);

	for (size_t i = 0; i < N; i++)
		expected[i] = x[i] > 0.5f ? x[i] : -2;
	c.x[0] = x;
	check_kernel(call, &c, expected, N, RT_F32, 0);
	c.in_place = N * sizeof *x;
	check_kernel(call, &c, expected, N, RT_F32, 0);
	free(x);
	free(expected);
}
END_TEST

/* In place over another type of the same size: int32 becomes float. */
START_TEST(in_place_across_types)
{
	enum { N = 301 };
	static const struct rt_step steps[] = { { .op = RT_CAST, .type = RT_F32, .from = RT_I32 },
		{ .op = RT_STEP_RELU, .type = RT_F32, .a = 1 } };
	struct map_case c = flat_case(N, 1, RT_I32, RT_F32, steps, 2);
	int32_t *x = random_tensor(RT_I32, N, 3, -100, 100);
	double expected[N];

	for (size_t i = 0; i < N; i++)
		expected[i] = x[i] < 0 ? 0 : x[i];
	c.x[0] = x;
	c.in_place = sizeof expected / 2;
	check_kernel(call, &c, expected, N, RT_F32, 0);
	free(x);
}
END_TEST

/* Constants of every domain, no input, and nothing at all to do. */
START_TEST(constants_alone)
{
	static const struct rt_step step[] = { { .op = RT_CONST, .type = RT_F16, .real = 2049 },
		{ .op = RT_CONST, .type = RT_I8, .integer = 200 }, { .op = RT_CONST, .type = RT_F64, .real = 0.1 } };
	double expected[300];

	for (size_t k = 0; k < 3; k++) {
		struct map_case c = flat_case(300, 0, RT_NOTYPE, step[k].type, &step[k], 1);
		for (size_t i = 0; i < 300; i++)
			expected[i] = (double[]){ 2048, -56, 0.1 }[k];
		check_kernel(call, &c, expected, 300, step[k].type, 0);
		c.p.dim[0] = 0;
		check_kernel(call, &c, expected, 0, step[k].type, 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("map");
	TCase *t = tcase_create("map");

	tcase_add_loop_test(t, unary_steps, 0, sizeof unary / sizeof *unary);
	tcase_add_test(t, erf_is_accurate);
	tcase_add_test(t, binary_steps_on_reals);
	tcase_add_loop_test(t, steps_on_integers, 0, sizeof integers / sizeof *integers);
	tcase_add_loop_test(t, conversions, 0, sizeof casts / sizeof *casts);
	tcase_add_test(t, half_rounds_after_each_step);
	tcase_add_test(t, strides);
	tcase_add_test(t, long_and_in_place);
	tcase_add_test(t, in_place_across_types);
	tcase_add_test(t, constants_alone);
	suite_add_tcase(s, t);
	return s;
}
