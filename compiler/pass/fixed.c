/* Inputs that become constants while the model is compiled: lists of axes, sizes and the like that a graph takes as
 * inputs, but whose values decide shapes. Users name them with --constant; a data set has their values. */
#include "fixed.h"
#include "op/op.h"
#include "onnx/tensor.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a shape is made of: a number, or a short list of them. */
static bool decides_shapes(const struct value *v)
{
	enum { MOST = 64 };

	return v->rank == 0 || (v->rank == 1 && v->dim[0] <= MOST);
}

static bool is_input(const struct graph *g, const struct value *v)
{
	for (int i = 0; i < g->n_inputs; i++)
		if (g->inputs[i] == v)
			return true;
	return false;
}

/* Values that another depends on, as far as is known. */
struct sources {
	struct ctx *c;
	struct value **list;
	size_t n, room;
};

static void add_source(struct sources *s, struct value *v)
{
	if (!v || v->data)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i] == v)
			return;
	if (s->n == s->room) {
		struct value **old = s->list;
		s->room = s->room ? 2 * s->room : 32;
		s->list = NEW(s->c, struct value *, s->room);
		if (s->n)
			memcpy(s->list, old, s->n * sizeof *old);
	}
	s->list[s->n++] = v;
}

/* The one input of the model to be fixed first so that v becomes constant; NULL when v depends on more than numbers and
 * short lists, such as the elements of a picture. */
static struct value *input_to_fix(struct ctx *c, struct value *v)
{
	struct sources s = { .c = c };
	struct value *found = NULL;

	add_source(&s, v);
	for (size_t i = 0; i < s.n; i++) {
		const struct node *n = s.list[i]->def;
		if (n) {
			for (int k = 0; k < n->n_in; k++)
				add_source(&s, n->in[k]);
		} else if (!is_input(c->graph, s.list[i]) || !decides_shapes(s.list[i])) {
			return NULL;
		} else if (!found) {
			found = s.list[i];
		}
	}
	return found;
}

_Noreturn void fail_open(struct ctx *c, const struct node *n, const char *what, const struct value *v)
{
	c->wanted = c->graph ? input_to_fix(c, (struct value *)v) : NULL;
	if (c->wanted)
		fail_node(c, n, "its %s, '%.100s', depends on the model's inputs; fix that with --constant %.100s=%s", what,
			v->name, c->wanted->name, c->wanted->rank ? "1,2,3" : "1");
	fail_node(c, n, "its %s, '%.100s', depends on the model's inputs; only a fixed one can be compiled", what, v->name);
}

void fix_input(struct ctx *c, struct value *v, const struct value *as)
{
	struct graph *g = c->graph;
	int kept = 0;

	if (v->type != as->type)
		fail_model(
			c, "input '%.100s' is %s, so it cannot be fixed to %s", v->name, shape_text(c, v), shape_text(c, as));
	bind_input(c, v, as->rank, as->dim);
	v->data = as->data;
	for (int i = 0; i < g->n_inputs; i++)
		if (g->inputs[i] != v)
			g->inputs[kept++] = g->inputs[i];
	g->n_inputs = kept;
}

/* How many numbers "1,2,3" has. */
static int64_t count_numbers(const char *text)
{
	int64_t n = *text != 0;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

/* The numbers of `text` in the type and shape of v; a list has as many elements as there are numbers. */
static struct value *read_numbers(struct ctx *c, const struct value *v, const char *text)
{
	int64_t count = count_numbers(text), elements = 1;
	struct value *to = value_new(c, v->name, v->type, v->rank < 0 ? 1 : v->rank, v->dim);
	char *data = arena_get(c, (size_t)count + 1, rt_type_size(v->type));

	for (int i = 0; i < to->rank; i++) {
		if (v->rank < 0 || (to->rank == 1 && to->dim[i] < 0))
			to->dim[i] = count;
		if (to->dim[i] < 0 || to->dim[i] > MAX_ELEMENTS)
			fail_model(
				c, "--constant %.100s: bind its dimensions first, or give a file: it is %s", v->name, shape_text(c, v));
		elements = to->dim[i] && elements > MAX_ELEMENTS / to->dim[i] ? MAX_ELEMENTS : elements * to->dim[i];
	}
	if (elements != count)
		fail(c, USAGE, "--constant %.100s: it is %s, but %lld numbers are given", v->name, shape_text(c, v),
			(long long)count);
	for (int64_t i = 0; i < count; i++) {
		char *end;
		errno = 0;
		long long integer = strtoll(text, &end, 10);
		double real = strtod(text, is_integer_type(v->type) || v->type == RT_BOOL ? &(char *){ NULL } : &end);
		struct value one = { .type = v->type, .data = data };
		if (end == text || errno || (*end != ',' && *end))
			fail(c, USAGE, "--constant %.100s: '%.60s' does not start with a number of type %s", v->name, text,
				type_name(v->type));
		store_number(data, v->type, i, real, integer);
		if (is_integer_type(v->type) && constant_int(&one, i) != integer)
			fail(c, USAGE, "--constant %.100s: %lld does not fit type %s", v->name, integer, type_name(v->type));
		text = end + (*end == ',');
	}
	to->data = data;
	return to;
}

static bool is_file(const char *text)
{
	size_t n = strlen(text);

	return n > 3 && !strcmp(text + n - 3, ".pb");
}

void fix_constants(struct ctx *c)
{
	for (int i = 0; i < c->set.n_constants; i++) {
		const struct fixed *f = &c->set.constants[i];
		struct value *v = NULL;
		for (int k = 0; k < c->graph->n_inputs; k++)
			if (!strcmp(c->graph->inputs[k]->name, f->name))
				v = c->graph->inputs[k];
		if (!v)
			fail_model(c, "--constant %.100s: there is no such input", f->name);
		fix_input(c, v, is_file(f->text) ? read_tensor_file(c, f->text) : read_numbers(c, v, f->text));
	}
}
