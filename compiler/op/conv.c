/* Conv (ONNX 1 to 22; com.microsoft FusedConv; gluec.Conv, which adds an activation, a pooling, and a convolution
 * before it of 3 x 3 taps, stride 1 and padding 1: its weights and bias are inputs 3 and 4, its activation is
 * head_act). gluec's passes may set what conv2d calls alpha and round: see precision/float8_products.c. */
#include "conv.h"
#include <string.h>

/* FusedConv names its activation in other words, with parameters of its own. */
static enum rt_act read_conv_act(struct ctx *c, const struct node *n, double *slope)
{
	bool fused = !strcmp(n->type, "FusedConv");
	enum rt_act act = read_act(c, n, fused ? "activation" : "act");
	const struct attribute *params = attribute(n, "activation_params");

	*slope = attribute_float(c, n, "slope", 0);
	if (fused && act == RT_LEAKY_RELU)
		*slope = params && params->kind == ATTRIBUTE_FLOATS && params->n ? (double)params->floats[0] : 0.01;
	return act;
}

static bool is_fused_pool(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "pool", attribute_int(c, n, "pool", 0), 0, 2) == 2;
}

void conv_infer(struct ctx *c, struct node *n)
{
	struct window w;
	int64_t dim[MAX_RANK];
	double slope;

	need_inputs(c, n, 2, is_internal(n, "Conv") ? 5 : 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	const struct value *x = n->in[0], *k = n->in[1], *head = input(n, 3);
	if (x->rank < 3 || x->rank > 5 || k->rank != x->rank)
		fail_node(c, n, "input %s and weights %s; [n,c,w], [n,c,h,w] and [n,c,d,h,w] are supported", shape_text(c, x),
			shape_text(c, k));
	read_window(c, n, k->dim + 2, &w);
	read_conv_act(c, n, &slope);
	int64_t group = read_positive(c, n, "group"), channels = head ? head->dim[0] : x->dim[1], filters = k->dim[0];
	if (channels == 0)
		fail_node(c, n, "%s has no channels", shape_text(c, x));
	if (channels % group || filters % group)
		fail_node(c, n, "group %lld does not divide %lld channels and %lld filters", (long long)group,
			(long long)channels, (long long)filters);
	if (channels / group != k->dim[1])
		fail_node(c, n, "weights %s take %lld channels, but %s in %lld groups has %lld", shape_text(c, k),
			(long long)k->dim[1], shape_text(c, x), (long long)group, (long long)(channels / group));
	need_bias(c, n, 2, filters);
	for (int i = 1; i < 3 && is_fused_pool(c, n); i++)
		w.out[i] /= 2;
	window_shape(&w, x->rank, x->dim[0], filters, dim);
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* Constant weights, packed at compile time: the rows of a panel run over [kh][kw][c / group], of RT_BF16 in whole pairs
 * for each tap. */
static struct argument pack_constant(struct lower *l, const struct value *k, const struct rt_conv2d *p)
{
	const float *from = constant_floats(l->c, k);
	int64_t channels = p->c / p->group, taps = (int64_t)p->kh * p->kw;
	int64_t stored = p->w_type == RT_BF16 ? channels + channels % 2 : channels, rows = taps * stored;
	float *to = NEW(l->c, float, (size_t)(p->oc * rows) + 1);

	for (int64_t o = 0; o < p->oc; o++)
		for (int64_t i = 0; i < channels; i++)
			for (int64_t t = 0; t < taps; t++)
				to[(o * taps + t) * stored + i] = from[(o * channels + i) * taps + t];
	int64_t filters = p->oc / p->group;
	return argument_weight(pack_panels(l, k->name, p->w_type, to, p->group, rows, filters, filters * rows, 1, rows));
}

/* Weights that are computed while the model runs are packed by two copies: full panels, and the one that is not. */
static struct argument pack_computed(
	struct lower *l, const struct node *n, struct value *weights, const struct rt_conv2d *p)
{
	const struct view *k = view_cast(l, view_of(l, weights), p->w_type, weights->name);
	int64_t filters = p->oc / p->group, channels = p->c / p->group, full = filters / RT_PANEL,
			rest = filters % RT_PANEL;
	int64_t rows = (int64_t)p->kh * p->kw * channels, panels = full + (rest != 0), row = (int64_t)p->kw * channels;
	const int64_t size = p->group * panels * rows * RT_PANEL, *s = k->stride, column = k->rank == 3 ? s[2] : s[3];
	const int64_t line = k->rank == 3 ? 0 : s[2];
	const struct view *packed = view_new(l, temporary(l, n, p->w_type, 1, &size));
	struct view y = { .buffer = packed->buffer,
		.type = p->w_type,
		.rank = 6,
		.dim = { p->group, full, p->kh, p->kw, channels, RT_PANEL },
		.stride = { panels * rows * RT_PANEL, rows * RT_PANEL, row * RT_PANEL, channels * RT_PANEL, RT_PANEL, 1 } };
	struct view x = { .buffer = k->buffer,
		.type = p->w_type,
		.offset = k->offset,
		.rank = 6,
		.stride = { filters * s[0], RT_PANEL * s[0], line, column, s[1], s[0] } };

	if (rest)
		fill_view(l, n, packed, NULL);
	memcpy(x.dim, y.dim, sizeof x.dim);
	if (full)
		view_copy(l, &y, &x);
	y.offset += full * y.stride[1];
	x.offset += full * x.stride[1];
	y.dim[1] = x.dim[1] = 1;
	y.dim[5] = x.dim[5] = rest;
	if (rest)
		view_copy(l, &y, &x);
	return argument_of(packed);
}

static struct argument pack_any_bias(struct lower *l, const struct node *n, struct value *bias, int64_t filters)
{
	const int64_t padded = (filters + RT_PANEL - 1) / RT_PANEL * RT_PANEL;

	if (is_prepared(l, bias))
		return argument_weight(pack_bias(l, bias->name, constant_floats(l->c, bias), filters));
	const struct view *x = view_cast(l, view_of(l, bias), RT_F32, bias->name);
	const struct view *y = view_new(l, temporary(l, n, RT_F32, 1, &padded));
	struct view head = *y;
	if (padded != filters)
		fill_view(l, n, y, NULL);
	head.dim[0] = filters;
	view_copy(l, &head, x);
	return argument_of(y);
}

/* The weights and the bias of a convolution, packed; p says how. */
static void pack_operands(
	struct lower *l, const struct node *n, struct value *k, struct value *bias, struct conv_operands *to)
{
	to->w = is_prepared(l, k) ? pack_constant(l, k, &to->p) : pack_computed(l, n, k, &to->p);
	to->bias = bias ? pack_any_bias(l, n, bias, to->p.oc) : (struct argument){ 0 };
}

/* The convolution of pictures [n][h][w][c], all of them dense, with weights k [oc, c / group, kh, kw]. */
static void read_conv(struct lower *l, const struct node *n, const struct view *y, const struct view *x,
	struct value *k, const struct window *w, struct conv_operands *to)
{
	double slope;
	enum rt_act act = read_conv_act(l->c, n, &slope);

	to->p = (struct rt_conv2d){
		.n = small(x->dim[0]),
		.h = small(w->in[1]),
		.w = small(w->in[2]),
		.c = small(k->dim[1] * read_positive(l->c, n, "group")),
		.oh = small(w->out[1]),
		.ow = small(w->out[2]),
		.oc = small(k->dim[0]),
		.kh = small(w->kernel[1]),
		.kw = small(w->kernel[2]),
		.stride_h = small(w->stride[1]),
		.stride_w = small(w->stride[2]),
		.pad_top = small(w->before[1]),
		.pad_left = small(w->before[2]),
		.dilation_h = small(w->dilation[1]),
		.dilation_w = small(w->dilation[2]),
		.group = small(read_positive(l->c, n, "group")),
		.pool = is_fused_pool(l->c, n) ? 2 : 0,
		.act = act,
		.slope = (float)slope,
		.alpha = (float)attribute_float(l->c, n, "alpha", 0),
		.round = (enum rt_type)attribute_int(l->c, n, "round", RT_NOTYPE),
		.x_type = x->type,
		.y_type = y->type,
		.w_type = held_type(l->c, packed_type(l->c, n, k, k->dim[1] % 2 == 0)),
	};
	pack_operands(l, n, k, input(n, 2), to);
}

/* The convolution in front of n's own. */
static void read_head(struct lower *l, const struct node *n, struct conv_operands *to)
{
	struct value *k = n->in[3];

	to->p = (struct rt_conv2d){
		.c = small(k->dim[1]),
		.oc = small(k->dim[0]),
		.kh = 3,
		.kw = 3,
		.group = 1,
		.act = read_act(l->c, n, "head_act"),
		.w_type = packed_type(l->c, n, k, false),
	};
	pack_operands(l, n, k, input(n, 4), to);
}

static void conv_call(struct lower *l, const struct node *n, const struct view *y, const struct view *x,
	struct value *k, const struct window *w)
{
	struct conv_operands conv, head;

	read_conv(l, n, y, x, k, w, &conv);
	if (input(n, 3))
		read_head(l, n, &head);
	if (input(n, 3) || suits_winograd(l->c, n)) {
		winograd_call(l, n, y, x, &conv, input(n, 3) ? &head : NULL);
		return;
	}
	struct call *call = call_new(l, n, KERNEL_conv2d, &conv.p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, conv.w);
	call_argument(call, 3, conv.bias);
}

/* The slices that the windows of each output slice see, side by side as channels [group][kernel's depth][c / group]:
 * a volume becomes od pictures, and its convolution one of pictures. */
static struct view *unfold_depth(struct lower *l, const struct node *n, const struct view *x, const struct window *w)
{
	int64_t group = read_positive(l->c, n, "group"), channels = x->dim[4] / group, all = x->dim[4] * w->kernel[0];
	const int64_t dim[] = { x->dim[0] * w->out[0], x->dim[2], x->dim[3], all }, picture = dim[1] * dim[2];
	struct view *to = view_new(l, temporary(l, n, x->type, 4, dim));
	struct view from = { .buffer = x->buffer, .type = x->type, .rank = 5 }, into = *to;

	if (w->before[0] || w->after[0])
		fill_view(l, n, to, NULL);
	for (int64_t k = 0; k < w->kernel[0]; k++) {
		int64_t first = 0, last = w->out[0], start = k * w->dilation[0] - w->before[0];
		while (first < last && start + first * w->stride[0] < 0)
			first++;
		while (last > first && start + (last - 1) * w->stride[0] >= w->in[0])
			last--;
		const int64_t part[] = { x->dim[0], last - first, picture, group, channels };
		const int64_t source[] = { x->dim[1] * picture * x->dim[4], w->stride[0] * picture * x->dim[4], x->dim[4],
			channels, 1 };
		const int64_t target[] = { w->out[0] * picture * all, picture * all, all, w->kernel[0] * channels, 1 };
		memcpy(from.dim, part, sizeof part);
		memcpy(from.stride, source, sizeof source);
		from.offset = x->offset + (start + first * w->stride[0]) * picture * x->dim[4];
		into.rank = 5;
		memcpy(into.dim, part, sizeof part);
		memcpy(into.stride, target, sizeof target);
		into.offset = to->offset + first * picture * all + k * channels;
		if (last > first)
			view_copy(l, &into, &from);
	}
	return to;
}

/* Weights [oc, c, kd, kh, kw] in the order of unfold_depth: [oc, kd * c, kh, kw]. */
static struct value *unfold_weights(struct lower *l, const struct node *n, struct value *k)
{
	static const int perm[] = { 0, 2, 1, 3, 4 };
	const int64_t dim[] = { k->dim[0], k->dim[1] * k->dim[2], k->dim[3], k->dim[4] };
	const int64_t row = k->dim[3] * k->dim[4];
	struct value *to = temporary(l, n, k->type, 4, dim);

	if (k->data) {
		size_t bytes = (size_t)row * rt_type_size(k->type);
		char *data = arena_get(l->c, value_bytes(k) + 1, 1);
		for (int64_t i = 0; i < dim[0] * dim[1]; i++) {
			int64_t o = i / dim[1], z = i % dim[1] / k->dim[1], c = i % k->dim[1];
			memcpy(data + (size_t)i * bytes,
				(const char *)k->data + (size_t)((o * k->dim[1] + c) * k->dim[2] + z) * bytes, bytes);
		}
		return value_constant(l->c, k->name, k->type, 4, dim, data);
	}
	struct view moved = view_permute(view_of(l, k), perm), four;
	view_reshape(view_densify(l, &moved, k->name), 4, dim, &four);
	view_set(l, to, &four);
	return to;
}

void conv_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];
	struct value *k = n->in[1];
	struct window w;

	if (nothing_to_compute(l, n))
		return;
	read_window(l->c, n, k->dim + 2, &w);
	const struct view *picture = channels_last(l, float_view(l, n->in[0]), x->name);
	struct view *y = output_new(l, n, 0, kernel_type(n->out[0]->type), channels_last_order(x->rank));
	if (x->rank == 5) {
		picture = unfold_depth(l, n, picture, &w);
		k = unfold_weights(l, n, k);
	}
	conv_call(l, n, y, picture, k, &w);
	output_done(l, n, 0, y);
}
