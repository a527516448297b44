/* Runs the models of one side on all pairs. */
#include "child.h"
#include "gate/side.h"
#include "progress.h"
#include "op/op.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An output of one call, in memory that its elements are aligned in. */
static struct value output_of(struct ctx *c, const struct host *h, const char *outputs, int index)
{
	struct value v = { .name = h->output[index].name, .type = h->output[index].type };
	size_t bytes = h->output[index].bytes;
	char *copy = arena_get(c, bytes + 1, 1);

	for (int i = 0; i < index; i++)
		outputs += h->output[i].bytes;
	v.data = memcpy(copy, outputs, bytes);
	return v;
}

/* How much of an output is used along the dimension that depends on the data; `most` where none does. */
static int used(struct ctx *c, const struct host *h, const char *outputs, int index, int most)
{
	int count = h->output[index].count;

	if (count < 0 || !h->output[count].bytes)
		return most;
	struct value v = output_of(c, h, outputs, count);
	int64_t n = constant_int(&v, 0);
	return n < 0 ? 0 : n > most ? most : (int)n;
}

static struct features read_features(struct ctx *c, const struct engine *e, const char *outputs, int which)
{
	const struct form *form = &e->form;
	const struct slot *at = &form->keypoints[which], *score = &form->scores[which], *d = &form->descriptors[which];
	struct features f = { .n = used(c, e->host, outputs, at->tensor, form->points[which]) };
	struct value v = output_of(c, e->host, outputs, at->tensor);

	f.at = (double(*)[2])NEW(c, double, 2 * (size_t)f.n + 1);
	f.detected = NEW(c, bool, (size_t)f.n + 1);
	for (int i = 0; i < f.n; i++) {
		for (int k = 0; k < 2; k++)
			f.at[i][k] = constant_real(&v, (int64_t)at->first + 2 * i + k);
		f.detected[i] = isfinite(f.at[i][0]) && isfinite(f.at[i][1]);
	}
	if (score->tensor >= 0) {
		v = output_of(c, e->host, outputs, score->tensor);
		f.score = NEW(c, double, (size_t)f.n + 1);
		for (int i = 0; i < f.n; i++) {
			f.score[i] = constant_real(&v, (int64_t)score->first + i);
			f.detected[i] &= f.score[i] > 0;
		}
	}
	if (form->kind != FORM_EXTRACTOR)
		return f;
	f.dimensions = form->dimensions;
	size_t n = (size_t)f.n * (size_t)f.dimensions;
	f.descriptors = NEW(c, float, n + 1);
	v = output_of(c, e->host, outputs, d->tensor);
	for (size_t i = 0; i < n; i++)
		f.descriptors[i] = (float)constant_real(&v, (int64_t)(d->first + i));
	return f;
}

static int read_matches(struct ctx *c, const struct engine *e, const char *outputs, struct index_match **list)
{
	const struct form *form = &e->form;
	const struct host_tensor *t = &e->host->output[form->matches];
	struct value v = output_of(c, e->host, outputs, form->matches), scores = { .data = NULL };
	int width = form->list == MATCH_PARTNERS ? 1 : form->list == MATCH_PAIRS ? 2 : 3, found = 0;
	int most = (int)(t->bytes / rt_type_size(t->type)) / width, n = used(c, e->host, outputs, form->matches, most);

	*list = NEW(c, struct index_match, (size_t)n + 1);
	if (form->match_scores >= 0)
		scores = output_of(c, e->host, outputs, form->match_scores);
	for (int i = 0; i < n; i++) {
		int64_t a = width == 1 ? i : constant_int(&v, (int64_t)width * (i + 1) - 2);
		int64_t b = constant_int(&v, (int64_t)width * (i + 1) - 1);
		if (a < 0 || b < 0 || a >= form->points[0] || b >= form->points[1])
			continue;
		(*list)[found++] = (struct index_match){ (int)a, (int)b, scores.data ? constant_real(&scores, i) : 1 };
	}
	return found;
}

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

/* The inputs of a call on pictures: the one or the two that the list names. */
static const void *const *picture_inputs(
	struct ctx *c, const struct engine *e, const float *const *grey, const int *pictures)
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

/* Makes the calls of e->turn and reads what they found. */
static void run_turns(struct ctx *c, struct engine *e, const struct gate_options *options,
	void (*take)(struct ctx *c, const struct engine *e, int turn, const char *outputs, void *user), void *user)
{
	size_t each = host_output_bytes(e->host), all = each * (size_t)e->n_turns;
	char *shared = shared_memory(c, all);

	for (int i = 0; i < e->n_turns; i++)
		e->turn[i].outputs = shared + (size_t)i * each;
	host_turns(c, e->n_turns, e->turn, 1, options->threads);
	for (int i = 0; i < e->n_turns; i++) {
		take(c, e, i, e->turn[i].outputs, user);
		e->turn[i].outputs = NULL;
	}
	release_shared(shared, all);
}

/* What extraction is for: the keypoints of picture A and B of each pair. */
struct extraction {
	int n_pairs;
	struct features (*of)[2]; /* [pairs] */
	const struct pairs *pairs;
};

/* Calls are one for each picture, or one for each pair. */
static void take_features(struct ctx *c, const struct engine *e, int turn, const char *outputs, void *user)
{
	struct extraction *x = user;

	if (e->form.pictures == 2) {
		for (int which = 0; which < 2; which++)
			x->of[turn][which] = read_features(c, e, outputs, which);
		return;
	}
	struct features f = read_features(c, e, outputs, 0);
	for (int i = 0; i < x->n_pairs; i++)
		for (int which = 0; which < 2; which++)
			if (x->pairs->pair[i].picture[which] == turn)
				x->of[i][which] = f;
}

static void prepare_pictures(struct ctx *c, struct engine *e, struct pairs *pairs)
{
	const float *const *grey = pairs_grey(c, pairs, e->form.width, e->form.height);

	e->n_turns = e->form.pictures == 2 ? pairs->n : pairs->n_pictures;
	e->turn = NEW(c, struct host_turn, (size_t)e->n_turns);
	for (int i = 0; i < e->n_turns; i++) {
		const int *pictures = e->form.pictures == 2 ? pairs->pair[i].picture : &i;
		e->turn[i] = (struct host_turn){ e->host, picture_inputs(c, e, grey, pictures), NULL };
	}
}

/* Keeps the matches of detected keypoints, and all these, in pixels of the pictures. */
static void keep_found(struct ctx *c, const struct pairs *pairs, int pair, const struct form *form,
	const struct features f[2], const struct index_match *list, int n, struct found *to)
{
	double(*at[2])[2];

	for (int which = 0; which < 2; which++) {
		const struct picture *p = &pairs->picture[pairs->pair[pair].picture[which]];
		at[which] = (double(*)[2])NEW(c, double, 2 * (size_t)f[which].n + 1);
		to->point[which] = (double(*)[2])NEW(c, double, 2 * (size_t)f[which].n + 1);
		to->n_points[which] = 0;
		for (int i = 0; i < f[which].n; i++) {
			at[which][i][0] = rescaled(f[which].at[i][0], form->width, p->width);
			at[which][i][1] = rescaled(f[which].at[i][1], form->height, p->height);
			if (f[which].detected[i])
				memcpy(to->point[which][to->n_points[which]++], at[which][i], sizeof at[which][i]);
		}
	}
	to->match = NEW(c, struct match, (size_t)n + 1);
	to->n_matches = 0;
	for (int i = 0; i < n; i++) {
		int a = list[i].a, b = list[i].b;
		if (a >= f[0].n || b >= f[1].n || !f[0].detected[a] || !f[1].detected[b])
			continue;
		to->match[to->n_matches++] =
			(struct match){ { at[0][a][0], at[0][a][1], at[1][b][0], at[1][b][1] }, list[i].score };
	}
}

/* The matcher's work: which of the extractor's keypoints it gets, and what becomes of them. */
struct matching {
	struct side *side;
	const struct pairs *pairs;
	struct features (*chosen)[2]; /* [pairs] */
};

static void take_matches(struct ctx *c, const struct engine *e, int turn, const char *outputs, void *user)
{
	const struct matching *m = user;
	struct index_match *list;
	int n = read_matches(c, e, outputs, &list);

	keep_found(c, m->pairs, turn, &m->side->engine[0].form, m->chosen[turn], list, n, &m->side->found[turn]);
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

/* The keypoints for which the matcher has room: where there are more, the strongest, in their order. */
static struct features choose(struct ctx *c, const struct features *f, int room)
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

/* Keypoints as matchers want them. Per axis: 2 k / size - 1, as pipelines of LightGlue-ONNX 2.0 on do it inside; else
 * (k - size / 2) / (longer side / 2), as LightGlue's own normalize_keypoints. Both are those of the picture's size at
 * the extractor. */
static float normalized(const struct form *matcher, const struct form *extractor, double x, int axis)
{
	float size = (float)(axis ? extractor->height : extractor->width), k = (float)x;
	float longer = (float)(extractor->height > extractor->width ? extractor->height : extractor->width);

	return matcher->per_axis ? 2 * k / size - 1 : (k - size / 2) / (longer / 2);
}

/* Room that is left over holds zeros, and matches with it do not count. */
static const void *const *matcher_inputs(
	struct ctx *c, const struct engine *e, const struct form *extractor, const struct features f[2])
{
	const struct form *form = &e->form;
	void **to = new_inputs(c, e->host);

	for (int which = 0; which < 2; which++) {
		const struct slot *k = &form->keypoints[which], *d = &form->descriptors[which];
		float *at = NEW(c, float, 2 * (size_t)f[which].n + 1);
		for (int i = 0; i < 2 * f[which].n; i++)
			at[i] = normalized(form, extractor, f[which].at[i / 2][i % 2], i % 2);
		write_input(to[k->tensor], &e->host->input[k->tensor], k->first, 2 * (size_t)f[which].n, at);
		write_input(to[d->tensor], &e->host->input[d->tensor], d->first, (size_t)f[which].n * (size_t)form->dimensions,
			f[which].descriptors);
	}
	return (const void *const *)to;
}

static void run_matcher(struct ctx *c, struct side *side, const struct pairs *pairs, struct features (*features)[2],
	const struct gate_options *options)
{
	struct engine *e = &side->engine[1];

	e->n_turns = pairs->n;
	e->turn = NEW(c, struct host_turn, (size_t)pairs->n);
	for (int i = 0; i < pairs->n; i++) {
		for (int which = 0; which < 2; which++)
			features[i][which] = choose(c, &features[i][which], e->form.points[which]);
		e->turn[i] = (struct host_turn){ e->host, matcher_inputs(c, e, &side->engine[0].form, features[i]), NULL };
	}
	run_turns(c, e, options, take_matches, &(struct matching){ side, pairs, features });
}

static void take_pipeline(struct ctx *c, const struct engine *e, int turn, const char *outputs, void *user)
{
	const struct matching *m = user;
	const struct features f[2] = { read_features(c, e, outputs, 0), read_features(c, e, outputs, 1) };
	struct index_match *list;
	int n = read_matches(c, e, outputs, &list);

	keep_found(c, m->pairs, turn, &e->form, f, list, n, &m->side->found[turn]);
}

void side_run(struct ctx *c, struct side *side, struct pairs *pairs, const struct gate_options *options)
{
	struct engine *first = &side->engine[0];

	progress(c, arena_text(c, "running %s", first->host->name));
	side->found = NEW(c, struct found, (size_t)pairs->n);
	prepare_pictures(c, first, pairs);
	if (first->form.kind == FORM_PIPELINE) {
		run_turns(c, first, options, take_pipeline, &(struct matching){ side, pairs, NULL });
		progress_end(c);
		return;
	}
	struct extraction x = { pairs->n, (struct features(*)[2])NEW(c, struct features, 2 * (size_t)pairs->n), pairs };
	run_turns(c, first, options, take_features, &x);
	if (side->n == 2)
		run_matcher(c, side, pairs, x.of, options);
	for (int i = 0; side->n == 1 && i < pairs->n; i++) {
		struct index_match *list;
		int n = mutual_nearest(c, &x.of[i][0], &x.of[i][1], &list);
		keep_found(c, pairs, i, &first->form, x.of[i], list, n, &side->found[i]);
	}
	progress_end(c);
}
