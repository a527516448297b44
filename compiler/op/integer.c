/* Products of quantised tensors: MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv. Sums are exact in 32 bits;
 * a convolution is a product with the columns that its windows see. */
#include "op.h"
#include <string.h>

#define BYTES "u8 i8"

/* v - zero as i32, where zero is a number or counts along `axis`, or has v's rank; v itself without a zero point. */
static struct value *centred(struct lower *l, const struct node *n, struct value *v, struct value *zero, int axis)
{
	if (!zero)
		return v;
	if (value_elements(zero) != 1 && zero->rank == 1)
		zero = along_axis(l, n, zero, v->rank, axis);
	struct node *sub = part_new(l, n, "", "Sub", 2, part_convert(l, n, v, RT_I32), part_convert(l, n, zero, RT_I32));
	struct value *to = temporary(l, n, RT_I32, v->rank, v->dim);
	part_last(l, sub, to);
	return to;
}

/* Input i of n must be one number, or as many as dimension `axis` of v has, or broadcast to v with its rank. */
static void check_counts(struct ctx *c, const struct node *n, int i, const struct value *v, int axis)
{
	const struct value *x = input(n, i);
	bool fits = !x || value_elements(x) == 1 || (x->rank == 1 && x->dim[0] == v->dim[axis]);

	if (fits)
		return;
	fits = x->rank == v->rank;
	for (int d = 0; fits && d < v->rank; d++)
		fits = x->dim[d] == 1 || x->dim[d] == v->dim[d];
	if (!fits)
		fail_node(c, n, "input %d, %s, does not fit %s", i, shape_text(c, x), shape_text(c, v));
}

/* The operands' places among the inputs: each with its zero point, and its scale where there is one. */
struct places {
	int a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero;
};
static const struct places plain = { 0, -1, 2, 1, -1, 3, -1, -1 }, scaled = { 0, 1, 2, 3, 4, 5, 6, 7 };

static const struct places *places_of(const struct node *n)
{
	return !strncmp(n->type, "QLinear", 7) ? &scaled : &plain;
}

static struct value *at(const struct node *n, int i)
{
	return i < 0 ? NULL : input(n, i);
}

static void check_operands(struct ctx *c, const struct node *n, const struct places *p, int a_axis, int b_axis)
{
	need_type(c, n, p->a, BYTES);
	need_type(c, n, p->b, BYTES);
	need_same_type(c, n, p->a, p->a_zero);
	need_same_type(c, n, p->b, p->b_zero);
	check_counts(c, n, p->a_zero, n->in[p->a], a_axis);
	check_counts(c, n, p->b_zero, n->in[p->b], b_axis);
	if (p->y_zero < 0)
		return;
	need_type(c, n, p->y_zero, BYTES);
	check_counts(c, n, p->a_scale, n->in[p->a], a_axis);
	check_counts(c, n, p->b_scale, n->in[p->b], b_axis);
	for (int i = 0; i < 3; i++)
		need_type(c, n, (const int[]){ p->a_scale, p->b_scale, p->y_scale }[i], "f32 f16 bf16");
	if (value_elements(n->in[p->y_scale]) != 1 || value_elements(n->in[p->y_zero]) != 1)
		fail_node(c, n, "the result's scale %s and zero point %s must be one number", shape_text(c, n->in[p->y_scale]),
			shape_text(c, n->in[p->y_zero]));
}

/* A scale that counts along `axis` of the result, as a float. */
static struct value *scale_along(struct lower *l, const struct node *n, int i, const struct value *y, int axis)
{
	struct value *v = n->in[i];

	if (value_elements(v) != 1 && v->rank == 1)
		v = along_axis(l, n, v, y->rank, axis);
	return part_convert(l, n, v, RT_F32);
}

/* y = saturate(round(sum a_scale b_scale / y_scale) + zero point), in one element-wise call. */
static void requantize(
	struct lower *l, struct node *n, const struct places *p, struct value *sum, int a_axis, int b_axis)
{
	struct value *y = n->out[0], *a = scale_along(l, n, p->a_scale, y, a_axis);
	struct value *b = scale_along(l, n, p->b_scale, y, b_axis);

	struct value *factor = part_lower(l, part_new(l, n, "", "Mul", 2, a, b), RT_F32, y->rank, y->dim);
	struct value *to = part_convert(l, n, n->in[p->y_scale], RT_F32);
	factor = part_lower(l, part_new(l, n, "", "Div", 2, factor, to), RT_F32, y->rank, y->dim);
	sum = part_convert(l, n, sum, RT_F32);
	sum = part_lower(l, part_new(l, n, "", "Mul", 2, sum, factor), RT_F32, y->rank, y->dim);
	part_saturate(l, n, sum, n->in[p->y_zero], y);
}

/* The shape of a product of matrices, as MatMul finds it for the two operands. */
void matmul_integer_infer(struct ctx *c, struct node *n)
{
	const struct places *p = places_of(n);

	need_inputs(c, n, p == &scaled ? 8 : 2, p == &scaled ? 8 : 4);
	need_outputs(c, n, 1, 1);
	struct value sum = { .name = n->out[0] ? n->out[0]->name : "" }, like_a = *n->in[p->a], like_b = *n->in[p->b];
	struct value *in[] = { &like_a, &like_b }, *out[] = { &sum };
	struct node product = { .type = n->type, .name = n->name, .n_in = 2, .n_out = 1, .in = in, .out = out };
	like_a.type = like_b.type = RT_I32;
	find_op("", "MatMul")->infer(c, &product);
	check_operands(c, n, p, like_a.rank > 1 ? like_a.rank - 2 : 0, like_b.rank - 1);
	set_output(c, n, 0, p == &scaled ? n->in[p->y_zero]->type : RT_I32, sum.rank, sum.dim);
}

void matmul_integer_lower(struct lower *l, struct node *n)
{
	const struct places *p = places_of(n);
	struct value *a = n->in[p->a], *b = n->in[p->b], *y = n->out[0];

	if (nothing_to_compute(l, n))
		return;
	a = centred(l, n, a, at(n, p->a_zero), a->rank > 1 ? a->rank - 2 : 0);
	b = centred(l, n, b, at(n, p->b_zero), b->rank - 1);
	struct node *product = part_new(l, n, "", "MatMul", 2, a, b);
	if (p == &plain)
		part_last(l, product, y);
	else
		requantize(l, n, p, part_lower(l, product, RT_I32, y->rank, y->dim), y->rank - 2, y->rank - 1);
}

/* A convolution's sizes: images, groups, channels and filters of a group, and its windows. */
struct convolution {
	int64_t images, groups, channels, filters;
	struct window w;
};

static void read_convolution(struct ctx *c, const struct node *n, const struct places *p, struct convolution *v)
{
	const struct value *x = n->in[p->a], *k = n->in[p->b];

	if (x->rank < 3 || k->rank != x->rank)
		fail_node(c, n, "input %s and weights %s; [n,c,w], [n,c,h,w] and [n,c,d,h,w] are supported", shape_text(c, x),
			shape_text(c, k));
	read_window(c, n, k->dim + 2, &v->w);
	v->groups = read_positive(c, n, "group");
	v->images = x->dim[0];
	v->channels = x->dim[1] / v->groups;
	v->filters = k->dim[0] / v->groups;
	if (x->dim[1] % v->groups || k->dim[0] % v->groups || v->channels != k->dim[1])
		fail_node(
			c, n, "weights %s do not fit %s in %lld groups", shape_text(c, k), shape_text(c, x), (long long)v->groups);
}

void conv_integer_infer(struct ctx *c, struct node *n)
{
	const struct places *p = places_of(n);
	struct convolution v;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, p == &scaled ? 8 : 2, p == &scaled ? 9 : 4);
	need_outputs(c, n, 1, 1);
	read_convolution(c, n, p, &v);
	check_operands(c, n, p, 1, 0);
	if (p == &scaled) {
		need_type(c, n, 8, "i32");
		check_counts(c, n, 8, n->in[p->b], 0);
	}
	for (int i = 0; i < 2; i++) {
		const struct value *zero = at(n, i ? p->a_scale : p->a_zero);
		if (zero && value_elements(zero) != 1)
			fail_node(c, n, "the scale and zero point of its input must be one number, not %s", shape_text(c, zero));
	}
	window_shape(&v.w, n->in[p->a]->rank, v.images, n->in[p->b]->dim[0], dim);
	set_output(c, n, 0, p == &scaled ? n->in[p->y_zero]->type : RT_I32, n->in[p->a]->rank, dim);
}

/* x [n, c, spatial...] as [n, c, d, h, w] with zeros around it. */
static struct view padded(struct lower *l, const struct node *n, struct value *x, const struct window *w)
{
	int64_t dim[5] = { x->dim[0], x->dim[1] }, inner[5] = { x->dim[0], x->dim[1] };
	struct view from = *view_of(l, x), to;
	bool pads = false;

	from.rank = 5;
	for (int i = 0; i < 3; i++) {
		int own = x->rank - 3 + i;
		from.dim[2 + i] = inner[2 + i] = w->in[i];
		from.stride[2 + i] = own < 2 ? 0 : x->view->stride[own];
		dim[2 + i] = w->in[i] + w->before[i] + w->after[i];
		pads |= dim[2 + i] != w->in[i];
	}
	if (!pads)
		return from;
	struct value *wide = temporary(l, n, x->type, 5, dim);
	value_set_shape(l->c, n, wide, x->type, 5, dim);
	fill_view(l, n, view_new(l, wide), NULL);
	to = *wide->view;
	for (int i = 0; i < 3; i++)
		to.offset += w->before[i] * to.stride[2 + i];
	memcpy(to.dim, inner, sizeof inner);
	view_copy(l, &to, &from);
	return *wide->view;
}

/* What each window sees, as [n][group][channels * taps][windows]: one copy for each tap, of the elements that it meets
 * in all windows. */
static struct view columns(struct lower *l, const struct node *n, struct value *x, const struct convolution *v)
{
	const struct window *w = &v->w;
	struct view from = padded(l, n, x, w), tap = from;
	const int64_t taps = product(w->kernel, 3), windows = product(w->out, 3);
	const int64_t dim[] = { v->images, v->groups, v->channels, taps, windows };
	const int64_t flat[] = { v->images, v->groups, v->channels * taps, windows };
	struct value *to = temporary(l, n, x->type, 5, dim);
	struct view all, y;

	value_set_shape(l->c, n, to, x->type, 5, dim);
	view_new(l, to);
	tap.rank = 6;
	for (int64_t t = 0; t < taps; t++) {
		const int64_t at[] = { t / w->kernel[2] / w->kernel[1], t / w->kernel[2] % w->kernel[1], t % w->kernel[2] };
		const int64_t seen[] = { v->images, v->groups, v->channels, w->out[0], w->out[1], w->out[2] };
		all = *to->view;
		all.offset += t * all.stride[3];
		all.dim[3] = 1;
		view_reshape(&all, 6, seen, &y);
		tap.offset = from.offset;
		tap.stride[0] = from.stride[0];
		tap.stride[1] = v->channels * from.stride[1];
		tap.stride[2] = from.stride[1];
		for (int i = 0; i < 3; i++) {
			tap.offset += at[i] * w->dilation[i] * from.stride[2 + i];
			tap.stride[3 + i] = w->stride[i] * from.stride[2 + i];
		}
		memcpy(tap.dim, seen, sizeof seen);
		view_copy(l, &y, &tap);
	}
	view_reshape(to->view, 4, flat, &y);
	return y;
}

void conv_integer_lower(struct lower *l, struct node *n)
{
	const struct places *p = places_of(n);
	struct value *x = n->in[p->a], *k = n->in[p->b], *y = n->out[0], *bias = p == &scaled ? input(n, 8) : NULL;
	struct convolution v;
	struct view weights, result;

	if (nothing_to_compute(l, n))
		return;
	read_convolution(l->c, n, p, &v);
	x = centred(l, n, x, at(n, p->a_zero), 1);
	k = centred(l, n, k, at(n, p->b_zero), 0);
	const int64_t rows[] = { 1, v.groups, v.filters, value_elements(k) / (v.groups * v.filters) };
	const int64_t dim[] = { v.images, v.groups, v.filters, product(v.w.out, 3) };
	struct view seen = columns(l, n, x, &v);
	view_reshape(view_dense(l, k), 4, rows, &weights);
	struct value *sum = p == &plain ? y : temporary(l, n, RT_I32, y->rank, y->dim);
	view_reshape(view_new(l, sum), 4, dim, &result);
	matmul_call(l, n, &result, 2, dim, &weights, &seen, 1);
	if (bias)
		sum = part_lower(
			l, part_new(l, n, "", "Add", 2, sum, along_axis(l, n, bias, y->rank, 1)), RT_I32, y->rank, y->dim);
	if (p == &scaled)
		requantize(l, n, p, sum, 1, 1);
}
