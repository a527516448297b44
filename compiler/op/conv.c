/* Conv (ONNX 1 to 22; com.microsoft FusedConv; gluec.Conv, which adds an activation and a pooling). */
#include "op.h"
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

static int64_t read_group(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "group", attribute_int(c, n, "group", 1), 1, MAX_ELEMENTS);
}

static bool is_fused_pool(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "pool", attribute_int(c, n, "pool", 0), 0, 2) == 2;
}

void conv_infer(struct ctx *c, struct node *n)
{
	struct window w;
	double slope;

	need_inputs(c, n, 2, 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	const struct value *x = n->in[0], *k = n->in[1], *bias = input(n, 2);
	if (x->rank < 3 || x->rank > 4 || k->rank != x->rank)
		fail_node(
			c, n, "input %s and weights %s; [n,c,w] and [n,c,h,w] are supported", shape_text(c, x), shape_text(c, k));
	read_window(c, n, k->dim + 2, &w);
	read_conv_act(c, n, &slope);
	int64_t group = read_group(c, n), channels = x->dim[1], filters = k->dim[0];
	if (channels == 0)
		fail_node(c, n, "%s has no channels", shape_text(c, x));
	if (channels % group || filters % group)
		fail_node(c, n, "group %lld does not divide %lld channels and %lld filters", (long long)group,
			(long long)channels, (long long)filters);
	if (channels / group != k->dim[1])
		fail_node(c, n, "weights %s take %lld channels, but %s in %lld groups has %lld", shape_text(c, k),
			(long long)k->dim[1], shape_text(c, x), (long long)group, (long long)(channels / group));
	if (bias && (bias->rank != 1 || bias->dim[0] != filters))
		fail_node(c, n, "bias %s does not fit %lld filters", shape_text(c, bias), (long long)filters);
	int shift = is_fused_pool(c, n);
	if (x->rank == 3) {
		const int64_t dim[] = { x->dim[0], filters, w.out[1] };
		set_output(c, n, 0, x->type, 3, dim);
	} else {
		const int64_t dim[] = { x->dim[0], filters, w.out[0] >> shift, w.out[1] >> shift };
		set_output(c, n, 0, x->type, 4, dim);
	}
}

/* Constant weights, packed at compile time: the rows of a panel run over [kh][kw][c / group]. */
static struct argument pack_constant(struct lower *l, const struct node *n, const struct rt_conv2d *p)
{
	const struct value *k = n->in[1];
	const float *from = constant_floats(l->c, k);
	int64_t channels = p->c / p->group, taps = (int64_t)p->kh * p->kw, rows = taps * channels;
	float *to = NEW(l->c, float, (size_t)(p->oc * rows) + 1);

	for (int64_t o = 0; o < p->oc; o++)
		for (int64_t i = 0; i < channels; i++)
			for (int64_t t = 0; t < taps; t++)
				to[(o * taps + t) * channels + i] = from[(o * channels + i) * taps + t];
	int64_t filters = p->oc / p->group;
	return argument_weight(pack_panels(l, k->name, p->w_type, to, p->group, rows, filters, filters * rows, 1, rows));
}

/* Weights that are computed while the model runs are packed by two copies: full panels, and the one that is not. */
static struct argument pack_computed(struct lower *l, const struct node *n, const struct rt_conv2d *p)
{
	const struct view *k = view_cast(l, view_of(l, n->in[1]), p->w_type, n->in[1]->name);
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

	if (bias->data)
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

void conv_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0], *k = n->in[1];
	struct value *bias = input(n, 2);
	struct window w;
	double slope;

	if (nothing_to_compute(l, n))
		return;
	read_window(l->c, n, k->dim + 2, &w);
	enum rt_act act = read_conv_act(l->c, n, &slope);
	const struct view *picture = channels_last(l, float_view(l, n->in[0]), x->name);
	enum rt_type y_type = kernel_type(n->out[0]->type);
	struct view *y = output_new(l, n, 0, y_type, channels_last_order(x->rank));
	struct rt_conv2d p = {
		.n = small(x->dim[0]),
		.h = small(w.in[0]),
		.w = small(w.in[1]),
		.c = small(x->dim[1]),
		.oh = small(w.out[0]),
		.ow = small(w.out[1]),
		.oc = small(k->dim[0]),
		.kh = small(w.kernel[0]),
		.kw = small(w.kernel[1]),
		.stride_h = small(w.stride[0]),
		.stride_w = small(w.stride[1]),
		.pad_top = small(w.before[0]),
		.pad_left = small(w.before[1]),
		.dilation_h = small(w.dilation[0]),
		.dilation_w = small(w.dilation[1]),
		.group = small(read_group(l->c, n)),
		.pool = is_fused_pool(l->c, n) ? 2 : 0,
		.act = act,
		.slope = (float)slope,
		.x_type = picture->type,
		.y_type = y_type,
		.w_type = kernel_type(k->type),
	};
	struct argument weights = k->data ? pack_constant(l, n, &p) : pack_computed(l, n, &p);
	struct argument packed_bias = { 0 };
	if (bias)
		packed_bias = pack_any_bias(l, n, bias, p.oc);
	struct call *call = call_new(l, n, KERNEL_conv2d, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(picture));
	call_argument(call, 2, weights);
	call_argument(call, 3, packed_bias);
	output_done(l, n, 0, y);
}
