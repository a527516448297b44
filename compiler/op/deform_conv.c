/* DeformConv-19 (Zhu et al. 2019): the taps of each window are sampled where their offsets say, and then multiplied by
 * the weights as those of any convolution are. */
#include "op.h"
#include <string.h>

enum { X, W, OFFSET, BIAS, MASK };

/* `per_tap` maps of the output's size for each tap of each offset group. */
static void check_maps(struct ctx *c, const struct node *n, int i, const struct window *w, int64_t per_tap)
{
	const struct value *v = n->in[i];
	int64_t maps = per_tap * read_positive(c, n, "offset_group") * w->kernel[1] * w->kernel[2];

	if (v->rank != 4 || v->dim[0] != n->in[X]->dim[0] || v->dim[1] != maps || v->dim[2] != w->out[1] ||
		v->dim[3] != w->out[2])
		fail_node(c, n, "input %d, %s, must be [%lld,%lld,%lld,%lld]", i, shape_text(c, v), (long long)n->in[X]->dim[0],
			(long long)maps, (long long)w->out[1], (long long)w->out[2]);
}

void deform_conv_infer(struct ctx *c, struct node *n)
{
	struct window w;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 3, 5);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	const struct value *x = n->in[X], *k = n->in[W];
	if (x->rank != 4 || k->rank != 4)
		fail_node(c, n, "input %s and weights %s; [n,c,h,w] is supported", shape_text(c, x), shape_text(c, k));
	read_window(c, n, k->dim + 2, &w);
	int64_t group = read_positive(c, n, "group"), offsets = read_positive(c, n, "offset_group");
	if (x->dim[1] == 0 || x->dim[1] % group || k->dim[0] % group || x->dim[1] % offsets ||
		x->dim[1] / group != k->dim[1])
		fail_node(c, n, "weights %s in %lld groups, with %lld offset groups, do not fit %s", shape_text(c, k),
			(long long)group, (long long)offsets, shape_text(c, x));
	need_bias(c, n, BIAS, k->dim[0]);
	check_maps(c, n, OFFSET, &w, 2);
	if (input(n, MASK))
		check_maps(c, n, MASK, &w, 1);
	window_shape(&w, 4, x->dim[0], k->dim[0], dim);
	set_output(c, n, 0, x->type, 4, dim);
}

/* Maps [n, channels, h, w] as floats, with one stride for all pixels. */
static struct argument maps(struct lower *l, struct value *v, int32_t *stride)
{
	const int64_t dim[] = { v->dim[0], v->dim[1], v->dim[2] * v->dim[3] };
	const struct view flat = view_reshaped(l, view_cast(l, view_of(l, v), RT_F32, v->name), 3, dim, v->name);

	for (int i = 0; i < 3; i++)
		stride[i] = small(flat.stride[i]);
	return argument_of(&flat);
}

/* Weights [oc, c / group, taps] as matrices [group][taps][c / group][oc / group]: at compile time, or by a copy. */
static struct view weight_matrices(struct lower *l, struct value *k, int64_t group)
{
	const int64_t filters = k->dim[0] / group, channels = k->dim[1], taps = k->dim[2] * k->dim[3];
	const int64_t matrices[] = { group, taps * channels, filters };
	const int64_t dim[] = { group, k->dim[2], k->dim[3], channels, filters };
	struct view to;

	if (is_prepared(l, k)) {
		const float *from = constant_floats(l->c, k);
		float *data = NEW(l->c, float, (size_t)value_elements(k) + 1);
		for (int64_t i = 0; i < value_elements(k); i++) {
			int64_t o = i / (channels * taps), c = i / taps % channels, t = i % taps;
			data[((o / filters * taps + t) * channels + c) * filters + o % filters] = from[i];
		}
		return *view_of(l, value_constant(l->c, k->name, RT_F32, 3, matrices, data));
	}
	const struct view *stored = view_cast(l, view_of(l, k), kernel_type(k->type), k->name);
	const int64_t *s = stored->stride, stride[] = { filters * s[0], s[2], s[3], s[1], s[0] };
	struct view five = *stored;
	five.rank = 5;
	memcpy(five.dim, dim, sizeof dim);
	memcpy(five.stride, stride, sizeof stride);
	view_reshape(view_densify(l, &five, k->name), 3, matrices, &to);
	return to;
}

/* What the taps see: [n][group][pixels][taps * c / group]. */
static struct view *sample_taps(struct lower *l, const struct node *n, const struct window *w, int64_t group)
{
	struct value *x = n->in[X];
	const int64_t taps = w->kernel[1] * w->kernel[2];
	const int64_t dim[] = { x->dim[0], group, w->out[1] * w->out[2], taps * x->dim[1] / group };
	const struct view *picture = channels_last(l, float_view(l, x), x->name);
	struct rt_deform_sample p = {
		.n = small(x->dim[0]),
		.h = small(x->dim[2]),
		.w = small(x->dim[3]),
		.c = small(x->dim[1]),
		.oh = small(w->out[1]),
		.ow = small(w->out[2]),
		.group = small(group),
		.offset_group = small(read_positive(l->c, n, "offset_group")),
		.x_type = picture->type,
		.y_type = RT_F32,
	};
	struct argument mask = { 0 };

	copy_small(p.kernel, w->kernel, 2);
	copy_small(p.stride, w->stride, 2);
	copy_small(p.dilation, w->dilation, 2);
	copy_small(p.pad, w->before, 2);
	struct argument offset = maps(l, n->in[OFFSET], p.offset);
	if (input(n, MASK))
		mask = maps(l, n->in[MASK], p.mask);
	struct value *seen = temporary(l, n, RT_F32, 4, dim);
	value_set_shape(l->c, n, seen, RT_F32, 4, dim);
	struct view *y = view_new(l, seen);
	struct call *call = call_new(l, n, KERNEL_deform_sample, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(picture));
	call_argument(call, 2, offset);
	call_argument(call, 3, mask);
	return y;
}

void deform_conv_lower(struct lower *l, struct node *n)
{
	struct value *k = n->in[W], *out = n->out[0];
	struct window w;

	if (nothing_to_compute(l, n))
		return;
	read_window(l->c, n, k->dim + 2, &w);
	const int64_t group = read_positive(l->c, n, "group"), filters = k->dim[0] / group;
	const int64_t dim[] = { out->dim[0], group, out->dim[2] * out->dim[3], filters };
	const struct view *seen = sample_taps(l, n, &w, group);
	struct view b = weight_matrices(l, k, group);
	struct value *product = temporary(l, n, RT_F32, 4, dim), *sum = temporary(l, n, RT_F32, 4, out->dim);
	const struct view *y = view_new(l, product);
	matmul_call(l, n, y, 2, dim, seen, &b, 1);
	/* [n][group][pixels][filters] as the ONNX shape: a view when there is one group, else a copy brings it in order. */
	const int64_t pixels = dim[2], all = group * pixels * filters;
	struct view five = { .buffer = y->buffer,
		.type = y->type,
		.rank = 5,
		.dim = { dim[0], dim[2] / out->dim[3], out->dim[3], group, filters },
		.stride = { all, out->dim[3] * filters, filters, pixels * filters, 1 } };
	const int64_t last[] = { dim[0], out->dim[2], out->dim[3], k->dim[0] };
	static const int order[] = { 0, 3, 1, 2 };
	struct view stored = view_reshaped(l, &five, 4, last, n->name);
	stored = view_permute(&stored, order);
	view_set(l, sum, &stored);
	if (input(n, BIAS))
		part_last(l, part_new(l, n, "", "Add", 2, sum, along_axis(l, n, n->in[BIAS], 4, 1)), out);
	else
		output_view(l, n, 0, sum->view);
}
