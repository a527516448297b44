/* gluec.Linear: y = act(alpha (concat(x, x1) w + bias)) + residual, with w constant and packed. Inputs: x [..., k0],
 * w [k0 + k1, n], bias [n], x1 [..., k1], residual [..., n]; the last three may be left out. */
#include "op.h"
#include <string.h>

enum { X, W, BIAS, X1, RESIDUAL };

void linear_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 2, 5);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[X], *w = n->in[W], *bias = input(n, BIAS), *x1 = input(n, X1);
	const struct value *residual = input(n, RESIDUAL);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, "float");
	if (!w->data || w->rank != 2 || x->rank < 1)
		fail_node(
			c, n, "weights %s must be a constant matrix, and %s have a dimension", shape_text(c, w), shape_text(c, x));
	int64_t k0 = x->dim[x->rank - 1], k1 = x1 && x1->rank ? x1->dim[x1->rank - 1] : 0;
	bool rows_fit = !x1 || (x1->rank == x->rank && !memcmp(x1->dim, x->dim, (size_t)(x->rank - 1) * sizeof *x->dim));
	if (k0 + k1 != w->dim[0] || !rows_fit || (bias && (!bias->data || value_elements(bias) != w->dim[1])))
		fail_node(c, n, "inputs %s and %s do not fit weights %s and bias %s", shape_text(c, x),
			x1 ? shape_text(c, x1) : "none", shape_text(c, w), bias ? shape_text(c, bias) : "none");
	memcpy(dim, x->dim, sizeof dim);
	dim[x->rank - 1] = w->dim[1];
	read_act(c, n, "act");
	set_output(c, n, 0, x->type, x->rank, dim);
	if (residual && !same_shape(residual, n->out[0]))
		fail_node(
			c, n, "residual %s does not have the result's shape %s", shape_text(c, residual), shape_text(c, n->out[0]));
}

/* The residual's rows; the result may overwrite them when they are dense. */
static void add_residual(
	struct lower *l, struct value *v, struct rt_linear *p, struct argument *argument, unsigned *in_place)
{
	struct view *view = view_cast(l, view_of(l, v), p->y_type, v->name);
	const struct view *rows = as_rows(l, view, p->m, p->n, v->name);

	p->ldr = small(rows->stride[0]);
	*argument = argument_of(rows);
	if (p->ldr == p->ldy)
		*in_place = 1u << 5;
}

void linear_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[X], *w = n->in[W], *bias = input(n, BIAS), *x1 = input(n, X1);
	struct argument argument[6] = { 0 };
	unsigned in_place = 0;

	if (nothing_to_compute(l, n))
		return;
	int64_t m = product(x->dim, x->rank - 1), k0 = x->dim[x->rank - 1];
	struct view *rows = as_rows(l, float_view(l, x), m, k0, x->name);
	struct rt_linear p = {
		.m = small(m),
		.n = small(w->dim[1]),
		.k0 = small(k0),
		.k1 = small(w->dim[0] - k0),
		.ldx0 = small(rows->stride[0]),
		.ldy = small(w->dim[1]),
		.act = read_act(l->c, n, "act"),
		.slope = (float)attribute_float(l->c, n, "slope", 0),
		.alpha = (float)attribute_float(l->c, n, "alpha", 0),
		.x_type = rows->type,
		.y_type = kernel_type(n->out[0]->type),
		.w_type = packed_type(l->c, n, w, k0 % 2 == 0 && w->dim[0] % 2 == 0),
	};
	/* A pair of rows would have one in each input. */
	if (p.w_type == RT_BF16 && k0 % 2 && p.k1)
		p.w_type = RT_F32;
	argument[1] = argument_of(rows);
	if (x1 && p.k1) {
		struct view *view = view_cast(l, view_of(l, x1), p.x_type, x1->name);
		rows = as_rows(l, view, m, p.k1, x1->name);
		p.ldx1 = small(rows->stride[0]);
		argument[2] = argument_of(rows);
	}
	argument[3] = argument_weight(
		pack_panels(l, w->name, p.w_type, constant_floats(l->c, w), 1, w->dim[0], w->dim[1], 0, w->dim[1], 1));
	if (bias)
		argument[4] = argument_weight(pack_bias(l, bias->name, constant_floats(l->c, bias), w->dim[1]));
	if (input(n, RESIDUAL))
		add_residual(l, n->in[RESIDUAL], &p, &argument[5], &in_place);
	struct view *y = output_new(l, n, 0, p.y_type, NULL);
	argument[0] = argument_of(y);
	struct call *call = call_new(l, n, KERNEL_linear, &p);
	for (int i = 0; i < 6; i++)
		call_argument(call, i, argument[i]);
	call->in_place = in_place;
	output_done(l, n, 0, y);
}
