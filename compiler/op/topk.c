/* TopK: K and its input form changed in versions 10 and 11 of the operator set. */
#include "op.h"
#include <string.h>

static int64_t read_k(struct ctx *c, const struct node *n)
{
	int64_t k = attribute_int(c, n, "k", -1);

	if (n->version >= 10 && need_ints(c, n, 1, "K", &k, 1) != 1)
		fail_node(c, n, "its K is %s; it must be one number", shape_text(c, n->in[1]));
	return k;
}

void topk_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, n->version >= 10 ? 2 : 1, n->version >= 10 ? 2 : 1);
	need_outputs(c, n, 0, 2);
	need_type(c, n, 0, "number");
	const struct value *x = n->in[0];
	int axis = need_axis(c, n, attribute_int(c, n, "axis", -1), x->rank);
	int64_t k = read_k(c, n);
	if (k < 0 || k > x->dim[axis])
		fail_node(c, n, "K is %lld, but axis %d of %s has only %lld elements; set --topk or bind larger dimensions",
			(long long)k, axis, shape_text(c, x), (long long)x->dim[axis]);
	memcpy(dim, x->dim, sizeof dim);
	dim[axis] = k;
	set_output(c, n, 0, x->type, x->rank, dim);
	set_output(c, n, 1, RT_I64, x->rank, dim);
}

void topk_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *values = n->out[0], *index = n->n_out > 1 ? n->out[1] : NULL;
	const struct value *like = values ? values : index;
	int perm[MAX_RANK], axis = need_axis(l->c, n, attribute_int(l->c, n, "axis", -1), x->rank);
	struct view *y = NULL;

	if (nothing_to_compute(l, n))
		return;
	struct view *from = view_cast(l, view_of(l, x), values ? values->type : x->type, x->name);
	from = dense_rows(l, from, axis, x->name, perm);
	struct rt_top_k p = {
		.rows = small(value_elements(x) / x->dim[axis]),
		.n = small(x->dim[axis]),
		.k = small(like->dim[axis]),
		.smallest = attribute_int(l->c, n, "largest", 1) == 0,
		.sorted = attribute_int(l->c, n, "sorted", 1) != 0,
		.x_type = from->type,
		.index_type = index && index->type == RT_I32 ? RT_I32 : RT_I64,
	};
	if (values)
		y = view_new_permuted(l, values, perm);
	/* Positions that nobody reads still need room. */
	struct value *unread = temporary(l, n, RT_I64, x->rank, like->dim);
	struct view *at = index ? output_new(l, n, 1, p.index_type, perm) : view_new(l, unread);
	struct argument space = scratch(l, n->name, rt_top_k_scratch(&p));
	struct call *call = call_new(l, n, KERNEL_top_k, &p);
	if (y)
		call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(at));
	call_argument(call, 2, argument_of(from));
	call_argument(call, 3, space);
	if (index)
		output_done(l, n, 1, at);
}
