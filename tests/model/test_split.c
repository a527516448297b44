/* Models of --precision bf16x3 and bf16 beside those of fp32: the level with tiles, which is tests/level here, finds
 * the same keypoints and matches, or most of them, and numbers that are nearly the same. */
#include "matcher.h"
#include "models.h"
#include "suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Rectangles upon rectangles, all of them moved: corners everywhere. */
static void draw(float *picture, int width, int height, int moved)
{
	unsigned state = 7;

	for (int i = 0; i < width * height; i++)
		picture[i] = 0.5f;
	for (int k = 0; k < 90; k++) {
		int x = (int)(next_random(&state) % (unsigned)width) + moved, y = (int)(next_random(&state) % (unsigned)height);
		int right = x + 6 + (int)(next_random(&state) % 24), bottom = y + 6 + (int)(next_random(&state) % 24);
		float grey = (float)(next_random(&state) % 256) / 255;
		for (int v = y; v < bottom && v < height; v++)
			for (int u = x; u < right && u < width; u++)
				picture[v * width + u] = grey;
	}
}

/* Two pictures through both models. The caller frees the matcher. */
static struct matcher match(const struct gluec_model *superpoint, const struct gluec_model *lightglue, const char *isa)
{
	const struct gluec_options options = { .isa = isa };
	struct problem problem = { 0 };
	struct matcher m;

	ck_assert_msg(matcher_make(&m, superpoint, lightglue, &options, &problem), "%s", problem.text);
	for (int i = 0; i < 2; i++) {
		draw(m.image, m.width, m.height, 5 * i);
		ck_assert_msg(matcher_extract(&m, i, &problem), "%s", problem.text);
	}
	ck_assert_msg(matcher_match(&m, &problem), "%s", problem.text);
	return m;
}

static double largest_difference(const float *a, const float *b, int n)
{
	double most = 0;

	for (int i = 0; i < n; i++)
		most = fmax(most, fabs((double)a[i] - (double)b[i]));
	return most;
}

START_TEST(same_matches)
{
	if (SANITIZED) {
		puts("skip: too slow under the sanitizers");
		return;
	}
	struct matcher plain = match(sp96_model(), lg96_model(), NULL);
	struct matcher tiles = match(sp96x_model(), lg96x_model(), "emulated");
	int n = plain.count, matches = 0;
	double score = largest_difference(plain.score, tiles.score, 2 * n);
	double sure = largest_difference(plain.match_score, tiles.match_score, n);

	for (int i = 0; i < n; i++)
		matches += plain.match[i] >= 0;
	printf("%d matches; scores within %.2g, matches' scores within %.2g\n", matches, score, sure);
	ck_assert_int_ge(matches, n / 4);
	ck_assert(!memcmp(plain.keypoint, tiles.keypoint, (size_t)(2 * n * 2) * sizeof *plain.keypoint));
	ck_assert(!memcmp(plain.match, tiles.match, (size_t)n * sizeof *plain.match));
	/* Not 0, or there would be no tiles. */
	ck_assert(score > 0 && score <= 5e-5);
	ck_assert(sure > 0 && sure <= 1e-3);
	matcher_free(&plain);
	matcher_free(&tiles);
}
END_TEST

/* The keypoint of b's picture that is nearest to number i of a's, or -1 when none is within a pixel. */
static int nearest(const struct matcher *a, const struct matcher *b, int picture, int i)
{
	const int32_t *at = a->keypoint + 2 * (picture * a->count + i);
	int best = -1, least = 3;

	for (int j = 0; j < b->count; j++) {
		const int32_t *other = b->keypoint + 2 * (picture * b->count + j);
		int x = abs(at[0] - other[0]), y = abs(at[1] - other[1]);
		if (x <= 1 && y <= 1 && x + y < least) {
			least = x + y;
			best = j;
		}
	}
	return best;
}

/* With bfloat16 some keypoints near the threshold come and go. */
START_TEST(most_matches)
{
	if (SANITIZED) {
		puts("skip: too slow under the sanitizers");
		return;
	}
	struct matcher plain = match(sp96_model(), lg96_model(), NULL);
	struct matcher tiles = match(sp96b_model(), lg96b_model(), "emulated");
	struct matcher floats = match(sp96b_model(), lg96b_model(), "c");
	int n = plain.count, found = 0, matches = 0, same = 0;

	for (int i = 0; i < n; i++) {
		int other = nearest(&plain, &tiles, 0, i);
		found += other >= 0;
		matches += plain.match[i] >= 0;
		if (plain.match[i] >= 0 && other >= 0 && tiles.match[other] >= 0)
			same += nearest(&plain, &tiles, 1, plain.match[i]) == tiles.match[other];
	}
	printf("%d of %d keypoints, %d of %d matches\n", found, n, same, matches);
	ck_assert_int_ge(found, n * 9 / 10);
	ck_assert_int_ge(same, matches * 9 / 10);
	/* Products by tiles round otherwise than those of floats. */
	ck_assert(memcmp(tiles.score, floats.score, (size_t)(2 * n) * sizeof *tiles.score));
	matcher_free(&plain);
	matcher_free(&tiles);
	matcher_free(&floats);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("split");
	TCase *t = tcase_create("split");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, same_matches);
	tcase_add_test(t, most_matches);
	suite_add_tcase(s, t);
	return s;
}
