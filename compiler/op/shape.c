/* Operators that give the same elements another shape, and those that read a shape. */
#include "op.h"
#include <string.h>

/* An element-wise node whose result is turned by a Transpose before it is reshaped (see pass/fuse.c): it stores its
 * elements in the order in which they are wanted. Returns them turned. */
static const struct view *lower_turned(struct lower *l, struct node *turn)
{
	const char *origin = l->origin;
	struct node *part = turn->in[0]->def;
	int64_t perm[MAX_RANK];
	int back[MAX_RANK];

	const struct view *turned = view_new(l, turn->out[0]);
	for (int i = attribute_ints(l->c, turn, "perm", perm, MAX_RANK); i-- > 0;)
		back[need_axis(l->c, turn, perm[i], turned->rank)] = i;
	struct view place = view_permute(turned, back);
	lower_map_to(l, part, &place);
	l->origin = origin;
	return turned;
}

/* The same elements in the same order; a copy only when they lie in memory in another order. */
void reshape_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *y = n->out[0];
	const struct view *view = x->def && x->def->inlined ? lower_turned(l, x->def) : view_of(l, x);
	const struct view to = view_reshaped(l, view, y->rank, y->dim, y->name);

	output_view(l, n, 0, &to);
}

void reshape_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK], known = 1;
	int open = -1;

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "i64 i32");
	const struct value *x = n->in[0];
	int rank = need_ints(c, n, 1, "shape", dim, MAX_RANK);
	bool allow_zero = attribute_int(c, n, "allowzero", 0) != 0;
	for (int i = 0; i < rank; i++) {
		if (dim[i] == 0 && !allow_zero) {
			if (i >= x->rank)
				fail_node(c, n, "dimension %d of its shape is 0 (keep), but its input is %s", i, shape_text(c, x));
			dim[i] = x->dim[i];
		}
		if (dim[i] < -1 || dim[i] > MAX_ELEMENTS || (dim[i] == -1 && open >= 0))
			fail_node(c, n, "its shape has a dimension %lld, or more than one -1", (long long)dim[i]);
		if (dim[i] == -1)
			open = i;
		else if (dim[i] && known > MAX_ELEMENTS / dim[i])
			fail_node(c, n, "its shape has more than %d elements", MAX_ELEMENTS);
		else
			known *= dim[i];
	}
	int64_t elements = value_elements(x);
	if (open >= 0)
		dim[open] = known ? elements / known : 0;
	if (product(dim, rank) != elements) {
		struct value want = { .type = x->type, .rank = rank };
		memcpy(want.dim, dim, sizeof dim);
		if (open >= 0)
			want.dim[open] = -1;
		fail_node(c, n, "%s, of %lld elements, does not fit into %s", shape_text(c, x), (long long)elements,
			shape_text(c, &want));
	}
	set_output(c, n, 0, x->type, rank, dim);
}

void flatten_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int64_t axis = attribute_int(c, n, "axis", 1);
	int at = axis == x->rank ? x->rank : need_axis(c, n, axis, x->rank);
	const int64_t dim[] = { product(x->dim, at), product(x->dim + at, x->rank - at) };
	set_output(c, n, 0, x->type, 2, dim);
}

void squeeze_infer(struct ctx *c, struct node *n)
{
	int axes[MAX_RANK], rank = 0;
	bool drop[MAX_RANK] = { false };
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 2);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int count = read_axes(c, n, n->version < 13 ? "axes" : NULL, 1, x->rank, axes);
	for (int i = 0; i < count; i++) {
		if (x->dim[axes[i]] != 1)
			fail_node(c, n, "dimension %d of %s is not 1 and cannot be removed", axes[i], shape_text(c, x));
		drop[axes[i]] = true;
	}
	for (int i = 0; i < x->rank; i++)
		if (count < 0 ? x->dim[i] != 1 : !drop[i])
			dim[rank++] = x->dim[i];
	set_output(c, n, 0, x->type, rank, dim);
}

void unsqueeze_infer(struct ctx *c, struct node *n)
{
	int axes[MAX_RANK];
	int64_t given[MAX_RANK], dim[MAX_RANK];
	bool added[MAX_RANK] = { false };

	need_inputs(c, n, 1, 2);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int count =
		n->version < 13 ? attribute_ints(c, n, "axes", given, MAX_RANK) : need_ints(c, n, 1, "axes", given, MAX_RANK);
	if (count < 0)
		fail_node(c, n, "attribute 'axes' is missing");
	int rank = x->rank + count;
	if (rank > MAX_RANK)
		fail_node(c, n, "its output would have %d dimensions; at most %d are supported", rank, MAX_RANK);
	read_axes(c, n, n->version < 13 ? "axes" : NULL, 1, rank, axes);
	for (int i = 0; i < count; i++)
		added[axes[i]] = true;
	for (int i = 0, from = 0; i < rank; i++)
		dim[i] = added[i] ? 1 : x->dim[from++];
	set_output(c, n, 0, x->type, rank, dim);
}

void identity_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

void identity_lower(struct lower *l, struct node *n)
{
	output_view(l, n, 0, view_of(l, n->in[0]));
}

/* At inference Dropout passes its input on, and its mask keeps everything. */
void dropout_infer(struct ctx *c, struct node *n)
{
	double training = 0;

	need_inputs(c, n, 1, 3);
	need_outputs(c, n, 1, 2);
	if (input(n, 2) && (!constant_scalar(n->in[2], &training) || training != 0))
		fail_node(c, n, "training_mode must be false; export the model for inference");
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
	set_output(c, n, 1, RT_BOOL, n->in[0]->rank, n->in[0]->dim);
}

void dropout_lower(struct lower *l, struct node *n)
{
	identity_lower(l, n);
	if (n->n_out > 1 && n->out[1])
		fill_view(l, n, view_new(l, n->out[1]), part_number(l, n, RT_BOOL, 1));
}

void shape_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int64_t bound[2] = { attribute_int(c, n, "start", 0), attribute_int(c, n, "end", x->rank) };
	for (int i = 0; i < 2; i++) {
		bound[i] += bound[i] < 0 ? x->rank : 0;
		bound[i] = bound[i] < 0 ? 0 : bound[i] > x->rank ? x->rank : bound[i];
	}
	int64_t count = bound[1] > bound[0] ? bound[1] - bound[0] : 0, *data = NEW(c, int64_t, (size_t)count + 1);
	for (int64_t i = 0; i < count; i++)
		data[i] = x->dim[bound[0] + i];
	set_output(c, n, 0, RT_I64, 1, &count);
	set_constant(n, data);
}

void size_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	int64_t *data = NEW(c, int64_t, 1);
	*data = value_elements(n->in[0]);
	set_output(c, n, 0, RT_I64, 0, NULL);
	set_constant(n, data);
}
