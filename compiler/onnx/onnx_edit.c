/* The single changes that onnx_writer.c makes to the graphs of a file. */
#include "onnx_edit.h"
#include <string.h>

static bool is_named(const char *s, const char *name)
{
	return s && !strcmp(s, name);
}

size_t edit_producer(const struct file_graph *g, const char *name)
{
	for (size_t i = 0; i < g->proto->n_node; i++)
		for (size_t k = 0; k < g->proto->node[i]->n_output; k++)
			if (is_named(g->proto->node[i]->output[k], name))
				return i;
	return g->proto->n_node;
}

static size_t find_initializer(const struct file_graph *g, const char *name)
{
	size_t i = 0;

	while (i < g->proto->n_initializer && !is_named(g->proto->initializer[i]->name, name))
		i++;
	return i;
}

static size_t find_input(const struct file_graph *g, const char *name)
{
	size_t i = 0;

	while (i < g->proto->n_input && !is_named(g->proto->input[i]->name, name))
		i++;
	return i;
}

bool edit_has(const struct file_graph *g, const char *name)
{
	return edit_producer(g, name) < g->proto->n_node || find_initializer(g, name) < g->proto->n_initializer ||
		   find_input(g, name) < g->proto->n_input;
}

int edit_readers(const struct onnx_file *f, const char *name)
{
	int n = 0;

	for (const struct file_graph *g = f->graphs; g; g = g->next) {
		for (size_t i = 0; i < g->proto->n_node; i++)
			for (size_t k = 0; k < g->proto->node[i]->n_input; k++)
				n += is_named(g->proto->node[i]->input[k], name);
		for (size_t i = 0; i < g->proto->n_output; i++)
			n += is_named(g->proto->output[i]->name, name);
	}
	return n;
}

static bool is_taken(const struct onnx_file *f, const char *name)
{
	for (const struct file_graph *g = f->graphs; g; g = g->next)
		if (edit_has(g, name))
			return true;
	return false;
}

const char *edit_free_name(struct onnx_file *f, const char *name, const char *suffix)
{
	const char *to = arena_text(f->c, "%s.%s", name, suffix);

	for (int i = 2; is_taken(f, to); i++)
		to = arena_text(f->c, "%s.%s.%d", name, suffix, i);
	return to;
}

Onnx__NodeProto *edit_node(
	struct onnx_file *f, const char *type, const char *output, const char *a, const char *b, const char *third)
{
	Onnx__NodeProto *p = NEW(f->c, Onnx__NodeProto, 1);

	onnx__node_proto__init(p);
	p->op_type = (char *)type;
	p->name = (char *)output;
	p->n_output = 1;
	p->output = NEW(f->c, char *, 1);
	p->output[0] = (char *)output;
	p->n_input = 3;
	p->input = NEW(f->c, char *, 3);
	p->input[0] = (char *)a;
	p->input[1] = (char *)b;
	p->input[2] = (char *)third;
	return p;
}

void edit_set_axis(struct onnx_file *f, Onnx__NodeProto *node, int axis)
{
	Onnx__AttributeProto *a = NEW(f->c, Onnx__AttributeProto, 1);

	onnx__attribute_proto__init(a);
	a->name = "axis";
	a->has_type = a->has_i = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
	a->i = axis;
	node->n_attribute = 1;
	node->attribute = NEW(f->c, Onnx__AttributeProto *, 1);
	node->attribute[0] = a;
}

void edit_set_input(struct onnx_file *f, Onnx__NodeProto *node, size_t i, const char *name)
{
	if (i >= node->n_input) {
		char **more = NEW(f->c, char *, i + 1);
		for (size_t k = 0; k < i; k++)
			more[k] = k < node->n_input ? node->input[k] : "";
		node->input = more;
		node->n_input = i + 1;
	}
	node->input[i] = (char *)name;
}

void edit_insert(struct onnx_file *f, struct place at, Onnx__NodeProto *node)
{
	Onnx__GraphProto *p = at.graph->proto;

	if (p->n_node == at.graph->room) {
		at.graph->room = 2 * p->n_node + 16;
		Onnx__NodeProto **more = NEW(f->c, Onnx__NodeProto *, at.graph->room);
		if (p->n_node)
			memcpy(more, p->node, p->n_node * sizeof *more);
		p->node = more;
	}
	memmove(p->node + at.index + 1, p->node + at.index, (p->n_node - at.index) * sizeof *p->node);
	p->node[at.index] = node;
	p->n_node++;
}

void edit_tensor(struct onnx_file *f, const char *name, const struct onnx_constant *k)
{
	Onnx__GraphProto *p = f->model->graph;
	Onnx__TensorProto *t = NEW(f->c, Onnx__TensorProto, 1);
	Onnx__TensorProto **more = NEW(f->c, Onnx__TensorProto *, p->n_initializer + 1);
	int64_t n = 1;

	onnx__tensor_proto__init(t);
	t->name = (char *)name;
	t->has_data_type = t->has_raw_data = 1;
	t->data_type = (int32_t)k->type;
	t->n_dims = (size_t)k->rank;
	t->dims = NEW(f->c, int64_t, t->n_dims + 1);
	for (int i = 0; i < k->rank; i++)
		n *= t->dims[i] = k->dim[i];
	t->raw_data.len = (size_t)n * rt_type_size(k->type);
	t->raw_data.data = arena_get(f->c, t->raw_data.len + 1, 1);
	memcpy(t->raw_data.data, k->data, t->raw_data.len);
	if (p->n_initializer)
		memcpy(more, p->initializer, p->n_initializer * sizeof *more);
	more[p->n_initializer++] = t;
	p->initializer = more;
}

const char *edit_scalar(struct onnx_file *f, const char *name, enum rt_type type, const void *data)
{
	edit_tensor(f, name, &(struct onnx_constant){ type, 0, NULL, data, 0, NULL });
	return name;
}

/* Takes element i out of a list of n pointers. */
static void take_out(void *list, size_t *n, size_t i)
{
	char *p = list;

	memmove(p + i * sizeof(void *), p + (i + 1) * sizeof(void *), (*n - i - 1) * sizeof(void *));
	--*n;
}

static void remove_initializer(struct file_graph *g, const char *name)
{
	size_t in = find_input(g, name);

	take_out(g->proto->initializer, &g->proto->n_initializer, find_initializer(g, name));
	/* Old files list initialisers among the inputs; without its value this would become one. */
	if (in < g->proto->n_input)
		take_out(g->proto->input, &g->proto->n_input, in);
}

void edit_prune(struct onnx_file *f, struct file_graph *g, const char *name)
{
	while (name && *name && !edit_readers(f, name)) {
		while (g->outer && !edit_has(g, name))
			g = g->outer;
		size_t maker = edit_producer(g, name);
		const Onnx__NodeProto *node = maker < g->proto->n_node ? g->proto->node[maker] : NULL;
		if (!node && find_initializer(g, name) < g->proto->n_initializer)
			remove_initializer(g, name);
		if (!node || node->n_output != 1 || node->n_input > 1)
			return;
		take_out(g->proto->node, &g->proto->n_node, maker);
		name = node->n_input ? node->input[0] : NULL;
	}
}
