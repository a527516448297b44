/* Rotation of neighbouring channel pairs: x reshaped to pairs (a, b), then (a cos - b sin, b cos + a sin) joined. */
#include "recognize.h"
#include <string.h>

/* Is v the product of x and a factor? Then *factor is it. */
static bool is_product(const struct value *v, const struct value *x, struct value **factor)
{
	struct node *mul = made_by(v, "Mul");

	for (int i = 0; mul && i < 2; i++)
		if (mul->in[i] == x) {
			*factor = mul->in[1 - i];
			return true;
		}
	return false;
}

/* even = a cos - b sin and odd = b cos + a sin for the halves a, b of a split. */
static bool is_rotation(
	const struct node *even, const struct node *odd, const struct node *split, struct value **cos, struct value **sin)
{
	const struct value *a = split->out[0], *b = split->out[1];
	struct value *cos2, *sin2;

	if (!is_product(even->in[0], a, cos) || !is_product(even->in[1], b, sin))
		return false;
	for (int i = 0; i < 2; i++)
		if (is_product(odd->in[i], b, &cos2) && is_product(odd->in[1 - i], a, &sin2) && cos2 == *cos && sin2 == *sin)
			return true;
	return false;
}

/* The Split into single channels that both products read. */
static struct node *find_split(const struct node *even)
{
	struct node *mul = made_by(even->in[0], "Mul"), *split = NULL;

	for (int i = 0; mul && !split && i < 2; i++)
		split = made_by(mul->in[i], "Split");
	return split && split->n_out == 2 && split->out[0] && split->out[1] ? split : NULL;
}

bool recognize_rotary(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *join = is_op(n, "Reshape") ? made_by(n->in[0], "Concat") : NULL, *even, *odd, *split, *pairs;
	struct value *cos, *sin;

	if (!join || join->n_in != 2 || n->out[0]->rank != 4)
		return false;
	even = made_by(join->in[0], "Sub");
	odd = made_by(join->in[1], "Add");
	split = even && odd ? find_split(even) : NULL;
	pairs = split ? made_by(split->in[0], "Reshape") : NULL;
	if (!pairs || !is_rotation(even, odd, split, &cos, &sin))
		return false;
	/* [..., d] -> [..., d/2, 2] -> [..., d], split and joined along the last axis. */
	const struct value *x = pairs->in[0], *p = split->in[0];
	if (p->rank != 5 || p->dim[4] != 2 || !same_shape(x, n->out[0]) || x->rank != 4 || p->dim[3] * 2 != x->dim[3] ||
		!same_shape(n->in[0], p) || split->out[0]->dim[4] != 1 || cos->rank != 5 || sin->rank != 5 ||
		memcmp(p->dim, x->dim, 3 * sizeof *x->dim) || x->type == RT_F64)
		return false;
	struct node *rotary = replace_end(c, g, n, "Rotary", 3);
	rotary->in[0] = pairs->in[0];
	rotary->in[1] = cos;
	rotary->in[2] = sin;
	node_absorb(c, rotary, join);
	node_absorb(c, rotary, odd);
	node_absorb(c, rotary, even);
	node_absorb(c, rotary, split);
	return true;
}
