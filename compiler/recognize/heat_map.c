/* SuperPoint's detector head: softmax over the 65 channels of a cell, the last dropped, the others unfolded. */
#include "recognize.h"
#include <string.h>

bool recognize_heat_map(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *slice = is_op(n, "DepthToSpace") ? made_by(n->in[0], "Slice") : NULL;
	struct node *softmax = slice ? made_by(slice->in[0], "Softmax") : NULL;
	int64_t start[MAX_RANK], cell;

	if (!softmax || softmax->in[0]->rank != 4 || axis_of(c, softmax) != 1 || softmax->in[0]->type == RT_F64)
		return false;
	cell = attribute_int(c, n, "blocksize", 0);
	const struct value *x = softmax->in[0], *points = slice->out[0];
	if (strcmp(attribute_string(c, n, "mode", "DCR"), "DCR") || x->dim[1] != cell * cell + 1 ||
		points->dim[1] != cell * cell || points->dim[2] != x->dim[2] || points->dim[3] != x->dim[3])
		return false;
	/* One channel fewer, and the first still the first: it is the last that is dropped. */
	int count = constant_ints(input(slice, 1), start, MAX_RANK);
	for (int i = 0; i < count; i++)
		if (start[i] != 0)
			return false;
	if (count < 1)
		return false;
	struct node *map = replace_end(c, g, n, "HeatMap", 1);
	map->in[0] = softmax->in[0];
	node_absorb(c, map, slice);
	node_absorb(c, map, softmax);
	set_attribute_int(c, map, "cell", cell);
	return true;
}
