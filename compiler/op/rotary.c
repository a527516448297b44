/* gluec.Rotary: rotates channel pairs by a phase. Inputs: x [..., d], and the phases' cosines and sines, which
 * broadcast to [..., d / 2]. A pair is two neighbouring channels, or with attribute half channels i and d / 2 + i. */
#include "op.h"
#include <string.h>

enum { X, COSINES, SINES, KERNEL_DIMS = 3 };

void rotary_infer(struct ctx *c, struct node *n)
{
	int64_t pairs[MAX_RANK], dim[MAX_RANK];

	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	const struct value *x = n->in[X];
	if (x->rank < 1 || x->dim[x->rank - 1] % 2)
		fail_node(c, n, "its input is %s; [...,d] with an even d is supported", shape_text(c, x));
	memcpy(pairs, x->dim, sizeof pairs);
	pairs[x->rank - 1] /= 2;
	for (int i = 0; i < 3; i++)
		need_type(c, n, i, "float");
	for (int i = COSINES; i <= SINES; i++) {
		int rank = broadcast(c, n, x->rank, pairs, n->in[i]->rank, n->in[i]->dim, dim);
		if (rank != x->rank || memcmp(dim, pairs, (size_t)rank * sizeof *dim))
			fail_node(
				c, n, "phase %s does not broadcast to the pairs of %s", shape_text(c, n->in[i]), shape_text(c, x));
	}
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

/* The phases' view with strides over all the pairs. */
static struct view phase_view(struct lower *l, struct value *v, int rank, const int64_t *pairs)
{
	const struct view *own = view_cast(l, view_of(l, v), RT_F32, v->name);
	struct view phase = *own;

	view_broadcast(own, rank, pairs, phase.stride);
	phase.rank = rank;
	memcpy(phase.dim, pairs, (size_t)rank * sizeof *pairs);
	return phase;
}

/* What the kernel walks over: y, x and the two phases. */
struct walk {
	struct view view[4];
	int order[MAX_RANK]; /* of y's dimensions in memory, from the outermost on */
	int rank;            /* of what is left of the dimensions before the last, once merged */
	int64_t dim[MAX_RANK], stride[4][MAX_RANK];
};

/* Walks as x lies and merges the dimensions before the last, with a y whose dimensions are stored in w->order. False
 * when the kernel cannot walk so. */
static bool merge_walk(struct walk *w)
{
	struct view *y = &w->view[0];
	const struct view *x = &w->view[1];
	int last = x->rank - 1, walk[MAX_RANK];
	int64_t stride = 1;

	view_order(x, walk);
	if (walk[last] != last || x->stride[last] != 1)
		return false;
	*y = *x;
	for (int i = last; i >= 0; stride *= x->dim[w->order[i--]])
		y->stride[w->order[i]] = stride;
	for (int i = 0; i < last; i++) {
		w->dim[i] = x->dim[walk[i]];
		for (int k = 0; k < 4; k++)
			w->stride[k][i] = w->view[k].stride[walk[i]];
	}
	w->rank = coalesce(last, w->dim, 4, w->stride);
	/* The kernel takes one list of strides for both phases. */
	return w->rank <= KERNEL_DIMS && w->view[2].stride[last] == w->view[3].stride[last] &&
		   !memcmp(w->stride[2], w->stride[3], (size_t)w->rank * sizeof *w->stride[2]);
}

/* Stores y in the order of its dimensions when the kernel can: attention reads rows of one head faster when they follow
 * each other. Else y lies as x does. */
static bool plan_walk(struct walk *w)
{
	for (int i = 0; i < w->view[1].rank; i++)
		w->order[i] = i;
	if (merge_walk(w))
		return true;
	view_order(&w->view[1], w->order);
	return merge_walk(w);
}

static void read_walk(struct lower *l, struct node *n, struct walk *w)
{
	const struct value *x = n->in[X];
	int64_t pairs[MAX_RANK];

	memcpy(pairs, x->dim, sizeof pairs);
	pairs[x->rank - 1] /= 2;
	w->view[1] = *float_view(l, n->in[X]);
	w->view[2] = phase_view(l, n->in[COSINES], x->rank, pairs);
	w->view[3] = phase_view(l, n->in[SINES], x->rank, pairs);
	if (plan_walk(w))
		return;
	for (int i = 1; i < 4; i++)
		w->view[i] = *view_densify(l, &w->view[i], n->in[i - 1]->name);
	plan_walk(w);
}

void rotary_lower(struct lower *l, struct node *n)
{
	int32_t dim[KERNEL_DIMS] = { 1, 1, 1 };
	int last = n->in[X]->rank - 1;
	struct walk w;

	if (nothing_to_compute(l, n))
		return;
	read_walk(l, n, &w);
	struct view *y = output_new(l, n, 0, stored_type(n->out[0]->type), w.order);
	struct rt_rotary p = { .half = attribute_int(l->c, n, "half", 0) != 0,
		.x_type = w.view[1].type,
		.y_type = y->type,
		.alpha = (float)attribute_float(l->c, n, "alpha", 0),
		.y_scale = y_scale(l->c, n),
		.y_zero = y_zero(l->c, n),
		.d = small(w.view[1].dim[last]) };
	for (int i = 0, to = KERNEL_DIMS - w.rank; i < w.rank; i++, to++) {
		dim[to] = small(w.dim[i]);
		p.y[to] = small(w.stride[0][i]);
		p.x[to] = small(w.stride[1][i]);
		p.phase[to] = small(w.stride[2][i]);
	}
	p.phase[KERNEL_DIMS] = small(w.view[2].stride[last]);
	p.b = dim[0];
	p.h = dim[1];
	p.n = dim[2];
	struct call *call = call_new(l, n, KERNEL_rotary, &p);
	call_argument(call, 0, argument_of(y));
	for (int i = 1; i < 4; i++)
		call_argument(call, i, argument_of(&w.view[i]));
	output_done(l, n, 0, y);
}
