/* From the graph to calls, in order; buffers and calls are made here, views in layout.c. */
#include "lower.h"
#include "run/watch.h"
#include <assert.h>
#include <string.h>

struct buffer *buffer_new(struct lower *l, enum buffer_kind kind, const char *name, size_t bytes)
{
	struct program *p = l->program;
	struct buffer *b = NEW(l->c, struct buffer, 1);

	b->kind = kind;
	b->name = name;
	b->bytes = bytes;
	b->serial = p->last_buffer ? p->last_buffer->serial + 1 : 0;
	*(p->last_buffer ? &p->last_buffer->next : &p->buffers) = b;
	p->last_buffer = b;
	return b;
}

struct argument scratch(struct lower *l, const char *name, size_t bytes)
{
	struct buffer *b = buffer_new(l, BUFFER_ARENA, arena_text(l->c, "%s.scratch", name), bytes);

	b->scratch = true;
	b->comment = "scratch";
	return (struct argument){ b, 0 };
}

struct buffer *weight_new(
	struct lower *l, const char *name, enum rt_type type, const char *shape, const void *data, size_t bytes)
{
	for (struct buffer *b = l->program->buffers; b; b = b->next)
		if (b->kind == BUFFER_WEIGHT && b->bytes == bytes && (b->data == data || !memcmp(b->data, data, bytes)))
			return b;
	struct buffer *b = buffer_new(l, BUFFER_WEIGHT, name, bytes);
	b->data = data;
	b->type_name = type_name(type);
	b->shape = shape;
	return b;
}

struct argument argument_weight(struct buffer *b)
{
	return (struct argument){ b, 0 };
}

struct buffer *buffer_root(struct buffer *b)
{
	while (b && b->same)
		b = b->same;
	return b;
}

void merge_buffers(struct buffer *b, struct buffer *into)
{
	assert(buffer_root(b) != buffer_root(into));
	buffer_root(b)->same = buffer_root(into);
}

/* "1x1x480x640 -> 1x64x480x640" */
static const char *call_shapes(struct ctx *c, const struct node *n)
{
	char *s = arena_get(c, 2, 16 * (MAX_RANK + 1)), *p = s;
	const struct value *end[2] = { input(n, 0), n->out[0] };

	for (int k = 0; k < 2; k++) {
		if (!end[k])
			continue;
		if (p > s)
			p += sprintf(p, " -> ");
		if (end[k]->rank == 0)
			p += sprintf(p, "scalar");
		for (int i = 0; i < end[k]->rank; i++)
			p += sprintf(p, "%s%lld", i ? "x" : "", (long long)end[k]->dim[i]);
	}
	return s;
}

static struct call *append(struct lower *l)
{
	struct call *call = NEW(l->c, struct call, 1);

	*(l->block->last ? &l->block->last->next : &l->block->first) = call;
	l->block->last = call;
	l->program->n_calls++;
	return call;
}

struct call *call_new(struct lower *l, const struct node *n, enum kernel_id kernel, const void *params)
{
	struct call *call = append(l);
	void *copy = arena_get(l->c, 1, kernels[kernel].params_size);

	memcpy(copy, params, kernels[kernel].params_size);
	call->kernel = l->c->in_double ? double_kernel(l->c, n, kernel, params) : &kernels[kernel];
	call->params = copy;
	call->name = n ? n->name : "copy";
	call->origin = l->origin;
	call->shapes = n ? call_shapes(l->c, n) : "";
	return call;
}

void call_argument(struct call *call, int i, struct argument a)
{
	assert(i < MAX_ARGUMENTS);
	call->argument[i] = a;
}

static struct view *seen_view(struct lower *l, struct value *v)
{
	return view_densify(l, view_cast(l, view_of(l, v), RT_F32, v->name), v->name);
}

/* The statement that shows v, and the value beside it, to whoever watches it. */
static void lower_watch(struct lower *l, struct value *v)
{
	struct view *view = seen_view(l, v), *beside = v->watch->beside ? seen_view(l, v->watch->beside) : NULL;
	struct call *call = append(l);

	call->watched = v;
	call->then_block = call->else_block = NEW(l->c, struct block, 1);
	call_argument(call, 0, argument_of(view));
	if (beside)
		call_argument(call, 1, argument_of(beside));
}

static void lower_nodes(struct lower *l, struct graph *g)
{
	for (struct node *n = g->first; n; n = n->next) {
		if (n->inlined)
			continue;
		l->origin = n->origin;
		n->op->lower(l, n);
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i] && n->out[i]->watch)
				lower_watch(l, n->out[i]);
	}
}

static void forget_views(struct graph *g)
{
	struct graph *inner[8];

	for (int i = 0; i < g->n_inputs; i++)
		g->inputs[i]->view = NULL;
	for (int i = 0; i < g->n_outputs; i++)
		g->outputs[i]->view = NULL;
	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i])
				n->in[i]->view = NULL;
		for (int i = 0; i < n->n_out; i++)
			if (n->out[i])
				n->out[i]->view = NULL;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			forget_views(inner[i]);
	}
}

/* Can the buffer behind a view become another place for exactly the same bytes? Only when the view is all of it. */
static bool is_whole(const struct view *view, size_t bytes)
{
	const struct buffer *b = view->buffer;

	return b->kind == BUFFER_ARENA && !b->same && b->bytes == bytes && view->offset == 0 && view_is_dense(view);
}

/* A dense buffer of the C interface for v. */
static struct view interface_view(struct lower *l, const struct value *v, enum buffer_kind kind, int index)
{
	struct view view = { .type = v->type, .rank = v->rank };
	int64_t stride = 1;

	view.buffer = buffer_new(l, kind, v->name, value_bytes(v));
	view.buffer->index = index;
	for (int i = v->rank; i-- > 0;) {
		view.dim[i] = v->dim[i];
		view.stride[i] = stride;
		stride *= v->dim[i];
	}
	return view;
}

static void place_output(struct lower *l, struct value *v, int index)
{
	struct view *view = view_of(l, v);

	l->program->outputs[index] = interface_view(l, v, BUFFER_OUTPUT, index);
	if (is_whole(view, value_bytes(v)) && view->type == v->type)
		merge_buffers(view->buffer, l->program->outputs[index].buffer);
	else
		view_copy(l, &l->program->outputs[index], view);
}

struct program *lower_graph(struct ctx *c, struct graph *g)
{
	struct program *p = NEW(c, struct program, 1);
	struct lower l = { .c = c, .program = p, .origin = "" };

	forget_views(g);
	l.block = p->main = NEW(c, struct block, 1);
	p->inputs = NEW(c, struct view, (size_t)g->n_inputs);
	p->outputs = NEW(c, struct view, (size_t)g->n_outputs);
	for (int i = 0; i < g->n_inputs; i++) {
		p->inputs[i] = interface_view(&l, g->inputs[i], BUFFER_INPUT, i);
		g->inputs[i]->view = &p->inputs[i];
		if (g->inputs[i]->watch)
			lower_watch(&l, g->inputs[i]);
	}
	lower_nodes(&l, g);
	for (int i = 0; i < g->n_outputs; i++) {
		l.origin = g->outputs[i]->name;
		place_output(&l, g->outputs[i], i);
	}
	return p;
}

void lower_branch(struct lower *l, struct graph *g, struct block *block, struct view *const *outputs)
{
	struct lower inner = *l;
	struct buffer *before = l->program->last_buffer;

	inner.block = block;
	lower_nodes(&inner, g);
	for (int i = 0; i < g->n_outputs; i++) {
		struct view *view = view_of(&inner, g->outputs[i]);
		bool own = false;
		for (struct buffer *b = before->next; b && !own; b = b->next)
			own = b == view->buffer;
		inner.origin = g->outputs[i]->name;
		if (own && is_whole(view, outputs[i]->buffer->bytes) && view->type == outputs[i]->type)
			merge_buffers(view->buffer, outputs[i]->buffer);
		else
			view_copy(&inner, outputs[i], view);
	}
}

void lower_if(struct lower *l, struct node *n)
{
	struct view **outputs = NEW(l->c, struct view *, (size_t)n->n_out);
	struct view *condition = view_dense(l, n->in[0]);
	struct graph *then_graph = attribute_graph(l->c, n, "then_branch");
	struct graph *else_graph = attribute_graph(l->c, n, "else_branch");
	struct value unused = { .name = n->name };

	for (int i = 0; i < n->n_out; i++)
		outputs[i] = n->out[i] ? view_new(l, n->out[i]) : NULL;
	for (int i = 0; i < n->n_out; i++)
		if (!outputs[i]) {
			unused.type = then_graph->outputs[i]->type;
			unused.rank = then_graph->outputs[i]->rank;
			memcpy(unused.dim, then_graph->outputs[i]->dim, sizeof unused.dim);
			outputs[i] = view_new(l, &unused);
		}
	struct call *call = append(l);
	call->name = n->name;
	call->origin = n->origin;
	call->shapes = "";
	call_argument(call, 0, argument_of(condition));
	call->then_block = NEW(l->c, struct block, 1);
	call->else_block = NEW(l->c, struct block, 1);
	lower_branch(l, then_graph, call->then_block, outputs);
	lower_branch(l, else_graph, call->else_block, outputs);
}
