/* com.microsoft MultiHeadAttention: views of the packed or unpacked operands, gluec.Attention, and the heads side by
 * side again. Forms: q [b,m,h*d] with k and v [b,n,h*d] or [b,h,n,d]; q [b,m,h*d] with k and v packed as [b,n,h,2,d];
 * all of them packed as [b,n,h,3,d]. */
#include "op.h"
#include <math.h>
#include <string.h>

static int64_t read_heads(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "num_heads", attribute_int(c, n, "num_heads", 0), 1, MAX_ELEMENTS);
}

/* Operand `part` of `parts` that v holds, as [b, h, rows, d]. */
static struct view head_view(const struct view *v, int64_t heads, int part)
{
	struct view to = *v;

	if (v->rank == 5) {
		to.offset += part * v->stride[3];
		to.dim[3] = v->dim[4];
		to.stride[3] = v->stride[4];
	} else if (v->rank == 3) {
		to.dim[2] = heads;
		to.dim[3] = v->dim[2] / heads;
		to.stride[3] = v->stride[2];
		to.stride[2] = to.dim[3] * v->stride[2];
	}
	to.rank = 4;
	static const int heads_first[] = { 0, 2, 1, 3 };
	return v->rank == 4 ? to : view_permute(&to, heads_first);
}

/* Where q, k and v are: the input and the part of it. */
struct source {
	struct value *value;
	int part;
};

static void find_sources(struct ctx *c, const struct node *n, struct source *s)
{
	struct value *q = n->in[0], *k = input(n, 1), *v = input(n, 2);
	int64_t heads = read_heads(c, n);

	if (!k && !v && q->rank == 5) {
		for (int i = 0; i < 3; i++)
			s[i] = (struct source){ q, i };
	} else if (k && !v && k->rank == 5) {
		s[0] = (struct source){ q, 0 };
		s[1] = (struct source){ k, 0 };
		s[2] = (struct source){ k, 1 };
	} else if (k && v) {
		s[0] = (struct source){ q, 0 };
		s[1] = (struct source){ k, 0 };
		s[2] = (struct source){ v, 0 };
	} else {
		fail_node(c, n, "the form of its operands is not supported: q is %s, k %s, v %s", shape_text(c, q),
			k ? shape_text(c, k) : "left out", v ? shape_text(c, v) : "left out");
	}
	for (int i = 0; i < 3; i++) {
		const struct value *x = s[i].value;
		int64_t parts = !k ? 3 : 2;
		bool packed = x->rank == 5 && x->dim[2] == heads && x->dim[3] == parts && (!k || (i > 0 && !v));
		bool apart = x->rank == 3 && x->dim[2] % heads == 0;
		if (!packed && !apart && !(x->rank == 4 && i > 0 && x->dim[1] == heads))
			fail_node(c, n, "%s does not fit %lld heads", shape_text(c, x), (long long)heads);
	}
}

/* The three operands as values that gluec.Attention takes; without a lowering only their shapes. */
static void find_operands(struct ctx *c, struct lower *l, const struct node *n, struct value **operand)
{
	static const int transposed[] = { 0, 1, 3, 2 };
	struct source s[3];

	find_sources(c, n, s);
	for (int i = 0; i < 3; i++) {
		struct view view = { .type = s[i].value->type, .rank = s[i].value->rank };
		memcpy(view.dim, s[i].value->dim, sizeof view.dim);
		view = head_view(l ? view_of(l, s[i].value) : &view, read_heads(c, n), s[i].part);
		if (i == 1)
			view = view_permute(&view, transposed);
		operand[i] = value_new(c, s[i].value->name, view.type, 4, view.dim);
		if (l)
			view_set(l, operand[i], &view);
	}
}

void multi_head_infer(struct ctx *c, struct node *n)
{
	struct value *x[3];

	need_inputs(c, n, 1, 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	if (attribute_int(c, n, "unidirectional", 0))
		fail_node(c, n, "unidirectional = 1 is not supported");
	find_operands(c, NULL, n, x);
	const int64_t *q = x[0]->dim, *kt = x[1]->dim, *v = x[2]->dim;
	if (q[0] != kt[0] || q[0] != v[0] || q[3] != kt[2] || kt[3] != v[2])
		fail_node(c, n, "its operands do not fit each other: q %s, k %s, v %s", shape_text(c, n->in[0]),
			input(n, 1) ? shape_text(c, n->in[1]) : "packed", input(n, 2) ? shape_text(c, n->in[2]) : "packed");
	const int64_t dim[] = { q[0], q[2], q[1] * v[3] };
	set_output(c, n, 0, n->in[0]->type, 3, dim);
}

void multi_head_lower(struct lower *l, struct node *n)
{
	static const int rows_first[] = { 0, 2, 1, 3 };
	struct value *x[3], *y = n->out[0];

	if (nothing_to_compute(l, n))
		return;
	find_operands(l->c, l, n, x);
	struct node *part = part_new(l, n, "gluec", "Attention", 3, x[0], x[1], x[2]);
	double scale = attribute_float(l->c, n, "scale", 0);
	set_attribute_float(l->c, part, "scale", scale != 0 ? scale : 1 / sqrt((double)x[0]->dim[3]));
	const int64_t dim[] = { x[0]->dim[0], x[0]->dim[1], x[0]->dim[2], x[2]->dim[3] };
	struct value *heads = part_lower(l, part, y->type, 4, dim);
	struct view rows = view_permute(heads->view, rows_first);
	rows = view_reshaped(l, &rows, 3, y->dim, y->name);
	output_view(l, n, 0, &rows);
}
