/* Runs the tests of one program in the order in which they were added. */
#include "check.h"
#include <stdarg.h>
#include <stdlib.h>

enum { CHECK_TESTS = 64 };

struct TCase {
	int n;
	struct {
		check_test *run;
		int begin, end;
	} test[CHECK_TESTS];
};

struct Suite {
	const char *name;
	TCase *tests;
};

struct SRunner {
	Suite *suite;
};

_Noreturn void check_failed(const char *file, int line, const char *format, ...)
{
	va_list ap;

	printf("%s:%d: ", file, line);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	exit(EXIT_FAILURE);
}

static void *zeros(size_t n)
{
	void *p = calloc(1, n);

	ck_assert_msg(p != NULL, "out of memory");
	return p;
}

Suite *suite_create(const char *name)
{
	Suite *s = zeros(sizeof *s);

	s->name = name;
	return s;
}

TCase *tcase_create(const char *name)
{
	(void)name;
	return zeros(sizeof(TCase));
}

void suite_add_tcase(Suite *s, TCase *t)
{
	ck_assert_msg(!s->tests, "more than one case");
	s->tests = t;
}

void tcase_add_loop_test(TCase *t, check_test *test, int begin, int end)
{
	ck_assert_msg(t->n < CHECK_TESTS, "more than %d tests", CHECK_TESTS);
	t->test[t->n].run = test;
	t->test[t->n].begin = begin;
	t->test[t->n++].end = end;
}

SRunner *srunner_create(Suite *s)
{
	SRunner *r = zeros(sizeof *r);

	r->suite = s;
	return r;
}

/* Says how many tests ran, so that a program that ran none is noticed. */
void srunner_run_all(SRunner *r, enum print_output how)
{
	const TCase *t = r->suite->tests;
	int ran = 0;

	(void)how;
	for (int k = 0; k < t->n; k++)
		for (int i = t->test[k].begin; i < t->test[k].end; i++, ran++)
			t->test[k].run(i);
	printf("%s: %d tests passed\n", r->suite->name, ran);
}

/* A test that fails does not return. */
int srunner_ntests_failed(SRunner *r)
{
	(void)r;
	return 0;
}

void srunner_free(SRunner *r)
{
	free(r->suite->tests);
	free(r->suite);
	free(r);
}
