/* map: programs that end in QuantizeLinear, which are stored as bytes by a path of their own, against its definition in
 * the order of ONNX. */
#include "map_case.h"

enum { TWICE, SCALE, DIV, ROUND, ZERO, ADD, LOW, MAX, HIGH, MIN, CAST, STEPS };

/* What differs: the type, the zero point, what is left out, and what the path must leave to the steps. */
static const struct form {
	enum rt_type type;
	double scale, zero, high;
} forms[] = {
	{ RT_U8, 0.0371, 0, 255 },
	{ RT_U8, 0.0371, 129, 255 },
	{ RT_U8, 0.5, 255, 255 },
	{ RT_I8, 0.0371, 0, 127 },
	{ RT_I8, 0.25, -128, 127 },
	{ RT_I8, 1e-30, 3, 127 },
	{ RT_U8, 0, 7, 255 },
	{ RT_U8, 0.0371, 1.5, 255 },
	{ RT_U8, 0.0371, 300, 255 },
	{ RT_U8, 0.0371, 9, 15 },
};

/* saturate(round(2 x / scale) + zero): 2 x so that the end of the program reads what a step before it makes. */
static double quantized(const struct form *how, float x)
{
	const float low = how->type == RT_U8 ? 0 : -128;
	float y = rintf(x * 2 / (float)how->scale) + (float)how->zero;

	return isnan(y) ? 0 : truncf(fminf(fmaxf(y, low), (float)how->high));
}

static void fill_steps(struct rt_step *s, const struct form *how)
{
	const struct rt_step all[STEPS] = {
		[TWICE] = { .op = RT_ADD, .type = RT_F32 },
		[SCALE] = { .op = RT_CONST, .type = RT_F32, .real = how->scale },
		[DIV] = { .op = RT_DIV, .type = RT_F32, .a = 1 + TWICE, .b = 1 + SCALE },
		[ROUND] = { .op = RT_ROUND, .type = RT_F32, .a = 1 + DIV },
		[ZERO] = { .op = RT_CONST, .type = RT_F32, .real = how->zero },
		[ADD] = { .op = RT_ADD, .type = RT_F32, .a = 1 + ROUND, .b = 1 + ZERO },
		[LOW] = { .op = RT_CONST, .type = RT_F32, .real = how->type == RT_U8 ? 0 : -128 },
		[MAX] = { .op = RT_MAX, .type = RT_F32, .a = 1 + ADD, .b = 1 + LOW },
		[HIGH] = { .op = RT_CONST, .type = RT_F32, .real = how->high },
		[MIN] = { .op = RT_MIN, .type = RT_F32, .a = 1 + MAX, .b = 1 + HIGH },
		[CAST] = { .op = RT_CAST, .type = how->type, .from = RT_F32, .a = 1 + MIN },
	};

	memcpy(s, all, sizeof all);
}

/* Ties, what the type cannot hold, and in some chunks what is no number. */
static float *new_input(size_t n, double scale)
{
	static const float special[] = { INFINITY, -INFINITY, NAN, -0.0f, 3e38f, -1e30f, 1e-40f };
	float *x = random_tensor(RT_F32, n, 5, -8, 8);

	for (size_t i = 0; i < n; i += 3)
		x[i] = (float)((double)(i % 601) * 0.25 - 70) * (float)scale;
	for (size_t i = 0; n > 600 && i < sizeof special / sizeof *special; i++)
		x[n / 2 + i] = special[i];
	return x;
}

static void check_form(const struct form *how, size_t n)
{
	struct rt_step steps[STEPS];
	struct map_case c = flat_case((int32_t)n, 1, RT_F32, how->type, steps, STEPS);
	double *expected = new_doubles(n);
	float *x = new_input(n, how->scale);

	fill_steps(steps, how);
	c.x[0] = x;
	for (size_t i = 0; i < n; i++)
		expected[i] = quantized(how, x[i]);
	check_kernel(call_map, &c, expected, n, how->type, 0);
	free(expected);
	free(x);
}

START_TEST(quantizers)
{
	static const size_t sizes[] = { 1, 7, 128, 133, 2000, 40000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_form(&forms[_i], sizes[i]);
}
END_TEST

/* Rows whose elements are not neighbours in the output, and rows shorter than what is stored at once. */
START_TEST(strided)
{
	enum { ROWS = 30, COLUMNS = 20 };
	struct rt_step steps[STEPS];
	double expected[ROWS * COLUMNS];
	float *x = new_input(ROWS * COLUMNS, forms[1].scale);

	fill_steps(steps, &forms[1]);
	for (int transposed = 0; transposed < 2; transposed++) {
		struct map_case c = { .p = { .rank = 2,
								  .dim = { ROWS, COLUMNS },
								  .y = { transposed ? 1 : COLUMNS, transposed ? ROWS : 1 },
								  .x0 = { COLUMNS, 1 },
								  .inputs = 1,
								  .x_type = { RT_F32 },
								  .y_type = RT_U8,
								  .steps = STEPS,
								  .step = steps },
			.x = { x } };
		for (int i = 0; i < ROWS * COLUMNS; i++)
			expected[transposed ? i % COLUMNS * ROWS + i / COLUMNS : i] = quantized(&forms[1], x[i]);
		check_kernel(call_map, &c, expected, ROWS * COLUMNS, RT_U8, 0);
	}
	free(x);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("map_bytes");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, quantizers, 0, sizeof forms / sizeof *forms);
	tcase_add_test(tc, strided);
	suite_add_tcase(s, tc);
	return s;
}
