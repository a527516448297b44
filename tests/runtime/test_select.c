/* select.c: the names, the best of the machine, and names that nobody has. */
#include "rt.h"
#include "suite.h"
#include <string.h>

#define ONE(isa, x) +1
#define HAS(isa, x) rt_has_##isa(),

START_TEST(names)
{
	int n = 0 RT_ISAS(ONE, );

	ck_assert_str_eq(rt_isa_names[0], "c");
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(rt_isa_names[i], rt_isa_names[j]);
	ck_assert_ptr_null(rt_isa_names[n]);
}
END_TEST

START_TEST(by_name)
{
	const bool has[] = { RT_ISAS(HAS, ) };

	ck_assert(has[0]);
	for (int i = 0; rt_isa_names[i]; i++)
		ck_assert_int_eq(rt_select(rt_isa_names[i]), has[i] ? i : -1);
	ck_assert_int_eq(rt_select("none"), -1);
	ck_assert_int_eq(rt_select(""), -1);
	ck_assert_int_eq(rt_select("C"), -1);
}
END_TEST

START_TEST(the_best)
{
	const bool has[] = { RT_ISAS(HAS, ) };
	int best = rt_select(NULL);

	ck_assert_int_ge(best, 0);
	ck_assert(has[best]);
	for (int i = best + 1; rt_isa_names[i]; i++)
		ck_assert(!has[i]);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("select");
	TCase *t = tcase_create("select");

	tcase_add_test(t, names);
	tcase_add_test(t, by_name);
	tcase_add_test(t, the_best);
	suite_add_tcase(s, t);
	return s;
}
