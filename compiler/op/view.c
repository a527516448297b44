/* gluec.View: the elements of x, row by row, at offset + the sum of index * stride, under dimensions of its own.
 * Attributes: shape and strides (one list each), offset. A stride of 0 repeats an element. */
#include "op.h"
#include <stdlib.h>

static int read_view(struct ctx *c, const struct node *n, int64_t *dim, int64_t *stride, int64_t *offset)
{
	int rank = attribute_ints(c, n, "shape", dim, MAX_RANK);

	if (rank < 0 || rank > MAX_RANK || attribute_ints(c, n, "strides", stride, MAX_RANK) != rank)
		fail_node(c, n, "its shape and strides must be lists of one length");
	*offset = attribute_int(c, n, "offset", 0);
	return rank;
}

void view_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK], stride[MAX_RANK], low, high;

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	int rank = read_view(c, n, dim, stride, &low);
	const int64_t elements = value_elements(n->in[0]);
	high = low;
	for (int i = 0; i < rank && low >= 0 && high < elements; i++) {
		if (dim[i] < 1 || dim[i] > MAX_ELEMENTS || stride[i] < -MAX_ELEMENTS || stride[i] > MAX_ELEMENTS)
			fail_node(
				c, n, "dimension %d has %lld elements at distance %lld", i, (long long)dim[i], (long long)stride[i]);
		*(stride[i] < 0 ? &low : &high) += (dim[i] - 1) * stride[i];
	}
	if (low < 0 || high >= elements)
		fail_node(
			c, n, "elements %lld to %lld are not inside %s", (long long)low, (long long)high, shape_text(c, n->in[0]));
	set_output(c, n, 0, n->in[0]->type, rank, dim);
}

/* A walk over the elements of a tensor, dimension by dimension of the tensor. */
struct steps {
	const struct view *x;
	int64_t row[MAX_RANK];                 /* distance of neighbours along each dimension, in elements as ONNX counts */
	int64_t low[MAX_RANK], high[MAX_RANK]; /* where along each dimension the walk comes */
};

/* The dimension along which a step of `stride` elements goes: the outermost whose rows are no longer than that. */
static int step_axis(const struct steps *s, int64_t stride)
{
	for (int i = 0; i < s->x->rank; i++)
		if (s->x->dim[i] > 1 && s->row[i] <= llabs(stride))
			return i;
	return -1;
}

/* n steps of `stride` elements become n steps of *to in memory. Steps that run over the end of a dimension go on along
 * the one outside it, which must lie in memory so that the distance stays the same. */
static bool follow(struct steps *s, int64_t n, int64_t stride, int64_t *to)
{
	int axis = step_axis(s, stride);

	if (axis < 0 || stride % s->row[axis])
		return false;
	int64_t by = stride / s->row[axis], dim = s->x->dim[axis], whole = dim / llabs(by);
	*to = by * s->x->stride[axis];
	if (llabs(by) * (n - 1) < dim) {
		*(by < 0 ? &s->low[axis] : &s->high[axis]) += by * (n - 1);
		return true;
	}
	int64_t outer;
	if (dim % by || n % whole || !follow(s, n / whole, stride * whole, &outer))
		return false;
	*(by < 0 ? &s->low[axis] : &s->high[axis]) += by * (whole - 1);
	return outer == *to * whole;
}

/* x, wherever its elements lie, under the view's dimensions and strides. */
static bool view_over(const struct view *x, struct view *to, int64_t offset)
{
	struct steps s = { .x = x };
	int64_t row = 1;

	to->buffer = x->buffer;
	to->type = x->type;
	to->offset = x->offset;
	for (int i = x->rank; i-- > 0; row *= x->dim[i]) {
		s.row[i] = row;
		s.low[i] = s.high[i] = offset / row % x->dim[i];
		to->offset += s.low[i] * x->stride[i];
	}
	for (int i = 0; i < to->rank; i++) {
		int64_t stride = to->stride[i];
		to->stride[i] = 0;
		if (to->dim[i] > 1 && stride != 0 && !follow(&s, to->dim[i], stride, &to->stride[i]))
			return false;
	}
	for (int i = 0; i < x->rank; i++)
		if (s.low[i] < 0 || s.high[i] >= x->dim[i])
			return false;
	return true;
}

void view_lower(struct lower *l, struct node *n)
{
	const struct view *x = view_of(l, n->in[0]);
	struct view to = { 0 }, plain;
	int64_t offset;

	to.rank = read_view(l->c, n, to.dim, to.stride, &offset);
	plain = to;
	if (view_is_dense(x) || !view_over(x, &to, offset)) {
		x = view_densify(l, x, n->in[0]->name);
		to = plain;
		to.buffer = x->buffer;
		to.type = x->type;
		to.offset = x->offset + offset;
	}
	output_view(l, n, 0, &to);
}
