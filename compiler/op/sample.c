/* GridSample over pictures and volumes. Version 20 of the operator set renamed its modes. */
#include "op.h"
#include <string.h>

static void read_modes(struct ctx *c, const struct node *n, enum rt_grid_mode *mode, enum rt_grid_padding *padding)
{
	static const char *const modes[] = { "linear", "nearest", "cubic", "bilinear", "nearest", "bicubic" };
	static const char *const paddings[] = { "zeros", "border", "reflection" };
	static const enum rt_grid_mode mode_of[] = { RT_GRID_LINEAR, RT_GRID_NEAREST, RT_GRID_CUBIC };
	static const enum rt_grid_padding padding_of[] = { RT_GRID_ZEROS, RT_GRID_BORDER, RT_GRID_REFLECTION };

	*mode = mode_of[read_word(c, n, "mode", modes, 6, 0) % 3];
	*padding = padding_of[read_word(c, n, "padding_mode", paddings, 3, 0)];
}

void grid_sample_infer(struct ctx *c, struct node *n)
{
	enum rt_grid_mode mode;
	enum rt_grid_padding padding;

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	need_type(c, n, 1, "float");
	const struct value *x = n->in[0], *grid = n->in[1];
	int rank = x->rank;
	if (rank < 4 || rank > 5 || grid->rank != rank || grid->dim[rank - 1] != rank - 2)
		fail_node(c, n, "input %s and grid %s; [n,c,h,w] and [n,h,w,2], or [n,c,d,h,w] and [n,d,h,w,3] are supported",
			shape_text(c, x), shape_text(c, grid));
	if (x->dim[0] != grid->dim[0])
		fail_node(c, n, "input %s and grid %s have different batch sizes", shape_text(c, x), shape_text(c, grid));
	read_modes(c, n, &mode, &padding);
	if (mode == RT_GRID_CUBIC && rank == 5)
		fail_node(c, n, "mode 'cubic' is for pictures, but its input is %s", shape_text(c, x));
	int64_t dim[MAX_RANK] = { x->dim[0], x->dim[1] };
	memcpy(dim + 2, grid->dim + 1, (size_t)(rank - 2) * sizeof *dim);
	set_output(c, n, 0, x->type, rank, dim);
	if (value_elements(n->out[0]) && value_elements(x) == 0)
		fail_node(c, n, "input %s has no pixels to sample", shape_text(c, x));
}

void grid_sample_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0], *grid = n->in[1];
	int rank = x->rank;
	struct rt_grid_sample p = { .n = small(x->dim[0]), .h = small(x->dim[rank - 2]), .w = small(x->dim[rank - 1]) };

	if (nothing_to_compute(l, n))
		return;
	const struct view *picture = channels_last(l, float_view(l, n->in[0]), x->name);
	const struct view *points = view_cast(l, view_of(l, n->in[1]), RT_F32, grid->name);
	points = view_densify(l, points, grid->name);
	p.c = small(x->dim[1]);
	p.d = rank == 5 ? small(x->dim[2]) : 0;
	p.points = small(product(grid->dim + 1, rank - 2));
	p.align_corners = attribute_int(l->c, n, "align_corners", 0) != 0;
	read_modes(l->c, n, &p.mode, &p.padding);
	p.x_type = picture->type;
	p.y_type = kernel_type(n->out[0]->type);
	struct view *y = output_new(l, n, 0, p.y_type, channels_last_order(rank));
	struct call *call = call_new(l, n, KERNEL_grid_sample, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(picture));
	call_argument(call, 2, argument_of(points));
	output_done(l, n, 0, y);
}
