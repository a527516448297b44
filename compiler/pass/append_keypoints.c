/* --append keypoints: suppression, the K strongest points and their descriptors behind a graph that ends in
 * SuperPoint's dense heads (DeTone et al. 2018), as models/superpoint.onnx has them. */
#include "append.h"
#include <string.h>

enum { DEFAULT_K = 1024, DEFAULT_RADIUS = 4, ROUNDS = 2, MAX_CELL = 256 };

/* Two outputs that fit each other. */
struct heads {
	int scores, descriptors; /* which outputs of the model */
	int64_t cell;            /* pixels in a row of what one descriptor stands for */
	bool raw;                /* scores are [b,cell*cell+1,h,w]: a channel for each pixel, and one for "no point here" */
};

/* Are the scores s dense, for descriptors d [b,c,h,w]: [b,1,H,W], [b,H,W], [H,W] with whole cells, or raw? */
static bool scores_fit(const struct value *s, const struct value *d, struct heads *heads)
{
	const int64_t *last = s->dim + s->rank - 2;
	int64_t images = 1;

	if (s->rank < 2 || s->rank > 4)
		return false;
	for (int64_t cell = 2; s->rank == 4 && cell <= MAX_CELL; cell++)
		if (s->dim[0] == d->dim[0] && s->dim[1] == cell * cell + 1 && last[0] == d->dim[2] && last[1] == d->dim[3]) {
			heads->cell = cell;
			heads->raw = true;
			return true;
		}
	for (int i = 0; i < s->rank - 2; i++)
		images *= s->dim[i];
	heads->cell = last[0] / d->dim[2];
	heads->raw = false;
	return images == d->dim[0] && (s->rank < 4 || s->dim[1] == 1) && heads->cell >= 1 && heads->cell <= MAX_CELL &&
		   last[0] == heads->cell * d->dim[2] && last[1] == heads->cell * d->dim[3];
}

static struct heads find_heads(struct ctx *c, const struct append *a)
{
	const struct graph *g = c->graph;
	struct heads found = { 0 }, one;
	int count = 0;

	append_need_output(c, "keypoints", a->scores);
	append_need_output(c, "keypoints", a->descriptors);
	for (int d = 0; d < g->n_outputs; d++)
		for (int s = 0; s < g->n_outputs; s++) {
			bool features = g->outputs[d]->rank == 4 && g->outputs[d]->dim[1] > 1;
			if (s == d || !features || !append_usable(g, d, a->descriptors) || !append_usable(g, s, a->scores) ||
				!scores_fit(g->outputs[s], g->outputs[d], &one))
				continue;
			one.scores = s;
			one.descriptors = d;
			found = one;
			count++;
		}
	if (!count)
		fail_model(c,
			"--append keypoints: no outputs fit: it takes scores [b,1,s*h,s*w], [b,s*h,s*w] or [b,s*s+1,h,w] and "
			"descriptors [b,c,h,w], but its outputs are %s; end the graph at its dense heads",
			append_list_outputs(c));
	if (count > 1)
		fail_model(c,
			"--append keypoints: %d pairs of outputs fit; choose with --append keypoints:scores=NAME,descriptors=NAME "
			"from %s",
			count, append_list_outputs(c));
	return found;
}

static bool is_suppression(struct ctx *c, const struct node *n)
{
	int64_t stride[MAX_RANK];
	int count = attribute_ints(c, n, "strides", stride, MAX_RANK);

	if (!is_op(n, "MaxPool"))
		return false;
	for (int i = 0; i < count; i++)
		if (stride[i] != 1)
			return false;
	return true;
}

static bool is_softmax(struct ctx *c, const struct node *n)
{
	(void)c;
	return is_op(n, "Softmax");
}

/* Raw scores as a picture [b,1,H,W]: softmax over the channels, unless the graph did that, of which the last is dropped
 * and the others unfold. */
static struct value *unfold(struct ctx *c, struct value *raw, int64_t cell)
{
	if (!append_made_with(c, raw, is_softmax)) {
		struct node *map = append_node(c, "gluec", "HeatMap", "keypoints.heatmap", 1, 1, raw);
		set_attribute_int(c, map, "cell", cell);
		return append_infer(c, map);
	}
	struct value *start = append_ints(c, 1, (int64_t[]){ 0 }), *end = append_ints(c, 1, (int64_t[]){ cell * cell });
	struct value *axis = append_ints(c, 1, (int64_t[]){ 1 });
	struct value *points =
		append_infer(c, append_node(c, "", "Slice", "keypoints.points", 1, 4, raw, start, end, axis));
	struct node *map = append_node(c, "", "DepthToSpace", "keypoints.heatmap", 1, 1, points);
	set_attribute_int(c, map, "blocksize", cell);
	return append_infer(c, map);
}

/* Local maxima; the border becomes -1, below everything else. */
static struct value *suppress(struct ctx *c, const struct append *a, struct value *map, bool suppressed)
{
	int radius = a->radius >= 0 ? a->radius : suppressed ? 0 : DEFAULT_RADIUS;
	struct node *n = append_node(c, "gluec", "Nms", "keypoints.nms", 1, 1, map);

	set_attribute_int(c, n, "radius", radius);
	set_attribute_int(c, n, "rounds", radius ? ROUNDS : 0);
	set_attribute_int(c, n, "border", a->border);
	set_attribute_float(c, n, "fill", -1);
	return append_infer(c, n);
}

/* Scores [b,K] in falling order; *index: where they are in the picture [b,H*W]. */
static struct value *strongest(struct ctx *c, const struct append *a, struct value *map, struct value **index)
{
	int64_t height = map->dim[map->rank - 2], width = map->dim[map->rank - 1], k = c->set.top_k;
	const int64_t dim[] = { value_elements(map) / (height * width), height * width };

	k = k ? k : DEFAULT_K;
	if (k > dim[1])
		fail_model(c, "--append keypoints: it keeps %lld keypoints, but scores %s have fewer pixels; give --topk K",
			(long long)k, shape_text(c, map));
	struct value *flat = append_reshape(c, "keypoints.flat", map, 2, dim);
	struct node *top = append_node(c, "", "TopK", "keypoints.topk", 2, 2, flat, append_ints(c, 1, (int64_t[]){ k }));
	set_attribute_int(c, top, "axis", 1);
	struct value *scores = append_infer(c, top);
	*index = top->out[1];
	if (a->threshold <= 0)
		return scores;
	struct value *limit = value_float(c, "threshold", (float)a->threshold), *none = value_float(c, "none", 0);
	struct value *above = append_binary(c, "Greater", "keypoints.above", scores, limit);
	return append_infer(c, append_node(c, "", "Where", "scores", 1, 3, above, scores, none));
}

/* Columns and rows [b,K,2] of the places in a picture of this width. */
static struct value *coordinates(struct ctx *c, struct value *index, int64_t width)
{
	const int64_t dim[] = { index->dim[0], index->dim[1], 1 };
	struct value *x = append_binary(c, "Mod", "keypoints.x", index, value_int(c, "width", width));
	struct value *y = append_binary(c, "Div", "keypoints.y", index, value_int(c, "width", width));

	x = append_reshape(c, "keypoints.x", x, 3, dim);
	y = append_reshape(c, "keypoints.y", y, 3, dim);
	struct node *both = append_node(c, "", "Concat", "keypoints", 1, 2, x, y);
	set_attribute_int(c, both, "axis", 2);
	return append_infer(c, both);
}

static struct value *unit(struct ctx *c, const char *name, struct value *x)
{
	struct node *n = append_node(c, "gluec", "L2Norm", name, 1, 1, x);

	set_attribute_int(c, n, "axis", 1);
	set_attribute_float(c, n, "floor", 1e-12);
	return append_infer(c, n);
}

/* Pixels as places in the grid of cells, -1..1, as SuperPoint's authors map them: the middle of the first cell is
 * -1, and (size - cell / 2 - 1/2) from there is 1. */
static struct value *grid_places(struct ctx *c, struct value *keypoints, int64_t height, int64_t width, int64_t cell)
{
	const int64_t two = 2;
	float *span = NEW(c, float, 2), half = (float)cell / 2;

	span[0] = (float)width - half - 0.5f;
	span[1] = (float)height - half - 0.5f;
	struct value *xy = append_float(c, "descriptors.xy", keypoints);
	xy = append_binary(c, "Sub", "descriptors.shift", xy, value_float(c, "half_cell", half - 0.5f));
	xy = append_binary(c, "Div", "descriptors.unit", xy, value_constant(c, "span", RT_F32, 1, &two, span));
	xy = append_binary(c, "Mul", "descriptors.scale", xy, value_float(c, "two", 2));
	return append_binary(c, "Sub", "descriptors.grid", xy, value_float(c, "one", 1));
}

/* Descriptors [b,K,c] of unit length at the keypoints [b,K,2]. */
static struct value *sample(struct ctx *c, struct value *dense, struct value *grid)
{
	int64_t b = grid->dim[0], k = grid->dim[1], channels = dense->dim[1];

	grid = append_reshape(c, "descriptors.grid", grid, 4, (int64_t[]){ b, 1, k, 2 });
	struct node *n =
		append_node(c, "", "GridSample", "descriptors.sample", 1, 2, unit(c, "descriptors.cells", dense), grid);
	set_attribute_int(c, n, "align_corners", 1);
	struct value *rows = append_reshape(c, "descriptors.rows", append_infer(c, n), 3, (int64_t[]){ b, channels, k });
	struct node *turned = append_node(c, "", "Transpose", "descriptors", 1, 1, unit(c, "descriptors.normalised", rows));
	set_attribute_ints(c, turned, "perm", 3, (int64_t[]){ 0, 2, 1 });
	return append_infer(c, turned);
}

void append_keypoints(struct ctx *c, const struct append *a)
{
	struct heads heads = find_heads(c, a);
	struct value *s = c->graph->outputs[heads.scores], *d = c->graph->outputs[heads.descriptors], *index;
	bool suppressed = append_made_with(c, s, is_suppression);

	s = append_float(c, "keypoints.scores", s);
	d = append_float(c, "descriptors.dense", d);
	if (heads.raw)
		s = unfold(c, s, heads.cell);
	int64_t height = s->dim[s->rank - 2], width = s->dim[s->rank - 1];
	s = strongest(c, a, suppress(c, a, s, suppressed), &index);
	struct value *keypoints = coordinates(c, index, width);
	d = sample(c, d, grid_places(c, keypoints, height, width, heads.cell));
	s->name = "scores";
	append_outputs(c, 2, (int[]){ heads.scores, heads.descriptors }, 3, (struct value *[]){ keypoints, s, d });
}
