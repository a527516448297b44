/* Bounds that can be proved without data: what the elements of float values lie between, by the operators that make
 * them. A softmax is in 0..1 whatever it reads; a normalised row of c numbers has none above sqrt(c) in magnitude; a
 * product of bounded numbers with constant weights is bounded by the weights' sums. Bounds are those of exact
 * arithmetic; rounding moves a result by far less than what the users of bounds leave as a margin. */
#include "precision.h"
#include <math.h>
#include <string.h>

static const struct interval unknown;

static struct interval between(double low, double high)
{
	bool known = low <= high && isfinite(low) && isfinite(high);

	return (struct interval){ known, known, low, high };
}

static struct interval far_from_ends(struct interval x)
{
	x.near = false;
	return x;
}

static struct interval around_zero(double magnitude)
{
	return between(-magnitude, magnitude);
}

static double magnitude(struct interval x)
{
	return fmax(fabs(x.low), fabs(x.high));
}

static struct interval both(struct interval a, struct interval b)
{
	struct interval all = between(fmin(a.low, b.low), fmax(a.high, b.high));

	if (!a.known || !b.known)
		return unknown;
	return a.near && b.near ? all : far_from_ends(all);
}

static struct interval with_zero(struct interval x)
{
	return both(x, between(0, 0));
}

static struct interval product(struct interval a, struct interval b)
{
	const double p[] = { a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high };

	if (!a.known || !b.known)
		return unknown;
	return between(fmin(fmin(p[0], p[1]), fmin(p[2], p[3])), fmax(fmax(p[0], p[1]), fmax(p[2], p[3])));
}

static struct interval constant_bound(const struct value *v)
{
	double low = INFINITY, high = -INFINITY;

	for (int64_t i = value_elements(v); i-- > 0;) {
		double x = constant_real(v, i);
		if (!isfinite(x))
			return unknown;
		low = fmin(low, x);
		high = fmax(high, x);
	}
	return between(low, high);
}

struct interval value_bound(const struct value *v)
{
	static const struct interval byte = { true, true, 0, 255 }, signed_byte = { true, true, -128, 127 };
	static const struct interval truth = { true, true, 0, 1 };

	if (!v)
		return unknown;
	if (v->data)
		return is_real_type(v->type) || is_integer_type(v->type) ? constant_bound(v) : unknown;
	if (v->range.known)
		return between((double)v->range.low, (double)v->range.high);
	if (is_byte_type(v->type))
		return v->type == RT_U8 ? byte : signed_byte;
	return v->type == RT_BOOL ? truth : v->bound;
}

static struct interval of_inputs(const struct node *n)
{
	struct interval r = value_bound(n->in[0]);

	for (int i = 1; i < n->n_in; i++)
		if (n->in[i])
			r = both(r, value_bound(n->in[i]));
	return r;
}

/* ---- products with constant weights */

/* Weights that make n numbers of each row of x: element i of column j is w[j * column + i * row]. */
struct columns {
	const float *w;
	int64_t column, row, n;
};

static struct interval column_bound(const struct columns *w, int64_t j, int64_t rows, struct interval x)
{
	double low = 0, high = 0;

	for (int64_t i = 0; i < rows; i++) {
		double k = (double)w->w[j * w->column + i * w->row];
		low += k > 0 ? k * x.low : k * x.high;
		high += k > 0 ? k * x.high : k * x.low;
	}
	return between(low, high);
}

static struct interval product_bound(
	struct ctx *c, const struct columns *w, const struct value *bias, int64_t rows, struct interval x)
{
	struct interval all = unknown;
	const float *b = bias && bias->data ? constant_floats(c, bias) : NULL;

	if (!x.known || (bias && !b))
		return unknown;
	for (int64_t j = 0; j < w->n; j++) {
		struct interval one = column_bound(w, j, rows, x);
		if (b)
			one = between(one.low + (double)b[j], one.high + (double)b[j]);
		all = j ? both(all, one) : one;
	}
	return all;
}

static struct interval linear_bound(struct ctx *c, const struct node *n)
{
	const struct value *w = n->in[1];
	const struct columns columns = { constant_floats(c, w), 1, w->dim[1], w->dim[1] };

	return far_from_ends(product_bound(c, &columns, input(n, 2), w->dim[0], value_bound(n->in[0])));
}

/* Places outside of the picture are 0. */
static struct interval conv_bound(struct ctx *c, const struct node *n)
{
	const struct value *w = n->in[1];

	if (!w->data || !w->dim[0])
		return unknown;
	int64_t rows = value_elements(w) / w->dim[0];
	const struct columns columns = { constant_floats(c, w), rows, 1, w->dim[0] };
	return far_from_ends(product_bound(c, &columns, input(n, 2), rows, with_zero(value_bound(n->in[0]))));
}

/* ---- norms */

/* A row of c numbers of mean 0 and mean square 1 has none beyond sqrt(c). */
static struct interval norm_bound(struct ctx *c, const struct node *n)
{
	const struct value *x = n->in[0], *scale = input(n, 1), *bias = input(n, 2);
	double most = 0, root = x->rank > 0 ? sqrt((double)x->dim[x->rank - 1]) : 1;

	if ((scale && !scale->data) || (bias && !bias->data))
		return unknown;
	const float *s = scale ? constant_floats(c, scale) : NULL, *b = bias ? constant_floats(c, bias) : NULL;
	int64_t count = scale ? value_elements(scale) : 1, biases = bias ? value_elements(bias) : 1;
	if (biases > 1 && count > 1 && biases != count)
		return unknown;
	for (int64_t i = 0; i < count || i < biases; i++) {
		double one = root * (s ? fabs((double)s[count > 1 ? i : 0]) : 1);
		most = fmax(most, one + (b ? fabs((double)b[biases > 1 ? i : 0]) : 0));
	}
	return around_zero(most);
}

/* Each of a pair, a cos - b sin and b cos + a sin, is at most |x| (|cos| + |sin|); a rotation's is at most |x| sqrt 2.
 */
static struct interval rotary_bound(const struct node *n)
{
	struct interval x = value_bound(n->in[0]), cosine = value_bound(n->in[1]), sine = value_bound(n->in[2]);

	if (!x.known || !cosine.known || !sine.known)
		return unknown;
	struct interval y = around_zero(magnitude(x) * (magnitude(cosine) + magnitude(sine)));
	return x.near ? y : far_from_ends(y);
}

/* ---- element by element */

static struct interval limited(struct ctx *c, const struct node *n, struct interval x)
{
	if (is_op(n, "Sigmoid") || is_op(n, "HardSigmoid"))
		return between(0, 1);
	if (is_op(n, "Tanh") || is_op(n, "Erf") || is_op(n, "Sin") || is_op(n, "Cos") || is_op(n, "Sign"))
		return between(-1, 1);
	if (is_op(n, "Clip")) {
		const struct value *low = input(n, 1), *high = input(n, 2);
		if (n->version < 11 || !low || !high || !low->data || !high->data)
			return x;
		return far_from_ends(between(constant_real(low, 0), fmax(constant_real(low, 0), constant_real(high, 0))));
	}
	if (!x.known)
		return unknown;
	if (is_op(n, "Relu"))
		return between(fmax(x.low, 0), fmax(x.high, 0));
	/* Both lie between 0 and x, but for a dip of 0.17 (exact), 0.18 (by tanh). */
	if (is_op(n, "Gelu"))
		return between(x.low < 0 ? -0.2 : x.low * 0.5, fmax(x.high, 0));
	if (is_op(n, "LeakyRelu") && fabs(attribute_float(c, n, "alpha", 0.01)) <= 1)
		return with_zero(x.low < 0 ? around_zero(magnitude(x)) : x);
	if (is_op(n, "Neg"))
		return between(-x.high, -x.low);
	if (is_op(n, "Abs"))
		return between(0, magnitude(x));
	if (is_op(n, "Sqrt") && x.low >= 0)
		return between(sqrt(x.low), sqrt(x.high));
	if (is_op(n, "Exp"))
		return far_from_ends(between(exp(x.low), exp(x.high)));
	if (is_op(n, "Identity") || is_op(n, "Cast") || is_op(n, "Dropout"))
		return x;
	return unknown;
}

static struct interval function_bound(struct ctx *c, const struct node *n)
{
	struct interval x = value_bound(n->in[0]), y = limited(c, n, x);

	return x.known && !x.near ? far_from_ends(y) : y;
}

static struct interval sum_or_product(const struct node *n, struct interval a, struct interval b)
{
	if (is_op(n, "Add"))
		return between(a.low + b.low, a.high + b.high);
	if (is_op(n, "Sub"))
		return between(a.low - b.high, a.high - b.low);
	if (is_op(n, "Mul"))
		return n->in[0] == n->in[1] ? between(0, magnitude(a) * magnitude(a)) : product(a, b);
	if (is_op(n, "Div") && (b.low > 0 || b.high < 0))
		return product(a, between(1 / b.high, 1 / b.low));
	return is_op(n, "Min") || is_op(n, "Max") ? both(a, b) : unknown;
}

static struct interval arithmetic_bound(const struct node *n)
{
	struct interval a = value_bound(n->in[0]), b = value_bound(n->in[1]);

	if (!a.known || !b.known)
		return unknown;
	struct interval y = sum_or_product(n, a, b);
	bool near = (n->in[0]->data || n->in[1]->data) && a.near && b.near;
	return near ? y : far_from_ends(y);
}

/* Picks or averages elements; zeros may be among them. */
static bool picks(const struct node *n)
{
	return is_op(n, "MaxPool") || is_op(n, "AveragePool") || is_op(n, "GlobalAveragePool") ||
		   is_op(n, "GlobalMaxPool") || is_op(n, "ReduceMax") || is_op(n, "ReduceMin") || is_op(n, "ReduceMean");
}

/* Padding with a number: the edges' and reflections are of the picture itself. */
static struct interval pad_bound(const struct node *n)
{
	struct interval x = with_zero(value_bound(n->in[0]));

	if (n->version < 11 && attribute(n, "value"))
		return unknown;
	return input(n, 2) ? both(x, value_bound(n->in[2])) : x;
}

static struct interval moved_bound(const struct node *n)
{
	if (is_op(n, "Pad"))
		return pad_bound(n);
	/* The other inputs of movers are indices, shapes and the like. */
	return is_op(n, "Concat") ? of_inputs(n) : value_bound(n->in[0]);
}

static struct interval node_bound(struct ctx *c, const struct node *n)
{
	const char *mode = is_op(n, "GridSample") ? attribute_string(c, n, "mode", "linear") : "";

	if (n->op->flags & OP_MOVES)
		return moved_bound(n);
	if (is_internal(n, "Linear"))
		return linear_bound(c, n);
	if (is_op(n, "Conv"))
		return conv_bound(c, n);
	if (is_internal(n, "Attention"))
		return with_zero(value_bound(n->in[2]));
	if (is_internal(n, "LayerNorm"))
		return norm_bound(c, n);
	if (is_internal(n, "L2Norm"))
		return between(-1, 1);
	if (is_internal(n, "Rotary"))
		return rotary_bound(n);
	if (is_op(n, "Softmax") || is_internal(n, "HeatMap"))
		return between(0, 1);
	if (picks(n))
		return with_zero(value_bound(n->in[0]));
	if (is_op(n, "GridSample"))
		return strcmp(mode, "cubic") && strcmp(mode, "bicubic") ? with_zero(value_bound(n->in[0])) : unknown;
	if (is_op(n, "Where"))
		return both(value_bound(n->in[1]), value_bound(n->in[2]));
	if (n->op->flags & OP_ELEMENTWISE && n->n_in == 2 && !is_op(n, "Clip"))
		return arithmetic_bound(n);
	return n->op->flags & OP_ELEMENTWISE && n->n_in > 0 ? function_bound(c, n) : unknown;
}

static void bound_floats(struct ctx *c, struct graph *g, struct node *n)
{
	struct graph *inner[8];
	int branches = node_graphs(n, inner, 8);
	(void)g;

	for (int i = 0; i < n->n_out; i++) {
		if (!n->out[i] || !is_float_type(n->out[i]->type) || !value_elements(n->out[i]))
			continue;
		struct interval bound = unknown;
		if (branches == 2)
			bound = both(value_bound(inner[0]->outputs[i]), value_bound(inner[1]->outputs[i]));
		else if (!branches && (i == 0 || n->op->flags & OP_MOVES))
			bound = node_bound(c, n);
		n->out[i]->bound = bound;
	}
}

void find_bounds(struct ctx *c, struct graph *g)
{
	visit_nodes(c, g, bound_floats);
}
