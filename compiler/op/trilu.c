/* Trilu: a triangle of each matrix, by a constant mask. */
#include "op.h"
#include <string.h>

static int64_t read_diagonal(struct ctx *c, const struct node *n)
{
	int64_t k = 0;

	if (input(n, 1) && need_ints(c, n, 1, "k", &k, 1) != 1)
		fail_node(c, n, "its k is %s; it must be one number", shape_text(c, n->in[1]));
	return k;
}

void trilu_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 2);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	if (x->rank < 2)
		fail_node(c, n, "its input is %s; it must have two dimensions or more", shape_text(c, x));
	read_diagonal(c, n);
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

void trilu_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *y = n->out[0];

	if (nothing_to_compute(l, n))
		return;
	const int64_t *dim = x->dim + x->rank - 2, k = read_diagonal(l->c, n);
	bool upper = attribute_int(l->c, n, "upper", 1) != 0;
	uint8_t *keep = NEW(l->c, uint8_t, (size_t)(dim[0] * dim[1]));
	for (int64_t i = 0; i < dim[0]; i++)
		for (int64_t j = 0; j < dim[1]; j++)
			keep[i * dim[1] + j] = upper ? j - i >= k : j - i <= k;
	struct value *mask = value_constant(l->c, arena_text(l->c, "%s.mask", n->name), RT_BOOL, 2, dim, keep);
	part_last(l, part_new(l, n, "", "Where", 3, mask, x, part_number(l, n, y->type, 0)), y);
}
