/* gluec.Attention: softmax(scale q kt) v. */
#include "op.h"
#include <string.h>

/* The operands as [batch, head, row, column]; missing leading dimensions are 1. */
static void as_four(const struct value *v, int64_t *dim)
{
	for (int i = 0; i < 4; i++)
		dim[i] = i < 4 - v->rank ? 1 : v->dim[i - (4 - v->rank)];
}

static struct view view_as_four(const struct view *view)
{
	struct view four = *view;

	four.rank = 4;
	for (int i = 0; i < 4; i++) {
		int own = i - (4 - view->rank);
		four.dim[i] = own < 0 ? 1 : view->dim[own];
		four.stride[i] = own < 0 ? 0 : view->stride[own];
	}
	return four;
}

struct attention {
	int64_t b, h, m, n, d, dv;
	int rank;
};

static void read_attention(struct ctx *c, const struct node *n, struct attention *a)
{
	int64_t q[4], k[4], v[4], qk[4], batch[4];

	for (int i = 0; i < 3; i++)
		if (n->in[i]->rank < 2 || n->in[i]->rank > 4)
			fail_node(c, n, "input %d is %s; [b,h,m,d] and [b,m,d] are supported", i, shape_text(c, n->in[i]));
	as_four(n->in[0], q);
	as_four(n->in[1], k);
	as_four(n->in[2], v);
	if (q[3] != k[2] || k[3] != v[2])
		fail_node(c, n, "q %s, transposed k %s and v %s do not fit each other", shape_text(c, n->in[0]),
			shape_text(c, n->in[1]), shape_text(c, n->in[2]));
	broadcast(c, n, 2, q, 2, k, qk);
	broadcast(c, n, 2, qk, 2, v, batch);
	*a = (struct attention){ batch[0], batch[1], q[2], v[2], q[3], v[3], n->in[0]->rank };
	for (int i = 1; i < 3; i++)
		a->rank = n->in[i]->rank > a->rank ? n->in[i]->rank : a->rank;
}

void attention_infer(struct ctx *c, struct node *n)
{
	struct attention a;

	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < 3; i++)
		need_type(c, n, i, "float");
	read_attention(c, n, &a);
	const int64_t dim[] = { a.b, a.h, a.m, a.dv };
	set_output(c, n, 0, n->in[0]->type, a.rank, dim + 4 - a.rank);
}

/* The operand with unit stride along its columns; strides of batch, head and row go to to[]. */
static const struct view *operand(
	struct lower *l, const struct view *view, const char *name, int64_t b, int64_t h, int32_t *to)
{
	const int64_t dim[] = { b, h, view->dim[2], view->dim[3] };
	int64_t stride[MAX_RANK];

	if (view->dim[3] != 1 && view->stride[3] != 1)
		view = view_densify(l, view, name);
	view_broadcast(view, 4, dim, stride);
	for (int i = 0; i < 3; i++)
		to[i] = small(stride[i]);
	struct view *kept = NEW(l->c, struct view, 1);
	*kept = *view;
	return kept;
}

/* The same by parts, whose scores are stored: the kernel has no form in double. */
static void lower_in_double(struct lower *l, struct node *n, const struct attention *a)
{
	const int64_t four[] = { a->b, a->h, a->m, a->n }, *dim = four + 4 - a->rank;
	struct value *scale = part_number(l, n, RT_F64, attribute_float(l->c, n, "scale", 1));
	struct value *scores = temporary(l, n, RT_F64, a->rank, dim);
	struct node *product = part_new(l, n, "", "MatMul", 2, n->in[0], n->in[1]);

	part_last(l, part_new(l, n, "", "Mul", 2, part_lower(l, product, RT_F64, a->rank, dim), scale), scores);
	struct node *softmax = part_new(l, n, "", "Softmax", 1, scores);
	set_attribute_int(l->c, softmax, "axis", -1);
	scores = part_lower(l, softmax, RT_F64, a->rank, dim);
	part_last(l, part_new(l, n, "", "MatMul", 2, scores, n->in[2]), n->out[0]);
}

void attention_lower(struct lower *l, struct node *n)
{
	static const int transposed[] = { 0, 1, 3, 2 }, rows_first[] = { 0, 2, 1, 3 };
	const struct view *x[3];
	struct view four[3];
	struct attention a;
	enum rt_type type = n->in[0]->type;

	if (nothing_to_compute(l, n))
		return;
	read_attention(l->c, n, &a);
	if (l->c->in_double && a.n) {
		lower_in_double(l, n, &a);
		return;
	}
	for (int i = 1; i < 3; i++)
		type = n->in[i]->type == type ? type : RT_F32;
	struct rt_attention p = { .b = small(a.b),
		.h = small(a.h),
		.m = small(a.m),
		.n = small(a.n),
		.d = small(a.d),
		.dv = small(a.dv),
		.scale = (float)attribute_float(l->c, n, "scale", 1),
		.x_type = kernel_type(type),
		.y_type = stored_type(n->out[0]->type),
		.y_scale = y_scale(l->c, n),
		.y_zero = y_zero(l->c, n),
		.split = n->split };
	struct view *y = output_new(l, n, 0, p.y_type, a.rank == 4 ? rows_first : NULL);
	if (a.n == 0) {
		fill_view(l, n, y, NULL);
		output_done(l, n, 0, y);
		return;
	}
	int32_t *const to[] = { p.q, p.k, p.v, p.y };
	for (int i = 0; i < 3; i++) {
		four[i] = view_as_four(view_cast(l, view_of(l, n->in[i]), p.x_type, n->in[i]->name));
		if (i == 1)
			four[i] = view_permute(&four[i], transposed);
		x[i] = operand(l, &four[i], n->in[i]->name, a.b, a.h, to[i]);
	}
	struct view out = view_as_four(y);
	for (int i = 0; i < 3; i++)
		p.y[i] = small(out.stride[i]);
	struct call *call = call_new(l, n, KERNEL_attention, &p);
	call_argument(call, 0, argument_of(y));
	for (int i = 0; i < 3; i++)
		call_argument(call, 1 + i, argument_of(x[i]));
	output_done(l, n, 0, y);
}
