/* The matching program's instruction set: --isa, or else the environment variable GLUEC_ISA. */
#include "options.h"
#include "suite.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static struct options read_options(const char *isa)
{
	char *argv[] = { "match", "a.png", "b.png", "--isa", (char *)isa, NULL };
	struct options options;

	optind = 1;
	ck_assert_int_eq(options_read(&options, isa ? 5 : 3, argv), -1);
	return options;
}

START_TEST(options_come_first)
{
	ck_assert_int_eq(setenv("GLUEC_ISA", "", 1), 0);
	ck_assert_ptr_null(read_options(NULL).isa);
	ck_assert_str_eq(read_options("avx2").isa, "avx2");
	ck_assert_int_eq(setenv("GLUEC_ISA", "neon", 1), 0);
	ck_assert_str_eq(read_options(NULL).isa, "neon");
	ck_assert_str_eq(read_options("avx2").isa, "avx2");
	ck_assert_int_eq(unsetenv("GLUEC_ISA"), 0);
	ck_assert_ptr_null(read_options(NULL).isa);
}
END_TEST

/* What the program says when it is told to use an instruction set that there is not. */
START_TEST(unknown_ones_are_refused)
{
	const char *build = getenv("BUILD");
	char command[512], text[512] = "";

	snprintf(command, sizeof command, "GLUEC_ISA=abacus %s/match models/example/demo.png models/example/demo.png 2>&1",
		build ? build : "build");
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
	int status = pclose(f);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %d: %s", status, text);
	ck_assert_msg(
		strstr(text, "it was not built for 'abacus', or this machine lacks it; built for: c") != NULL, "%s", text);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, options_come_first);
	tcase_add_test(t, unknown_ones_are_refused);
	suite_add_tcase(s, t);
	return s;
}
