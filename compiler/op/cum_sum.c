/* CumSum: running sums along a constant axis. */
#include "op.h"

static int sum_axis(struct ctx *c, const struct node *n)
{
	int64_t axis = 0;

	if (need_ints(c, n, 1, "axis", &axis, 1) != 1)
		fail_node(c, n, "its axis is %s; it must be one number", shape_text(c, n->in[1]));
	return need_axis(c, n, axis, n->in[0]->rank);
}

void cum_sum_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	sum_axis(c, n);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

void cum_sum_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];
	int axis = sum_axis(l->c, n);
	enum rt_type type = n->out[0]->type;

	if (nothing_to_compute(l, n))
		return;
	const struct view *from = view_densify(l, view_cast(l, view_of(l, n->in[0]), type, x->name), x->name);
	struct rt_cum_sum p = {
		.outer = small(product(x->dim, axis)),
		.n = small(x->dim[axis]),
		.inner = small(product(x->dim + axis + 1, x->rank - axis - 1)),
		.exclusive = attribute_int(l->c, n, "exclusive", 0) != 0,
		.reverse = attribute_int(l->c, n, "reverse", 0) != 0,
		.type = type,
	};
	struct view *y = view_new(l, n->out[0]);
	struct call *call = call_new(l, n, KERNEL_cum_sum, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(from));
	call->in_place = 2;
}
