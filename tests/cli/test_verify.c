/* gluec verify: compile, build, run, compare. */
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>

static const int64_t two[] = { 2, 2 }, three[] = { 3, 2 };
static const float x[] = { 1, 2, 3, 4, 5, 6 }, y[] = { 2, 4, 4, 6, 6, 8 };

/* The model "y = x + {1, 2}" and two data sets of different sizes for it in folder/sets. */
static struct cli *open_add(void)
{
	struct cli *t = cli_open();

	write_add_model(cli_path(t, "add.onnx"));
	ck_assert_int_eq(mkdir(cli_path(t, "sets"), 0777), 0);
	ck_assert_int_eq(mkdir(cli_path(t, "sets/test_data_set_0"), 0777), 0);
	ck_assert_int_eq(mkdir(cli_path(t, "sets/test_data_set_1"), 0777), 0);
	write_tensor(cli_path(t, "sets/test_data_set_0/input_0.pb"), "x", RT_F32, 2, two, x);
	write_tensor(cli_path(t, "sets/test_data_set_0/output_0.pb"), "y", RT_F32, 2, two, y);
	write_tensor(cli_path(t, "sets/test_data_set_1/input_0.pb"), "x", RT_F32, 2, three, x);
	return t;
}

START_TEST(test_random)
{
	struct cli *t = open_add();
	const struct cli_result *r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=5", "--threads", "3", NULL);

	cli_succeeds(r);
	cli_says(r, "random inputs, against the interpreter:\n");
	cli_says(r, "  c      y f32[5,2]: equal\n");
	cli_fails(cli_run(t, "verify", cli_path(t, "add.onnx"), NULL), 3, "unbound dimensions: give --dim n=N");
	cli_close(t);
}
END_TEST

/* The first set has an expected output, the second one is compared with the interpreter. */
START_TEST(test_data_sets)
{
	struct cli *t = open_add();
	const struct cli_result *r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets"), NULL);

	cli_succeeds(r);
	cli_says(r, "test_data_set_0:\n  c      y f32[2,2]: equal\n");
	cli_says(r, "test_data_set_1, against the interpreter:\n  c      y f32[3,2]: equal\n");
	r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets/test_data_set_1"), "--data",
		cli_path(t, "sets/test_data_set_0"), NULL);
	cli_succeeds(r);
	ck_assert(strstr(r->out, "test_data_set_1,") < strstr(r->out, "test_data_set_0:"));
	cli_fails(cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets"), "--dim", "n=2", NULL), 3,
		"bound to both 3 and 2");
	cli_close(t);
}
END_TEST

START_TEST(test_wrong_result)
{
	struct cli *t = open_add();

	t->isa = "c";
	write_tensor(cli_path(t, "sets/test_data_set_0/output_0.pb"), "y", RT_F32, 2, two, (float[]){ 2, 4, 5, 6 });
	const struct cli_result *r =
		cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets/test_data_set_0"), NULL);
	cli_fails(r, 1, "1 of 1 outputs are off");
	cli_says(
		r, "  c      y f32[2,2]: largest error 1 absolute at [1,0], 0.2 relative at [1,0], FAILED: 1 of 4 are beyond");
	r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets/test_data_set_0"), "--allow-differ",
		"24", NULL);
	cli_fails(r, 1, "1 of 1 outputs are off");
	r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets/test_data_set_0"), "--allow-differ",
		"25", NULL);
	cli_succeeds(r);
	cli_says(r, "ok: 1 of 4 are beyond the tolerance");
	r = cli_run(
		t, "verify", cli_path(t, "add.onnx"), "--data", cli_path(t, "sets/test_data_set_0"), "--atol", "1", NULL);
	cli_succeeds(r);
	cli_close(t);
}
END_TEST

START_TEST(test_isa)
{
	struct cli *t = open_add();

	t->isa = "c";
	const struct cli_result *r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", NULL);
	cli_succeeds(r);
	cli_does_not_say(r, "avx");
	t->isa = "mmx";
	cli_fails(cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", NULL), 2,
		"GLUEC_ISA: 'mmx' must be one of the instruction sets in the object: c");
	cli_close(t);
}
END_TEST

START_TEST(test_compiler_fails)
{
	struct cli *t = open_add();
	const struct cli_result *r =
		cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", "--cc", "/nonexistent/cc", NULL);

	ck_assert_int_eq(r->code, 5);
	ck_assert_ptr_nonnull(strstr(r->err, "gluec: /nonexistent/cc could not build"));
	/* What make and the compiler said comes first, and not at length. */
	int lines = 0;
	for (const char *p = r->err; *p; p++)
		lines += *p == '\n';
	ck_assert_int_ge(lines, 2);
	ck_assert_int_le(lines, 11);
	cli_close(t);
}
END_TEST

/* Generated code that is told another name and other weights still builds. */
START_TEST(test_compile_options)
{
	struct cli *t = open_add();

	t->isa = "c";
	cli_succeeds(
		cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", "--name", "other", "--weights", "c", NULL));
	cli_succeeds(cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", "--precision", "fp16", NULL));
	cli_close(t);
}
END_TEST

/* Tolerances are relative to the largest element. */
START_TEST(test_against_double)
{
	struct cli *t = open_add();
	struct bytes graph = { NULL, 0, 0 };
	const int64_t n[] = { 2 };

	t->isa = "c";
	const struct cli_result *r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data",
		cli_path(t, "sets/test_data_set_0"), "--against", "double", NULL);
	cli_succeeds(r);
	cli_says(r, "test_data_set_0, against doubles:\n  c      y f32[2,2]: equal\n");
	cli_fails(cli_run(t, "verify", cli_path(t, "add.onnx"), "--dim", "n=2", "--against", "half", NULL), 2,
		"--against: 'half' must be double");
	graph_input(&graph, "x", RT_F32, 1, n);
	graph_constant(&graph, "offset", RT_F32, 1, n, (float[]){ 0x1p-12f, 0x1p-30f });
	graph_node(&graph, "Add", "x offset", "y");
	graph_output(&graph, "y");
	graph_node(&graph, "ArgMax", "y", "best");
	graph_output(&graph, "best");
	write_model_file(cli_path(t, "add.onnx"), &graph);
	write_tensor(cli_path(t, "input_0.pb"), "x", RT_F32, 1, n, (float[]){ 4096, 1 });
	r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", t->folder, "--against", "double", "--atol", "0", NULL);
	cli_succeeds(r);
	/* 2^-12 of 4096 is lost. */
	cli_says(r, "  c      y f32[2]: error 5.96e-08 of the largest, 4.21e-08 in the mean, ok\n");
	cli_says(r, "  c      best i64[1]: equal\n");
	r = cli_run(t, "verify", cli_path(t, "add.onnx"), "--data", t->folder, "--against", "double", "--atol", "0",
		"--rtol", "1e-9", NULL);
	cli_fails(r, 1, "1 of 2 outputs are off");
	cli_says(r, "error 5.96e-08 of the largest (2.27e-13 within the tolerance), ");
	cli_close(t);
}
END_TEST

/* A layer of bytes: so many sums that float would put some of them on the other side of a step. */
static void write_quantized_model(const char *path)
{
	enum { N = 256 };
	static int8_t w[N * N];
	struct bytes graph = { NULL, 0, 0 };

	for (int i = 0; i < N * N; i++)
		w[i] = (int8_t)((unsigned)i * 2654435761u >> 24);
	graph_input(&graph, "x", RT_F32, 2, (int64_t[]){ -1, N });
	graph_constant(&graph, "w", RT_I8, 2, (int64_t[]){ N, N }, w);
	graph_constant(&graph, "sx", RT_F32, 0, NULL, (float[]){ 0.00791f });
	graph_constant(&graph, "sw", RT_F32, 0, NULL, (float[]){ 0.00113f });
	graph_constant(&graph, "sy", RT_F32, 0, NULL, (float[]){ 0.00977f });
	graph_constant(&graph, "zero", RT_U8, 0, NULL, (uint8_t[]){ 128 });
	graph_node(&graph, "QuantizeLinear", "x sx zero", "q");
	graph_node(&graph, "DequantizeLinear", "q sx zero", "a");
	graph_node(&graph, "DequantizeLinear", "w sw", "b");
	graph_node(&graph, "MatMul", "a b", "c");
	graph_node(&graph, "QuantizeLinear", "c sy zero", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}

/* The interpreter rounds where compiled code does, to the bit; doubles are rounded elsewhere. */
START_TEST(test_quantized)
{
	struct cli *t = cli_open();
	const char *model = cli_path(t, "quantized.onnx");

	write_quantized_model(model);
	const struct cli_result *r = cli_run(t, "verify", model, "--dim", "n=2000", NULL);
	cli_succeeds(r);
	cli_says(r, "  c      y u8[2000,256]: equal\n");
	r = cli_run(t, "verify", model, "--dim", "n=2000", "--against", "double", NULL);
	cli_fails(r, 1, "outputs are off; quantised floats may be, by steps");
	r = cli_run(t, "verify", model, "--dim", "n=2000", "--against", "double", "--allow-differ", "0.1", NULL);
	cli_succeeds(r);
	cli_close(t);
}
END_TEST

START_TEST(test_superpoint)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, "verify", "models/superpoint.onnx", "--dim", "height=64", "--dim",
		"width=72", "--topk", "16", "--threads", "2", NULL);

	cli_succeeds(r);
	cli_says(r, "keypoints i64[1,16,2]: ");
	cli_says(r, "descriptors f32[1,16,256]: ");
	cli_close(t);
}
END_TEST

START_TEST(test_lightglue)
{
	struct cli *t = cli_open();
	const struct cli_result *r =
		cli_run(t, "verify", "models/lightglue.onnx", "--dim", "num_keypoints=24", "--threads", "2", NULL);

	cli_succeeds(r);
	cli_says(r, "matches0 i64[1,24]: ");
	cli_says(r, "depth i64[]: equal");
	r = cli_run(t, "verify", "models/lightglue.onnx", "--dim", "num_keypoints=24", "--against", "double", NULL);
	cli_succeeds(r);
	cli_says(r, "mscores0 f32[1,24]: error ");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("verify");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_random);
	tcase_add_test(tc, test_data_sets);
	tcase_add_test(tc, test_wrong_result);
	tcase_add_test(tc, test_isa);
	tcase_add_test(tc, test_compiler_fails);
	tcase_add_test(tc, test_compile_options);
	tcase_add_test(tc, test_against_double);
	tcase_add_test(tc, test_quantized);
	tcase_add_test(tc, test_superpoint);
	tcase_add_test(tc, test_lightglue);
	suite_add_tcase(s, tc);
	return s;
}
