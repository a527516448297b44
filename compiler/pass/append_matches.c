/* --append matches: mutual nearest neighbours above a threshold behind a graph that ends in the dense assignment of
 * LightGlue (Lindenberger et al. 2023) or SuperGlue: logarithms [b,m,n], with or without a last row and column that
 * stand for "no match". */
#include "append.h"
#include <string.h>

static bool is_log_softmax(struct ctx *c, const struct node *n)
{
	(void)c;
	return is_op(n, "LogSoftmax");
}

/* The output that holds the scores. Descriptors have three dimensions, too, so among several the one that comes from a
 * log-softmax is meant. */
static int find_scores(struct ctx *c, const struct append *a)
{
	const struct graph *g = c->graph;
	int found = -1, count = 0, log_count = 0, log_found = -1;

	append_need_output(c, "matches", a->scores);
	for (int i = 0; i < g->n_outputs; i++) {
		if (g->outputs[i]->rank != 3 || !append_usable(g, i, a->scores))
			continue;
		found = i;
		count++;
		if (append_made_with(c, g->outputs[i], is_log_softmax)) {
			log_found = i;
			log_count++;
		}
	}
	if (!count)
		fail_model(c,
			"--append matches: no output fits: it takes the logarithms of matching scores, [b,m,n], but its outputs "
			"are %s; end the graph at its dense scores",
			append_list_outputs(c));
	if (count > 1 && log_count != 1)
		fail_model(c, "--append matches: %d outputs fit; choose with --append matches:scores=NAME from %s", count,
			append_list_outputs(c));
	return log_count == 1 ? log_found : found;
}

/* Does some input have `n` along one of its dimensions? */
static bool is_input_length(const struct graph *g, int64_t n)
{
	for (int i = 0; i < g->n_inputs; i++)
		for (int d = 0; d < g->inputs[i]->rank; d++)
			if (g->inputs[i]->dim[d] == n)
				return true;
	return false;
}

/* One row and one column more than there are keypoints. */
static bool has_dustbins(const struct graph *g, const struct value *s)
{
	bool as_is = is_input_length(g, s->dim[1]) && is_input_length(g, s->dim[2]);

	return !as_is && is_input_length(g, s->dim[1] - 1) && is_input_length(g, s->dim[2] - 1);
}

static struct value *without_dustbins(struct ctx *c, struct value *s)
{
	struct value *start = append_ints(c, 2, (int64_t[]){ 0, 0 }), *end = append_ints(c, 2, (int64_t[]){ -1, -1 });
	struct value *axes = append_ints(c, 2, (int64_t[]){ 1, 2 });

	return append_infer(c, append_node(c, "", "Slice", "matches.points", 1, 4, s, start, end, axes));
}

void append_matches(struct ctx *c, const struct append *a)
{
	int output = find_scores(c, a);
	struct value *s = c->graph->outputs[output];

	if (s->def && (is_op(s->def, "Exp") || is_op(s->def, "Softmax")))
		fail_model(c,
			"--append matches: '%.60s' %s are probabilities, the result of %s '%.60s', but their logarithms are "
			"needed; end the graph before it, or append a Log",
			s->name, shape_text(c, s), s->def->type, s->def->name);
	bool dustbins = a->dustbins < 0 ? has_dustbins(c->graph, s) : a->dustbins;
	s = append_float(c, "matches.scores", s);
	if (dustbins)
		s = without_dustbins(c, s);
	struct node *match = append_node(c, "gluec", "MutualMatch", "matches", 2, 1, s);
	set_attribute_float(c, match, "threshold", a->threshold);
	append_infer(c, match);
	match->out[0]->name = "matches0";
	match->out[1]->name = "mscores0";
	append_outputs(c, 1, &output, 2, match->out);
}
