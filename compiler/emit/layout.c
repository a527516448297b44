/* Views: where a value's elements lie in a buffer. */
#include "lower.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Fills in the strides of a dense tensor whose dimensions are stored in the order perm, outermost first. */
static void dense_strides(struct view *view, const int *perm)
{
	int64_t stride = 1;

	for (int i = view->rank; i-- > 0;) {
		int axis = perm ? perm[i] : i;
		view->stride[axis] = stride;
		stride *= view->dim[axis];
	}
}

static struct view *view_make(struct lower *l, struct buffer *b, enum rt_type type, int rank, const int64_t *dim)
{
	struct view *view = NEW(l->c, struct view, 1);

	view->buffer = b;
	view->type = type;
	view->rank = rank;
	memcpy(view->dim, dim, (size_t)rank * sizeof *dim);
	dense_strides(view, NULL);
	return view;
}

static int64_t elements(const struct view *view)
{
	int64_t n = 1;

	for (int i = 0; i < view->rank; i++)
		n *= view->dim[i];
	return n;
}

/* "f32 [60][80][256]", in the order in which the elements are stored. */
static const char *stored_shape(struct ctx *c, enum rt_type type, const struct view *view, const int *perm)
{
	char *s = arena_get(c, 1, 32 * (MAX_RANK + 1)), *p = s;

	if (type)
		p += sprintf(p, "%s ", type_name(type));
	for (int i = 0; i < view->rank; i++) {
		int64_t dim = view->dim[perm ? perm[i] : i];
		if (dim != 1 || view->rank == 1)
			p += sprintf(p, "[%lld]", (long long)dim);
	}
	if (view->rank == 0 || p[-1] == ' ')
		strcpy(p, "[1]");
	return s;
}

/* The name of a value in generated code: the ONNX node's, or the value's own where a node has several outputs. */
static const char *storage_name(const struct value *v)
{
	return v->def && v->def->n_out == 1 ? v->def->name : v->name;
}

struct view *view_of(struct lower *l, struct value *v)
{
	if (v->view)
		return v->view;
	assert(v->data);
	struct view *view = view_make(l, NULL, v->type, v->rank, v->dim);
	view->buffer = weight_new(l, v->name, v->type, stored_shape(l->c, RT_NOTYPE, view, NULL), v->data, value_bytes(v));
	v->view = view;
	return view;
}

struct view *view_new_permuted(struct lower *l, struct value *v, const int *perm)
{
	size_t bytes = value_bytes(v);

	v->view = view_make(l, NULL, v->type, v->rank, v->dim);
	dense_strides(v->view, perm);
	v->view->buffer = buffer_new(l, BUFFER_ARENA, storage_name(v), bytes);
	v->view->buffer->comment = stored_shape(l->c, v->type, v->view, perm);
	return v->view;
}

struct view *view_new(struct lower *l, struct value *v)
{
	return view_new_permuted(l, v, NULL);
}

void view_set(struct lower *l, struct value *v, const struct view *view)
{
	assert(view->rank == v->rank);
	v->view = NEW(l->c, struct view, 1);
	*v->view = *view;
	memcpy(v->view->dim, v->dim, sizeof v->dim);
}

struct view view_permute(const struct view *view, const int *perm)
{
	struct view to = *view;

	for (int i = 0; i < view->rank; i++) {
		to.dim[i] = view->dim[perm[i]];
		to.stride[i] = view->stride[perm[i]];
	}
	return to;
}

bool view_is_dense(const struct view *view)
{
	int64_t stride = 1;

	for (int i = view->rank; i-- > 0;) {
		if (view->dim[i] != 1 && view->stride[i] != stride)
			return false;
		stride *= view->dim[i];
	}
	return true;
}

void view_broadcast(const struct view *view, int rank, const int64_t *dim, int64_t *stride)
{
	for (int i = 0; i < rank; i++) {
		int own = i - (rank - view->rank);
		stride[i] = own < 0 || (view->dim[own] == 1 && dim[i] != 1) ? 0 : view->stride[own];
	}
}

int coalesce(int rank, int64_t *dim, int n, int64_t (*stride)[MAX_RANK])
{
	int to = 0;

	for (int i = 0; i < rank; i++) {
		bool merge = to > 0;
		if (dim[i] == 1)
			continue;
		for (int k = 0; k < n; k++)
			merge = merge && stride[k][to - 1] == stride[k][i] * dim[i];
		to += !merge;
		dim[to - 1] = merge ? dim[to - 1] * dim[i] : dim[i];
		for (int k = 0; k < n; k++)
			stride[k][to - 1] = stride[k][i];
	}
	if (to == 0) {
		dim[0] = 1;
		for (int k = 0; k < n; k++)
			stride[k][0] = 0;
		to = 1;
	}
	return to;
}

/* Walks both shapes from the outermost dimension on: each run of new dimensions must lie inside a run of old ones that
 * follow each other in memory. */
bool view_reshape(const struct view *view, int rank, const int64_t *dim, struct view *to)
{
	int64_t old[MAX_RANK], stride[1][MAX_RANK];
	int n, i = 0;

	*to = *view;
	to->rank = rank;
	memcpy(to->dim, dim, (size_t)rank * sizeof *dim);
	if (elements(view) == 0) {
		dense_strides(to, NULL);
		return true;
	}
	memcpy(old, view->dim, sizeof old);
	memcpy(stride[0], view->stride, sizeof stride[0]);
	n = coalesce(view->rank, old, 1, stride);
	int64_t left = old[0], step = stride[0][0] * old[0];
	for (int j = 0; j < rank; j++) {
		if (dim[j] == 1) {
			to->stride[j] = 0;
			continue;
		}
		if (left == 1) {
			if (++i >= n)
				return false;
			left = old[i];
			step = stride[0][i] * old[i];
		}
		if (left % dim[j])
			return false;
		left /= dim[j];
		step /= dim[j];
		to->stride[j] = step;
	}
	return true;
}

void view_order(const struct view *view, int *perm)
{
	int order[MAX_RANK], n = 0;

	for (int i = 0; i < view->rank; i++) {
		int j = n;
		if (view->dim[i] == 1)
			continue;
		for (; j > 0 && llabs(view->stride[order[j - 1]]) < llabs(view->stride[i]); j--)
			order[j] = order[j - 1];
		order[j] = i;
		n++;
	}
	/* Dimensions of one element have strides that mean nothing; they stay where they are. */
	n = 0;
	for (int i = 0; i < view->rank; i++)
		perm[i] = view->dim[i] == 1 ? i : order[n++];
}

struct argument argument_of(const struct view *view)
{
	return (struct argument){ view->buffer, view->offset * (int64_t)rt_type_size(view->type) };
}

/* A call that copies x to y, which have the same dimensions, element by element. */
static void copy_call(struct lower *l, const struct view *y, const struct view *x)
{
	int64_t dim[MAX_RANK], stride[2][MAX_RANK];
	struct rt_copy_nd p = { .size = (int32_t)rt_type_size(y->type) };

	if (elements(y) == 0)
		return;
	memcpy(dim, y->dim, sizeof dim);
	memcpy(stride[0], y->stride, sizeof stride[0]);
	memcpy(stride[1], x->stride, sizeof stride[1]);
	p.rank = coalesce(y->rank, dim, 2, stride);
	for (int i = 0; i < p.rank; i++) {
		p.dim[i] = (int32_t)dim[i];
		p.y[i] = (int32_t)stride[0][i];
		p.x[i] = (int32_t)stride[1][i];
	}
	struct call *call = call_new(l, NULL, KERNEL_copy_nd, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call->name = y->buffer->name;
	call->shapes = stored_shape(l->c, y->type, y, NULL);
}

void view_copy(struct lower *l, const struct view *y, const struct view *x)
{
	if (y->type == x->type)
		copy_call(l, y, x);
	else
		map_copy(l, NULL, y, x);
}

struct view *view_densify(struct lower *l, const struct view *view, const char *name)
{
	struct view *to = NEW(l->c, struct view, 1);

	if (view_is_dense(view)) {
		*to = *view;
		dense_strides(to, NULL);
		return to;
	}
	to = view_make(l, NULL, view->type, view->rank, view->dim);
	to->buffer = buffer_new(
		l, BUFFER_ARENA, arena_text(l->c, "%s.dense", name), (size_t)elements(view) * rt_type_size(view->type));
	to->buffer->comment = stored_shape(l->c, view->type, to, NULL);
	copy_call(l, to, view);
	return to;
}

struct view view_reshaped(struct lower *l, const struct view *view, int rank, const int64_t *dim, const char *name)
{
	struct view to;

	if (!view_reshape(view, rank, dim, &to))
		view_reshape(view_densify(l, view, name), rank, dim, &to);
	return to;
}

struct view *view_dense(struct lower *l, struct value *v)
{
	struct view *view = view_of(l, v);

	return view_is_dense(view) ? view : view_densify(l, view, storage_name(v));
}

struct view *view_cast(struct lower *l, struct view *view, enum rt_type type, const char *name)
{
	int perm[MAX_RANK];

	type = held_type(l->c, type);
	if (view->type == type)
		return view;
	view_order(view, perm);
	struct view *to = view_make(l, NULL, type, view->rank, view->dim);
	dense_strides(to, perm);
	to->buffer = buffer_new(
		l, BUFFER_ARENA, arena_text(l->c, "%s.%s", name, type_name(type)), (size_t)elements(view) * rt_type_size(type));
	to->buffer->comment = stored_shape(l->c, type, to, perm);
	map_copy(l, NULL, to, view);
	return to;
}
