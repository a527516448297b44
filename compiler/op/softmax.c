/* Softmax and LogSoftmax. Before version 13 of the operator set they saw their input as a matrix: all dimensions from
 * axis on were one. */
#include "op.h"
#include <string.h>

static int softmax_axis(struct ctx *c, const struct node *n)
{
	int rank = n->in[0]->rank;
	int64_t axis = attribute_int(c, n, "axis", n->version < 13 ? 1 : -1);

	return n->version < 13 && axis == rank ? rank : need_axis(c, n, axis, rank);
}

void softmax_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	softmax_axis(c, n);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

/* The kernel takes any dense order of dimensions, as long as the axis is one of them. */
void softmax_lower(struct lower *l, struct node *n)
{
	int perm[MAX_RANK], axis = softmax_axis(l->c, n), rank = n->in[0]->rank, at = 0;
	const struct view *x = is_byte_type(n->in[0]->type) ? view_of(l, n->in[0]) : float_view(l, n->in[0]);
	struct rt_softmax p = { .log = !strcmp(n->type, "LogSoftmax"),
		.x_type = x->type,
		.x_scale = (float)attribute_float(l->c, n, "x_scale", 0),
		.x_zero = small(attribute_int(l->c, n, "x_zero", 0)),
		.y_type = stored_type(n->out[0]->type),
		.y_scale = y_scale(l->c, n),
		.y_zero = y_zero(l->c, n) };

	if (nothing_to_compute(l, n))
		return;
	if (n->version < 13) {
		for (int i = 0; i < rank; i++)
			perm[i] = i;
		x = view_is_dense(x) ? x : view_densify(l, x, n->in[0]->name);
		p.outer = small(product(x->dim, axis));
		p.n = small(product(x->dim + axis, rank - axis));
		p.stride = 1;
	} else {
		x = dense_as_stored(l, x, n->in[0]->name, perm);
		while (perm[at] != axis)
			at++;
		p.outer = small(product(x->dim, at));
		p.n = small(x->dim[at]);
		p.stride = small(product(x->dim + at + 1, rank - at - 1));
	}
	struct view *y = output_new(l, n, 0, p.y_type, perm);
	struct call *call = call_new(l, n, KERNEL_softmax, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	if (rt_type_size(p.x_type) == rt_type_size(p.y_type))
		call->in_place = 2;
	output_done(l, n, 0, y);
}
