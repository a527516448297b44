/* The passes in the order in which they run. */
#include "precision/precision.h"
#include "base/progress.h"

void read_model(struct ctx *c)
{
	progress(c, "reading");
	c->nodes_read = c->nodes_unrolled = 0;
	read_onnx(c, c->set.model);
}

void specialize_model(struct ctx *c)
{
	specialize(c);
	progress(c, "inferring shapes");
	infer(c, c->graph);
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
