/* Element-wise nodes become map calls: a node and the producers that were inlined into it make one program. */
#include "emit/lower.h"
#include "map.h"
#include <assert.h>
#include <string.h>

/* While a program is being built, registers of inputs are numbered from 0 and those of steps from STEP_BASE, because
 * how many inputs there will be is known only at the end. */
enum { STEP_BASE = 1000, MAX_BUILD = 256 };

struct map_builder {
	int inputs, steps;
	struct value *input[MAX_BUILD];
	struct rt_step step[MAX_BUILD];
	bool overflow;
	struct ctx *c;
	const char *origin;
};

static int add_step(struct map_builder *b, struct rt_step step)
{
	if (b->steps == MAX_BUILD) {
		b->overflow = true;
		return STEP_BASE;
	}
	b->step[b->steps] = step;
	return STEP_BASE + b->steps++;
}

int map_step(struct map_builder *b, enum rt_step_op op, enum rt_type type, int a, int second, int third)
{
	return add_step(b, (struct rt_step){ .op = op, .type = type, .a = a, .b = second, .c = third });
}

int map_cast(struct map_builder *b, int r, enum rt_type from, enum rt_type to)
{
	return add_step(b, (struct rt_step){ .op = RT_CAST, .type = to, .from = from, .a = r });
}

/* Equal constants share one step. */
static int add_constant(struct map_builder *b, struct rt_step step)
{
	for (int i = 0; i < b->steps; i++)
		if (b->step[i].op == RT_CONST && b->step[i].type == step.type && b->step[i].integer == step.integer &&
			!memcmp(&b->step[i].real, &step.real, sizeof step.real))
			return STEP_BASE + i;
	return add_step(b, step);
}

int map_real(struct map_builder *b, enum rt_type type, double x)
{
	return add_constant(b, (struct rt_step){ .op = RT_CONST, .type = type, .real = x });
}

int map_integer(struct map_builder *b, enum rt_type type, int64_t x)
{
	return add_constant(b, (struct rt_step){ .op = RT_CONST, .type = type, .integer = x });
}

static int add_input(struct map_builder *b, struct value *v)
{
	double x;

	if (constant_scalar(v, &x))
		return is_real_type(v->type) ? map_real(b, v->type, x) : map_integer(b, v->type, constant_int(v, 0));
	for (int i = 0; i < b->inputs; i++)
		if (b->input[i] == v)
			return i;
	if (b->inputs == MAX_BUILD) {
		b->overflow = true;
		return 0;
	}
	b->input[b->inputs] = v;
	return b->inputs++;
}

static int build(struct map_builder *b, const struct node *n)
{
	int r[MAX_BUILD];

	if (n->n_in > MAX_BUILD)
		fail_node(b->c, n, "it has %d inputs; at most %d are supported", n->n_in, MAX_BUILD);
	for (int i = 0; i < n->n_in; i++) {
		struct value *v = n->in[i];
		r[i] = -1;
		if (v && v->def && v->def->inlined)
			r[i] = build(b, v->def);
		else if (v)
			r[i] = add_input(b, v);
	}
	if (*n->origin)
		b->origin = *b->origin ? arena_text(b->c, "%s %s", b->origin, n->origin) : n->origin;
	return elementwise_steps(b->c, n, b, r);
}

static struct map_builder *build_program(struct ctx *c, const struct node *n)
{
	struct map_builder *b = NEW(c, struct map_builder, 1);

	b->c = c;
	b->origin = "";
	int result = build(b, n);
	/* The last step's register is what is stored. */
	if (result != STEP_BASE + b->steps - 1)
		map_step(b, RT_COPY, n->out[0]->type, result, 0, 0);
	return b;
}

bool map_fits(struct ctx *c, const struct node *n)
{
	const struct map_builder *b = build_program(c, n);

	return !b->overflow && b->inputs <= RT_MAP_INPUTS && b->steps <= RT_MAP_STEPS;
}

static int final_register(const struct map_builder *b, int r)
{
	return r >= STEP_BASE ? r - STEP_BASE + b->inputs : r;
}

/* Strides of y and of every input over y's dimensions, neighbours merged. */
static void fill_space(struct rt_map *p, const struct view *y, const struct view *const *x)
{
	int32_t *const slot[] = { p->y, p->x0, p->x1, p->x2, p->x3, p->x4, p->x5 };
	int64_t dim[MAX_RANK], stride[1 + RT_MAP_INPUTS][MAX_RANK], sorted[1 + RT_MAP_INPUTS][MAX_RANK];
	int perm[MAX_RANK];

	memcpy(stride[0], y->stride, sizeof y->stride);
	for (int i = 0; i < p->inputs; i++)
		view_broadcast(x[i], y->rank, y->dim, stride[1 + i]);
	/* Walk in the order in which y lies in memory. */
	view_order(y, perm);
	for (int i = 0; i < y->rank; i++) {
		dim[i] = y->dim[perm[i]];
		for (int k = 0; k <= p->inputs; k++)
			sorted[k][i] = stride[k][perm[i]];
	}
	p->rank = coalesce(y->rank, dim, 1 + p->inputs, sorted);
	for (int i = 0; i < p->rank; i++) {
		p->dim[i] = (int32_t)dim[i];
		for (int k = 0; k <= p->inputs; k++)
			slot[k][i] = (int32_t)sorted[k][i];
	}
}

static struct call *map_call(
	struct lower *l, const struct node *n, struct rt_map *p, const struct view *y, const struct view *const *x)
{
	fill_space(p, y, x);
	p->y_type = y->type;
	for (int i = 0; i < p->inputs; i++)
		p->x_type[i] = x[i]->type;
	struct call *call = call_new(l, n, KERNEL_map, p);
	call_argument(call, 0, argument_of(y));
	for (int i = 0; i < p->inputs; i++) {
		call_argument(call, 1 + i, argument_of(x[i]));
		bool same = rt_type_size(x[i]->type) == rt_type_size(y->type) && x[i]->rank == y->rank;
		for (int d = 0; same && d < y->rank; d++)
			same = x[i]->dim[d] == y->dim[d] && (y->dim[d] == 1 || x[i]->stride[d] == y->stride[d]);
		if (same)
			call->in_place |= 2u << i;
	}
	return call;
}

struct call *map_copy(struct lower *l, const struct node *n, const struct view *y, const struct view *x)
{
	struct rt_step *step = NEW(l->c, struct rt_step, 1);
	struct rt_map p = { .inputs = 1, .steps = 1, .step = step };

	*step = (struct rt_step){ .op = RT_CAST, .type = y->type, .from = x->type };
	struct call *call = map_call(l, n, &p, y, &x);
	if (!n)
		call->name = y->buffer->name;
	return call;
}

/* The output lies in memory as the first input of its shape does, so that channels-last stays channels-last. */
static void order_like_inputs(const struct value *y, int n, const struct view *const *x, int *perm)
{
	for (int d = 0; d < y->rank; d++)
		perm[d] = d;
	for (int i = 0; i < n; i++) {
		bool same = x[i]->rank == y->rank && y->rank > 0;
		for (int d = 0; same && d < y->rank; d++)
			same = x[i]->dim[d] == y->dim[d] && (x[i]->stride[d] > 0 || y->dim[d] == 1);
		if (same) {
			view_order(x[i], perm);
			return;
		}
	}
}

/* The program of n and the views of its inputs; fails when it is too long. */
static struct map_builder *map_program(struct lower *l, const struct node *n, const struct view **x)
{
	struct map_builder *b = build_program(l->c, n);

	if (b->overflow || b->inputs > RT_MAP_INPUTS || b->steps > RT_MAP_STEPS)
		fail_node(l->c, n, "it has %d inputs in %d steps; at most %d and %d are supported", b->inputs, b->steps,
			RT_MAP_INPUTS, RT_MAP_STEPS);
	for (int i = 0; i < b->inputs; i++)
		x[i] = view_of(l, b->input[i]);
	return b;
}

void map_order(struct lower *l, const struct node *n, int *perm)
{
	const struct view *x[RT_MAP_INPUTS];
	const struct map_builder *b = map_program(l, n, x);

	order_like_inputs(n->out[0], b->inputs, x, perm);
}

void lower_map_to(struct lower *l, struct node *n, const struct view *y)
{
	const struct view *x[RT_MAP_INPUTS];
	struct map_builder *b = map_program(l, n, x);
	struct rt_map p = { 0 };
	int perm[MAX_RANK];

	if (!y) {
		order_like_inputs(n->out[0], b->inputs, x, perm);
		y = view_new_permuted(l, n->out[0], perm);
	}
	if (value_elements(n->out[0]) == 0)
		return;
	for (int i = 0; i < b->steps; i++) {
		b->step[i].a = final_register(b, b->step[i].a);
		b->step[i].b = final_register(b, b->step[i].b);
		b->step[i].c = final_register(b, b->step[i].c);
	}
	p.inputs = b->inputs;
	p.steps = b->steps;
	p.step = b->step;
	l->origin = b->origin;
	map_call(l, n, &p, y, x);
}

void lower_map(struct lower *l, struct node *n)
{
	lower_map_to(l, n, NULL);
}
