/* gluec gate, with a toy extractor and the default models at a small size, on pictures that the tests draw. */
#include "cli_picture.h"
#include "cli_test.h"
#include "image.h"
#include <stdlib.h>
#include <string.h>

enum { SIDE = 16 };

/* An extractor whose descriptors are the rows of a picture of 16 x 16 pixels: keypoint i is at (2 i + offset, 0), and
 * for those from `first_bad` on the descriptor is that of the keypoint before, upside down. scores: the score of the
 * last keypoint, or -1 for no such output. */
static void write_extractor(const char *path, float offset, int first_bad, float last_score)
{
	struct bytes graph = { NULL, 0, 0 };
	float grid[SIDE][2] = { { 0 } }, mix[SIDE][SIDE] = { { 0 } }, scores[SIDE];

	for (int i = 0; i < SIDE; i++) {
		grid[i][0] = 2 * (float)i + offset;
		mix[i][i < first_bad ? i : SIDE - 1 - i] = 1;
		scores[i] = i < SIDE - 1 ? 1 : last_score;
	}
	graph_input(&graph, "image", RT_F32, 4, (int64_t[]){ 1, 1, SIDE, SIDE });
	graph_constant(&graph, "rows", RT_I64, 1, (int64_t[]){ 3 }, (int64_t[]){ 1, SIDE, SIDE });
	graph_constant(&graph, "mix", RT_F32, 2, (int64_t[]){ SIDE, SIDE }, mix);
	graph_constant(&graph, "grid", RT_F32, 2, (int64_t[]){ SIDE, 2 }, grid);
	graph_constant(&graph, "score", RT_F32, 1, (int64_t[]){ SIDE }, scores);
	graph_constant(&graph, "zero", RT_F32, 0, NULL, (float[]){ 0 });
	graph_constant(&graph, "from", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });
	graph_constant(&graph, "to", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	graph_constant(&graph, "to_one", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 1 });
	graph_constant(&graph, "axis", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	graph_constant(&graph, "flat", RT_I64, 1, (int64_t[]){ 2 }, (int64_t[]){ 1, SIDE });
	graph_node(&graph, "Reshape", "image rows", "picture");
	graph_node(&graph, "MatMul", "mix picture", "descriptors");
	graph_node(&graph, "Mul", "picture zero", "zeros");
	graph_node(&graph, "Slice", "zeros from to axis", "zero_points");
	graph_node(&graph, "Add", "zero_points grid", "keypoints");
	graph_node(&graph, "Slice", "zeros from to_one axis", "zero_column");
	graph_node(&graph, "Reshape", "zero_column flat", "zero_scores");
	graph_node(&graph, "Add", "zero_scores score", "scores");
	graph_output(&graph, "keypoints");
	graph_output(&graph, "descriptors");
	if (last_score >= 0)
		graph_output(&graph, "scores");
	write_model_file(path, &graph);
}

/* Two different pictures of 16 x 16, paired with themselves and a third time the first one alone, in pairs.txt. */
static struct cli *open_toy(void)
{
	struct cli *t = cli_open();

	t->isa = "c";
	draw_picture(cli_path(t, "a.png"), SIDE, SIDE, 0);
	draw_picture(cli_path(t, "b.png"), SIDE, SIDE, 40);
	write_text(cli_path(t, "same.txt"), "1 0 0  0 1 0  0 0 1\n");
	write_text(
		cli_path(t, "pairs.txt"), "# pictures with themselves\na.png a.png same.txt\n\nb.png b.png # no truth\n");
	write_extractor(cli_path(t, "toy.onnx"), 0, SIDE, -1);
	return t;
}

static double number_behind(const char *text, const char *name)
{
	const char *s = strstr(text, name);

	ck_assert_msg(s != NULL, "'%s' is not in:\n%s", name, text);
	return strtod(s + strlen(name), NULL);
}

START_TEST(equal_models_pass)
{
	struct cli *t = open_toy();
	const struct cli_result *r =
		cli_run(t, "gate", cli_path(t, "toy.onnx"), "--pairs", cli_path(t, "pairs.txt"), "--rounds", "2", NULL);

	cli_succeeds(r);
	ck_assert_double_eq(number_behind(r->out, "keypoints "), 64);
	ck_assert_double_eq(number_behind(r->out, "matches  "), 32);
	ck_assert_double_eq(number_behind(r->out, "repeatability "), 1);
	ck_assert_double_eq(number_behind(r->out, "Jaccard of the matches "), 1);
	ck_assert_double_eq(number_behind(r->out, "score error, largest "), 0);
	ck_assert_double_eq(number_behind(r->out, "within 1 px of truth, % "), 100);
	/* All keypoints are in line, and so decide no homography. */
	ck_assert_double_eq(number_behind(r->out, "homography AUC@5px, % "), 0);
	cli_says(r, "first model, ms, p99");
	cli_says(r, "pass");
	cli_does_not_say(r, "FAIL");
	cli_close(t);
}
END_TEST

/* The candidate has a quarter of its descriptors exchanged, which breaks matches, but no keypoints. */
START_TEST(other_descriptors_fail)
{
	struct cli *t = open_toy();

	/* Keypoints 12 to 15 get the descriptors of 3 to 0: then 0 to 3 have twins, and one of each two is matched. */
	write_extractor(cli_path(t, "broken.onnx"), 0, 12, -1);
	const char *arguments[] = { "gate", cli_path(t, "broken.onnx"), "--reference", cli_path(t, "toy.onnx"), "--pairs",
		"", "--rounds", "0", "--json", "", NULL };
	char pairs[128], json[128];
	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	snprintf(json, sizeof json, "%s/gate.json", t->folder);
	arguments[5] = pairs;
	arguments[9] = json;
	const struct cli_result *r = cli_run_list(t, arguments, NULL);
	cli_fails(r, 1, "fails the gate: min-matches 0.95, where the figure is 0.75; min-jaccard 0.9");
	ck_assert_double_eq(number_behind(r->out, "repeatability "), 1);
	ck_assert_double_eq_tol(number_behind(r->out, "Jaccard of the matches "), 0.75, 1e-9);
	cli_says(r, "FAIL");
	cli_does_not_say(r, "first model, ms");
	char text[20000] = "";
	FILE *f = fopen(json, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "\"passes\": false"));
	ck_assert_ptr_nonnull(strstr(text, "\"jaccard\": 0.75"));
	ck_assert_ptr_nonnull(strstr(text, "\"name\": \"a.png a.png\""));
	ck_assert_ptr_nonnull(strstr(text, "\"corner_error_px\": { \"reference\": null, \"candidate\": null }"));
	cli_close(t);
}
END_TEST

static const struct shift {
	const char *offset_name;
	float offset;
	double repeatability, jaccard, within;
} shifts[] = { { "near", 0.9F, 1, 1, 100 }, { "far", 2.0F, 0.9375, 0.8824, 100 }, { "away", 64, 0, 0, 100 } };

/* Keypoints that are moved: by less than a pixel they are the same; by two, to the place of the next one, only the
 * first is lost; by many, all are. Both ends move, so that the truth agrees always. */
START_TEST(moved_keypoints)
{
	const struct shift *s = &shifts[_i];
	struct cli *t = open_toy();
	char reference[128];

	snprintf(reference, sizeof reference, "%s/toy.onnx", t->folder);
	write_extractor(cli_path(t, "moved.onnx"), s->offset, SIDE, -1);
	const struct cli_result *r = cli_run(t, "gate", cli_path(t, "moved.onnx"), "--reference", reference, "--pairs",
		cli_path(t, "pairs.txt"), "--rounds", "0", NULL);
	ck_assert_msg(!*r->err == (s->repeatability > 0.95), "%s: %s", s->offset_name, r->err);
	ck_assert_double_eq_tol(number_behind(r->out, "repeatability "), s->repeatability, 1e-4);
	ck_assert_double_eq_tol(number_behind(r->out, "Jaccard of the matches "), s->jaccard, 1e-4);
	ck_assert_double_eq(number_behind(r->out, "within 1 px of truth, % "), s->within);
	cli_close(t);
}
END_TEST

/* A keypoint whose score is 0 is none. */
START_TEST(fillers_do_not_count)
{
	struct cli *t = open_toy();

	write_extractor(cli_path(t, "scored.onnx"), 0, SIDE, 0);
	const struct cli_result *r =
		cli_run(t, "gate", cli_path(t, "scored.onnx"), "--pairs", cli_path(t, "pairs.txt"), "--rounds", "0", NULL);
	cli_succeeds(r);
	ck_assert_double_eq(number_behind(r->out, "keypoints "), 60);
	ck_assert_double_eq(number_behind(r->out, "matches  "), 30);
	cli_close(t);
}
END_TEST

/* Limits come from the command line and from a file, and the last word counts. */
START_TEST(limits)
{
	struct cli *t = open_toy();
	char model[128], pairs[128], file[128], reference[128];

	snprintf(model, sizeof model, "%s/broken.onnx", t->folder);
	snprintf(reference, sizeof reference, "%s/toy.onnx", t->folder);
	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	snprintf(file, sizeof file, "%s/limits.txt", t->folder);
	write_extractor(model, 0, 12, -1);
	write_text(file, "min-jaccard 0.7 # of 0.75\nmin-matches off\n\nmin-worst-jaccard 0\n");
	cli_succeeds(cli_run(t, "gate", model, "--reference", reference, "--pairs", pairs, "--rounds", "0", "--min-jaccard",
		"0.9", "--thresholds", file, NULL));
	cli_fails(cli_run(t, "gate", model, "--reference", reference, "--pairs", pairs, "--rounds", "0", "--thresholds",
				  file, "--min-jaccard", "0.8", NULL),
		1, "min-jaccard 0.8, where the figure is 0.75");
	write_text(pairs, "b.png b.png\n");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--rounds", "0", "--max-lost-3px", "1", NULL), 2,
		"--max-lost-3px: no pair of");
	cli_close(t);
}
END_TEST

static const struct bad_limits {
	const char *text, *message;
} bad_limits[] = {
	{ "min-jaccard\n", "limits.txt:1: must be a name and a number" },
	{ "\nmin-fun 0.5\n", "limits.txt:2: 'min-fun' is no figure" },
	{ "min-jaccard -1\n", "limits.txt:1: '-1' must be a number of at least 0, or off" },
	{ "min-jaccard nan\n", "'nan' must be" },
	{ "min-jaccard 95\n", "limits.txt:1: '95' must be at most 1, since it is a share" },
	{ "min-jaccard 0.5x\n", "'0.5x' must be" },
	{ "min-jaccard 0.5 0.6\n", "limits.txt:1: has more than 2 words" },
};

START_TEST(bad_limits_are_refused)
{
	struct cli *t = cli_open();

	write_text(cli_path(t, "limits.txt"), bad_limits[_i].text);
	const struct cli_result *r =
		cli_run(t, "gate", "m.onnx", "--pairs", "p", "--thresholds", cli_path(t, "limits.txt"), NULL);
	ck_assert_int_ne(r->code, 0);
	cli_fails(r, r->code == 4 ? 4 : 2, bad_limits[_i].message);
	cli_close(t);
}
END_TEST

static const struct bad_pairs {
	const char *text, *message;
} bad_pairs[] = {
	{ "", "names no pair of pictures" },
	{ "# nothing\n", "names no pair of pictures" },
	{ "a.png\n", "pairs.txt:1: must be A.png B.png [TRUTH]" },
	{ "a.png b.png same.txt more\n", "pairs.txt:1: has more than 3 words" },
	{ "\na.png missing.png\n", "missing.png: No such file" },
	{ "a.png same.txt\n", "same.txt: not a PNG file" },
	{ "a.png half.png\n", "half.png: damaged PNG file" },
	{ "a.png b.png missing.txt\n", "missing.txt: No such file" },
	{ "a.png b.png eight.txt\n", "eight.txt: expected nine numbers" },
	{ "a.png b.png singular.txt\n", "singular.txt: is no homography" },
	{ "a.png b.png a.png\n", "a.png: expected nine numbers" },
	{ "a.png b.png small.flo\n", "small.flo: it is not for a picture of 16 x 16" },
	{ "a.png b.png same.flo\n", "same.flo: not a .flo file" },
};

START_TEST(bad_pairs_are_refused)
{
	struct cli *t = open_toy();
	char half[200] = "";
	FILE *f = fopen(cli_path(t, "a.png"), "rb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(half, 1, 100, f), 0);
	fclose(f);
	f = fopen(cli_path(t, "half.png"), "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(half, 1, 100, f), 100);
	fclose(f);
	f = fopen(cli_path(t, "small.flo"), "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite("PIEH\10\0\0\0\10\0\0\0", 1, 12, f), 12);
	fclose(f);
	write_text(cli_path(t, "same.flo"), "1 0 0 0 1 0 0 0 1\n");
	write_text(cli_path(t, "eight.txt"), "1 0 0 0 1 0 0 0\n");
	write_text(cli_path(t, "singular.txt"), "1 2 3 2 4 6 0 0 1\n");
	write_text(cli_path(t, "pairs.txt"), bad_pairs[_i].text);
	cli_fails(cli_run(t, "gate", cli_path(t, "toy.onnx"), "--pairs", cli_path(t, "pairs.txt"), NULL), 4,
		bad_pairs[_i].message);
	cli_close(t);
}
END_TEST

/* Every limit is there, with its default. */
START_TEST(help_has_the_defaults)
{
	static const char *const commands[] = { "gate", "bisect", "tune" };
	struct cli *t = cli_open();

	for (int i = 0; i < 3; i++) {
		const struct cli_result *r = cli_run(t, commands[i], "--help", NULL);
		cli_succeeds(r);
		cli_says(r, "  --min-repeatability N     share of the reference's keypoints found again within 1 px [0.95]\n");
		cli_says(
			r, "  --min-kept N              share of the reference's matches that are among the candidate's [off]\n");
		cli_says(r, "  --max-auc-loss-5px N      the same for 5 px [10]\n");
	}
	cli_close(t);
}
END_TEST

START_TEST(usage)
{
	struct cli *t = open_toy();
	char model[128], pairs[128], add[128];

	snprintf(model, sizeof model, "%s/toy.onnx", t->folder);
	snprintf(add, sizeof add, "%s/add.onnx", t->folder);
	snprintf(pairs, sizeof pairs, "%s/pairs.txt", t->folder);
	write_add_model(add);
	cli_fails(cli_run(t, "gate", model, NULL), 2, "needs --pairs FILE");
	cli_fails(cli_run(t, "gate", "--pairs", pairs, NULL), 2, "takes one model or two, not 0");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "-o", "x", NULL), 2, "unknown option '-o'; see gluec gate");
	cli_fails(cli_run(t, "bisect", model, "--pairs", pairs, "-o", "9", NULL), 2, "unknown option '-o'; see gluec bis");
	cli_fails(cli_run(t, "gate", model, model, model, "--pairs", pairs, NULL), 2, "takes one model or two, not 3");
	cli_fails(cli_run(t, "gate", model, "--pairs", cli_path(t, "none.txt"), NULL), 4, "none.txt: No such file");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--only", "extractor", NULL), 2, "--only: there are no two");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--only", "both", NULL), 2, "'both' must be extractor or");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--min-jaccard", "x", NULL), 2, "--min-jaccard: 'x' must be");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--min-matches", "1.2", "--min-kept", "2", NULL), 2,
		"--min-kept: '2' must be at most 1");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--cc", " ", NULL), 2, "--cc: ' ' is no compiler");
	cli_fails(cli_run(t, "gate", model, model, "--pairs", pairs, NULL), 2, "takes pictures, so it is no matcher");
	cli_fails(cli_run(t, "gate", add, "--pairs", pairs, NULL), 2, "takes no pictures [b,1|3,H,W]");
	cli_fails(cli_run(t, "gate", model, add, "--pairs", pairs, "--dim", "n=3", NULL), 3, "not a model of keypoints");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--dim", "n=3", NULL), 2, "--dim n: no model has such");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--capacity", "no=3", NULL), 2, "--capacity no: no model");
	cli_fails(cli_run(t, "gate", model, "--pairs", pairs, "--constant", "no=3", NULL), 2, "--constant no: no model");
	cli_close(t);
}
END_TEST

/* A reference that finds nothing must not make everything pass. */
START_TEST(no_matches)
{
	struct cli *t = open_toy();

	/* Descriptors of a black picture have no direction. */
	draw_picture(cli_path(t, "a.png"), SIDE, SIDE, 0);
	struct picture black = { SIDE, SIDE, calloc(SIDE * SIDE, 3) };
	struct problem problem;
	ck_assert(picture_write(cli_path(t, "black.png"), &black, &problem));
	picture_free(&black);
	write_text(cli_path(t, "pairs.txt"), "black.png a.png\n");
	cli_fails(cli_run(t, "gate", cli_path(t, "toy.onnx"), "--pairs", cli_path(t, "pairs.txt"), NULL), 1,
		"the reference finds no match in any pair");
	cli_close(t);
}
END_TEST

/* SuperPoint and LightGlue as users run them, on a picture and what is 16 pixels further right; the pictures have twice
 * the size of the model's input, so that what is found must be put back to their scale. */
START_TEST(default_models)
{
	struct cli *t = cli_open();

	draw_picture(cli_path(t, "left.png"), 256, 192, 0);
	draw_picture(cli_path(t, "right.png"), 256, 192, 16);
	write_text(cli_path(t, "shift.txt"), "1 0 -16  0 1 0  0 0 1\n");
	write_text(cli_path(t, "pairs.txt"), "left.png right.png shift.txt\n");
	const struct cli_result *r = cli_run(t, "gate", "models/superpoint.onnx", "models/lightglue.onnx", "--pairs",
		cli_path(t, "pairs.txt"), "--dim", "height=96", "--dim", "width=128", "--topk", "64", "--depth", "3",
		"--precision", "fp16", "--rounds", "1", "--threads", "2", "--max-lost-3px", "5", NULL);
	cli_succeeds(r);
	ck_assert_double_eq(number_behind(r->out, "keypoints "), 128);
	ck_assert_double_gt(number_behind(r->out, "matches  "), 30);
	ck_assert_double_gt(number_behind(r->out, "within 3 px of truth, % "), 90);
	ck_assert_double_gt(number_behind(r->out, "homography AUC@5px, % "), 80);
	cli_says(r, "matcher, ms, p50");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("gate");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, equal_models_pass);
	tcase_add_test(t, other_descriptors_fail);
	tcase_add_loop_test(t, moved_keypoints, 0, sizeof shifts / sizeof *shifts);
	tcase_add_test(t, fillers_do_not_count);
	tcase_add_test(t, limits);
	tcase_add_loop_test(t, bad_limits_are_refused, 0, sizeof bad_limits / sizeof *bad_limits);
	tcase_add_loop_test(t, bad_pairs_are_refused, 0, sizeof bad_pairs / sizeof *bad_pairs);
	tcase_add_test(t, help_has_the_defaults);
	tcase_add_test(t, usage);
	tcase_add_test(t, no_matches);
	tcase_add_test(t, default_models);
	suite_add_tcase(s, t);
	return s;
}
