/* Makes the inputs of models: pictures, and the keypoints and descriptors that a matcher takes. */
#include "engine.h"
#include "op/op.h"
#include "run/normalize_keypoints.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Writes n numbers as elements of an input. */
static void write_input(void *to, const struct host_tensor *t, size_t first, size_t n, const float *x)
{
	if (t->type == RT_F32) {
		memcpy((float *)to + first, x, n * sizeof *x);
		return;
	}
	for (size_t i = 0; i < n; i++)
		store_number(to, t->type, (int64_t)(first + i), (double)x[i], 0);
}

static void **new_inputs(struct ctx *c, const struct host *h)
{
	void **to = NEW(c, void *, (size_t)h->inputs + 1);

	for (int i = 0; i < h->inputs; i++)
		to[i] = arena_get(c, h->input[i].bytes + 1, 1);
	return to;
}

const void *const *picture_inputs(struct ctx *c, const struct engine *e, const float *const *grey, const int *pictures)
{
	const struct form *form = &e->form;
	size_t pixels = (size_t)form->width * (size_t)form->height;
	const struct host *h = e->host;

	/* The usual case needs no copy. */
	if (form->pictures == 1 && form->channels == 1 && h->input[0].type == RT_F32) {
		const void **to = NEW(c, const void *, 1);
		to[0] = grey[pictures[0]];
		return to;
	}
	void **to = new_inputs(c, h);
	for (int which = 0; which < form->pictures; which++)
		for (int channel = 0; channel < form->channels; channel++) {
			const struct slot *s = &form->image[which];
			write_input(to[s->tensor], &h->input[s->tensor], s->first + (size_t)channel * pixels, pixels,
				grey[pictures[which]]);
		}
	return (const void *const *)to;
}

struct ranked {
	int index;
	double score;
};

static int by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->score != y->score ? (x->score < y->score) - (x->score > y->score) : x->index - y->index;
}

static int by_index(const void *a, const void *b)
{
	return ((const struct ranked *)a)->index - ((const struct ranked *)b)->index;
}

struct features choose_features(struct ctx *c, const struct features *f, int room)
{
	struct features to = *f;
	struct ranked *list = NEW(c, struct ranked, (size_t)f->n + 1);
	size_t d = (size_t)f->dimensions;

	if (f->n <= room)
		return to;
	for (int i = 0; i < f->n; i++)
		list[i] = (struct ranked){ i, !f->detected[i] ? -INFINITY : f->score ? f->score[i] : 0 };
	qsort(list, (size_t)f->n, sizeof *list, by_score);
	qsort(list, (size_t)room, sizeof *list, by_index);
	to.n = room;
	to.at = (double(*)[2])NEW(c, double, 2 * (size_t)room + 1);
	to.detected = NEW(c, bool, (size_t)room + 1);
	to.descriptors = NEW(c, float, (size_t)room *d + 1);
	to.score = NULL;
	for (int i = 0; i < room; i++) {
		memcpy(to.at[i], f->at[list[i].index], sizeof to.at[i]);
		to.detected[i] = f->detected[list[i].index];
		memcpy(to.descriptors + (size_t)i * d, f->descriptors + (size_t)list[i].index * d, d * sizeof(float));
	}
	return to;
}

const void *const *matcher_inputs(
	struct ctx *c, const struct engine *e, const struct form *extractor, const struct features f[2])
{
	const struct form *form = &e->form;
	void **to = new_inputs(c, e->host);

	for (int which = 0; which < 2; which++) {
		const struct slot *k = &form->keypoints[which], *d = &form->descriptors[which];
		float *at = NEW(c, float, 2 * (size_t)f[which].n + 1);
		for (int i = 0; i < 2 * f[which].n; i++)
			at[i] = normalize_keypoint(
				(float)f[which].at[i / 2][i % 2], i % 2, extractor->width, extractor->height, form->per_axis);
		write_input(to[k->tensor], &e->host->input[k->tensor], k->first, 2 * (size_t)f[which].n, at);
		write_input(to[d->tensor], &e->host->input[d->tensor], d->first, (size_t)f[which].n * (size_t)form->dimensions,
			f[which].descriptors);
	}
	return (const void *const *)to;
}
