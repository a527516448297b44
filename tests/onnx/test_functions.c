/* A model's own functions, written out where nodes call them. */
#include "base/attempt.h"
#include "model_file.h"
#include "pass_test.h"
#include <string.h>

enum { MOST = 8 };

/* A node whose inputs and outputs are lists of names separated by blanks, "-" for one that is left out. */
static Onnx__NodeProto *node_proto(
	struct ctx *c, const char *domain, const char *type, const char *inputs, const char *outputs)
{
	Onnx__NodeProto *p = NEW(c, Onnx__NodeProto, 1);
	const char *const text[] = { inputs, outputs };

	onnx__node_proto__init(p);
	p->op_type = (char *)type;
	p->domain = (char *)domain;
	p->name = (char *)type;
	for (int i = 0; i < 2; i++) {
		char **list = NEW(c, char *, MOST), *rest = NULL;
		size_t n = 0;
		for (char *word = strtok_r(arena_text(c, "%s", text[i]), " ", &rest); word; word = strtok_r(NULL, " ", &rest))
			list[n++] = strcmp(word, "-") ? word : "";
		*(i ? &p->output : &p->input) = list;
		*(i ? &p->n_output : &p->n_input) = n;
	}
	return p;
}

static Onnx__AttributeProto *real_attribute(struct ctx *c, const char *name, float x, const char *bound_to)
{
	Onnx__AttributeProto *a = NEW(c, Onnx__AttributeProto, 1);

	onnx__attribute_proto__init(a);
	a->name = (char *)name;
	a->has_type = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
	a->has_f = !bound_to;
	a->f = x;
	a->ref_attr_name = (char *)bound_to;
	return a;
}

static void set_attribute_of(struct ctx *c, Onnx__NodeProto *n, Onnx__AttributeProto *a)
{
	n->attribute = NEW(c, Onnx__AttributeProto *, 1);
	n->attribute[0] = a;
	n->n_attribute = 1;
}

/* A function of domain "own" with operator set 20 and one or two nodes. */
static Onnx__FunctionProto *function_proto(
	struct ctx *c, const char *name, char **inputs, size_t n_inputs, char **outputs, size_t n_outputs)
{
	Onnx__FunctionProto *f = NEW(c, Onnx__FunctionProto, 1);
	Onnx__OperatorSetIdProto *set = NEW(c, Onnx__OperatorSetIdProto, 1);

	onnx__function_proto__init(f);
	onnx__operator_set_id_proto__init(set);
	set->has_version = 1;
	set->version = 20;
	f->opset_import = NEW(c, Onnx__OperatorSetIdProto *, 1);
	f->opset_import[0] = set;
	f->n_opset_import = 1;
	f->name = (char *)name;
	f->domain = "own";
	f->input = inputs;
	f->n_input = n_inputs;
	f->output = outputs;
	f->n_output = n_outputs;
	f->node = NEW(c, Onnx__NodeProto *, 4);
	return f;
}

static void add_node(Onnx__FunctionProto *f, Onnx__NodeProto *n)
{
	f->node[f->n_node++] = n;
}

/* y = Relu(x), z = Relu(y), to be replaced by calls. */
static Onnx__ModelProto *two_nodes(struct op_test *t)
{
	struct value *x = op_input(t, "f32[2]", LIST(-2, 3));

	pass_output(t, pass_node(t, "Relu", "y", 1, x));
	pass_output(t, pass_node(t, "Relu", "z", 1, pass_value(t->g, "y")));
	Onnx__ModelProto *m = model_proto(t->c, t->g);
	m->functions = NEW(t->c, Onnx__FunctionProto *, 4);
	return m;
}

/* Leaky(x, bias?) -> (y, x): y = LeakyRelu(Clip(x, bias)) with the caller's alpha. */
static Onnx__FunctionProto *leaky(struct ctx *c)
{
	static char *inputs[] = { "a", "bias" }, *outputs[] = { "b", "a" };
	Onnx__FunctionProto *f = function_proto(c, "Leaky", inputs, 2, outputs, 2);
	Onnx__NodeProto *n = node_proto(c, "", "LeakyRelu", "t", "b");

	add_node(f, node_proto(c, "", "Clip", "a bias", "t"));
	set_attribute_of(c, n, real_attribute(c, "alpha", 0, "slope"));
	add_node(f, n);
	return f;
}

static enum status read_model_file(struct op_test *t, const Onnx__ModelProto *m, struct op_test *r)
{
	const char *path = temporary_path(t->c, "functions.onnx");

	*r = op_begin(0);
	model_write(t->c, m, path);
	enum status status = attempt(r->c, read_path, (void *)path);
	r->g = r->c->graph;
	return status;
}

START_TEST(calls)
{
	struct op_test t = pass_begin(), r;
	Onnx__ModelProto *m = two_nodes(&t);
	const float x[] = { -2, 3 };

	m->functions[m->n_functions++] = leaky(t.c);
	m->graph->node[0] = node_proto(t.c, "own", "Leaky", "x0", "y same");
	set_attribute_of(t.c, m->graph->node[0], real_attribute(t.c, "slope", 0.5f, NULL));
	m->graph->node[1] = node_proto(t.c, "own", "Leaky", "y -", "z");
	ck_assert_msg(read_model_file(&t, m, &r) == DONE, "%s", r.c->message);
	/* Two calls of two nodes, and an Identity for what the function hands on. */
	ck_assert_int_eq(pass_count(r.g, "", "LeakyRelu"), 2);
	ck_assert_int_eq(pass_count(r.g, "", "Identity"), 1);
	ck_assert_int_eq(count_nodes(r.g), 5);
	ck_assert_str_eq(r.g->outputs[0]->name, "y");
	ck_assert_str_eq(r.g->first->name, "Leaky/Clip");
	r.inputs[0] = x;
	pass_infer(&r);
	pass_run(&r);
	op_expect(&r, 0, "f32[2]", 0, LIST(-1, 3));
	op_expect(&r, 1, "f32[2]", 1e-7, LIST(-0.01, 3));
	op_end(&r);
	model_end(&t);
}
END_TEST

/* The default of an attribute stands in a field that the parser does not know. */
START_TEST(defaults)
{
	struct op_test t = pass_begin(), r;
	Onnx__ModelProto *m = two_nodes(&t);
	Onnx__FunctionProto *f = leaky(t.c);
	Onnx__AttributeProto *slope = real_attribute(t.c, "slope", 0.25f, NULL);
	ProtobufCMessageUnknownField field = { .tag = 11, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED };

	field.len = onnx__attribute_proto__get_packed_size(slope) + 1;
	ck_assert_uint_lt(field.len, 128);
	field.data = NEW(t.c, uint8_t, field.len);
	field.data[0] = (uint8_t)(field.len - 1);
	onnx__attribute_proto__pack(slope, field.data + 1);
	f->base.unknown_fields = &field;
	f->base.n_unknown_fields = 1;
	m->functions[m->n_functions++] = f;
	m->graph->node[0] = node_proto(t.c, "own", "Leaky", "x0", "y");
	ck_assert_msg(read_model_file(&t, m, &r) == DONE, "%s", r.c->message);
	ck_assert(attribute_float(r.c, r.g->first->next, "alpha", 0) == 0.25);
	op_end(&r);
	model_end(&t);
}
END_TEST

static void refuse(void (*damage)(struct op_test *t, Onnx__ModelProto *m), const char *words)
{
	struct op_test t = pass_begin(), r;
	Onnx__ModelProto *m = two_nodes(&t);

	damage(&t, m);
	ck_assert_int_eq(read_model_file(&t, m, &r), UNUSABLE_MODEL);
	ck_assert_msg(strstr(r.c->message, words) != NULL, "'%s' is not in: %s", words, r.c->message);
	op_end(&r);
	model_end(&t);
}

static void circle(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__FunctionProto *f = leaky(t->c);

	f->node[0] = node_proto(t->c, "own", "Leaky", "a", "t");
	m->functions[m->n_functions++] = f;
	m->graph->node[0] = node_proto(t->c, "own", "Leaky", "x0", "y");
}

static void twice(struct op_test *t, Onnx__ModelProto *m)
{
	m->functions[m->n_functions++] = leaky(t->c);
	m->functions[m->n_functions++] = leaky(t->c);
	m->graph->node[0] = node_proto(t->c, "own", "Leaky", "x0", "y");
}

static void too_many(struct op_test *t, Onnx__ModelProto *m)
{
	m->functions[m->n_functions++] = leaky(t->c);
	m->graph->node[0] = node_proto(t->c, "own", "Leaky", "x0 x0 x0", "y");
}

static void no_output(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__FunctionProto *f = leaky(t->c);

	f->n_node = 1;
	m->functions[m->n_functions++] = f;
	m->graph->node[0] = node_proto(t->c, "own", "Leaky", "x0", "y");
}

static void outside(struct op_test *t, Onnx__ModelProto *m)
{
	set_attribute_of(t->c, m->graph->node[0], real_attribute(t->c, "alpha", 0, "slope"));
}

START_TEST(errors)
{
	refuse(circle, "or in a circle");
	refuse(twice, "two functions 'Leaky' of domain 'own'");
	refuse(too_many, "it has 3 inputs and 1 outputs, but its function takes 2 and makes 2");
	refuse(no_output, "its function makes no value for output 'b'");
	refuse(outside, "refers to one of a function, but the node is in none");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("functions");
	TCase *tc = tcase_create("functions");

	tcase_add_test(tc, calls);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
