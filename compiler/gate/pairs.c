/* Reads pairs of pictures. */
#include "pairs.h"
#include "base/read_text.h"
#include <math.h>
#include <string.h>

enum { MOST_PAIRS = 10000, MOST_WORDS = 4 };

void read_word_lines(struct ctx *c, const char *file, int most,
	void (*take)(struct ctx *c, const char *file, int line, int n, char **words, void *user), void *user)
{
	int number = 0;

	for (char *next = read_text(c, file); next;) {
		char *words[MOST_WORDS + 1], *rest = NULL, *line = strsep(&next, "\n");
		int n = 0;
		number++;
		line[strcspn(line, "#")] = 0;
		for (char *word = strtok_r(line, " \t\r", &rest); word && n <= most; word = strtok_r(NULL, " \t\r", &rest))
			words[n++] = word;
		if (n > most)
			fail(c, IO_FAILED, "%.300s:%d: has more than %d words", file, number, most);
		if (n)
			take(c, file, number, n, words, user);
	}
}

/* A path relative to the folder of `file`. */
static const char *beside(struct ctx *c, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	return *path == '/' || !slash ? path : arena_text(c, "%.*s%s", (int)(slash - file + 1), file, path);
}

static void check(struct ctx *c, bool worked, const char *file, int line, const struct problem *problem)
{
	if (!worked)
		fail(c, IO_FAILED, "%.300s:%d: %s", file, line, problem->text);
}

/* The number of a picture, which is read unless it was before. */
static int take_picture(struct ctx *c, struct pairs *p, int line, const char *name)
{
	const char *path = beside(c, p->file, name);
	struct picture read;
	struct problem problem;

	for (int i = 0; i < p->n_pictures; i++)
		if (!strcmp(p->path[i], path))
			return i;
	check(c, picture_read(path, &read, &problem), p->file, line, &problem);
	size_t bytes = (size_t)read.width * (size_t)read.height * 3;
	struct picture *kept = &p->picture[p->n_pictures];
	*kept = (struct picture){ read.width, read.height, NEW(c, uint8_t, bytes) };
	memcpy(kept->rgb, read.rgb, bytes);
	picture_free(&read);
	p->path[p->n_pictures] = path;
	return p->n_pictures++;
}

static bool is_singular(const double h[9])
{
	double size = 0;

	for (int i = 0; i < 9; i++)
		size = fmax(size, fabs(h[i]));
	return !(fabs(h[0] * (h[4] * h[8] - h[5] * h[7]) - h[1] * (h[3] * h[8] - h[5] * h[6]) +
				  h[2] * (h[3] * h[7] - h[4] * h[6])) > 1e-15 * size * size * size);
}

static void take_truth(struct ctx *c, const struct pairs *p, int line, struct pair *pair, const char *name)
{
	const char *path = beside(c, p->file, name), *dot = strrchr(path, '.');
	const struct picture *a = &p->picture[pair->picture[0]];
	struct problem problem;

	pair->has_truth = true;
	if (!dot || strcmp(dot, ".flo")) {
		check(c, truth_read_homography(path, &pair->truth, &problem), p->file, line, &problem);
		if (is_singular(pair->truth.homography))
			fail(c, IO_FAILED, "%.300s:%d: %.300s: is no homography: the matrix is singular", p->file, line, path);
		return;
	}
	check(c, truth_read_flow(path, a->width, a->height, &pair->truth, &problem), p->file, line, &problem);
	size_t n = (size_t)a->width * (size_t)a->height * 2;
	struct truth kept = { .flow = NEW(c, float, n), .width = a->width, .height = a->height };
	memcpy(kept.flow, pair->truth.flow, n * sizeof *kept.flow);
	truth_free(&pair->truth);
	pair->truth = kept;
}

static void take_pair(struct ctx *c, const char *file, int line, int n, char **words, void *user)
{
	struct pairs *p = user;

	if (n < 2)
		fail(c, IO_FAILED, "%.300s:%d: must be A.png B.png [TRUTH]", file, line);
	if (p->n == MOST_PAIRS)
		fail(c, IO_FAILED, "%.300s:%d: has more than %d pairs", file, line, MOST_PAIRS);
	struct pair *pair = &p->pair[p->n++];
	pair->name = arena_text(c, "%s %s", words[0], words[1]);
	for (int i = 0; i < 2; i++)
		pair->picture[i] = take_picture(c, p, line, words[i]);
	if (n > 2)
		take_truth(c, p, line, pair, words[2]);
}

struct pairs *read_pairs(struct ctx *c, const char *file)
{
	struct pairs *p = NEW(c, struct pairs, 1);

	p->arena = c->arena;
	p->file = file;
	p->pair = NEW(c, struct pair, MOST_PAIRS);
	p->picture = NEW(c, struct picture, 2 * MOST_PAIRS);
	p->path = NEW(c, const char *, 2 * MOST_PAIRS);
	read_word_lines(c, file, 3, take_pair, p);
	if (!p->n)
		fail(c, IO_FAILED, "%.300s: names no pair of pictures; a line is A.png B.png [TRUTH]", file);
	return p;
}

const float *const *pairs_grey(struct ctx *c, struct pairs *p, int width, int height)
{
	struct greys *g = p->greys;
	struct arena *own = c->arena;
	bool made = true;

	while (g && (g->width != width || g->height != height))
		g = g->next;
	if (g)
		return g->of;
	c->arena = p->arena;
	g = NEW(c, struct greys, 1);
	*g = (struct greys){ width, height, NEW(c, const float *, (size_t)p->n_pictures), NULL };
	for (int i = 0; made && i < p->n_pictures; i++) {
		float *grey = NEW(c, float, (size_t)width *(size_t)height);
		made = picture_grey(&p->picture[i], grey, width, height);
		g->of[i] = grey;
	}
	c->arena = own;
	if (!made)
		fail(c, IO_FAILED, "%.300s: out of memory for the pictures", p->file);
	g->next = p->greys;
	p->greys = g;
	return g->of;
}
