/* Reading constants of any type. */
#include "base/attempt.h"
#include "half.h"
#include "pass_test.h"
#include <string.h>

static const enum rt_type all_types[] = { RT_F32, RT_F64, RT_F16, RT_BF16, RT_I8, RT_I16, RT_I32, RT_I64, RT_U8, RT_U16,
	RT_U32, RT_U64 };

START_TEST(every_type)
{
	struct op_test t = pass_begin();

	for (size_t i = 0; i < sizeof all_types / sizeof *all_types; i++) {
		bool is_signed = type_name(all_types[i])[0] != 'u';
		const struct value *v =
			op_constant(&t, arena_text(t.c, "%s[2]", type_name(all_types[i])), LIST(is_signed ? -3 : 3, 100));
		ck_assert(constant_real(v, 0) == (is_signed ? -3 : 3) && constant_real(v, 1) == 100);
		ck_assert_int_eq(constant_int(v, 0), is_signed ? -3 : 3);
		ck_assert_int_eq(constant_int(v, 1), 100);
		const float *f = constant_floats(t.c, v);
		ck_assert(f[0] == (is_signed ? -3 : 3) && f[1] == 100);
	}
	const struct value *v = op_constant(&t, "bool[2]", LIST(0, 1));
	ck_assert(constant_int(v, 0) == 0 && constant_int(v, 1) == 1 && constant_real(v, 1) == 1);
	op_end(&t);
}
END_TEST

/* Extremes stay what they are; floats that no integer stands for are 0 as integers. */
START_TEST(extremes)
{
	static const int64_t wide[] = { INT64_MIN, INT64_MAX };
	static const uint64_t unsigned_wide[] = { UINT64_MAX };
	static const uint32_t word[] = { UINT32_MAX };
	static const double real[] = { NAN, INFINITY, -INFINITY, 1e19, -2.9 };
	const int64_t n = 2;
	struct op_test t = pass_begin();
	struct value *v = value_constant(t.c, "v", RT_I64, 1, &n, wide);

	ck_assert(constant_int(v, 0) == INT64_MIN && constant_int(v, 1) == INT64_MAX);
	v = value_constant(t.c, "v", RT_U64, 1, &n, unsigned_wide);
	ck_assert(constant_real(v, 0) == 18446744073709551616.0);
	v = value_constant(t.c, "v", RT_U32, 1, &n, word);
	ck_assert_int_eq(constant_int(v, 0), UINT32_MAX);
	v = value_constant(t.c, "v", RT_F64, 1, &n, real);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(constant_int(v, i), 0);
	ck_assert_int_eq(constant_int(v, 4), -2);
	op_end(&t);
}
END_TEST

START_TEST(scalars)
{
	struct op_test t = pass_begin();
	double x = 7;

	ck_assert(constant_scalar(value_float(t.c, "f", 0.25f), &x) && x == 0.25);
	ck_assert(constant_scalar(value_int(t.c, "i", -5), &x) && x == -5);
	ck_assert(constant_scalar(op_constant(&t, "f32[1,1,1]", LIST(3)), &x) && x == 3);
	ck_assert(!constant_scalar(op_constant(&t, "f32[2]", LIST(3, 3)), &x));
	ck_assert(!constant_scalar(op_constant(&t, "f32[0]", LIST(0)), &x));
	ck_assert(!constant_scalar(op_input(&t, "f32[1]", NULL), &x));
	ck_assert(!constant_scalar(NULL, &x));
	ck_assert(x == 3);
	op_end(&t);
}
END_TEST

START_TEST(lists)
{
	struct op_test t = pass_begin();
	int64_t list[3] = { 9, 9, 9 };

	ck_assert_int_eq(constant_ints(INTS(&t, 4, -1), list, 3), 2);
	ck_assert(list[0] == 4 && list[1] == -1 && list[2] == 9);
	ck_assert_int_eq(constant_ints(value_int(t.c, "i", 6), list, 3), 1);
	ck_assert_int_eq(list[0], 6);
	ck_assert_int_eq(constant_ints(op_constant(&t, "i64[0]", LIST(0)), list, 3), 0);
	ck_assert_int_eq(constant_ints(op_constant(&t, "i32[1,2]", LIST(1, 2)), list, 3), -1);
	ck_assert_int_eq(constant_ints(op_constant(&t, "i64[4]", LIST(1, 2, 3, 4)), list, 3), -1);
	ck_assert_int_eq(constant_ints(op_input(&t, "i64[2]", NULL), list, 3), -1);
	ck_assert_int_eq(constant_ints(NULL, list, 3), -1);
	op_end(&t);
}
END_TEST

static void need(struct ctx *c, void *n)
{
	int64_t list[2];

	need_ints(c, n, 0, "shape", list, 2);
}

static void refuse(struct op_test *t, struct value *v, const char *words)
{
	ck_assert_int_eq(attempt(t->c, need, op_node(t, "", "Relu", 1, 1, v)), UNUSABLE_MODEL);
	ck_assert_msg(strstr(t->c->message, words) != NULL, "%s", t->c->message);
}

START_TEST(needed_lists)
{
	struct op_test t = pass_begin();
	int64_t list[2];

	ck_assert_int_eq(need_ints(t.c, op_node(&t, "", "Relu", 1, 1, INTS(&t, 8, 9)), 0, "shape", list, 2), 2);
	ck_assert(list[0] == 8 && list[1] == 9);
	refuse(&t, op_input(&t, "i64[2]", NULL), "its shape, 'x0', depends on the model's inputs");
	refuse(&t, INTS(&t, 1, 2, 3), "its shape, i64[3], must be a list of at most 2 numbers");
	refuse(&t, op_constant(&t, "i64[1,2]", LIST(1, 2)), "its shape, i64[1,2], must be a list");
	refuse(&t, NULL, "its shape, left out, must be a list");
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("constant");
	TCase *c = tcase_create("constant");

	tcase_add_test(c, every_type);
	tcase_add_test(c, extremes);
	tcase_add_test(c, scalars);
	tcase_add_test(c, lists);
	tcase_add_test(c, needed_lists);
	suite_add_tcase(s, c);
	return s;
}
