/* Which type each value is stored in. Integers that are proved to fit become 32 bits wide, so that indices and
 * coordinates are int32_t in C; under the fp16 and bf16 policies weights and feature maps become halves or bfloat16,
 * while coordinates, softmax, statistics and everything a user sees stay float. Under the bf16x3 policy everything
 * stays float, but products may be computed from two bfloat16 for each float. Under int8 and fp8 the graph itself says
 * what is narrow. In the comments here "half" is either of the types of 16 bits. */
#include "precision.h"
#include "half.h"
#include <string.h>

/* ---- halves */

static bool is_half(enum rt_type type)
{
	return type == RT_F16 || type == RT_BF16;
}

/* What the policy stores features in. */
static enum rt_type feature_type(const struct ctx *c)
{
	return c->set.precision == PRECISION_FP16 ? RT_F16 : c->set.precision == PRECISION_BF16 ? RT_BF16 : RT_F32;
}

static bool is_mover(const struct node *n)
{
	return n && n->op->flags & OP_MOVES;
}

/* Operators on features, which half serves well. Not among them: softmax, reductions, comparisons, and whatever
 * computes coordinates or scores. */
static bool works_on_features(const struct node *n)
{
	static const char *const own[] = { "Linear", "Attention", "Rotary", "L2Norm", "LayerNorm" };
	static const char *const standard[] = { "Conv", "MaxPool", "AveragePool", "BatchNormalization",
		"InstanceNormalization", "GridSample", "Relu", "Gelu", "LeakyRelu", "PRelu", "Selu", "Elu", "Add", "Sub",
		"Mul" };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (is_internal(n, own[i]))
			return true;
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		if (is_op(n, standard[i]))
			return n->op->flags & OP_HALF;
	return false;
}

static bool all_inputs_alike(const struct node *n)
{
	return is_mover(n) || (n && n->op->flags & OP_ELEMENTWISE);
}

/* Inputs that a kernel reads as half: features, not coordinates, phases or parameters. */
static bool reads_half(const struct node *n, int i)
{
	if (is_mover(n))
		return true;
	if (!works_on_features(n))
		return false;
	if (is_internal(n, "Attention"))
		return i <= 2;
	if (is_internal(n, "Linear"))
		return i == 0 || i >= 3;
	return i == 0 || all_inputs_alike(n);
}

static bool writes_half(const struct node *n)
{
	return is_mover(n) || (n && n->n_out == 1 && works_on_features(n));
}

/* One reason to keep v float; candidates are marked by their type. */
static bool must_stay_float(const struct value *v)
{
	const struct node *n = v->def;

	if (v->is_output || !writes_half(n))
		return true;
	for (int i = 0; i < n->n_in && all_inputs_alike(n); i++)
		if (n->in[i] && !n->in[i]->data && is_float_type(n->in[i]->type) && !is_half(n->in[i]->type))
			return true;
	return false;
}

/* What the model itself has as half stays so, its inputs and outputs above all. */
static void keep_given(struct graph *g)
{
	struct graph *inner[8];

	for (int i = 0; i < g->n_inputs; i++)
		g->inputs[i]->given_half = is_half(g->inputs[i]->type);
	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i])
				n->out[i]->given_half = is_half(n->out[i]->type);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			keep_given(inner[i]);
	}
}

/* Marks every value that may be half, then takes marks away until nothing contradicts: a reader that needs float, or a
 * view whose source is float. */
static void mark(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i] && n->out[i]->type == RT_F32 && writes_half(n) && !n->out[i]->is_output &&
				!n->out[i]->is_position)
				n->out[i]->type = feature_type(c);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			mark(c, inner[i]);
	}
}

static bool unmark_value(struct value *v)
{
	if (!v || v->data || !is_half(v->type) || v->given_half)
		return false;
	v->type = RT_F32;
	return true;
}

static bool unmark(struct graph *g)
{
	struct graph *inner[8];
	bool changed = false;

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (!reads_half(n, i) && n->in[i])
				changed |= unmark_value(n->in[i]);
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i] && is_half(n->out[i]->type) && must_stay_float(n->out[i]))
				changed |= unmark_value(n->out[i]);
		/* A view shares its source's storage, all views of one source share a type, and a sum of mixed types could not
		 * go into a product's epilogue. */
		for (int i = 0; i < n->n_out && (is_mover(n) || (all_inputs_alike(n) && works_on_features(n))); i++)
			if (n->out[i] && !is_half(n->out[i]->type))
				for (int k = 0; k < n->n_in; k++)
					changed |= n->in[k] && unmark_value(n->in[k]);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			changed |= unmark(inner[i]);
	}
	return changed;
}

/* A float input of the model that goes straight into sums and joins of halves would keep all of them float: it is a
 * candidate too, and becomes half by a cast in front. Inputs that only products read need none. */
static bool is_joined(const struct graph *g, const struct value *v)
{
	for (const struct node *n = g->first; n; n = n->next)
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] == v && all_inputs_alike(n) && writes_half(n))
				return true;
	return false;
}

/* Every reader takes halves and makes halves, so that no coordinate is ever among them. */
static bool is_feature_input(const struct graph *g, const struct value *v)
{
	const struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] == v && (!reads_half(n, i) || !is_half(n->out[0]->type)))
				return false;
		for (int i = node_graphs(n, (struct graph **)inner, 8); i-- > 0;)
			if (!is_feature_input(inner[i], v))
				return false;
	}
	return true;
}

static void mark_inputs(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < g->n_inputs; i++)
		if (g->inputs[i]->type == RT_F32 && !g->inputs[i]->is_output && is_joined(g, g->inputs[i]))
			g->inputs[i]->type = feature_type(c);
}

static bool unmark_inputs(struct graph *g)
{
	bool changed = false;

	for (int i = 0; i < g->n_inputs; i++)
		if (is_half(g->inputs[i]->type) && !is_feature_input(g, g->inputs[i]))
			changed |= unmark_value(g->inputs[i]);
	return changed;
}

/* The C interface stays float. */
static void cast_inputs(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < g->n_inputs; i++) {
		struct value *v = g->inputs[i];
		if (!is_half(v->type) || v->given_half)
			continue;
		struct node like = { .name = v->name, .origin = v->name };
		struct value *half =
			value_new(c, arena_text(c, "%s.%s", v->name, type_name(v->type)), v->type, v->rank, v->dim);
		v->type = RT_F32;
		replace_value(g, v, half);
		struct node *cast = node_new(c, g, g->first, "", "Cast", &like, 1, 1);
		set_attribute_int(c, cast, "to", half->type);
		cast->name = half->name;
		cast->in[0] = v;
		cast->out[0] = half;
		half->def = cast;
	}
}

/* A product's weights as halves. A weight beyond their range would become infinite: then all of them stay float. */
static void halve_weights(struct ctx *c, struct node *n)
{
	struct value *w = n->in[1];
	enum rt_type type = feature_type(c);
	int64_t count = value_elements(w);
	uint16_t infinite = type == RT_F16 ? 0x7c00 : 0x7f80;

	if (!w->data || w->type != RT_F32)
		return;
	const float *from = w->data;
	uint16_t *to = NEW(c, uint16_t, (size_t)count);
	for (int64_t i = 0; i < count; i++) {
		to[i] = type == RT_F16 ? half_of_float(from[i]) : bfloat_of_float(from[i]);
		if ((to[i] & infinite) == infinite)
			return;
	}
	n->in[1] = value_constant(c, w->name, type, w->rank, w->dim, to);
}

static void halve_all_weights(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		if (is_internal(n, "Linear") || is_op(n, "Conv"))
			halve_weights(c, n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			halve_all_weights(c, inner[i]);
	}
}

/* ---- products of split floats */

/* How many terms each sum of a product has; 0 for other operators. */
static int64_t count_terms(const struct node *n)
{
	const struct value *x = input(n, 0), *w = input(n, 1);
	int64_t taps = 1;

	if (is_internal(n, "Linear"))
		return w->dim[0];
	if (is_internal(n, "Attention"))
		return x->dim[x->rank - 1];
	for (int i = 1; is_op(n, "Conv") && i < w->rank; i++)
		taps *= w->dim[i];
	return is_op(n, "Conv") ? taps : 0;
}

/* The tiles that multiply bfloat16 take this many terms at once: shorter sums, of which those with coordinates are,
 * would lose digits and gain no time. */
static void split_products(struct graph *g)
{
	enum { TERMS = 32 };
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		n->split = n->n_out && n->out[0] && n->out[0]->type == RT_F32 && count_terms(n) >= TERMS;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			split_products(inner[i]);
	}
}

/* ---- all of it */

void choose_precision(struct ctx *c, struct graph *g)
{
	count_uses(g);
	narrow_integers(c, g);
	remove_dead(g);
	if (c->set.precision == PRECISION_BF16X3)
		split_products(g);
	if (feature_type(c) == RT_F32)
		return;
	find_positions(c, g);
	keep_given(g);
	mark_inputs(c, g);
	mark(c, g);
	for (bool changed = true; changed;) {
		changed = unmark(g);
		changed |= unmark_inputs(g);
	}
	cast_inputs(c, g);
	halve_all_weights(c, g);
}
