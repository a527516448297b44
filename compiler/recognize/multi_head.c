/* com.microsoft MultiHeadAttention in all its forms: its operands as views of what they are packed from, the product
 * of attention, and the heads side by side again. */
#include "recognize.h"
#include "trace.h"
#include <math.h>
#include <string.h>

/* Operand `part` of `parts` in v, as [b, heads, rows, d]. */
static bool read_operand(struct ctx *c, struct value *v, int64_t heads, int part, struct trace *t)
{
	static const int heads_first[] = { 0, 2, 1, 3 };

	*t = trace_value(c, v);
	if (v->rank == 5 && !trace_slice(t, 3, part, 1, 1))
		return false;
	trace_enter(c, t);
	const int64_t d = v->rank == 5 ? v->dim[4] : v->rank == 3 ? v->dim[2] / heads : v->dim[3];
	const int64_t dim[] = { v->dim[0], v->dim[1], v->rank == 4 ? v->dim[2] : heads, d };
	return trace_reshape(t, 4, dim) && (v->rank == 4 || trace_permute(t, heads_first));
}

static bool is_straight(const struct trace *t)
{
	for (int i = 0; i < t->rank; i++)
		if (t->first[i + 1] - t->first[i] > 1)
			return false;
	return true;
}

bool recognize_multi_head(struct ctx *c, struct graph *g, struct node *n)
{
	static const int transposed[] = { 0, 1, 3, 2 };
	static const int64_t rows_first[] = { 0, 2, 1, 3 };
	struct trace t[3];

	if (strcmp(n->domain, "com.microsoft") || strcmp(n->type, "MultiHeadAttention") || !value_elements(n->out[0]) ||
		n->out[0]->type == RT_F64)
		return false;
	struct value *q = n->in[0], *k = input(n, 1), *v = input(n, 2), *y = n->out[0];
	int64_t heads = attribute_int(c, n, "num_heads", 1);
	if (!read_operand(c, q, heads, 0, &t[0]) || !read_operand(c, k ? k : q, heads, k ? 0 : 1, &t[1]) ||
		!read_operand(c,
			v   ? v
			: k ? k
				: q,
			heads,
			v   ? 0
			: k ? 1
				: 2,
			&t[2]) ||
		!trace_permute(&t[1], transposed))
		return false;
	for (int i = 0; i < 3; i++)
		if (!is_straight(&t[i]))
			return false;
	double scale = attribute_float(c, n, "scale", 0);
	const int64_t d = trace_dim(&t[0], 3), dv = trace_dim(&t[2], 3), m = y->dim[1];
	const int64_t apart[] = { y->dim[0], heads, m, dv }, joined[] = { y->dim[0], m, heads, dv };
	struct value *operand[3];
	for (int i = 0; i < 3; i++)
		operand[i] = trace_view(c, g, n, &t[i]);
	struct value *x = insert_node(c, g, n, "gluec", "Attention", 3, operand[0], 4, apart);
	x->def->in[1] = operand[1];
	x->def->in[2] = operand[2];
	set_attribute_float(c, x->def, "scale", scale != 0 ? scale : 1 / sqrt((double)d));
	x = insert_node(c, g, n, "", "Transpose", 1, x, 4, joined);
	set_attribute_ints(c, x->def, "perm", 4, rows_first);
	replace_by_reshape(c, g, n, x);
	return true;
}
