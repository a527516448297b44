/* LpNormalization and MeanVarianceNormalization: normalisations made of reductions and of what is done element by
 * element with their results. */
#include "op.h"
#include <string.h>

#define SINGLE "f32 f16 bf16"

static int norm_axis(struct ctx *c, const struct node *n)
{
	return need_axis(c, n, attribute_int(c, n, "axis", -1), n->in[0]->rank);
}

void lp_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	need_range(c, n, "p", attribute_int(c, n, "p", 2), 1, 2);
	norm_axis(c, n);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

/* x reduced over some dimensions, which stay with one element. Doubles stay double, all else is float. */
static struct value *reduced(
	struct lower *l, struct node *n, struct value *x, const bool *over, enum rt_reduce_kind kind)
{
	enum rt_type type = x->type == RT_F64 ? RT_F64 : RT_F32;
	int64_t dim[MAX_RANK];

	for (int i = 0; i < x->rank; i++)
		dim[i] = over[i] ? 1 : x->dim[i];
	struct value *to = temporary(l, n, type, x->rank, dim);
	reduce_call(l, n, to, view_of(l, x), over, kind);
	return to;
}

/* x / |x|, and 0 where the norm is 0. */
void lp_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *y = n->out[0];
	bool over[MAX_RANK] = { false };

	if (nothing_to_compute(l, n))
		return;
	over[norm_axis(l->c, n)] = true;
	enum rt_reduce_kind kind = attribute_int(l->c, n, "p", 2) == 1 ? RT_REDUCE_L1 : RT_REDUCE_L2;
	struct value *norm = reduced(l, n, x, over, kind), *zero = part_number(l, n, norm->type, 0);
	struct node *equal = part_new(l, n, "", "Equal", 2, norm, zero);
	struct value *empty = part_lower(l, equal, RT_BOOL, norm->rank, norm->dim);
	struct node *divide = part_new(l, n, "", "Div", 2, x, norm);
	struct value *quotient = part_lower(l, divide, norm->type, x->rank, x->dim);
	part_last(l, part_new(l, n, "", "Where", 3, empty, zero, quotient), y);
}

/* The dimensions over which means are taken: by default all but the channels. */
static void mean_axes(struct ctx *c, const struct node *n, bool *over)
{
	static const int usual[] = { 0, 2, 3 };
	int rank = n->in[0]->rank, axes[MAX_RANK], count = read_axes(c, n, "axes", -1, rank, axes);

	memset(over, 0, MAX_RANK * sizeof *over);
	for (int i = 0; i < count; i++)
		over[axes[i]] = true;
	for (int i = 0; i < 3 && count < 0; i++)
		over[need_axis(c, n, usual[i], rank)] = true;
}

void mean_variance_infer(struct ctx *c, struct node *n)
{
	bool over[MAX_RANK];

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, SINGLE);
	mean_axes(c, n, over);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

/* (x - mean) / (deviation + 1e-9), as ONNX defines it; the variance is that of x - mean. */
void mean_variance_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	bool over[MAX_RANK];

	if (nothing_to_compute(l, n))
		return;
	mean_axes(l->c, n, over);
	struct value *mean = reduced(l, n, x, over, RT_REDUCE_MEAN), *away = temporary(l, n, RT_F32, x->rank, x->dim);
	struct value *square = temporary(l, n, RT_F32, x->rank, x->dim);
	part_last(l, part_new(l, n, "", "Sub", 2, x, mean), away);
	part_last(l, part_new(l, n, "", "Mul", 2, away, away), square);
	struct value *variance = reduced(l, n, square, over, RT_REDUCE_MEAN);
	struct node *root = part_new(l, n, "", "Sqrt", 1, variance);
	struct value *deviation = part_lower(l, root, RT_F32, mean->rank, mean->dim);
	struct node *add = part_new(l, n, "", "Add", 2, deviation, part_number(l, n, RT_F32, 1e-9));
	struct value *divisor = part_lower(l, add, RT_F32, mean->rank, mean->dim);
	part_last(l, part_new(l, n, "", "Div", 2, away, divisor), n->out[0]);
}
