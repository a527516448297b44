/* Where kernels read and write: the steps between values with their strides and types, and kernels that want dense
 * tensors of the types that they know. */
#include "op.h"
#include "precision/precision.h"
#include <assert.h>
#include <math.h>
#include <string.h>

int32_t small(int64_t x)
{
	assert(x >= INT32_MIN && x <= INT32_MAX);
	return (int32_t)x;
}

bool nothing_to_compute(struct lower *l, struct node *n)
{
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i] && value_elements(n->out[i]))
			return false;
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i])
			view_new(l, n->out[i]);
	return true;
}

bool is_prepared(const struct lower *l, const struct value *v)
{
	return v->data && !l->c->in_double;
}

enum rt_type kernel_type(enum rt_type type)
{
	return is_half(type) ? type : RT_F32;
}

enum rt_type stored_type(enum rt_type type)
{
	return is_byte_type(type) ? type : kernel_type(type);
}

float y_scale(struct ctx *c, const struct node *n)
{
	return (float)attribute_float(c, n, "y_scale", 0);
}

int32_t y_zero(struct ctx *c, const struct node *n)
{
	return small(attribute_int(c, n, "y_zero", 0));
}

/* Kernels round floats to bfloat16 where they multiply weights of it. Coordinates would not survive that; the sums they
 * are in are short, so that there is no time to gain. */
static bool may_round(const struct node *n)
{
	enum { TERMS = 32 };

	return n->in[0]->type != RT_F32 || count_terms(n) >= TERMS;
}

enum rt_type packed_type(struct ctx *c, const struct node *n, const struct value *w, bool pairs)
{
	if (w->type == RT_BF16)
		return w->data && may_round(n) ? RT_BF16 : RT_F32;
	if (!n->split || !w->data || w->type != RT_F32 || !pairs)
		return w->type == RT_F16 ? RT_F16 : RT_F32;
	const float *x = constant_floats(c, w);
	for (int64_t i = value_elements(w); i-- > 0;)
		if (!(fabsf(x[i]) < 0x1p127f))
			return RT_F32;
	return RT_BF16X2;
}

struct view *float_view(struct lower *l, struct value *v)
{
	return view_cast(l, view_of(l, v), kernel_type(v->type), v->name);
}

struct value *temporary(struct lower *l, const struct node *n, enum rt_type type, int rank, const int64_t *dim)
{
	const char *name = n->name;

	for (int i = n->n_out; i-- > 0;)
		if (n->out[i])
			name = n->out[i]->name;
	return value_new(l->c, name, type, rank, dim);
}

struct view *output_new(struct lower *l, struct node *n, int i, enum rt_type type, const int *perm)
{
	struct value *v = n->out[i];

	if (v->type != held_type(l->c, type))
		v = temporary(l, n, type, v->rank, v->dim);
	return perm ? view_new_permuted(l, v, perm) : view_new(l, v);
}

void output_view(struct lower *l, struct node *n, int i, const struct view *view)
{
	struct view copy = *view;

	view_set(l, n->out[i], view_cast(l, &copy, n->out[i]->type, n->out[i]->name));
}

void output_done(struct lower *l, struct node *n, int i, struct view *stored)
{
	if (n->out[i]->view != stored)
		output_view(l, n, i, stored);
}

/* Copies of the view live as long as the run: views point to each other. */
static struct view *keep(struct lower *l, struct view view)
{
	struct view *v = NEW(l->c, struct view, 1);

	*v = view;
	return v;
}

/* The view with its dimensions in the order perm, moved there when its elements do not lie so. */
static struct view *in_order(struct lower *l, const struct view *view, const int *perm, const char *name)
{
	struct view permuted = view_permute(view, perm);

	return view_is_dense(&permuted) ? keep(l, permuted) : view_densify(l, &permuted, name);
}

struct view *dense_as_stored(struct lower *l, const struct view *view, const char *name, int *perm)
{
	view_order(view, perm);
	for (int i = 0; i < view->rank; i++)
		if (view->dim[i] > 1 && view->stride[i] <= 0) {
			for (int j = 0; j < view->rank; j++)
				perm[j] = j;
			break;
		}
	return in_order(l, view, perm, name);
}

struct view *dense_rows(struct lower *l, const struct view *view, int axis, const char *name, int *perm)
{
	int order[MAX_RANK], n = 0;

	view_order(view, order);
	for (int i = 0; i < view->rank; i++)
		if (order[i] != axis)
			perm[n++] = order[i];
	perm[n] = axis;
	return in_order(l, view, perm, name);
}

const int *channels_last_order(int rank)
{
	static const int row[] = { 0, 2, 1 }, picture[] = { 0, 2, 3, 1 }, volume[] = { 0, 2, 3, 4, 1 };

	return rank == 3 ? row : rank == 4 ? picture : volume;
}

struct view *channels_last(struct lower *l, struct view *view, const char *name)
{
	struct view *v = in_order(l, view, channels_last_order(view->rank), name);

	if (v->rank > 3)
		return v;
	struct view picture = *v;
	picture.rank = 4;
	for (int i = 1; i < 3; i++) {
		picture.dim[i + 1] = v->dim[i];
		picture.stride[i + 1] = v->stride[i];
	}
	picture.dim[1] = 1;
	picture.stride[1] = v->dim[1] * v->dim[2];
	return keep(l, picture);
}

void fill_view(struct lower *l, const struct node *n, const struct view *y, struct value *x)
{
	struct rt_fill p = { .n = small(product(y->dim, y->rank)), .size = (int32_t)rt_type_size(y->type) };
	uint64_t bits = 0;

	if (!p.n)
		return;
	if (x && !x->data) {
		struct view repeated = *y;
		repeated.buffer = view_of(l, x)->buffer;
		repeated.offset = view_of(l, x)->offset;
		memset(repeated.stride, 0, sizeof repeated.stride);
		view_copy(l, y, &repeated);
		return;
	}
	if (x)
		memcpy(&bits, x->data, (size_t)p.size);
	const uint32_t half[2] = { (uint32_t)bits, (uint32_t)(bits >> 32) };
	memcpy(&p.low, &half[0], sizeof p.low);
	memcpy(&p.high, &half[1], sizeof p.high);
	call_argument(call_new(l, n, KERNEL_fill, &p), 0, argument_of(y));
}

struct view *as_rows(struct lower *l, struct view *view, int64_t rows, int64_t columns, const char *name)
{
	const int64_t dim[] = { rows, columns };
	struct view two;
	bool fits = view_reshape(view, 2, dim, &two) && (columns == 1 || two.stride[1] == 1) &&
				(rows == 1 || two.stride[0] >= columns);

	if (!fits)
		view_reshape(view_densify(l, view, name), 2, dim, &two);
	if (rows == 1)
		two.stride[0] = columns;
	two.stride[1] = 1;
	return keep(l, two);
}
