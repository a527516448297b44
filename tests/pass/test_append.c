/* --append: the default models cut off at their dense outputs and completed by gluec must give what the whole models
 * give; small graphs in memory for the forms of dense outputs, and for what is refused. */
#include "pass/append.h"
#include "base/attempt.h"
#include "run/interpret.h"
#include "pass_test.h"
#include <string.h>

enum { HEIGHT = 48, WIDTH = 64, POINTS = 48 };

/* A default model as far as its shapes are known, with other outputs than its own when `cut` names some. */
struct cut {
	struct op_test t;
	const char *file, *outputs[4];
	struct value **results;
};

static void prepare(struct ctx *c, void *user)
{
	struct cut *m = user;

	c->set.model = m->file;
	read_model(c);
	specialize(c);
	infer(c, c->graph);
	for (int i = 0; i < 4 && m->outputs[i]; i++) {
		c->graph->outputs[i] = pass_value(c->graph, m->outputs[i]);
		c->graph->n_outputs = i + 1;
	}
	append_stages(c);
	add_count_outputs(c);
	remove_dead(c->graph);
}

static void interpret_random(struct ctx *c, void *user)
{
	struct cut *m = user;

	m->results = interpret(c, random_inputs(c, c->graph->n_inputs, c->graph->inputs, 7));
}

static void optimize_it(struct ctx *c, void *user)
{
	(void)user;
	optimize(c);
}

/* Runs the model as it stands, or after all passes. */
static void run_cut(struct cut *m, bool optimized)
{
	struct ctx *c = m->t.c;

	ck_assert_msg(attempt(c, prepare, m) == DONE, "%s", c->message);
	if (optimized)
		ck_assert_msg(attempt(c, optimize_it, m) == DONE, "%s", c->message);
	ck_assert_msg(attempt(c, interpret_random, m) == DONE, "%s", c->message);
}

static struct cut superpoint(const char *scores, const char *descriptors, const char *append)
{
	struct cut m = { .t = pass_begin(), .file = "models/superpoint.onnx", .outputs = { scores, descriptors } };
	struct settings *set = &m.t.c->set;

	set->top_k = POINTS;
	set->depth = DEPTH_AS_IS;
	set->n_bindings = 2;
	set->bindings = NEW(m.t.c, struct binding, 2);
	set->bindings[0] = (struct binding){ .name = "height", .dim = { HEIGHT } };
	set->bindings[1] = (struct binding){ .name = "width", .dim = { WIDTH } };
	if (append)
		read_append(m.t.c, append);
	return m;
}

/* The same outputs, whatever type an index has. */
static void expect_same(struct cut *a, struct cut *b, int n, double tolerance)
{
	ck_assert_int_eq(b->t.c->graph->n_outputs, n);
	for (int k = 0; k < n; k++) {
		const struct value *x = a->results[k], *y = b->results[k];
		ck_assert_str_eq(x->name, y->name);
		ck_assert_msg(same_shape(x, y), "%s and %s", shape_text(a->t.c, x), shape_text(b->t.c, y));
		for (int64_t i = 0; i < value_elements(x); i++)
			ck_assert_msg(fabs(constant_real(x, i) - constant_real(y, i)) <= (k ? tolerance : 0),
				"element %lld of '%s' is %g instead of %g", (long long)i, x->name, constant_real(y, i),
				constant_real(x, i));
	}
}

/* Where a graph may have stopped: at the channels, before and after their softmax, before and after the suppression, or
 * behind the border; with normalised descriptors and without. */
static const char *const stops[][2] = { { "convPb", "coarse" }, { "cells", "coarse" }, { "heatmap", "convDb" },
	{ "nms", "coarse" }, { "border", "convDb" } };

START_TEST(cut_superpoint)
{
	struct cut whole = superpoint(NULL, NULL, NULL), part = superpoint(stops[_i][0], stops[_i][1], "keypoints");

	run_cut(&whole, true);
	run_cut(&part, false);
	expect_same(&whole, &part, 3, 1e-6);
	op_end(&part.t);
	part = superpoint(stops[_i][0], stops[_i][1], "keypoints");
	run_cut(&part, true);
	expect_same(&whole, &part, 3, 1e-6);
	/* A graph that suppresses its scores itself is only given the border. */
	ck_assert_int_eq(pass_count(part.t.c->graph, "gluec", "Nms"), _i == 3 ? 2 : _i == 4 ? 2 : 1);
	op_end(&whole.t);
	op_end(&part.t);
}
END_TEST

/* No point lies in the border, none is near a stronger one, and those below the threshold count for nothing. */
START_TEST(settings)
{
	struct cut m = superpoint("heatmap", "coarse", "keypoints:radius=6,border=10,threshold=0.03");
	int kept = 0;

	run_cut(&m, true);
	const struct value *points = m.results[0], *scores = m.results[1];
	for (int64_t i = 0; i < POINTS; i++) {
		double x = constant_real(points, 2 * i), y = constant_real(points, 2 * i + 1), s = constant_real(scores, i);
		ck_assert_msg(s == 0 || s > 0.03, "score %g", s);
		if (s == 0)
			continue;
		kept++;
		ck_assert_msg(x >= 10 && x < WIDTH - 10 && y >= 10 && y < HEIGHT - 10, "a point at %g, %g", x, y);
		for (int64_t k = 0; k < i; k++)
			ck_assert(fabs(x - constant_real(points, 2 * k)) > 6 || fabs(y - constant_real(points, 2 * k + 1)) > 6);
	}
	ck_assert_int_gt(kept, 5);
	ck_assert_int_lt(kept, POINTS);
	op_end(&m.t);
}
END_TEST

static struct cut lightglue(const char *scores, const char *append)
{
	struct cut m = { .t = pass_begin(), .file = "models/lightglue.onnx", .outputs = { scores } };
	struct settings *set = &m.t.c->set;

	set->depth = 2;
	set->n_bindings = 1;
	set->bindings = NEW(m.t.c, struct binding, 1);
	set->bindings[0] = (struct binding){ .name = "num_keypoints", .dim = { POINTS } };
	if (append)
		read_append(m.t.c, append);
	return m;
}

START_TEST(cut_lightglue)
{
	/* Random descriptors match badly, so everything above nothing counts; the model's own threshold for the rest. */
	struct cut whole = lightglue(NULL, NULL), part = lightglue("assign1.scores", "matches"),
			   loose = lightglue("assign1.scores", "matches:threshold=0");
	int matches = 0, more = 0;

	run_cut(&whole, true);
	run_cut(&part, _i);
	run_cut(&loose, _i);
	/* The passes multiply weights with each other, which rounds them differently. */
	expect_same(&whole, &part, 2, 5e-6);
	for (int64_t i = 0; i < POINTS; i++) {
		int64_t j = constant_int(part.results[0], i), k = constant_int(loose.results[0], i);
		ck_assert(j == k || j == -1);
		matches += j >= 0;
		more += k >= 0;
	}
	ck_assert_int_lt(matches, more);
	op_end(&whole.t);
	op_end(&part.t);
	op_end(&loose.t);
}
END_TEST

static void append_to(struct ctx *c, struct graph *g)
{
	(void)g;
	append_stages(c);
}

/* A graph whose outputs are Relu of inputs of the given shapes, from the first to a NULL, and an --append. */
static struct op_test outputs(const char *append, const char *const *shapes)
{
	struct op_test t = pass_begin();

	for (int i = 0; shapes[i]; i++)
		pass_output(&t, pass_node(&t, "Relu", arena_text(t.c, "out%d", i), 1, pass_input(&t, shapes[i], (uint32_t)i)));
	read_append(t.c, append);
	pass_infer(&t);
	return t;
}

/* Every place of a row keeps its own point: rows of two pictures, the scores without a dimension for channels. */
START_TEST(pictures)
{
	const char *const shapes[] = { "f32[2,16,24]", "f32[2,16,24]" };
	for (int flat = 0; flat < 2; flat++) {
		struct op_test t = pass_begin();
		struct value *s = pass_input(&t, flat ? shapes[0] : "f32[2,1,16,24]", 1);
		struct value *d = pass_input(&t, "f16[2,6,2,3]", 2);
		pass_output(&t, pass_node(&t, "Identity", "other", 1, d));
		pass_output(&t, pass_node(&t, "Neg", "map", 1, s));
		pass_output(&t, pass_node(&t, "Neg", "features", 1, d));
		read_append(t.c, "keypoints:descriptors=features,radius=1,border=0");
		t.c->set.top_k = 7;
		pass_infer(&t);
		pass_apply(&t, append_to);
		ck_assert_int_eq(t.g->n_outputs, 4);
		ck_assert_str_eq(t.g->outputs[3]->name, "other");
		count_uses(t.g);
		pass_run(&t);
		ck_assert_str_eq(shape_text(t.c, t.g->outputs[0]), "i64[2,7,2]");
		ck_assert_str_eq(shape_text(t.c, t.g->outputs[1]), "f32[2,7]");
		ck_assert_str_eq(shape_text(t.c, t.g->outputs[2]), "f32[2,7,6]");
		for (int i = 0; i < 14; i++) {
			int64_t x = (int64_t)op_result(&t, 0, 2 * i), y = (int64_t)op_result(&t, 0, 2 * i + 1);
			double length = 0;
			for (int k = 0; k < 6; k++)
				length += pow(op_result(&t, 2, 6 * i + k), 2);
			ck_assert_double_eq_tol(length, 1, 1e-5);
			ck_assert_double_eq(op_result(&t, 1, i), -op_at(&t, s, (i / 7 * 16 + y) * 24 + x));
			ck_assert(i % 7 == 0 || op_result(&t, 1, i) <= op_result(&t, 1, i - 1));
		}
		op_end(&t);
	}
}
END_TEST

/* Scores of 3 x 2 points by hand, with a row and a column more for those without a match: 0 and 1 are each other's
 * best, 1 prefers 1 as well, 2 and 0 agree but are too weak. */
START_TEST(matches_by_hand)
{
	static const double p[] = { 0.2, 0.9, 0.95, 0.1, 0.8, 0.9, 0.08, 0.07, 0.9, 0.99, 0.99, 0.99 };
	static const double expected[] = { 1, -1, -1 }, strength[] = { 0.9, 0, 0 };
	double logs[12], inner[6];

	for (int form = 0; form < 3; form++) {
		struct op_test t = pass_begin();
		for (int i = 0; i < 12; i++)
			logs[i] = log(form ? p[i] : p[i % 6 / 2 * 3 + i % 2]);
		memcpy(inner, logs, sizeof inner);
		op_input(&t, form == 2 ? "f32[1,9,2]" : "f32[1,3,2]", form == 2 ? NULL : inner);
		op_input(&t, form == 2 ? "f32[1,9,2]" : "f32[1,2,2]", form == 2 ? NULL : inner);
		struct value *x = form ? op_input(&t, "f32[1,12]", logs) : op_input(&t, "f32[1,6]", inner);
		x = pass_node(&t, "Reshape", "dense", 2, x, form ? INTS(&t, 1, 4, 3) : INTS(&t, 1, 3, 2));
		pass_output(&t, x);
		/* In the last form the inputs do not tell that there are dustbins. */
		read_append(t.c, form == 2 ? "matches:dustbins=1" : "matches");
		pass_infer(&t);
		pass_apply(&t, append_to);
		count_uses(t.g);
		pass_run(&t);
		op_expect(&t, 0, "i64[1,3]", 0, expected);
		op_expect(&t, 1, "f32[1,3]", 1e-6, strength);
		op_end(&t);
	}
}
END_TEST

/* Outputs, --append, and what is said of them. */
static const struct {
	const char *append, *message, *shapes[4];
} refused[] = {
	{ "keypoints", "no outputs fit: it takes scores", { "f32[1,16,24]" } },
	{ "keypoints", "its outputs are out0 f32[1,16,23], out1 f32[1,8,2,3]; end the graph at its dense heads",
		{ "f32[1,16,23]", "f32[1,8,2,3]" } },
	{ "keypoints", "no outputs fit", { "f32[2,16,24]", "f32[1,8,2,3]" } },
	{ "keypoints", "no outputs fit", { "i32[1,16,24]", "f32[1,8,2,3]" } },
	{ "keypoints", "2 pairs of outputs fit; choose with --append keypoints:scores=NAME,descriptors=NAME from out0",
		{ "f32[1,16,24]", "f32[1,8,2,3]", "f32[1,1,16,24]" } },
	{ "keypoints", "it keeps 1024 keypoints, but scores f32[1,16,24] have fewer pixels; give --topk K",
		{ "f32[1,16,24]", "f32[1,8,2,3]" } },
	{ "keypoints:scores=map", "there is no output 'map'; its outputs are out0", { "f32[1,16,24]", "f32[1,8,2,3]" } },
	{ "matches", "no output fits: it takes the logarithms", { "f32[4,4]" } },
	{ "matches", "2 outputs fit; choose with --append matches:scores=NAME", { "f32[1,4,4]", "f32[1,4,256]" } },
	{ "matches:scores=dense", "there is no output 'dense'", { "f32[1,4,4]" } },
};

START_TEST(errors)
{
	struct op_test t = outputs(refused[_i].append, refused[_i].shapes);
	const char *message = pass_error(&t, append_to);

	ck_assert_msg(strstr(message, refused[_i].message) != NULL, "'%s' is not in: %s", refused[_i].message, message);
	ck_assert(!strncmp(message, "--append ", 9));
	op_end(&t);
}
END_TEST

/* Of several outputs of three dimensions the one from a log-softmax is meant; probabilities are not logarithms. */
START_TEST(which_scores)
{
	struct op_test t = pass_begin();
	struct value *x = pass_input(&t, "f32[1,4,4]", 3);

	pass_output(&t, pass_node(&t, "Relu", "descriptors", 1, x));
	pass_output(&t, pass_node(&t, "Neg", "logs", 1, pass_node(&t, "LogSoftmax", "soft", 1, x)));
	read_append(t.c, "matches");
	pass_infer(&t);
	pass_apply(&t, append_to);
	ck_assert_int_eq(t.g->n_outputs, 3);
	ck_assert_str_eq(t.g->outputs[0]->name, "matches0");
	ck_assert_str_eq(t.g->outputs[1]->name, "mscores0");
	ck_assert_str_eq(t.g->outputs[2]->name, "descriptors");
	op_end(&t);
	t = pass_begin();
	pass_output(&t, pass_node(&t, "Exp", "p", 1, pass_input(&t, "f32[1,4,4]", 3)));
	read_append(t.c, "matches");
	pass_infer(&t);
	const char *message = pass_error(&t, append_to);
	ck_assert_msg(strstr(message, "'p' f32[1,4,4] are probabilities, the result of Exp 'p'") != NULL, "%s", message);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("append");
	TCase *t = tcase_create("append");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, cut_superpoint, 0, sizeof stops / sizeof *stops);
	tcase_add_test(t, settings);
	tcase_add_loop_test(t, cut_lightglue, 0, 2);
	tcase_add_test(t, pictures);
	tcase_add_test(t, matches_by_hand);
	tcase_add_loop_test(t, errors, 0, sizeof refused / sizeof *refused);
	tcase_add_test(t, which_scores);
	suite_add_tcase(s, t);
	return s;
}
