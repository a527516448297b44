/* The channels of a product that exporters interleave, as [heads, d, q k v]: when the result is reshaped so that a
 * small last dimension is taken apart, the weights' columns are put in an order that makes each part contiguous. */
#include "recognize.h"
#include <string.h>

enum { MAX_PARTS = 8 };

/* Does the operator that reads v, behind a Transpose or not, take the given dimension apart? */
static bool is_taken_apart(struct ctx *c, const struct value *v, int axis, int depth)
{
	const struct node *n = v->user;
	int64_t perm[MAX_RANK];

	/* Nothing but the model's user may read it. */
	if (!n || n->in[0] != v)
		return false;
	if (is_op(n, "Transpose") && v->uses == 1 && depth > 0 && attribute_ints(c, n, "perm", perm, MAX_RANK) == v->rank) {
		int to = 0;
		while (to < v->rank - 1 && perm[to] != axis && perm[to] != axis - v->rank)
			to++;
		return is_taken_apart(c, n->out[0], to, depth - 1);
	}
	if (is_op(n, "Split") || is_op(n, "Gather")) {
		int64_t own = attribute_int(c, n, "axis", 0);
		return own == axis || own == axis - v->rank;
	}
	return is_op(n, "Slice") && n->out[0]->dim[axis] < v->dim[axis];
}

/* Columns [outer, parts] of the matrix become [parts, outer]. */
static struct value *reorder(struct ctx *c, const struct value *w, int64_t parts)
{
	int64_t columns = w->dim[w->rank - 1], outer = columns / parts, rows = value_elements(w) / columns;
	size_t size = rt_type_size(w->type);
	char *data = NEW(c, char, value_bytes(w));

	for (int64_t r = 0; r < rows; r++)
		for (int64_t o = 0; o < outer; o++)
			for (int64_t p = 0; p < parts; p++)
				memcpy(data + (size_t)(r * columns + p * outer + o) * size,
					(const char *)w->data + (size_t)(r * columns + o * parts + p) * size, size);
	return value_constant(c, w->name, w->type, w->rank, w->dim, data);
}

/* The linear layer that makes v, with constants of one number for each column behind its weights, and no residual yet.
 */
static struct node *linear_of(const struct value *v)
{
	struct node *n = made_by_internal(v, "Linear"), *integer = made_by_internal(v, "IntegerProduct");

	return n ? n : integer && integer->in[1]->rank == 2 ? integer : NULL;
}

/* linear [..., outer parts] -> reshape [..., outer, parts] becomes the product with reordered columns, its reshape to
 * [..., parts, outer], and a transpose, which moves nothing. */
bool recognize_channels(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *linear = is_op(n, "Reshape") ? linear_of(n->in[0]) : NULL;
	const struct value *y = n->out[0];
	int64_t dim[MAX_RANK], perm[MAX_RANK], channels = 1;
	int first = y->rank, last = y->rank - 1;

	if (!linear || n->in[0]->uses != 1 || n->in[0]->is_output || y->rank < 2 || y->dim[last] < 2 ||
		y->dim[last] > MAX_PARTS || !y->uses || y->is_output || !is_taken_apart(c, y, last, 3))
		return false;
	/* The channels must be whole dimensions of the new shape. */
	const int64_t columns = linear->in[1]->dim[1], parts = y->dim[last];
	while (first > 0 && channels < columns)
		channels *= y->dim[--first];
	if (channels != columns || columns <= parts)
		return false;
	for (int i = 1; i < linear->n_in; i++)
		if (linear->in[i])
			linear->in[i] = reorder(c, linear->in[i], parts);
	for (int i = 0; i < y->rank; i++) {
		dim[i] = i < first || i > last ? y->dim[i] : i == first ? parts : y->dim[i - 1];
		perm[i] = i < first ? i : i == last ? first : i + 1;
	}
	const int64_t rank = y->rank;
	int64_t *shape = NEW(c, int64_t, (size_t)rank);
	memcpy(shape, dim, (size_t)rank * sizeof *dim);
	struct node *turn = node_new(c, g, n, "", "Transpose", n, 1, 1);
	node_remove(g, n);
	node_insert(g, turn, n);
	turn->out[0] = n->out[0];
	turn->out[0]->def = turn;
	set_attribute_ints(c, turn, "perm", y->rank, perm);
	n->out[0] = turn->in[0] = value_new(c, y->name, y->type, y->rank, dim);
	n->out[0]->def = n;
	n->in[1] = value_constant(c, n->in[1]->name, RT_I64, 1, &rank, shape);
	return true;
}
