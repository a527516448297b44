/* map: steps on integers of every type, and every conversion, against tables. */
#include "map_case.h"

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

static void check_integers(const struct integer_row *row)
{
	static rt_map_fn *const builds[] = KERNEL_BUILDS(map);
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
		if (!level_is_tested(rt_isa_names[build]))
			continue;
		builds[build](&run, &c.p, &got, &a, &b, NULL, NULL, NULL, NULL);
		ck_assert_msg(!memcmp(&got, &expected, rt_type_size(y_type)), "row %td gives %llx", row - integers,
			(unsigned long long)got);
	}
}

START_TEST(steps_on_integers)
{
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
		check_integers(&integers[i]);
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
	{ RT_F32, 0.47, RT_F8E4M3FN, 0.46875 },
	{ RT_F32, 465, RT_F8E4M3FN, NAN },
	{ RT_F16, 240, RT_F8E4M3FNUZ, 240 },
	{ RT_F64, 1.1250000000001, RT_F8E5M2, 1.25 },
	{ RT_F32, -1e6, RT_F8E5M2, -INFINITY },
	{ RT_F32, 1e6, RT_F8E5M2FNUZ, NAN },
	{ RT_F32, 1e6, RT_F4E2M1, 6 },
	{ RT_F32, -2.5, RT_F4E2M1, -2 },
	{ RT_F32, 3, RT_F8E8M0, 2 },
	{ RT_F8E8M0, 0.25, RT_F16, 0.25 },
	{ RT_F8E5M2, -1.75, RT_I32, -1 },
	{ RT_F4E2M1, 1.5, RT_F64, 1.5 },
	{ RT_F32, -9, RT_I4, 7 },
	{ RT_F32, 9.9, RT_I4, -7 },
	{ RT_F32, -1, RT_U4, 15 },
	{ RT_I64, 5, RT_I2, 1 },
	{ RT_I32, 2, RT_I2, -2 },
	{ RT_F32, 7, RT_U2, 3 },
	{ RT_I4, -8, RT_F32, -8 },
	{ RT_U4, 15, RT_I8, 15 },
};

/* By a cast and by storing what was loaded, which must agree. */
static void check_cast(size_t row)
{
	enum rt_type from = casts[row].from, to = casts[row].to;
	struct rt_step step = { .op = RT_CAST, .type = to, .from = from };
	struct map_case c = flat_case(5, 1, from, to, &step, 1);
	uint64_t x[5];
	double expected[5];

	for (size_t i = 0; i < 5; i++) {
		if (from == RT_U64)
			x[i] = (uint64_t)casts[row].value;
		else
			set_element(x, from, i, casts[row].value);
		expected[i] = casts[row].expected;
	}
	c.x[0] = x;
	check_kernel(call_map, &c, expected, 5, to, 0);
	c.p.steps = 0;
	check_kernel(call_map, &c, expected, 5, to, 0);
}

START_TEST(conversions)
{
	for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
		check_cast(i);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("map_types");
	TCase *t = tcase_create("map_types");

	tcase_add_test(t, steps_on_integers);
	tcase_add_test(t, conversions);
	suite_add_tcase(s, t);
	return s;
}
