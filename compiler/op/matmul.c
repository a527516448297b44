/* MatMul, Gemm, and com.microsoft FusedMatMul. */
#include "op.h"
#include <string.h>

/* With more than two batch dimensions left after merging, the operands are spelled out: repeated where they broadcast,
 * and dense, so that the batch becomes one dimension. */
static const struct view *spell_out(
	struct lower *l, const struct node *n, const struct view *view, int rank, const int64_t *dim)
{
	struct view full = *view;

	view_broadcast(view, rank, dim, full.stride);
	full.rank = rank;
	memcpy(full.dim, dim, (size_t)rank * sizeof *dim);
	return view_densify(l, &full, n->name);
}

void product_space(struct lower *l, const struct node *n, const struct view *y, int batch_rank, const int64_t *batch,
	const struct view *a, const struct view *b, struct product_space *to)
{
	int64_t a_dim[MAX_RANK], b_dim[MAX_RANK], merged[MAX_RANK], stride[3][MAX_RANK];
	const int64_t *own_a = a->dim + a->rank - 2, *own_b = b->dim + b->rank - 2;
	int rank = batch_rank + 2;

	memcpy(a_dim, batch, (size_t)batch_rank * sizeof *batch);
	memcpy(b_dim, batch, (size_t)batch_rank * sizeof *batch);
	memcpy(merged, batch, (size_t)batch_rank * sizeof *batch);
	memcpy(a_dim + batch_rank, own_a, 2 * sizeof *own_a);
	memcpy(b_dim + batch_rank, own_b, 2 * sizeof *own_b);
	view_broadcast(a, rank, a_dim, stride[0]);
	view_broadcast(b, rank, b_dim, stride[1]);
	if (y)
		memcpy(stride[2], y->stride, sizeof y->stride);
	*to = (struct product_space){
		.batch = { 1, 1 },
		.m = small(own_a[0]),
		.n = small(own_b[1]),
		.k = small(own_a[1]),
		.a = { 0, 0, small(stride[0][rank - 2]), small(stride[0][rank - 1]) },
		.b = { 0, 0, small(stride[1][rank - 2]), small(stride[1][rank - 1]) },
		.y = { 0, 0, y ? small(stride[2][rank - 2]) : 0 },
		.of = { a, b },
	};
	int batches = coalesce(batch_rank, merged, y ? 3 : 2, stride);
	if (batches > 2) {
		product_space(l, n, y, batch_rank, batch, spell_out(l, n, a, rank, a_dim), spell_out(l, n, b, rank, b_dim), to);
		return;
	}
	for (int i = 0, k = 2 - batches; i < batches; i++, k++) {
		to->batch[k] = small(merged[i]);
		to->a[k] = small(stride[0][i]);
		to->b[k] = small(stride[1][i]);
		to->y[k] = y ? small(stride[2][i]) : 0;
	}
}

void matmul_call(struct lower *l, const struct node *n, const struct view *y, int batch_rank, const int64_t *batch,
	const struct view *a, const struct view *b, double alpha)
{
	struct product_space s;

	product_space(l, n, NULL, batch_rank, batch, a, b, &s);
	const struct rt_matmul p = {
		.b0 = s.batch[0],
		.b1 = s.batch[1],
		.m = s.m,
		.n = s.n,
		.k = s.k,
		.a = { s.a[0], s.a[1], s.a[2], s.a[3] },
		.b = { s.b[0], s.b[1], s.b[2], s.b[3] },
		.alpha = alpha == 1 ? 0 : (float)alpha,
		.a_type = a->type,
		.b_type = b->type,
		.y_type = y->type,
	};
	struct call *call = call_new(l, n, KERNEL_matmul, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(s.of[0]));
	call_argument(call, 2, argument_of(s.of[1]));
}

/* The operands of MatMul as matrices: a vector on the left is a row, one on the right a column. */
struct operands {
	int rank[2];
	int64_t dim[2][MAX_RANK];
};

static void read_operands(const struct node *n, struct operands *o, const bool *transposed)
{
	for (int i = 0; i < 2; i++) {
		const struct value *v = n->in[i];
		o->rank[i] = v->rank;
		memcpy(o->dim[i], v->dim, sizeof v->dim);
		if (v->rank == 1) {
			o->rank[i] = 2;
			o->dim[i][0] = i == 0 ? 1 : v->dim[0];
			o->dim[i][1] = i == 0 ? v->dim[0] : 1;
		} else if (transposed[i]) {
			o->dim[i][v->rank - 2] = v->dim[v->rank - 1];
			o->dim[i][v->rank - 1] = v->dim[v->rank - 2];
		}
	}
}

static void read_transposed(struct ctx *c, const struct node *n, bool *transposed)
{
	transposed[0] = attribute_int(c, n, "transA", 0) != 0;
	transposed[1] = attribute_int(c, n, "transB", 0) != 0;
	if (attribute_int(c, n, "transBatchA", 0) || attribute_int(c, n, "transBatchB", 0))
		fail_node(c, n, "attributes transBatchA and transBatchB are not supported");
}

/* Checks the two operands and returns the rank of the batch. */
static int batch_of(struct ctx *c, const struct node *n, const struct operands *o, int64_t *batch)
{
	const int64_t *a = o->dim[0], *b = o->dim[1];

	if (a[o->rank[0] - 1] != b[o->rank[1] - 2])
		fail_node(c, n, "the inner dimensions %lld and %lld of %s and %s differ", (long long)a[o->rank[0] - 1],
			(long long)b[o->rank[1] - 2], shape_text(c, n->in[0]), shape_text(c, n->in[1]));
	return broadcast(c, n, o->rank[0] - 2, a, o->rank[1] - 2, b, batch);
}

void matmul_infer(struct ctx *c, struct node *n)
{
	struct operands o;
	int64_t dim[MAX_RANK];
	bool transposed[2];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	need_same_type(c, n, 0, 1);
	if (n->in[0]->rank < 1 || n->in[1]->rank < 1)
		fail_node(c, n, "inputs %s and %s; scalars cannot be multiplied as matrices", shape_text(c, n->in[0]),
			shape_text(c, n->in[1]));
	read_transposed(c, n, transposed);
	read_operands(n, &o, transposed);
	int rank = batch_of(c, n, &o, dim);
	if (n->in[0]->rank > 1)
		dim[rank++] = o.dim[0][o.rank[0] - 2];
	if (n->in[1]->rank > 1)
		dim[rank++] = o.dim[1][o.rank[1] - 1];
	set_output(c, n, 0, n->in[0]->type, rank, dim);
}

/* An operand's view as a matrix, in a type that the kernel multiplies. */
static struct view operand_view(struct lower *l, struct value *v, enum rt_type y_type, bool transposed, bool left)
{
	enum rt_type type = y_type == RT_F64 || !is_float_type(y_type) ? v->type : kernel_type(v->type);
	struct view view = *view_cast(l, view_of(l, v), type, v->name);
	int last = view.rank - 1;

	if (view.rank == 1) {
		struct view column = { .buffer = view.buffer, .type = type, .offset = view.offset, .rank = 2 };
		column.dim[left] = view.dim[0];
		column.stride[left] = view.stride[0];
		column.dim[!left] = 1;
		return column;
	}
	if (transposed) {
		int perm[MAX_RANK];
		for (int i = 0; i <= last; i++)
			perm[i] = i;
		perm[last] = last - 1;
		perm[last - 1] = last;
		view = view_permute(&view, perm);
	}
	return view;
}

static enum rt_type product_type(enum rt_type type)
{
	return type == RT_BF16 ? RT_F32 : type;
}

void matmul_lower(struct lower *l, struct node *n)
{
	struct operands o;
	int64_t batch[MAX_RANK];
	bool transposed[2];

	if (nothing_to_compute(l, n))
		return;
	read_transposed(l->c, n, transposed);
	read_operands(n, &o, transposed);
	int rank = batch_of(l->c, n, &o, batch);
	enum rt_type type = product_type(n->out[0]->type);
	struct view a = operand_view(l, n->in[0], type, transposed[0], true);
	struct view b = operand_view(l, n->in[1], type, transposed[1], false);
	struct view *y = output_new(l, n, 0, type, NULL);
	matmul_call(l, n, y, rank, batch, &a, &b, attribute_float(l->c, n, "alpha", 1));
	output_done(l, n, 0, y);
}

void gemm_infer(struct ctx *c, struct node *n)
{
	struct operands o;
	int64_t dim[MAX_RANK];
	bool transposed[2];

	need_inputs(c, n, 2, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	need_same_type(c, n, 0, 1);
	need_same_type(c, n, 0, 2);
	if (n->in[0]->rank != 2 || n->in[1]->rank != 2)
		fail_node(c, n, "inputs %s and %s must be matrices", shape_text(c, n->in[0]), shape_text(c, n->in[1]));
	read_transposed(c, n, transposed);
	read_operands(n, &o, transposed);
	batch_of(c, n, &o, dim);
	const int64_t product_dim[] = { o.dim[0][0], o.dim[1][1] };
	const struct value *addend = input(n, 2);
	if (addend) {
		int rank = broadcast(c, n, 2, product_dim, addend->rank, addend->dim, dim);
		if (rank != 2 || memcmp(dim, product_dim, sizeof product_dim))
			fail_node(c, n, "input C, %s, does not broadcast to [%lld,%lld]", shape_text(c, addend),
				(long long)product_dim[0], (long long)product_dim[1]);
	}
	set_output(c, n, 0, n->in[0]->type, 2, product_dim);
}

/* y = alpha a b + beta C: the product, then one element-wise call for the rest. */
void gemm_lower(struct lower *l, struct node *n)
{
	struct value *y = n->out[0], *addend = input(n, 2);
	double alpha = attribute_float(l->c, n, "alpha", 1), beta = attribute_float(l->c, n, "beta", 1);
	bool transposed[2];

	if (nothing_to_compute(l, n))
		return;
	read_transposed(l->c, n, transposed);
	enum rt_type type = product_type(y->type);
	struct view a = operand_view(l, n->in[0], type, transposed[0], true);
	struct view b = operand_view(l, n->in[1], type, transposed[1], false);
	struct value *sum = temporary(l, n, type, 2, y->dim);
	bool scaled = alpha == 0 || (!is_float_type(type) && alpha != 1);
	matmul_call(l, n, view_new(l, sum), 0, y->dim, &a, &b, scaled ? 1 : alpha);
	/* The kernel takes no factor 0, and none for integers. */
	if (scaled)
		sum = part_lower(l, part_new(l, n, "", "Mul", 2, sum, part_number(l, n, type, alpha)), type, 2, y->dim);
	if (addend && beta != 1)
		addend = part_lower(
			l, part_new(l, n, "", "Mul", 2, addend, part_number(l, n, type, beta)), type, addend->rank, addend->dim);
	if (addend)
		part_last(l, part_new(l, n, "", "Add", 2, sum, addend), y);
	else if (scaled)
		part_last(l, part_new(l, n, "", "Add", 2, sum, part_number(l, n, type, 0)), y);
	else
		output_view(l, n, 0, sum->view);
}
