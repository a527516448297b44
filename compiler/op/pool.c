/* MaxPool and AveragePool over windows, and the pools over whole pictures. */
#include "op.h"
#include <string.h>

void pool_infer(struct ctx *c, struct node *n)
{
	struct window w;

	need_inputs(c, n, 1, 1);
	if (n->n_out > 1 && n->out[1])
		fail_node(c, n, "output 'Indices' is not supported");
	need_outputs(c, n, 1, 2);
	need_type(c, n, 0, !strcmp(n->type, "MaxPool") ? "float u8 i8" : "float");
	const struct value *x = n->in[0];
	read_window(c, n, NULL, &w);
	const int64_t picture[] = { x->dim[0], x->dim[1], w.out[0], w.out[1] };
	const int64_t row[] = { x->dim[0], x->dim[1], w.out[1] };
	set_output(c, n, 0, x->type, x->rank, x->rank == 3 ? row : picture);
}

void pool_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];
	struct window w;
	bool max = !strcmp(n->type, "MaxPool");

	if (nothing_to_compute(l, n))
		return;
	read_window(l->c, n, NULL, &w);
	bool with_pad = attribute_int(l->c, n, "count_include_pad", 0) != 0;
	enum rt_type type = is_float_type(x->type) ? kernel_type(x->type) : x->type;
	struct view *from = view_cast(l, view_of(l, n->in[0]), type, x->name);
	from = channels_last(l, from, x->name);
	struct view *y = output_new(l, n, 0, type, channels_last_order(x->rank));
	struct rt_pool2d p = {
		.n = small(x->dim[0]),
		.h = small(w.in[0]),
		.w = small(w.in[1]),
		.c = small(x->dim[1]),
		.oh = small(w.out[0]),
		.ow = small(w.out[1]),
		.kh = small(w.kernel[0]),
		.kw = small(w.kernel[1]),
		.stride_h = small(w.stride[0]),
		.stride_w = small(w.stride[1]),
		.pad_top = small(w.before[0]),
		.pad_left = small(w.before[1]),
		.pad_bottom = small(w.after[0]),
		.pad_right = small(w.after[1]),
		.dilation_h = small(w.dilation[0]),
		.dilation_w = small(w.dilation[1]),
		.kind = max        ? RT_POOL_MAX
				: with_pad ? RT_POOL_MEAN_WITH_PAD
						   : RT_POOL_MEAN,
		.type = type,
	};
	struct call *call = call_new(l, n, KERNEL_pool2d, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(from));
	output_done(l, n, 0, y);
}

void global_pool_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	const struct value *x = n->in[0];
	if (x->rank < 2)
		fail_node(c, n, "its input is %s; it must be [n,c,...]", shape_text(c, x));
	for (int i = 0; i < x->rank; i++)
		dim[i] = i < 2 ? x->dim[i] : 1;
	set_output(c, n, 0, x->type, x->rank, dim);
}

void global_pool_lower(struct lower *l, struct node *n)
{
	bool over[MAX_RANK] = { false }, max = !strcmp(n->type, "GlobalMaxPool");

	for (int i = 2; i < n->in[0]->rank; i++)
		over[i] = true;
	reduce_call(l, n, n->out[0], view_of(l, n->in[0]), over, max ? RT_REDUCE_MAX : RT_REDUCE_MEAN);
}
