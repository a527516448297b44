/* Gather, GatherElements and GatherND. */
#include "op.h"
#include <string.h>

void check_index(struct ctx *c, const struct node *n, int64_t i, int axis)
{
	int64_t at = constant_int(n->in[1], i), size = n->in[0]->dim[axis];

	if (at < -size || at >= size)
		fail_node(c, n, "index %lld is outside axis %d of %s", (long long)at, axis, shape_text(c, n->in[0]));
}

static void check_indices(struct ctx *c, const struct node *n, int axis)
{
	const struct value *x = n->in[0], *index = n->in[1];

	if (x->dim[axis] == 0 && value_elements(index))
		fail_node(c, n, "axis %d of %s has no elements to gather", axis, shape_text(c, x));
	for (int64_t i = 0; index->data && i < value_elements(index); i++)
		check_index(c, n, i, axis);
}

void gather_infer(struct ctx *c, struct node *n)
{
	int64_t dim[2 * MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "i64 i32");
	const struct value *x = n->in[0], *index = n->in[1];
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 0), x->rank);
	check_indices(c, n, axis);
	memcpy(dim, x->dim, (size_t)axis * sizeof *dim);
	memcpy(dim + axis, index->dim, (size_t)index->rank * sizeof *dim);
	memcpy(dim + axis + index->rank, x->dim + axis + 1, (size_t)(x->rank - axis - 1) * sizeof *dim);
	set_output(c, n, 0, x->type, x->rank - 1 + index->rank, dim);
}

/* Indices first, first + step, first + 2 step, ...: the result is a view of the input. */
static bool is_progression(const struct value *index, int64_t dim, int64_t *first, int64_t *step)
{
	int64_t count = value_elements(index);

	if (!index->data || count == 0)
		return false;
	for (int64_t i = 0; i < count; i++) {
		int64_t k = constant_int(index, i);
		k += k < 0 ? dim : 0;
		if (i == 0)
			*first = k;
		else if (i == 1)
			*step = k - *first;
		if (k != *first + i * *step)
			return false;
	}
	return true;
}

static void gather_view(struct lower *l, struct node *n, int axis, int64_t first, int64_t step)
{
	const struct view *x = view_of(l, n->in[0]);
	const struct value *index = n->in[1];
	struct view y = *x;
	int64_t stride = x->stride[axis] * step;

	y.offset += first * x->stride[axis];
	y.rank = n->out[0]->rank;
	memcpy(y.dim, n->out[0]->dim, sizeof y.dim);
	for (int i = index->rank; i-- > 0;) {
		y.stride[axis + i] = stride;
		stride *= index->dim[i];
	}
	for (int i = axis + 1; i < x->rank; i++)
		y.stride[i - 1 + index->rank] = x->stride[i];
	output_view(l, n, 0, &y);
}

struct view *index_view(struct lower *l, struct value *v)
{
	struct view *view = view_cast(l, view_of(l, v), v->type == RT_I32 ? RT_I32 : RT_I64, v->name);

	return view_is_dense(view) ? view : view_densify(l, view, v->name);
}

/* y[..., i, ...] = x[..., index[i], ...] along axis; all of them dense. */
static void gather_call(struct lower *l, const struct node *n, const struct view *y, const struct view *x, int axis,
	int64_t count, const struct view *index)
{
	struct rt_gather p = {
		.outer = small(product(x->dim, axis)),
		.axis = small(x->dim[axis]),
		.inner = small(product(x->dim + axis + 1, x->rank - axis - 1)),
		.count = small(count),
		.size = (int32_t)rt_type_size(x->type),
		.index_type = index->type,
	};
	struct call *call = call_new(l, n, KERNEL_gather, &p);

	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, argument_of(index));
}

void gather_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *index = n->in[1];
	int axis = need_axis(l->c, n, attribute_int(l->c, n, "axis", 0), x->rank);
	int64_t first = 0, step = 0;

	if (nothing_to_compute(l, n))
		return;
	if (is_progression(index, x->dim[axis], &first, &step)) {
		gather_view(l, n, axis, first, step);
		return;
	}
	const struct view *from = view_dense(l, x), *at = index_view(l, index);
	struct view *y = output_new(l, n, 0, from->type, NULL);
	gather_call(l, n, y, from, axis, value_elements(index), at);
	output_done(l, n, 0, y);
}

struct view *gather_along(
	struct lower *l, const struct node *n, const struct view *x, int axis, int64_t count, const int32_t *index)
{
	const struct view *from = view_is_dense(x) ? x : view_densify(l, x, n->name);
	struct value *indices = value_constant(l->c, arena_text(l->c, "%s.index", n->name), RT_I32, 1, &count, index);
	struct value *to = temporary(l, n, x->type, x->rank, x->dim);

	value_set_shape(l->c, n, to, x->type, x->rank, to->dim);
	to->dim[axis] = count;
	value_set_shape(l->c, n, to, x->type, x->rank, to->dim);
	struct view *y = view_new(l, to);
	if (value_elements(to))
		gather_call(l, n, y, from, axis, count, view_of(l, indices));
	return y;
}

void gather_elements_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "i64 i32");
	const struct value *x = n->in[0], *index = n->in[1];
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 0), x->rank);
	bool fits = x->rank == index->rank;
	for (int i = 0; fits && i < x->rank; i++)
		fits = i == axis || index->dim[i] <= x->dim[i];
	if (!fits)
		fail_node(c, n, "indices %s do not fit into %s along axis %d", shape_text(c, index), shape_text(c, x), axis);
	check_indices(c, n, axis);
	set_output(c, n, 0, x->type, index->rank, index->dim);
}

void gather_elements_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *index = n->in[1];

	if (nothing_to_compute(l, n))
		return;
	const struct view *from = view_of(l, x), *at = index_view(l, index);
	struct rt_gather_elements p = {
		.rank = x->rank,
		.axis = need_axis(l->c, n, attribute_int(l->c, n, "axis", 0), x->rank),
		.size = (int32_t)rt_type_size(from->type),
		.index_type = at->type,
	};
	for (int i = 0; i < x->rank; i++) {
		p.dim[i] = small(index->dim[i]);
		p.x[i] = small(from->stride[i]);
	}
	p.axis_dim = small(x->dim[p.axis]);
	struct view *y = output_new(l, n, 0, from->type, NULL);
	struct call *call = call_new(l, n, KERNEL_gather_elements, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(from));
	call_argument(call, 2, argument_of(at));
	output_done(l, n, 0, y);
}

static int64_t read_batch(struct ctx *c, const struct node *n)
{
	return attribute_int(c, n, "batch_dims", 0);
}

void gather_nd_infer(struct ctx *c, struct node *n)
{
	int64_t dim[2 * MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "i64 i32");
	const struct value *x = n->in[0], *index = n->in[1];
	int64_t batch = read_batch(c, n), tuple = index->rank ? index->dim[index->rank - 1] : 0;
	int least = x->rank < index->rank ? x->rank : index->rank;
	need_range(c, n, "batch_dims", batch, 0, least > 0 ? least - 1 : 0);
	bool fits = least > 0 && tuple <= x->rank - batch && !memcmp(x->dim, index->dim, (size_t)batch * sizeof *dim);
	if (!fits)
		fail_node(c, n, "indices %s do not fit %s with %lld batch dimensions", shape_text(c, index), shape_text(c, x),
			(long long)batch);
	for (int i = 0; i < tuple; i++)
		if (x->dim[batch + i] == 0 && value_elements(index))
			fail_node(c, n, "axis %d of %s has no elements to gather", (int)batch + i, shape_text(c, x));
	for (int64_t i = 0; index->data && i < value_elements(index); i++)
		check_index(c, n, i, (int)(batch + i % tuple));
	memcpy(dim, index->dim, (size_t)(index->rank - 1) * sizeof *dim);
	int rest = x->rank - (int)(batch + tuple);
	memcpy(dim + index->rank - 1, x->dim + batch + tuple, (size_t)rest * sizeof *dim);
	set_output(c, n, 0, x->type, index->rank - 1 + rest, dim);
}

void gather_nd_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *index = n->in[1];
	int batch = (int)read_batch(l->c, n), tuple = (int)index->dim[index->rank - 1];

	if (nothing_to_compute(l, n))
		return;
	const struct view *from = view_dense(l, x), *at = index_view(l, index);
	struct rt_gather_nd p = {
		.batch = small(product(x->dim, batch)),
		.count = small(product(index->dim + batch, index->rank - 1 - batch)),
		.inner = small(product(x->dim + batch + tuple, x->rank - batch - tuple)),
		.depth = tuple,
		.size = (int32_t)rt_type_size(from->type),
		.index_type = at->type,
	};
	for (int i = 0; i < tuple; i++)
		p.dim[i] = small(x->dim[batch + i]);
	struct view *y = output_new(l, n, 0, from->type, NULL);
	struct call *call = call_new(l, n, KERNEL_gather_nd, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(from));
	call_argument(call, 2, argument_of(at));
	output_done(l, n, 0, y);
}
