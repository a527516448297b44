/* ConvTranspose and Col2Im: windows laid over each other. A transposed convolution is a matrix product, which gives
 * each input pixel a window of output channels, and the sum of the windows where they overlap. */
#include "op.h"
#include <string.h>

void conv_transpose_infer(struct ctx *c, struct node *n)
{
	struct window w;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 2, 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	const struct value *x = n->in[0], *k = n->in[1];
	int64_t group = read_positive(c, n, "group"), filters = k->rank > 1 ? k->dim[1] * group : 0;
	if (k->rank != x->rank)
		fail_node(c, n, "input %s and weights %s have different ranks", shape_text(c, x), shape_text(c, k));
	read_transposed_window(c, n, k->dim + 2, &w);
	if (x->dim[1] == 0 || x->dim[1] != k->dim[0] || x->dim[1] % group)
		fail_node(c, n, "weights %s in %lld groups do not fit the %lld channels of %s", shape_text(c, k),
			(long long)group, (long long)x->dim[1], shape_text(c, x));
	need_bias(c, n, 2, filters);
	window_shape(&w, x->rank, x->dim[0], filters, dim);
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* Weights [c, oc / group, taps] as matrices [group][c / group][taps][oc / group], so that neighbours in a window are
 * channels of one pixel: at compile time, or by a copy when they are computed. */
static struct view weight_matrices(struct lower *l, const struct node *n, struct value *k, int64_t group)
{
	const int64_t filters = k->dim[1], taps = product(k->dim + 2, k->rank - 2);
	const int64_t source[] = { k->dim[0], filters, taps }, dim[] = { k->dim[0], taps, filters };
	const int64_t matrices[] = { group, k->dim[0] / group, taps * filters };
	struct view *stored = view_cast(l, view_of(l, k), kernel_type(k->type), k->name), three, to;

	if (is_prepared(l, k)) {
		const float *from = constant_floats(l->c, k);
		float *data = NEW(l->c, float, (size_t)value_elements(k) + 1);
		for (int64_t i = 0; i < value_elements(k); i++) {
			int64_t c = i / (filters * taps), o = i / taps % filters, t = i % taps;
			data[(c * taps + t) * filters + o] = from[i];
		}
		stored = view_of(l, value_constant(l->c, k->name, RT_F32, 3, dim, data));
	} else {
		static const int perm[] = { 0, 2, 1 };
		three = view_reshaped(l, stored, 3, source, n->name);
		three = view_permute(&three, perm);
		stored = view_densify(l, &three, k->name);
	}
	view_reshape(stored, 3, matrices, &to);
	return to;
}

/* The sum of windows: x has the strides { n, group, window, tap, c }. */
static void col2im_call(struct lower *l, struct node *n, const struct window *w, const struct view *x,
	const int64_t *stride, int64_t group, struct value *bias)
{
	int rank = n->out[0]->rank;
	struct rt_col2im p = {
		.n = small(n->out[0]->dim[0]),
		.group = small(group),
		.c = small(n->out[0]->dim[1] / group),
		.x_type = x->type,
		.y_type = kernel_type(n->out[0]->type),
	};
	struct argument added = { 0 };

	copy_small(p.in, w->in, 3);
	copy_small(p.out, w->out, 3);
	copy_small(p.kernel, w->kernel, 3);
	copy_small(p.stride, w->stride, 3);
	copy_small(p.dilation, w->dilation, 3);
	copy_small(p.pad, w->before, 3);
	for (int i = 0; i < 5; i++)
		p.x[i] = small(stride[i]);
	if (bias)
		added = argument_of(view_densify(l, view_cast(l, view_of(l, bias), RT_F32, bias->name), bias->name));
	struct view *y = output_new(l, n, 0, p.y_type, channels_last_order(rank));
	struct call *call = call_new(l, n, KERNEL_col2im, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, added);
	output_done(l, n, 0, y);
}

void conv_transpose_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *k = n->in[1];
	struct window w;

	if (nothing_to_compute(l, n))
		return;
	read_transposed_window(l->c, n, k->dim + 2, &w);
	const int64_t group = read_positive(l->c, n, "group"), images = x->dim[0], channels = x->dim[1] / group;
	const int64_t pixels = product(x->dim + 2, x->rank - 2), filters = k->dim[1];
	const int64_t taps = product(k->dim + 2, k->rank - 2), row = taps * filters;
	const int64_t dim[] = { images, group, pixels, row };
	const struct view *picture = channels_last(l, float_view(l, x), x->name);
	struct view a = { .buffer = picture->buffer,
		.type = picture->type,
		.offset = picture->offset,
		.rank = 4,
		.dim = { images, group, pixels, channels },
		.stride = { pixels * x->dim[1], channels, x->dim[1], 1 } };
	struct view b = weight_matrices(l, n, k, group);
	struct value *windows = temporary(l, n, RT_F32, 4, dim);
	value_set_shape(l->c, n, windows, RT_F32, 4, dim);
	const struct view *sum = view_new(l, windows);
	const int64_t stride[] = { group * pixels * row, pixels * row, row, filters, 1 };
	if (value_elements(windows))
		matmul_call(l, n, sum, 2, dim, &a, &b, 1);
	col2im_call(l, n, &w, sum, stride, group, input(n, 2));
}

/* Input 1 is the size of the picture, input 2 that of a window. */
static void read_col2im(struct ctx *c, const struct node *n, struct window *w)
{
	int64_t shape[3], block[3], list[6];
	int spatial = need_ints(c, n, 1, "image_shape", shape, 3), sizes = need_ints(c, n, 2, "block_shape", block, 3);

	if (spatial < 1 || sizes != spatial)
		fail_node(c, n, "image_shape and block_shape have %d and %d numbers", spatial, sizes);
	memset(w, 0, sizeof *w);
	for (int i = 0; i < 3; i++)
		w->in[i] = w->out[i] = w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
	for (int i = 0; i < spatial; i++) {
		w->out[3 - spatial + i] = need_range(c, n, "image_shape", shape[i], 1, INT32_MAX / 4);
		w->kernel[3 - spatial + i] = need_range(c, n, "block_shape", block[i], 1, INT32_MAX / 4);
	}
	for (int i = attribute_ints(c, n, "strides", list, 6) == spatial ? spatial : 0; i-- > 0;)
		w->stride[3 - spatial + i] = need_range(c, n, "strides", list[i], 1, INT32_MAX / 4);
	for (int i = attribute_ints(c, n, "dilations", list, 6) == spatial ? spatial : 0; i-- > 0;)
		w->dilation[3 - spatial + i] = need_range(c, n, "dilations", list[i], 1, INT32_MAX / 4);
	for (int i = attribute_ints(c, n, "pads", list, 6) == 2 * spatial ? spatial : 0; i-- > 0;) {
		w->before[3 - spatial + i] = need_range(c, n, "pads", list[i], 0, INT32_MAX / 4);
		w->after[3 - spatial + i] = need_range(c, n, "pads", list[spatial + i], 0, INT32_MAX / 4);
	}
	for (int i = 0; i < 3; i++) {
		int64_t extent = (w->kernel[i] - 1) * w->dilation[i] + 1;
		int64_t room = w->out[i] + w->before[i] + w->after[i] - extent;
		w->in[i] = need_range(c, n, "the room for windows", room, 0, INT32_MAX / 2) / w->stride[i] + 1;
	}
}

void col2im_infer(struct ctx *c, struct node *n)
{
	struct window w;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	read_col2im(c, n, &w);
	const struct value *x = n->in[0];
	int rank = 2 + (int)value_elements(n->in[1]);
	int64_t taps = product(w.kernel, 3), windows = product(w.in, 3);
	if (x->rank != 3 || x->dim[1] % taps || x->dim[2] != windows)
		fail_node(c, n, "input %s is not [n, c * %lld, %lld], %lld elements of each of %lld windows", shape_text(c, x),
			(long long)taps, (long long)windows, (long long)taps, (long long)windows);
	window_shape(&w, rank, x->dim[0], x->dim[1] / taps, dim);
	set_output(c, n, 0, x->type, rank, dim);
}

void col2im_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];
	struct window w;

	if (nothing_to_compute(l, n))
		return;
	read_col2im(l->c, n, &w);
	const struct view *windows = float_view(l, n->in[0]);
	const int64_t *s = windows->stride, taps = product(w.kernel, 3);
	const int64_t stride[] = { s[0], 0, x->dim[2] == 1 ? 0 : s[2], s[1], taps * s[1] };
	col2im_call(l, n, &w, windows, stride, 1, NULL);
}
