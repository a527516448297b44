/* ScatterND and ScatterElements (and Scatter, its first name). Version 16 of the operator set added the reductions add
 * and mul, version 18 min and max. */
#include "op.h"
#include <string.h>

static enum rt_scatter_kind read_reduction(struct ctx *c, const struct node *n)
{
	static const char *const names[] = { "none", "add", "mul", "min", "max" };
	const char *reduction = attribute_string(c, n, "reduction", "none");

	for (int i = 0; i <= RT_SCATTER_MAX; i++)
		if (!strcmp(reduction, names[i])) {
			need_type(c, n, 0, i ? "number" : "number bool");
			return (enum rt_scatter_kind)i;
		}
	fail_node(c, n, "reduction '%.40s' is not one of none, add, mul, min and max", reduction);
}

static void check_inputs(struct ctx *c, const struct node *n)
{
	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "i64 i32");
	need_same_type(c, n, 0, 2);
	read_reduction(c, n);
}

void scatter_nd_infer(struct ctx *c, struct node *n)
{
	check_inputs(c, n);
	const struct value *x = n->in[0], *index = n->in[1], *update = n->in[2];
	int64_t depth = index->rank ? index->dim[index->rank - 1] : 0;
	if (x->rank < 1 || index->rank < 1 || depth > x->rank)
		fail_node(c, n, "indices %s have no coordinates of %s", shape_text(c, index), shape_text(c, x));
	int tuples = index->rank - 1, inner = x->rank - (int)depth;
	bool fits = update->rank == tuples + inner;
	for (int i = 0; fits && i < update->rank; i++)
		fits = update->dim[i] == (i < tuples ? index->dim[i] : x->dim[depth + i - tuples]);
	if (!fits)
		fail_node(c, n, "updates %s do not fit indices %s of %s", shape_text(c, update), shape_text(c, index),
			shape_text(c, x));
	for (int64_t i = 0; index->data && i < value_elements(index); i++)
		check_index(c, n, i, (int)(i % depth));
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

static int scatter_axis(struct ctx *c, const struct node *n)
{
	return need_axis(c, n, attribute_int(c, n, "axis", 0), n->in[0]->rank);
}

void scatter_elements_infer(struct ctx *c, struct node *n)
{
	check_inputs(c, n);
	const struct value *x = n->in[0], *index = n->in[1], *update = n->in[2];
	int axis = scatter_axis(c, n);
	bool fits = x->rank == index->rank && same_shape(index, update);
	for (int i = 0; fits && i < x->rank; i++)
		fits = i == axis || index->dim[i] <= x->dim[i];
	if (!fits)
		fail_node(c, n, "indices %s and updates %s do not fit into %s along axis %d", shape_text(c, index),
			shape_text(c, update), shape_text(c, x), axis);
	for (int64_t i = 0; index->data && i < value_elements(index); i++)
		check_index(c, n, i, axis);
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

/* The call that both are: dense operands of the result's type, and the result, which may be stored over the data. */
static void scatter_call(
	struct lower *l, struct node *n, enum kernel_id kernel, const void *params, const struct view *index)
{
	enum rt_type type = n->out[0]->type;
	const struct view *x = view_densify(l, view_cast(l, view_of(l, n->in[0]), type, n->in[0]->name), n->in[0]->name);
	const struct view *update =
		view_densify(l, view_cast(l, view_of(l, n->in[2]), type, n->in[2]->name), n->in[2]->name);
	const struct view *y = view_new(l, n->out[0]);
	struct call *call = call_new(l, n, kernel, params);

	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, argument_of(index));
	call_argument(call, 3, argument_of(update));
	call->in_place = 2;
}

void scatter_nd_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0], *tuples = n->in[1];
	int64_t depth = tuples->dim[tuples->rank - 1];

	if (nothing_to_compute(l, n))
		return;
	const struct view *index = index_view(l, n->in[1]);
	struct rt_scatter_nd p = {
		.count = small(product(tuples->dim, tuples->rank - 1)),
		.inner = small(product(x->dim + depth, x->rank - (int)depth)),
		.depth = small(depth),
		.kind = read_reduction(l->c, n),
		.type = n->out[0]->type,
		.index_type = index->type,
	};
	for (int i = 0; i < p.depth; i++)
		p.dim[i] = small(x->dim[i]);
	scatter_call(l, n, KERNEL_scatter_nd, &p, index);
}

void scatter_elements_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];

	if (nothing_to_compute(l, n))
		return;
	const struct view *index = index_view(l, n->in[1]);
	struct rt_scatter_elements p = {
		.rank = x->rank,
		.axis = scatter_axis(l->c, n),
		.kind = read_reduction(l->c, n),
		.type = n->out[0]->type,
		.index_type = index->type,
	};
	for (int i = 0; i < x->rank; i++) {
		p.y_dim[i] = small(x->dim[i]);
		p.dim[i] = small(n->in[1]->dim[i]);
	}
	scatter_call(l, n, KERNEL_scatter_elements, &p, index);
}
