/* Writes a layer (layer.h) as an ONNX model, and its inputs as files of floats.
 *
 * usage: layer_onnx PREFIX LAYER...     PREFIX.onnx, PREFIX.0 and so on; prints the inputs as model.c takes them
 *
 * Pictures are transposed at both ends of the graph, since the layer's are NHWC: gluec's are, too, and nothing moves.
 */
#include "bench.h"
#include "layer.h"
#include "onnx.pb-c.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8, OPERATOR_SET = 20, IR_VERSION = 9 };

struct builder {
	Onnx__GraphProto graph;
	Onnx__NodeProto *node[MOST];
	Onnx__TensorProto *initializer[MOST];
	Onnx__ValueInfoProto *input[MOST], *output[1];
};

static char *copy(const char *text)
{
	char *to = bench_memory(strlen(text) + 1, 1);

	return strcpy(to, text);
}

/* A node whose inputs are named in one text, parted by blanks. */
static Onnx__NodeProto *add_node(struct builder *b, const char *type, const char *inputs, const char *output)
{
	Onnx__NodeProto *n = b->node[b->graph.n_node++] = bench_memory(1, sizeof *n);
	char *rest = NULL;

	onnx__node_proto__init(n);
	n->op_type = copy(type);
	n->name = copy(output);
	n->input = bench_memory(MOST, sizeof *n->input);
	for (char *word = strtok_r(copy(inputs), " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		n->input[n->n_input++] = word;
	n->output = bench_memory(1, sizeof *n->output);
	n->output[n->n_output++] = copy(output);
	n->attribute = bench_memory(1, sizeof *n->attribute);
	return n;
}

static Onnx__AttributeProto *add_attribute(Onnx__NodeProto *n, const char *name, size_t count, const int64_t *ints)
{
	Onnx__AttributeProto *a = n->attribute[n->n_attribute++] = bench_memory(1, sizeof *a);

	onnx__attribute_proto__init(a);
	a->name = copy(name);
	a->has_type = true;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
	a->n_ints = count;
	a->ints = bench_memory(count, sizeof *a->ints);
	memcpy(a->ints, ints, count * sizeof *ints);
	return a;
}

static void add_initializer(struct builder *b, const char *name, size_t rank, const int64_t *dim, const float *data)
{
	Onnx__TensorProto *t = b->initializer[b->graph.n_initializer++] = bench_memory(1, sizeof *t);

	onnx__tensor_proto__init(t);
	t->name = copy(name);
	t->has_data_type = true;
	t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	t->n_dims = rank;
	t->dims = bench_memory(rank, sizeof *t->dims);
	t->has_raw_data = true;
	t->raw_data.len = sizeof(float);
	for (size_t i = 0; i < rank; i++)
		t->raw_data.len *= (size_t)(t->dims[i] = dim[i]);
	t->raw_data.data = (uint8_t *)data;
}

static Onnx__ValueInfoProto *value(const char *name, int rank, const int64_t *dim)
{
	Onnx__ValueInfoProto *v = bench_memory(1, sizeof *v);
	Onnx__TypeProto__Tensor *tensor = bench_memory(1, sizeof *tensor);

	onnx__value_info_proto__init(v);
	onnx__type_proto__tensor__init(tensor);
	v->name = copy(name);
	v->type = bench_memory(1, sizeof *v->type);
	onnx__type_proto__init(v->type);
	v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	v->type->tensor_type = tensor;
	tensor->has_elem_type = true;
	tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	tensor->shape = bench_memory(1, sizeof *tensor->shape);
	onnx__tensor_shape_proto__init(tensor->shape);
	tensor->shape->n_dim = (size_t)rank;
	tensor->shape->dim = bench_memory((size_t)rank, sizeof *tensor->shape->dim);
	for (int i = 0; i < rank; i++) {
		Onnx__TensorShapeProto__Dimension *d = tensor->shape->dim[i] = bench_memory(1, sizeof *d);
		onnx__tensor_shape_proto__dimension__init(d);
		d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		d->dim_value = dim[i];
	}
	return v;
}

static void build(struct builder *b, const struct layer *l)
{
	const int64_t *s = l->size, one = 1, pad = s[4] / 2;

	switch (l->kind) {
	case LAYER_CONV:
		add_attribute(add_node(b, "Transpose", "x0", "nchw"), "perm", 4, (int64_t[]){ 0, 3, 1, 2 });
		add_attribute(add_node(b, "Conv", "nchw w b", "conv"), "pads", 4, (int64_t[]){ pad, pad, pad, pad });
		add_node(b, "Relu", "conv", "relu");
		add_attribute(add_node(b, "Transpose", "relu", "y"), "perm", 4, (int64_t[]){ 0, 2, 3, 1 });
		add_initializer(b, "w", 4, (int64_t[]){ s[3], s[2], s[4], s[4] }, l->weight);
		add_initializer(b, "b", 1, &s[3], l->bias);
		break;
	case LAYER_LINEAR:
		add_node(b, "MatMul", "x0 w", "product");
		add_node(b, "Add", "product b", "y");
		add_initializer(b, "w", 2, (int64_t[]){ s[1], s[2] }, l->weight);
		add_initializer(b, "b", 1, &s[2], l->bias);
		break;
	case LAYER_ATTENTION: {
		float *scale = bench_memory(1, sizeof *scale);
		*scale = 1 / sqrtf((float)s[2]);
		add_attribute(add_node(b, "Transpose", "x1", "kt"), "perm", 4, (int64_t[]){ 0, 1, 3, 2 });
		add_node(b, "MatMul", "x0 kt", "qk");
		add_node(b, "Mul", "qk scale", "scaled");
		add_node(b, "Softmax", "scaled", "softmax");
		add_node(b, "MatMul", "softmax x2", "y");
		add_initializer(b, "scale", 1, &one, scale);
		break;
	}
	}
}

static void write_file(const char *prefix, const char *end, const void *data, size_t bytes)
{
	char path[4096];

	snprintf(path, sizeof path, "%s%s", prefix, end);
	bench_write_file(path, data, bytes);
}

static void write_model(struct builder *b, const char *prefix)
{
	Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
	Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT, *sets[] = { &set };

	set.has_version = true;
	set.version = OPERATOR_SET;
	model.has_ir_version = true;
	model.ir_version = IR_VERSION;
	model.n_opset_import = 1;
	model.opset_import = sets;
	model.graph = &b->graph;
	size_t n = onnx__model_proto__get_packed_size(&model);
	uint8_t *data = bench_memory(n, 1);
	onnx__model_proto__pack(&model, data);
	write_file(prefix, ".onnx", data, n);
}

int main(int argc, char **argv)
{
	struct layer l;
	struct builder b = { .graph = ONNX__GRAPH_PROTO__INIT };
	int64_t elements, y[4];

	if (argc < 3)
		die("PREFIX LAYER...");
	layer_read(&l, argc - 2, argv + 2);
	b.graph.name = argv[2];
	b.graph.node = b.node;
	b.graph.initializer = b.initializer;
	b.graph.input = b.input;
	b.graph.output = b.output;
	build(&b, &l);
	for (int i = 0; i < l.inputs; i++) {
		char name[] = { 'x', (char)('0' + i), 0 }, end[] = { '.', (char)('0' + i), 0 };
		const float *x = layer_input(&l, i, &elements);
		b.input[b.graph.n_input++] = value(name, l.rank, l.dim);
		write_file(argv[1], end, x, (size_t)elements * sizeof *x);
		printf("%s=", name);
		for (int d = 0; d < l.rank; d++)
			printf("%s%lld", d ? "x" : "", (long long)l.dim[d]);
		printf(":%s%s ", argv[1], end);
	}
	puts("");
	memcpy(y, l.dim, sizeof y);
	y[l.rank - 1] = l.outputs;
	b.output[b.graph.n_output++] = value("y", l.rank, y);
	write_model(&b, argv[1]);
	return EXIT_SUCCESS;
}
