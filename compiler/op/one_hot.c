/* OneHot: a comparison of the indices with the numbers of the new axis. */
#include "op.h"
#include <string.h>

static int64_t read_depth(struct ctx *c, const struct node *n)
{
	double depth;

	if (!n->in[1]->data)
		fail_open(c, n, "depth", n->in[1]);
	if (!constant_scalar(n->in[1], &depth))
		fail_node(c, n, "its depth is %s; it must be one number", shape_text(c, n->in[1]));
	return need_range(c, n, "depth", (int64_t)(depth > -1 && depth < MAX_ELEMENTS ? depth : -1), 1, MAX_ELEMENTS);
}

static int new_axis(struct ctx *c, const struct node *n)
{
	return need_axis(c, n, attribute_int(c, n, "axis", -1), n->in[0]->rank + 1);
}

void one_hot_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK + 1];

	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	need_type(c, n, 1, "number");
	need_type(c, n, 2, "number bool");
	const struct value *index = n->in[0], *values = n->in[2];
	if (values->rank != 1 || values->dim[0] != 2)
		fail_node(c, n, "its values are %s; they must be two numbers, off and on", shape_text(c, values));
	int axis = new_axis(c, n);
	memcpy(dim, index->dim, (size_t)axis * sizeof *dim);
	dim[axis] = read_depth(c, n);
	memcpy(dim + axis + 1, index->dim + axis, (size_t)(index->rank - axis) * sizeof *dim);
	set_output(c, n, 0, values->type, index->rank + 1, dim);
}

/* Element i of the pair of values, as a scalar. */
static struct value *pick(struct lower *l, const struct node *n, int i)
{
	struct view view = *view_of(l, n->in[2]);
	struct value *to = value_new(l->c, n->in[2]->name, view.type, 0, NULL);

	view.offset += i * view.stride[0];
	view.rank = 0;
	view_set(l, to, &view);
	return to;
}

void one_hot_lower(struct lower *l, struct node *n)
{
	struct value *index = n->in[0], *y = n->out[0];
	int axis = new_axis(l->c, n), rank = y->rank;
	const int64_t depth = y->dim[axis];
	int64_t dim[MAX_RANK];
	struct view column;

	if (nothing_to_compute(l, n))
		return;
	memcpy(dim, y->dim, sizeof dim);
	dim[axis] = 1;
	const struct view *whole = view_cast(l, view_of(l, index), RT_I64, index->name);
	column = *whole;
	column.rank = rank;
	memcpy(column.dim, dim, sizeof dim);
	memmove(column.stride + axis + 1, column.stride + axis, (size_t)(index->rank - axis) * sizeof *column.stride);
	column.stride[axis] = 0;
	struct value *at = temporary(l, n, RT_I64, rank, dim);
	view_set(l, at, &column);
	int64_t *numbers = NEW(l->c, int64_t, (size_t)depth);
	for (int64_t i = 0; i < depth; i++)
		numbers[i] = i;
	struct value *count = value_constant(l->c, arena_text(l->c, "%s.numbers", n->name), RT_I64, 1, &depth, numbers);
	count = along_axis(l, n, count, rank, axis);
	/* Negative indices count from the end: index i and i - depth are the same. */
	struct node *less = part_new(l, n, "", "Less", 2, at, part_number(l, n, RT_I64, 0));
	struct value *negative = part_lower(l, less, RT_BOOL, rank, dim);
	struct node *add = part_new(l, n, "", "Add", 2, at, part_number(l, n, RT_I64, (double)depth));
	struct value *moved = part_lower(l, add, RT_I64, rank, dim);
	struct value *place = part_lower(l, part_new(l, n, "", "Where", 3, negative, moved, at), RT_I64, rank, dim);
	struct value *hit = part_lower(l, part_new(l, n, "", "Equal", 2, place, count), RT_BOOL, rank, y->dim);
	part_last(l, part_new(l, n, "", "Where", 3, hit, pick(l, n, 1), pick(l, n, 0)), y);
}
