/* Reads an ONNX file into a graph. */
#include "node_order.h"
#include "onnx_reader.h"
#include "tensor.h"
#include "tensor_import.h"
#include "wire.h"
#include <sha256.h>
#include <string.h>

struct scope scope_new(struct ctx *c, struct scope *outer)
{
	enum { START = 64 };

	return (struct scope){ .outer = outer, .size = START, .slot = NEW(c, struct entry, START) };
}

static struct entry *find_slot(const struct scope *s, const char *name)
{
	size_t i = hash_name(name);

	while (s->slot[i % s->size].name && strcmp(s->slot[i % s->size].name, name))
		i++;
	return &s->slot[i % s->size];
}

const struct entry *look_up(const struct scope *s, const char *name)
{
	for (; s; s = s->outer) {
		const struct entry *e = find_slot(s, name);
		if (e->name)
			return e;
	}
	return NULL;
}

void define(struct reader *r, struct scope *s, const char *name, struct value *v)
{
	if (2 * (s->used + 1) > s->size) {
		struct scope old = *s;
		s->size = old.size * 2;
		s->slot = NEW(r->c, struct entry, s->size);
		for (size_t i = 0; i < old.size; i++)
			if (old.slot[i].name)
				*find_slot(s, old.slot[i].name) = old.slot[i];
	}
	struct entry *slot = find_slot(s, name);
	if (slot->name)
		fail_model(r->c, "the name '%.100s' is defined twice", name);
	*slot = (struct entry){ name, v };
	s->used++;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static struct graph *read_graph(struct reader *r, const Onnx__GraphProto *p, struct graph *outer, struct scope *names);

const char *domain_name(const char *domain)
{
	return strcmp(text(domain), "ai.onnx") ? text(domain) : "";
}

static int find_version(Onnx__OperatorSetIdProto *const *list, size_t n, const char *domain)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(domain_name(list[i]->domain), domain))
			return (int)list[i]->version;
	return 0;
}

/* The version of the operator set that the function being read, or else the model, imports for a domain; 0 when it
 * imports none. */
static int version_of(const struct reader *r, const char *domain)
{
	const Onnx__FunctionProto *f = r->call ? r->call->function : NULL;
	int version = f ? find_version(f->opset_import, f->n_opset_import, domain) : 0;

	return version ? version : find_version(r->model->opset_import, r->model->n_opset_import, domain);
}

/* Nodes need not have names; the first output's is unique and as telling. */
static const char *name_of(const Onnx__NodeProto *p)
{
	if (*text(p->name))
		return p->name;
	for (size_t i = 0; i < p->n_output; i++)
		if (*p->output[i])
			return p->output[i];
	return text(p->op_type);
}

static bool is_tensor(const Onnx__ValueInfoProto *p)
{
	return p->type && p->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && p->type->tensor_type;
}

/* Inputs of loops' bodies may leave their types to the loop. */
static bool is_typed(const Onnx__ValueInfoProto *p)
{
	return p->type && (!is_tensor(p) || p->type->tensor_type->elem_type);
}

/* n reads or makes something that is no tensor. */
_Noreturn static void fail_no_tensor(struct ctx *c, const struct node *n, const char *what, const char *name)
{
	fail_node(c, n,
		"%s: its %s '%.100s' is not a tensor; sequences, optionals and maps are not supported, so export the model"
		" without them",
		node_kind(c, n), what, name);
}

/* An input of graph g that is no tensor: the error names the first node that reads it. */
_Noreturn static void fail_input(struct reader *r, const Onnx__GraphProto *g, const char *name)
{
	for (size_t i = 0; i < g->n_node; i++)
		for (size_t k = 0; k < g->node[i]->n_input; k++) {
			const Onnx__NodeProto *p = g->node[i];
			const char *domain = domain_name(p->domain);
			struct node n = { .type = text(p->op_type), .domain = domain, .version = version_of(r, domain) };
			n.name = name_of(p);
			if (!strcmp(p->input[k], name))
				fail_no_tensor(r->c, &n, "input", name);
		}
	fail_model(r->c, "input '%.100s' is not a tensor; sequences, optionals and maps are not supported", name);
}

/* The type and, as far as the file says, the shape of an input of graph g. */
static struct value *read_input(struct reader *r, const Onnx__GraphProto *g, const Onnx__ValueInfoProto *p)
{
	struct ctx *c = r->c;
	const Onnx__TypeProto__Tensor *t = is_tensor(p) ? p->type->tensor_type : NULL;
	struct value *v = value_new(c, text(p->name), RT_NOTYPE, -1, NULL);

	if (!t)
		fail_input(r, g, v->name);
	if (!known_type(t->elem_type))
		fail_model(c, "input '%.100s' has element type %s, which is not supported; export the model with numbers",
			v->name, unknown_type(c, t->elem_type));
	v->type = held_type(c, (enum rt_type)t->elem_type);
	if (!t->shape)
		return v;
	if (t->shape->n_dim > MAX_RANK)
		fail_model(
			c, "input '%.100s' has %zu dimensions; at most %d are supported", v->name, t->shape->n_dim, MAX_RANK);
	v->rank = (int)t->shape->n_dim;
	for (int i = 0; i < v->rank; i++) {
		const Onnx__TensorShapeProto__Dimension *d = t->shape->dim[i];
		v->dim[i] = -1;
		if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			v->dim[i] = d->dim_value;
		else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && *text(d->dim_param))
			v->symbol[i] = d->dim_param;
		else
			v->symbol[i] = arena_text(c, "%s.%d", v->name, i);
		if (!v->symbol[i] && (v->dim[i] < 0 || v->dim[i] > MAX_ELEMENTS))
			fail_model(c, "input '%.100s' has the unusable dimension %lld", v->name, (long long)v->dim[i]);
	}
	return v;
}

static enum attribute_kind kind_of(const Onnx__AttributeProto *p)
{
	switch (p->type) {
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
		return ATTRIBUTE_FLOAT;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
		return ATTRIBUTE_INT;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
		return ATTRIBUTE_STRING;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
		return ATTRIBUTE_INTS;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
		return ATTRIBUTE_FLOATS;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
		return p->t ? ATTRIBUTE_TENSOR : ATTRIBUTE_OTHER;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
		return p->g ? ATTRIBUTE_GRAPH : ATTRIBUTE_OTHER;
	default:
		return ATTRIBUTE_OTHER;
	}
}

struct attribute *read_attribute(
	struct reader *r, const Onnx__AttributeProto *p, struct node *n, struct graph *g, struct scope *names)
{
	struct ctx *c = r->c;
	struct attribute *a = NEW(c, struct attribute, 1);

	a->name = text(p->name);
	a->kind = kind_of(p);
	a->integer = p->i;
	a->real = p->f;
	a->string = p->s.data ? arena_text(c, "%.*s", (int)p->s.len, (const char *)p->s.data) : "";
	if (a->kind == ATTRIBUTE_INTS) {
		a->n = p->n_ints;
		a->ints = p->ints;
	} else if (a->kind == ATTRIBUTE_FLOATS) {
		a->n = p->n_floats;
		a->floats = p->floats;
	} else if (a->kind == ATTRIBUTE_TENSOR) {
		a->tensor = import_tensor(c, p->t, n->name);
	} else if (a->kind == ATTRIBUTE_GRAPH) {
		a->graph = read_graph(r, p->g, g, names);
	}
	return a;
}

static void read_inputs(struct reader *r, const Onnx__NodeProto *p, struct node *n, const struct scope *names)
{
	n->n_in = (int)p->n_input;
	n->in = NEW(r->c, struct value *, p->n_input);
	for (int i = 0; i < n->n_in; i++) {
		if (!*p->input[i])
			continue;
		const struct entry *e = look_up(names, p->input[i]);
		n->in[i] = e ? e->value : NULL;
		if (!e && is_made(r->graph, p->input[i]))
			fail_node(r->c, n, "its input '%.100s' depends on its own output: the graph has a cycle", p->input[i]);
		if (!e)
			fail_node(r->c, n, "its input '%.100s' is made by no node and is no input or initialiser of the graph",
				p->input[i]);
	}
}

static const uint8_t *packed(struct ctx *c, const Onnx__NodeProto *p, size_t *n)
{
	uint8_t *bytes = arena_get(c, onnx__node_proto__get_packed_size(p) + 1, 1);

	*n = onnx__node_proto__pack(p, bytes);
	return bytes;
}

/* Half-precision converters write some nodes twice. One that is the same as another, byte for byte, adds nothing. */
static bool is_repeated(const struct reader *r, const Onnx__NodeProto *p, const struct scope *names)
{
	const char *name = p->n_output ? text(p->output[0]) : "";
	size_t n, other_n;

	if (!*name || !find_slot(names, name)->name)
		return false;
	const uint8_t *bytes = packed(r->c, p, &n);
	for (size_t i = 0; i < r->graph->n_node; i++) {
		const Onnx__NodeProto *other = r->graph->node[i];
		if (other == p || !other->n_output || strcmp(text(other->output[0]), name))
			continue;
		const uint8_t *other_bytes = packed(r->c, other, &other_n);
		return n == other_n && !memcmp(bytes, other_bytes, n);
	}
	return false;
}

static void read_attributes(
	struct reader *r, const Onnx__NodeProto *p, struct node *n, struct graph *g, struct scope *names)
{
	struct attribute **tail = &n->attributes;

	for (size_t i = 0; i < p->n_attribute; i++) {
		const Onnx__AttributeProto *a = p->attribute[i];
		*tail = *text(a->ref_attr_name) ? bound_attribute(r, a, n) : read_attribute(r, a, n, g, names);
		if (*tail)
			tail = &(*tail)->next;
	}
}

static void read_outputs(struct reader *r, const Onnx__NodeProto *p, struct node *n, struct scope *names)
{
	n->n_out = (int)p->n_output;
	n->out = NEW(r->c, struct value *, p->n_output);
	for (int i = 0; i < n->n_out; i++) {
		if (!*p->output[i])
			continue;
		n->out[i] = value_new(r->c, p->output[i], RT_NOTYPE, -1, NULL);
		n->out[i]->def = n;
		define(r, names, p->output[i], n->out[i]);
	}
}

void read_node(struct reader *r, const Onnx__NodeProto *p, struct graph *g, struct scope *names)
{
	struct ctx *c = r->c;
	struct node *n = NEW(c, struct node, 1);

	n->type = text(p->op_type);
	n->domain = domain_name(p->domain);
	n->version = version_of(r, n->domain);
	n->op = find_op(n->domain, n->type);
	n->name = r->call ? arena_text(c, "%s/%s", r->call->node->name, name_of(p)) : name_of(p);
	n->origin = n->name;
	if (n->op && n->op->flags & OP_INTERNAL)
		n->op = NULL;
	if (p->n_input > MAX_ELEMENTS / 64 || p->n_output > MAX_ELEMENTS / 64)
		fail_node(c, n, "it has too many inputs or outputs");
	read_inputs(r, p, n, names);
	read_attributes(r, p, n, g, names);
	/* An operator that gluec knows needs no definition by a function. */
	const Onnx__FunctionProto *f = n->op ? NULL : find_function(r, n->domain, n->type);
	if (f) {
		inline_function(r, f, n, p, g, names);
		return;
	}
	read_outputs(r, p, n, names);
	node_insert(g, NULL, n);
	c->nodes_read++;
}

static void read_signature(struct reader *r, const Onnx__GraphProto *p, struct graph *g, struct scope *names)
{
	struct ctx *c = r->c;

	for (size_t i = 0; i < p->n_initializer; i++) {
		struct value *v = import_tensor(c, p->initializer[i], "(unnamed initialiser)");
		define(r, names, v->name, v);
	}
	if (p->n_sparse_initializer)
		fail_model(c, "it has sparse initialisers, which are not supported");
	g->inputs = NEW(c, struct value *, p->n_input);
	for (size_t i = 0; i < p->n_input; i++) {
		/* Files of IR version 3 and older list initialisers among the inputs; they are constants all the same. */
		const struct entry *e = find_slot(names, text(p->input[i]->name));
		if (e->name && e->value->data)
			continue;
		struct value *v = g->outer && !is_typed(p->input[i])
							  ? value_new(c, text(p->input[i]->name), RT_NOTYPE, -1, NULL)
							  : read_input(r, p, p->input[i]);
		define(r, names, v->name, v);
		g->inputs[g->n_inputs++] = v;
	}
}

/* What the file says of an output, for people; inference finds out for itself: "f32[1,K,2]". */
static const char *declared_text(struct ctx *c, const Onnx__ValueInfoProto *p)
{
	const Onnx__TypeProto__Tensor *t = is_tensor(p) ? p->type->tensor_type : NULL;

	if (!t)
		return "?";
	const char *s = type_name(known_type(t->elem_type) ? (enum rt_type)t->elem_type : RT_NOTYPE);
	if (!t->shape)
		return arena_text(c, "%s[?]", s);
	s = arena_text(c, "%s[", s);
	for (size_t i = 0; i < t->shape->n_dim && i < MAX_RANK; i++) {
		const Onnx__TensorShapeProto__Dimension *d = t->shape->dim[i];
		const char *comma = i ? "," : "";
		if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			s = arena_text(c, "%s%s%lld", s, comma, (long long)d->dim_value);
		else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && *text(d->dim_param))
			s = arena_text(c, "%s%s%.60s", s, comma, d->dim_param);
		else
			s = arena_text(c, "%s%s?", s, comma);
	}
	return arena_text(c, "%s]", s);
}

static struct graph *read_graph(struct reader *r, const Onnx__GraphProto *p, struct graph *outer, struct scope *names)
{
	struct ctx *c = r->c;
	struct graph *g = NEW(c, struct graph, 1);
	struct scope own = scope_new(c, names);

	g->name = text(p->name);
	g->outer = outer;
	read_signature(r, p, g, &own);
	const size_t *order = node_order(c, p);
	for (size_t i = 0; i < p->n_node; i++) {
		r->graph = p;
		if (!is_repeated(r, p->node[order[i]], &own))
			read_node(r, p->node[order[i]], g, &own);
	}
	g->outputs = NEW(c, struct value *, p->n_output);
	g->declared = outer ? NULL : NEW(c, const char *, p->n_output);
	for (size_t i = 0; i < p->n_output; i++) {
		const char *name = text(p->output[i]->name);
		const struct entry *e = look_up(&own, name);
		if (!e || !e->value)
			fail_model(c, "the graph's output '%.100s' is made by no node", name);
		bool said = p->output[i]->type && p->output[i]->type->value_case != ONNX__TYPE_PROTO__VALUE__NOT_SET;
		if (said && !is_tensor(p->output[i]) && e->value->def)
			fail_no_tensor(c, e->value->def, "output", name);
		if (g->declared)
			g->declared[g->n_outputs] = declared_text(c, p->output[i]);
		g->outputs[g->n_outputs++] = e->value;
	}
	return g;
}

/* For people; nobody's model imports more than a handful. */
static const char *list_opsets(const struct reader *r)
{
	enum { MOST = 16 };
	const char *s = "";

	for (size_t i = 0; i < r->model->n_opset_import && i < MOST; i++) {
		const Onnx__OperatorSetIdProto *o = r->model->opset_import[i];
		s = arena_text(
			r->c, "%s%s%.80s %lld", s, i ? ", " : "", *text(o->domain) ? o->domain : "ai.onnx", (long long)o->version);
	}
	return s;
}

static void digest(struct ctx *c, const uint8_t *data, size_t n)
{
	SHA2_CTX sha;
	uint8_t sum[SHA256_DIGEST_LENGTH];

	SHA256Init(&sha);
	SHA256Update(&sha, data, n);
	SHA256Final(sum, &sha);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		sprintf(c->digest + 2 * i, "%02x", sum[i]);
}

void read_onnx(struct ctx *c, const char *path)
{
	struct reader r = { .c = c };
	uint8_t *data = read_file(c, path, &c->file_bytes);
	ProtobufCAllocator allocator = arena_allocator(c);
	enum wire_fault fault = wire_check(&onnx__model_proto__descriptor, data, c->file_bytes);

	c->file = path;
	if (!c->file_bytes)
		fail_model(c, "the file is empty");
	if (fault == WIRE_TOO_DEEP)
		fail_model(c, "its graphs or types are nested too deeply");
	if (fault == WIRE_SOUND)
		r.model = onnx__model_proto__unpack(&allocator, c->file_bytes, data);
	if (!r.model)
		fail_model(c, "not an ONNX model, or cut short or damaged");
	if (!r.model->graph || !r.model->n_opset_import)
		fail_model(c, "not an ONNX model: it has no %s", r.model->graph ? "operator set version" : "graph");
	c->doc = text(r.model->doc_string);
	c->ir_version = r.model->ir_version;
	c->opset = version_of(&r, "");
	c->opsets = list_opsets(&r);
	digest(c, data, c->file_bytes);
	c->graph = read_graph(&r, r.model->graph, NULL, NULL);
	if (!c->graph->n_outputs)
		fail_model(c, "its graph has no outputs");
}
