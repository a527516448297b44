/* What the recognizers ask. */
#include "recognize.h"
#include <string.h>

struct node *made_by(const struct value *v, const char *type)
{
	return v && v->def && is_op(v->def, type) ? v->def : NULL;
}

struct node *made_by_internal(const struct value *v, const char *type)
{
	return v && v->def && is_internal(v->def, type) ? v->def : NULL;
}

struct node *either_made_by(const struct node *n, const char *type, struct value **other)
{
	for (int i = 0; i < 2 && n->n_in == 2; i++) {
		struct node *found = made_by(n->in[i], type);
		if (found) {
			*other = n->in[1 - i];
			return found;
		}
	}
	return NULL;
}

bool is_constant(const struct value *v, double x)
{
	if (!v || !v->data)
		return false;
	for (int64_t i = value_elements(v); i-- > 0;)
		if (constant_real(v, i) != x)
			return false;
	return true;
}

bool is_filled(struct ctx *c, const struct value *v, double x)
{
	static const char *const repeats[] = { "Expand", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Tile", "Identity" };
	const struct node *n = v ? v->def : NULL;

	if (!n)
		return is_constant(v, x);
	if (is_op(n, "ConstantOfShape")) {
		const struct attribute *value = attribute(n, "value");
		return value ? value->kind == ATTRIBUTE_TENSOR && is_constant(value->tensor, x) : x == 0;
	}
	for (size_t i = 0; i < sizeof repeats / sizeof *repeats; i++)
		if (is_op(n, repeats[i]))
			return is_filled(c, n->in[0], x);
	return false;
}

struct value *unshaped(struct value *v)
{
	while (v && v->def &&
		   (is_op(v->def, "Reshape") || is_op(v->def, "Unsqueeze") || is_op(v->def, "Squeeze") ||
			   is_op(v->def, "Flatten") || is_op(v->def, "Identity")))
		v = v->def->in[0];
	return v;
}

struct value *times_constant(const struct node *n, double *x)
{
	for (int i = 1; i >= 0 && n->n_in == 2; i--)
		if (constant_scalar(n->in[i], x) && !n->in[1 - i]->data)
			return n->in[1 - i];
	return NULL;
}

/* The axes of a Reduce* node, an input since version 18 of the operator set, of ReduceSum since 13; -1: none given. */
static int reduced_axes(struct ctx *c, const struct node *n, int64_t *axes)
{
	if (n->version >= (is_op(n, "ReduceSum") ? 13 : 18))
		return constant_ints(input(n, 1), axes, MAX_RANK);
	return attribute_ints(c, n, "axes", axes, MAX_RANK);
}

int axis_of(struct ctx *c, const struct node *n)
{
	int64_t axes[MAX_RANK];
	int rank = n->in[0]->rank, count = -1;

	if (!strncmp(n->type, "Reduce", 6)) {
		count = reduced_axes(c, n, axes);
	} else if (attribute(n, "axis")) {
		axes[0] = attribute_int(c, n, "axis", 0);
		count = 1;
	}
	/* Softmax and LogSoftmax take the last axis when none is given; ArgMax the first. */
	if (count < 0 && (is_op(n, "Softmax") || is_op(n, "LogSoftmax"))) {
		axes[0] = n->version < 13 ? 1 : -1;
		count = 1;
	}
	if (count < 0 && is_op(n, "ArgMax")) {
		axes[0] = 0;
		count = 1;
	}
	if (count != 1)
		return -1;
	int axis = (int)(axes[0] < 0 ? axes[0] + rank : axes[0]);
	/* Before version 13 of the operator set they worked on all dimensions from the axis on. */
	bool flattens = (is_op(n, "Softmax") || is_op(n, "LogSoftmax")) && n->version < 13;
	return flattens && axis != rank - 1 ? -1 : axis;
}

static bool all_are(struct ctx *c, const struct node *n, const char *name, int count, int64_t x, int64_t absent)
{
	int64_t list[8];
	int found = attribute_ints(c, n, name, list, 8);

	if (found < 0)
		return x == absent;
	for (int i = 0; i < found; i++)
		if (list[i] != x)
			return false;
	return found == count;
}

bool is_max_pool(struct ctx *c, const struct node *n, int64_t kernel, int64_t stride, int64_t pad)
{
	return is_op(n, "MaxPool") && n->n_out == 1 && n->in[0]->rank == 4 && all_are(c, n, "kernel_shape", 2, kernel, 1) &&
		   all_are(c, n, "strides", 2, stride, 1) && all_are(c, n, "pads", 4, pad, 0) &&
		   all_are(c, n, "dilations", 2, 1, 1) && !attribute_int(c, n, "ceil_mode", 0) &&
		   !strcmp(attribute_string(c, n, "auto_pad", "NOTSET"), "NOTSET");
}

bool is_permutation(struct ctx *c, const struct node *n, int rank, const int64_t *perm)
{
	int64_t own[MAX_RANK];

	return is_op(n, "Transpose") && n->in[0]->rank == rank && attribute_ints(c, n, "perm", own, MAX_RANK) == rank &&
		   !memcmp(own, perm, (size_t)rank * sizeof *perm);
}

struct node *replace_end(struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in)
{
	struct node *n = node_new(c, g, end, "gluec", type, end, n_in, 1);

	n->out[0] = end->out[0];
	n->out[0]->def = n;
	node_remove(g, end);
	return n;
}

struct value *insert_node(struct ctx *c, struct graph *g, struct node *before, const char *domain, const char *type,
	int n_in, struct value *x, int rank, const int64_t *dim)
{
	struct node *n = node_new(c, g, before, domain, type, before, n_in, 1);

	n->in[0] = x;
	n->out[0] = value_new(c, before->out[0]->name, x->type, rank, dim);
	n->out[0]->def = n;
	return n->out[0];
}

struct value *insert_reshape(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, int rank, const int64_t *dim)
{
	const int64_t length = rank;
	int64_t *shape = NEW(c, int64_t, (size_t)rank + 1);
	struct value *y = insert_node(c, g, before, "", "Reshape", 2, x, rank, dim);

	memcpy(shape, dim, (size_t)rank * sizeof *dim);
	y->def->in[1] = value_constant(c, y->name, RT_I64, 1, &length, shape);
	/* A dimension of 0 is meant. */
	set_attribute_int(c, y->def, "allowzero", 1);
	return y;
}

void replace_by_reshape(struct ctx *c, struct graph *g, struct node *end, struct value *x)
{
	const struct value *y = end->out[0];
	struct node *n = insert_reshape(c, g, end, x, y->rank, y->dim)->def;

	n->out[0] = end->out[0];
	n->out[0]->def = n;
	node_remove(g, end);
}

struct value *insert_transpose(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, const int64_t *perm)
{
	int64_t dim[MAX_RANK];

	for (int i = 0; i < x->rank; i++)
		dim[i] = x->dim[perm[i]];
	struct value *y = insert_node(c, g, before, "", "Transpose", 1, x, x->rank, dim);
	set_attribute_ints(c, y->def, "perm", x->rank, perm);
	return y;
}

struct node *replace_end_shaped(
	struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in, int rank, const int64_t *dim)
{
	struct value *y = end->out[0], *own = value_new(c, y->name, y->type, rank, dim);

	if (same_shape(own, y))
		return replace_end(c, g, end, type, n_in);
	struct node *n = node_new(c, g, end, "gluec", type, end, n_in, 1);
	n->out[0] = own;
	own->def = n;
	replace_by_reshape(c, g, end, own);
	return n;
}
