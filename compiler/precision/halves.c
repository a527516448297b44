/* Which values are stored as half or bfloat16 ("half" here is either): all that nodes of such a precision make, but for
 * what a contradiction takes away again, until none is left: a reader that needs float, or a view whose source is
 * float. What a rule or its range keeps float (`wide`) contradicts nothing: its readers convert, and where elements are
 * only moved, a Cast does. */
#include "half.h"
#include "precision.h"
#include "seen.h"
#include <math.h>
#include <string.h>

/* Why n's result is stored as it is; the reason of a product of bytes says why it is one. */
static void explain(struct node *n, const char *reason)
{
	if (!is_integer_product(n))
		n->reason = reason;
}

/* "Softmax 'scores'" */
static const char *call_node(struct ctx *c, const struct node *n)
{
	return arena_text(c, "%s '%s'", n->type, n->name);
}

/* Is v computed, and float of any kind? */
static bool is_computed_float(const struct value *v)
{
	return v && !v->data && is_float_type(v->type);
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

/* ---- candidates */

/* A constant among moved elements that half does not hold, such as what stands for minus infinity. */
static bool is_too_large(const struct value *v)
{
	for (int64_t i = v->data && v->type == RT_F32 ? value_elements(v) : 0; i-- > 0;) {
		double x = fabs(constant_real(v, i));
		if (isfinite(x) && x > HALF_LARGEST)
			return true;
	}
	return false;
}

/* Moved elements have the type that they had: that of the first computed input, float when one is wide. */
static enum rt_type moved_type(struct ctx *c, struct node *n)
{
	enum rt_type type = RT_NOTYPE;

	for (int i = 0; i < n->n_in; i++) {
		const struct value *v = n->in[i];
		if (v && (v->wide || is_too_large(v))) {
			for (int k = 0; k < n->n_out; k++)
				if (n->out[k])
					n->out[k]->wide = true;
			explain(n, v->wide ? arena_text(c, "moves elements of float '%s'", v->name)
							   : arena_text(c, "half does not hold its constant '%s'", v->name));
			return RT_F32;
		}
		if (!type && is_computed_float(v))
			type = v->type;
	}
	return type;
}

static void mark_node(struct ctx *c, struct node *n)
{
	enum rt_type type = is_mover(n) ? moved_type(c, n) : writes_half(n) ? wanted_type(c, n) : RT_F32;

	for (int i = 0; i < n->n_out && is_half(type); i++) {
		struct value *v = n->out[i];
		if (!v || v->type != RT_F32 || v->wide)
			continue;
		if (v->is_output)
			explain(n, "its result is an output of the model");
		else if (v->is_position)
			explain(n, "indices or coordinates are never half");
		else
			v->type = type;
	}
}

/* In order, because moved elements have the type of those that were marked before. */
static void mark(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		mark_node(c, n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			mark(c, inner[i]);
	}
}

/* ---- contradictions */

static bool unmark_value(struct value *v, const char *reason)
{
	if (!v || v->data || !is_half(v->type) || v->given_half)
		return false;
	v->type = RT_F32;
	if (v->def)
		explain(v->def, reason);
	return true;
}

/* The float that keeps n's result float, though it could be half; NULL when there is none. */
static const struct value *float_input(const struct node *n)
{
	for (int i = 0; i < n->n_in && all_inputs_alike(n); i++)
		if (is_computed_float(n->in[i]) && !is_half(n->in[i]->type) && !n->in[i]->wide)
			return n->in[i];
	return NULL;
}

static bool unmark_outputs(struct ctx *c, struct node *n)
{
	bool changed = false;

	for (int i = 0; i < n->n_out; i++) {
		struct value *v = n->out[i];
		if (!v || !is_half(v->type) || v->given_half)
			continue;
		const struct value *from = float_input(n);
		if (v->is_output || !writes_half(n))
			changed |= unmark_value(v, v->is_output ? "its result is an output of the model" : "it makes only floats");
		else if (from)
			changed |= unmark_value(v, arena_text(c, "it computes with float '%s'", from->name));
	}
	return changed;
}

/* A product that only a sum in float reads is computed in the same call, and may as well be float. */
static bool joins_epilogue(const struct value *v)
{
	return v->uses == 1 && !v->is_output && is_product(v->def);
}

/* A view shares its source's storage, all views of one source share a type, and a sum of mixed types could not go into
 * a product's epilogue. */
static bool unmark_sources(struct ctx *c, struct node *n)
{
	bool changed = false;

	if (!is_mover(n) && !(all_inputs_alike(n) && writes_half(n)))
		return false;
	for (int i = 0; i < n->n_out; i++) {
		if (!n->out[i] || is_half(n->out[i]->type))
			continue;
		for (int k = 0; k < n->n_in; k++)
			if (n->in[k] && is_half(n->in[k]->type) && (!n->out[i]->wide || (!is_mover(n) && joins_epilogue(n->in[k]))))
				changed |= unmark_value(n->in[k], arena_text(c, "%s, which is float, reads it", call_node(c, n)));
	}
	return changed;
}

static bool unmark(struct ctx *c, struct graph *g)
{
	struct graph *inner[8];
	bool changed = false;

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (!reads_half(n, i) && n->in[i] && is_half(n->in[i]->type))
				changed |= unmark_value(n->in[i], arena_text(c, "%s reads it as float", call_node(c, n)));
		changed |= unmark_outputs(c, n);
		changed |= unmark_sources(c, n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			changed |= unmark(c, inner[i]);
	}
	return changed;
}

/* ---- the model's inputs */

/* A float input of the model that goes straight into sums and joins of halves would keep all of them float: it is a
 * candidate too, and becomes half by a cast in front. Inputs that only products read need none. */
static enum rt_type joined_type(const struct graph *g, const struct value *v)
{
	for (const struct node *n = g->first; n; n = n->next)
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] == v && all_inputs_alike(n) && writes_half(n) && is_half(feature_type(n->precision)))
				return feature_type(n->precision);
	return RT_F32;
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

static void mark_inputs(struct graph *g)
{
	for (int i = 0; i < g->n_inputs; i++)
		if (g->inputs[i]->type == RT_F32 && !g->inputs[i]->is_output && !g->inputs[i]->wide)
			g->inputs[i]->type = joined_type(g, g->inputs[i]);
}

static bool unmark_inputs(struct graph *g)
{
	bool changed = false;

	for (int i = 0; i < g->n_inputs; i++)
		if (is_half(g->inputs[i]->type) && !is_feature_input(g, g->inputs[i]))
			changed |= unmark_value(g->inputs[i], NULL);
	return changed;
}

/* ---- casts */

/* v as another type, by a Cast before a node. */
static struct value *insert_cast(
	struct ctx *c, struct graph *g, struct node *before, struct value *v, enum rt_type type, const char *reason)
{
	struct node like = { .name = v->name, .origin = v->name, .reason = reason };
	struct value *to = value_like(c, arena_text(c, "%s.%s", v->name, type_name(type)), type, v);
	struct node *cast = node_new(c, g, before, "", "Cast", &like, 1, 1);

	set_attribute_int(c, cast, "to", type);
	cast->name = to->name;
	cast->in[0] = v;
	cast->out[0] = to;
	to->def = cast;
	return to;
}

/* The C interface stays float. */
static void cast_inputs(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < g->n_inputs; i++) {
		struct value *v = g->inputs[i];
		enum rt_type type = v->type;
		if (!is_half(type) || v->given_half)
			continue;
		v->type = RT_F32;
		struct value *half = insert_cast(c, g, g->first, v, type, "its readers are halves");
		half->def->in[0] = NULL;
		replace_value(g, v, half);
		half->def->in[0] = v;
	}
}

/* Elements cannot change their type by being moved. */
static void cast_moved(struct ctx *c, struct graph *g, struct node *n)
{
	enum rt_type type = is_mover(n) && n->n_out && n->out[0] ? n->out[0]->type : RT_NOTYPE;

	for (int i = 0; i < n->n_in && is_float_type(type); i++) {
		struct value *v = n->in[i];
		if (is_computed_float(v) && v->type != type && (is_half(v->type) || is_half(type)))
			n->in[i] = insert_cast(c, g, n, v, type, arena_text(c, "%s moves it as another type", call_node(c, n)));
	}
}

/* ---- weights */

/* What speaks against weights of this type; NULL when nothing does. A weight beyond the type's range would become
 * infinite, and one below half's smallest normal number would lose digits. */
static const char *refuse_weights(struct ctx *c, enum rt_type type, const float *x, int64_t n)
{
	int64_t nonzero = 0, tiny = 0;
	double largest = 0;

	for (int64_t i = 0; i < n; i++) {
		double magnitude = fabs((double)x[i]);
		largest = fmax(largest, magnitude);
		nonzero += magnitude > 0;
		tiny += magnitude > 0 && magnitude < HALF_SMALLEST;
	}
	if (type == RT_F16 && largest >= 65520)
		return arena_text(c, "its weights reach %.3g, beyond half's 65504", largest);
	if (type == RT_F16 && tiny > nonzero / 2)
		return arena_text(c, "%.0f %% of its weights are below half's smallest normal number, 6.1e-5",
			100 * (double)tiny / (double)nonzero);
	return type == RT_BF16 && largest > 0x1.fep127 ? "its weights reach beyond bfloat16" : NULL;
}

struct value *short_weights(struct ctx *c, const struct value *w, enum rt_type type, const float *x)
{
	int64_t n = value_elements(w);
	uint16_t *to = NEW(c, uint16_t, (size_t)n + 1);

	for (int64_t i = 0; i < n; i++)
		to[i] = type == RT_F16 ? half_of_float(x[i]) : bfloat_of_float(x[i]);
	return value_constant(c, w->name, type, w->rank, w->dim, to);
}

struct value *narrow_weights(struct ctx *c, const struct value *w, enum rt_type type, const char **why)
{
	*why = refuse_weights(c, type, w->data, value_elements(w));
	if (*why)
		return NULL;
	struct value *narrow = short_weights(c, w, type, w->data);
	narrow->unrounded = w->data;
	return narrow;
}

static void halve_weights(struct ctx *c, struct graph *g, struct node *n)
{
	enum rt_type type = feature_type(n->precision);
	struct value *w = input(n, 1);
	const char *refused;
	(void)g;

	if (!is_product(n) || is_internal(n, "Attention") || !is_half(type) || !w->data || w->type != RT_F32 || w->is_exact)
		return;
	struct value *narrow = narrow_weights(c, w, type, &refused);
	if (narrow) {
		n->in[1] = narrow;
	} else {
		explain(n, refused);
		n->precision = PRECISION_FP32;
	}
}

void store_halves(struct ctx *c, struct graph *g)
{
	keep_given(g);
	mark_inputs(g);
	mark(c, g);
	for (bool changed = true; changed;) {
		changed = unmark(c, g);
		changed |= unmark_inputs(g);
	}
	cast_inputs(c, g);
	visit_nodes(c, g, cast_moved);
	visit_nodes(c, g, halve_weights);
}
