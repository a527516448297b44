/* The search for culprits finds exactly them, in the promised number of runs. */
#include "gate/bisect.h"
#include "op_test.h"
#include "suite.h"
#include <string.h>

enum { MOST = 256 };

/* A whole of parts, of which it passes when enough of the guilty ones are spared. */
struct whole {
	int n, needed;
	bool guilty[MOST];
};

static bool passes(struct ctx *c, void *user, const bool *spared)
{
	const struct whole *w = user;
	int count = 0;

	(void)c;
	for (int i = 0; i < w->n; i++)
		count += w->guilty[i] && spared[i];
	return count >= w->needed;
}

static struct bisection run(struct op_test *t, struct whole *w, int most_runs, enum bisect_result expected)
{
	struct bisection b = { .n = w->n, .most_runs = most_runs, .passes = passes, .user = w };

	ck_assert_int_eq(bisect(t->c, &b), expected);
	ck_assert_int_le(b.runs, most_runs > 2 ? most_runs : 2);
	if (expected == BISECT_FOUND)
		ck_assert(passes(t->c, w, b.spared));
	return b;
}

/* Two runs see that there is something to find, eight halve 200 parts, and one sees that nothing is missing. */
START_TEST(one_bad_part_among_200_takes_eleven_runs)
{
	struct op_test t = op_begin(20);

	for (int bad = 0; bad < 200; bad++) {
		struct whole w = { .n = 200, .needed = 1 };
		w.guilty[bad] = true;
		struct bisection b = run(&t, &w, 100, BISECT_FOUND);
		ck_assert(b.complete && b.count == 1 && b.spared[bad]);
		ck_assert_int_le(b.runs, 11);
	}
	op_end(&t);
}
END_TEST

START_TEST(several_bad_parts_are_all_found)
{
	struct op_test t = op_begin(20);
	uint32_t state = 1;

	for (int round = 0; round < 300; round++) {
		struct whole w = { .n = 1 + round % 97 };
		for (int i = 0; i < 1 + round % 5; i++) {
			state = state * 1664525 + 1013904223;
			w.guilty[(state >> 8) % (unsigned)w.n] = true;
		}
		for (int i = 0; i < w.n; i++)
			w.needed += w.guilty[i];
		struct bisection b = run(&t, &w, 1000, BISECT_FOUND);
		ck_assert(b.complete);
		ck_assert_mem_eq(b.spared, w.guilty, (size_t)w.n * sizeof(bool));
	}
	op_end(&t);
}
END_TEST

/* Errors that add up: as many parts as must be spared, whichever they are, and none that does not help. */
START_TEST(no_part_is_spared_in_vain)
{
	struct op_test t = op_begin(20);

	for (int needed = 1; needed <= 6; needed++) {
		struct whole w = { .n = 40, .needed = needed };
		for (int i = 3; i < 40; i += 4)
			w.guilty[i] = true;
		struct bisection b = run(&t, &w, 1000, BISECT_FOUND);
		ck_assert(b.complete);
		ck_assert_int_eq(b.count, needed);
	}
	op_end(&t);
}
END_TEST

START_TEST(what_never_fails_or_always_does_is_told_apart)
{
	struct op_test t = op_begin(20);
	struct whole healthy = { .n = 10 }, hopeless = { .n = 10, .needed = 1 }, empty = { .needed = 1 };

	ck_assert_int_eq(run(&t, &healthy, 50, BISECT_NOTHING_FAILS).runs, 1);
	ck_assert_int_eq(run(&t, &hopeless, 50, BISECT_ALWAYS_FAILS).runs, 2);
	run(&t, &empty, 50, BISECT_ALWAYS_FAILS);
	op_end(&t);
}
END_TEST

/* When the runs are spent the set is larger than it need be, but it helps. */
START_TEST(few_runs_give_a_larger_set_that_passes)
{
	struct op_test t = op_begin(20);
	struct whole w = { .n = 200, .needed = 3 };

	w.guilty[20] = w.guilty[90] = w.guilty[160] = true;
	for (int most = 2; most < 40; most++) {
		struct bisection b = run(&t, &w, most, BISECT_FOUND);
		ck_assert_int_ge(b.count, 3);
		ck_assert(!b.complete || b.count == 3);
	}
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bisect");
	TCase *t = tcase_create("bisect");

	tcase_add_test(t, one_bad_part_among_200_takes_eleven_runs);
	tcase_add_test(t, several_bad_parts_are_all_found);
	tcase_add_test(t, no_part_is_spared_in_vain);
	tcase_add_test(t, what_never_fails_or_always_does_is_told_apart);
	tcase_add_test(t, few_runs_give_a_larger_set_that_passes);
	suite_add_tcase(s, t);
	return s;
}
