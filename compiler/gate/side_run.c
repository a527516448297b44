/* Runs the models of one side on all pairs. */
#include "base/child.h"
#include "engine.h"
#include "base/progress.h"
#include <string.h>

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

static void run_matcher(struct ctx *c, struct side *side, const struct pairs *pairs, struct features (*features)[2],
	const struct gate_options *options)
{
	struct engine *e = &side->engine[1];

	e->n_turns = pairs->n;
	e->turn = NEW(c, struct host_turn, (size_t)pairs->n);
	for (int i = 0; i < pairs->n; i++) {
		for (int which = 0; which < 2; which++)
			features[i][which] = choose_features(c, &features[i][which], e->form.points[which]);
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
