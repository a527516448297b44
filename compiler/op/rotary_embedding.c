/* RotaryEmbedding (ONNX 23): rotates the first channels of each head by phases that a table holds, by gluec.Rotary. */
#include "op.h"
#include <string.h>

enum { INPUT, COSINES, SINES, POSITIONS };

/* x as [b, heads, rows, d], and how many of the channels are rotated. */
struct rotation {
	int64_t dim[4], rotated;
};

static struct rotation read_rotation(struct ctx *c, const struct node *n)
{
	const struct value *x = n->in[INPUT];
	int64_t heads = attribute_int(c, n, "num_heads", 0);
	struct rotation r;

	if (x->rank != 3 && x->rank != 4)
		fail_node(c, n, "its input is %s; [b,heads,rows,d] and [b,rows,heads*d] are supported", shape_text(c, x));
	if (x->rank == 4) {
		memcpy(r.dim, x->dim, sizeof r.dim);
	} else {
		need_range(c, n, "num_heads", heads, 1, MAX_ELEMENTS);
		if (x->dim[2] % heads)
			fail_node(c, n, "num_heads %lld does not divide %s", (long long)heads, shape_text(c, x));
		const int64_t dim[] = { x->dim[0], heads, x->dim[1], x->dim[2] / heads };
		memcpy(r.dim, dim, sizeof dim);
	}
	r.rotated = attribute_int(c, n, "rotary_embedding_dim", 0);
	r.rotated = need_range(c, n, "rotary_embedding_dim", r.rotated ? r.rotated : r.dim[3], 0, r.dim[3]);
	if (r.rotated % 2)
		fail_node(c, n, "%lld channels do not make pairs", (long long)r.rotated);
	return r;
}

/* The tables are [positions, pairs] with position_ids [b, rows], or [b, rows, pairs] without. */
static void check_table(struct ctx *c, const struct node *n, int i, const struct rotation *r)
{
	const struct value *v = n->in[i], *positions = input(n, POSITIONS);
	bool fits = v->rank == (positions ? 2 : 3) && v->dim[v->rank - 1] == r->rotated / 2;

	if (!positions)
		fits = fits && v->dim[0] == r->dim[0] && v->dim[1] == r->dim[2];
	if (!fits)
		fail_node(c, n, "input %d, %s, does not hold the phases of %lld channels of %s", i, shape_text(c, v),
			(long long)r->rotated, shape_text(c, n->in[INPUT]));
}

void rotary_embedding_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 4);
	need_outputs(c, n, 1, 1);
	struct rotation r = read_rotation(c, n);
	const struct value *positions = input(n, POSITIONS);
	for (int i = INPUT; i <= SINES; i++)
		need_type(c, n, i, "f32 f16 bf16");
	need_type(c, n, POSITIONS, "i64");
	if (positions && (positions->rank != 2 || positions->dim[0] != r.dim[0] || positions->dim[1] != r.dim[2]))
		fail_node(c, n, "position_ids is %s; it must be i64[%lld,%lld]", shape_text(c, positions), (long long)r.dim[0],
			(long long)r.dim[2]);
	check_table(c, n, COSINES, &r);
	check_table(c, n, SINES, &r);
	set_output(c, n, 0, n->in[INPUT]->type, n->in[INPUT]->rank, n->in[INPUT]->dim);
}

/* The phases of a table as [b, 1, rows, pairs]. */
static struct value *phases(struct lower *l, struct node *n, int i, const struct rotation *r)
{
	const int64_t dim[] = { r->dim[0], r->dim[2], r->rotated / 2 }, four[] = { dim[0], 1, dim[1], dim[2] };
	struct value *v = n->in[i];

	if (input(n, POSITIONS)) {
		struct node *gather = part_new(l, n, "", "Gather", 2, v, n->in[POSITIONS]);
		v = part_lower(l, gather, v->type, 3, dim);
	}
	const struct view view = view_reshaped(l, view_of(l, v), 4, four, v->name);
	struct value *to = value_new(l->c, v->name, v->type, 4, four);
	view_set(l, to, &view);
	return to;
}

/* The four dimensions of a value or of its result, in the order [b, heads, rows, d]. */
static struct view as_heads(const struct view *view, const struct rotation *r)
{
	static const int heads_first[] = { 0, 2, 1, 3 };
	struct view to = *view;

	if (view->rank == 4)
		return to;
	to.rank = 4;
	to.stride[3] = view->stride[2];
	to.stride[2] = r->dim[3] * view->stride[2];
	to.dim[2] = r->dim[1];
	to.dim[3] = r->dim[3];
	return view_permute(&to, heads_first);
}

void rotary_embedding_lower(struct lower *l, struct node *n)
{
	struct rotation r = read_rotation(l->c, n);
	struct value *x = n->in[INPUT], *y = n->out[0];

	if (nothing_to_compute(l, n))
		return;
	struct view from = as_heads(view_of(l, x), &r), to = as_heads(view_new(l, y), &r);
	const int64_t rest = r.dim[3] - r.rotated;
	if (rest) {
		struct view kept = from, place = to;
		kept.dim[3] = place.dim[3] = rest;
		kept.offset += r.rotated * kept.stride[3];
		place.offset += r.rotated * place.stride[3];
		view_copy(l, &place, &kept);
	}
	if (!r.rotated)
		return;
	from.dim[3] = to.dim[3] = r.rotated;
	struct value *turned = value_new(l->c, x->name, x->type, 4, from.dim);
	view_set(l, turned, &from);
	struct node *part =
		part_new(l, n, "gluec", "Rotary", 3, turned, phases(l, n, COSINES, &r), phases(l, n, SINES, &r));
	set_attribute_int(l->c, part, "half", !attribute_int(l->c, n, "interleaved", 0));
	turned = part_lower(l, part, y->type, 4, from.dim);
	view_copy(l, &to, turned->view);
}
