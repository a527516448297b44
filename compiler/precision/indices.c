/* Indices and pixel coordinates in floating point. Half holds every integer only up to 2048, and none beyond 65504: a
 * picture of 1024 x 1024 has 1048576 places. So no index is ever stored as half by gluec's own choice, and where the
 * file itself casts indices to half that are not proved to fit, the cast goes to float instead, and so does everything
 * computed from it by arithmetic on indices, until it is cast back to integers or becomes a real number by another
 * operation, which gets it as the half that the file says. */
#include "precision.h"
#include <string.h>

enum { HALF_EXACT = 2048 };

/* Arithmetic on indices and coordinates, of which integers and their fractions come out. */
static bool carries_indices(const struct node *n)
{
	static const char *const names[] = { "Add", "Sub", "Mul", "Div", "Mod", "Floor", "Ceil", "Round", "Neg", "Abs",
		"Min", "Max", "Clip", "Where", "Range", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
		"ReduceMin", "ReduceMax", "ScatterND", "ScatterElements" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_op(n, names[i]))
			return true;
	return n->op->flags & OP_MOVES;
}

static bool is_kept(const struct value *v)
{
	return v && v->kept_float && v->type == RT_F32;
}

static bool is_cast(const struct node *n)
{
	return is_op(n, "Cast") || (is_op(n, "CastLike") && n->n_in == 2 && n->in[1]);
}

static enum rt_type cast_type(struct ctx *c, const struct node *n)
{
	return is_op(n, "Cast") ? (enum rt_type)attribute_int(c, n, "to", RT_NOTYPE) : n->in[1]->type;
}

static void keep_cast(struct ctx *c, struct node *n)
{
	if (is_op(n, "Cast"))
		set_attribute_int(c, n, "to", RT_F32);
	else
		n->in[1] = value_float(c, "float", 0);
	if (n->n_out > 0 && n->out[0])
		n->out[0]->kept_float = true;
}

/* Integers that are proved to be exact in half, because there are no others of their type or by what they are. */
static bool fits_half(const struct value *v, struct range r)
{
	if (!is_integer_type(v->type) || rt_type_size(v->type) == 1 || !value_elements(v))
		return true;
	return r.known && r.low >= -HALF_EXACT && r.high <= HALF_EXACT;
}

static void note_kept(struct ctx *c, const struct node *n, struct range r)
{
	const char *what = r.known ? arena_text(c, "integers from %lld to %lld", (long long)r.low, (long long)r.high)
							   : "integers of unknown size";

	note_node(c, n, "it makes halves of %s, but half holds integers only up to %d: kept in float", what, HALF_EXACT);
}

/* Does n compute integers in half, from others that are exact, that half does not hold? */
static bool outgrows_half(struct ctx *c, const struct node *n)
{
	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && n->in[i]->type == RT_F16 && !n->in[i]->data) {
			struct range r = output_range(c, n, 0);
			bool fits = !r.known || (r.low >= -HALF_EXACT && r.high <= HALF_EXACT);
			if (!fits)
				note_kept(c, n, r);
			return !fits;
		}
	return false;
}

/* v as another type, by a cast in front of `before` that is inferred at once. */
static struct value *cast_value(
	struct ctx *c, struct graph *g, struct node *before, struct value *v, enum rt_type to, const char *name)
{
	struct node like = { .name = name, .origin = before ? before->origin : name };
	struct node *cast = node_new(c, g, before, "", "Cast", &like, 1, 1);

	set_attribute_int(c, cast, "to", to);
	cast->in[0] = v;
	cast->out[0] = value_new(c, name, RT_NOTYPE, -1, NULL);
	cast->out[0]->def = cast;
	cast->op->infer(c, cast);
	propagate_count(c, g, cast);
	if (fold_node(c, cast))
		node_remove(g, cast);
	return cast->out[0];
}

static bool has_kept_input(const struct node *n)
{
	for (int i = 0; i < n->n_in; i++)
		if (is_kept(n->in[i]))
			return true;
	return false;
}

static void keep_casts(struct ctx *c, struct node *n)
{
	/* The type of what is kept is half, for those who ask. */
	if (is_op(n, "CastLike") && is_kept(input(n, 1)))
		n->in[1] = value_constant(c, "half", RT_F16, 0, NULL, NEW(c, uint16_t, 1));
	if (!input(n, 0) || cast_type(c, n) != RT_F16)
		return;
	struct range r = value_range(n->in[0]);
	bool fits = fits_half(n->in[0], r);
	if (!fits)
		note_kept(c, n, r);
	if (!fits || is_kept(n->in[0]))
		keep_cast(c, n);
}

void keep_indices(struct ctx *c, struct graph *g, struct node *n)
{
	bool carries = carries_indices(n);

	if (c->in_double)
		return;
	if (is_cast(n))
		keep_casts(c, n);
	if (is_cast(n) || is_op(n, "Shape") || is_op(n, "Size") || !(has_kept_input(n) || (carries && outgrows_half(c, n))))
		return;
	for (int i = 0; i < n->n_in; i++) {
		struct value *v = n->in[i];
		if (carries && v && v->type == RT_F16)
			n->in[i] = cast_value(c, g, n, v, RT_F32, arena_text(c, "%s.f32", v->name));
		/* What is sampled may be half while the places are float. */
		if (!carries && is_kept(v) && !(is_op(n, "GridSample") && i == 1))
			n->in[i] = cast_value(c, g, n, v, RT_F16, arena_text(c, "%s.f16", v->name));
	}
	for (int i = 0; carries && i < n->n_out; i++)
		if (n->out[i])
			n->out[i]->kept_float = true;
}

void return_halves(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < g->n_outputs; i++) {
		struct value *v = g->outputs[i];
		if (!is_kept(v))
			continue;
		const char *name = v->name;
		v->name = arena_text(c, "%s.f32", name);
		g->outputs[i] = cast_value(c, g, NULL, v, RT_F16, name);
	}
}

enum { MAX_DEPTH = 32 };

/* A table of places, such as a grid of pixels, that was computed from integers. A single number is a size or a factor,
 * and makes no places of what it multiplies. */
static bool is_table(const struct value *v, int depth)
{
	const struct node *n = v && v->data ? v->folded : NULL;

	if (!n || !depth || value_elements(v) < 2)
		return false;
	if (is_op(n, "Range") || (is_op(n, "Cast") && is_integer_type(n->in[0]->type)))
		return true;
	for (int i = 0; carries_indices(n) && i < n->n_in; i++)
		if (is_table(n->in[i], depth - 1))
			return true;
	return false;
}

static bool makes_positions(const struct node *n)
{
	if (is_op(n, "Cast") && is_integer_type(n->in[0]->type))
		return true;
	for (int i = 0; carries_indices(n) && i < n->n_in; i++)
		if (n->in[i] && (n->in[i]->is_position || is_table(n->in[i], MAX_DEPTH)))
			return true;
	return false;
}

static void mark_positions(struct ctx *c, struct graph *g, struct node *n)
{
	(void)c;
	(void)g;
	for (int i = 0; makes_positions(n) && i < n->n_out; i++)
		if (n->out[i] && is_float_type(n->out[i]->type))
			n->out[i]->is_position = true;
}

void find_positions(struct ctx *c, struct graph *g)
{
	visit_nodes(c, g, mark_positions);
}
