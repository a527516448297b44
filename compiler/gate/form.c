/* Finds out what a model is. The names are those of the exports that people use: models/FORMS.md lists such models. */
#include "form.h"
#include "base/printable.h"
#include <ctype.h>
#include <string.h>

enum { BOTH = -1, LEAST_SIDE = 8, MOST_SIDE = 1 << 15 };

static const char keypoint_names[] = "keypoints normalized_keypoints kpts", score_names[] = "scores keypoint_scores";
static const char descriptor_names[] = "descriptors desc", match_names[] = "matches";
static const char match_score_names[] = "mscores matching_scores scores";

/* Is the name one of a list, followed by the number of the picture when `which` is 0 or 1: "kpts1", "keypoints_1"? */
static bool is_named(const char *name, const char *list, int which)
{
	for (const char *word = list; *word; word += strspn(word, " ")) {
		size_t n = strcspn(word, " ");
		const char *rest = name + n;
		bool starts = !strncmp(name, word, n);
		word += n;
		if (!starts)
			continue;
		if (which == BOTH && !*rest)
			return true;
		rest += *rest == '_';
		if (which != BOTH && rest[0] == '0' + which && !rest[1])
			return true;
	}
	return false;
}

static int find(const struct host_tensor *list, int n, const char *names, int which)
{
	for (int i = 0; i < n; i++)
		if (is_named(list[i].name, names, which))
			return i;
	return -1;
}

static size_t elements(const struct host_tensor *t)
{
	return t->bytes / rt_type_size(t->type);
}

/* The things of this name: one tensor for each picture, or one for both, which halves then are; or, for an extractor of
 * one picture at a time, one. Returns for how many pictures, 0 when there are none. */
static int find_slots(const struct host_tensor *list, int n, const char *names, int pictures, struct slot slot[2])
{
	int one = find(list, n, names, BOTH), a = find(list, n, names, 0), b = find(list, n, names, 1);

	slot[0] = slot[1] = (struct slot){ -1, 0 };
	if (a >= 0 && b >= 0 && pictures == 2) {
		slot[0].tensor = a;
		slot[1].tensor = b;
		return 2;
	}
	if (one < 0 || (pictures == 2 && elements(&list[one]) % 2))
		return 0;
	slot[0].tensor = one;
	if (pictures == 2)
		slot[1] = (struct slot){ one, elements(&list[one]) / 2 };
	return pictures;
}

bool form_is_image(const char *name, int rank)
{
	return rank == 4 && !is_named(name, keypoint_names, BOTH) && !is_named(name, descriptor_names, BOTH);
}

static bool is_image(const struct host_tensor *t)
{
	return form_is_image(t->name, t->rank) && is_float_type(t->type) && t->type != RT_F64 &&
		   (t->dim[0] == 1 || t->dim[0] == 2) && (t->dim[1] == 1 || t->dim[1] == 3) && t->dim[2] >= LEAST_SIDE &&
		   t->dim[2] <= MOST_SIDE && t->dim[3] >= LEAST_SIDE && t->dim[3] <= MOST_SIDE;
}

/* One input for one or two pictures, or two inputs for a picture each. */
static bool find_images(const struct host *h, struct form *f)
{
	const struct host_tensor *t = h->input;

	if (h->inputs < 1 || h->inputs > 2 || !is_image(&t[0]))
		return false;
	f->channels = (int)t->dim[1];
	f->height = (int)t->dim[2];
	f->width = (int)t->dim[3];
	f->pictures = h->inputs == 2 ? 2 : (int)t->dim[0];
	f->image[0] = f->image[1] = (struct slot){ 0, 0 };
	if (h->inputs == 1) {
		f->image[1].first = f->pictures == 2 ? elements(t) / 2 : 0;
		return true;
	}
	f->image[1].tensor = 1;
	return t[0].dim[0] == 1 && is_image(&t[1]) && t[0].type == t[1].type &&
		   !memcmp(t[0].dim, t[1].dim, 4 * sizeof *t->dim);
}

/* How many points, each with so many numbers, a slot has: the tensor ends in [.., points, numbers], all before being
 * 1, or 2 when it is for both pictures. numbers 0: the tensor ends in [.., points]. 0 when it does not. */
static int slot_points(
	const struct host_tensor *list, const struct form *f, const struct slot slot[2], int which, int64_t numbers)
{
	const struct host_tensor *t = &list[slot[which].tensor];
	int axis = t->rank - (numbers ? 2 : 1);
	size_t parts = f->pictures == 2 && slot[0].tensor == slot[1].tensor ? 2 : 1;

	if (axis < 0 || (numbers && t->dim[axis + 1] != numbers) || t->dim[axis] < 1 || t->dim[axis] > MAX_ELEMENTS)
		return 0;
	size_t each = (size_t)t->dim[axis] * (size_t)(numbers ? numbers : 1);
	return elements(t) == parts * each ? (int)t->dim[axis] : 0;
}

/* Keypoints, with scores and descriptors where they are found. Only keypoints and scores may have a count, and only
 * where each tensor is for one picture. */
static bool find_points(const struct host_tensor *list, int n, struct form *f)
{
	if (!find_slots(list, n, keypoint_names, f->pictures, f->keypoints))
		return false;
	find_slots(list, n, score_names, f->pictures, f->scores);
	if (find_slots(list, n, descriptor_names, f->pictures, f->descriptors)) {
		const struct host_tensor *t = &list[f->descriptors[0].tensor];
		int64_t last = t->rank ? t->dim[t->rank - 1] : 0;
		f->dimensions = last > 0 && last <= 4096 ? (int)last : 0;
	}
	for (int which = 0; which < f->pictures; which++) {
		int points = slot_points(list, f, f->keypoints, which, 2);
		f->points[which] = points;
		if (!points || (f->dimensions && slot_points(list, f, f->descriptors, which, f->dimensions) != points))
			return false;
		if (f->scores[0].tensor >= 0 && slot_points(list, f, f->scores, which, 0) != points)
			f->scores[0].tensor = -1;
		if (f->keypoints[0].tensor == f->keypoints[1].tensor && f->pictures == 2 &&
			list[f->keypoints[0].tensor].count >= 0)
			return false;
	}
	return true;
}

static bool find_matches(const struct host *h, struct form *f)
{
	int at = find(h->output, h->outputs, match_names, BOTH);

	if (at < 0)
		at = find(h->output, h->outputs, match_names, 0);
	if (at < 0)
		return false;
	const struct host_tensor *t = &h->output[at];
	int64_t last = t->rank ? t->dim[t->rank - 1] : 0;
	bool counted = t->count >= 0 && t->rank == 2 && t->count_axis == 0;
	if (!is_integer_type(t->type) || (t->count >= 0 && (!counted || (last != 2 && last != 3))))
		return false;
	f->matches = at;
	f->list = !counted ? MATCH_PARTNERS : last == 2 ? MATCH_PAIRS : MATCH_TRIPLES;
	if (!counted && elements(t) != (size_t)f->points[0])
		return false;
	f->match_scores = find(h->output, h->outputs, match_score_names, BOTH);
	if (f->match_scores < 0)
		f->match_scores = find(h->output, h->outputs, match_score_names, 0);
	if (f->match_scores >= 0 &&
		(!is_float_type(h->output[f->match_scores].type) ||
			elements(&h->output[f->match_scores]) != elements(t) / (counted ? (size_t)last : 1)))
		f->match_scores = -1;
	return true;
}

static bool is_matcher(const struct host *h, struct form *f)
{
	f->pictures = 2;
	if (!find_points(h->input, h->inputs, f) || !f->dimensions)
		return false;
	/* It takes nothing else. */
	int taken = f->keypoints[0].tensor == f->keypoints[1].tensor ? 1 : 2;
	taken += f->descriptors[0].tensor == f->descriptors[1].tensor ? 1 : 2;
	if (taken != h->inputs)
		return false;
	for (int i = 0; i < h->inputs; i++)
		if (!is_float_type(h->input[i].type) || h->input[i].type == RT_F64)
			return false;
	f->kind = FORM_MATCHER;
	f->per_axis = !strcmp(h->input[f->keypoints[0].tensor].name, "keypoints");
	return find_matches(h, f);
}

static bool is_extractor_or_pipeline(const struct host *h, struct form *f)
{
	if (!find_images(h, f) || !find_points(h->output, h->outputs, f))
		return false;
	f->kind = f->pictures == 2 && find_matches(h, f) ? FORM_PIPELINE : FORM_EXTRACTOR;
	return f->kind == FORM_PIPELINE || f->dimensions > 0;
}

static const char *describe(struct ctx *c, const struct host_tensor *list, int n)
{
	enum { MOST = 8 };
	const char *text = "";

	for (int i = 0; i < n && i < MOST; i++) {
		struct value v = { .type = list[i].type, .rank = list[i].rank };
		memcpy(v.dim, list[i].dim, sizeof v.dim);
		text = arena_text(c, "%s%s%.40s %s", text, i ? ", " : "", printable(c, list[i].name), shape_text(c, &v));
	}
	return n > MOST ? arena_text(c, "%s, ...", text) : text;
}

void form_of(struct ctx *c, const struct host *h, const char *file, struct form *form)
{
	const struct form none = { .matches = -1, .match_scores = -1 };

	*form = none;
	if (is_extractor_or_pipeline(h, form))
		return;
	*form = none;
	if (is_matcher(h, form))
		return;
	fail(c, UNUSABLE_MODEL,
		"%.200s: not a model of keypoints: it needs pictures [b,1|3,H,W] in and keypoints [b,K,2] with descriptors "
		"[b,K,D] or matches out, or keypoints and descriptors of two pictures in and matches out (--append adds what "
		"is "
		"missing); it maps %s to %s",
		file, describe(c, h->input, h->inputs), describe(c, h->output, h->outputs));
}
