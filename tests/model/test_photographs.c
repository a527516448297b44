/* Matches on photographs with a known homography, in the folder that GLUEC_SHARED names, and on a scene of our own. */
#include "image.h"
#include "matcher.h"
#include "models.h"
#include "pool.h"
#include "suite.h"
#include "truth.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pair {
	const char *name[2];
	int matches, correct; /* at the least, with fp32 */
} pairs[] = {
	{ { "graf1", "graf2" }, 300, 288 },
	{ { "graf1", "graf3" }, 258, 205 },
	{ { "dogman1", "dogman2" }, 328, 288 },
};

static void expect_no(const struct problem *problem, bool sound)
{
	ck_assert_msg(sound, "%s", problem->text);
}

/* Matches two files of the models' size and judges the matches. */
static struct agreement match_files(const struct gluec_model *superpoint, const struct gluec_model *lightglue,
	const char *const *file, const struct truth *truth, const char *isa)
{
	struct gluec_options options = { .parallel_for = gluec_pool_for, .pool = gluec_pool_create(2), .isa = isa };
	struct problem problem = { 0 };
	struct agreement agreement = { 0 };
	struct matcher m;

	expect_no(&problem, matcher_make(&m, superpoint, lightglue, &options, &problem));
	for (int i = 0; i < 2; i++) {
		struct picture picture;
		expect_no(&problem, picture_read(file[i], &picture, &problem));
		ck_assert(picture_grey(&picture, m.image, m.width, m.height));
		expect_no(&problem, matcher_extract(&m, i, &problem));
		picture_free(&picture);
	}
	expect_no(&problem, matcher_match(&m, &problem));
	for (int i = 0; i < m.count; i++) {
		int j = matcher_partner(&m, i);
		const int32_t *a = m.keypoint + 2 * i, *b = m.keypoint + 2 * (m.count + j);
		if (j >= 0)
			truth_judge(truth, a[0], a[1], b[0], b[1], &agreement);
	}
	matcher_free(&m);
	gluec_pool_destroy(options.pool);
	return agreement;
}

static struct agreement match_photographs(const char *folder, const struct pair *pair, bool half, const char *isa)
{
	char name[3][512];
	struct problem problem = { 0 };
	struct truth truth = { 0 };

	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof name[i], "%s/images/%s.png", folder, pair->name[i]);
	snprintf(name[2], sizeof name[2], "%s/images/%s_%s.H.txt", folder, pair->name[0], pair->name[1]);
	expect_no(&problem, truth_read_homography(name[2], &truth, &problem));
	struct agreement agreement = match_files(half ? sp512h_model() : sp512_model(),
		half ? lg512h_model() : lg512_model(), (const char *const[]){ name[0], name[1] }, &truth, isa);
	printf("%s-%s %s %s: %d matches, %d within 3 px\n", pair->name[0], pair->name[1], half ? "fp16" : "fp32", isa,
		agreement.matches, agreement.within3);
	truth_free(&truth);
	return agreement;
}

static void check_pair(const char *folder, const struct pair *pair, const char *isa)
{
	struct agreement full = match_photographs(folder, pair, false, isa);
	struct agreement half = match_photographs(folder, pair, true, isa);

	ck_assert_int_ge(full.matches, pair->matches);
	ck_assert_int_ge(full.within3, pair->correct);
	/* Half precision loses no more than one match in a hundred, nor one correct match in a hundred. */
	ck_assert_int_ge(half.matches * 100, full.matches * 99);
	ck_assert_int_ge(half.within3 * 100, full.within3 * 99);
}

START_TEST(photographs_match)
{
	const char *folder = getenv("GLUEC_SHARED");

	if (!folder || !*folder || SANITIZED) {
		puts(SANITIZED ? "skip: too slow under the sanitizers"
					   : "skip: GLUEC_SHARED is not set, so there are no photographs");
		return;
	}
	for (int i = 0; rt_isa_names[i]; i++)
		if (level_fits(rt_isa_names[i]))
			check_pair(folder, &pairs[_i], rt_isa_names[i]);
}
END_TEST

START_TEST(rendered_scenes_match)
{
	const char *build = getenv("BUILD"), *file[2];
	char command[512], name[3][512];
	struct problem problem = { 0 };
	struct truth truth = { 0 };

	if (SANITIZED) {
		puts("skip: too slow under the sanitizers");
		return;
	}
	build = build ? build : "build";
	snprintf(command, sizeof command, "%s/scene --seed %d --out %s/tests/model/scene%d", build, _i, build, _i);
	ck_assert_int_eq(system(command), 0);
	for (int i = 0; i < 3; i++)
		snprintf(name[i], sizeof name[i], "%s/tests/model/scene%d_%s", build, _i,
			(const char *const[]){ "a.png", "b.png", "truth.flo" }[i]);
	file[0] = name[0];
	file[1] = name[1];
	expect_no(&problem, truth_read_flow(name[2], 640, 480, &truth, &problem));
	for (int i = 0; rt_isa_names[i]; i++) {
		if (!level_fits(rt_isa_names[i]))
			continue;
		struct agreement agreement = match_files(sp512_model(), lg512_model(), file, &truth, rt_isa_names[i]);
		printf("scene %d %s: %d matches, %d within 3 px\n", _i, rt_isa_names[i], agreement.matches, agreement.within3);
		ck_assert_int_ge(agreement.matches, 150);
		ck_assert_int_ge(agreement.within3 * 100, agreement.matches * 85);
	}
	truth_free(&truth);
	for (int i = 0; i < 3; i++)
		remove(name[i]);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("photographs");
	TCase *t = tcase_create("photographs");

	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, photographs_match, 0, sizeof pairs / sizeof *pairs);
	tcase_add_loop_test(t, rendered_scenes_match, 1, 4);
	suite_add_tcase(s, t);
	return s;
}
