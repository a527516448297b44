/* gluec bisect and gluec tune, with an extractor of many layers of which half breaks one. */
#include "cli_picture.h"
#include "cli_test.h"
#include <stdlib.h>
#include <string.h>

enum { SIDE = 16, LAYERS = 24, BAD = 13 };

/* Layers that exchange rows and cut off what is negative, of numbers from 0 to 1; two of them multiply by 600 and the
 * next two divide by it: 360,000 is more than half holds. Keypoint i is at (2 i, 0), its descriptor row i. */
static void write_layers(const char *path)
{
	struct bytes graph = { NULL, 0, 0 };
	float grid[SIDE][2] = { { 0 } }, mix[SIDE][SIDE];
	char name[32], list[64];

	graph_input(&graph, "image", RT_F32, 4, (int64_t[]){ 1, 1, SIDE, SIDE });
	graph_constant(&graph, "rows", RT_I64, 1, (int64_t[]){ 3 }, (int64_t[]){ 1, SIDE, SIDE });
	graph_node(&graph, "Reshape", "image rows", "rectified0");
	for (int layer = 1; layer <= LAYERS; layer++) {
		float gain = layer == BAD - 1 || layer == BAD ? 600 : layer == BAD + 1 || layer == BAD + 2 ? 1.0F / 600 : 1;
		memset(mix, 0, sizeof mix);
		for (int i = 0; i < SIDE; i++)
			mix[i][(i + layer) % SIDE] = gain;
		snprintf(name, sizeof name, "mix%d", layer);
		graph_constant(&graph, name, RT_F32, 2, (int64_t[]){ SIDE, SIDE }, mix);
		snprintf(list, sizeof list, "rectified%d mix%d", layer - 1, layer);
		snprintf(name, sizeof name, "layer%d", layer);
		graph_node(&graph, "MatMul", list, name);
		snprintf(list, sizeof list, "rectified%d", layer);
		graph_node(&graph, "Relu", name, list);
	}
	for (int i = 0; i < SIDE; i++)
		grid[i][0] = 2 * (float)i;
	graph_constant(&graph, "grid", RT_F32, 2, (int64_t[]){ SIDE, 2 }, grid);
	graph_constant(&graph, "zero", RT_F32, 0, NULL, (float[]){ 0 });
	graph_constant(&graph, "one", RT_F32, 0, NULL, (float[]){ 1 });
	graph_constant(&graph, "from", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });
	graph_constant(&graph, "to", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	graph_constant(&graph, "axis", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	snprintf(list, sizeof list, "rectified%d one", LAYERS);
	graph_node(&graph, "Mul", list, "descriptors");
	graph_node(&graph, "Mul", "rectified0 zero", "zeros");
	graph_node(&graph, "Slice", "zeros from to axis", "zero_points");
	graph_node(&graph, "Add", "zero_points grid", "keypoints");
	graph_output(&graph, "keypoints");
	graph_output(&graph, "descriptors");
	write_model_file(path, &graph);
}

static char model[128], pairs[128], folder[128];

static struct cli *open_layers(void)
{
	struct cli *t = cli_open();

	t->isa = "c";
	snprintf(model, sizeof model, "%s/layers.onnx", t->folder);
	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	snprintf(folder, sizeof folder, "%s/rules", t->folder);
	write_layers(model);
	draw_picture(cli_path(t, "a.png"), SIDE, SIDE, 0);
	draw_picture(cli_path(t, "b.png"), SIDE, SIDE, 40);
	write_text(pairs, "a.png a.png\nb.png b.png\n");
	return t;
}

static int count_runs(const char *out)
{
	int n = 0;

	for (const char *s = out; (s = strstr(s, "run ")); s++)
		n++;
	return n;
}

/* The layer whose result is too large for half, found by halving; with it in float the gate passes. */
START_TEST(the_bad_layer_is_found)
{
	struct cli *t = open_layers();
	const struct cli_result *r =
		cli_run(t, "gate", model, "--pairs", pairs, "--precision", "fp16", "--rounds", "0", NULL);

	cli_fails(r, 1, "fails the gate: ");
	r = cli_run(t, "bisect", model, "--pairs", pairs, "--precision", "fp16", NULL);
	cli_succeeds(r);
	cli_says(r, "1 of ");
	cli_says(r, "nodes must be float for the gate to pass");
	cli_says(r, "--precision-of 'layer13=fp32'");
	cli_does_not_say(r, "layer12=");
	cli_does_not_say(r, "layer14=");
	ck_assert_int_le(count_runs(r->out), 9);
	r = cli_run(t, "gate", model, "--pairs", pairs, "--precision", "fp16", "--rounds", "0", "--precision-of",
		"layer13=fp32", "--precision-of", "rectified13=fp32", NULL);
	cli_succeeds(r);
	cli_close(t);
}
END_TEST

START_TEST(few_runs_say_that_they_were_few)
{
	struct cli *t = open_layers();
	const struct cli_result *r =
		cli_run(t, "bisect", model, "--pairs", pairs, "--precision", "fp16", "--runs", "4", NULL);

	cli_succeeds(r);
	ck_assert_int_eq(count_runs(r->out), 4);
	cli_says(r, "the runs are spent");
	cli_says(r, "--precision-of 'layer13=fp32'");
	cli_close(t);
}
END_TEST

START_TEST(what_does_not_fail_needs_no_search)
{
	struct cli *t = open_layers();
	const struct cli_result *r = cli_run(t, "bisect", model, "--pairs", pairs, "--precision", "bf16", NULL);

	cli_succeeds(r);
	cli_says(r, "nothing to find");
	cli_fails(cli_run(t, "bisect", model, "--pairs", pairs, NULL), 2, "every node is float already");
	cli_fails(cli_run(t, "bisect", model, "--precision", "fp16", NULL), 2, "gluec bisect needs --pairs FILE");
	cli_close(t);
}
END_TEST

/* Rules for half, with what half breaks in float; they are what compile takes. */
START_TEST(tune_writes_rules_that_pass)
{
	struct cli *t = open_layers();
	const struct cli_result *r =
		cli_run(t, "tune", model, "--pairs", pairs, "--precision", "fp16", "--rounds", "1", "-o", folder, NULL);

	cli_succeeds(r);
	cli_says(r, "harm");
	cli_does_not_say(r, "FAIL");
	char *rules = cli_read(cli_path(t, "rules/layers.rules"));
	ck_assert_msg(strstr(rules, "\n*=fp16\n") && strstr(rules, "\nlayer13=fp32\n"), "%s", rules);
	ck_assert_ptr_null(strstr(rules, "\nlayer1=fp32\n"));
	free(rules);
	char file[160];
	snprintf(file, sizeof file, "%s/layers.rules", folder);
	cli_succeeds(cli_run(t, "gate", model, "--pairs", pairs, "--rules", file, "--rounds", "0", NULL));
	cli_succeeds(cli_run(t, "compile", model, "--rules", file, "-o", folder, NULL));
	cli_close(t);
}
END_TEST

/* What the user said of a node held in all that was measured, so it is among the rules. */
START_TEST(tune_keeps_what_the_user_said)
{
	struct cli *t = open_layers();
	const struct cli_result *r = cli_run(t, "tune", model, "--pairs", pairs, "--precision", "fp16", "--rounds", "0",
		"--precision-of", "layer13=fp32", "--precision-of", "rectified13=fp32", "-o", folder, NULL);

	cli_succeeds(r);
	ck_assert_int_eq(count_runs(r->out), 1);
	char *rules = cli_read(cli_path(t, "rules/layers.rules"));
	ck_assert_str_eq(rules, "# written by gluec tune\n*=fp16\nlayer13=fp32\nrectified13=fp32\n");
	free(rules);
	cli_close(t);
}
END_TEST

/* With the layer's product in float, but not the ReLU behind it, which is stored as half: the two are one part. */
START_TEST(a_half_behind_a_product_of_floats_is_found)
{
	struct cli *t = open_layers();
	const struct cli_result *r =
		cli_run(t, "bisect", model, "--pairs", pairs, "--precision", "fp16", "--precision-of", "layer13=fp32", NULL);

	cli_succeeds(r);
	cli_says(r, "\n1 of ");
	cli_says(r, "  --precision-of 'rectified13=fp32'\n");
	cli_close(t);
}
END_TEST

/* Both default models: the matcher's inputs are converted to bfloat16 by nodes that no rule can name, so that they are
 * no parts. */
START_TEST(two_models_are_searched_together)
{
	struct cli *t = cli_open();

	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	draw_picture(cli_path(t, "left.png"), 128, 96, 0);
	draw_picture(cli_path(t, "right.png"), 128, 96, 16);
	write_text(pairs, "left.png right.png\n");
	const struct cli_result *r = cli_run(t, "bisect", "models/superpoint.onnx", "models/lightglue.onnx", "--pairs",
		pairs, "--dim", "height=96", "--dim", "width=128", "--topk", "48", "--depth", "1", "--precision", "bf16",
		"--max-score-error", "0", "--runs", "2", NULL);
	cli_succeeds(r);
	cli_says(r, "\nrun  2: ");
	cli_says(r, " nodes in float: pass\n");
	cli_says(r, "  --precision-of 'layer0.self.qkv=fp32'\n");
	cli_does_not_say(r, "'descriptors=fp32'");
	cli_close(t);
}
END_TEST

START_TEST(tune_says_what_it_lacks)
{
	struct cli *t = open_layers();

	cli_fails(cli_run(t, "tune", model, "--pairs", pairs, NULL), 2, "gluec tune needs -o DIR");
	cli_fails(cli_run(t, "compile", model, "-o", folder, "--precision", "auto", NULL), 2, "gluec tune");
	cli_fails(cli_run(t, "tune", model, "--pairs", pairs, "-o", folder, "--runs", "3", NULL), 2, "--runs");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bisect");
	TCase *t = tcase_create("bisect");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, the_bad_layer_is_found);
	tcase_add_test(t, few_runs_say_that_they_were_few);
	tcase_add_test(t, what_does_not_fail_needs_no_search);
	tcase_add_test(t, tune_writes_rules_that_pass);
	tcase_add_test(t, tune_keeps_what_the_user_said);
	tcase_add_test(t, a_half_behind_a_product_of_floats_is_found);
	tcase_add_test(t, two_models_are_searched_together);
	tcase_add_test(t, tune_says_what_it_lacks);
	suite_add_tcase(s, t);
	return s;
}
