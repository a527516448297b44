/* Dimensions whose length depends on the data. NonZero gives such a dimension a capacity and a count (op/non_zero.c);
 * here the count follows the dimension through the operators that keep its elements apart, and becomes an output of
 * the model. What would mix used and unused elements is refused. */
#include "dynamic.h"
#include <math.h>
#include <string.h>

/* What became of a dimension: mixed up, or selected from by indices, which name only what is used. */
enum { LOST = -1, SELECTED = -2 };

static int64_t elements_before(const struct value *v, int axis)
{
	int64_t n = 1;

	for (int i = 0; i < axis; i++)
		n *= v->dim[i];
	return n;
}

/* The dimension of y that holds what dimension `axis` of x held, when y is x in another shape. */
static int reshaped_axis(const struct value *x, int axis, const struct value *y)
{
	int64_t before = elements_before(x, axis);

	for (int i = 0; i < y->rank; i++)
		if (y->dim[i] == x->dim[axis] && elements_before(y, i) == before)
			return i;
	return LOST;
}

static int transposed_axis(struct ctx *c, const struct node *n, int axis)
{
	int64_t perm[MAX_RANK];
	int rank = n->in[0]->rank;

	if (attribute_ints(c, n, "perm", perm, MAX_RANK) < 0)
		return rank - 1 - axis;
	for (int i = 0; i < rank; i++)
		if (perm[i] == axis)
			return i;
	return LOST;
}

/* Slice keeps a dimension when it takes all of it in its order. */
static bool slice_turns(const struct node *n, int axis)
{
	int64_t axes[MAX_RANK], steps[MAX_RANK];
	int rank = n->in[0]->rank, count = constant_ints(input(n, 4), steps, MAX_RANK);
	int named = constant_ints(input(n, 3), axes, MAX_RANK);

	for (int i = 0; i < count; i++)
		if ((named > i ? (axes[i] < 0 ? axes[i] + rank : axes[i]) : i) == axis && steps[i] != 1)
			return true;
	return false;
}

static int64_t axis_attribute(struct ctx *c, const struct node *n, int64_t fallback)
{
	int64_t axis = attribute_int(c, n, "axis", fallback);

	return axis < 0 ? axis + n->in[0]->rank : axis;
}

static int gathered_axis(struct ctx *c, const struct node *n, int i, int axis)
{
	int along = (int)axis_attribute(c, n, 0);

	if (is_op(n, "GatherND") && i == 0)
		return !attribute_int(c, n, "batch_dims", 0) && axis < n->in[1]->dim[n->in[1]->rank - 1] ? SELECTED : LOST;
	if (is_op(n, "GatherND"))
		return axis < n->in[1]->rank - 1 ? axis : LOST;
	if (is_op(n, "GatherElements"))
		return i == 1 ? axis : axis == along ? SELECTED : LOST;
	if (i == 1)
		return along + axis;
	return axis == along ? SELECTED : axis < along ? axis : axis + n->in[1]->rank - 1;
}

/* Reductions and normalisations work on each element of a dimension alone when it is none of theirs. A reduced
 * dimension is gone, or one long. */
static int kept_axis(struct ctx *c, const struct node *n, int axis, const struct value *y)
{
	const struct value *x = n->in[0];
	int64_t axes[MAX_RANK];
	int count = attribute_ints(c, n, "axes", axes, MAX_RANK), before = 0;

	if (count < 0 && n->n_in > 1)
		count = constant_ints(n->in[1], axes, MAX_RANK);
	if (count < 0) {
		axes[0] = attribute_int(c, n, "axis", -1);
		count = 1;
	}
	for (int i = 0; i < count; i++) {
		int own = (int)(axes[i] < 0 ? axes[i] + x->rank : axes[i]);
		if (own == axis)
			return LOST;
		before += own < axis;
	}
	return y->rank == x->rank ? axis : axis - before;
}

static bool is_one_of(const struct node *n, const char *const *list)
{
	for (; *list; list++)
		if (is_op(n, *list))
			return true;
	return false;
}

/* Where dimension `axis` of input i of n is in output y, or LOST. */
static int followed_axis(struct ctx *c, const struct node *n, int i, int axis, const struct value *y)
{
	static const char *const shapes[] = { "Reshape", "Flatten", "Squeeze", "Unsqueeze", NULL };
	static const char *const keepers[] = { "Split", "Identity", "Pad", "Expand", "Tile", "Concat", NULL };
	static const char *const reducers[] = { "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum",
		"ReduceSumSquare", "ReduceProd", "ArgMax", "ArgMin", "Softmax", "LogSoftmax", "LayerNormalization", NULL };
	const struct value *x = n->in[i];

	if (n->op->flags & OP_ELEMENTWISE)
		return axis + y->rank - x->rank;
	if (is_op(n, "Transpose"))
		return transposed_axis(c, n, axis);
	if (i == 0 && is_one_of(n, shapes))
		return reshaped_axis(x, axis, y);
	if (is_one_of(n, keepers) || is_op(n, "Slice")) {
		int to = axis + y->rank - x->rank;
		bool changed = y->dim[to] != x->dim[axis] || (is_op(n, "Slice") && slice_turns(n, axis));
		return changed || (is_op(n, "Concat") && axis_attribute(c, n, 0) == axis) ? LOST : to;
	}
	if (is_op(n, "Gather") || is_op(n, "GatherND") || is_op(n, "GatherElements"))
		return gathered_axis(c, n, i, axis);
	if (is_op(n, "GridSample"))
		return i == 1 && axis >= 1 && axis <= x->rank - 2 ? axis + 1 : LOST;
	if (is_op(n, "MatMul") && x->rank >= 2 && n->in[1 - i]->rank >= 2)
		return axis == x->rank - 2 + i ? y->rank - 2 + i : LOST;
	if (i == 0 && is_one_of(n, reducers))
		return kept_axis(c, n, axis, y);
	return LOST;
}

static _Noreturn void refuse(struct ctx *c, const struct node *n, const struct value *v)
{
	fail_node(c, n,
		"the length of dimension %d of its input '%.100s' %s depends on the data, and this operator would mix what is "
		"used of it with what is not",
		v->count_axis, v->name, shape_text(c, v));
}

static void follow(struct ctx *c, struct node *n, int i, struct value *y)
{
	const struct value *v = n->in[i];
	int axis = followed_axis(c, n, i, v->count_axis, y);

	if (axis == SELECTED)
		return;
	if (axis < 0 || axis >= y->rank || y->dim[axis] != v->dim[v->count_axis])
		refuse(c, n, v);
	if (y->count && (y->count != v->count || y->count_axis != axis))
		fail_node(c, n, "two lengths that depend on the data meet in its output '%.100s'", y->name);
	y->count = v->count;
	y->count_axis = axis;
}

static struct value *made(struct ctx *c, struct node *n, const char *name, enum rt_type type, const struct value *like)
{
	n->out[0] = value_new(c, arena_text(c, "%s.%s", like->name, name), type, like->rank, like->dim);
	n->out[0]->def = n;
	return n->out[0];
}

/* The places 0, 1, 2, ... along dimension `axis` of v, in a shape that broadcasts to v's. */
static struct value *places(struct ctx *c, const struct value *v, int axis)
{
	int64_t dim[MAX_RANK], *data = NEW(c, int64_t, (size_t)v->dim[axis] + 1);

	for (int i = 0; i < v->rank; i++)
		dim[i] = i == axis ? v->dim[axis] : 1;
	for (int64_t i = 0; i < v->dim[axis]; i++)
		data[i] = i;
	return value_constant(c, arena_text(c, "%s.places", v->name), RT_I64, v->rank, dim, data);
}

/* The k largest of as many as there are: what is not used becomes -infinity, and so comes last. Where there are fewer
 * than k, the last scores are -infinity. */
static void mask_unused(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *v = n->in[0];
	float *lowest = NEW(c, float, 1);

	*lowest = -INFINITY;
	struct node *less = node_new(c, g, n, "", "Less", n, 2, 1), *where = node_new(c, g, n, "", "Where", n, 3, 1);
	less->in[0] = places(c, v, v->count_axis);
	less->in[1] = v->count;
	where->in[0] = made(c, less, "used", RT_BOOL, less->in[0]);
	where->in[1] = v;
	where->in[2] = value_constant(c, "lowest", RT_F32, 0, NULL, lowest);
	n->in[0] = made(c, where, "only", v->type, v);
}

static void check_branches(struct ctx *c, const struct node *n)
{
	struct graph *inner[8];

	for (int i = node_graphs(n, inner, 8); i-- > 0;)
		for (int k = 0; k < inner[i]->n_outputs; k++)
			if (inner[i]->outputs[k]->count)
				fail_node(c, n,
					"the length of '%.100s' in its branch depends on the data; only fixed ones can leave a branch",
					inner[i]->outputs[k]->name);
}

static bool takes_largest(struct ctx *c, const struct node *n)
{
	const struct value *v = n->in[0];

	return is_op(n, "TopK") && v->count && axis_attribute(c, n, -1) == v->count_axis &&
		   v->type == held_type(c, RT_F32) && attribute_int(c, n, "largest", 1);
}

void propagate_count(struct ctx *c, struct graph *g, struct node *n)
{
	if (takes_largest(c, n)) {
		mask_unused(c, g, n);
		return;
	}
	check_branches(c, n);
	/* What looks only at shapes sees the capacity. */
	if (n->op->flags & OP_STRUCTURE || is_op(n, "NonZero"))
		return;
	for (int i = 0; i < n->n_in; i++)
		for (int k = 0; n->in[i] && n->in[i]->count && k < n->n_out; k++)
			if (n->out[k])
				follow(c, n, i, n->out[k]);
}

/* A capacity that no node took is a slip of the pen, and must not pass for one that was. */
static void check_capacities(struct ctx *c)
{
	for (int i = 0; i < c->set.n_capacities; i++)
		if (!c->set.capacities[i].used)
			fail_model(c, "--capacity %.100s: no NonZero node of that name looks at what depends on the data",
				c->set.capacities[i].name);
}

void add_count_outputs(struct ctx *c)
{
	struct graph *g = c->graph;
	int n = g->n_outputs;

	check_capacities(c);
	struct value **outputs = NEW(c, struct value *, (size_t)n * 2);

	memcpy(outputs, g->outputs, (size_t)n * sizeof *outputs);
	g->outputs = outputs;
	g->lengths = NEW(c, struct length, (size_t)n * 2);
	for (int i = 0; i < n; i++) {
		struct value *count = outputs[i]->count;
		if (!count)
			continue;
		int at = output_number(g, count);
		if (at < 0) {
			at = g->n_outputs++;
			g->n_counts++;
			count->name = arena_text(c, "%s_count", outputs[i]->name);
			outputs[at] = count;
		}
		g->lengths[i] = (struct length){ at, outputs[i]->count_axis };
	}
}

/* How much of output i was used along its data-dependent dimension; -1 when its length is fixed. */
static int64_t used_length(const struct graph *g, int i, struct value *const *results)
{
	const struct length *length = g->lengths ? &g->lengths[i] : NULL;

	if (!length || !length->output)
		return -1;
	int64_t n = constant_int(results[length->output], 0), room = g->outputs[i]->dim[length->axis];
	return n < 0 ? 0 : n < room ? n : room;
}

static struct value *trim_output(struct ctx *c, const struct graph *g, int i, struct value *const *results)
{
	int64_t used = used_length(g, i, results);
	struct value *v = results[i];

	if (used < 0 || used == v->dim[g->lengths[i].axis])
		return v;
	int axis = g->lengths[i].axis;
	int64_t dim[MAX_RANK], outer = elements_before(v, axis), room = v->dim[axis];
	memcpy(dim, v->dim, sizeof dim);
	dim[axis] = used;
	size_t row = outer > 0 && room > 0 ? value_bytes(v) / (size_t)(outer * room) : 0;
	char *data = arena_get(c, (size_t)(outer * used) + 1, row + 1);
	for (int64_t k = 0; k < outer; k++)
		memcpy(data + (size_t)(k * used) * row, (const char *)v->data + (size_t)(k * room) * row, (size_t)used * row);
	return value_constant(c, v->name, v->type, v->rank, dim, data);
}

struct value **trim_outputs(struct ctx *c, const struct graph *g, struct value *const *results)
{
	struct value **to = NEW(c, struct value *, (size_t)g->n_outputs);

	for (int i = 0; i < g->n_outputs; i++)
		to[i] = trim_output(c, g, i, results);
	return to;
}
