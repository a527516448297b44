/* A matcher's inputs, from what an extractor finds in pictures. */
#include "pictures.h"
#include "run/normalize_keypoints.h"
#include <string.h>

/* The output of this name as n rows of numbers: [n,m] or [1,n,m]. */
static const struct value *find_rows(
	struct ctx *c, struct value *const *results, const char *name, int *rows, int *columns)
{
	const struct graph *g = c->graph;
	const struct value *v = NULL;

	for (int i = 0; i < g->n_outputs; i++)
		if (!strcmp(g->outputs[i]->name, name))
			v = results[i];
	if (!v || v->rank < 2 || v->rank > 3 || (v->rank == 3 && v->dim[0] != 1))
		fail_model(c, "--extractor: it has no output '%s' [1,n,%s]", name, !strcmp(name, "keypoints") ? "2" : "c");
	*rows = (int)v->dim[v->rank - 2];
	*columns = (int)v->dim[v->rank - 1];
	return v;
}

struct extracted extract_picture(struct ctx *c, const struct calibration_wish *wish, const char *path)
{
	struct extracted e;
	int columns, rows;

	read_model(c);
	struct value **inputs = load_pictures(c, wish, &path, 1), **results = interpret_fast(c, inputs);
	e.width = (int)inputs[0]->dim[3];
	e.height = (int)inputs[0]->dim[2];
	const struct value *keypoints = find_rows(c, results, "keypoints", &e.n, &columns);
	const struct value *descriptors = find_rows(c, results, "descriptors", &rows, &e.channels);
	if (columns != 2 || rows != e.n)
		fail_model(c, "--extractor: its keypoints %s and descriptors %s do not fit each other",
			shape_text(c, keypoints), shape_text(c, descriptors));
	e.keypoint = (float *)constant_floats(c, keypoints);
	e.descriptor = (float *)constant_floats(c, descriptors);
	return e;
}

/* What goes into one input: the keypoints or descriptors of pair[0] (`apart`: each picture is an input of its own), or
 * of both pictures. */
static struct value *fill_input(struct ctx *c, const struct value *v, const struct extracted *const *pair, bool apart)
{
	int n = pair[0]->n, width = v->dim[2] == 2 ? 2 : pair[0]->channels, pictures = apart ? 1 : 2;
	int64_t dim[3] = { pictures, n, width };
	float *data = NEW(c, float, (size_t)pictures *(size_t)n *(size_t)width + 1);

	for (int i = 0; i < pictures; i++) {
		const struct extracted *e = pair[i];
		float *to = data + (ptrdiff_t)i * n * width;
		if (width != 2)
			memcpy(to, e->descriptor, (size_t)n * (size_t)width * sizeof *to);
		for (int k = 0; k < n * width && width == 2; k++)
			to[k] = normalize_keypoint(e->keypoint[k], k % 2, e->width, e->height, !apart);
	}
	return value_constant(c, v->name, RT_F32, 3, dim, data);
}

/* Each input of the matcher must be keypoints or descriptors, of the pictures in turn. */
static void check_matcher(struct ctx *c, const struct extracted *const *pair)
{
	const struct graph *g = c->graph;
	bool fits = g->n_inputs == 2 || g->n_inputs == 4;

	for (int i = 0; fits && i < g->n_inputs; i++) {
		const struct value *v = g->inputs[i];
		int64_t last = i < g->n_inputs / 2 ? 2 : pair[0]->channels, first = g->n_inputs == 2 ? 2 : 1;
		fits = v->type == RT_F32 && v->rank == 3 && (v->dim[2] == last || v->dim[2] < 0) &&
			   (v->dim[0] == first || v->dim[0] < 0);
	}
	if (!fits)
		fail_model(c,
			"--extractor is for matchers whose inputs are keypoints f32[2,n,2] and descriptors f32[2,n,%d], or both"
			" twice, f32[1,n,...]; give --data DIR otherwise",
			pair[0]->channels);
	if (g->n_inputs == 2 && pair[0]->n != pair[1]->n)
		fail_model(c, "--extractor: it found %d and %d keypoints, but the matcher takes equally many of both pictures",
			pair[0]->n, pair[1]->n);
}

struct value **load_matcher(struct ctx *c, const struct extracted *a, const struct extracted *b)
{
	const struct extracted *pair[3] = { a, b, NULL };

	read_model(c);
	check_matcher(c, pair);
	struct graph *g = c->graph;
	bool apart = g->n_inputs == 4;
	struct value **inputs = NEW(c, struct value *, (size_t)g->n_inputs);
	for (int i = 0; i < g->n_inputs; i++) {
		struct value like = *g->inputs[i];
		like.dim[2] = i < g->n_inputs / 2 ? 2 : a->channels;
		inputs[i] = fill_input(c, &like, pair + (apart ? i % 2 : 0), apart);
		bind_input(c, g->inputs[i], 3, inputs[i]->dim);
	}
	specialize_model(c);
	return inputs;
}
