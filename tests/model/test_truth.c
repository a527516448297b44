/* Tests of the matching program's truths. */
#include "../suite.h"
#include "../../models/example/truth.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char name[32];

static void make_file(void)
{
	strcpy(name, "/tmp/test_truth_XXXXXX");
	int file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	close(file);
}

static void remove_file(void)
{
	unlink(name);
}

static void store(const void *bytes, size_t size)
{
	FILE *out = fopen(name, "wb");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
	fclose(out);
}

START_TEST(homographies_map)
{
	static const char TEXT[] = "2 0 5\n0\t2 -3\n0.001 0 1\n\n";
	struct truth truth;
	struct problem problem;
	struct agreement agreement = { 0 };

	store(TEXT, strlen(TEXT));
	ck_assert(truth_read_homography(name, &truth, &problem));
	/* (100, 10) goes to (205, 17) / 1.1. */
	truth_judge(&truth, 100, 10, 205 / 1.1, 17 / 1.1 + 0.9, &agreement);
	truth_judge(&truth, 100, 10, 205 / 1.1 - 2.9, 17 / 1.1, &agreement);
	truth_judge(&truth, 100, 10, 205 / 1.1 + 3, 17 / 1.1 + 4 - 0.01, &agreement);
	truth_judge(&truth, 100, 10, 205, 17, &agreement);
	truth_judge(&truth, -1000, 10, 0, 0, &agreement);
	ck_assert_int_eq(agreement.matches, 5);
	ck_assert_int_eq(agreement.within1, 1);
	ck_assert_int_eq(agreement.within3, 2);
	ck_assert_int_eq(agreement.within5, 3);
	ck_assert_int_eq(agreement.unknown, 1);
	truth_free(&truth);
}
END_TEST

START_TEST(wrong_homographies_are_refused)
{
	static const char *const WRONG[] = { "", "1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8 x", "1 2 3 4 5 6 7 8 9 10",
		"1 2 3 4 nan 6 7 8 9", "1 2 3 4 inf 6 7 8 9", "1 2 3 4 5 6 7 8 9 x" };
	struct truth truth;
	struct problem problem = { .outcome = OUTCOME_DONE };

	for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
		store(WRONG[i], strlen(WRONG[i]));
		ck_assert_msg(!truth_read_homography(name, &truth, &problem), "%s", WRONG[i]);
		ck_assert_int_eq(problem.outcome, OUTCOME_IO);
	}
	ck_assert(!truth_read_homography("/nowhere/at/all", &truth, &problem));
	ck_assert_ptr_nonnull(strstr(problem.text, "No such file"));
}
END_TEST

/* Three by two pixels: all move by (1.5, -0.25), but the middle of the lower row is not seen. 1.5f is 0x3fc00000,
 * -0.25f 0xbe800000, 1e10f 0x501502f9, 202021.25f spells PIEH. */
#define MOVED  0x00, 0x00, 0xc0, 0x3f, 0x00, 0x00, 0x80, 0xbe
#define HIDDEN 0xf9, 0x02, 0x15, 0x50, 0xf9, 0x02, 0x15, 0x50
static const uint8_t FLOW[] = { 'P', 'I', 'E', 'H', 3, 0, 0, 0, 2, 0, 0, 0, MOVED, MOVED, MOVED, MOVED, HIDDEN, MOVED };

START_TEST(flows_are_followed)
{
	struct truth truth;
	struct problem problem;
	struct agreement agreement = { 0 };

	store(FLOW, sizeof FLOW);
	ck_assert(truth_read_flow(name, 3, 2, &truth, &problem));
	truth_judge(&truth, 0, 0, 1.5, -0.25, &agreement);
	ck_assert_int_eq(agreement.within1, 1);
	/* A point between pixels moves with the nearest; one at the rim with the last. */
	truth_judge(&truth, 1.6, 0.7, 1.6 + 1.5, 0.7 + 2, &agreement);
	truth_judge(&truth, -0.5, -0.5, 1, -0.75, &agreement);
	truth_judge(&truth, 2.499, 1.499, 4, 1.25, &agreement);
	ck_assert_int_eq(agreement.within1, 3);
	ck_assert_int_eq(agreement.within3, 4);
	truth_judge(&truth, 1.4, 0.6, 2.9, 0.35, &agreement);
	ck_assert_int_eq(agreement.unknown, 1);
	ck_assert_int_eq(agreement.within3, 4);
	ck_assert_int_eq(agreement.matches, 5);
	truth_free(&truth);
}
END_TEST

START_TEST(wrong_flows_are_refused)
{
	struct truth truth;
	struct problem problem = { .outcome = OUTCOME_DONE };

	for (size_t size = 0; size < sizeof FLOW; size++) {
		store(FLOW, size);
		ck_assert(!truth_read_flow(name, 3, 2, &truth, &problem));
		ck_assert_int_eq(problem.outcome, OUTCOME_IO);
		ck_assert_ptr_null(truth.flow);
	}
	store(FLOW, sizeof FLOW);
	ck_assert(!truth_read_flow(name, 2, 3, &truth, &problem));
	ck_assert_int_eq(problem.outcome, OUTCOME_UNUSABLE);
	ck_assert(!truth_read_flow("/nowhere/at/all", 3, 2, &truth, &problem));
	ck_assert_int_eq(problem.outcome, OUTCOME_IO);
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("truth");
	TCase *truth = tcase_create("truth");

	tcase_add_checked_fixture(truth, make_file, remove_file);
	tcase_add_test(truth, homographies_map);
	tcase_add_test(truth, wrong_homographies_are_refused);
	tcase_add_test(truth, flows_are_followed);
	tcase_add_test(truth, wrong_flows_are_refused);
	suite_add_tcase(suite, truth);
	return suite;
}
