/* The ONNX project's operator tests, from the folder that GLUEC_SHARED names: each is compiled to C, built, run and
 * compared with the outputs that come with it. Those in refused.txt must end in an error message. */
#include "node_tests.h"
#include "base/temporary.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "suite.h" /* last: check.h has a macro named fail */

enum { BATCH = 40 };

/* Starts a process for every processor; each takes every so manieth batch. */
static void run_tests(const char *folder, struct node_test *tests, int n)
{
	int workers = (int)sysconf(_SC_NPROCESSORS_ONLN), status;

	fflush(NULL);
	for (int w = 0; w < workers; w++) {
		pid_t child = fork();
		if (child)
			continue;
		for (int b = w; b * BATCH < n; b += workers)
			node_batch(folder, tests + b * BATCH, n - b * BATCH < BATCH ? n - b * BATCH : BATCH, b);
		fflush(NULL);
		_exit(0);
	}
	for (int w = 0; w < workers; w++)
		ck_assert(wait(&status) > 0);
}

/* A refusal is one line that names the model. */
static bool is_clear(const struct node_test *test)
{
	return !strchr(test->message, '\n') && strstr(test->message, test->name);
}

static bool as_it_should(const struct node_test *test)
{
	return *test->reason ? test->verdict == REFUSED && is_clear(test) : test->verdict == PASSED;
}

static void report(const struct node_test *test)
{
	static const char *const verdict[] = { "not tried", "passed", "refused", "wrong" };

	printf("%s: %s%s: %s\n", test->name, verdict[test->verdict],
		*test->reason ? ", but refused.txt has it" : ", and is not in refused.txt", test->message);
}

START_TEST(operator_tests)
{
	const char *shared = getenv("GLUEC_SHARED");
	struct ctx c = { .arena = arena_new(), .doc = "" };
	struct node_test *tests;
	int passed = 0, off = 0;

	if (!shared || !*shared) {
		puts("skip: GLUEC_SHARED is not set, so there are no operator tests of ONNX");
		arena_free(c.arena);
		return;
	}
	ck_assert(setjmp(c.escape) == 0);
	const char *folder = temporary_folder(&c);
	int n = node_list(&c, arena_text(&c, "%s/golden/onnx_node_tests.tar.xz", shared), folder, &tests);
	off += node_refused(GLUEC_ROOT "/tests/node/refused.txt", tests, n);
	run_tests(folder, tests, n);
	for (int i = 0; i < n; i++) {
		passed += tests[i].verdict == PASSED;
		off += !as_it_should(&tests[i]);
		if (!as_it_should(&tests[i]))
			report(&tests[i]);
	}
	remove_temporary(&c);
	arena_free(c.arena);
	printf("%d of the %d operator tests of ONNX pass\n", passed, n);
	fflush(stdout);
	ck_assert_int_eq(off, 0);
	ck_assert_int_ge(100 * passed, 98 * n);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("node");
	TCase *t = tcase_create("node");

	tcase_set_timeout(t, 600);
	tcase_add_test(t, operator_tests);
	suite_add_tcase(s, t);
	return s;
}
