/* What the recognize pass makes of SuperPoint's detector head: gluec.HeatMap and gluec.Nms. */
#include "op.h"

void heat_map_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	const struct value *x = n->in[0];
	int64_t cell = need_range(c, n, "cell", attribute_int(c, n, "cell", 8), 1, 256);
	if (x->rank != 4 || x->dim[1] != cell * cell + 1)
		fail_node(c, n, "its input is %s; it must have %lld channels", shape_text(c, x), (long long)(cell * cell + 1));
	const int64_t dim[] = { x->dim[0], 1, x->dim[2] * cell, x->dim[3] * cell };
	set_output(c, n, 0, x->type, 4, dim);
}

void heat_map_lower(struct lower *l, struct node *n)
{
	const struct value *x = n->in[0];

	if (nothing_to_compute(l, n))
		return;
	const struct view *cells = channels_last(l, float_view(l, n->in[0]), x->name);
	struct rt_heat_map p = {
		.n = small(x->dim[0]),
		.h = small(x->dim[2]),
		.w = small(x->dim[3]),
		.cell = small(attribute_int(l->c, n, "cell", 8)),
		.x_type = cells->type,
	};
	struct view *y = output_new(l, n, 0, RT_F32, NULL);
	struct call *call = call_new(l, n, KERNEL_heat_map, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(cells));
	output_done(l, n, 0, y);
}

void nms_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	const struct value *x = n->in[0];
	if (x->rank < 2)
		fail_node(c, n, "its input is %s; it must be [n,1,h,w]", shape_text(c, x));
	need_range(c, n, "radius", attribute_int(c, n, "radius", 0), 0, 1 << 15);
	need_range(c, n, "rounds", attribute_int(c, n, "rounds", 0), 0, 1 << 15);
	need_range(c, n, "border", attribute_int(c, n, "border", 0), 0, 1 << 15);
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

void nms_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	int rank = x->rank;

	if (nothing_to_compute(l, n))
		return;
	const struct view *s = view_densify(l, view_cast(l, view_of(l, x), RT_F32, x->name), x->name);
	struct rt_nms p = {
		.n = small(product(x->dim, rank - 2)),
		.h = small(x->dim[rank - 2]),
		.w = small(x->dim[rank - 1]),
		.radius = small(attribute_int(l->c, n, "radius", 0)),
		.rounds = small(attribute_int(l->c, n, "rounds", 0)),
		.border = small(attribute_int(l->c, n, "border", 0)),
		.fill = (float)attribute_float(l->c, n, "fill", 0),
	};
	struct view *y = output_new(l, n, 0, RT_F32, NULL);
	struct argument space = scratch(l, n->name, (size_t)value_elements(x) * 3 * sizeof(float));
	struct call *call = call_new(l, n, KERNEL_nms, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(s));
	call_argument(call, 2, space);
	call->in_place = 2;
	output_done(l, n, 0, y);
}
