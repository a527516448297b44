/* Joins neighbours into one call: activations, pooling, residuals and scales go into the epilogue of the product before
 * them, a concatenation into the product behind it, and element-wise nodes into each other. */
#include "fuse.h"
#include "half.h"
#include "map.h"
#include "op/conv.h"
#include "precision/precision.h"
#include "precision/quantized.h"
#include "recognize/recognize.h"
#include <math.h>
#include <string.h>

struct node *only_reader(const struct value *v)
{
	if (v->uses != 1 || v->is_output)
		return NULL;
	for (struct node *n = v->def; n; n = n->next)
		if (n == v->user)
			return n;
	return NULL;
}

void take_over(struct ctx *c, struct graph *g, struct node *n, struct node *behind)
{
	node_remove(g, n);
	node_insert(g, behind, n);
	node_remove(g, behind);
	/* Why the result is float, where it would else be half. */
	if (n->out[0]->type != behind->out[0]->type)
		n->reason = behind->reason;
	n->out[0] = behind->out[0];
	n->out[0]->def = n;
	n->origin = arena_text(c, "%s %s", n->origin, behind->origin);
}

static void fuse_activation(struct ctx *c, struct graph *g, struct node *n)
{
	static const char *const known[] = { "Relu", "Gelu", "Sigmoid", "Tanh" };
	struct node *behind = only_reader(n->out[0]);

	if (!behind || *attribute_string(c, n, "act", ""))
		return;
	if (is_op(behind, "Gelu") && strcmp(attribute_string(c, behind, "approximate", "none"), "none"))
		return;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (is_op(behind, known[i])) {
			set_attribute_string(c, n, "act", known[i]);
			take_over(c, g, n, behind);
			return;
		}
}

/* The first convolution of a network makes the largest tensor with little arithmetic. The second one then computes what
 * it needs of it, block by block. */
static void fuse_head(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *head = n->in[0]->def;

	if (!head || only_reader(n->in[0]) != n || !suits_winograd_head(c, head) || head->in[1]->type != n->in[1]->type ||
		!suits_winograd(c, n))
		return;
	struct value **in = NEW(c, struct value *, 5);
	in[0] = head->in[0];
	in[1] = n->in[1];
	in[2] = input(n, 2);
	in[3] = head->in[1];
	in[4] = input(head, 2);
	n->in = in;
	n->n_in = 5;
	set_attribute_string(c, n, "head_act", attribute_string(c, head, "act", ""));
	n->origin = arena_text(c, "%s %s", head->origin, n->origin);
	node_remove(g, head);
}

/* Floats of 8 bits that only bfloat16 is made of again are never stored. */
static void fuse_rounding(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *narrow = only_reader(n->out[0]), *wide = is_op(narrow, "Cast") ? only_reader(narrow->out[0]) : NULL;
	const char *reason = n->reason;

	if (n->in[1]->type != RT_BF16 || !is_op(wide, "Cast") || wide->out[0]->type != RT_BF16 ||
		!attribute_int(c, narrow, "saturate", 1))
		return;
	enum rt_type type = narrow->out[0]->type;
	if (!is_ofp8_type(type))
		return;
	set_attribute_int(c, n, "round", type);
	take_over(c, g, n, narrow);
	take_over(c, g, n, wide);
	n->reason = reason;
}

static void fuse_conv(struct ctx *c, struct graph *g, struct node *n)
{
	if (!n->in[1]->data || n->in[0]->rank != 4 || n->in[0]->type == RT_F64)
		return;
	n->op = find_op("gluec", "Conv");
	n->domain = n->op->domain;
	n->type = n->op->name;
	fuse_activation(c, g, n);
	struct node *pool = only_reader(n->out[0]);
	if (pool && is_max_pool(c, pool, 2, 2, 0)) {
		set_attribute_int(c, n, "pool", 2);
		take_over(c, g, n, pool);
	}
	fuse_rounding(c, g, n);
	fuse_head(c, g, n);
}

/* The nearest number that weights of this type can be. */
static float rounded(enum rt_type type, float x)
{
	if (type == RT_F16)
		return float_of_half(half_of_float(x));
	return type == RT_BF16 ? float_of_bfloat(bfloat_of_float(x)) : x;
}

/* May the weights be multiplied by the factor? Floats may, unless their sums are to be exact; those of 16 bits only
 * where none of them changes its digits. */
static bool scales_exactly(struct ctx *c, const struct value *w, float factor)
{
	const float *x = constant_floats(c, w);

	if (w->is_exact)
		return false;
	for (int64_t i = w->type == RT_F32 ? 0 : value_elements(w); i-- > 0;)
		if (rounded(w->type, x[i] * factor) != x[i] * factor)
			return false;
	return true;
}

/* A number behind the product multiplies its weights instead. */
static void fuse_scale(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *behind = only_reader(n->out[0]);
	double x;

	if (!behind || !(is_op(behind, "Mul") || is_op(behind, "Div")) || !same_shape(behind->out[0], n->out[0]))
		return;
	int at = behind->in[0] == n->out[0] ? 1 : 0;
	if (!constant_scalar(behind->in[at], &x) || (is_op(behind, "Div") && (at == 0 || x == 0)))
		return;
	float factor = (float)(is_op(behind, "Mul") ? x : 1 / x);
	if (!isfinite(factor) || !scales_exactly(c, n->in[1], factor))
		return;
	for (int i = 1; i <= 2 && i < n->n_in; i++) {
		const struct value *w = n->in[i];
		if (!w)
			continue;
		const float *from = constant_floats(c, w);
		float *to = NEW(c, float, (size_t)value_elements(w));
		for (int64_t k = value_elements(w); k-- > 0;)
			to[k] = from[k] * factor;
		n->in[i] = w->type == RT_F32 ? value_constant(c, w->name, RT_F32, w->rank, w->dim, to)
									 : short_weights(c, w, w->type, to);
	}
	take_over(c, g, n, behind);
}

/* What is added to n's result and can be input `i` of n, of its shape and type; or NULL. */
static struct value *added_residual(const struct node *n, const struct node *add)
{
	if (!is_op(add, "Add"))
		return NULL;
	struct value *other = add->in[0] == n->out[0] ? add->in[1] : add->in[0];
	return other->data || !same_shape(other, n->out[0]) || other->type != n->out[0]->type ||
				   add->out[0]->type != other->type
			   ? NULL
			   : other;
}

static void fuse_residual(struct ctx *c, struct graph *g, struct node *n, int i)
{
	struct node *add = only_reader(n->out[0]);
	struct value *other = added_residual(n, add);

	if (!other)
		return;
	set_input(c, n, i, other);
	take_over(c, g, n, add);
}

static void fuse_concat(struct ctx *c, struct node *n)
{
	struct node *join = n->in[0]->def;

	if (!is_op(join, "Concat") || join->n_in != 2 || n->in[0]->uses != 1 || input(n, 3))
		return;
	int64_t axis = attribute_int(c, join, "axis", 0);
	if (axis != -1 && axis != n->in[0]->rank - 1)
		return;
	if (join->in[0]->type != join->in[1]->type)
		return;
	set_input(c, n, 3, join->in[1]);
	n->in[0] = join->in[0];
	n->origin = arena_text(c, "%s %s", join->origin, n->origin);
}

/* In the order of the epilogue: the product, its scale, the activation, the residual. */
static void fuse_linear(struct ctx *c, struct graph *g, struct node *n)
{
	fuse_concat(c, n);
	merge_products(c, n);
	if (input(n, 4))
		return;
	if (!*attribute_string(c, n, "act", ""))
		fuse_scale(c, g, n);
	fuse_activation(c, g, n);
	fuse_residual(c, g, n, 4);
}

/* Is v made by an element-wise node for one reader, so that adding it costs nothing in the map call that makes it? */
static bool is_in_map(const struct value *v)
{
	return v->def && v->def->op->flags & OP_ELEMENTWISE && v->uses == 1 && !v->is_output;
}

/* Bytes have had all that their epilogue takes. A maximum changes places only with what grows everywhere. */
static void fuse_integer_product(struct ctx *c, struct graph *g, struct node *n)
{
	if (n->out[0]->type != RT_F32 || input(n, INTEGER_RESIDUAL) || attribute_int(c, n, "pool", 0))
		return;
	fuse_activation(c, g, n);
	const struct node *add = only_reader(n->out[0]), *behind = add ? only_reader(add->out[0]) : NULL;
	const struct value *other = added_residual(n, add);
	if (other && !is_in_map(other) && !(behind && behind->op->flags & OP_ELEMENTWISE))
		fuse_residual(c, g, n, INTEGER_RESIDUAL);
}

/* Kernels that can store bytes do what a QuantizeLinear behind them would. */
static void fuse_quantizer(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *behind = only_reader(n->out[0]);
	struct quantizer q;

	if (!is_op(behind, "QuantizeLinear") || !read_quantizer(c, behind, &q))
		return;
	set_attribute_float(c, n, "y_scale", (double)q.scale);
	set_attribute_int(c, n, "y_zero", q.zero);
	take_over(c, g, n, behind);
}

/* A number that a rotation is multiplied with on the way to bytes. */
static void fuse_factor(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *behind = only_reader(n->out[0]),
				*quantizer = is_op(behind, "Mul") ? only_reader(behind->out[0]) : NULL;
	struct quantizer q;
	double x;

	if (!is_op(quantizer, "QuantizeLinear") || !read_quantizer(c, quantizer, &q) ||
		!constant_scalar(behind->in[behind->in[0] == n->out[0]], &x) || x == 0 || !isfinite((float)x) ||
		!same_shape(behind->out[0], n->out[0]))
		return;
	set_attribute_float(c, n, "alpha", x);
	take_over(c, g, n, behind);
}

/* Softmax reads bytes itself. */
static void fuse_dequantizer(struct ctx *c, struct node *n)
{
	const struct node *before = n->in[0]->def;
	struct quantizer q;

	if (n->in[0]->data || !is_op(before, "DequantizeLinear") || !read_quantizer(c, before, &q))
		return;
	set_attribute_float(c, n, "x_scale", (double)q.scale);
	set_attribute_int(c, n, "x_zero", q.zero);
	n->in[0] = before->in[0];
	if (before->out[0]->uses == 1)
		n->origin = arena_text(c, "%s %s", before->origin, n->origin);
}

/* Before quantizers become element-wise nodes. */
static void fuse_quantizers(struct ctx *c, struct graph *g, struct node *n)
{
	if (is_internal(n, "LayerNorm"))
		fuse_activation(c, g, n);
	if (is_internal(n, "Rotary"))
		fuse_factor(c, g, n);
	if (is_op(n, "Softmax"))
		fuse_dequantizer(c, n);
	if (is_internal(n, "LayerNorm") || is_internal(n, "Attention") || is_internal(n, "Rotary") || is_op(n, "Softmax"))
		fuse_quantizer(c, g, n);
}

/* Producers of the same shape that only n reads are computed inside n's own map. */
static void inline_producers(struct ctx *c, struct node *n)
{
	for (int i = 0; i < n->n_in; i++) {
		struct node *p = n->in[i] ? n->in[i]->def : NULL;
		if (!p || !(p->op->flags & OP_ELEMENTWISE) || p->out[0]->uses != 1 || p->out[0]->is_output ||
			!same_shape(p->out[0], n->out[0]))
			continue;
		bool same_graph = false;
		for (const struct node *q = p; q && !same_graph; q = q->next)
			same_graph = q == n;
		p->inlined = same_graph;
		if (same_graph && !map_fits(c, n))
			p->inlined = false;
	}
}

/* Can the product n store its rows as columns of the concatenation? */
static bool suits_columns(struct ctx *c, const struct node *n, const struct node *join)
{
	int64_t axis = attribute_int(c, join, "axis", 0);

	return is_internal(n, "IntegerProduct") && n->in[INTEGER_W]->rank == 2 && !input(n, INTEGER_RESIDUAL) &&
		   (axis == -1 || axis == join->out[0]->rank - 1);
}

/* Parts that only the concatenation reads are computed into their places in it: element-wise ones, with nodes between
 * the two that add or remove dimensions of one, and columns that are products of bytes. */
static void inline_parts(struct ctx *c, struct node *n)
{
	for (int i = 0; i < n->n_in && n->n_in > 1; i++) {
		struct node *p = n->in[i]->def;
		const struct node *reader = n;
		while (p && only_reader(p->out[0]) == reader && (is_op(p, "Unsqueeze") || is_op(p, "Squeeze"))) {
			reader = p;
			p = p->in[0]->def;
		}
		if (!p || only_reader(p->out[0]) != reader || p->out[0]->type != n->out[0]->type)
			continue;
		if (p->op->lower != lower_map && !(p == n->in[i]->def && suits_columns(c, p, n)))
			continue;
		for (struct node *q = n->in[i]->def; q != p; q = q->in[0]->def)
			q->inlined = true;
		p->inlined = true;
	}
}

/* Products of bytes read dense rows. Bytes that a Transpose and a Reshape bring into rows are computed into their
 * places there. */
static void inline_turned(const struct node *n)
{
	struct node *turn = n->in[0]->def, *part = is_op(turn, "Transpose") ? turn->in[0]->def : NULL;

	if (!part || only_reader(turn->out[0]) != n || only_reader(part->out[0]) != turn || part->op->lower != lower_map ||
		!attribute(turn, "perm") || !is_byte_type(n->out[0]->type))
		return;
	part->inlined = turn->inlined = true;
}

static void fuse_node(struct ctx *c, struct graph *g, struct node *n)
{
	if (is_op(n, "Conv"))
		fuse_conv(c, g, n);
	else if (is_internal(n, "Linear"))
		fuse_linear(c, g, n);
	else if (is_internal(n, "IntegerProduct"))
		fuse_integer_product(c, g, n);
	else if (n->op->flags & OP_ELEMENTWISE)
		inline_producers(c, n);
}

/* When everything else is done, since a product may have taken the parts of a concatenation itself. */
static void inline_places(struct ctx *c, struct graph *g, struct node *n)
{
	(void)g;
	if (is_op(n, "Concat"))
		inline_parts(c, n);
	if (is_op(n, "Reshape"))
		inline_turned(n);
}

void fuse(struct ctx *c, struct graph *g)
{
	count_uses(g);
	visit_joining(c, g, fuse_quantizers);
	remove_dead(g);
	expand_quantizers(c, g);
	/* Uses are those of the whole model, since what a branch reads is read outside of it as well. */
	count_uses(g);
	visit_joining(c, g, fuse_node);
	remove_dead(g);
	visit_nodes(c, g, inline_places);
}
