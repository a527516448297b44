/* The command line itself: help, usage errors, exit codes. */
#include "cli_test.h"
#include <string.h>

static const char *const commands[] = { "compile", "inspect", "run", "verify", "bench" };
enum { N_COMMANDS = sizeof commands / sizeof *commands };

START_TEST(test_help)
{
	struct cli *t = cli_open();
	char start[64];

	cli_succeeds(cli_run(t, "--help", NULL));
	for (int i = 0; i < N_COMMANDS; i++) {
		cli_says(cli_run(t, "--help", NULL), commands[i]);
		snprintf(start, sizeof start, "gluec %s MODEL", commands[i]);
		const struct cli_result *r = cli_run(t, commands[i], "--help", NULL);
		cli_succeeds(r);
		ck_assert_int_eq(strncmp(r->out, start, strlen(start)), 0);
		cli_says(r, "--dim NAME=V");
	}
	cli_close(t);
}
END_TEST

START_TEST(test_no_command)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, NULL);

	ck_assert_int_eq(r->code, 2);
	ck_assert_ptr_nonnull(strstr(r->err, "gluec compile"));
	cli_fails(cli_run(t, "frobnicate", NULL), 2, "unknown command 'frobnicate'");
	cli_close(t);
}
END_TEST

/* What every command says of options that it does not know, operands, and models that cannot be read. */
START_TEST(test_each_command)
{
	struct cli *t = cli_open();
	const char *name = commands[_i];

	cli_fails(cli_run(t, name, NULL), 2, "takes one model");
	cli_fails(cli_run(t, name, "a.onnx", "b.onnx", NULL), 2, "takes one model");
	cli_fails(cli_run(t, name, "--frobnicate", "a.onnx", NULL), 2, "unknown option '--frobnicate'");
	cli_fails(cli_run(t, name, "a.onnx", "--dim", NULL), 2, "--dim needs a value");
	cli_close(t);
}
END_TEST

START_TEST(test_no_model)
{
	struct cli *t = cli_open();
	/* Each command with what it needs to get as far as the model. */
	const char *const with[][3] = { { "compile", "-o", t->folder }, { "inspect", "--name", "m" },
		{ "run", "--data", t->folder }, { "verify", "--name", "m" }, { "bench", "--name", "m" } };

	write_tensor(cli_path(t, "input_0.pb"), "x", RT_F32, 0, NULL, (float[]){ 1 });
	for (int i = 0; i < N_COMMANDS; i++) {
		cli_fails(cli_run(t, with[i][0], with[i][1], with[i][2], "/nonexistent/a.onnx", NULL), 4,
			"/nonexistent/a.onnx: No such file");
		cli_fails(cli_run(t, with[i][0], with[i][1], with[i][2], cli_path(t, "tmp"), NULL), 4, "not a regular file");
	}
	cli_close(t);
}
END_TEST

/* Wrong values of options, as {arguments..., NULL}, and what is said of them. */
static const struct {
	const char *arguments[8], *message;
} wrong[] = {
	{ { "compile", "m.onnx" }, "needs -o DIR" },
	{ { "run", "m.onnx" }, "needs --data DIR" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "height" }, "must be NAME=VALUE" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "=3" }, "must be NAME=VALUE" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "height=0" }, "'0' must be a whole number" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "height=-3" }, "'-3' must be a whole number" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "height=12x" }, "'12x' must be a whole number" },
	{ { "compile", "m.onnx", "-o", "d", "--dim", "height=99999999999999999999" }, "must be a whole number" },
	{ { "compile", "m.onnx", "-o", "d", "--input", "image" }, "must be NAME=AxBxC" },
	{ { "compile", "m.onnx", "-o", "d", "--input", "image=x" }, "must be NAME=AxBxC" },
	{ { "compile", "m.onnx", "-o", "d", "--input", "image=1x2x3x4x5x6x7x8x9" }, "more than 8 dimensions" },
	{ { "compile", "m.onnx", "-o", "d", "--topk", "many" }, "--topk: 'many'" },
	{ { "compile", "m.onnx", "-o", "d", "--depth", "0" }, "--depth: '0'" },
	{ { "compile", "m.onnx", "-o", "d", "--precision", "fp4" }, "must be fp32, bf16x3, fp16, bf16, int8 or fp8" },
	{ { "compile", "m.onnx", "-o", "d", "--weights", "xml" }, "must be bin or c" },
	{ { "compile", "m.onnx", "-o", "d", "--name", "a b" }, "not a C name" },
	{ { "run", "m.onnx", "--data", "d", "--atol", "-1" }, "--atol: '-1'" },
	{ { "run", "m.onnx", "--data", "d", "--rtol", "nan" }, "--rtol: 'nan'" },
	{ { "inspect", "m.onnx", "-o", "d" }, "unknown option" },
	{ { "verify", "m.onnx", "-o", "d" }, "unknown option '-o'" },
	{ { "verify", "m.onnx", "--seed", "x" }, "--seed: 'x'" },
	{ { "verify", "m.onnx", "--threads", "0" }, "--threads: '0'" },
	{ { "verify", "m.onnx", "--allow-differ", "-2" }, "--allow-differ: '-2'" },
	{ { "verify", "m.onnx", "--timeout", "0" }, "--timeout: '0'" },
	{ { "bench", "m.onnx", "-o", "d" }, "unknown option '-o'" },
	{ { "bench", "m.onnx", "--iterations", "0" }, "--iterations: '0'" },
	{ { "bench", "m.onnx", "--warmup", "-1" }, "--warmup: '-1'" },
	{ { "bench", "m.onnx", "--threads", "1.5" }, "--threads: '1.5'" },
};

START_TEST(test_wrong_value)
{
	struct cli *t = cli_open();

	cli_fails(cli_run_list(t, wrong[_i].arguments, NULL), 2, wrong[_i].message);
	cli_close(t);
}
END_TEST

/* A disk that is full is noticed. */
START_TEST(test_full_output)
{
	struct cli *t = cli_open();

	cli_fails(cli_run_list(t, (const char *const[]){ "--help", NULL }, "/dev/full"), 4, "cannot write");
	cli_close(t);
}
END_TEST

/* Options may stand before and behind the model; a dimension with a strange name is bound by what follows the last '='.
 */
START_TEST(test_order)
{
	struct cli *t = cli_open();
	const char *model = cli_path(t, "add.onnx");

	write_add_model(model);
	cli_says(cli_run(t, "inspect", model, "--dim", "n=3", NULL), "f32[3,2]");
	cli_says(cli_run(t, "inspect", "--dim=n=3", model, NULL), "f32[3,2]");
	cli_says(cli_run(t, "inspect", "--dim", "n=3", "--", model, NULL), "f32[3,2]");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("options");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_help);
	tcase_add_test(tc, test_no_command);
	tcase_add_loop_test(tc, test_each_command, 0, N_COMMANDS);
	tcase_add_test(tc, test_no_model);
	tcase_add_loop_test(tc, test_wrong_value, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tc, test_full_output);
	tcase_add_test(tc, test_order);
	suite_add_tcase(s, tc);
	return s;
}
