/* Operators that are the sum of others: their parts are nodes of no graph, lowered one after the other. */
#include "op.h"

struct node *part_new(struct lower *l, const struct node *n, const char *domain, const char *type, int n_in, ...)
{
	struct graph *nowhere = NEW(l->c, struct graph, 1);
	struct node *part = node_new(l->c, nowhere, NULL, domain, type, n, n_in, 1);
	va_list ap;

	va_start(ap, n_in);
	for (int i = 0; i < n_in; i++)
		part->in[i] = va_arg(ap, struct value *);
	va_end(ap);
	return part;
}

struct value *part_lower(struct lower *l, struct node *part, enum rt_type type, int rank, const int64_t *dim)
{
	struct value *out = value_new(l->c, part->name, type, rank, dim);

	out->def = part;
	part->out[0] = out;
	/* An element-wise part costs no call of its own: it is computed inside the one that reads it. */
	if (part->op->flags & OP_ELEMENTWISE) {
		part->inlined = true;
		part->origin = "";
	} else {
		part->op->lower(l, part);
	}
	return out;
}

void part_last(struct lower *l, struct node *part, struct value *out)
{
	part->out[0] = out;
	part->op->lower(l, part);
}

struct value *along_axis(struct lower *l, const struct node *n, struct value *v, int rank, int axis)
{
	int64_t dim[MAX_RANK];
	struct view view;

	for (int i = 0; i < rank; i++)
		dim[i] = i == axis ? value_elements(v) : 1;
	struct value *to = value_new(l->c, n->name, v->type, rank, dim);
	view_reshape(view_dense(l, v), rank, dim, &view);
	view_set(l, to, &view);
	return to;
}

struct value *part_number(struct lower *l, const struct node *n, enum rt_type type, double x)
{
	type = held_type(l->c, type);
	void *data = arena_get(l->c, 1, rt_type_size(type));

	store_number(data, type, 0, x, is_real_type(type) ? 0 : (int64_t)x);
	return value_constant(l->c, n->name, type, 0, NULL, data);
}

struct value *part_cast(struct lower *l, const struct node *n, struct value *v, enum rt_type type)
{
	struct value *to = temporary(l, n, type, v->rank, v->dim);

	view_set(l, to, view_cast(l, view_of(l, v), type, v->name));
	return to;
}
