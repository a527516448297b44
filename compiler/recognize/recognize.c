/* Runs the recognizers over the graph until none finds anything more. */
#include "recognize.h"

static recognizer *const all[] = { recognize_top_one, recognize_l2_norm, recognize_layer_norm, recognize_gelu,
	recognize_linear, recognize_channels, recognize_rotary, recognize_attention, recognize_multi_head,
	recognize_heat_map, recognize_nms, recognize_border, recognize_log_assignment, recognize_mutual_match };

static void recognize_with(struct ctx *c, struct graph *g, recognizer *find)
{
	struct graph *inner[8];

	for (struct node *n = g->first, *next; n; n = next) {
		next = n->next;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			recognize_with(c, inner[i], find);
		if (n->n_out && n->out[0])
			find(c, g, n);
	}
}

void recognize(struct ctx *c, struct graph *g)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		count_uses(g);
		recognize_with(c, g, all[i]);
		remove_dead(g);
	}
}
