/* gluec.IntegerProduct: a convolution or linear layer of bytes, by conv2d_int8, whose contract in rt_conv.h says what
 * the attributes mean. Inputs: x u8 or i8; w i8, constant: [oc, c / group, kh, kw] or [oc, c / group, kw] of a
 * convolution, [k, n] of a linear layer of x [..., k]; sum i32, scale f32, bias f32, each one number for each output,
 * constant; residual f32, of the result's shape. All from `sum` on may be left out, scale only when the result is i32.
 */
#include "op.h"
#include "precision/quantized.h"
#include <assert.h>
#include <string.h>

static bool is_linear(const struct node *n)
{
	return n->in[INTEGER_W]->rank == 2;
}

static int64_t outputs_of(const struct node *n)
{
	return n->in[INTEGER_W]->dim[is_linear(n)];
}

static bool has_pool(struct ctx *c, const struct node *n)
{
	return attribute_int(c, n, "pool", 0) == 2;
}

static void infer_convolution(struct ctx *c, struct node *n, enum rt_type type)
{
	const struct value *x = n->in[INTEGER_X], *w = n->in[INTEGER_W];
	struct window window;
	int64_t dim[MAX_RANK], group = read_positive(c, n, "group");

	if (x->rank < 3 || x->rank > 4 || w->rank != x->rank || x->dim[1] % group || w->dim[0] % group ||
		x->dim[1] / group != w->dim[1])
		fail_node(c, n, "input %s and weights %s do not fit in %lld groups", shape_text(c, x), shape_text(c, w),
			(long long)group);
	read_window(c, n, w->dim + 2, &window);
	for (int i = 1; i < 3 && has_pool(c, n); i++)
		window.out[i] /= 2;
	window_shape(&window, x->rank, x->dim[0], w->dim[0], dim);
	set_output(c, n, 0, type, x->rank, dim);
}

void integer_product_infer(struct ctx *c, struct node *n)
{
	const enum rt_type type = (enum rt_type)attribute_int(c, n, "to", RT_I32);

	need_inputs(c, n, 2, INTEGER_INPUTS);
	need_outputs(c, n, 1, 1);
	need_type(c, n, INTEGER_X, "u8 i8");
	need_type(c, n, INTEGER_W, "i8");
	const struct value *x = n->in[INTEGER_X], *w = n->in[INTEGER_W];
	if (!w->data || w->rank < 2)
		fail_node(c, n, "weights %s must be constant", shape_text(c, w));
	if (!is_linear(n)) {
		infer_convolution(c, n, type);
	} else {
		int64_t dim[MAX_RANK];
		if (x->rank < 1 || x->dim[x->rank - 1] != w->dim[0])
			fail_node(c, n, "input %s does not fit weights %s", shape_text(c, x), shape_text(c, w));
		memcpy(dim, x->dim, sizeof dim);
		dim[x->rank - 1] = w->dim[1];
		set_output(c, n, 0, type, x->rank, dim);
	}
	for (int i = INTEGER_SUM; i < INTEGER_RESIDUAL; i++)
		if (input(n, i) && (!n->in[i]->data || value_elements(n->in[i]) != outputs_of(n)))
			fail_node(c, n, "input %d, %s, does not fit weights %s", i, shape_text(c, n->in[i]), shape_text(c, w));
}

/* Where weight (output, tap, channel) is: [oc][c][taps] or [c][oc]. */
static int8_t weight_at(const struct node *n, const struct rt_conv2d_int8 *p, int64_t o, int64_t tap, int64_t i)
{
	const int8_t *w = n->in[INTEGER_W]->data;
	int64_t taps = (int64_t)p->kh * p->kw, channels = p->c / p->group;

	return is_linear(n) ? w[i * p->oc + o] : w[(o * channels + i) * taps + tap];
}

/* For each group panels of [taps][channels / 4][RT_PANEL][4], zero-filled. */
static struct argument pack_weights(struct lower *l, const struct node *n, const struct rt_conv2d_int8 *p)
{
	int64_t taps = (int64_t)p->kh * p->kw, channels = p->c / p->group, filters = p->oc / p->group;
	int64_t panels = (filters + RT_PANEL - 1) / RT_PANEL, quads = (channels + 3) / 4;
	size_t bytes = (size_t)(p->group * panels * taps * quads * RT_PANEL * 4);
	int8_t *to = arena_get(l->c, bytes, 1);

	for (int64_t o = 0; o < p->oc; o++) {
		int64_t panel = o / filters * panels + o % filters / RT_PANEL, column = o % filters % RT_PANEL;
		for (int64_t t = 0; t < taps; t++)
			for (int64_t i = 0; i < channels; i++)
				to[(((panel * taps + t) * quads + i / 4) * RT_PANEL + column) * 4 + i % 4] = weight_at(n, p, o, t, i);
	}
	const char *shape = arena_text(
		l->c, "[%lld][%lld][%lld][%d][4]", (long long)(p->group * panels), (long long)taps, (long long)quads, RT_PANEL);
	return argument_weight(weight_new(l, n->in[INTEGER_W]->name, RT_I8, shape, to, bytes));
}

/* The integer bias, less what the input's zero point adds to each output. */
static struct argument pack_sums(struct lower *l, const struct node *n, const struct rt_conv2d_int8 *p)
{
	const struct value *bias = input(n, INTEGER_SUM);
	int64_t padded = (p->oc + RT_PANEL - 1) / RT_PANEL * RT_PANEL, taps = (int64_t)p->kh * p->kw;
	int32_t *to = NEW(l->c, int32_t, (size_t)padded);

	for (int64_t o = 0; o < p->oc; o++) {
		int64_t sum = 0;
		for (int64_t t = 0; t < taps; t++)
			for (int64_t i = 0; i < p->c / p->group; i++)
				sum += weight_at(n, p, o, t, i) + p->w_zero;
		to[o] = small((bias ? constant_int(bias, o) : 0) - p->x_zero * sum);
	}
	const char *name = bias ? bias->name : arena_text(l->c, "%s.sums", n->in[INTEGER_W]->name);
	return argument_weight(
		weight_new(l, name, RT_I32, arena_text(l->c, "[%lld]", (long long)padded), to, (size_t)padded * sizeof *to));
}

static struct argument pack_numbers(struct lower *l, const struct node *n, int i, const char *what)
{
	const struct value *v = input(n, i);

	if (!v)
		return (struct argument){ 0 };
	const char *name = i == INTEGER_SCALE ? arena_text(l->c, "%s.%s", n->in[INTEGER_W]->name, what) : v->name;
	return argument_weight(pack_bias(l, name, constant_floats(l->c, v), value_elements(v)));
}

static void read_epilogue(struct ctx *c, const struct node *n, struct rt_conv2d_int8 *p)
{
	p->pool = has_pool(c, n) ? 2 : 0;
	p->act = read_act(c, n, "act");
	p->slope = (float)attribute_float(c, n, "slope", 0);
	p->x_zero = small(attribute_int(c, n, "x_zero", 0));
	p->w_zero = small(attribute_int(c, n, "w_zero", 0));
	p->y_zero = small(attribute_int(c, n, "y_zero", 0));
	p->step = (float)attribute_float(c, n, "step", 0);
	p->low = small(attribute_int(c, n, "low", 0));
	p->high = small(attribute_int(c, n, "high", 0));
}

/* A linear layer is a convolution of one tap over a picture of one row. */
static struct rt_conv2d_int8 linear_parameters(const struct node *n)
{
	const struct value *x = n->in[INTEGER_X];
	int32_t m = small(product(x->dim, x->rank - 1));

	return (struct rt_conv2d_int8){
		.n = 1,
		.h = 1,
		.w = m,
		.c = small(x->dim[x->rank - 1]),
		.oh = 1,
		.ow = m,
		.oc = small(outputs_of(n)),
		.kh = 1,
		.kw = 1,
		.stride_h = 1,
		.stride_w = 1,
		.dilation_h = 1,
		.dilation_w = 1,
		.group = 1,
	};
}

static struct rt_conv2d_int8 conv_parameters(struct ctx *c, const struct node *n)
{
	const struct value *x = n->in[INTEGER_X];
	struct window w;

	read_window(c, n, n->in[INTEGER_W]->dim + 2, &w);
	return (struct rt_conv2d_int8){
		.n = small(x->dim[0]),
		.h = small(w.in[1]),
		.w = small(w.in[2]),
		.c = small(x->dim[1]),
		.oh = small(w.out[1]),
		.ow = small(w.out[2]),
		.oc = small(outputs_of(n)),
		.kh = small(w.kernel[1]),
		.kw = small(w.kernel[2]),
		.stride_h = small(w.stride[1]),
		.stride_w = small(w.stride[2]),
		.pad_top = small(w.before[1]),
		.pad_left = small(w.before[2]),
		.dilation_h = small(w.dilation[1]),
		.dilation_w = small(w.dilation[2]),
		.group = small(read_positive(c, n, "group")),
	};
}

/* A tensor as the kernel walks it: rows of channels. */
static const struct view *as_pixels(struct lower *l, const struct node *n, struct value *v)
{
	return is_linear(n) ? view_dense(l, v) : channels_last(l, view_of(l, v), v->name);
}

/* The call, whose pixels or rows are stored at y, `ldy` elements apart unless that is 0. */
static void product_call(struct lower *l, struct node *n, const struct view *y, int64_t ldy)
{
	struct value *residual = input(n, INTEGER_RESIDUAL);
	struct rt_conv2d_int8 p = is_linear(n) ? linear_parameters(n) : conv_parameters(l->c, n);

	read_epilogue(l->c, n, &p);
	p.ldy = small(ldy);
	const struct view *x = as_pixels(l, n, n->in[INTEGER_X]);
	const struct view *r = residual ? as_pixels(l, n, residual) : NULL;
	p.x_type = x->type;
	p.y_type = y->type;
	struct call *call = call_new(l, n, KERNEL_conv2d_int8, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, pack_weights(l, n, &p));
	call_argument(call, 3, pack_sums(l, n, &p));
	call_argument(call, 4, pack_numbers(l, n, INTEGER_SCALE, "scale"));
	call_argument(call, 5, pack_numbers(l, n, INTEGER_BIAS, "bias"));
	if (r)
		call_argument(call, 6, argument_of(r));
}

void integer_product_lower_to(struct lower *l, struct node *n, const struct view *y)
{
	const int64_t dim[] = { product(y->dim, y->rank - 1), y->dim[y->rank - 1] };
	struct view rows;
	bool fits = view_reshape(y, 2, dim, &rows);

	assert(fits);
	(void)fits;
	product_call(l, n, y, rows.stride[0]);
}

void integer_product_lower(struct lower *l, struct node *n)
{
	const int *order = is_linear(n) ? NULL : channels_last_order(n->out[0]->rank);

	if (!nothing_to_compute(l, n))
		product_call(l, n, output_new(l, n, 0, n->out[0]->type, order), 0);
}
