/* gluec.View: the elements of x, row by row, at offset + the sum of index * stride, under dimensions of its own.
 * Attributes: shape and strides (one list each), offset. A stride of 0 repeats an element. */
#include "op.h"

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

void view_lower(struct lower *l, struct node *n)
{
	struct view view = *view_dense(l, n->in[0]);
	int64_t offset;

	view.rank = read_view(l->c, n, view.dim, view.stride, &offset);
	view.offset += offset;
	output_view(l, n, 0, &view);
}
