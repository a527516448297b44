/* --append on the command line: what it accepts, what it writes into the head of the generated file, and that the
 * object computes what the interpreter does. */
#include "cli_test.h"
#include <string.h>

/* map f32[1,16,24] and features f32[1,4,2,3], as an extractor's dense heads would be. */
static struct cli *open_heads(void)
{
	struct cli *t = cli_open();
	struct bytes graph = { 0 };

	graph_input(&graph, "x", RT_F32, 3, (int64_t[]){ 1, 16, 24 });
	graph_input(&graph, "y", RT_F32, 4, (int64_t[]){ 1, 4, 2, 3 });
	graph_node(&graph, "Exp", "x", "scores");
	graph_node(&graph, "Tanh", "y", "features");
	graph_output(&graph, "scores");
	graph_output(&graph, "features");
	write_model_file(cli_path(t, "heads.onnx"), &graph);
	return t;
}

static const struct cli_result *verify(struct cli *t, const char *append)
{
	return cli_run(t, "verify", cli_path(t, "heads.onnx"), "--topk", "5", "--append", append, NULL);
}

START_TEST(computed)
{
	struct cli *t = open_heads();
	const struct cli_result *r = verify(t, "keypoints");

	cli_succeeds(r);
	cli_says(r, "keypoints i64[1,5,2]: equal");
	cli_says(r, "scores f32[1,5]");
	cli_says(r, "descriptors f32[1,5,4]");
	cli_succeeds(verify(t, "keypoints:radius=1,border=2,threshold=0.1,scores=scores,descriptors=features"));
	cli_close(t);
}
END_TEST

START_TEST(repeatable)
{
	struct cli *t = open_heads();
	char text[4096];

	cli_succeeds(cli_run(t, "compile", cli_path(t, "heads.onnx"), "-o", cli_path(t, "made"), "--append",
		"keypoints:border=2", "--topk", "5", NULL));
	FILE *f = fopen(cli_path(t, "made/heads.c"), "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	ck_assert_msg(strstr(text, " --topk 5 --append keypoints:border=2 ") != NULL, "%s", text);
	cli_close(t);
}
END_TEST

START_TEST(inspected)
{
	struct cli *t = open_heads();
	const struct cli_result *r =
		cli_run(t, "inspect", cli_path(t, "heads.onnx"), "--topk", "5", "--append", "keypoints", NULL);

	cli_succeeds(r);
	cli_says(r, "outputs as bound:\n  keypoints            i64[1,5,2]\n");
	cli_fails(cli_run(t, "inspect", cli_path(t, "heads.onnx"), "--append", "matches:scores=features", NULL), 3,
		"heads.onnx: --append matches: no output fits");
	cli_close(t);
}
END_TEST

/* A data set for the graph as it was has too few outputs; one without outputs gets them written. */
START_TEST(data_sets)
{
	struct cli *t = open_heads();
	static float x[16 * 24], y[24];

	for (int i = 0; i < 16 * 24; i++)
		x[i] = (float)(i * 37 % 101) / 101;
	write_tensor(cli_path(t, "input_0.pb"), "x", RT_F32, 3, (int64_t[]){ 1, 16, 24 }, x);
	write_tensor(cli_path(t, "input_1.pb"), "y", RT_F32, 4, (int64_t[]){ 1, 4, 2, 3 }, y);
	const char *arguments[] = { "run", cli_path(t, "heads.onnx"), "--data", t->folder, "--topk", "5", "--append",
		"keypoints", NULL };
	const struct cli_result *r = cli_run_list(t, arguments, NULL);
	cli_succeeds(r);
	cli_says(r, "3 outputs written");
	r = cli_run_list(t, arguments, NULL);
	cli_succeeds(r);
	cli_says(r, "keypoints i64[1,5,2]: equal");
	ck_assert_int_eq(remove(cli_path(t, "output_2.pb")), 0);
	cli_fails(cli_run_list(t, arguments, NULL), 3, "output_2.pb is missing, though others are there");
	cli_close(t);
}
END_TEST

static const struct {
	const char *append, *message;
} wrong[] = {
	{ "corners", "--append: 'corners' must be keypoints or matches" },
	{ "keypointsradius=1", "must be keypoints or matches" },
	{ "keypoints:", "has nothing behind the colon" },
	{ "keypoints:radius", "'radius' must be one of radius=R, border=B" },
	{ "keypoints:radius=", "'radius=' must be one of" },
	{ "keypoints:radius=-1", "--append keypoints, radius: '-1' must be a whole number from 0 to 32768" },
	{ "keypoints:border=1x", "--append keypoints, border: '1x' must be a whole number" },
	{ "keypoints:threshold=nan", "'nan' must be a number of at least 0" },
	{ "matches:radius=1", "'radius=1' must be one of threshold=T, dustbins=0|1" },
	{ "matches:dustbins=2", "--append matches, dustbins: '2' must be a whole number from 0 to 1" },
};

START_TEST(usage)
{
	struct cli *t = cli_open();

	cli_fails(cli_run(t, "inspect", "m.onnx", "--append", wrong[_i].append, NULL), 2, wrong[_i].message);
	cli_fails(cli_run(t, "inspect", "m.onnx", "--append", "matches", "--append", "matches:dustbins=1", NULL), 2,
		"--append matches is given twice");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("append");
	TCase *t = tcase_create("append");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, computed);
	tcase_add_test(t, repeatable);
	tcase_add_test(t, inspected);
	tcase_add_test(t, data_sets);
	tcase_add_loop_test(t, usage, 0, sizeof wrong / sizeof *wrong);
	suite_add_tcase(s, t);
	return s;
}
