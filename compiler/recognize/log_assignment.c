/* LightGlue's assignment: log-softmax of the similarities along rows and along columns, plus the certainties. */
#include "recognize.h"

/* The similarities s, when v is LogSoftmax(s) along one of the last two axes plus LogSoftmax(s) along the other. */
static struct value *double_log_softmax(struct ctx *c, const struct node *add)
{
	const struct node *a, *b;

	if (!add || !(a = made_by(add->in[0], "LogSoftmax")) || !(b = made_by(add->in[1], "LogSoftmax")))
		return NULL;
	int rank = a->in[0]->rank, axis_a = axis_of(c, a), axis_b = axis_of(c, b);
	if (a->in[0] != b->in[0] || rank != 3 || axis_a + axis_b != 3 || (axis_a != 1 && axis_a != 2))
		return NULL;
	return a->in[0];
}

/* Certainties of rows [b,m,1] and of columns [b,1,n], in either order. */
static bool certainties(const struct node *add, const struct value *s, struct value **rows, struct value **columns)
{
	for (int i = 0; add && i < 2; i++) {
		struct value *a = add->in[i], *b = add->in[1 - i];
		if (a->rank == 3 && b->rank == 3 && a->dim[0] == s->dim[0] && b->dim[0] == s->dim[0] &&
			a->dim[1] == s->dim[1] && a->dim[2] == 1 && b->dim[1] == 1 && b->dim[2] == s->dim[2]) {
			*rows = a;
			*columns = b;
			return true;
		}
	}
	return false;
}

/* [b,1,n] as [b,n,1], which moves nothing. */
static struct value *turned(struct ctx *c, struct graph *g, struct node *before, struct value *v)
{
	const int64_t dim[] = { v->dim[0], v->dim[2], v->dim[1] };
	static const int64_t perm[] = { 0, 2, 1 };
	struct node *t = node_new(c, g, before, "", "Transpose", before, 1, 1);
	struct attribute *a = NEW(c, struct attribute, 1);

	*a = (struct attribute){ .name = "perm", .kind = ATTRIBUTE_INTS, .n = 3, .ints = perm };
	t->attributes = a;
	t->in[0] = v;
	t->out[0] = value_new(c, v->name, v->type, 3, dim);
	t->out[0]->def = t;
	return t->out[0];
}

bool recognize_log_assignment(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *s = NULL, *rows, *columns;
	struct node *both = NULL, *sum = NULL;

	if (!is_op(n, "Add"))
		return false;
	for (int i = 0; i < 2 && !s; i++) {
		both = made_by(n->in[i], "Add");
		sum = made_by(n->in[1 - i], "Add");
		s = both && sum ? double_log_softmax(c, both) : NULL;
	}
	if (!s || s->type != RT_F32 || !certainties(sum, s, &rows, &columns))
		return false;
	struct node *assignment = replace_end(c, g, n, "LogAssignment", 3);
	assignment->in[0] = s;
	assignment->in[1] = rows;
	assignment->in[2] = turned(c, g, assignment, columns);
	node_absorb(c, assignment, both);
	node_absorb(c, assignment, sum);
	return true;
}
