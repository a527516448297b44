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

/* The outputs, each of [b,m] and each left out when nobody reads it: the column that row i matches or -1, the score of
 * the match or 0, the row's best column, its score, and whether they match. */
enum { MATCH, SCORE, COLUMN, BEST, ACCEPT, OUTPUTS };

void mutual_match_infer(struct ctx *c, struct node *n)
{
	static const enum rt_type type[] = { RT_I64, RT_F32, RT_I64, RT_F32, RT_BOOL };

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, OUTPUTS);
	need_type(c, n, 0, "float");
	const struct value *s = n->in[0];
	if (s->rank != 3)
		fail_node(c, n, "its input is %s; it must be [b,m,n]", shape_text(c, s));
	for (int i = 0; i < OUTPUTS; i++)
		set_output(c, n, i, type[i], 2, s->dim);
}

/* Nobody to match with. */
static void match_nothing(struct lower *l, struct node *n, struct view *const *out)
{
	for (int i = 0; i < OUTPUTS; i++)
		if (out[i])
			fill_view(l, n, out[i], i == MATCH || i == COLUMN ? part_number(l, n, out[i]->type, -1) : NULL);
}

/* The type in which both kinds of indices are stored. */
static enum rt_type index_type(const struct node *n)
{
	for (int i = MATCH; i <= COLUMN; i += COLUMN - MATCH)
		if (is_read(n, i) && n->out[i]->type != RT_I32)
			return RT_I64;
	return RT_I32;
}

void mutual_match_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	const int64_t *dim = x->dim;
	struct view *out[OUTPUTS] = { NULL };

	if (nothing_to_compute(l, n))
		return;
	struct rt_mutual_match p = {
		.b = small(dim[0]),
		.m = small(dim[1]),
		.n = small(dim[2]),
		.threshold = (float)attribute_float(l->c, n, "threshold", 0),
		.mutual_scores = small(attribute_int(l->c, n, "mutual_scores", 0)),
		.index_type = index_type(n),
	};
	const enum rt_type type[] = { p.index_type, RT_F32, p.index_type, RT_F32, RT_BOOL };
	for (int i = 0; i < OUTPUTS; i++)
		if (is_read(n, i))
			out[i] = output_new(l, n, i, type[i], NULL);
	if (dim[2] == 0) {
		match_nothing(l, n, out);
	} else {
		const struct view *s = view_densify(l, view_cast(l, view_of(l, x), RT_F32, x->name), x->name);
		struct argument space = scratch(l, n->name, (size_t)dim[0] * (size_t)dim[2] * sizeof(int32_t));
		struct call *call = call_new(l, n, KERNEL_mutual_match, &p);
		for (int i = 0; i < OUTPUTS; i++)
			if (out[i])
				call_argument(call, i, argument_of(out[i]));
		call_argument(call, OUTPUTS, argument_of(s));
		call_argument(call, OUTPUTS + 1, space);
	}
	for (int i = 0; i < OUTPUTS; i++)
		if (out[i])
			output_done(l, n, i, out[i]);
}
