/* Reductions over axes: Reduce*, ArgMax and ArgMin. */
#include "op.h"
#include <string.h>

static const struct {
	const char *name;
	enum rt_reduce_kind kind;
	int input_version; /* of the operator set since which the axes are an input */
} rules[] = {
	{ "ReduceSum", RT_REDUCE_SUM, 13 },
	{ "ReduceMean", RT_REDUCE_MEAN, 18 },
	{ "ReduceMax", RT_REDUCE_MAX, 18 },
	{ "ReduceMin", RT_REDUCE_MIN, 18 },
	{ "ReduceProd", RT_REDUCE_PROD, 18 },
	{ "ReduceL1", RT_REDUCE_L1, 18 },
	{ "ReduceL2", RT_REDUCE_L2, 18 },
	{ "ReduceSumSquare", RT_REDUCE_SUM_SQUARE, 18 },
	{ "ReduceLogSum", RT_REDUCE_LOG_SUM, 18 },
	{ "ReduceLogSumExp", RT_REDUCE_LOG_SUM_EXP, 18 },
};

static int rule_of(const struct node *n)
{
	int i = 0;

	while (strcmp(rules[i].name, n->type))
		i++;
	return i;
}

/* Which axes go. False: none do, by noop_with_empty_axes. */
static bool read_over(struct ctx *c, const struct node *n, bool *over)
{
	const struct value *x = n->in[0];
	bool by_input = n->version >= rules[rule_of(n)].input_version;
	int axes[MAX_RANK], count = read_axes(c, n, by_input ? NULL : "axes", by_input ? 1 : -1, x->rank, axes);
	bool none = count <= 0 && by_input && attribute_int(c, n, "noop_with_empty_axes", 0) != 0;

	for (int i = 0; i < x->rank; i++)
		over[i] = count <= 0 && !none;
	for (int i = 0; i < count; i++)
		over[axes[i]] = true;
	return !none;
}

/* Sets output 0 to the dimensions that remain. */
static void set_reduced(struct ctx *c, struct node *n, enum rt_type type, const bool *over, bool keep)
{
	const struct value *x = n->in[0];
	int64_t dim[MAX_RANK];
	int rank = 0;

	for (int i = 0; i < x->rank; i++)
		if (!over[i])
			dim[rank++] = x->dim[i];
		else if (keep)
			dim[rank++] = 1;
	set_output(c, n, 0, type, rank, dim);
}

void reduce_infer(struct ctx *c, struct node *n)
{
	enum rt_reduce_kind kind = rules[rule_of(n)].kind;
	bool over[MAX_RANK], extreme = kind == RT_REDUCE_MAX || kind == RT_REDUCE_MIN;

	need_inputs(c, n, 1, n->version < rules[rule_of(n)].input_version ? 1 : 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, extreme ? "number bool" : "number");
	read_over(c, n, over);
	set_reduced(c, n, n->in[0]->type, over, attribute_int(c, n, "keepdims", 1) != 0);
}

/* The type in which the kernel works: bool is a small integer. */
static enum rt_type reduce_type(enum rt_type type)
{
	return type == RT_BOOL ? RT_U8 : type;
}

/* The dimensions that stay are walked in the order in which x stores them, and y is stored in that order. */
void reduce_call(
	struct lower *l, struct node *n, struct value *y, const struct view *x, const bool *over, enum rt_reduce_kind kind)
{
	int order[MAX_RANK], perm[MAX_RANK], position[MAX_RANK], stored = 0, count = 0, gone = 0;
	int64_t dim[MAX_RANK], stride[1][MAX_RANK], over_dim[MAX_RANK], over_stride[1][MAX_RANK];
	struct rt_reduce p = { .kind = kind, .x_type = reduce_type(x->type), .y_type = reduce_type(y->type) };
	bool arg = kind >= RT_ARG_MAX, keeps = y->rank == x->rank;

	/* Which of y's dimensions each of x's is. */
	for (int i = 0, at = 0; i < x->rank; i++)
		position[i] = keeps ? i : over[i] ? -1 : at++;
	view_order(x, order);
	for (int i = 0; i < x->rank; i++) {
		int from = order[i];
		if (position[from] >= 0)
			perm[stored++] = position[from];
		if (over[from])
			continue;
		dim[count] = x->dim[from];
		stride[0][count++] = x->stride[from];
	}
	/* The index of an extreme element counts in the order of the tensor, not of memory. */
	for (int i = 0; i < x->rank; i++) {
		int from = arg ? i : order[i];
		if (!over[from])
			continue;
		over_dim[gone] = x->dim[from];
		over_stride[0][gone++] = x->stride[from];
	}
	struct view *to = view_new_permuted(l, y, perm);
	if (value_elements(y) == 0)
		return;
	p.rank = coalesce(count, dim, 1, stride);
	p.over_rank = coalesce(gone, over_dim, 1, over_stride);
	for (int i = 0; i < p.rank; i++) {
		p.dim[i] = small(dim[i]);
		p.x[i] = small(stride[0][i]);
	}
	for (int i = 0; i < p.over_rank; i++) {
		p.over[i] = small(over_dim[i]);
		p.over_x[i] = small(over_stride[0][i]);
	}
	struct call *call = call_new(l, n, KERNEL_reduce, &p);
	call_argument(call, 0, argument_of(to));
	call_argument(call, 1, argument_of(x));
}

void reduce_lower(struct lower *l, struct node *n)
{
	bool over[MAX_RANK];

	if (!read_over(l->c, n, over)) {
		output_view(l, n, 0, view_of(l, n->in[0]));
		return;
	}
	reduce_call(l, n, n->out[0], view_of(l, n->in[0]), over, rules[rule_of(n)].kind);
}

void arg_infer(struct ctx *c, struct node *n)
{
	bool over[MAX_RANK] = { false };

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	const struct value *x = n->in[0];
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 0), x->rank);
	over[axis] = true;
	if (x->dim[axis] == 0)
		fail_node(c, n, "axis %d of %s has no elements to choose from", axis, shape_text(c, x));
	set_reduced(c, n, RT_I64, over, attribute_int(c, n, "keepdims", 1) != 0);
}

void arg_lower(struct lower *l, struct node *n)
{
	bool over[MAX_RANK] = { false }, last = attribute_int(l->c, n, "select_last_index", 0) != 0;
	enum rt_reduce_kind max = last ? RT_ARG_MAX_LAST : RT_ARG_MAX, min = last ? RT_ARG_MIN_LAST : RT_ARG_MIN;

	over[need_axis(l->c, n, attribute_int(l->c, n, "axis", 0), n->in[0]->rank)] = true;
	reduce_call(l, n, n->out[0], view_of(l, n->in[0]), over, !strcmp(n->type, "ArgMax") ? max : min);
}
