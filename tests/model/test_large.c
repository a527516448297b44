/* SuperPoint on a picture of 1024 x 1024: 1048576 places, of which half could count 2048 and none beyond 65504. With
 * features stored as half the keypoints are still those of fp32, but for near ties. */
#include "models.h"
#include "suite.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 1024, RADIUS = 4 /* of the suppression */, RECTANGLES = 600 };

static const float TIE = 0.02f; /* of what a score may move by halves */

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Rectangles upon rectangles: corners everywhere. */
static void draw(float *picture)
{
	unsigned state = 7;

	for (int i = 0; i < SIDE * SIDE; i++)
		picture[i] = 0.5f;
	for (int k = 0; k < RECTANGLES; k++) {
		int x = (int)(next_random(&state) % SIDE), y = (int)(next_random(&state) % SIDE);
		int right = x + 8 + (int)(next_random(&state) % 120), bottom = y + 8 + (int)(next_random(&state) % 120);
		float grey = (float)(next_random(&state) % 256) / 255;
		for (int v = y; v < bottom && v < SIDE; v++)
			for (int u = x; u < right && u < SIDE; u++)
				picture[v * SIDE + u] = grey;
	}
}

/* The keypoint of m that is nearest to (x, y), if there is one within the radius of the suppression, else -1. */
static int nearest(const struct instance *m, int n, int x, int y)
{
	const int32_t *at = m->output[0];
	int best = -1, distance = RADIUS + 1;

	for (int i = 0; i < n; i++) {
		int dx = abs(at[2 * i] - x), dy = abs(at[2 * i + 1] - y), d = dx > dy ? dx : dy;
		if (d < distance) {
			distance = d;
			best = i;
		}
	}
	return best;
}

static void compare(const struct instance *whole, const struct instance *half, const char *isa)
{
	int n = whole->model->output[0].dim[1], same = 0, ties = 0, beyond = 0;
	const int32_t *at = whole->output[0], *other = half->output[0];
	const float *score = whole->output[1];

	for (int i = 0; i < n; i++) {
		int x = at[2 * i], y = at[2 * i + 1], j = nearest(half, n, x, y);
		bool equal = j >= 0 && other[2 * j] == x && other[2 * j + 1] == y;
		same += equal;
		beyond += equal && y * SIDE + x > 65504;
		if (equal)
			continue;
		/* Either a neighbour won by a hair, or the last place went to another. */
		float apart = fabsf(score[i] - (j >= 0 ? ((float *)half->output[1])[j] : score[n - 1]));
		ck_assert_msg(
			apart < TIE, "%s: (%d, %d) of score %g is missing, by %g", isa, x, y, (double)score[i], (double)apart);
		ties++;
	}
	printf("%s: %d of %d keypoints are the same, %d of them beyond the largest half; %d near ties\n", isa, same, n,
		beyond, ties);
	ck_assert(same >= n * 98 / 100);
	ck_assert(beyond >= n * 9 / 10);
}

START_TEST(indices_beyond_half)
{
	if (SANITIZED) {
		puts("skip: too slow under the sanitizers");
		return;
	}
	if (!level_fits(rt_isa_names[_i]))
		return;
	struct instance whole = instance_make(sp1m_model()), half = instance_make(sp1mh_model());

	draw(whole.input[0]);
	memcpy(half.input[0], whole.input[0], whole.model->input[0].bytes);
	instance_run_on(&whole, rt_isa_names[_i]);
	instance_run_on(&half, rt_isa_names[_i]);
	compare(&whole, &half, rt_isa_names[_i]);
	instance_free(&whole);
	instance_free(&half);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("large");
	TCase *t = tcase_create("large");
	int levels = 0;

	tcase_set_timeout(t, 300);
	while (rt_isa_names[levels])
		levels++;
	tcase_add_loop_test(t, indices_beyond_half, 0, levels);
	suite_add_tcase(s, t);
	return s;
}
