/* Writes an ONNX file in the form in which a peer does the same work as an object that gluec compiled with options.
 *
 * usage: variant IN.onnx OUT.onnx [--full-depth] [--topk K] [--heads N]
 *   --full-depth   early exits (If nodes in one another) are never taken: the branches that go on stand in their place
 *   --topk K       the number that TopK nodes keep, which an initializer holds
 *   --heads N      softmax(scale q k^T) v, then heads side by side, becomes com.microsoft MultiHeadAttention */
#include "bench.h"
#include "onnx.pb-c.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef Onnx__GraphProto graph;
typedef Onnx__NodeProto node;

static bool is(const node *n, const char *type)
{
	return n && !strcmp(n->op_type, type);
}

static graph *branch(const node *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (!strcmp(n->attribute[i]->name, name) && n->attribute[i]->g)
			return n->attribute[i]->g;
	die("If '%s' has no %s", n->name, name);
}

static size_t count_exits(const graph *g)
{
	size_t count = 0;

	for (size_t i = 0; i < g->n_node; i++)
		if (is(g->node[i], "If"))
			count +=
				1 + count_exits(branch(g->node[i], "then_branch")) + count_exits(branch(g->node[i], "else_branch"));
	return count;
}

/* Of an early exit's two branches the one that goes on has more exits in it, or more nodes. */
static graph *going_on(const node *n)
{
	graph *a = branch(n, "then_branch"), *b = branch(n, "else_branch");
	size_t in_a = count_exits(a), in_b = count_exits(b);

	return in_a > in_b || (in_a == in_b && a->n_node > b->n_node) ? a : b;
}

static void rename_list(size_t n, char **list, const char *from, char *to)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], from))
			list[i] = to;
}

static void rename_value(graph *g, const char *from, char *to)
{
	for (size_t i = 0; i < g->n_node; i++) {
		node *n = g->node[i];
		rename_list(n->n_input, n->input, from, to);
		rename_list(n->n_output, n->output, from, to);
		for (size_t k = 0; k < n->n_attribute; k++)
			if (n->attribute[k]->g)
				rename_value(n->attribute[k]->g, from, to);
	}
	for (size_t i = 0; i < g->n_output; i++)
		rename_list(1, &g->output[i]->name, from, to);
}

/* The branch's nodes stand in the place of node `at`; its values cannot clash with those of g, which it sees. */
static void inline_branch(graph *g, size_t at, graph *b)
{
	node *n = g->node[at], **nodes = bench_memory(g->n_node + b->n_node, sizeof(node *));
	Onnx__TensorProto **all = bench_memory(g->n_initializer + b->n_initializer, sizeof *all);

	if (n->n_output != b->n_output)
		die("If '%s' has %zu outputs, its branch %zu", n->name, n->n_output, b->n_output);
	for (size_t i = 0; i < n->n_output; i++)
		rename_value(b, b->output[i]->name, n->output[i]);
	memcpy(nodes, g->node, at * sizeof *nodes);
	memcpy(nodes + at, b->node, b->n_node * sizeof *nodes);
	memcpy(nodes + at + b->n_node, g->node + at + 1, (g->n_node - at - 1) * sizeof *nodes);
	if (g->n_initializer)
		memcpy(all, g->initializer, g->n_initializer * sizeof *all);
	if (b->n_initializer)
		memcpy(all + g->n_initializer, b->initializer, b->n_initializer * sizeof *all);
	g->node = nodes;
	g->n_node += b->n_node - 1;
	g->initializer = all;
	g->n_initializer += b->n_initializer;
}

static void take_full_depth(graph *g)
{
	for (size_t i = 0; i < g->n_node; i++)
		while (is(g->node[i], "If"))
			inline_branch(g, i, going_on(g->node[i]));
}

/* The node that makes the value `name`, or NULL. */
static node *maker(const graph *g, const char *name)
{
	for (size_t i = 0; i < g->n_node; i++)
		for (size_t k = 0; k < g->node[i]->n_output; k++)
			if (!strcmp(g->node[i]->output[k], name))
				return g->node[i];
	return NULL;
}

static node *made_by(const graph *g, const node *n, size_t input, const char *type)
{
	node *m = n && input < n->n_input ? maker(g, n->input[input]) : NULL;

	return is(m, type) ? m : NULL;
}

static Onnx__TensorProto *initializer(const graph *g, const char *name)
{
	for (size_t i = 0; i < g->n_initializer; i++)
		if (!strcmp(g->initializer[i]->name, name))
			return g->initializer[i];
	return NULL;
}

/* Does g, from node `first` on, or one of its branches read the value? */
static bool reads(const graph *g, size_t first, const char *name)
{
	for (size_t i = 0; i < g->n_output; i++)
		if (!strcmp(g->output[i]->name, name))
			return true;
	for (size_t i = first; i < g->n_node; i++) {
		const node *n = g->node[i];
		for (size_t k = 0; k < n->n_input; k++)
			if (!strcmp(n->input[k], name))
				return true;
		for (size_t k = 0; k < n->n_attribute; k++)
			if (n->attribute[k]->g && reads(n->attribute[k]->g, 0, name))
				return true;
	}
	return false;
}

/* Nodes whose outputs nobody reads go, from the last on. */
static void remove_dead(graph *g)
{
	for (size_t i = g->n_node; i-- > 0;) {
		node *n = g->node[i];
		bool used = false;
		for (size_t k = 0; k < n->n_attribute; k++)
			if (n->attribute[k]->g)
				remove_dead(n->attribute[k]->g);
		for (size_t k = 0; k < n->n_output && !used; k++)
			used = reads(g, i + 1, n->output[k]);
		if (!used)
			memmove(g->node + i, g->node + i + 1, (--g->n_node - i) * sizeof *g->node);
	}
}

static void set_top_k(graph *g, int64_t k)
{
	int64_t old = 0;

	for (size_t i = 0; i < g->n_node; i++) {
		Onnx__TensorProto *t = is(g->node[i], "TopK") ? initializer(g, g->node[i]->input[1]) : NULL;
		if (!t || !t->has_raw_data || t->raw_data.len != sizeof k)
			continue;
		memcpy(&old, t->raw_data.data, sizeof old);
		memcpy(t->raw_data.data, &k, sizeof k);
	}
	if (!old)
		die("no TopK whose K an initializer holds");
	for (size_t i = 0; i < g->n_output; i++) {
		Onnx__TensorShapeProto *shape = g->output[i]->type->tensor_type->shape;
		for (size_t d = 0; d < shape->n_dim; d++)
			if (shape->dim[d]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
				shape->dim[d]->dim_value == old)
				shape->dim[d]->dim_value = k;
	}
}

static node *new_node(const char *name, const char *end, const char *type, size_t inputs, size_t attributes)
{
	node *n = bench_memory(1, sizeof *n);

	onnx__node_proto__init(n);
	n->name = bench_memory(strlen(name) + strlen(end) + 1, 1);
	sprintf(n->name, "%s%s", name, end);
	n->op_type = (char *)type;
	n->input = bench_memory(inputs, sizeof *n->input);
	n->n_input = inputs;
	n->output = bench_memory(1, sizeof *n->output);
	n->output[0] = n->name;
	n->n_output = 1;
	n->attribute = bench_memory(attributes, sizeof *n->attribute);
	return n;
}

static Onnx__AttributeProto *add_attribute(node *n, const char *name, Onnx__AttributeProto__AttributeType type)
{
	Onnx__AttributeProto *a = n->attribute[n->n_attribute++] = bench_memory(1, sizeof *a);

	onnx__attribute_proto__init(a);
	a->name = (char *)name;
	a->has_type = true;
	a->type = type;
	return a;
}

/* merge is the Reshape that puts the heads of softmax(scale q k^T) v side by side. When it is, nodes of the operator's
 * form come before it and it becomes one itself. The query goes in with its heads side by side, key and value as they
 * are: [b, heads, n, d]. Initializers are those of the outermost graph. */
static bool fuse_attention(graph *g, const graph *top, size_t at, int64_t heads)
{
	static int64_t rows[] = { 0, 2, 1, 3 };
	node *merge = g->node[at], *turn = is(merge, "Reshape") ? made_by(g, merge, 0, "Transpose") : NULL;
	node *pv = made_by(g, turn, 0, "MatMul"), *softmax = made_by(g, pv, 0, "Softmax");
	node *scaled = made_by(g, softmax, 0, "Mul"), *qk = made_by(g, scaled, 0, "MatMul");
	node *kt = made_by(g, qk, 1, "Transpose");
	Onnx__TensorProto *scale = scaled ? initializer(top, scaled->input[1]) : NULL;

	if (!kt || !scale || !scale->has_raw_data || scale->raw_data.len != sizeof(float))
		return false;
	node *query = new_node(merge->name, ".query", "Transpose", 1, 1);
	query->input[0] = qk->input[0];
	Onnx__AttributeProto *perm = add_attribute(query, "perm", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
	perm->n_ints = 4;
	perm->ints = rows;
	node *flat = new_node(merge->name, ".flat", "Reshape", 2, 1);
	flat->input[0] = query->output[0];
	flat->input[1] = merge->input[1];
	node *fused = new_node(merge->name, ".fused", "MultiHeadAttention", 3, 2);
	fused->domain = (char *)"com.microsoft";
	fused->input[0] = flat->output[0];
	fused->input[1] = kt->input[0];
	fused->input[2] = pv->input[1];
	fused->output[0] = merge->output[0];
	Onnx__AttributeProto *a = add_attribute(fused, "num_heads", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
	a->has_i = true;
	a->i = heads;
	a = add_attribute(fused, "scale", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
	a->has_f = true;
	memcpy(&a->f, scale->raw_data.data, sizeof a->f);
	node **nodes = bench_memory(g->n_node + 2, sizeof *nodes);
	memcpy(nodes, g->node, at * sizeof *nodes);
	memcpy(nodes + at, (node *[]){ query, flat, fused }, 3 * sizeof *nodes);
	memcpy(nodes + at + 3, g->node + at + 1, (g->n_node - at - 1) * sizeof *nodes);
	g->node = nodes;
	g->n_node += 2;
	return true;
}

static int fuse_attentions(graph *g, const graph *top, int64_t heads)
{
	int fused = 0;

	for (size_t i = 0; i < g->n_node; i++) {
		fused += fuse_attention(g, top, i, heads);
		for (size_t k = 0; k < g->node[i]->n_attribute; k++)
			if (g->node[i]->attribute[k]->g)
				fused += fuse_attentions(g->node[i]->attribute[k]->g, top, heads);
	}
	return fused;
}

/* The model may use operators of com.microsoft. */
static void import_domain(Onnx__ModelProto *m)
{
	Onnx__OperatorSetIdProto **sets = bench_memory(m->n_opset_import + 1, sizeof *sets);
	Onnx__OperatorSetIdProto *own = bench_memory(1, sizeof *own);

	onnx__operator_set_id_proto__init(own);
	own->domain = (char *)"com.microsoft";
	own->has_version = true;
	own->version = 1;
	memcpy(sets, m->opset_import, m->n_opset_import * sizeof *sets);
	sets[m->n_opset_import++] = own;
	m->opset_import = sets;
}

static Onnx__ModelProto *read_model(const char *file)
{
	size_t n;
	uint8_t *data = bench_read_file(file, &n);
	Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, n, data);
	if (!m || !m->graph)
		die("%s: not an ONNX model", file);
	return m;
}

static void write_model(const Onnx__ModelProto *m, const char *file)
{
	size_t n = onnx__model_proto__get_packed_size(m);
	uint8_t *data = bench_memory(n, 1);

	onnx__model_proto__pack(m, data);
	bench_write_file(file, data, n);
}

/* The process ends when the file is written, so nothing is freed. */
int main(int argc, char **argv)
{
	if (argc < 3)
		die("IN.onnx OUT.onnx [--full-depth] [--topk K] [--heads N]");
	Onnx__ModelProto *m = read_model(argv[1]);

	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "--full-depth"))
			take_full_depth(m->graph);
		else if (!strcmp(argv[i], "--topk") && i + 1 < argc && atoll(argv[i + 1]) > 0)
			set_top_k(m->graph, atoll(argv[++i]));
		else if (!strcmp(argv[i], "--heads") && i + 1 < argc && atoll(argv[i + 1]) > 0) {
			if (!fuse_attentions(m->graph, m->graph, atoll(argv[++i])))
				die("no attention of the known form");
			import_domain(m);
		} else
			die("what is '%s'?", argv[i]);
	}
	remove_dead(m->graph);
	write_model(m, argv[2]);
	return EXIT_SUCCESS;
}
