/* One set of options for several models: which model each option is for, and what dimensions stay open. */
#include "side.h"
#include "precision/rules.h"
#include "precision/seen.h"
#include <string.h>

static bool has_input(const struct ctx *c, const char *name)
{
	for (int i = 0; i < c->graph->n_inputs; i++)
		if (!strcmp(c->graph->inputs[i]->name, name))
			return true;
	return false;
}

static bool has_node(const struct graph *g, const char *name)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (!strcmp(n->name, name))
			return true;
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i] && !strcmp(n->out[i]->name, name))
				return true;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			if (has_node(inner[i], name))
				return true;
	}
	return false;
}

static int own_bindings(struct ctx *c, struct binding *from, int n, bool capacities, struct binding **to)
{
	int kept = 0;

	*to = NEW(c, struct binding, (size_t)n + 1);
	for (int i = 0; i < n; i++) {
		bool own = capacities     ? has_node(c->graph, from[i].name)
				   : from[i].rank ? has_input(c, from[i].name)
								  : has_symbol(c, from[i].name);
		if (!own)
			continue;
		from[i].used = true;
		(*to)[kept] = from[i];
		(*to)[kept++].used = false;
	}
	return kept;
}

static int own_constants(struct ctx *c, struct fixed *from, int n, struct fixed **to)
{
	int kept = 0;

	*to = NEW(c, struct fixed, (size_t)n + 1);
	for (int i = 0; i < n; i++) {
		if (!has_input(c, from[i].name))
			continue;
		from[i].used = true;
		(*to)[kept++] = from[i];
	}
	return kept;
}

static bool has_ruled_node(const struct graph *g, const struct rule *rule)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (rule_matches(rule, n))
			return true;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			if (has_ruled_node(inner[i], rule))
				return true;
	}
	return false;
}

/* A rule is for every model in which it matches a node. */
static int own_rules(struct ctx *c, int which, struct rule *from, int n, struct rule **to)
{
	int kept = 0;

	*to = NEW(c, struct rule, (size_t)n + 1);
	for (int i = 0; i < n; i++) {
		if (!has_ruled_node(c->graph, &from[i]))
			continue;
		from[i].used |= 1U << which;
		(*to)[kept++] = from[i];
	}
	return kept;
}

/* Does the model find matches, by the names of its outputs? */
static bool makes_matches(const struct ctx *c)
{
	for (int i = 0; i < c->graph->n_outputs; i++)
		if (!strncmp(c->graph->outputs[i]->name, "matches", 7))
			return true;
	return false;
}

/* What open dimensions of a picture become: one channel, the size of the first picture cut to a multiple of 8. */
static int64_t picture_dimension(const struct ctx *c, int axis, const struct picture *first)
{
	if (axis == 0)
		return c->graph->n_inputs == 1 && makes_matches(c) ? 2 : 1;
	if (axis == 1)
		return 1;
	int side = axis == 2 ? first->height : first->width;
	return side < 8 ? 8 : side / 8 * 8;
}

/* What open dimensions of a matcher's input [pictures, K, 2 or dimensions] become. */
static int64_t matcher_dimension(const struct ctx *c, const struct value *v, int axis, const struct form *extractor)
{
	if (axis == v->rank - 1)
		return v->name[0] == 'd' ? extractor->dimensions : 2;
	if (axis == v->rank - 2)
		return extractor->points[0];
	return c->graph->n_inputs == 2 ? 2 : 1;
}

static void bind_open(struct ctx *c, int which, const struct picture *first, const struct form *extractor)
{
	for (int i = 0; i < c->graph->n_inputs; i++) {
		const struct value *v = c->graph->inputs[i];
		int64_t dim[MAX_RANK];
		bool understood = which == 0 ? form_is_image(v->name, v->rank) : v->rank == 3;
		for (int d = 0; understood && d < v->rank; d++)
			dim[d] = v->dim[d] >= 0 ? v->dim[d]
					 : which == 0   ? picture_dimension(c, d, first)
									: matcher_dimension(c, v, d, extractor);
		if (understood)
			bind_input(c, v, v->rank, dim);
	}
}

/* Extractors and pipelines take pictures, matchers do not: said here, where open dimensions do not hide it. */
static void check_pictures(struct ctx *c, int which)
{
	bool takes_pictures = false;

	for (int i = 0; i < c->graph->n_inputs; i++)
		takes_pictures |= form_is_image(c->graph->inputs[i]->name, c->graph->inputs[i]->rank);
	if (takes_pictures && which > 0)
		fail(c, USAGE, "%.300s: takes pictures, so it is no matcher", c->set.model);
	if (!takes_pictures && which == 0)
		fail(c, USAGE, "%.300s: takes no pictures [b,1|3,H,W]; name an extractor, or a model that does it all, first",
			c->set.model);
}

void take_own_settings(struct ctx *c, const struct gate_models *models, int which, const struct picture *first,
	const struct form *extractor)
{
	const struct settings *all = &models->set[which];
	struct settings *own = &c->set;

	own->n_bindings = own_bindings(c, all->bindings, all->n_bindings, false, &own->bindings);
	own->n_capacities = own_bindings(c, all->capacities, all->n_capacities, true, &own->capacities);
	own->n_constants = own_constants(c, all->constants, all->n_constants, &own->constants);
	if (which > 0) {
		own->top_k = 0;
		own->append_keypoints = NULL;
	}
	if (which < models->n - 1) {
		own->depth = DEPTH_ADAPTIVE;
		own->append_matches = NULL;
	}
	apply_bindings(c);
	check_pictures(c, which);
	bind_open(c, which, first, extractor);
}

void take_own_rules(struct ctx *c, const struct gate_models *models, int which)
{
	const struct settings *all = &models->set[which];

	/* A rule that matches nothing in the only model is told of where the names that are like it are known. */
	if (models->n == 1)
		return;
	c->set.n_rules = own_rules(c, which, all->rules, all->n_rules, &c->set.rules);
	if (!all->seen)
		return;
	if (seen_are_of(c, c->graph)) {
		mark_seen(all->seen);
	} else {
		c->set.seen = NULL;
		c->set.seen_name = NULL;
	}
}

void check_all_taken(struct ctx *c, const struct gate_models *models)
{
	const struct settings *s = &models->set[0];

	for (int i = 0; i < s->n_bindings; i++)
		if (!s->bindings[i].used)
			fail(c, USAGE, "%s %.100s: no model has such %s", s->bindings[i].rank ? "--input" : "--dim",
				s->bindings[i].name, s->bindings[i].rank ? "an input" : "a dimension");
	for (int i = 0; i < s->n_capacities; i++)
		if (!s->capacities[i].used)
			fail(c, USAGE, "--capacity %.100s: no model has a node of that name", s->capacities[i].name);
	for (int i = 0; i < s->n_constants; i++)
		if (!s->constants[i].used)
			fail(c, USAGE, "--constant %.100s: no model has such an input", s->constants[i].name);
	for (int k = 0; models->n > 1 && k < models->n; k++)
		for (int i = 0; i < models->set[k].n_rules; i++)
			if (!models->set[k].rules[i].used)
				fail(c, USAGE, "--precision-of %.100s: no model that it is for has such a node",
					models->set[k].rules[i].pattern);
	for (int k = 0; models->n > 1 && k < models->n; k++)
		if (models->set[k].seen && !is_seen_marked(models->set[k].seen))
			fail(c, USAGE, "--ranges %.200s: no model that they are for has values of these names",
				models->set[k].seen_name);
}
