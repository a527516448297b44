/* A model's own functions are written out wherever a node calls them: the function's nodes are read anew for each call,
 * with its inputs standing for the caller's values and its attributes for the caller's. */
#include "onnx_reader.h"
#include "tensor_import.h"
#include "wire.h"
#include <string.h>

enum {
	MAX_DEPTH = 32,
	MAX_NODES = 1 << 20,   /* of all graphs: functions that call each other twice would make any number */
	ATTRIBUTE_DEFAULT = 11 /* field of FunctionProto in newer versions of the format than the parser's */
};

static bool is_called(const Onnx__FunctionProto *f, const char *domain, const char *name)
{
	return f->name && !strcmp(f->name, name) && !strcmp(domain_name(f->domain), domain);
}

const Onnx__FunctionProto *find_function(struct reader *r, const char *domain, const char *name)
{
	const Onnx__FunctionProto *found = NULL;

	for (size_t i = 0; i < r->model->n_functions; i++) {
		const Onnx__FunctionProto *f = r->model->functions[i];
		if (!is_called(f, domain, name))
			continue;
		if (found)
			fail_model(r->c, "it has two functions '%.100s' of domain '%.100s'; overloads are not supported", name,
				*domain ? domain : "ai.onnx");
		found = f;
	}
	return found;
}

/* An output of the function under the caller's name. */
static void return_value(struct reader *r, const struct node *n, const char *formal, const char *actual,
	struct scope *own, struct graph *g, struct scope *names)
{
	const struct entry *e = look_up(own, formal);
	bool passed_on = false;

	if (!e || !e->value)
		fail_node(r->c, n, "its function makes no value for output '%.100s'", formal);
	for (int i = 0; i < n->n_in; i++)
		passed_on |= n->in[i] == e->value;
	struct value *v = e->value;
	if (passed_on || v->data || strcmp(v->name, formal)) {
		struct node *copy = node_new(r->c, g, NULL, "", "Identity", n, 1, 1);
		copy->in[0] = v;
		v = copy->out[0] = value_new(r->c, actual, RT_NOTYPE, -1, NULL);
		v->def = copy;
	}
	v->name = actual;
	define(r, names, actual, v);
}

void inline_function(struct reader *r, const Onnx__FunctionProto *f, const struct node *n, const Onnx__NodeProto *p,
	struct graph *g, struct scope *names)
{
	struct function_call call = { f, n, r->call, r->call ? r->call->depth + 1 : 0 };
	struct scope own = scope_new(r->c, NULL);

	if (call.depth > MAX_DEPTH)
		fail_node(r->c, n, "functions call each other more than %d deep, or in a circle", MAX_DEPTH);
	if ((size_t)n->n_in > f->n_input || p->n_output > f->n_output)
		fail_node(r->c, n, "it has %d inputs and %zu outputs, but its function takes %zu and makes %zu", n->n_in,
			p->n_output, f->n_input, f->n_output);
	for (size_t i = 0; i < f->n_input; i++)
		define(r, &own, f->input[i], input(n, (int)i));
	r->call = &call;
	for (size_t i = 0; i < f->n_node; i++) {
		if (r->c->nodes_read >= MAX_NODES)
			fail_node(r->c, n, "with its functions written out, the model has more than %d nodes", MAX_NODES);
		read_node(r, f->node[i], g, &own);
	}
	r->call = call.outer;
	for (size_t i = 0; i < p->n_output; i++)
		if (*p->output[i])
			return_value(r, n, f->output[i], p->output[i], &own, g, names);
}

/* A default that the function gives for an attribute of its callers. */
static const Onnx__AttributeProto *find_default(struct reader *r, const Onnx__FunctionProto *f, const char *name)
{
	ProtobufCAllocator allocator = arena_allocator(r->c);

	for (unsigned i = 0; i < f->base.n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &f->base.unknown_fields[i];
		size_t at = 0;
		if (field->tag != ATTRIBUTE_DEFAULT || field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			continue;
		/* The bytes start with their own count, a number of groups of seven bits. */
		while (at < field->len && field->data[at++] & 0x80)
			;
		const uint8_t *data = field->data + at;
		Onnx__AttributeProto *p = NULL;
		if (wire_check(&onnx__attribute_proto__descriptor, data, field->len - at) == WIRE_SOUND)
			p = onnx__attribute_proto__unpack(&allocator, field->len - at, data);
		if (!p)
			fail_model(r->c, "function '%.100s' has a damaged default of an attribute", f->name);
		if (p->name && !strcmp(p->name, name))
			return p;
	}
	return NULL;
}

struct attribute *bound_attribute(struct reader *r, const Onnx__AttributeProto *p, struct node *n)
{
	const char *name = p->name ? p->name : "";
	struct attribute *copy = NEW(r->c, struct attribute, 1);

	if (!r->call)
		fail_node(r->c, n, "attribute '%.80s' refers to one of a function, but the node is in none", name);
	const struct attribute *found = attribute(r->call->node, p->ref_attr_name);
	if (!found) {
		const Onnx__AttributeProto *fallback = find_default(r, r->call->function, p->ref_attr_name);
		if (!fallback || (fallback->ref_attr_name && *fallback->ref_attr_name))
			return NULL;
		found = read_attribute(r, fallback, n, NULL, NULL);
	}
	if (found->kind == ATTRIBUTE_GRAPH)
		fail_node(r->c, n, "attribute '%.80s' is a graph that a function gets from its caller: not supported", name);
	*copy = *found;
	copy->name = name;
	copy->next = NULL;
	return copy;
}
