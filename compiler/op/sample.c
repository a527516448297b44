/* GridSample over pictures. Version 20 of the operator set renamed its modes. */
#include "op.h"
#include <string.h>

static int read_name(
	struct ctx *c, const struct node *n, const char *name, const char *fallback, const char *const *names, int count)
{
	const char *s = attribute_string(c, n, name, fallback);

	for (int i = 0; i < count; i++)
		if (!strcmp(s, names[i]))
			return i;
	fail_node(c, n, "%s '%.40s' is not supported", name, s);
}

static void read_modes(struct ctx *c, const struct node *n, enum rt_grid_mode *mode, enum rt_grid_padding *padding)
{
	static const char *const modes[] = { "linear", "nearest", "cubic", "bilinear", "nearest", "bicubic" };
	static const char *const paddings[] = { "zeros", "border", "reflection" };
	static const enum rt_grid_mode mode_of[] = { RT_GRID_LINEAR, RT_GRID_NEAREST, RT_GRID_CUBIC };
	static const enum rt_grid_padding padding_of[] = { RT_GRID_ZEROS, RT_GRID_BORDER, RT_GRID_REFLECTION };

	*mode = mode_of[read_name(c, n, "mode", "linear", modes, 6) % 3];
	*padding = padding_of[read_name(c, n, "padding_mode", "zeros", paddings, 3)];
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
	if (x->rank != 4 || grid->rank != 4 || grid->dim[3] != 2)
		fail_node(
			c, n, "input %s and grid %s; [n,c,h,w] and [n,h,w,2] are supported", shape_text(c, x), shape_text(c, grid));
	if (x->dim[0] != grid->dim[0])
		fail_node(c, n, "input %s and grid %s have different batch sizes", shape_text(c, x), shape_text(c, grid));
	read_modes(c, n, &mode, &padding);
	const int64_t dim[] = { x->dim[0], x->dim[1], grid->dim[1], grid->dim[2] };
	set_output(c, n, 0, x->type, 4, dim);
	if (value_elements(n->out[0]) && value_elements(x) == 0)
		fail_node(c, n, "input %s has no pixels to sample", shape_text(c, x));
}

void grid_sample_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0], *grid = n->in[1];
	struct rt_grid_sample p = { .n = small(x->dim[0]), .h = small(x->dim[2]), .w = small(x->dim[3]) };

	if (nothing_to_compute(l, n))
		return;
	const struct view *picture = channels_last(l, float_view(l, n->in[0]), x->name);
	const struct view *points = view_cast(l, view_of(l, n->in[1]), RT_F32, grid->name);
	points = view_densify(l, points, grid->name);
	p.c = small(x->dim[1]);
	p.points = small(grid->dim[1] * grid->dim[2]);
	p.align_corners = attribute_int(l->c, n, "align_corners", 0) != 0;
	read_modes(l->c, n, &p.mode, &p.padding);
	p.x_type = picture->type;
	p.y_type = kernel_type(n->out[0]->type);
	struct view *y = output_new(l, n, 0, p.y_type, channels_last_order(4));
	struct call *call = call_new(l, n, KERNEL_grid_sample, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(picture));
	call_argument(call, 2, argument_of(points));
	output_done(l, n, 0, y);
}
