/* How far two tensors are apart: what verify and run decide by. */
#include "run/compare.h"
#include "suite.h"
#include <math.h>

static struct value tensor(enum rt_type type, int64_t n, const void *data)
{
	return (struct value){ .name = "v", .type = type, .rank = 1, .dim = { n }, .data = data };
}

static struct difference apart(
	enum rt_type type, int64_t n, const void *expected, const void *actual, struct tolerance tolerance)
{
	struct value want = tensor(type, n, expected), have = tensor(type, n, actual);

	return compare(&want, &have, &tolerance);
}

START_TEST(test_floats)
{
	const float want[] = { 1, 100, 0 }, have[] = { 1.5f, 101, 0.25f };
	struct difference d = apart(RT_F32, 3, want, have, (struct tolerance){ 0.25, 0.01, 0 });

	ck_assert_int_eq(d.beyond, 1);
	ck_assert_int_eq(d.first, 0);
	ck_assert(!d.equal);
	ck_assert_double_eq(d.absolute, 1);
	ck_assert_int_eq(d.absolute_at, 1);
	/* An expected 0 has no relative error. */
	ck_assert_double_eq(d.relative, 0.5);
	ck_assert_int_eq(d.relative_at, 0);
	ck_assert(apart(RT_F32, 3, want, have, (struct tolerance){ 0.5, 0.01, 0 }).equal);
	ck_assert(!apart(RT_F32, 3, want, have, (struct tolerance){ 0.49, 0.005, 0 }).equal);
}
END_TEST

/* Nothing is compared, or read, behind the end of the shorter one. */
START_TEST(test_lengths)
{
	const int64_t list[] = { 1, 2, 3 };
	struct value want = tensor(RT_I64, 3, list), have = tensor(RT_I64, 2, list);
	struct difference d = compare(&want, &have, &(struct tolerance){ 0, 0, 100 });

	ck_assert(d.other_length && !d.equal);
	have.dim[0] = 3;
	ck_assert(compare(&want, &have, &(struct tolerance){ 0, 0, 0 }).equal);
}
END_TEST

/* Special numbers equal only themselves, however wide the tolerance. */
START_TEST(test_special)
{
	const float special[] = { NAN, INFINITY, -INFINITY, 1 };

	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++) {
			struct difference d = apart(RT_F32, 1, &special[i], &special[k], (struct tolerance){ 1e30, 1e30, 0 });
			ck_assert_msg(d.equal == (i == k), "%g and %g", (double)special[i], (double)special[k]);
		}
}
END_TEST

START_TEST(test_other_floats)
{
	const uint16_t half_one[] = { 0x3C00 }, half_two[] = { 0x4000 }, bfloat_one[] = { 0x3F80 },
				   bfloat_two[] = { 0x4000 };

	ck_assert_double_eq(apart(RT_F16, 1, half_one, half_two, (struct tolerance){ 0, 0, 0 }).absolute, 1);
	ck_assert_double_eq(apart(RT_BF16, 1, bfloat_one, bfloat_two, (struct tolerance){ 0, 0, 0 }).relative, 1);
	ck_assert(apart(RT_F64, 1, (double[]){ 1 }, (double[]){ 1 + 1e-12 }, (struct tolerance){ 0, 1e-11, 0 }).equal);
	ck_assert(!apart(RT_F64, 1, (double[]){ 1 }, (double[]){ 1 + 1e-12 }, (struct tolerance){ 0, 1e-13, 0 }).equal);
}
END_TEST

/* No tolerance helps an integer. */
START_TEST(test_integers)
{
	const int32_t want[] = { 1, 2, 3, 4 }, have[] = { 1, 2, 4, 4 };
	const uint64_t large[] = { UINT64_MAX }, less[] = { UINT64_MAX - 1 };
	struct difference d = apart(RT_I32, 4, want, have, (struct tolerance){ 10, 10, 0 });

	ck_assert(!d.equal && d.beyond == 1 && d.first == 2);
	ck_assert(apart(RT_I32, 4, want, have, (struct tolerance){ 0, 0, 25 }).equal);
	ck_assert(!apart(RT_I32, 4, want, have, (struct tolerance){ 0, 0, 24.9 }).equal);
	ck_assert(!apart(RT_U64, 1, large, less, (struct tolerance){ 0, 0, 0 }).equal);
	ck_assert(!apart(RT_BOOL, 1, "\0", "\1", (struct tolerance){ 1, 0, 0 }).equal);
}
END_TEST

START_TEST(test_empty)
{
	struct difference d = apart(RT_F32, 0, "", "", (struct tolerance){ 0, 0, 0 });

	ck_assert(d.equal && d.elements == 0 && d.beyond == 0);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("compare");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_floats);
	tcase_add_test(tc, test_lengths);
	tcase_add_test(tc, test_special);
	tcase_add_test(tc, test_other_floats);
	tcase_add_test(tc, test_integers);
	tcase_add_test(tc, test_empty);
	suite_add_tcase(s, tc);
	return s;
}
