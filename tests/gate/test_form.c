/* What models are taken for, by inputs and outputs as the exports in models/FORMS.md and other programs' have them. */
#include "arena_run.h"
#include "gate/form.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <stdlib.h>
#include <string.h>

enum { MOST = 6 };

/* "name type dims", a count behind '#': its output is one more. */
struct model {
	const char *what, *inputs[MOST], *outputs[MOST];
	enum form_kind kind;
	int pictures, points, dimensions;
	enum match_list list;
	bool per_axis;
};

static const struct model models[] = {
	{ "default extractor", { "image f32 1 1 480 640" },
		{ "keypoints i32 1 512 2", "scores f32 1 512", "descriptors f32 1 512 256" }, FORM_EXTRACTOR, 1, 512, 256, 0,
		false },
	{ "thresholded extractor", { "image f32 1 1 480 640" },
		{ "keypoints i32 1 4096# 2", "scores f32 1 4096#", "descriptors f32 1 4096# 256" }, FORM_EXTRACTOR, 1, 4096,
		256, 0, false },
	{ "extractor of colours", { "image f16 1 3 64 64" },
		{ "keypoints f32 9 2", "keypoint_scores f32 9", "descriptors f16 9 64" }, FORM_EXTRACTOR, 1, 9, 64, 0, false },
	{ "extractor of pairs", { "images f32 2 1 64 64" }, { "keypoints f32 2 9 2", "descriptors f32 2 9 64" },
		FORM_EXTRACTOR, 2, 9, 64, 0, false },
	{ "default matcher", { "keypoints f32 2 512 2", "descriptors f32 2 512 256" },
		{ "matches0 i32 1 512", "mscores0 f32 1 512", "depth i32" }, FORM_MATCHER, 2, 512, 256, MATCH_PARTNERS, true },
	{ "matcher of 2023", { "kpts0 f32 1 512 2", "kpts1 f32 1 512 2", "desc0 f32 1 512 256", "desc1 f32 1 512 256" },
		{ "matches0 i32 512# 2", "mscores0 f32 512#" }, FORM_MATCHER, 2, 512, 256, MATCH_PAIRS, false },
	{ "matcher behind --append",
		{ "keypoints_0 f32 1 9 2", "keypoints_1 f32 1 7 2", "descriptors_0 f32 1 9 64", "descriptors_1 f32 1 7 64" },
		{ "matches0 i32 1 9", "mscores0 f32 1 9" }, FORM_MATCHER, 2, 9, 64, MATCH_PARTNERS, false },
	{ "static matcher", { "normalized_keypoints f32 2 1 9 2", "descriptors f32 2 1 9 128" },
		{ "matches0 i32 1 9", "mscores0 f32 1 9" }, FORM_MATCHER, 2, 9, 128, MATCH_PARTNERS, false },
	{ "matcher of triples", { "keypoints f32 2 9 2", "descriptors f32 2 9 64" },
		{ "matches i32 9# 3", "mscores f32 9#" }, FORM_MATCHER, 2, 9, 64, MATCH_TRIPLES, true },
	{ "pipeline", { "images f32 2 1 480 640" }, { "keypoints i32 2 512 2", "matches i32 512# 3", "mscores f32 512#" },
		FORM_PIPELINE, 2, 512, 0, MATCH_TRIPLES, false },
	{ "pipeline of two inputs", { "image0 f32 1 1 64 64", "image1 f32 1 1 64 64" },
		{ "kpts0 i32 1 9# 2", "kpts1 i32 1 9# 2", "matches0 i32 9# 2", "mscores0 f32 9#" }, FORM_PIPELINE, 2, 9, 0,
		MATCH_PAIRS, false },
};

static const struct model others[] = {
	{ .what = "nothing", .inputs = { NULL }, .outputs = { NULL } },
	{ .what = "dense extractor",
		.inputs = { "image f32 1 1 64 64" },
		.outputs = { "scores f32 1 64 64", "descriptors f32 1 256 8 8" } },
	{ .what = "no descriptors", .inputs = { "image f32 1 1 64 64" }, .outputs = { "keypoints i32 1 9 2" } },
	{ .what = "other numbers of points",
		.inputs = { "image f32 1 1 64 64" },
		.outputs = { "keypoints i32 1 9 2", "descriptors f32 1 8 64" } },
	{ .what = "three pictures",
		.inputs = { "images f32 3 1 64 64" },
		.outputs = { "keypoints i32 3 9 2", "descriptors f32 3 9 64" } },
	{ .what = "two channels",
		.inputs = { "image f32 1 2 64 64" },
		.outputs = { "keypoints i32 1 9 2", "descriptors f32 1 9 64" } },
	{ .what = "whole numbers for pictures",
		.inputs = { "image u8 1 1 64 64" },
		.outputs = { "keypoints i32 1 9 2", "descriptors f32 1 9 64" } },
	{ .what = "dense matcher",
		.inputs = { "keypoints f32 2 9 2", "descriptors f32 2 9 64" },
		.outputs = { "scores f32 1 9 9" } },
	{ .what = "one more input",
		.inputs = { "keypoints f32 2 9 2", "descriptors f32 2 9 64", "scores f32 2 9" },
		.outputs = { "matches0 i32 1 9" } },
	{ .what = "channels first",
		.inputs = { "keypoints_0 f32 1 9 2", "keypoints_1 f32 1 9 2", "descriptors_0 f32 1 64 9",
			"descriptors_1 f32 1 64 9" },
		.outputs = { "matches0 i32 1 9" } },
	{ .what = "matches as floats",
		.inputs = { "keypoints f32 2 9 2", "descriptors f32 2 9 64" },
		.outputs = { "matches0 f32 1 9" } },
	{ .what = "too few partners",
		.inputs = { "keypoints f32 2 9 2", "descriptors f32 2 9 64" },
		.outputs = { "matches0 i32 1 8" } },
	{ .what = "no point",
		.inputs = { "keypoints f32 2 0 2", "descriptors f32 2 0 64" },
		.outputs = { "matches0 i32 1 0" } },
};

static enum rt_type type_named(const char *name)
{
	int t = 1;

	while (strcmp(type_name((enum rt_type)t), name))
		ck_assert_int_lt(t++, RT_LAST_TYPE);
	return (enum rt_type)t;
}

static struct host_tensor read_tensor(const char *text, int count)
{
	struct host_tensor t = { .count = -1 };
	char copy[128], *rest = NULL;

	snprintf(copy, sizeof copy, "%s", text);
	snprintf(t.name, sizeof t.name, "%s", strtok_r(copy, " ", &rest));
	t.type = type_named(strtok_r(NULL, " ", &rest));
	t.bytes = rt_type_size(t.type);
	for (const char *word; (word = strtok_r(NULL, " ", &rest)); t.rank++) {
		t.dim[t.rank] = atoi(word);
		t.bytes *= (size_t)t.dim[t.rank];
		if (strchr(word, '#')) {
			t.count = count;
			t.count_axis = t.rank;
		}
	}
	return t;
}

/* The count that the outputs have is behind them. */
static int read_tensors(const char *const *text, struct host_tensor *to)
{
	int n = 0;

	while (n < MOST && text[n])
		n++;
	for (int i = 0; i < n; i++)
		to[i] = read_tensor(text[i], n);
	to[n] = read_tensor("number i32", -1);
	return n;
}

static void find_form(struct ctx *c, const struct model *m, struct form *f)
{
	struct host_tensor inputs[MOST + 1], outputs[MOST + 1];
	struct host h = { .name = "m", .input = inputs, .output = outputs };

	h.inputs = read_tensors(m->inputs, inputs);
	h.outputs = read_tensors(m->outputs, outputs) + 1;
	form_of(c, &h, "model.onnx", f);
}

static void check_known(struct ctx *c, void *user)
{
	const struct model *m = user;
	struct form f;

	find_form(c, m, &f);
	ck_assert_int_eq((int)f.kind, (int)m->kind);
	ck_assert_int_eq(f.pictures, m->pictures);
	ck_assert_int_eq(f.points[0], m->points);
	ck_assert_int_eq(f.dimensions, m->dimensions);
	if (f.kind == FORM_EXTRACTOR)
		return;
	ck_assert_int_eq((int)f.list, (int)m->list);
	ck_assert_int_eq(f.per_axis, m->per_axis);
	ck_assert_int_ge(f.match_scores, 1);
	/* One tensor for both pictures is halved. */
	size_t half = f.keypoints[0].tensor == f.keypoints[1].tensor ? 2 * (size_t)f.points[0] : 0;
	ck_assert_uint_eq(f.keypoints[1].first, half);
}

START_TEST(known)
{
	const char *message = run_in_arena(check_known, (void *)&models[_i]);

	ck_assert_msg(!*message, "%s: %s", models[_i].what, message);
}
END_TEST

static void check_unknown(struct ctx *c, void *user)
{
	find_form(c, user, &(struct form){ .matches = 0 });
}

START_TEST(unknown)
{
	const char *message = run_in_arena(check_unknown, (void *)&others[_i]);

	ck_assert_msg(
		!strncmp(message, "model.onnx: not a model of keypoints: it needs", 46), "%s: '%s'", others[_i].what, message);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("form");
	TCase *t = tcase_create("form");

	tcase_add_loop_test(t, known, 0, sizeof models / sizeof *models);
	tcase_add_loop_test(t, unknown, 0, sizeof others / sizeof *others);
	suite_add_tcase(s, t);
	return s;
}
