/* gluec explain, --ranges, --rules and --precision-of: models that half would break, and what is said of them. */
#include "image.h"
#include "model_file.h"
#include "pass_test.h"

#include "cli_test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A model and a data set for it in t's folder: m.onnx and set/. */
static void write_model(struct cli *t, void (*build)(struct op_test *m))
{
	struct op_test m = pass_begin();

	build(&m);
	pass_infer(&m);
	model_write(m.c, model_proto(m.c, m.g), cli_path(t, "m.onnx"));
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	for (int i = 0; i < m.g->n_inputs; i++) {
		const struct value *v = m.g->inputs[i];
		write_tensor(cli_path(t, "set/input_%d.pb", i), v->name, v->type, v->rank, v->dim, m.inputs[i]);
	}
	op_end(&m);
}

/* The input of a normalisation, scaled by 1e5. */
static void scaled_norm(struct op_test *m)
{
	struct value *x = pass_input(m, "f32[1,16,8]", 1), *one = op_constant(m, "f32[8]", LIST(1, 1, 1, 1, 1, 1, 1, 1));
	struct value *a = pass_node(m, "MatMul", "block/first", 2, x, pass_constant(m, "f32[8,8]", 2));
	struct value *b = pass_node(m, "Mul", "block/scaled", 2, a, value_float(m->c, "factor", 1e5f));
	struct value *c = pass_node(m, "LayerNormalization", "block/norm", 2, b, one);

	x->name = "x";
	pass_output(m, pass_node(m, "MatMul", "last", 2, c, pass_constant(m, "f32[8,3]", 4)));
}

/* Logits far beyond half, times 50. */
static void large_logits(struct op_test *m)
{
	struct value *x = pass_input(m, "f32[1,2,16,8]", 1), *wide = pass_constant(m, "f32[8,8]", 2);

	x->name = "x";
	for (int i = 0; i < 64; i++)
		((float *)wide->data)[i] *= 2000;
	struct value *q = pass_node(m, "MatMul", "q", 2, x, wide);
	struct value *k = pass_node(m, "MatMul", "k", 2, x, pass_constant(m, "f32[8,8]", 3));
	struct value *v = pass_node(m, "MatMul", "v", 2, x, pass_constant(m, "f32[8,8]", 4));
	struct value *turned = pass_node(m, "Transpose", "turned", 1, k);
	SET_INTS(m, turned->def, "perm", 0, 1, 3, 2);
	struct value *scores = pass_node(m, "MatMul", "scores", 2, q, turned);
	struct value *logits = pass_node(m, "Mul", "logits", 2, scores, value_float(m->c, "factor", 50));
	struct value *p = pass_node(m, "Softmax", "softmax", 1, logits);
	pass_output(m, pass_node(m, "MatMul", "last", 2, pass_node(m, "MatMul", "attention", 2, p, v),
					   pass_constant(m, "f32[8,3]", 5)));
}

/* Row and column of the largest of 90000 numbers, computed in floats from its place. */
static void flat_index(struct op_test *m)
{
	struct value *x = pass_input(m, "f32[300,300]", 1), *one = pass_constant(m, "f32[1]", 2);

	x->name = "x";
	((float *)m->inputs[0])[277 * 300 + 131] = 9;
	struct value *flat = pass_node(m, "Reshape", "flat", 2, x, INTS(m, 90000));
	struct value *place = pass_node(m, "CastLike", "place", 2, pass_node(m, "ArgMax", "argmax", 1, flat), one);
	struct value *width = value_float(m->c, "width", 300);
	struct value *row = pass_node(m, "Floor", "row", 1, pass_node(m, "Div", "quotient", 2, place, width));
	struct value *start = pass_node(m, "Mul", "start", 2, row, width);
	pass_output(m, row);
	pass_output(m, pass_node(m, "Sub", "column", 2, place, start));
}

static const struct cli_result *explain(struct cli *t, const char *precision)
{
	return cli_run(t, "explain", cli_path(t, "m.onnx"), "--data", cli_path(t, "set"), "--precision", precision,
		"--ranges-out", cli_path(t, "m.ranges"), NULL);
}

static const struct cli_result *verify(struct cli *t, const char *option, const char *value)
{
	return cli_run(
		t, "verify", cli_path(t, "m.onnx"), "--data", cli_path(t, "set"), "--precision", "fp16", option, value, NULL);
}

static void notes(const struct cli_result *r, const char *text)
{
	ck_assert_msg(r->code == 0 && strstr(r->err, text) != NULL, "%d %s", r->code, r->err);
}

/* Wrong in half, named by explain, right with what explain wrote, or with a rule. */
START_TEST(scaled_input)
{
	struct cli *t = cli_open();
	const char *note = "gluec: note: ";

	write_model(t, scaled_norm);
	ck_assert_int_eq(verify(t, "--seed", "1")->code, 1);
	const struct cli_result *r = explain(t, "fp16");
	notes(r, "m.onnx: Mul 'block/scaled': fp32: 'block/scaled' reaches");
	ck_assert_msg(!strncmp(r->err, note, strlen(note)), "%s", r->err);
	cli_says(r, "beyond half's 65504");
	cli_says(r, "kept fp32 for their ranges: 1\n");
	notes(verify(t, "--ranges", cli_path(t, "m.ranges")), "block/scaled");
	cli_succeeds(verify(t, "--precision-of", "*/scaled=fp32"));
	cli_close(t);
}
END_TEST

/* Logits are computed in float anyway. */
START_TEST(scaled_logits)
{
	struct cli *t = cli_open();

	write_model(t, large_logits);
	const struct cli_result *r = explain(t, "fp16");
	cli_succeeds(r);
	cli_says(r, "its logits, in float, reach ");
	cli_succeeds(verify(t, "--seed", "1"));
	cli_succeeds(verify(t, "--ranges", cli_path(t, "m.ranges")));
	cli_close(t);
}
END_TEST

START_TEST(large_indices)
{
	struct cli *t = cli_open();

	write_model(t, flat_index);
	cli_succeeds(explain(t, "fp16"));
	const struct cli_result *r = cli_run(t, "explain", cli_path(t, "m.onnx"), "--precision", "fp16", NULL);
	cli_says(r, "it computes indices or coordinates, which are never half");
	cli_says(r, "No ranges: give --data DIR");
	r = cli_run(t, "verify", cli_path(t, "m.onnx"), "--data", cli_path(t, "set"), "--precision", "fp16", "--atol", "0",
		"--rtol", "0", NULL);
	cli_succeeds(r);
	cli_close(t);
}
END_TEST

START_TEST(views)
{
	struct cli *t = cli_open();

	write_model(t, scaled_norm);
	const struct cli_result *r = explain(t, "bf16");
	cli_succeeds(r);
	cli_says(r, "block/scaled");
	cli_says(r, "--precision bf16");
	r = cli_run(t, "explain", cli_path(t, "m.onnx"), "--filter", "block/*", NULL);
	cli_says(r, "stands for: block/first");
	cli_says(r, "--precision fp32");
	cli_does_not_say(r, "last");
	r = cli_run(t, "explain", cli_path(t, "m.onnx"), "--json", "--ranges", cli_path(t, "m.ranges"), NULL);
	cli_succeeds(r);
	cli_says(r, "{\"model\": \"");
	cli_says(r, "\"name\": \"block/norm\"");
	cli_says(r, "\"lowest\": ");
	cli_says(r, "\"island\": false");
	cli_says(r, "\n]}\n");
	/* The same run, the same file. */
	char *first = cli_read(cli_path(t, "m.ranges"));
	explain(t, "fp32");
	char *second = cli_read(cli_path(t, "m.ranges"));
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	cli_close(t);
}
END_TEST

/* What decides is in the generated file's head, but no path. */
START_TEST(heads)
{
	struct cli *t = cli_open();

	write_model(t, scaled_norm);
	explain(t, "fp32");
	FILE *f = fopen(cli_path(t, "rules"), "w");
	ck_assert(f && fputs("# a comment\n*/norm=fp32\n", f) >= 0 && !fclose(f));
	const struct cli_result *r = cli_run(t, "compile", cli_path(t, "m.onnx"), "-o", cli_path(t, "made"), "--precision",
		"fp16", "--rules", cli_path(t, "rules"), "--ranges", cli_path(t, "m.ranges"), NULL);
	ck_assert_msg(r->code == 0, "%s", r->err);
	char *text = cli_read(cli_path(t, "made/m.c"));
	ck_assert_ptr_nonnull(strstr(text, " --precision fp16 --precision-of *[/]norm=fp32 --ranges m.ranges"));
	ck_assert_ptr_null(strstr(text, t->folder));
	free(text);
	cli_close(t);
}
END_TEST

/* A picture in, eight times three numbers out. */
static void picture(struct op_test *m)
{
	struct value *x = pass_input(m, "f32[1,1,8,8]", 1);

	x->name = "image";
	pass_output(m, pass_node(m, "MatMul", "y", 2, x, pass_constant(m, "f32[8,3]", 2)));
}

static void write_picture(const char *path, int width, int height, uint8_t grey)
{
	uint8_t rgb[3 * 16 * 16];
	const struct picture p = { width, height, rgb };
	struct problem problem;

	memset(rgb, grey, sizeof rgb);
	ck_assert(picture_write(path, &p, &problem));
}

START_TEST(pictures)
{
	struct cli *t = cli_open();
	char model[128];

	snprintf(model, sizeof model, "%s", cli_path(t, "m.onnx"));
	write_model(t, picture);
	ck_assert_int_eq(mkdir(cli_path(t, "png"), 0777), 0);
	cli_fails(cli_run(t, "explain", model, "--images", cli_path(t, "png"), NULL), 4, "holds 0 PNG files");
	write_picture(cli_path(t, "png/a.png"), 12, 8, 51);
	write_picture(cli_path(t, "png/b.png"), 8, 11, 204);
	const struct cli_result *r =
		cli_run(t, "explain", model, "--images", cli_path(t, "png"), "--ranges-out", cli_path(t, "m.ranges"), NULL);
	cli_succeeds(r);
	char *text = cli_read(cli_path(t, "m.ranges"));
	ck_assert_msg(
		strstr(text, "\n0.2\t0.8\t128\t0\timage\t\n") || strstr(text, "\n0.200000003\t0.800000012\t128\t0\timage\t\n"),
		"%s", text);
	free(text);
	cli_close(t);
}
END_TEST

START_TEST(mistakes)
{
	struct cli *t = cli_open();
	char model[128];

	snprintf(model, sizeof model, "%s", cli_path(t, "m.onnx"));
	write_model(t, scaled_norm);
	cli_fails(
		cli_run(t, "explain", model, "--ranges-out", cli_path(t, "r"), NULL), 2, "nothing is seen without --data");
	cli_fails(cli_run(t, "explain", model, "--images", t->folder, NULL), 3, "--images needs a model of one input");
	cli_fails(cli_run(t, "explain", model, "--extractor", model, NULL), 2, "--extractor needs --images DIR");
	cli_fails(
		cli_run(t, "explain", model, "--images", t->folder, "--data", t->folder, NULL), 2, "either --data DIR or");
	cli_fails(cli_run(t, "explain", model, "--data", cli_path(t, "none"), NULL), 4, "none: No such file");
	cli_fails(cli_run(t, "explain", model, "--ranges", model, NULL), 2, "no line of a ranges file");
	cli_fails(cli_run(t, "compile", model, "-o", cli_path(t, "made"), "--precision-of", "lst=fp16", NULL), 3,
		"m.onnx: --precision-of lst=fp16: no node of the optimised graph is called so; the nearest are 'last'");
	cli_fails(cli_run(t, "compile", model, "-o", cli_path(t, "made"), "--precision-of", "last", NULL), 2,
		"--precision-of: 'last' must be PATTERN=TYPE");
	cli_fails(cli_run(t, "compile", model, "-o", cli_path(t, "made"), "--rules", cli_path(t, "none"), NULL), 4, "none");
	cli_fails(cli_run(t, "compile", model, "-o", cli_path(t, "made"), "--precision", "int8", NULL), 3,
		"no product in this graph is quantised; gluec calibrate makes a quantised model");
	cli_fails(cli_run(t, "explain", model, "-o", "x", NULL), 2, "no option of gluec explain");
	cli_close(t);
}
END_TEST

static void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	ck_assert(f && fwrite(bytes, 1, n, f) == n && !fclose(f));
}

/* What comes behind a zero byte is not lost without a word. */
START_TEST(files_that_are_no_texts)
{
	static const char rules[] = "last=fp32\n\0nonsense\n", ranges[] = "0\t1\t1\t0\tx\t\0\n";
	struct cli *t = cli_open();
	char model[128], file[128];

	snprintf(model, sizeof model, "%s", cli_path(t, "m.onnx"));
	snprintf(file, sizeof file, "%s", cli_path(t, "file"));
	write_model(t, scaled_norm);
	write_file(file, rules, sizeof rules - 1);
	cli_fails(cli_run(t, "explain", model, "--rules", file, NULL), 2, "file:2: '?nonsense' must be PATTERN=TYPE");
	write_file(file, ranges, sizeof ranges - 1);
	cli_fails(cli_run(t, "explain", model, "--ranges", file, NULL), 2, "file:1: no line of a ranges file");
	cli_fails(cli_run(t, "explain", model, "--rules", t->folder, NULL), 4, "Is a directory");
	cli_fails(cli_run(t, "explain", model, "--ranges", t->folder, NULL), 4, "Is a directory");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("explain");
	TCase *c = tcase_create("explain");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, scaled_input);
	tcase_add_test(c, scaled_logits);
	tcase_add_test(c, large_indices);
	tcase_add_test(c, views);
	tcase_add_test(c, heads);
	tcase_add_test(c, pictures);
	tcase_add_test(c, mistakes);
	tcase_add_test(c, files_that_are_no_texts);
	suite_add_tcase(s, c);
	return s;
}
