/* Quantizers that no product took in become the element-wise nodes that they are short for, so that these are computed
 * in one call with their neighbours: QuantizeLinear is saturate(round(x / scale) + zero point), DequantizeLinear
 * (x - zero point) scale. The roundings are those of op/quantize.c, which lowers what is left: quantizers by parameters
 * that are computed or come in blocks. */
#include "element.h"
#include "pass/fuse.h"

/* The node behind which the next one goes, and what it makes. */
struct chain {
	struct ctx *c;
	struct graph *g;
	struct node *like; /* the quantizer, which stands behind all of it */
	struct value *x;
};

static void append(struct chain *t, const char *type, enum rt_type result, struct value *operand)
{
	struct node *n = node_new(t->c, t->g, t->like, "", type, t->like, operand ? 2 : 1, 1);
	const struct value *y = t->like->out[0];

	/* The names of the quantizer's own nodes go to its last part. */
	n->origin = "";
	n->in[0] = t->x;
	if (operand)
		n->in[1] = operand;
	t->x = n->out[0] = value_like(t->c, y->name, result, y);
	n->out[0]->def = n;
}

static void append_cast(struct chain *t, enum rt_type to)
{
	if (t->x->type == to)
		return;
	append(t, "Cast", to, NULL);
	set_attribute_int(t->c, t->x->def, "to", to);
}

/* The scale or zero point as floats that broadcast to x along `axis`. */
static struct value *spread(struct ctx *c, const struct node *n, const struct value *v)
{
	const struct value *x = n->in[0];
	int64_t count = value_elements(v), axis = attribute_int(c, n, "axis", 1), dim[MAX_RANK];

	if (count == 1)
		return value_float(c, v->name, (float)constant_real(v, 0));
	axis += axis < 0 ? x->rank : 0;
	for (int i = 0; i < x->rank; i++)
		dim[i] = i == axis ? count : 1;
	return value_constant(c, v->name, RT_F32, x->rank, dim, constant_floats(c, v));
}

static bool is_all(const struct value *v, double x)
{
	for (int64_t i = v ? value_elements(v) : 0; i-- > 0;)
		if (constant_real(v, i) != x)
			return false;
	return true;
}

/* The last node takes the quantizer's output and names. */
static void finish(struct chain *t)
{
	struct node *last = t->x->def;

	last->origin = t->like->origin;
	last->out[0] = t->like->out[0];
	last->out[0]->def = last;
	node_remove(t->g, t->like);
}

/* What the quantizer n rounds to, as a float. */
static void append_rounding(struct chain *t, const struct node *n)
{
	const enum rt_type type = n->out[0]->type;
	const struct value *zero = input(n, 2);

	if (!is_all(n->in[1], 1))
		append(t, "Div", RT_F32, spread(t->c, n, n->in[1]));
	if (!is_narrow_float(type))
		append(t, "Round", RT_F32, NULL);
	if (!is_all(zero, 0))
		append(t, "Add", RT_F32, spread(t->c, n, zero));
	if (is_narrow_float(type))
		return;
	append(t, "Max", RT_F32, value_float(t->c, n->name, (float)smallest_integer(type)));
	append(t, "Min", RT_F32, value_float(t->c, n->name, (float)largest_integer(type)));
}

static void expand_quantize(struct chain *t)
{
	const struct node *n = t->like;
	const enum rt_type type = n->out[0]->type;

	append_rounding(t, n);
	append_cast(t, type);
	if (is_narrow_float(type))
		set_attribute_int(t->c, t->x->def, "saturate", attribute_int(t->c, n, "saturate", 1));
	finish(t);
}

/* Differences of numbers of 16 bits and less are exact in float. Where nobody but n reads the integers that it makes
 * numbers of, they are never stored: `quantizer` is the node that would. */
static void expand_dequantize(struct chain *t, struct node *quantizer)
{
	const struct node *n = t->like;
	const struct value *zero = input(n, 2);

	if (quantizer) {
		t->x = quantizer->in[0];
		append_rounding(t, quantizer);
		node_absorb(t->c, t->like, quantizer);
	}
	append_cast(t, RT_F32);
	if (!is_all(zero, 0))
		append(t, "Sub", RT_F32, spread(t->c, n, zero));
	if (!is_all(n->in[1], 1))
		append(t, "Mul", RT_F32, spread(t->c, n, n->in[1]));
	finish(t);
}

static bool is_expandable(struct ctx *c, const struct node *n)
{
	bool quantizes = is_op(n, "QuantizeLinear");

	if ((!quantizes && !is_op(n, "DequantizeLinear")) || attribute_int(c, n, "block_size", 0) || c->in_double)
		return false;
	const struct value *q = quantizes ? n->out[0] : n->in[0], *x = quantizes ? n->in[0] : n->out[0];
	const struct value *scale = n->in[1], *zero = input(n, 2);
	return x->type == RT_F32 && scale->type == RT_F32 && scale->data && (!zero || zero->data) && q->type != RT_I32 &&
		   (!attribute_int(c, n, "precision", 0) || attribute_int(c, n, "precision", 0) == RT_F32);
}

/* The QuantizeLinear that makes integers for n alone, or NULL. */
static struct node *own_quantizer(struct ctx *c, const struct node *n)
{
	struct node *q = is_op(n, "DequantizeLinear") && !n->in[0]->data ? n->in[0]->def : NULL;

	return is_op(q, "QuantizeLinear") && is_expandable(c, q) && is_expandable(c, n) && only_reader(q->out[0]) == n &&
				   is_integer_type(q->out[0]->type)
			   ? q
			   : NULL;
}

/* Computing numbers from their bytes again is cheaper than storing them: each of v's element-wise readers does. */
static void copy_for_readers(struct ctx *c, struct graph *g, struct node *n)
{
	if (!is_op(n, "DequantizeLinear") || !is_expandable(c, n))
		return;
	struct value *v = n->out[0];
	if (v->is_output || v->uses < 2)
		return;
	for (struct node *r = n->next; r; r = r->next)
		for (int i = 0; i < r->n_in; i++) {
			if (r->in[i] != v || !(r->op->flags & OP_ELEMENTWISE || is_op(r, "QuantizeLinear")))
				continue;
			struct node *own = node_new(c, g, n, "", "DequantizeLinear", n, n->n_in, 1);
			for (int k = 0; k < n->n_in; k++)
				own->in[k] = n->in[k];
			own->attributes = n->attributes;
			own->out[0] = value_like(c, v->name, v->type, v);
			own->out[0]->def = own;
			r->in[i] = own->out[0];
		}
}

static void expand(struct ctx *c, struct graph *g, struct node *n)
{
	const struct node *reader = is_op(n, "QuantizeLinear") ? only_reader(n->out[0]) : NULL;
	struct chain t = { c, g, n, input(n, 0) };

	if (!is_expandable(c, n) || (reader && own_quantizer(c, reader)))
		return;
	if (is_op(n, "QuantizeLinear"))
		expand_quantize(&t);
	else
		expand_dequantize(&t, own_quantizer(c, n));
}

void expand_quantizers(struct ctx *c, struct graph *g)
{
	count_uses(g);
	visit_nodes(c, g, copy_for_readers);
	count_uses(g);
	visit_nodes(c, g, expand);
	remove_dead(g);
}
