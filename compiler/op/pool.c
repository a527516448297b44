/* MaxPool and AveragePool over windows, and the pools over whole pictures. */
#include "op.h"
#include <string.h>

static bool is_max(const struct node *n)
{
	return !strcmp(n->type, "MaxPool");
}

void pool_infer(struct ctx *c, struct node *n)
{
	struct window w;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, is_max(n) ? 2 : 1);
	need_type(c, n, 0, is_max(n) ? "float u8 i8" : "float");
	const struct value *x = n->in[0];
	read_window(c, n, NULL, &w);
	window_shape(&w, x->rank, x->dim[0], x->dim[1], dim);
	set_output(c, n, 0, x->type, x->rank, dim);
	set_output(c, n, 1, RT_I64, x->rank, dim);
}

static enum rt_type pool_type(const struct value *x)
{
	return is_float_type(x->type) ? kernel_type(x->type) : x->type;
}

/* Windows over the last two of w's dimensions: x dense [n][h][w][c], y dense [n][oh][ow][c]. */
static void pool_call(struct lower *l, const struct node *n, const struct view *y, const struct view *x,
	const struct window *w, int64_t images, int64_t channels)
{
	bool with_pad = attribute_int(l->c, n, "count_include_pad", 0) != 0;
	struct rt_pool2d p = {
		.n = small(images),
		.h = small(w->in[1]),
		.w = small(w->in[2]),
		.c = small(channels),
		.oh = small(w->out[1]),
		.ow = small(w->out[2]),
		.kh = small(w->kernel[1]),
		.kw = small(w->kernel[2]),
		.stride_h = small(w->stride[1]),
		.stride_w = small(w->stride[2]),
		.pad_top = small(w->before[1]),
		.pad_left = small(w->before[2]),
		.pad_bottom = small(w->after[1]),
		.pad_right = small(w->after[2]),
		.dilation_h = small(w->dilation[1]),
		.dilation_w = small(w->dilation[2]),
		.kind = is_max(n)  ? RT_POOL_MAX
				: with_pad ? RT_POOL_MEAN_WITH_PAD
						   : RT_POOL_MEAN,
		.type = y->type,
	};
	struct call *call = call_new(l, n, KERNEL_pool2d, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
}

/* The depth of a window, as rows of a picture with one column. */
static struct window depth_only(const struct window *w)
{
	struct window to = *w;

	for (int i = 0; i < 3; i += 2) {
		to.in[i] = to.out[i] = to.kernel[i] = to.stride[i] = to.dilation[i] = 1;
		to.before[i] = to.after[i] = 0;
	}
	to.in[1] = w->in[0];
	to.out[1] = w->out[0];
	to.kernel[1] = w->kernel[0];
	to.stride[1] = w->stride[0];
	to.dilation[1] = w->dilation[0];
	to.before[1] = w->before[0];
	to.after[1] = w->after[0];
	return to;
}

/* A volume's windows are pooled slice by slice, then along the depth: a maximum of maxima, and a mean of means of
 * equally many elements. */
static void pool_volume(
	struct lower *l, struct node *n, const struct view *y, const struct view *x, const struct window *w)
{
	const int64_t *dim = n->in[0]->dim;
	const int64_t between[] = { dim[0], w->in[0], w->out[1], w->out[2], dim[1] };
	struct view *slices = view_new(l, temporary(l, n, y->type, 5, between));
	struct window depth = depth_only(w);

	pool_call(l, n, slices, x, w, dim[0] * w->in[0], dim[1]);
	pool_call(l, n, y, slices, &depth, dim[0], w->out[1] * w->out[2] * dim[1]);
}

/* With the places of the maxima: a kernel of its own, on planes. */
static void lower_indices(struct lower *l, struct node *n, const struct window *w)
{
	struct value *x = n->in[0];
	enum rt_type type = pool_type(x);
	const struct view *planes = view_densify(l, view_cast(l, view_of(l, x), type, x->name), x->name);
	struct rt_max_pool p = {
		.planes = small(x->dim[0] * x->dim[1]),
		.column_major = attribute_int(l->c, n, "storage_order", 0) != 0,
		.type = planes->type,
	};

	copy_small(p.in, w->in, 3);
	copy_small(p.out, w->out, 3);
	copy_small(p.kernel, w->kernel, 3);
	copy_small(p.stride, w->stride, 3);
	copy_small(p.dilation, w->dilation, 3);
	copy_small(p.pad, w->before, 3);
	struct view *y = output_new(l, n, 0, type, NULL), *index = output_new(l, n, 1, RT_I64, NULL);
	struct call *call = call_new(l, n, KERNEL_max_pool, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(index));
	call_argument(call, 2, argument_of(planes));
	output_done(l, n, 0, y);
	output_done(l, n, 1, index);
}

void pool_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	struct window w;

	if (nothing_to_compute(l, n))
		return;
	read_window(l->c, n, NULL, &w);
	if (n->n_out > 1 && n->out[1]) {
		lower_indices(l, n, &w);
		return;
	}
	/* Means of means are not rounded in between. */
	enum rt_type type = x->rank == 5 && !is_max(n) ? RT_F32 : pool_type(x);
	const struct view *from = channels_last(l, view_cast(l, view_of(l, x), type, x->name), x->name);
	struct view *y = output_new(l, n, 0, type, channels_last_order(x->rank));
	if (x->rank == 5)
		pool_volume(l, n, y, from, &w);
	else
		pool_call(l, n, y, from, &w, x->dim[0], x->dim[1]);
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
