/* The gate as other parts of gluec use it: one reference, several candidates. */
#include "arena_run.h"
#include "base/temporary.h"
#include "cli_picture.h"
#include "gate/gate.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void measure_twice(struct ctx *c, void *user)
{
	const struct gate_options options = { .pairs = user, .threads = 1, .timeout = 60 };
	struct binding dims[] = { { .name = "height", .dim = { 96 } }, { .name = "width", .dim = { 128 } } };
	struct gate_models models = { .n = 1, .strict = true };
	struct gate_limits limits = gate_default_limits();

	models.set[0] = (struct settings){
		.model = "models/superpoint.onnx", .bindings = dims, .n_bindings = 2, .top_k = 48, .command = "", .name = "x"
	};
	struct gate *gate = gate_open(c, &options, &models);
	struct settings before = c->set;
	size_t used = arena_used(c->arena);
	const struct gate_figures *same = gate_measure(c, gate, &models, 0);
	models.set[0].precision = PRECISION_FP16;
	const struct gate_figures *half = gate_measure(c, gate, &models, 0);
	const char *object = arena_text(c, "%s/build/candidate_first.o", temporary_folder(c));
	/* The same model is not built again, nor is the reference's. */
	ck_assert_int_eq(unlink(object), 0);
	const struct gate_figures *again = gate_measure(c, gate, &models, 0);
	models.set[0].precision = PRECISION_FP32;
	ck_assert_double_eq(gate_jaccard(&gate_measure(c, gate, &models, 0)->all), 1);
	ck_assert_int_ne(access(object, F_OK), 0);
	/* What candidates need is given back. */
	ck_assert_uint_lt(arena_used(c->arena) - used, 1 << 20);
	ck_assert_mem_eq(&before, &c->set, sizeof before);
	ck_assert_double_eq(gate_jaccard(&same->all), 1);
	ck_assert_double_eq(same->all.score_error_largest, 0);
	ck_assert_double_gt(half->all.score_error_largest, 0);
	ck_assert_double_eq(half->all.score_error_largest, again->all.score_error_largest);
	ck_assert_double_eq(half->all.score_error_sum, again->all.score_error_sum);
	ck_assert_int_eq(half->all.common, again->all.common);
	ck_assert_int_eq(half->latency[GATE_CANDIDATE][0].calls, 0);
	ck_assert(gate_passes(same, &limits));
	gate_set_limit(c, &limits, "here", "max-score-error", "0");
	ck_assert(gate_passes(same, &limits));
	ck_assert(!gate_passes(half, &limits));
	ck_assert(!gate_keeps(half, &limits, GATE_MAX_SCORE_ERROR));
}

START_TEST(one_reference_for_many)
{
	char folder[] = "/tmp/gate-test-XXXXXX", path[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/a.png", folder);
	draw_picture(path, 128, 96, 0);
	snprintf(path, sizeof path, "%s/b.png", folder);
	draw_picture(path, 128, 96, 16);
	snprintf(path, sizeof path, "%s/pairs.txt", folder);
	write_text(path, "a.png b.png\nb.png a.png\n");
	ck_assert_str_eq(run_in_arena(measure_twice, path), "");
	for (const char *const *name = (const char *const[]){ "pairs.txt", "b.png", "a.png", NULL }; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", folder, *name);
		unlink(path);
	}
	rmdir(folder);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("gate library");
	TCase *t = tcase_create("gate library");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, one_reference_for_many);
	suite_add_tcase(s, t);
	return s;
}
