/* The passes in the order in which they run. */
#include "base/attempt.h"
#include "precision/precision.h"
#include "base/progress.h"
#include <string.h>

void read_model(struct ctx *c)
{
	progress(c, "reading");
	c->nodes_read = c->nodes_unrolled = 0;
	read_onnx(c, c->set.model);
}

static void infer_all(struct ctx *c, void *user)
{
	(void)user;
	infer(c, c->graph);
}

/* The model as it is now, less --topk. */
static void infer_with_own_k(struct ctx *c, void *user)
{
	const struct graph *bound = user;

	c->set.top_k = 0;
	read_model(c);
	for (int i = 0; i < c->graph->n_inputs; i++)
		for (int k = 0; k < bound->n_inputs; k++)
			if (!strcmp(c->graph->inputs[i]->name, bound->inputs[k]->name))
				bind_input(c, c->graph->inputs[i], bound->inputs[k]->rank, bound->inputs[k]->dim);
	specialize(c);
	infer(c, c->graph);
}

/* Where shapes in the file hold its own K, another one does not fit into them, which their message cannot know. */
static _Noreturn void fail_for_k(struct ctx *c, enum status status)
{
	const char *message = arena_text(c, "%s", c->message), *hint = "";
	int64_t k = c->set.top_k;

	if (k && status == UNUSABLE_MODEL && !attempt(c, infer_with_own_k, c->graph))
		hint = arena_text(c, "; without --topk %lld all shapes fit", (long long)k);
	snprintf(c->message, sizeof c->message, "%s%s", message, hint);
	fail_again(c, status);
}

void specialize_model(struct ctx *c)
{
	specialize(c);
	progress(c, "inferring shapes");
	enum status status = attempt(c, infer_all, NULL);
	if (status)
		fail_for_k(c, status);
	append_stages(c);
	add_count_outputs(c);
	remove_dead(c->graph);
}

void load_model(struct ctx *c)
{
	read_model(c);
	specialize_model(c);
}

void compute_in_integers(struct ctx *c)
{
	move_integers(c, c->graph);
	find_integer_products(c, c->graph);
	find_integer_matmuls(c, c->graph);
	factor_scales(c, c->graph);
}

void optimize(struct ctx *c)
{
	check_policy(c, c->graph);
	progress(c, "simplifying");
	compute_in_integers(c);
	find_float8_products(c, c->graph);
	simplify(c, c->graph);
	recognize(c, c->graph);
	/* What has been recognized reads views, many of them the same. */
	simplify(c, c->graph);
	join_twins(c, c->graph);
	choose_precision(c, c->graph);
	fuse(c, c->graph);
	remove_dead(c->graph);
}
