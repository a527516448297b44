/* gluec.IntegerMatMul: a MatMul of two tensors of bytes that are both computed, by matmul_int8, whose contract in
 * rt_bytes.h says what the attributes a_zero, b_zero, scale and y_zero mean; `to` is the type of the result. */
#include "op.h"

/* The batch that the operands [.., m, k] and [.., k, n] broadcast to. */
static int batch_of(struct ctx *c, const struct node *n, int64_t *batch)
{
	const struct value *a = n->in[0], *b = n->in[1];

	return broadcast(c, n, a->rank - 2, a->dim, b->rank - 2, b->dim, batch);
}

void integer_matmul_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "u8 i8");
	need_type(c, n, 1, "u8 i8");
	const struct value *a = n->in[0], *b = n->in[1];
	if (a->rank < 2 || b->rank < 2 || a->dim[a->rank - 1] != b->dim[b->rank - 2])
		fail_node(c, n, "operands %s and %s do not fit each other", shape_text(c, a), shape_text(c, b));
	int rank = batch_of(c, n, dim);
	dim[rank++] = a->dim[a->rank - 2];
	dim[rank++] = b->dim[b->rank - 1];
	set_output(c, n, 0, (enum rt_type)attribute_int(c, n, "to", RT_F32), rank, dim);
}

/* The rows of all heads stand together, as attention stores them: what follows reads them so. */
void integer_matmul_lower(struct lower *l, struct node *n)
{
	static const int rows_first[] = { 0, 2, 1, 3 };
	int64_t batch[MAX_RANK];
	struct product_space s;

	if (nothing_to_compute(l, n))
		return;
	const int rank = batch_of(l->c, n, batch);
	struct view *y = output_new(l, n, 0, n->out[0]->type, rank == 2 ? rows_first : NULL);
	product_space(l, n, y, rank, batch, view_of(l, n->in[0]), view_of(l, n->in[1]), &s);
	const struct rt_matmul_int8 p = { .b0 = s.batch[0],
		.b1 = s.batch[1],
		.m = s.m,
		.n = s.n,
		.k = s.k,
		.a = { s.a[0], s.a[1], s.a[2], s.a[3] },
		.b = { s.b[0], s.b[1], s.b[2], s.b[3] },
		.y = { s.y[0], s.y[1], s.y[2] },
		.scale = (float)attribute_float(l->c, n, "scale", 1),
		.a_zero = small(attribute_int(l->c, n, "a_zero", 0)),
		.b_zero = small(attribute_int(l->c, n, "b_zero", 0)),
		.y_zero = y_zero(l->c, n),
		.a_type = n->in[0]->type,
		.b_type = n->in[1]->type,
		.y_type = y->type };
	struct call *call = call_new(l, n, KERNEL_matmul_int8, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(s.of[0]));
	call_argument(call, 2, argument_of(s.of[1]));
}
