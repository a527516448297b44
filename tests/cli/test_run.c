/* gluec run: the interpreter on test data sets. */
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t two[] = { 2, 2 }, three[] = { 3, 2 };
static const float x[] = { 1, 2, 3, 4, 5, 6 }, y[] = { 2, 4, 4, 6, 6, 8 };

/* The model "y = x + {1, 2}" and a data set for it in folder/set. */
static struct cli *open_add(void)
{
	struct cli *t = cli_open();

	write_add_model(cli_path(t, "add.onnx"));
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 2, two, x);
	return t;
}

static const struct cli_result *run_add(struct cli *t)
{
	return cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), NULL);
}

START_TEST(test_equal)
{
	struct cli *t = open_add();

	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 2, two, y);
	const struct cli_result *r = run_add(t);
	cli_succeeds(r);
	cli_says(r, "  y f32[2,2]: equal\n");
	cli_close(t);
}
END_TEST

/* What a run writes, a second run finds. */
START_TEST(test_writes)
{
	struct cli *t = open_add();

	cli_says(run_add(t), "1 outputs written to ");
	ck_assert_int_eq(access(cli_path(t, "set/output_0.pb"), R_OK), 0);
	cli_says(run_add(t), "  y f32[2,2]: equal\n");
	cli_close(t);
}
END_TEST

START_TEST(test_differs)
{
	struct cli *t = open_add();
	static const float off[] = { 2, 4, 4.5f, 6.001f };

	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 2, two, off);
	const struct cli_result *r = run_add(t);
	cli_fails(r, 1, "1 of 1 outputs are off");
	cli_says(r, "largest error 0.5 absolute at [1,0], 0.111 relative at [1,0], FAILED: 1 of 4");
	cli_says(r, "the first at [1,0]: 4 instead of 4.5");
	cli_fails(cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--rtol", "0", NULL), 1, "off");
	cli_says(cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--rtol", "0", NULL), "2 of 4");
	cli_succeeds(cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--atol", "0.5", NULL));
	cli_close(t);
}
END_TEST

/* Each data set has dimensions of its own; they come in the order of their numbers. */
START_TEST(test_several_sets)
{
	struct cli *t = open_add();

	ck_assert_int_eq(mkdir(cli_path(t, "all"), 0777), 0);
	ck_assert_int_eq(mkdir(cli_path(t, "all/test_data_set_10"), 0777), 0);
	write_tensor(cli_path(t, "all/test_data_set_10/input_0.pb"), "x", RT_F32, 2, three, x);
	ck_assert_int_eq(rename(cli_path(t, "set"), cli_path(t, "all/test_data_set_9")), 0);
	const struct cli_result *r =
		cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "all"), "--out", cli_path(t, "to"), NULL);
	cli_succeeds(r);
	ck_assert(strstr(r->out, "test_data_set_9:") < strstr(r->out, "test_data_set_10:"));
	ck_assert_int_eq(access(cli_path(t, "to/test_data_set_9/output_0.pb"), R_OK), 0);
	ck_assert_int_eq(access(cli_path(t, "to/test_data_set_10/output_0.pb"), R_OK), 0);
	ck_assert_int_ne(access(cli_path(t, "all/test_data_set_9/output_0.pb"), R_OK), 0);
	cli_close(t);
}
END_TEST

START_TEST(test_unusable_inputs)
{
	struct cli *t = open_add();
	const struct bytes garbage = { NULL, 0, 0 };

	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F64, 2, two, (double[]){ 1, 2, 3, 4 });
	cli_fails(run_add(t), 3, "it is f64[2,2], but input 'x' is f32[?,2]");
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 1, (int64_t[]){ 4 }, x);
	cli_fails(run_add(t), 3, "input 'x' has 2 dimensions, not 1");
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 2, (int64_t[]){ 2, 3 }, x);
	cli_fails(run_add(t), 3, "fixed to 2");
	write_bytes(cli_path(t, "set/input_0.pb"), &garbage);
	cli_fails(run_add(t), 3, "input_0.pb");
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 2, two, x);
	cli_fails(cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--dim", "n=5", NULL), 3,
		"bound to both 2 and 5");
	write_tensor(cli_path(t, "set/input_1.pb"), "z", RT_F32, 2, two, x);
	cli_fails(run_add(t), 3, "input_1.pb: the model has only 1 inputs");
	write_tensor(cli_path(t, "set/input_1.pb"), "x", RT_F32, 2, two, x);
	cli_fails(run_add(t), 3, "input 'x' is there twice");
	cli_close(t);
}
END_TEST

START_TEST(test_unusable_outputs)
{
	struct cli *t = open_add();

	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 2, (int64_t[]){ 1, 4 }, y);
	cli_fails(run_add(t), 3, "output_0.pb: it is f32[1,4], but output 'y' of the model is f32[2,2]");
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_I32, 2, two, y);
	cli_fails(run_add(t), 3, "output_0.pb: it is i32[2,2]");
	cli_close(t);
}
END_TEST

START_TEST(test_missing)
{
	struct cli *t = open_add();

	cli_fails(
		cli_run(t, "run", cli_path(t, "add.onnx"), "--data", "/nonexistent", NULL), 4, "/nonexistent: No such file");
	cli_fails(cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "tmp"), NULL), 4, "holds neither");
	ck_assert_int_eq(rename(cli_path(t, "set/input_0.pb"), cli_path(t, "set/output_0.pb")), 0);
	cli_fails(run_add(t), 3, "input_0.pb is missing: the model's input 'x'");
	cli_close(t);
}
END_TEST

/* Tensors go to the inputs of their names, whatever their files' numbers; without names the numbers count. */
START_TEST(test_names)
{
	struct cli *t = open_add();
	struct bytes graph = { NULL, 0, 0 };
	const int64_t n[] = { 1 };
	static const char *const names[][2] = { { "a", "b" }, { "b", "a" }, { "", "" }, { "b", "" } };
	static const int differences[] = { 7 - 3, 3 - 7, 7 - 3 };

	graph_input(&graph, "a", RT_I32, 1, n);
	graph_input(&graph, "b", RT_I32, 1, n);
	graph_node(&graph, "Sub", "a b", "y");
	graph_output(&graph, "y");
	write_model_file(cli_path(t, "add.onnx"), &graph);
	for (int i = 0; i < 4; i++) {
		write_tensor(cli_path(t, "set/input_0.pb"), names[i][0], RT_I32, 1, n, (int32_t[]){ 7 });
		write_tensor(cli_path(t, "set/input_1.pb"), names[i][1], RT_I32, 1, n, (int32_t[]){ 3 });
		if (i == 3) {
			cli_fails(run_add(t), 3, "input 'b' is there twice");
			break;
		}
		write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_I32, 1, n, &differences[i]);
		cli_says(run_add(t), "equal");
	}
	cli_close(t);
}
END_TEST

/* Integers that no double can tell apart are told apart. */
START_TEST(test_wide_integers)
{
	struct cli *t = open_add();
	struct bytes graph = { NULL, 0, 0 };
	const int64_t n[] = { 2 }, large = (INT64_C(1) << 53) + 1;

	graph_input(&graph, "x", RT_I64, 1, n);
	graph_node(&graph, "Neg", "x", "y");
	graph_output(&graph, "y");
	write_model_file(cli_path(t, "add.onnx"), &graph);
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_I64, 1, n, (int64_t[]){ 7, large });
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_I64, 1, n, (int64_t[]){ -7, -large });
	cli_says(run_add(t), "equal");
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_I64, 1, n, (int64_t[]){ -7, 1 - large });
	cli_says(run_add(t), "FAILED: 1 of 2 differ, the first at [1]: -9007199254740993 instead of -9007199254740992");
	cli_close(t);
}
END_TEST

/* The default models, small. */
START_TEST(test_superpoint)
{
	struct cli *t = cli_open();
	static float image[64 * 72];

	for (int i = 0; i < 64 * 72; i++)
		image[i] = (float)(i * 7919 % 256) / 255;
	write_tensor(cli_path(t, "input_0.pb"), "image", RT_F32, 4, (int64_t[]){ 1, 1, 64, 72 }, image);
	const struct cli_result *r = cli_run(t, "run", "models/superpoint.onnx", "--data", t->folder, "--topk", "16", NULL);
	cli_succeeds(r);
	cli_says(r, "3 outputs written");
	r = cli_run(t, "run", "models/superpoint.onnx", "--data", t->folder, "--topk", "16", NULL);
	cli_succeeds(r);
	cli_says(r, "descriptors f32[1,16,256]: equal");
	r = cli_run(t, "run", "models/superpoint.onnx", "--data", t->folder, "--topk", "16", "--double", NULL);
	cli_succeeds(r);
	cli_says(r, "descriptors f64[1,16,256]: largest error ");
	cli_close(t);
}
END_TEST

/* The kernels of the instruction set that is asked for. */
START_TEST(test_isa)
{
	struct cli *t = open_add();

	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 2, two, y);
	for (int i = 0; rt_isa_names[i]; i++) {
		t->isa = rt_isa_names[i];
		if (rt_select(t->isa) < 0)
			cli_fails(run_add(t), 2, "GLUEC_ISA: this machine lacks the instruction set");
		else
			cli_says(run_add(t), "  y f32[2,2]: equal\n");
	}
	t->isa = "";
	cli_succeeds(run_add(t));
	t->isa = "mmx";
	cli_fails(run_add(t), 2, "GLUEC_ISA: 'mmx' must be one of the instruction sets in gluec: c");
	cli_close(t);
}
END_TEST

/* 1 + 2^-30, which is no float, comes out of floats. */
START_TEST(test_double)
{
	struct cli *t = open_add();
	struct bytes graph = { NULL, 0, 0 };
	const int64_t one[] = { 1 };
	const float small = 0x1p-30f;
	const double sum = 1 + 0x1p-30;

	graph_input(&graph, "x", RT_F32, 1, one);
	graph_constant(&graph, "one", RT_F32, 1, one, &(float){ 1 });
	graph_node(&graph, "Add", "x one", "y");
	graph_output(&graph, "y");
	write_model_file(cli_path(t, "add.onnx"), &graph);
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 1, one, &small);
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F64, 1, one, &sum);
	const struct cli_result *r =
		cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--double", NULL);
	cli_succeeds(r);
	cli_says(r, "  y f64[1]: equal\n");
	cli_fails(run_add(t), 3, "it is f64[1], but output 'y' of the model is f32[1]");
	/* Expected outputs may be floats, too. */
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_F32, 1, one, &(float){ 1 });
	r = cli_run(t, "run", cli_path(t, "add.onnx"), "--data", cli_path(t, "set"), "--double", NULL);
	cli_says(r, "  y f64[1]: largest error 9.31e-10 absolute at [0]");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("run");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_equal);
	tcase_add_test(tc, test_writes);
	tcase_add_test(tc, test_differs);
	tcase_add_test(tc, test_several_sets);
	tcase_add_test(tc, test_unusable_inputs);
	tcase_add_test(tc, test_unusable_outputs);
	tcase_add_test(tc, test_missing);
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_wide_integers);
	tcase_add_test(tc, test_isa);
	tcase_add_test(tc, test_double);
	tcase_add_test(tc, test_superpoint);
	suite_add_tcase(s, tc);
	return s;
}
