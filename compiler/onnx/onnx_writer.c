/* Changing an ONNX file and writing it again. */
#include "onnx_writer.h"
#include "onnx_edit.h"
#include "base/out.h"
#include "tensor.h"
#include "tensor_import.h"
#include "wire.h"
#include <string.h>

enum { LEAST_OPSET = 13, LEAST_IR = 7 };

static bool is_type(const Onnx__NodeProto *p, const char *type)
{
	return p->op_type && !strcmp(p->op_type, type);
}

/* Appends g and the graphs inside of its nodes to the file's list. */
static void list_graphs(struct onnx_file *f, Onnx__GraphProto *p, struct file_graph *outer, bool repeated)
{
	struct file_graph *g = NEW(f->c, struct file_graph, 1);

	*g = (struct file_graph){ .proto = p, .outer = outer, .repeated = repeated, .room = p->n_node };
	*f->last_graph = g;
	f->last_graph = &g->next;
	for (size_t i = 0; i < p->n_node; i++)
		for (size_t k = 0; k < p->node[i]->n_attribute; k++) {
			const Onnx__AttributeProto *a = p->node[i]->attribute[k];
			if (a->g)
				list_graphs(f, a->g, g, repeated || is_type(p->node[i], "Loop") || is_type(p->node[i], "Scan"));
			for (size_t j = 0; j < a->n_graphs; j++)
				list_graphs(f, a->graphs[j], g, true);
		}
}

struct onnx_file *onnx_file_open(struct ctx *c)
{
	struct onnx_file *f = NEW(c, struct onnx_file, 1);
	ProtobufCAllocator allocator = arena_allocator(c);
	size_t n;
	uint8_t *data = read_file(c, c->set.model, &n);

	c->file = c->set.model;
	f->c = c;
	f->last_graph = &f->graphs;
	if (wire_check(&onnx__model_proto__descriptor, data, n) == WIRE_SOUND)
		f->model = onnx__model_proto__unpack(&allocator, n, data);
	if (!f->model || !f->model->graph)
		fail_model(c, "it is not the file any more that it was when calibration began");
	for (size_t i = 0; i < f->model->n_opset_import; i++) {
		const Onnx__OperatorSetIdProto *o = f->model->opset_import[i];
		bool own = !o->domain || !*o->domain || !strcmp(o->domain, "ai.onnx");
		if (own && o->version < LEAST_OPSET)
			fail_model(c,
				"it uses version %lld of the operator set, but one scale for each channel needs 13; export it with"
				" opset_version=13 or newer, or convert it (onnx.version_converter)",
				(long long)o->version);
	}
	list_graphs(f, f->model->graph, NULL, false);
	return f;
}

static bool is_node(const Onnx__NodeProto *p, const struct node *n)
{
	if (!p->n_output || !n->n_out || !n->out[0] || strcmp(p->output[0], n->out[0]->name) || !is_type(p, n->type))
		return false;
	return !p->name || !*p->name || !strcmp(p->name, n->name);
}

/* The node's place; graph is NULL when there is none, or more than one. */
static struct place find_place(const struct onnx_file *f, const struct node *n)
{
	struct place found = { NULL, 0 };

	for (struct file_graph *g = f->graphs; g; g = g->next)
		for (size_t i = 0; i < g->proto->n_node; i++) {
			if (!is_node(g->proto->node[i], n))
				continue;
			if (found.graph || g->repeated)
				return (struct place){ NULL, 0 };
			found = (struct place){ g, i };
		}
	return found;
}

bool onnx_file_has(const struct onnx_file *f, const struct node *n)
{
	return find_place(f, n).graph != NULL;
}

/* The pair for the tensor `name`, made in graph `home`; NULL when there is none yet. */
static struct pair *find_pair(const struct onnx_file *f, const char *name, const struct file_graph *home)
{
	for (struct pair *p = f->pairs; p; p = p->next)
		if (p->home == home && !strcmp(p->name, name))
			return p;
	return NULL;
}

static struct pair *make_pair(
	struct onnx_file *f, struct place made, const char *name, const char *scale, const char *zero)
{
	struct pair *p = NEW(f->c, struct pair, 1);

	*p = (struct pair){ .name = name, .home = made.graph, .scale = scale, .zero = zero };
	p->quantized = edit_free_name(f, name, "quantized");
	edit_insert(f, made, edit_node(f, "QuantizeLinear", p->quantized, name, scale, zero));
	p->next = f->pairs;
	return f->pairs = p;
}

/* The name of the pair's float end in graph g. */
static const char *dequantized(struct onnx_file *f, struct pair *p, struct file_graph *g)
{
	for (const struct float_end *e = p->ends; e; e = e->next)
		if (e->graph == g)
			return e->name;
	struct float_end *e = NEW(f->c, struct float_end, 1);
	struct place at = { g, 0 };
	*e = (struct float_end){ g, edit_free_name(f, p->name, "dequantized"), p->ends };
	p->ends = e;
	if (g == p->home)
		at.index = edit_producer(g, p->quantized) + 1;
	edit_insert(f, at, edit_node(f, "DequantizeLinear", e->name, p->quantized, p->scale, p->zero));
	return e->name;
}

/* What a MaxPool makes of `name` alone goes through a pair with the same parameters: see onnx_writer.h. */
static void quantize_pooled(struct onnx_file *f, const struct pair *p)
{
	struct file_graph *g = p->home;
	size_t i = edit_producer(g, p->name);
	Onnx__NodeProto *pool = i < g->proto->n_node ? g->proto->node[i] : NULL;

	if (!pool || !is_type(pool, "MaxPool") || pool->n_output != 1)
		return;
	const char *x = pool->input[0];
	size_t maker = edit_producer(g, x);
	if (maker == g->proto->n_node || edit_readers(f, x) != 1 || find_pair(f, x, g))
		return;
	struct pair *inner = make_pair(f, (struct place){ g, maker + 1 }, x, p->scale, p->zero);
	pool->input[0] = (char *)dequantized(f, inner, g);
}

void onnx_file_quantize(struct onnx_file *f, const struct node *n, int i, float scale, uint8_t zero)
{
	struct place at = find_place(f, n);
	Onnx__NodeProto *node = at.graph->proto->node[at.index];
	const char *name = node->input[i];
	struct place made = { at.graph, 0 };

	/* From the node outwards to the graph that makes the tensor. */
	while (made.graph->outer && !edit_has(made.graph, name))
		made.graph = made.graph->outer;
	struct pair *p = find_pair(f, name, made.graph);
	if (!p) {
		size_t maker = edit_producer(made.graph, name);
		made.index = maker < made.graph->proto->n_node ? maker + 1 : 0;
		const char *s = edit_scalar(f, edit_free_name(f, name, "scale"), RT_F32, &scale);
		const char *z = edit_scalar(f, edit_free_name(f, name, "zero"), RT_U8, &zero);
		p = make_pair(f, made, name, s, z);
		quantize_pooled(f, p);
	}
	node->input[i] = (char *)dequantized(f, p, at.graph);
}

void onnx_file_replace(struct onnx_file *f, const struct node *n, int i, const struct onnx_constant *k)
{
	struct place at = find_place(f, n);
	Onnx__NodeProto *node = at.graph->proto->node[at.index];
	const char *old = (size_t)i < node->n_input ? node->input[i] : "";
	const char *base = *old ? old : arena_text(f->c, "%s.%d", node->output[0], i);
	const char *name = edit_free_name(f, base, k->type == RT_I8 ? "int8" : k->type == RT_I32 ? "int32" : "float");

	edit_tensor(f, name, k);
	if (k->scale) {
		const char *end = edit_free_name(f, name, "dequantized"), *zero = edit_free_name(f, name, "zero");
		const char *scale = edit_free_name(f, name, "scale");
		int64_t scales = k->dim[k->axis];
		edit_tensor(f, scale, &(struct onnx_constant){ RT_F32, 1, &scales, k->scale, 0, NULL });
		const void *zeros = arena_get(f->c, (size_t)scales, rt_type_size(k->type));
		edit_tensor(f, zero, &(struct onnx_constant){ k->type, 1, &scales, zeros, 0, NULL });
		Onnx__NodeProto *d = edit_node(f, "DequantizeLinear", end, name, scale, zero);
		edit_set_axis(f, d, k->axis);
		edit_insert(f, at, d);
		name = end;
	}
	edit_set_input(f, node, (size_t)i, name);
	if (*old)
		edit_prune(f, at.graph, old);
}

void onnx_file_write(struct onnx_file *f, const char *path)
{
	/* Initialisers that are no inputs are older than operator set 13. */
	f->model->has_ir_version = 1;
	if (f->model->ir_version < LEAST_IR)
		f->model->ir_version = LEAST_IR;
	size_t n = onnx__model_proto__get_packed_size(f->model);
	if (n > INT32_MAX)
		fail_model(f->c, "the quantised model would be larger than 2 GiB");
	uint8_t *data = arena_get(f->c, n + 1, 1);
	onnx__model_proto__pack(f->model, data);
	struct output_file *out = output_open(f->c, path);
	fwrite(data, 1, n, output_stream(out));
	output_commit(f->c);
}
