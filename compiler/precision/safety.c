/* What half would not hold stays float, an island among halves: values that were seen (--ranges) or are proved
 * (bound.c) to be too large, or so small that most of their digits would go. Other data reach further than the data
 * that were seen; what reached a quarter of the largest half, 65504, is therefore kept in float. A bound is no
 * observation, and a sum of products stays far below its own: bounds count when nothing was seen and values come near
 * them. bfloat16 reaches as far as float and needs none of this. */
#include "precision.h"
#include "seen.h"
#include <math.h>
#include <string.h>

static const double margin = 4;

enum { MOST_NOTES = 8 };

/* Most of the numbers that are not 0 may be so small that half has fewer digits for them. */
static const double most_tiny = 0.5;

static const char *judge_seen(struct ctx *c, const char *name, const struct seen *s)
{
	double largest = seen_largest(s);

	if (largest > HALF_LARGEST)
		return arena_text(c, "'%s' reaches %.3g, beyond half's 65504", name, largest);
	if (largest > HALF_LARGEST / margin)
		return arena_text(c, "'%s' reaches %.3g, more than a quarter of half's 65504", name, largest);
	if (seen_tiny_share(s) > most_tiny)
		return arena_text(
			c, "%.0f %% of '%s' are below half's smallest normal number, 6.1e-5", 100 * seen_tiny_share(s), name);
	return NULL;
}

/* Why half would not hold v; NULL when it would, or when nothing is known. */
static const char *judge(struct ctx *c, const struct value *v)
{
	struct interval bound = value_bound(v);
	double most = bound.known ? fmax(fabs(bound.low), fabs(bound.high)) : INFINITY;
	struct seen s;

	if (find_seen(c, v, &s)) {
		/* What is proved to fit needs no margin. */
		if (most <= HALF_LARGEST && seen_tiny_share(&s) <= most_tiny)
			return NULL;
		return judge_seen(c, v->name, &s);
	}
	if (bound.near && most > HALF_LARGEST)
		return arena_text(
			c, "'%s' may reach %.3g, beyond half's 65504; --ranges may say that it does not", v->name, most);
	return NULL;
}

static bool would_be_half(struct ctx *c, const struct node *n)
{
	const struct value *v = n->n_out ? n->out[0] : NULL;

	return wanted_type(c, n) == RT_F16 && v && v->type == RT_F32 && writes_half(n) && !is_mover(n) && !v->is_output &&
		   !v->is_position && !v->wide;
}

static void judge_node(struct ctx *c, struct graph *g, struct node *n)
{
	const char *reason = would_be_half(c, n) ? judge(c, n->out[0]) : NULL;
	(void)g;

	if (!reason)
		return;
	if (n->rule) {
		note_node(c, n, "%s, but --precision-of %.100s makes it half", reason, n->reason + strlen("--precision-of "));
		return;
	}
	n->out[0]->wide = n->island = true;
	n->reason = arena_text(c, "%s: %s", is_integer_product(n) ? "int8, its result fp32" : "fp32", reason);
}

static void count_islands(const struct graph *g, int *count, struct ctx *c)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (n->island && (*count)++ < MOST_NOTES)
			note_node(c, n, "%s", n->reason);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count_islands(inner[i], count, c);
	}
}

void keep_ranges(struct ctx *c, struct graph *g)
{
	int islands = 0;

	find_bounds(c, g);
	for (int i = 0; i < g->n_inputs; i++)
		g->inputs[i]->wide |= is_float_type(g->inputs[i]->type) && judge(c, g->inputs[i]) != NULL;
	visit_nodes(c, g, judge_node);
	count_islands(g, &islands, c);
	if (islands > MOST_NOTES)
		note_model(c, "%d more nodes are kept fp32 for their ranges; gluec explain lists them", islands - MOST_NOTES);
}
