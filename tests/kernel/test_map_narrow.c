/* map: floats rounded to 8 bits and used as floats again, against the conversions of narrow.h: floats of every exponent
 * and sign, with the mantissas at which rounding is decided. */
#include "map_case.h"

enum { MANTISSAS = 64, N = 2 * 256 * MANTISSAS - 3 };

/* The first bits run through all, and the last are none, few or all, around the ties. */
static float number(int i)
{
	static const uint32_t last[] = { 0, 1, 0x7ffff, 0x3ffff };
	uint32_t exponent = (uint32_t)i / (2 * MANTISSAS), sign = (uint32_t)i / MANTISSAS % 2,
			 rest = (uint32_t)i % MANTISSAS;

	return float_of_bits(sign << 31 | exponent << 23 | (rest / 4) << 19 | last[rest % 4]);
}

START_TEST(rounded)
{
	static const enum rt_type types[] = { RT_F8E4M3FN, RT_F8E4M3FNUZ, RT_F8E5M2, RT_F8E5M2FNUZ };
	enum rt_type type = types[_i];
	const struct rt_step steps[] = {
		{ .op = RT_CAST, .type = type, .from = RT_F32, .a = 0 },
		{ .op = RT_CAST, .type = RT_F32, .from = type, .a = 1 },
	};
	float *x = malloc(N * sizeof *x);
	double *expected = malloc(N * sizeof *expected);

	for (int i = 0; i < N; i++) {
		x[i] = number(i);
		expected[i] = (double)float_of_narrow(narrow_of_float(x[i], type), type);
	}
	struct map_case c = flat_case(N, 1, RT_F32, RT_F32, steps, 2);
	c.x[0] = x;
	check_kernel(call_map, &c, expected, N, RT_F32, 0);
	free(x);
	free(expected);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("map narrow");
	TCase *t = tcase_create("map narrow");

	tcase_add_loop_test(t, rounded, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
