/* What the recognize pass makes of LightGlue's matching head: gluec.LogAssignment and gluec.MutualMatch. */
#include "op.h"

void log_assignment_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	const struct value *s = n->in[0];
	for (int i = 0; i < 3; i++) {
		need_type(c, n, i, "float");
		if (n->in[i]->rank != 3)
			fail_node(c, n, "input %d is %s; it must have 3 dimensions", i, shape_text(c, n->in[i]));
	}
	for (int i = 1; i < 3; i++)
		if (value_elements(n->in[i]) != s->dim[0] * s->dim[i])
			fail_node(c, n, "%s does not fit axis %d of %s", shape_text(c, n->in[i]), i, shape_text(c, s));
	set_output(c, n, 0, s->type, 3, s->dim);
}

void log_assignment_lower(struct lower *l, struct node *n)
{
	const int64_t *dim = n->in[0]->dim;
	struct argument input[3];

	if (nothing_to_compute(l, n))
		return;
	struct rt_log_assignment p = { .b = small(dim[0]), .m = small(dim[1]), .n = small(dim[2]) };
	for (int i = 0; i < 3; i++) {
		struct view *view = view_cast(l, view_of(l, n->in[i]), RT_F32, n->in[i]->name);
		input[i] = argument_of(view_densify(l, view, n->in[i]->name));
	}
	struct view *y = output_new(l, n, 0, RT_F32, NULL);
	size_t floats = (size_t)dim[0] * ((size_t)dim[1] + (size_t)dim[2]);
	struct argument space = scratch(l, n->name, floats * sizeof(float));
	struct call *call = call_new(l, n, KERNEL_log_assignment, &p);
	call_argument(call, 0, argument_of(y));
	for (int i = 0; i < 3; i++)
		call_argument(call, 1 + i, input[i]);
	call_argument(call, 4, space);
	call->in_place = 2;
	output_done(l, n, 0, y);
}

void mutual_match_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 2);
	need_type(c, n, 0, "float");
	const struct value *s = n->in[0];
	if (s->rank != 3)
		fail_node(c, n, "its input is %s; it must be [b,m,n]", shape_text(c, s));
	set_output(c, n, 0, RT_I64, 2, s->dim);
	set_output(c, n, 1, RT_F32, 2, s->dim);
}

void mutual_match_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	const int64_t *dim = x->dim;

	if (nothing_to_compute(l, n))
		return;
	struct rt_mutual_match p = {
		.b = small(dim[0]),
		.m = small(dim[1]),
		.n = small(dim[2]),
		.threshold = (float)attribute_float(l->c, n, "threshold", 0),
		.index_type = n->out[0]->type == RT_I32 ? RT_I32 : RT_I64,
	};
	bool scored = n->n_out > 1 && n->out[1];
	struct view *match = output_new(l, n, 0, p.index_type, NULL);
	struct view *score = scored ? output_new(l, n, 1, RT_F32, NULL) : view_new(l, temporary(l, n, RT_F32, 2, dim));
	if (dim[2] == 0) {
		/* Nobody to match with. */
		fill_view(l, n, match, part_number(l, n, p.index_type, -1));
		fill_view(l, n, score, NULL);
	} else {
		const struct view *s = view_densify(l, view_cast(l, view_of(l, x), RT_F32, x->name), x->name);
		struct argument space = scratch(l, n->name, (size_t)dim[0] * (size_t)dim[2] * sizeof(int32_t));
		struct call *call = call_new(l, n, KERNEL_mutual_match, &p);
		call_argument(call, 0, argument_of(match));
		call_argument(call, 1, argument_of(score));
		call_argument(call, 2, argument_of(s));
		call_argument(call, 3, space);
	}
	output_done(l, n, 0, match);
	if (scored)
		output_done(l, n, 1, score);
}
