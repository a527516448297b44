/* compile --target: what the object has then, and what not. */
#include "cli_test.h"
#include <stdlib.h>
#include <string.h>

/* Compiles x + x for the target and makes an object of it; the exit status of make, whose messages go to `log`. */
static int make_object(struct cli *t, const char *target)
{
	const char *build = getenv("BUILD");
	char command[600];

	write_add_model(cli_path(t, "add.onnx"));
	cli_succeeds(cli_run(
		t, "compile", cli_path(t, "add.onnx"), "-o", cli_path(t, "to"), "--dim", "n=3", "--target", target, NULL));
	int n = snprintf(command, sizeof command, "make -s -f runtime/object.mk NAME=add DIR=%s RT=%s/rt 2>",
		cli_path(t, "to"), build ? build : "build");
	snprintf(command + n, sizeof command - (size_t)n, "%s", cli_path(t, "log"));
	return system(command);
}

START_TEST(test_portable_only)
{
	struct cli *t = cli_open();

	ck_assert_int_eq(make_object(t, "c"), 0);
	const char *object = cli_path(t, "to/add.o");
	cli_says(cli_run(t, "bench", object, "--iterations", "1", NULL), "add: c, 1 thread");
	cli_fails(cli_run(t, "bench", object, "--isa", "avx2", NULL), 2, "avx2");
	cli_close(t);
}
END_TEST

/* The order in which levels are typed does not matter, and the file's head can be typed again. */
START_TEST(test_order)
{
	struct cli *t = cli_open();
	char text[4096];

	write_add_model(cli_path(t, "add.onnx"));
	cli_succeeds(cli_run(t, "compile", cli_path(t, "add.onnx"), "-o", cli_path(t, "to"), "--dim", "n=3", "--target",
		"avx512,c,avx2", NULL));
	FILE *f = fopen(cli_path(t, "to/add.c"), "r");
	ck_assert(f != NULL);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	ck_assert(strstr(text, "--target c,avx2,avx512 ") != NULL);
	ck_assert(strstr(text, "#define RT_ISAS(I, x) I(c, x) I(avx2, x) I(avx512, x)\n") != NULL);
	cli_close(t);
}
END_TEST

/* No compiler builds for both. */
START_TEST(test_two_machines)
{
	struct cli *t = cli_open();
	char text[600];

	ck_assert_int_ne(make_object(t, "avx2,neon"), 0);
	FILE *f = fopen(cli_path(t, "log"), "r");
	ck_assert(f != NULL);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	ck_assert_msg(strstr(text, "which never has") != NULL, "%s", text);
	cli_close(t);
}
END_TEST

static const char *const wrong[] = { "", "sse", "c,", "c,c", "avx2 c", "c,avx" };

START_TEST(test_wrong)
{
	struct cli *t = cli_open();

	write_add_model(cli_path(t, "add.onnx"));
	cli_fails(cli_run(t, "compile", cli_path(t, "add.onnx"), "-o", cli_path(t, "to"), "--dim", "n=3", "--target",
				  wrong[_i], NULL),
		2, "must be some of c ");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("target");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_portable_only);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_two_machines);
	tcase_add_loop_test(tc, test_wrong, 0, sizeof wrong / sizeof *wrong);
	suite_add_tcase(s, tc);
	return s;
}
