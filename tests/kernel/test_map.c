/* map: every step on real numbers against libm, strides, rounding, in place. Integers: test_map_types.c. */
#include "map_case.h"

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
	check_kernel(call_map, &c, expected, N, predicate ? RT_BOOL : type, tolerance);
	free(x);
}

START_TEST(unary_steps)
{
	for (size_t i = 0; i < sizeof unary / sizeof *unary; i++) {
		check_unary(i, RT_F32, 1e-6);
		check_unary(i, RT_F64, 1e-14);
		check_unary(i, RT_F16, 1e-3);
		check_unary(i, RT_BF16, 1e-2);
	}
}
END_TEST

/* erf's error against double, in float, densely. */
START_TEST(erf_is_accurate)
{
	enum { N = 9001 };
	struct rt_step step = { .op = RT_ERF, .type = RT_F32 };
	struct map_case c = flat_case(N, 1, RT_F32, RT_F32, &step, 1);
	float *x = random_tensor(RT_F32, N, 1, -6, 6);
	double *expected = new_doubles(N);

	c.x[0] = x;
	for (size_t i = 0; i < N; i++)
		expected[i] = erf(x[i]);
	check_kernel(call_map, &c, expected, N, RT_F32, 1.5e-7);
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
	check_kernel(call_map, &c, expected, N, comparison ? RT_BOOL : type, tolerance);
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
	check_kernel(call_map, &c, expected, N, RT_F16, 0);
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
	struct map_case c = { .p = { .rank = 3,
							  .dim = { I, J, K },
							  .y = { 1, K * I, I },
							  .x0 = { J * K, K, 1 },
							  .x1 = { 0, 0, -1 },
							  .inputs = 3,
							  .x_type = { RT_F32, RT_F32, RT_F32 },
							  .y_type = RT_F32,
							  .steps = 2,
							  .step = steps } };
	float *a = random_tensor(RT_F32, I * J * K, 1, -1, 1), *b = random_tensor(RT_F32, K, 2, -1, 1), scalar = 0.25f;
	double expected[I * J * K];

	for (size_t i = 0; i < I; i++)
		for (size_t j = 0; j < J; j++)
			for (size_t k = 0; k < K; k++)
				expected[(j * K + k) * I + i] = a[(i * J + j) * K + k] + b[K - 1 - k] - scalar;
	c.x[0] = a;
	c.x[1] = b + K - 1;
	c.x[2] = &scalar;
	check_kernel(call_map, &c, expected, I * J * K, RT_F32, 1e-6);
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
	check_kernel(call_map, &c, expected, N, RT_F32, 0);
	c.in_place = N * sizeof *x;
	check_kernel(call_map, &c, expected, N, RT_F32, 0);
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
	check_kernel(call_map, &c, expected, N, RT_F32, 0);
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
		check_kernel(call_map, &c, expected, 300, step[k].type, 0);
		c.p.dim[0] = 0;
		check_kernel(call_map, &c, expected, 0, step[k].type, 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("map");
	TCase *t = tcase_create("map");

	tcase_add_test(t, unary_steps);
	tcase_add_test(t, erf_is_accurate);
	tcase_add_test(t, binary_steps_on_reals);
	tcase_add_test(t, half_rounds_after_each_step);
	tcase_add_test(t, strides);
	tcase_add_test(t, long_and_in_place);
	tcase_add_test(t, in_place_across_types);
	tcase_add_test(t, constants_alone);
	suite_add_tcase(s, t);
	return s;
}
