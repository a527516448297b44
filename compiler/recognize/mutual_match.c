/* Mutual nearest neighbours whose score is above a threshold: each row's best column, kept when that column's best row
 * is the row itself. */
#include "recognize.h"

struct match {
	struct value *scores; /* logarithms [b,m,n] */
	struct value *column; /* ArgMax along the rows */
	struct value *best;   /* exp of the largest */
	double threshold;
};

/* The scores behind a reduction along an axis that drops it; last: of equals it would take the last. */
static struct value *reduced(struct ctx *c, const struct node *n, int axis)
{
	if (!n || axis_of(c, n) != axis || attribute_int(c, n, "keepdims", 1) ||
		attribute_int(c, n, "select_last_index", 0))
		return NULL;
	return n->in[0];
}

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
static bool is_mutual(struct ctx *c, const struct value *v, struct match *m)
{
	struct value *own = NULL;
	struct node *equal = made_by(v, "Equal"), *back = equal ? either_made_by(equal, "GatherElements", &own) : NULL;
	struct node *row = back ? made_by(back->in[0], "ArgMax") : NULL,
				*column = back ? made_by(back->in[1], "ArgMax") : NULL;

	if (!row || !column || !is_count(own) || attribute_int(c, back, "axis", 0) != 1 ||
		own->dim[own->rank - 1] != back->out[0]->dim[1])
		return false;
	m->scores = reduced(c, row, 1);
	m->column = column->out[0];
	return m->scores && m->scores->rank == 3 && reduced(c, column, 2) == m->scores;
}

/* Greater(exp(largest), threshold) */
static bool is_strong(struct ctx *c, const struct value *v, struct match *m)
{
	struct node *greater = made_by(v, "Greater"), *exp = greater ? made_by(greater->in[0], "Exp") : NULL;
	struct node *max = exp ? made_by(exp->in[0], "ReduceMax") : NULL;

	if (!max || !constant_scalar(greater->in[1], &m->threshold) || reduced(c, max, 2) != m->scores)
		return false;
	m->best = exp->out[0];
	return true;
}

/* The node that keeps the scores of what was accepted. */
static struct node *score_filter(struct graph *g, const struct value *accept, const struct match *m)
{
	for (struct node *n = g->first; n; n = n->next)
		if (is_op(n, "Where") && n->in[0] == accept && n->in[1] == m->best && is_constant(n->in[2], 0) &&
			same_shape(n->out[0], m->best))
			return n;
	return NULL;
}

bool recognize_mutual_match(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *accept = is_op(n, "Where") ? made_by(n->in[0], "And") : NULL;
	struct match m = { 0 };
	bool found = false;

	for (int i = 0; accept && i < 2 && !found; i++)
		found = is_mutual(c, accept->in[i], &m) && is_strong(c, accept->in[1 - i], &m);
	if (!found || n->in[1] != m.column || !is_constant(n->in[2], -1) || m.scores->type != RT_F32 ||
		!same_shape(n->out[0], m.column))
		return false;
	struct node *filter = score_filter(g, accept->out[0], &m);
	/* The match stands where the first of the two stood, since whatever reads them may follow at once. */
	struct node *first = g->first;
	while (first != n && first != filter)
		first = first->next;
	struct node *match = node_new(c, g, first, "gluec", "MutualMatch", n, 1, 2);
	match->in[0] = m.scores;
	match->out[0] = n->out[0];
	match->out[1] = filter ? filter->out[0] : value_new(c, m.best->name, RT_F32, m.best->rank, m.best->dim);
	node_absorb(c, match, accept);
	if (filter) {
		node_absorb(c, match, filter);
		node_remove(g, filter);
	}
	node_remove(g, n);
	match->out[0]->def = match->out[1]->def = match;
	set_attribute_float(c, match, "threshold", m.threshold);
	return true;
}
