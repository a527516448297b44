/* Running a model on data to see what its values are. */
#include "observe.h"
#include "base/attempt.h"
#include "calibrate/both_branches.h"
#include "base/progress.h"
#include "seen.h"
#include "run/watch.h"
#include <math.h>

/* What has been seen of all values of a graph. */
struct watched {
	struct seen seen;
	struct watch watch;
	struct watched *next;
};

static void look(const struct value *v, const float *x, const float *beside)
{
	struct seen *s = v->watch->user;
	float low = INFINITY, high = -INFINITY;
	int64_t n = value_elements(v), nonzero = 0, tiny = 0;
	(void)beside;

	/* Comparisons leave out NaN. */
	for (int64_t i = 0; i < n; i++) {
		float magnitude = fabsf(x[i]);
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
		nonzero += magnitude > 0;
		tiny += magnitude > 0 && magnitude < (float)HALF_SMALLEST;
	}
	const struct seen one = { v->name, s->node, (double)low, (double)high, (double)nonzero, (double)tiny };
	seen_join(s, &one);
}

/* What is behind the used elements of a value whose length depends on the data is nobody's. */
static void watch_value(struct ctx *c, struct value *v, const char *node, struct watched **list)
{
	if (!v || v->data || !is_float_type(v->type) || v->count)
		return;
	struct watched *w = NEW(c, struct watched, 1);
	w->seen = (struct seen){ v->name, node, INFINITY, -INFINITY, 0, 0 };
	w->watch = (struct watch){ .look = look, .user = &w->seen };
	w->next = *list;
	*list = w;
	v->watch = &w->watch;
}

static void watch_graph(struct ctx *c, struct graph *g, struct watched **list)
{
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_out; i++)
			watch_value(c, n->out[i], n->name, list);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			watch_graph(c, inner[i], list);
	}
}

static struct watched *watch_all(struct ctx *c)
{
	struct watched *list = NULL;

	for (int i = 0; i < c->graph->n_inputs; i++)
		watch_value(c, c->graph->inputs[i], "", &list);
	watch_graph(c, c->graph, &list);
	return list;
}

/* Values of branches that were not taken, and empty ones, were not seen. */
static void write_all(const struct watched *list, FILE *to)
{
	for (; list; list = list->next)
		if (list->seen.low <= list->seen.high)
			write_seen(to, &list->seen);
}

struct observation {
	const struct calibration_data *data;
	int sample;
	FILE *to;
};

static void observe_sample(struct ctx *c, void *user)
{
	const struct observation *o = user;
	struct value **inputs = o->data->load(c, o->data, o->sample);

	/* Early exits would hide the layers behind them. */
	compute_both_branches(c, c->graph);
	const struct watched *list = watch_all(c);
	progress(c, arena_text(c, "looking at sample %d of %d", o->sample + 1, o->data->n));
	interpret_fast(c, inputs);
	write_all(list, o->to);
}

void observe(struct ctx *c, const struct calibration_data *data, FILE *to)
{
	for (int i = 0; i < data->n; i++) {
		struct observation o = { data, i, to };
		with_own_memory(c, observe_sample, &o);
	}
}
