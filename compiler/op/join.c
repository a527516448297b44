/* Operators that put pieces together: Concat, Pad and Tile. */
#include "op.h"
#include <assert.h>
#include <string.h>

void concat_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	if (n->n_in < 1)
		fail_node(c, n, "it has no inputs");
	need_inputs(c, n, n->n_in, n->n_in);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	if (!attribute(n, "axis"))
		fail_node(c, n, "attribute 'axis' is missing");
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 0), x->rank);
	memcpy(dim, x->dim, sizeof dim);
	for (int i = 1; i < n->n_in; i++) {
		const struct value *v = n->in[i];
		bool fits = v->rank == x->rank;
		need_same_type(c, n, 0, i);
		for (int d = 0; fits && d < x->rank; d++)
			fits = d == axis || v->dim[d] == x->dim[d];
		if (!fits)
			fail_node(c, n, "input %d, %s, does not fit input 0, %s, along axis %d", i, shape_text(c, v),
				shape_text(c, x), axis);
		dim[axis] += v->dim[axis];
		/* value_set_shape refuses this sum; stop before it overflows. */
		if (dim[axis] > MAX_ELEMENTS)
			break;
	}
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* The node that is computed into its place in the result, behind those that only change its shape. */
static struct node *inlined_part(const struct value *v)
{
	struct node *n = v->def && v->def->inlined ? v->def : NULL;

	while (n && n->op->flags & OP_MOVES)
		n = n->in[0]->def;
	return n;
}

/* The order in which a part stores its elements, or would. False when it is none that others could have. */
static bool part_order(struct lower *l, struct value *v, int *perm)
{
	const struct node *part = inlined_part(v);

	if (part && part->op->lower != lower_map) {
		for (int d = 0; d < v->rank; d++)
			perm[d] = d;
		return true;
	}
	if (part) {
		map_order(l, part, perm);
		return part->out[0] == v;
	}
	const struct view *x = view_of(l, v);
	view_order(x, perm);
	for (int d = 0; d < x->rank; d++)
		if (x->stride[d] <= 0 && x->dim[d] != 1)
			return false;
	return true;
}

/* The order in which all parts store their elements, when it is one: then the result is stored so too. */
static void common_order(struct lower *l, const struct node *n, int *perm)
{
	int other[MAX_RANK], rank = n->in[0]->rank;
	bool same = true;

	for (int i = 0; i < n->n_in; i++) {
		same &= part_order(l, n->in[i], i ? other : perm);
		for (int d = 0; d < rank && i && same; d++)
			same = other[d] == perm[d];
	}
	for (int d = 0; d < rank && !same; d++)
		perm[d] = d;
}

static void place_part(struct lower *l, struct value *v, const struct view *place)
{
	struct node *part = inlined_part(v);
	const char *origin = l->origin;
	struct view to;

	if (!part) {
		view_copy(l, place, view_of(l, v));
		return;
	}
	bool fits = view_reshape(place, part->out[0]->rank, part->out[0]->dim, &to);
	assert(fits);
	(void)fits;
	if (part->op->lower == lower_map) {
		lower_map_to(l, part, &to);
	} else {
		l->origin = part->origin;
		integer_product_lower_to(l, part, &to);
	}
	l->origin = origin;
}

void concat_lower(struct lower *l, struct node *n)
{
	int perm[MAX_RANK], rank = n->out[0]->rank;
	int axis = need_axis(l->c, n, attribute_int(l->c, n, "axis", 0), rank);

	if (n->n_in == 1) {
		output_view(l, n, 0, view_of(l, n->in[0]));
		return;
	}
	common_order(l, n, perm);
	struct view piece = *view_new_permuted(l, n->out[0], perm);
	for (int i = 0; i < n->n_in; i++) {
		piece.dim[axis] = n->in[i]->dim[axis];
		if (value_elements(n->in[i]))
			place_part(l, n->in[i], &piece);
		piece.offset += piece.dim[axis] * piece.stride[axis];
	}
}

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP };

struct pad {
	enum pad_mode mode;
	int64_t before[MAX_RANK], after[MAX_RANK];
};

static void read_pad(struct ctx *c, const struct node *n, struct pad *p)
{
	static const char *const modes[] = { "constant", "edge", "reflect", "wrap" };
	const char *mode = attribute_string(c, n, "mode", "constant");
	int64_t pads[2 * MAX_RANK];
	int axes[MAX_RANK], rank = n->in[0]->rank, m = 0;

	while (m < 4 && strcmp(mode, modes[m]))
		m++;
	if (m == 4)
		fail_node(c, n, "mode '%.40s' is not one of constant, edge, reflect and wrap", mode);
	p->mode = (enum pad_mode)m;
	int count = n->version < 11 ? attribute_ints(c, n, "pads", pads, 2 * MAX_RANK)
								: need_ints(c, n, 1, "pads", pads, 2 * MAX_RANK);
	int n_axes = n->version < 18 ? -1 : read_axes(c, n, NULL, 3, rank, axes);
	int padded = n_axes < 0 ? rank : n_axes;
	if (count != 2 * padded)
		fail_node(c, n, "it has %d pads for %d axes of %s; there must be two for each", count, padded,
			shape_text(c, n->in[0]));
	memset(p->before, 0, sizeof p->before);
	memset(p->after, 0, sizeof p->after);
	for (int i = 0; i < padded; i++) {
		int axis = n_axes < 0 ? i : axes[i];
		p->before[axis] = need_range(c, n, "a pad", pads[i], -MAX_ELEMENTS, MAX_ELEMENTS);
		p->after[axis] = need_range(c, n, "a pad", pads[padded + i], -MAX_ELEMENTS, MAX_ELEMENTS);
	}
}

void pad_infer(struct ctx *c, struct node *n)
{
	struct pad p;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, n->version < 11 ? 1 : 2, n->version < 11 ? 1 : 4);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	if (input(n, 2)) {
		need_same_type(c, n, 0, 2);
		if (value_elements(n->in[2]) != 1)
			fail_node(c, n, "its value is %s; it must have one element", shape_text(c, n->in[2]));
	}
	read_pad(c, n, &p);
	for (int i = 0; i < x->rank; i++) {
		dim[i] = x->dim[i] + p.before[i] + p.after[i];
		if (dim[i] < 0)
			fail_node(c, n, "pads %lld and %lld remove more than axis %d of %s has", (long long)p.before[i],
				(long long)p.after[i], i, shape_text(c, x));
		if (p.mode != PAD_CONSTANT && x->dim[i] == 0 && dim[i] > 0)
			fail_node(c, n, "axis %d of %s has no elements to repeat", i, shape_text(c, x));
	}
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* Where position i before or after an axis of dim elements finds its element. */
static int64_t padded_from(enum pad_mode mode, int64_t i, int64_t dim)
{
	int64_t period = mode == PAD_REFLECT ? 2 * (dim - 1) : dim;

	if (mode == PAD_EDGE || period == 0)
		return i < 0 ? 0 : i >= dim ? dim - 1 : i;
	i = (i % period + period) % period;
	return i < dim ? i : period - i;
}

/* The modes that repeat elements: one gather with fixed indices for each axis. */
static void pad_by_index(struct lower *l, struct node *n, const struct pad *p)
{
	const struct view *view = view_of(l, n->in[0]);

	for (int axis = 0; axis < view->rank; axis++) {
		int64_t dim = view->dim[axis], count = n->out[0]->dim[axis];
		if (p->before[axis] == 0 && p->after[axis] == 0)
			continue;
		int32_t *index = NEW(l->c, int32_t, (size_t)count + 1);
		for (int64_t i = 0; i < count; i++)
			index[i] = small(padded_from(p->mode, i - p->before[axis], dim));
		view = gather_along(l, n, view, axis, count, index);
	}
	output_view(l, n, 0, view);
}

void pad_lower(struct lower *l, struct node *n)
{
	struct pad p;
	struct value *y = n->out[0], *value = input(n, 2);
	struct view inner = *view_of(l, n->in[0]);
	bool grows = false, empty = value_elements(n->in[0]) == 0;
	double attribute_value = attribute_float(l->c, n, "value", 0);

	if (nothing_to_compute(l, n))
		return;
	read_pad(l->c, n, &p);
	if (p.mode != PAD_CONSTANT) {
		pad_by_index(l, n, &p);
		return;
	}
	/* The part of the input that remains, and where it lies in the output. */
	int64_t at[MAX_RANK];
	for (int i = 0; i < y->rank; i++) {
		int64_t cut_before = p.before[i] < 0 ? -p.before[i] : 0, cut_after = p.after[i] < 0 ? -p.after[i] : 0;
		grows |= p.before[i] > 0 || p.after[i] > 0;
		at[i] = p.before[i] > 0 ? p.before[i] : 0;
		empty |= inner.dim[i] <= cut_before + cut_after;
		inner.dim[i] -= cut_before + cut_after;
		inner.offset += cut_before * inner.stride[i];
	}
	if (!grows) {
		output_view(l, n, 0, &inner);
		return;
	}
	if (n->version < 11 && attribute_value != 0)
		value = part_number(l, n, y->type, attribute_value);
	if (value && value->type != y->type)
		value = part_cast(l, n, value, y->type);
	struct view to = *view_new(l, y);
	fill_view(l, n, &to, value);
	for (int i = 0; i < y->rank; i++) {
		to.dim[i] = inner.dim[i];
		to.offset += at[i] * to.stride[i];
	}
	if (!empty)
		view_copy(l, &to, &inner);
}

void tile_infer(struct ctx *c, struct node *n)
{
	int64_t repeats[MAX_RANK], dim[MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int count = need_ints(c, n, 1, "repeats", repeats, MAX_RANK);
	if (count != x->rank)
		fail_node(c, n, "it has %d repeats for %s", count, shape_text(c, x));
	for (int i = 0; i < x->rank; i++)
		dim[i] = x->dim[i] * need_range(c, n, "a repeat", repeats[i], 0, MAX_ELEMENTS);
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* Repeating a single element is a stride of 0; longer axes are gathered, one after the other. */
void tile_lower(struct lower *l, struct node *n)
{
	const struct value *y = n->out[0];
	const struct view *view = view_of(l, n->in[0]);

	if (nothing_to_compute(l, n))
		return;
	for (int axis = 0; axis < y->rank; axis++) {
		int64_t dim = view->dim[axis], count = y->dim[axis];
		if (dim == 1 || count == dim)
			continue;
		int32_t *index = NEW(l->c, int32_t, (size_t)count);
		for (int64_t i = 0; i < count; i++)
			index[i] = (int32_t)(i % dim);
		view = gather_along(l, n, view, axis, count, index);
	}
	struct view to = *view;
	view_broadcast(view, y->rank, y->dim, to.stride);
	memcpy(to.dim, y->dim, sizeof to.dim);
	output_view(l, n, 0, &to);
}
