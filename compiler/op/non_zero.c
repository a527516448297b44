/* NonZero (ONNX 9 and 13). How many elements are not zero depends on the data, so the output has room for a capacity,
 * and a second output that ONNX does not have counts them. */
#include "op.h"
#include <string.h>

/* More positions than this are given only when somebody asks for them: every mask of a picture has as many pixels. */
enum { FREE_CAPACITY = 1 << 16 };

static int64_t asked_capacity(struct ctx *c, const struct node *n)
{
	for (int i = 0; i < c->set.n_capacities; i++) {
		struct binding *b = &c->set.capacities[i];
		if (!strcmp(b->name, n->name) || !strcmp(b->name, n->out[0]->name)) {
			b->used = true;
			return b->dim[0];
		}
	}
	return 0;
}

static int64_t choose_capacity(struct ctx *c, const struct node *n, int64_t elements)
{
	int64_t asked = asked_capacity(c, n);

	if (asked)
		return asked < elements ? asked : elements;
	if (c->set.top_k && c->set.top_k < elements && elements > FREE_CAPACITY)
		return c->set.top_k;
	if (elements > FREE_CAPACITY)
		fail_node(c, n,
			"how many of %lld elements are not zero depends on the data: say how many there may be with --topk K or "
			"--capacity %.100s=N",
			(long long)elements, n->name);
	return elements;
}

/* The count of a twin that looks at the same input, so that one count serves both. */
static struct value *twins_count(const struct node *n)
{
	for (const struct node *p = n->prev; p; p = p->prev)
		if (is_op(p, "NonZero") && p->in[0] == n->in[0] && p->n_out == 2)
			return p->out[0]->count;
	return NULL;
}

static void add_count(struct ctx *c, struct node *n)
{
	struct value **out = NEW(c, struct value *, 2);

	if (n->n_out == 2)
		return;
	out[0] = n->out[0];
	out[1] = value_new(c, arena_text(c, "%s.count", n->out[0]->name), RT_I64, 0, NULL);
	out[1]->def = n;
	n->out = out;
	n->n_out = 2;
}

/* A constant input has a known number of them. */
static int64_t count_constant(const struct value *x)
{
	int64_t count = 0;

	for (int64_t i = value_elements(x); i-- > 0;)
		count += constant_real(x, i) != 0;
	return count;
}

void non_zero_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	const struct value *x = n->in[0];
	int64_t dim[2] = { x->rank, 0 }, elements = value_elements(x);

	if (x->rank == 0)
		fail_node(c, n, "its input is a scalar; it must have a dimension");
	if (x->count)
		fail_node(c, n, "the length of its input '%.100s' depends on the data already", x->name);
	add_count(c, n);
	set_output(c, n, 1, RT_I64, 0, NULL);
	if (x->data) {
		dim[1] = count_constant(x);
		set_output(c, n, 0, RT_I64, 2, dim);
		return;
	}
	dim[1] = choose_capacity(c, n, elements);
	set_output(c, n, 0, RT_I64, 2, dim);
	struct value *twin = twins_count(n);
	n->out[0]->count = twin ? twin : n->out[1];
	n->out[0]->count_axis = 1;
}

static struct rt_non_zero parameters(const struct value *x, int64_t n, int64_t capacity, enum rt_type index_type)
{
	struct rt_non_zero p = {
		.n = small(n), .rank = x->rank, .capacity = small(capacity), .x_type = x->type, .index_type = index_type
	};

	for (int i = 0; i < x->rank; i++)
		p.dim[i] = small(x->dim[i]);
	return p;
}

/* s for a mask s > threshold with a constant threshold, which says which elements are the strongest. */
static struct value *scores_of(const struct value *mask, double *threshold)
{
	const struct node *greater = mask->def;

	if (!is_op(greater, "Greater") || !constant_scalar(greater->in[1], threshold) ||
		!is_float_type(greater->in[0]->type) || !same_shape(greater->in[0], mask))
		return NULL;
	return greater->in[0];
}

/* The positions of the strongest scores, in the order of the positions, and which of them pass the threshold. */
static struct argument strongest(
	struct lower *l, struct node *n, struct value *scores, double threshold, int64_t capacity, struct argument *mask)
{
	const struct view *s = view_densify(l, view_cast(l, view_of(l, scores), RT_F32, scores->name), scores->name);
	struct view *values = view_new(l, temporary(l, n, RT_F32, 1, &capacity));
	struct view *place = view_new(l, temporary(l, n, RT_I32, 1, &capacity));
	struct rt_top_k p = {
		.rows = 1, .n = small(value_elements(scores)), .k = small(capacity), .x_type = s->type, .index_type = RT_I32
	};
	struct call *call = call_new(l, n, KERNEL_top_k, &p);

	call_argument(call, 0, argument_of(values));
	call_argument(call, 1, argument_of(place));
	call_argument(call, 2, argument_of(s));
	call_argument(call, 3, scratch(l, n->name, rt_top_k_scratch(&p)));
	struct value *kept = temporary(l, n, RT_F32, 1, &capacity);
	kept->view = values;
	struct node *greater = part_new(l, n, "", "Greater", 2, kept, part_number(l, n, RT_F32, threshold));
	greater->out[0] = temporary(l, n, RT_BOOL, 1, &capacity);
	lower_map(l, greater);
	*mask = argument_of(view_of(l, greater->out[0]));
	return argument_of(place);
}

void non_zero_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	int64_t elements = value_elements(x), capacity = n->out[0]->dim[1];
	enum rt_type index_type = n->out[0]->type == RT_I32 ? RT_I32 : RT_I64;
	struct argument mask = { 0 }, place = { 0 };
	struct rt_non_zero p = parameters(x, elements, capacity, index_type);
	double threshold;

	if (nothing_to_compute(l, n))
		return;
	struct value *scores = capacity < elements ? scores_of(x, &threshold) : NULL;
	if (scores && !x->data) {
		place = strongest(l, n, scores, threshold, capacity, &mask);
		p.n = small(capacity);
		p.x_type = RT_BOOL;
	} else {
		mask = argument_of(view_dense(l, x));
	}
	struct view *index = output_new(l, n, 0, index_type, NULL);
	struct view *count = output_new(l, n, 1, index_type, NULL);
	struct call *call = call_new(l, n, KERNEL_non_zero, &p);
	call_argument(call, 0, argument_of(index));
	call_argument(call, 1, argument_of(count));
	call_argument(call, 2, mask);
	call_argument(call, 3, place);
	output_done(l, n, 0, index);
	output_done(l, n, 1, count);
}
