/* What the commands that look at data say of options and files that do not fit each other: one line, in time, and
 * nothing is left half-written. */
#include "cli_picture.h"
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { K = 4, SIDE = 16 };

static char model[128], pairs[128], folder[128], none[128];

/* The K largest of 16 numbers, in a shape that is for this K alone. */
static void write_top_k_model(const char *path)
{
	struct bytes graph = { NULL, 0, 0 }, node = { NULL, 0, 0 };

	graph_input(&graph, "x", RT_F32, 2, (int64_t[]){ -1, 16 });
	graph_constant(&graph, "k", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ K });
	graph_constant(&graph, "square", RT_I64, 1, (int64_t[]){ 2 }, (int64_t[]){ 2, K / 2 });
	put_text(&node, 1, "x");
	put_text(&node, 1, "k");
	put_text(&node, 2, "largest");
	put_text(&node, 2, "places");
	put_text(&node, 4, "TopK");
	put_message(&graph, 1, &node);
	graph_node(&graph, "Reshape", "largest square", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}

START_TEST(baked_k)
{
	struct cli *t = cli_open();

	snprintf(model, sizeof model, "%s/m.onnx", t->folder);
	write_top_k_model(model);
	cli_succeeds(cli_run(t, "explain", model, "--dim", "n=1", NULL));
	cli_fails(
		cli_run(t, "explain", model, "--dim", "n=1", "--topk", "6", NULL), 3, "; without --topk 6 all shapes fit\n");
	/* Where K is not to blame, it is not blamed. */
	const struct cli_result *r = cli_run(t, "explain", model, "--dim", "n=2", "--topk", "6", NULL);
	cli_fails(r, 3, "m.onnx: Reshape ");
	ck_assert_ptr_null(strstr(r->err, "without --topk"));
	cli_close(t);
}
END_TEST

/* An extractor whose keypoints are in a row; its descriptors are the rows of a picture, mixed. */
static void write_extractor(const char *path)
{
	struct bytes graph = { NULL, 0, 0 };
	float mix[SIDE][SIDE] = { { 0 } }, grid[SIDE][2] = { { 0 } };

	for (int i = 0; i < SIDE; i++) {
		mix[i][i] = 1;
		grid[i][0] = (float)i;
	}
	graph_input(&graph, "image", RT_F32, 4, (int64_t[]){ 1, 1, SIDE, SIDE });
	graph_constant(&graph, "rows", RT_I64, 1, (int64_t[]){ 3 }, (int64_t[]){ 1, SIDE, SIDE });
	graph_constant(&graph, "mix", RT_F32, 2, (int64_t[]){ SIDE, SIDE }, mix);
	graph_constant(&graph, "grid", RT_F32, 3, (int64_t[]){ 1, SIDE, 2 }, grid);
	graph_constant(&graph, "zero", RT_F32, 0, NULL, (float[]){ 0 });
	graph_constant(&graph, "from", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });
	graph_constant(&graph, "to", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	graph_constant(&graph, "axis", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	graph_node(&graph, "Reshape", "image rows", "picture");
	graph_node(&graph, "MatMul", "picture mix", "mixed");
	graph_node(&graph, "Relu", "mixed", "descriptors");
	graph_node(&graph, "Mul", "picture zero", "zeros");
	graph_node(&graph, "Slice", "zeros from to axis", "zero_points");
	graph_node(&graph, "Add", "zero_points grid", "keypoints");
	graph_output(&graph, "keypoints");
	graph_output(&graph, "descriptors");
	write_model_file(path, &graph);
}

static struct cli *open_extractor(void)
{
	struct cli *t = cli_open();

	t->isa = "c";
	snprintf(model, sizeof model, "%s/m.onnx", t->folder);
	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	snprintf(folder, sizeof folder, "%s/pictures", t->folder);
	snprintf(none, sizeof none, "%s/none/file", t->folder);
	write_extractor(model);
	ck_assert_int_eq(mkdir(folder, 0777), 0);
	draw_picture(cli_path(t, "pictures/a.png"), SIDE, SIDE, 0);
	write_text(pairs, "pictures/a.png pictures/a.png\n");
	return t;
}

/* Said before anything is computed: here there is nothing to compute with. */
START_TEST(where_nothing_can_be_written)
{
	struct cli *t = open_extractor();
	const char *no_model = cli_path(t, "no.onnx");

	cli_fails(cli_run(t, "gate", no_model, "--pairs", pairs, "--json", none, NULL), 4,
		"none/file: cannot be written: No such file or directory");
	cli_fails(cli_run(t, "gate", no_model, "--pairs", pairs, "--json", folder, NULL), 4,
		"pictures: cannot be written: Is a directory");
	cli_fails(cli_run(t, "tune", no_model, "--pairs", pairs, "-o", pairs, NULL), 4,
		"pairs.txt: cannot be written: Not a directory");
	cli_fails(cli_run(t, "explain", no_model, "--images", folder, "--ranges-out", none, NULL), 4, "none/file: cannot");
	cli_fails(cli_run(t, "calibrate", no_model, "--images", folder, "-o", none, NULL), 4, "none/file: cannot");
	cli_fails(
		cli_run(t, "calibrate", no_model, "--images", folder, "-o", cli_path(t, "q.onnx"), "--report", none, NULL), 4,
		"none/file: cannot");
	ck_assert_int_ne(access(cli_path(t, "q.onnx"), F_OK), 0);
	cli_close(t);
}
END_TEST

START_TEST(tune_options)
{
	struct cli *t = open_extractor();
	const char *other = cli_path(t, "pictures/m.onnx");

	write_extractor(other);
	cli_fails(cli_run(t, "tune", model, "--pairs", pairs, "-o", folder, "--rounds", "0", NULL), 2,
		"--rounds 0: bf16 and fp16 are compared by their times");
	cli_fails(cli_run(t, "tune", model, other, "--pairs", pairs, "-o", folder, NULL), 2,
		"the rules of both would be one file");
	cli_fails(
		cli_run(t, "tune", model, "--pairs", pairs, "-o", folder, "--precision", "fp16", "--max-lost-3px", "1", NULL),
		2, "--max-lost-3px: no pair of");
	ck_assert_int_ne(access(cli_path(t, "pictures/m.rules"), F_OK), 0);
	cli_close(t);
}
END_TEST

/* What was seen of another model would change nothing, without a word. */
START_TEST(ranges_of_another_model)
{
	struct cli *t = open_extractor();
	char ranges[128];

	snprintf(ranges, sizeof ranges, "%s/other.ranges", t->folder);
	write_text(ranges, "0\t1\t9\t0\tother\tother\n");
	const char *text = "m.onnx: --ranges other.ranges: these are of another model";
	cli_fails(cli_run(t, "explain", model, "--ranges", ranges, NULL), 2, text);
	cli_fails(cli_run(t, "compile", model, "--ranges", ranges, "-o", folder, NULL), 2, text);
	cli_fails(cli_run(t, "gate", model, "--ranges", ranges, "--pairs", pairs, "--rounds", "0", NULL), 2, text);
	cli_fails(cli_run(t, "gate", "models/superpoint.onnx", "models/lightglue.onnx", "--depth", "1", "--topk", "16",
				  "--dim", "height=64", "--dim", "width=64", "--ranges", ranges, "--pairs", pairs, "--rounds", "0",
				  "--precision", "fp16", NULL),
		2, "--ranges other.ranges: no model that they are for has values of these names");
	cli_succeeds(cli_run(t, "explain", model, "--images", folder, "--ranges-out", ranges, NULL));
	cli_succeeds(cli_run(t, "explain", model, "--ranges", ranges, NULL));
	cli_succeeds(cli_run(t, "gate", model, "--ranges", ranges, "--pairs", pairs, "--rounds", "0", NULL));
	cli_close(t);
}
END_TEST

START_TEST(what_is_no_extractor)
{
	struct cli *t = open_extractor();
	char add[128], out[128];

	snprintf(add, sizeof add, "%s/add.onnx", t->folder);
	snprintf(out, sizeof out, "%s/q.onnx", t->folder);
	write_add_model(add);
	draw_picture(cli_path(t, "pictures/b.png"), SIDE, SIDE, 3);
	const char *text = "add.onnx: --extractor: it is none";
	cli_fails(cli_run(t, "explain", model, "--images", folder, "--extractor", add, NULL), 3, text);
	cli_fails(cli_run(t, "calibrate", model, "--images", folder, "--extractor", add, "-o", out, NULL), 3, text);
	cli_fails(cli_run(t, "calibrate", model, "--images", folder, "--extractor", model, "-o", out, NULL), 3,
		"m.onnx: --extractor is for matchers whose inputs are");
	cli_fails(cli_run(t, "calibrate", add, "--images", folder, "-o", out, NULL), 3, "add.onnx: --images needs a model");
	ck_assert_int_ne(access(out, F_OK), 0);
	cli_close(t);
}
END_TEST

static const struct contradiction {
	const char *options[6], *message;
	int code;
} contradictions[] = {
	{ { "--percentile", "99", "--method", "minmax" }, "--percentile is for --method percentile", 2 },
	{ { "--precision", "fp16" }, "are for compiling what gluec calibrate writes", 2 },
	{ { "--precision-of", "mixed=fp16" }, "are for compiling what gluec calibrate writes", 2 },
	{ { "--weights", "c" }, "are for compiling what gluec calibrate writes", 2 },
	{ { "--size", "32x16" }, "--size 32x16: ", 2 },
	{ { "--skip", "mxied" }, "m.onnx: --skip mxied: no Conv, MatMul or Gemm is called so", 3 },
};

START_TEST(calibrate_options)
{
	const struct contradiction *x = &contradictions[_i];
	struct cli *t = open_extractor();
	char out[128];
	const char *arguments[12] = { "calibrate", model, "-o", out, "--images", folder };

	snprintf(out, sizeof out, "%s/q.onnx", t->folder);
	for (int i = 0; x->options[i]; i++)
		arguments[6 + i] = x->options[i];
	cli_fails(cli_run_list(t, arguments, NULL), x->code, x->message);
	ck_assert_int_ne(access(out, F_OK), 0);
	cli_fails(cli_run(t, "calibrate", model, "-o", out, "--images", folder, "--report", out, NULL), 2,
		"--report and -o both name");
	cli_fails(cli_run(t, "calibrate", model, "-o", out, "--data", folder, "--size", "16x16", NULL), 2,
		"--size is for the pictures of --images DIR");
	ck_assert_int_ne(access(out, F_OK), 0);
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bad input");
	TCase *t = tcase_create("bad input");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, baked_k);
	tcase_add_test(t, where_nothing_can_be_written);
	tcase_add_test(t, tune_options);
	tcase_add_test(t, ranges_of_another_model);
	tcase_add_test(t, what_is_no_extractor);
	tcase_add_loop_test(t, calibrate_options, 0, sizeof contradictions / sizeof *contradictions);
	suite_add_tcase(s, t);
	return s;
}
