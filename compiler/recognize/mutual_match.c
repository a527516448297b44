/* Mutual nearest neighbours whose score is above a threshold: each row's best column, accepted when that column's best
 * row is the row itself. What graphs then make of it differs: columns or -1, lists by NonZero, scores or zeros. So the
 * whole search becomes one operation with an output for each of the intermediate results that somebody reads. */
#include "recognize.h"
#include "trace.h"
#include <string.h>

struct match {
	struct value *scores; /* logarithms [b,m,n] */
	struct node *column;  /* ArgMax along the rows */
	struct value *mutual;
	struct value *best; /* exp of the largest */
	double threshold;
};

/* The node that makes v when it is of this type and only reshaped on the way. */
static struct node *behind(struct ctx *c, struct value *v, const char *type)
{
	struct trace t = trace_value(c, v);
	struct node *n = made_by(t.root, type);
	int64_t elements = value_elements(v);

	if (!n || t.root != n->out[0] || value_elements(t.root) != elements || !trace_reshape(&t, 1, &elements))
		return NULL;
	/* All elements, in order. */
	return t.n == 0 || (t.n == 1 && t.factor[0].stride == 1 && t.offset == 0) ? n : NULL;
}

/* The scores behind a reduction along an axis; with select_last_index it would take the last of equals. */
static struct value *reduced(struct ctx *c, const struct node *n, int axis)
{
	return axis_of(c, n) != axis || attribute_int(c, n, "select_last_index", 0) ? NULL : n->in[0];
}

/* 0 1 2 ... along the last dimension, the others being 1. */
static bool is_count(const struct value *v)
{
	if (!v || !v->data || v->rank < 1 || v->dim[v->rank - 1] != value_elements(v))
		return false;
	for (int64_t i = value_elements(v); i-- > 0;)
		if (constant_int(v, i) != i)
			return false;
	return true;
}

/* Equal(GatherElements(best row of each column, best column of each row), 0 1 2 ...) */
static bool is_mutual(struct ctx *c, struct value *v, struct match *m)
{
	struct value *own = NULL;
	struct node *equal = made_by(v, "Equal"), *back = equal ? either_made_by(equal, "GatherElements", &own) : NULL;
	struct node *row = back ? behind(c, back->in[0], "ArgMax") : NULL,
				*column = back ? behind(c, back->in[1], "ArgMax") : NULL;

	if (!row || !column || !is_count(own) || back->out[0]->rank != 2 || attribute_int(c, back, "axis", 0) != 1 ||
		own->dim[own->rank - 1] != back->out[0]->dim[1] || !same_shape(v, back->out[0]))
		return false;
	m->scores = reduced(c, row, 1);
	m->column = column;
	m->mutual = v;
	return m->scores && m->scores->rank == 3 && back->in[0]->dim[0] == m->scores->dim[0] &&
		   back->in[0]->dim[1] == m->scores->dim[2] && back->in[1]->dim[1] == m->scores->dim[1] &&
		   reduced(c, column, 2) == m->scores;
}

/* Greater(exp(largest), threshold), where what is not mutual may have been made 0 already. */
static bool is_strong(struct ctx *c, struct value *v, struct match *m)
{
	struct node *greater = made_by(v, "Greater");
	struct value *score = greater ? greater->in[0] : NULL;
	struct node *filter = made_by(score, "Where");

	if (filter && filter->in[0] == m->mutual && is_constant(filter->in[2], 0) && same_shape(score, filter->in[1]))
		score = filter->in[1];
	struct node *exp = made_by(score, "Exp"), *max = exp ? behind(c, exp->in[0], "ReduceMax") : NULL;
	if (!max || !constant_scalar(greater->in[1], &m->threshold) || reduced(c, max, 2) != m->scores)
		return false;
	m->best = score;
	return true;
}

/* The node Where(condition, x, otherwise). */
static struct node *choice(struct graph *g, const struct value *condition, const struct value *x, double otherwise)
{
	for (struct node *n = g->first; n; n = n->next)
		if (is_op(n, "Where") && n->in[0] == condition && n->in[1] == x && is_constant(n->in[2], otherwise) &&
			same_shape(n->out[0], x))
			return n;
	return NULL;
}

/* Output i of the match becomes what v was, and v's node goes. */
static void give(struct ctx *c, struct graph *g, struct node *match, int i, struct value *v)
{
	const struct value *scores = match->in[0];
	struct node *old = v->def;

	/* The match has the origin of what it accepts from the beginning. */
	if (i != 4)
		node_absorb(c, match, old);
	if (v->rank == 2) {
		match->out[i] = v;
		v->def = match;
	} else {
		struct node *shaped = node_new(c, g, match->next, "", "Reshape", old, 2, 1);
		const int64_t rank = v->rank;
		int64_t *dim = NEW(c, int64_t, (size_t)rank + 1);
		memcpy(dim, v->dim, (size_t)rank * sizeof *dim);
		match->out[i] = value_new(c, v->name, v->type, 2, scores->dim);
		match->out[i]->def = match;
		shaped->in[0] = match->out[i];
		shaped->in[1] = value_constant(c, v->name, RT_I64, 1, &rank, dim);
		shaped->out[0] = v;
		v->def = shaped;
	}
	node_remove(g, old);
}

/* Behind the scores: whoever reads one of the results comes later. */
static struct node *place(struct graph *g, const struct value *scores)
{
	for (struct node *n = g->first; n; n = n->next)
		if (n == scores->def)
			return n->next;
	return g->first;
}

bool recognize_mutual_match(struct ctx *c, struct graph *g, struct node *n)
{
	struct match m = { 0 };
	bool found = false;

	for (int i = 0; is_op(n, "And") && i < 2 && !found; i++)
		found = is_mutual(c, n->in[i], &m) && is_strong(c, n->in[1 - i], &m);
	if (!found || m.scores->type != RT_F32 || m.column->out[0]->type != RT_I64 ||
		value_elements(n->out[0]) != m.scores->dim[0] * m.scores->dim[1])
		return false;
	struct value *accept = n->out[0], *column = m.column->out[0];
	struct node *match = node_new(c, g, place(g, m.scores), "gluec", "MutualMatch", n, 1, 5);
	match->in[0] = m.scores;
	set_attribute_float(c, match, "threshold", m.threshold);
	/* The columns may be read in another shape than the one in which they were found. */
	struct node *columns = NULL, *scores = choice(g, accept, m.best, 0);
	for (struct node *where = g->first; where && !columns; where = where->next)
		if (is_op(where, "Where") && where->in[0] == accept && behind(c, where->in[1], "ArgMax") == m.column)
			columns = choice(g, accept, where->in[1], -1);
	if (!scores && (scores = choice(g, m.mutual, m.best, 0)))
		set_attribute_int(c, match, "mutual_scores", 1);
	if (columns) {
		match->name = columns->name;
		give(c, g, match, 0, columns->out[0]);
	}
	if (scores)
		give(c, g, match, 1, scores->out[0]);
	give(c, g, match, 2, column);
	give(c, g, match, 3, m.best);
	give(c, g, match, 4, accept);
	return true;
}
