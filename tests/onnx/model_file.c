/* ONNX files for tests. */
#include "model_file.h"
#include "onnx/tensor.h"
#include "base/attempt.h"
#include "base/temporary.h"
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

static Onnx__TypeProto *type_proto(struct ctx *c, const struct value *v)
{
	Onnx__TypeProto *type = NEW(c, Onnx__TypeProto, 1);
	Onnx__TypeProto__Tensor *tensor = NEW(c, Onnx__TypeProto__Tensor, 1);
	Onnx__TensorShapeProto *shape = NEW(c, Onnx__TensorShapeProto, 1);

	onnx__type_proto__init(type);
	onnx__type_proto__tensor__init(tensor);
	onnx__tensor_shape_proto__init(shape);
	type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	type->tensor_type = tensor;
	tensor->has_elem_type = 1;
	tensor->elem_type = (int32_t)v->type;
	if (v->rank < 0)
		return type;
	tensor->shape = shape;
	shape->n_dim = (size_t)v->rank;
	shape->dim = NEW(c, Onnx__TensorShapeProto__Dimension *, (size_t)v->rank);
	for (int i = 0; i < v->rank; i++) {
		Onnx__TensorShapeProto__Dimension *d = shape->dim[i] = NEW(c, Onnx__TensorShapeProto__Dimension, 1);
		onnx__tensor_shape_proto__dimension__init(d);
		d->value_case = v->symbol[i] ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
									 : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		if (v->symbol[i])
			d->dim_param = (char *)v->symbol[i];
		else
			d->dim_value = v->dim[i];
	}
	return type;
}

static Onnx__ValueInfoProto **values_proto(struct ctx *c, struct value *const *v, int n)
{
	Onnx__ValueInfoProto **to = NEW(c, Onnx__ValueInfoProto *, (size_t)n);

	for (int i = 0; i < n; i++) {
		to[i] = NEW(c, Onnx__ValueInfoProto, 1);
		onnx__value_info_proto__init(to[i]);
		to[i]->name = (char *)v[i]->name;
		to[i]->type = type_proto(c, v[i]);
	}
	return to;
}

static Onnx__TensorProto *tensor_proto(struct ctx *c, const struct value *v)
{
	Onnx__TensorProto *t = NEW(c, Onnx__TensorProto, 1);

	onnx__tensor_proto__init(t);
	t->name = (char *)v->name;
	t->has_data_type = t->has_raw_data = 1;
	t->data_type = (int32_t)v->type;
	t->n_dims = (size_t)v->rank;
	t->dims = (int64_t *)v->dim;
	t->raw_data.data = (uint8_t *)v->data;
	t->raw_data.len = value_bytes(v);
	return t;
}

static Onnx__GraphProto *graph_proto(struct ctx *c, const struct graph *g);

static Onnx__AttributeProto *attribute_proto(struct ctx *c, const struct attribute *a)
{
	Onnx__AttributeProto *p = NEW(c, Onnx__AttributeProto, 1);

	onnx__attribute_proto__init(p);
	p->name = (char *)a->name;
	p->has_type = 1;
	switch (a->kind) {
	case ATTRIBUTE_INT:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
		p->has_i = 1;
		p->i = a->integer;
		break;
	case ATTRIBUTE_FLOAT:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
		p->has_f = 1;
		p->f = (float)a->real;
		break;
	case ATTRIBUTE_STRING:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
		p->has_s = 1;
		p->s.data = (uint8_t *)a->string;
		p->s.len = strlen(a->string);
		break;
	case ATTRIBUTE_INTS:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
		p->n_ints = a->n;
		p->ints = (int64_t *)a->ints;
		break;
	case ATTRIBUTE_FLOATS:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
		p->n_floats = a->n;
		p->floats = (float *)a->floats;
		break;
	case ATTRIBUTE_TENSOR:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
		p->t = tensor_proto(c, a->tensor);
		break;
	default:
		p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
		p->g = graph_proto(c, a->graph);
	}
	return p;
}

static char **names(struct ctx *c, struct value *const *v, int n)
{
	char **to = NEW(c, char *, (size_t)n);

	for (int i = 0; i < n; i++)
		to[i] = v[i] ? (char *)v[i]->name : (char *)"";
	return to;
}

static Onnx__NodeProto *node_proto(struct ctx *c, const struct node *n)
{
	Onnx__NodeProto *p = NEW(c, Onnx__NodeProto, 1);

	onnx__node_proto__init(p);
	p->name = (char *)n->name;
	p->op_type = (char *)n->type;
	p->domain = (char *)n->domain;
	p->n_input = (size_t)n->n_in;
	p->input = names(c, n->in, n->n_in);
	p->n_output = (size_t)n->n_out;
	p->output = names(c, n->out, n->n_out);
	p->attribute = NEW(c, Onnx__AttributeProto *, MOST);
	for (const struct attribute *a = n->attributes; a; a = a->next)
		p->attribute[p->n_attribute++] = attribute_proto(c, a);
	return p;
}

static bool is_taken(const Onnx__GraphProto *p, const char *name)
{
	for (size_t i = 0; i < p->n_initializer; i++)
		if (!strcmp(p->initializer[i]->name, name))
			return true;
	return false;
}

/* Each constant once, in the order in which nodes read them; those of one name get numbers behind it. */
static void add_constants(struct ctx *c, const struct node *n, Onnx__GraphProto *p, const void **known)
{
	for (int i = 0; i < n->n_in; i++) {
		size_t k = 0;
		if (!n->in[i] || !n->in[i]->data)
			continue;
		while (k < p->n_initializer && known[k] != n->in[i])
			k++;
		if (k < p->n_initializer)
			continue;
		ck_assert_uint_lt(k, MOST);
		const char *name = n->in[i]->name;
		for (int number = 2; is_taken(p, n->in[i]->name); number++)
			n->in[i]->name = arena_text(c, "%s.%d", name, number);
		known[k] = n->in[i];
		p->initializer[p->n_initializer++] = tensor_proto(c, n->in[i]);
	}
}

static Onnx__GraphProto *graph_proto(struct ctx *c, const struct graph *g)
{
	Onnx__GraphProto *p = NEW(c, Onnx__GraphProto, 1);
	const void *known[MOST];

	onnx__graph_proto__init(p);
	p->name = (char *)g->name;
	p->n_input = (size_t)g->n_inputs;
	p->input = values_proto(c, g->inputs, g->n_inputs);
	p->n_output = (size_t)g->n_outputs;
	p->output = values_proto(c, g->outputs, g->n_outputs);
	p->initializer = NEW(c, Onnx__TensorProto *, MOST);
	p->node = NEW(c, Onnx__NodeProto *, MOST);
	for (const struct node *n = g->first; n; n = n->next) {
		ck_assert_uint_lt(p->n_node, MOST);
		add_constants(c, n, p, known);
		p->node[p->n_node++] = node_proto(c, n);
	}
	return p;
}

Onnx__ModelProto *model_proto(struct ctx *c, const struct graph *g)
{
	Onnx__ModelProto *m = NEW(c, Onnx__ModelProto, 1);

	onnx__model_proto__init(m);
	m->has_ir_version = 1;
	m->ir_version = 9;
	m->n_opset_import = 1;
	m->opset_import = NEW(c, Onnx__OperatorSetIdProto *, 2);
	m->opset_import[0] = NEW(c, Onnx__OperatorSetIdProto, 1);
	onnx__operator_set_id_proto__init(m->opset_import[0]);
	m->opset_import[0]->domain = "";
	m->opset_import[0]->has_version = 1;
	m->opset_import[0]->version = c->opset;
	m->graph = graph_proto(c, g);
	return m;
}

void model_write(struct ctx *c, const Onnx__ModelProto *m, const char *path)
{
	size_t n = onnx__model_proto__get_packed_size(m);
	uint8_t *bytes = arena_get(c, n + 1, 1);
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	onnx__model_proto__pack(m, bytes);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

const char *temporary_path(struct ctx *c, const char *name)
{
	return arena_text(c, "%s/%s", temporary_folder(c), name);
}

void model_end(struct op_test *t)
{
	remove_temporary(t->c);
	op_end(t);
}

void read_path(struct ctx *c, void *path)
{
	read_onnx(c, path);
}

struct op_test read_back(struct op_test *t, const Onnx__ModelProto *m, enum status expected)
{
	struct op_test r = op_begin(0);
	const char *path = temporary_path(t->c, "test.onnx");

	model_write(t->c, m, path);
	ck_assert_msg(attempt(r.c, read_path, (void *)path) == expected, "%s", r.c->message);
	r.g = r.c->graph;
	return r;
}

char *file_text(struct ctx *c, const char *path)
{
	size_t n;

	return (char *)read_file(c, path, &n);
}
