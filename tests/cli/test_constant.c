/* --constant, and inputs that a data set fixes because shapes depend on them. */
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t four[] = { 4 }, square[] = { 2, 2 }, two[] = { 2 };
static const float x[] = { 1, 2, 3, 4 };
static const int64_t shape[] = { 2, 2 };

/* y = Reshape(x f32[4], shape i64[2]), with a data set in folder/set. */
static struct cli *open_reshape(void)
{
	struct cli *t = cli_open();
	struct bytes graph = { 0 };

	graph_input(&graph, "x", RT_F32, 1, four);
	graph_input(&graph, "shape", RT_I64, 1, two);
	graph_node(&graph, "Reshape", "x shape", "y");
	graph_output(&graph, "y");
	write_model_file(cli_path(t, "reshape.onnx"), &graph);
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 1, four, x);
	write_tensor(cli_path(t, "set/input_1.pb"), "shape", RT_I64, 1, two, shape);
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 2, square, x);
	return t;
}

static const struct cli_result *compile(struct cli *t, const char *constant)
{
	return cli_run(t, "compile", cli_path(t, "reshape.onnx"), "-o", cli_path(t, "made"), constant ? "--constant" : NULL,
		constant, NULL);
}

START_TEST(needed)
{
	struct cli *t = open_reshape();

	cli_fails(compile(t, NULL), 3,
		"Reshape 'y': its shape, 'shape', depends on the model's inputs; fix that with "
		"--constant shape=1,2,3");
	cli_close(t);
}
END_TEST

/* The input is gone from the C interface, and the generated file says why. */
START_TEST(numbers)
{
	struct cli *t = open_reshape();
	char text[4096];

	cli_succeeds(compile(t, "shape=2,-1"));
	FILE *f = fopen(cli_path(t, "made/reshape.h"), "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	ck_assert_msg(strstr(text, "--constant shape=2,-1 ") != NULL, "%s", text);
	ck_assert(strstr(text, "const int64_t shape") == NULL);
	cli_close(t);
}
END_TEST

START_TEST(file)
{
	struct cli *t = open_reshape();
	char option[128];

	snprintf(option, sizeof option, "shape=%s", cli_path(t, "set/input_1.pb"));
	cli_succeeds(compile(t, option));
	snprintf(option, sizeof option, "shape=%s", cli_path(t, "set/input_0.pb"));
	cli_fails(compile(t, option), 3, "input 'shape' is i64[2], so it cannot be fixed to f32[4]");
	cli_close(t);
}
END_TEST

START_TEST(wrong)
{
	struct cli *t = open_reshape();

	cli_fails(compile(t, "shape"), 2, "must be NAME=VALUES");
	cli_fails(compile(t, "size=1,2"), 3, "there is no such input");
	cli_fails(compile(t, "shape=1,2,3"), 2, "it is i64[2], but 3 numbers are given");
	cli_fails(compile(t, "shape=1,two"), 2, "'two' does not start with a number of type i64");
	cli_fails(compile(t, "shape=1,99999999999999999999"), 2, "does not start with a number");
	cli_fails(compile(t, "x=1,2,3,nothing"), 2, "'nothing' does not start with a number of type f32");
	cli_close(t);
}
END_TEST

/* A data set has the values, so that nothing needs to be said; --constant has the last word. */
START_TEST(from_data)
{
	struct cli *t = open_reshape();
	const struct cli_result *r = cli_run(t, "run", cli_path(t, "reshape.onnx"), "--data", cli_path(t, "set"), NULL);

	cli_succeeds(r);
	cli_says(r, "  y f32[2,2]: equal\n");
	r = cli_run(t, "verify", cli_path(t, "reshape.onnx"), "--data", cli_path(t, "set"), NULL);
	cli_succeeds(r);
	cli_says(r, "y f32[2,2]: equal\n");
	cli_fails(
		cli_run(t, "run", cli_path(t, "reshape.onnx"), "--data", cli_path(t, "set"), "--constant", "shape=4,1", NULL),
		3, "it is f32[2,2], but output 'y' of the model is f32[4,1]");
	cli_close(t);
}
END_TEST

/* What --constant fixes need not be in the data set. */
START_TEST(left_out)
{
	struct cli *t = open_reshape();

	ck_assert_int_eq(unlink(cli_path(t, "set/input_1.pb")), 0);
	cli_fails(cli_run(t, "run", cli_path(t, "reshape.onnx"), "--data", cli_path(t, "set"), NULL), 3,
		"input_1.pb is missing: the model's input 'shape'");
	cli_succeeds(
		cli_run(t, "run", cli_path(t, "reshape.onnx"), "--data", cli_path(t, "set"), "--constant", "shape=2,2", NULL));
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("constant");
	TCase *tc = tcase_create("constant");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, needed);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, file);
	tcase_add_test(tc, wrong);
	tcase_add_test(tc, from_data);
	tcase_add_test(tc, left_out);
	suite_add_tcase(s, tc);
	return s;
}
