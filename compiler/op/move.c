/* Operators whose outputs are other views of their input's memory: no element moves. */
#include "op.h"
#include <string.h>

void transpose_infer(struct ctx *c, struct node *n)
{
	int64_t perm[MAX_RANK], dim[MAX_RANK];
	bool seen[MAX_RANK] = { false };

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int count = attribute_ints(c, n, "perm", perm, MAX_RANK);
	if (count >= 0 && count != x->rank)
		fail_node(c, n, "perm has %d elements, but its input is %s", count, shape_text(c, x));
	for (int i = 0; i < x->rank; i++) {
		int axis = count < 0 ? x->rank - 1 - i : need_axis(c, n, perm[i], x->rank);
		if (seen[axis])
			fail_node(c, n, "perm contains axis %d twice", axis);
		seen[axis] = true;
		dim[i] = x->dim[axis];
	}
	set_output(c, n, 0, x->type, x->rank, dim);
}

void transpose_lower(struct lower *l, struct node *n)
{
	int64_t given[MAX_RANK];
	int perm[MAX_RANK], rank = n->in[0]->rank, count = attribute_ints(l->c, n, "perm", given, MAX_RANK);

	for (int i = 0; i < rank; i++)
		perm[i] = count < 0 ? rank - 1 - i : (int)(given[i] < 0 ? given[i] + rank : given[i]);
	struct view view = view_permute(view_of(l, n->in[0]), perm);
	output_view(l, n, 0, &view);
}

void expand_infer(struct ctx *c, struct node *n)
{
	int64_t shape[MAX_RANK], dim[MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int rank = need_ints(c, n, 1, "shape", shape, MAX_RANK);
	/* Some exporters write -1 for a dimension that stays as it is. */
	for (int i = 0; i < rank; i++)
		if (shape[i] == -1)
			shape[i] = 1;
	rank = broadcast(c, n, x->rank, x->dim, rank, shape, dim);
	set_output(c, n, 0, x->type, rank, dim);
}

void expand_lower(struct lower *l, struct node *n)
{
	const struct value *y = n->out[0];
	struct view view = *view_of(l, n->in[0]);
	int64_t stride[MAX_RANK];

	view_broadcast(&view, y->rank, y->dim, stride);
	view.rank = y->rank;
	memcpy(view.dim, y->dim, sizeof view.dim);
	memcpy(view.stride, stride, sizeof stride);
	output_view(l, n, 0, &view);
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

/* One axis of a Slice: bounds count from the end when negative, and are cut to the tensor. */
static void slice_axis(struct slice *s, int axis, int64_t dim, int64_t start, int64_t end, int64_t step)
{
	uint64_t size = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
	int64_t low = step > 0 ? 0 : -1, span;

	start = clamp(start < 0 ? start + dim : start, 0, step > 0 ? dim : dim - 1);
	end = clamp(end < 0 ? (end < -dim ? low : end + dim) : end, low, step > 0 ? dim : dim - 1);
	span = step > 0 ? end - start : start - end;
	s->start[axis] = start;
	s->step[axis] = step;
	s->count[axis] = span > 0 && dim > 0 ? (int64_t)(((uint64_t)span - 1) / size) + 1 : 0;
}

void read_slice(struct ctx *c, const struct node *n, struct slice *s)
{
	const struct value *x = n->in[0];
	bool attributes = n->version < 10;
	int64_t start[MAX_RANK], end[MAX_RANK], step[MAX_RANK];
	int axes[MAX_RANK];

	for (int i = 0; i < x->rank; i++) {
		s->start[i] = 0;
		s->step[i] = 1;
		s->count[i] = x->dim[i];
	}
	int starts =
		attributes ? attribute_ints(c, n, "starts", start, MAX_RANK) : need_ints(c, n, 1, "starts", start, MAX_RANK);
	int ends = attributes ? attribute_ints(c, n, "ends", end, MAX_RANK) : need_ints(c, n, 2, "ends", end, MAX_RANK);
	int count = read_axes(c, n, attributes ? "axes" : NULL, 3, x->rank, axes);
	int steps = !attributes && input(n, 4) ? need_ints(c, n, 4, "steps", step, MAX_RANK) : -1;
	if (starts < 0 || starts != ends || (count >= 0 && count != starts) || (steps >= 0 && steps != starts) ||
		starts > x->rank)
		fail_node(c, n, "it has %d starts, %d ends, %d axes and %d steps (-1: left out) for %s", starts, ends, count,
			steps, shape_text(c, x));
	for (int i = 0; i < starts; i++) {
		int axis = count < 0 ? i : axes[i];
		int64_t by = steps < 0 ? 1 : step[i];
		if (by == 0)
			fail_node(c, n, "the step along axis %d is 0", axis);
		slice_axis(s, axis, x->dim[axis], start[i], end[i], by);
	}
}

void slice_infer(struct ctx *c, struct node *n)
{
	struct slice s;

	need_inputs(c, n, n->version < 10 ? 1 : 3, n->version < 10 ? 1 : 5);
	need_outputs(c, n, 1, 1);
	read_slice(c, n, &s);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, s.count);
}

void slice_lower(struct lower *l, struct node *n)
{
	struct view view = *view_of(l, n->in[0]);
	struct slice s;

	read_slice(l->c, n, &s);
	for (int i = 0; i < view.rank; i++) {
		view.dim[i] = s.count[i];
		if (value_elements(n->out[0]))
			view.offset += s.start[i] * view.stride[i];
		/* A step over a single element may be too long for a stride. */
		if (s.count[i] > 1)
			view.stride[i] *= s.step[i];
	}
	output_view(l, n, 0, &view);
}

/* The lengths of the parts of a Split along its axis. */
static int read_split(struct ctx *c, const struct node *n, int64_t *part)
{
	const struct value *x = n->in[0];
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 0), x->rank);
	const int64_t dim = x->dim[axis];
	int64_t *given = NEW(c, int64_t, (size_t)n->n_out + 1);
	int count = -1;

	if (n->version < 13)
		count = attribute_ints(c, n, "split", given, n->n_out);
	else if (input(n, 1))
		count = need_ints(c, n, 1, "split", given, n->n_out);
	if (count >= 0 && count != n->n_out)
		fail_node(c, n, "it has %d outputs, but the lengths of %d", n->n_out, count);
	int64_t outputs = attribute_int(c, n, "num_outputs", n->n_out), left = dim;
	if (count < 0 && outputs != n->n_out)
		fail_node(c, n, "num_outputs is %lld, but it has %d outputs", (long long)outputs, n->n_out);
	/* Equal parts; the last one is shorter when they do not fill the axis. */
	const int64_t equal = (dim + n->n_out - 1) / n->n_out;
	for (int i = 0; i < n->n_out; i++) {
		part[i] = count < 0 ? (equal < left ? equal : left) : given[i];
		if (part[i] < 0 || part[i] > left)
			fail_node(c, n, "its parts do not fit into axis %d of %s", axis, shape_text(c, x));
		left -= part[i];
	}
	if (left)
		fail_node(c, n, "its parts leave %lld elements of axis %d of %s", (long long)left, axis, shape_text(c, x));
	return axis;
}

void split_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 2);
	if (n->n_out < 1)
		fail_node(c, n, "it has no outputs");
	int64_t *part = NEW(c, int64_t, (size_t)n->n_out);
	int axis = read_split(c, n, part);
	memcpy(dim, n->in[0]->dim, sizeof dim);
	for (int i = 0; i < n->n_out; i++) {
		dim[axis] = part[i];
		set_output(c, n, i, n->in[0]->type, n->in[0]->rank, dim);
	}
}

void split_lower(struct lower *l, struct node *n)
{
	int64_t *part = NEW(l->c, int64_t, (size_t)n->n_out);
	int axis = read_split(l->c, n, part);
	struct view view = *view_of(l, n->in[0]);

	for (int i = 0; i < n->n_out; i++) {
		view.dim[axis] = part[i];
		if (n->out[i])
			output_view(l, n, i, &view);
		if (value_elements(n->in[0]))
			view.offset += part[i] * view.stride[axis];
	}
}

/* Both pixel shuffles are a reshape that splits dimensions, a transpose, and a reshape that merges them again. */
static void shuffle(struct lower *l, struct node *n, const int64_t *six, const int *perm)
{
	const struct value *y = n->out[0];
	const struct view *x = view_of(l, n->in[0]);
	struct view split;

	/* Splitting dimensions needs no copy; a view that is dense is one of any shape. */
	view_reshape(x, 6, six, &split);
	split = view_permute(&split, perm);
	split = view_reshaped(l, &split, y->rank, y->dim, y->name);
	output_view(l, n, 0, &split);
}

static int64_t block_size(struct ctx *c, const struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	if (n->in[0]->rank != 4)
		fail_node(c, n, "its input is %s; it must be [n,c,h,w]", shape_text(c, n->in[0]));
	return need_range(c, n, "blocksize", attribute_int(c, n, "blocksize", 0), 1, 1 << 15);
}

void depth_to_space_infer(struct ctx *c, struct node *n)
{
	int64_t b = block_size(c, n);
	const struct value *x = n->in[0];

	if (x->dim[1] % (b * b))
		fail_node(c, n, "%lld channels of %s are not a multiple of blocksize %lld squared", (long long)x->dim[1],
			shape_text(c, x), (long long)b);
	const char *mode = attribute_string(c, n, "mode", "DCR");
	if (strcmp(mode, "DCR") && strcmp(mode, "CRD"))
		fail_node(c, n, "mode '%.40s' is neither DCR nor CRD", mode);
	const int64_t dim[] = { x->dim[0], x->dim[1] / (b * b), x->dim[2] * b, x->dim[3] * b };
	set_output(c, n, 0, x->type, 4, dim);
}

void depth_to_space_lower(struct lower *l, struct node *n)
{
	const int64_t *x = n->in[0]->dim, b = block_size(l->c, n), c = x[1] / (b * b);
	bool crd = !strcmp(attribute_string(l->c, n, "mode", "DCR"), "CRD");
	const int64_t dcr_dim[] = { x[0], b, b, c, x[2], x[3] }, crd_dim[] = { x[0], c, b, b, x[2], x[3] };
	static const int dcr_perm[] = { 0, 3, 4, 1, 5, 2 }, crd_perm[] = { 0, 1, 4, 2, 5, 3 };

	shuffle(l, n, crd ? crd_dim : dcr_dim, crd ? crd_perm : dcr_perm);
}

void space_to_depth_infer(struct ctx *c, struct node *n)
{
	int64_t b = block_size(c, n);
	const struct value *x = n->in[0];

	if (x->dim[2] % b || x->dim[3] % b)
		fail_node(c, n, "%s is not a multiple of blocksize %lld high and wide", shape_text(c, x), (long long)b);
	const int64_t dim[] = { x->dim[0], x->dim[1] * b * b, x->dim[2] / b, x->dim[3] / b };
	set_output(c, n, 0, x->type, 4, dim);
}

void space_to_depth_lower(struct lower *l, struct node *n)
{
	const int64_t *x = n->in[0]->dim, b = block_size(l->c, n);
	const int64_t six[] = { x[0], x[1], x[2] / b, b, x[3] / b, b };
	static const int perm[] = { 0, 3, 5, 1, 2, 4 };

	shuffle(l, n, six, perm);
}
