/* Which nodes may be joined with others into one over two pictures. */
#include "alike.h"
#include <string.h>

struct value *whole_of(struct ctx *c, const struct value *v, int64_t *half)
{
	struct node *view = v->def && is_internal(v->def, "View") ? v->def : NULL;

	*half = view ? attribute_int(c, view, "half", -1) : -1;
	return *half >= 0 ? view->in[0] : NULL;
}

/* May v become a half: has it one element along its first dimension, and room for another? */
static bool may_join(const struct value *v)
{
	int64_t elements = value_elements(v);

	return v->rank >= 1 && v->dim[0] == 1 && elements > 0 && elements <= MAX_ELEMENTS / 2;
}

bool is_seed(const struct node *n)
{
	return is_internal(n, "Linear") && n->in[0]->rank >= 3 && !n->in[0]->data && may_join(n->in[0]) &&
		   may_join(n->out[0]);
}

static bool same_contents(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	return a && b && a->data && b->data && a->type == b->type && same_shape(a, b) &&
		   !memcmp(a->data, b->data, value_bytes(a));
}

/* Are all inputs behind the first the same constants? */
static bool same_constants(const struct node *a, const struct node *b)
{
	if (a->n_in != b->n_in)
		return false;
	for (int i = 1; i < a->n_in; i++)
		if ((a->in[i] || b->in[i]) && (!a->in[i] || !a->in[i]->data || !same_contents(a->in[i], b->in[i])))
			return false;
	return true;
}

bool are_seeds(const struct node *a, const struct node *b)
{
	return a->in[0] != b->in[0] && a->in[0]->type == b->in[0]->type && same_shape(a->in[0], b->in[0]) &&
		   same_constants(a, b) && same_attributes(a, b);
}

/* Do the operands broadcast to the result, those that are halves with their first dimension at the result's first?
 * Dimensions that broadcasting adds would stand before the halves; constants repeat along the first. */
static bool broadcasts_along_batch(const struct node *n)
{
	int rank = n->out[0]->rank;

	for (int i = 0; i < n->n_in; i++)
		if (n->in[i] && (n->in[i]->data ? n->in[i]->rank >= rank && n->in[i]->dim[0] != 1 : n->in[i]->rank != rank))
			return false;
	return true;
}

/* Is the first dimension one of separate elements, for which n does the same? */
static bool works_along_batch(struct ctx *c, const struct node *n)
{
	int64_t list[MAX_RANK], axis = attribute_int(c, n, "axis", is_internal(n, "LayerNorm") ? -1 : 0);
	int rank = n->out[0]->rank;
	bool inside = axis > 0 || (axis < 0 && axis > -n->in[0]->rank);

	if (n->op->flags & OP_ELEMENTWISE || is_internal(n, "Rotary") || is_internal(n, "Attention"))
		return broadcasts_along_batch(n) && rank >= 2 + is_internal(n, "Attention");
	if (is_internal(n, "Linear"))
		return rank >= 2;
	if (is_internal(n, "LayerNorm"))
		return inside && same_constants(n, n);
	if (is_op(n, "Transpose"))
		return attribute_ints(c, n, "perm", list, MAX_RANK) == rank && list[0] == 0;
	if (is_op(n, "Concat")) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i]->data)
				return false;
		return inside;
	}
	if (is_op(n, "Split"))
		return inside;
	if (is_op(n, "Gather"))
		return n->in[1]->data && inside;
	if (is_op(n, "Slice")) {
		int count = n->version < 10 ? -1 : constant_ints(input(n, 3), list, MAX_RANK);
		for (int i = 0; i < count; i++)
			if (list[i] == 0 || list[i] == -rank)
				return false;
		return count > 0;
	}
	return is_op(n, "Reshape") || is_internal(n, "View");
}

bool treats_halves(struct ctx *c, const struct node *n)
{
	bool some = false;
	int64_t half;

	for (int i = 0; i < n->n_in; i++) {
		if (!n->in[i] || n->in[i]->data)
			continue;
		if (!may_join(n->in[i]) || !whole_of(c, n->in[i], &half))
			return false;
		some = true;
	}
	for (int i = 0; i < n->n_out; i++)
		if (!n->out[i] || !may_join(n->out[i]))
			return false;
	return some && n->n_out > 0 && works_along_batch(c, n);
}

bool are_twins(struct ctx *c, const struct node *a, const struct node *b)
{
	int64_t i_a, i_b;

	if (a->op != b->op || a->n_in != b->n_in || a->n_out != b->n_out || a->version != b->version ||
		!same_attributes(a, b))
		return false;
	for (int i = 0; i < a->n_in; i++) {
		const struct value *x = a->in[i], *y = b->in[i];
		if (!x || !y || x->data || y->data) {
			if (x != y && !same_contents(x, y))
				return false;
			continue;
		}
		const struct value *m = whole_of(c, x, &i_a);
		if (!m || m != whole_of(c, y, &i_b) || i_a == i_b)
			return false;
	}
	for (int i = 0; i < a->n_out; i++)
		if (!same_shape(a->out[i], b->out[i]) || a->out[i]->type != b->out[i]->type)
			return false;
	return true;
}
