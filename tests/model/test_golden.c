/* The compiled models against ONNX Runtime's results on the same inputs: the golden data sets in the folder that
 * GLUEC_SHARED names. */
#include "arena_run.h"
#include "base/temporary.h"
#include "onnx/tensor.h"
#include "models.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Unpacks the data sets of the two default models and returns their folder, or NULL, having said so. */
static const char *golden(struct ctx *c)
{
	const char *shared = getenv("GLUEC_SHARED");

	if (!shared || !*shared) {
		puts("skip: GLUEC_SHARED is not set, so there are no golden data sets");
		return NULL;
	}
	const char *folder = temporary_folder(c);
	const char *command =
		arena_text(c, "tar xf '%s/golden/golden.tar.xz' -C '%s' ./superpoint ./lightglue", shared, folder);
	ck_assert_int_eq(system(command), 0);
	return folder;
}

static const struct value *tensor(struct ctx *c, const char *folder, const char *set, const char *kind, int i)
{
	return read_tensor_file(c, arena_text(c, "%s/%s/%s_%d.pb", folder, set, kind, i));
}

static struct instance run_on(
	struct ctx *c, const struct gluec_model *model, const char *folder, const char *set, const char *isa)
{
	struct instance m = instance_make(model);

	for (int i = 0; i < model->inputs; i++) {
		const struct value *v = tensor(c, folder, set, "input", i);
		ck_assert_uint_eq(value_bytes(v), model->input[i].bytes);
		memcpy(m.input[i], v->data, value_bytes(v));
	}
	instance_run_on(&m, isa);
	return m;
}

/* Where the golden keypoint (x, y) is among ours, or -1. */
static int find_keypoint(const int32_t *keypoints, int n, int64_t x, int64_t y)
{
	for (int i = 0; i < n; i++)
		if (keypoints[2 * i] == x && keypoints[2 * i + 1] == y)
			return i;
	return -1;
}

/* The same keypoints but for ties within 1e-5 of the last score, scores within 1e-4, descriptors within 1e-3. */
static void check_superpoint(
	struct ctx *c, const struct gluec_model *model, const char *folder, const char *set, const char *isa)
{
	struct instance m = run_on(c, model, folder, set, isa);
	const struct value *keypoints = tensor(c, folder, set, "output", 0), *scores = tensor(c, folder, set, "output", 1);
	const struct value *descriptors = tensor(c, folder, set, "output", 2);
	const int64_t *at = keypoints->data;
	const float *score = scores->data, *descriptor = descriptors->data;
	int n = model->output[1].dim[1], golden_n = (int)scores->dim[1];
	double worst_score = 0, worst_descriptor = 0;

	for (int i = 0; i < n; i++) {
		int j = find_keypoint(m.output[0], n, at[2 * i], at[2 * i + 1]);
		/* The last places may go to others of the same score. */
		if (j < 0) {
			ck_assert_msg(score[i] - score[n - 1] < 1e-5, "%s: keypoint %d is missing", set, i);
			continue;
		}
		worst_score = fmax(worst_score, fabs(((float *)m.output[1])[j] - score[i]));
		for (int k = 0; k < 256; k++)
			worst_descriptor =
				fmax(worst_descriptor, fabs(((float *)m.output[2])[j * 256 + k] - descriptor[i * 256 + k]));
	}
	ck_assert_int_le(n, golden_n);
	printf("%s, %s, %d keypoints: scores within %.2g, descriptors within %.2g\n", set, isa, n, worst_score,
		worst_descriptor);
	ck_assert(worst_score <= 1e-4);
	ck_assert(worst_descriptor <= 1e-3);
	instance_free(&m);
}

/* The same matches and depth. A match may differ only where its score is within 1e-3 of the threshold. */
static void check_lightglue(
	struct ctx *c, const struct gluec_model *model, const char *folder, const char *set, const char *isa)
{
	struct instance m = run_on(c, model, folder, set, isa);
	const int64_t *match = tensor(c, folder, set, "output", 0)->data;
	const float *score = tensor(c, folder, set, "output", 1)->data;
	const int64_t *depth = tensor(c, folder, set, "output", 2)->data;
	const int32_t *own = m.output[0];
	int n = model->output[0].dim[1], matches = 0, doubtful = 0;
	double worst = 0;

	for (int i = 0; i < n; i++) {
		float at_threshold = fabsf(fmaxf(score[i], ((float *)m.output[1])[i]) - 0.1f);
		matches += match[i] >= 0;
		if (own[i] != match[i]) {
			ck_assert_msg(at_threshold < 1e-3, "%s: point %d matches %d, not %d", set, i, own[i], (int)match[i]);
			doubtful++;
			continue;
		}
		worst = fmax(worst, fabs(((float *)m.output[1])[i] - score[i]));
	}
	printf("%s, %s: %d matches, %d at the threshold, scores within %.2g, depth %d\n", set, isa, matches, doubtful,
		worst, *(int32_t *)m.output[2]);
	ck_assert_int_eq(*(int32_t *)m.output[2], (int)*depth);
	ck_assert(worst <= 1e-3);
	instance_free(&m);
}

static void check_all(struct ctx *c, const char *folder, const char *isa)
{
	static const char *const pairs[] = { "graf1_graf2_k512", "graf1_graf3_k512", "dogman1_dogman2_k512",
		"dsc1_dsc2_k512" };
	int n = SANITIZED ? 1 : sizeof pairs / sizeof *pairs;

	check_superpoint(c, sp512_model(), folder, "superpoint/test_data_set_graf1", isa);
	/* Sanitized builds are slow, and one of each has shown what they can show. */
	for (int i = 0; i < n; i++)
		check_lightglue(c, lg512_model(), folder, arena_text(c, "lightglue/test_data_set_%s", pairs[i]), isa);
	check_superpoint(c, sp512x_model(), folder, "superpoint/test_data_set_graf1", isa);
	check_lightglue(c, lg512x_model(), folder, arena_text(c, "lightglue/test_data_set_%s", pairs[0]), isa);
	if (SANITIZED)
		return;
	check_superpoint(c, sp1024_model(), folder, "superpoint/test_data_set_graf1", isa);
	check_superpoint(c, sp1024_model(), folder, "superpoint/test_data_set_dogman1", isa);
	check_lightglue(c, lg1024_model(), folder, "lightglue/test_data_set_graf1_graf2_k1024", isa);
}

static void check_levels(struct ctx *c, void *unused)
{
	const char *folder = golden(c);

	(void)unused;
	for (int i = 0; folder && rt_isa_names[i]; i++)
		if (level_fits(rt_isa_names[i]))
			check_all(c, folder, rt_isa_names[i]);
}

START_TEST(same_as_onnx_runtime)
{
	ck_assert_str_eq(run_in_arena(check_levels, NULL), "");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("golden");
	TCase *t = tcase_create("golden");

	tcase_set_timeout(t, 600);
	tcase_add_test(t, same_as_onnx_runtime);
	suite_add_tcase(s, t);
	return s;
}
