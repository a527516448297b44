/* Pictures as inputs of models. */
#include "pictures.h"
#include "base/folder.h"
#include "image.h"
#include <string.h>

static bool is_png(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && *name != '.' && !strcmp(name + n - 4, ".png");
}

int find_pictures(struct ctx *c, const char *folder, int least, const char *const **paths)
{
	int n = list_folder(c, folder, is_png, paths);

	if (n < least)
		fail(c, IO_FAILED, "%.300s: holds %d PNG files (NAME.png), but %d are needed at least", folder, n, least);
	return n;
}

static struct picture read_picture(struct ctx *c, const char *path)
{
	struct picture picture;
	struct problem problem;

	if (!picture_read(path, &picture, &problem))
		fail(c, IO_FAILED, "%.400s", problem.text);
	return picture;
}

/* The model's input for pictures, which the extractor of a matcher must have, too. */
static struct value *picture_input(struct ctx *c, bool is_extractor)
{
	struct graph *g = c->graph;
	struct value *v = g->n_inputs == 1 ? g->inputs[0] : NULL;

	bool takes_pictures = v && v->type == RT_F32 && v->rank == 4 && (v->dim[1] == 1 || v->dim[1] == 3);

	if (!takes_pictures && is_extractor)
		fail_model(c, "--extractor: it is none, which would have one input for pictures, f32[n,1,H,W] or f32[n,3,H,W]");
	if (!takes_pictures)
		fail_model(c,
			"--images needs a model of one input for pictures, f32[n,1,H,W] or f32[n,3,H,W], or, for a matcher,"
			" --extractor MODEL; give --data DIR otherwise");
	return v;
}

/* The size that the user bound a symbol to, 0 when none. */
static int64_t bound_size(const struct ctx *c, const struct value *v, int d)
{
	for (int i = 0; i < c->set.n_bindings; i++) {
		const struct binding *b = &c->set.bindings[i];
		if (b->rank == 4 && !strcmp(b->name, v->name))
			return b->dim[d];
		if (!b->rank && v->symbol[d] && !strcmp(b->name, v->symbol[d]))
			return b->dim[0];
	}
	return 0;
}

/* Dimension d of the input: the file's, else the user's, else `own`. */
static int64_t size_of(const struct ctx *c, const struct value *v, int d, int64_t own)
{
	int64_t bound = v->dim[d] < 0 ? bound_size(c, v, d) : v->dim[d];

	return bound ? bound : own;
}

int pictures_at_once(struct ctx *c)
{
	const struct value *v = picture_input(c, false);
	int64_t n = size_of(c, v, 0, 2);

	if (n < 1 || n > 64)
		fail_model(
			c, "its input '%.100s' takes %lld pictures at once; at most 64 are supported", v->name, (long long)n);
	return (int)n;
}

/* A picture as [channels][height][width], 0 to 1. */
static void store_picture(
	struct ctx *c, const struct picture *picture, const char *path, float *to, int channels, int width, int height)
{
	struct picture scaled;
	size_t pixels = (size_t)width * (size_t)height;
	bool done;

	if (channels == 1) {
		done = picture_grey(picture, to, width, height);
	} else {
		done = picture_scale(picture, &scaled, width, height);
		for (size_t i = 0; done && i < 3 * pixels; i++)
			to[i % 3 * pixels + i / 3] = (float)scaled.rgb[i] / 255;
		if (done)
			picture_free(&scaled);
	}
	if (!done)
		fail(c, IO_FAILED, "%.300s: out of memory", path);
}

struct value **load_pictures(struct ctx *c, const struct calibration_wish *wish, const char *const *paths, int n)
{
	enum { CELL = 8 };
	struct value *v = picture_input(c, wish->extractor != NULL), **inputs = NEW(c, struct value *, 1);
	struct picture picture = read_picture(c, paths[0]);
	int64_t own_height = picture.height / CELL * CELL, own_width = picture.width / CELL * CELL;

	picture_free(&picture);
	int64_t dim[4] = { n, v->dim[1], size_of(c, v, 2, wish->height ? wish->height : own_height),
		size_of(c, v, 3, wish->width ? wish->width : own_width) };
	if (dim[2] < 1 || dim[3] < 1 || dim[2] > PICTURE_SIDE || dim[3] > PICTURE_SIDE || dim[2] * dim[3] > PICTURE_PIXELS)
		fail(c, USAGE, "%.300s: pictures of %lld x %lld cannot be used; give --size WxH", paths[0], (long long)dim[3],
			(long long)dim[2]);
	if (wish->width && (dim[3] != wish->width || dim[2] != wish->height))
		fail(c, USAGE, "--size %dx%d: %.300s takes pictures of %lldx%lld, by its file, --dim or --input", wish->width,
			wish->height, c->set.model, (long long)dim[3], (long long)dim[2]);
	bind_input(c, v, 4, dim);
	specialize_model(c);
	size_t each = (size_t)(dim[1] * dim[2] * dim[3]);
	float *data = NEW(c, float, (size_t)n *each);
	for (int i = 0; i < n; i++) {
		picture = read_picture(c, paths[i]);
		store_picture(c, &picture, paths[i], data + (size_t)i * each, (int)dim[1], (int)dim[3], (int)dim[2]);
		picture_free(&picture);
	}
	inputs[0] = value_constant(c, v->name, RT_F32, 4, dim, data);
	return inputs;
}
