/* Element-wise operators: every row of the table against the C library, broadcasting, types, and what is refused. */
#include "op_test.h"
#include <string.h>

enum { N = 7 };

/* Operators of one float and their definitions. */
static double selu(double x)
{
	return 1.05070102214813232421875 * (x < 0 ? 1.67326319217681884765625 * (exp(x) - 1) : x);
}
static double hard_sigmoid(double x)
{
	return fmax(0, fmin(1, 0.2 * x + 0.5));
}
static double gelu(double x)
{
	return 0.5 * x * (1 + erf(x / sqrt(2)));
}
static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}
static double elu(double x)
{
	return x < 0 ? exp(x) - 1 : x;
}
static double leaky_relu(double x)
{
	return x < 0 ? 0.01 * x : x;
}
static double relu(double x)
{
	return x < 0 ? 0 : x;
}
static double softplus(double x)
{
	return log(1 + exp(x));
}
static double mish(double x)
{
	return x * tanh(softplus(x));
}
static double softsign(double x)
{
	return x / (1 + fabs(x));
}
static double hard_swish(double x)
{
	return x * fmax(0, fmin(1, x / 6 + 0.5));
}
static double thresholded(double x)
{
	return x > 1 ? x : 0;
}
static double swish(double x)
{
	return x * sigmoid(x);
}
static double shrink(double x)
{
	return x < -0.5 || x > 0.5 ? x : 0;
}
static double sign(double x)
{
	return x > 0 ? 1 : x < 0 ? -1 : 0;
}
static double reciprocal(double x)
{
	return 1 / x;
}
static double negative(double x)
{
	return -x;
}
static double identity(double x)
{
	return x;
}

static const struct {
	const char *name;
	double (*f)(double x);
} unary[] = { { "Abs", fabs }, { "Neg", negative }, { "Sign", sign }, { "Floor", floor }, { "Ceil", ceil },
	{ "Round", rint }, { "Sqrt", sqrt }, { "Reciprocal", reciprocal }, { "Exp", exp }, { "Log", log }, { "Sin", sin },
	{ "Cos", cos }, { "Tan", tan }, { "Asin", asin }, { "Acos", acos }, { "Atan", atan }, { "Sinh", sinh },
	{ "Cosh", cosh }, { "Asinh", asinh }, { "Acosh", acosh }, { "Atanh", atanh }, { "Tanh", tanh },
	{ "Sigmoid", sigmoid }, { "Erf", erf }, { "Relu", relu }, { "Softplus", softplus }, { "Gelu", gelu },
	{ "LeakyRelu", leaky_relu }, { "Elu", elu }, { "Selu", selu }, { "Celu", elu }, { "HardSigmoid", hard_sigmoid },
	{ "HardSwish", hard_swish }, { "Swish", swish }, { "Mish", mish }, { "Softsign", softsign },
	{ "ThresholdedRelu", thresholded }, { "Shrink", shrink }, { "Clip", identity }, { "Max", identity },
	{ "Min", identity }, { "Sum", identity }, { "Mean", identity } };

static void run_unary(int i, const char *shape, double tolerance)
{
	static const double x[N] = { -1.5, -0.7, -0.2, 0.3, 0.5, 1, 2.5 };
	double y[N];
	struct op_test t = op_begin(24);

	op_output(&t, op_node(&t, "", unary[i].name, 1, 1, op_input(&t, shape, x)));
	for (int k = 0; k < N; k++)
		y[k] = unary[i].f(x[k]);
	op_run(&t);
	op_expect(&t, 0, shape, tolerance, y);
	op_end(&t);
}

START_TEST(unary_operators)
{
	run_unary(_i, "f32[7]", 2e-6);
	run_unary(_i, "f64[7]", 1e-6);
}
END_TEST

/* Two inputs of one element each, so that every case is a line. */
static void check_binary(const char *type, const char *shape, double a, double b, const char *result, double y)
{
	struct op_test t = op_begin(20);

	op_output(&t, op_node(&t, "", type, 1, 2, op_input(&t, shape, &a), op_input(&t, shape, &b)));
	op_run(&t);
	op_expect(&t, 0, result, 1e-6, &y);
	op_end(&t);
}

START_TEST(binary_operators)
{
	check_binary("Add", "f32[1]", 2, 3, "f32[1]", 5);
	check_binary("Sub", "i64[1]", 2, 3, "i64[1]", -1);
	check_binary("Sub", "u8[1]", 2, 3, "u8[1]", 255);
	check_binary("Mul", "i8[1]", 100, 2, "i8[1]", -56);
	check_binary("Div", "i32[1]", -7, 2, "i32[1]", -3);
	check_binary("Div", "i64[1]", 7, 0, "i64[1]", 0);
	check_binary("Mod", "i64[1]", -7, 3, "i64[1]", 2);
	check_binary("Pow", "f32[1]", 2, -2, "f32[1]", 0.25);
	check_binary("Max", "f64[1]", 2, 3, "f64[1]", 3);
	check_binary("Min", "i32[1]", 2, 3, "i32[1]", 2);
	check_binary("Sum", "f32[1]", 2, 3, "f32[1]", 5);
	check_binary("Mean", "f32[1]", 2, 3, "f32[1]", 2.5);
	check_binary("PRelu", "f32[1]", -2, 3, "f32[1]", -6);
	check_binary("Equal", "i64[1]", 3, 3, "bool[1]", 1);
	check_binary("Less", "f32[1]", 3, 3, "bool[1]", 0);
	check_binary("LessOrEqual", "f32[1]", 3, 3, "bool[1]", 1);
	check_binary("Greater", "u64[1]", 4, 3, "bool[1]", 1);
	check_binary("GreaterOrEqual", "i8[1]", -4, 3, "bool[1]", 0);
	check_binary("And", "bool[1]", 1, 0, "bool[1]", 0);
	check_binary("Or", "bool[1]", 1, 0, "bool[1]", 1);
	check_binary("Xor", "bool[1]", 1, 1, "bool[1]", 0);
	check_binary("BitwiseAnd", "u8[1]", 12, 10, "u8[1]", 8);
	check_binary("BitwiseOr", "i32[1]", 12, 10, "i32[1]", 14);
	check_binary("BitwiseXor", "i64[1]", 12, 10, "i64[1]", 6);
}
END_TEST

/* The result of a node with one attribute on one number. */
static void check_attribute(
	const char *type, const char *shape, const char *attribute, double value, double x, const char *result, double y)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", type, 1, 1, op_input(&t, shape, &x));

	if (value == rint(value) && strcmp(attribute, "alpha"))
		set_attribute_int(t.c, n, attribute, (int64_t)value);
	else
		set_attribute_float(t.c, n, attribute, value);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, result, 1e-6, &y);
	op_end(&t);
}

START_TEST(attributes)
{
	check_attribute("LeakyRelu", "f32[1]", "alpha", 0.5, -3, "f32[1]", -1.5);
	check_attribute("Elu", "f32[1]", "alpha", 2, -1, "f32[1]", 2 * (exp(-1) - 1));
	check_attribute("Cast", "f32[1]", "to", RT_I64, -2.9, "i64[1]", -2);
	check_attribute("Cast", "i64[1]", "to", RT_F16, 3, "f16[1]", 3);
	check_attribute("Cast", "f32[1]", "to", RT_BOOL, 0.25, "bool[1]", 1);
	check_attribute("Cast", "bool[1]", "to", RT_F32, 1, "f32[1]", 1);
	check_attribute("IsInf", "f32[1]", "detect_negative", 0, -INFINITY, "bool[1]", 0);
	check_attribute("IsInf", "f32[1]", "detect_negative", 0, INFINITY, "bool[1]", 1);
	check_attribute("IsInf", "f32[1]", "detect_positive", 0, -INFINITY, "bool[1]", 1);
	check_attribute("ThresholdedRelu", "f32[1]", "alpha", 2, 1.5, "f32[1]", 0);
}
END_TEST

START_TEST(broadcasting)
{
	struct op_test t = op_begin(20);
	struct value *a = op_input(&t, "f32[2,1,3]", LIST(1, 2, 3, 4, 5, 6)), *b = op_input(&t, "f32[2,1]", LIST(10, 20));

	op_output(&t, op_node(&t, "", "Add", 1, 2, a, b));
	op_output(&t, op_node(&t, "", "Where", 1, 3, op_input(&t, "bool[2,1,1]", LIST(1, 0)), a, op_shuffled(&t, a)));
	op_run(&t);
	op_expect(&t, 0, "f32[2,2,3]", 0, LIST(11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26));
	op_expect(&t, 1, "f32[2,1,3]", 0, LIST(1, 2, 3, 4, 5, 6));
	op_end(&t);
}
END_TEST

START_TEST(mixed_types)
{
	struct op_test t = op_begin(20);
	struct value *i = op_input(&t, "i32[2]", LIST(2, 3)), *x = op_input(&t, "f32[2]", LIST(2, 0.5));

	op_output(&t, op_node(&t, "", "Pow", 1, 2, i, op_constant(&t, "f32[]", LIST(2))));
	op_output(&t, op_node(&t, "", "Pow", 1, 2, x, i));
	op_output(&t, op_node(&t, "", "CastLike", 1, 2, x, i));
	op_output(&t, op_node(&t, "com.microsoft", "BiasGelu", 1, 2, x, op_constant(&t, "f32[2]", LIST(1, -1))));
	op_run(&t);
	op_expect(&t, 0, "i32[2]", 0, LIST(4, 9));
	op_expect(&t, 1, "f32[2]", 1e-6, LIST(4, 0.125));
	op_expect(&t, 2, "i32[2]", 0, LIST(2, 0));
	op_expect(&t, 3, "f32[2]", 1e-6, (const double[]){ gelu(3), gelu(-0.5) });
	op_end(&t);
}
END_TEST

/* More operands than one call reads, of shapes that broadcast: 1 + 2 + ... + 14 and the like. */
static void check_many(const char *operator, const char * type, int calls, double y)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", operator, 1, 0);
	double row[3];

	n->n_in = 14;
	n->in = NEW(t.c, struct value *, 14);
	for (int i = 0; i < 14; i++) {
		double x[] = { i + 1, i + 1, i + 1 };
		n->in[i] = op_input(&t, arena_text(t.c, i == 9 ? "%s[3]" : "%s[1]", type), x);
	}
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 3; i++)
		row[i] = y;
	op_expect(&t, 0, arena_text(t.c, "%s[3]", type), 1e-3, row);
	ck_assert_int_eq(op_calls(&t, "map"), calls);
	op_end(&t);
}

START_TEST(many_operands)
{
	check_many("Sum", "f32", 3, 105);
	check_many("Sum", "f16", 3, 105);
	check_many("Mean", "f32", 4, 7.5);
	check_many("Mean", "bf16", 4, 7.5);
	check_many("Max", "i32", 3, 14);
	check_many("Min", "f64", 3, 1);
}
END_TEST

START_TEST(clip_bounds)
{
	const double x[3] = { -5, 1, 5 };
	struct op_test t = op_begin(20);
	struct value *v = op_input(&t, "f32[3]", x), *low = op_constant(&t, "f32[]", LIST(-1));

	op_output(&t, op_node(&t, "", "Clip", 1, 3, v, low, NULL));
	op_output(&t, op_node(&t, "", "Clip", 1, 3, v, NULL, op_input(&t, "f32[]", LIST(2))));
	op_run(&t);
	op_expect(&t, 0, "f32[3]", 0, LIST(-1, 1, 5));
	op_expect(&t, 1, "f32[3]", 0, LIST(-5, 1, 2));
	op_end(&t);
	t = op_begin(10);
	struct node *n = op_node(&t, "", "Clip", 1, 1, op_input(&t, "f32[3]", x));
	set_attribute_float(t.c, n, "min", 0);
	set_attribute_float(t.c, n, "max", 3);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "f32[3]", 0, LIST(0, 1, 3));
	op_end(&t);
}
END_TEST

START_TEST(empty_tensors)
{
	struct op_test t = op_begin(20);
	struct value *a = op_input(&t, "f32[0,3]", NULL);

	op_output(&t, op_node(&t, "", "Add", 1, 2, a, op_input(&t, "f32[3]", NULL)));
	op_run(&t);
	op_expect(&t, 0, "f32[0,3]", 0, NULL);
	op_end(&t);
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "Add", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "Add", "[2,3]", "[2]", "do not broadcast");
	t = op_begin(20);
	op_node(&t, "", "Mul", 1, 2, op_input(&t, "f32[2]", NULL), op_input(&t, "i64[2]", NULL));
	EXPECT_ERROR(&t, "Mul", "f32[2]", "i64[2]", "Cast");
	t = op_begin(20);
	op_node(&t, "", "Exp", 1, 1, op_input(&t, "i64[2]", NULL));
	EXPECT_ERROR(&t, "Exp", "i64[2]", "float");
	t = op_begin(20);
	op_node(&t, "", "Add", 1, 1, op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "1 inputs", "2 to 2");
	t = op_begin(20);
	op_node(&t, "", "Add", 1, 2, op_input(&t, "f32[2]", NULL), NULL);
	EXPECT_ERROR(&t, "Add", "1");
	t = op_begin(20);
	op_node(&t, "", "Mod", 1, 2, op_input(&t, "f32[2]", NULL), op_input(&t, "f32[2]", NULL));
	EXPECT_ERROR(&t, "Mod", "fmod");
	t = op_begin(20);
	set_attribute_int(t.c, op_node(&t, "", "Cast", 1, 1, op_input(&t, "f32[2]", NULL)), "to", 8);
	EXPECT_ERROR(&t, "Cast", "type 8");
	t = op_begin(20);
	op_node(&t, "", "Mul", 1, 2, op_input(&t, "f32[65536,1]", NULL), op_constant(&t, "f32[1,65536]", NULL));
	EXPECT_ERROR(&t, "Mul", "elements");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("elementwise");
	TCase *tc = tcase_create("elementwise");

	tcase_add_loop_test(tc, unary_operators, 0, sizeof unary / sizeof *unary);
	tcase_add_test(tc, binary_operators);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, broadcasting);
	tcase_add_test(tc, mixed_types);
	tcase_add_test(tc, many_operands);
	tcase_add_test(tc, clip_bounds);
	tcase_add_test(tc, empty_tensors);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
