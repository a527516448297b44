/* The reader of ONNX files: what it makes of sound ones, and what it says of others. */
#include "base/attempt.h"
#include "model_file.h"
#include "pass_test.h"
#include <string.h>
#include <sys/stat.h>

/* A small sound model: y = Relu(x + b), z = Relu(y). */
static Onnx__ModelProto *sound_model(struct op_test *t)
{
	struct value *x = op_input(t, "f32[2,3]", NULL), *b = op_constant(t, "f32[3]", LIST(1, 2, 3));

	b->name = "b";
	struct value *sum = pass_node(t, "Add", "sum", 2, x, b);
	pass_output(t, pass_node(t, "Relu", "y", 1, pass_node(t, "Relu", "inner", 1, sum)));
	return model_proto(t->c, t->g);
}

static void expect_failure(const char *path, enum status status, const char *words)
{
	struct op_test r = op_begin(0);

	ck_assert_msg(attempt(r.c, read_path, (void *)path) == status, "%s, not %s", r.c->message, words);
	ck_assert_msg(strstr(r.c->message, words) != NULL, "'%s' is not in: %s", words, r.c->message);
	ck_assert_msg(strstr(r.c->message, path) == r.c->message, "no file's name: %s", r.c->message);
	op_end(&r);
}

/* The model, damaged, must be refused with these words. */
static void refuse(void (*damage)(struct op_test *t, Onnx__ModelProto *m), const char *words)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = sound_model(&t);
	const char *path = temporary_path(t.c, "test.onnx");

	damage(&t, m);
	model_write(t.c, m, path);
	expect_failure(path, UNUSABLE_MODEL, words);
	model_end(&t);
}

START_TEST(sound)
{
	struct op_test t = pass_begin(), r = read_back(&t, sound_model(&t), DONE);
	const struct node *n = r.g->first;

	ck_assert_int_eq(count_nodes(r.g), 3);
	ck_assert_int_eq(r.c->nodes_read, 3);
	ck_assert_int_eq(r.c->opset, 20);
	ck_assert_int_eq(r.c->ir_version, 9);
	ck_assert_str_eq(r.c->opsets, "ai.onnx 20");
	ck_assert_uint_eq(strlen(r.c->digest), 64);
	ck_assert_str_eq(r.g->declared[0], "untyped[?]");
	ck_assert_int_eq(r.g->n_inputs, 1);
	ck_assert_str_eq(shape_text(r.c, r.g->inputs[0]), "f32[2,3]");
	ck_assert(is_op(n, "Add"));
	ck_assert_int_eq(n->version, 20);
	ck_assert_ptr_eq(n->in[0], r.g->inputs[0]);
	ck_assert_ptr_nonnull(n->in[1]->data);
	ck_assert_ptr_eq(n->next->in[0], n->out[0]);
	ck_assert_ptr_eq(n->out[0]->def, n);
	ck_assert_ptr_eq(r.g->outputs[0], n->next->next->out[0]);
	op_end(&r);
	model_end(&t);
}
END_TEST

static void write_text(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(no_model)
{
	struct op_test t = pass_begin();
	const char *path = temporary_path(t.c, "test.onnx"), *folder = temporary_path(t.c, "folder");

	expect_failure(path, IO_FAILED, "No such file");
	write_text(path, "", 0);
	expect_failure(path, UNUSABLE_MODEL, "the file is empty");
	write_text(path, "\211PNG\r\n\032\n", 8);
	expect_failure(path, UNUSABLE_MODEL, "not an ONNX model, or cut short or damaged");
	write_text(path, "\010\011", 2);
	expect_failure(path, UNUSABLE_MODEL, "it has no graph");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	expect_failure(folder, IO_FAILED, "not a regular file");
	model_end(&t);
}
END_TEST

/* Cut at any byte, the model is refused or, where a whole field is missing, read as what it then says. */
START_TEST(truncated)
{
	struct op_test t = pass_begin();
	const char *path = temporary_path(t.c, "test.onnx");
	Onnx__ModelProto *m = sound_model(&t);
	size_t n = onnx__model_proto__get_packed_size(m);
	uint8_t *bytes = arena_get(t.c, n, 1);

	onnx__model_proto__pack(m, bytes);
	for (size_t k = 0; k < n; k++) {
		write_text(path, (const char *)bytes, k);
		expect_failure(path, UNUSABLE_MODEL, path);
	}
	model_end(&t);
}
END_TEST

static void no_opset(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->n_opset_import = 0;
}

static void no_outputs(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->n_output = 0;
}

static void unknown_output(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->output[0]->name = "nobody\n";
}

static void missing_input(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->n_initializer = 0;
}

static void cycle(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->node[0]->input[0] = "y";
}

static void own_output(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->node[0]->input[0] = "sum";
}

static void duplicate_output(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->node[1]->output[0] = "sum";
}

static void output_is_input(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->node[1]->output[0] = "x0";
}

static void duplicate_initialiser(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->initializer[m->graph->n_initializer++] = m->graph->initializer[0];
}

static void duplicate_input(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__ValueInfoProto **twice = NEW(t->c, Onnx__ValueInfoProto *, 2);

	twice[0] = twice[1] = m->graph->input[0];
	m->graph->input = twice;
	m->graph->n_input = 2;
}

static void sparse(struct op_test *t, Onnx__ModelProto *m)
{
	m->graph->sparse_initializer = NEW(t->c, Onnx__SparseTensorProto *, 1);
	m->graph->sparse_initializer[0] = NEW(t->c, Onnx__SparseTensorProto, 1);
	onnx__sparse_tensor_proto__init(m->graph->sparse_initializer[0]);
	m->graph->n_sparse_initializer = 1;
}

START_TEST(structure)
{
	refuse(no_opset, "it has no operator set version");
	refuse(no_outputs, "its graph has no outputs");
	refuse(unknown_output, "the graph's output 'nobody?' is made by no node");
	refuse(missing_input, "Add 'sum': its input 'b' is made by no node");
	refuse(cycle, "the graph has a cycle");
	refuse(own_output, "Add 'sum': its input 'sum'");
	refuse(duplicate_output, "the name 'sum' is defined twice");
	refuse(output_is_input, "the name 'x0' is defined twice");
	refuse(duplicate_initialiser, "the name 'b' is defined twice");
	refuse(duplicate_input, "the name 'x0' is defined twice");
	refuse(sparse, "sparse initialisers");
}
END_TEST

static void no_type(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->input[0]->type = NULL;
}

static void sequence(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__TypeProto__Sequence *s = NEW(t->c, Onnx__TypeProto__Sequence, 1);

	onnx__type_proto__sequence__init(s);
	m->graph->input[0]->type->value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
	m->graph->input[0]->type->sequence_type = s;
}

static void string_input(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->input[0]->type->tensor_type->elem_type = 8;
}

static void huge_type(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->input[0]->type->tensor_type->elem_type = INT32_MIN;
}

static void negative_dimension(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->input[0]->type->tensor_type->shape->dim[1]->dim_value = -3;
}

static void huge_dimension(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	m->graph->input[0]->type->tensor_type->shape->dim[0]->dim_value = INT64_MAX;
}

static void many_dimensions(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__TensorShapeProto *s = m->graph->input[0]->type->tensor_type->shape;
	Onnx__TensorShapeProto__Dimension *one = s->dim[0];

	s->n_dim = 9;
	s->dim = NEW(t->c, Onnx__TensorShapeProto__Dimension *, 9);
	for (int i = 0; i < 9; i++)
		s->dim[i] = one;
}

START_TEST(inputs)
{
	refuse(no_type, "input 'x0' is not a tensor");
	refuse(sequence, "input 'x0' is not a tensor");
	refuse(string_input, "element type 8");
	refuse(huge_type, "element type -2147483648");
	refuse(negative_dimension, "unusable dimension -3");
	refuse(huge_dimension, "unusable dimension 9223372036854775807");
	refuse(many_dimensions, "has 9 dimensions; at most 8");
}
END_TEST

static Onnx__TensorProto *weights(Onnx__ModelProto *m)
{
	return m->graph->initializer[0];
}

static void short_data(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	weights(m)->raw_data.len -= 1;
}

static void no_data(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	weights(m)->has_raw_data = 0;
}

static void two_floats(struct op_test *t, Onnx__ModelProto *m)
{
	static float data[2];

	(void)t;
	weights(m)->has_raw_data = 0;
	weights(m)->n_float_data = 2;
	weights(m)->float_data = data;
}

static void string_data(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	weights(m)->data_type = 8;
}

static void no_data_type(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	weights(m)->has_data_type = 0;
}

static void external(struct op_test *t, Onnx__ModelProto *m)
{
	(void)t;
	weights(m)->has_data_location = 1;
	weights(m)->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

static void external_entry(struct op_test *t, Onnx__ModelProto *m)
{
	Onnx__StringStringEntryProto *e = NEW(t->c, Onnx__StringStringEntryProto, 1);

	onnx__string_string_entry_proto__init(e);
	e->key = "location";
	e->value = "/etc/passwd";
	weights(m)->external_data = NEW(t->c, Onnx__StringStringEntryProto *, 1);
	weights(m)->external_data[0] = e;
	weights(m)->n_external_data = 1;
}

static void segment(struct op_test *t, Onnx__ModelProto *m)
{
	weights(m)->segment = NEW(t->c, Onnx__TensorProto__Segment, 1);
	onnx__tensor_proto__segment__init(weights(m)->segment);
}

static void set_dims(Onnx__ModelProto *m, int64_t *dims, size_t n)
{
	weights(m)->dims = dims;
	weights(m)->n_dims = n;
}

static void negative_dims(struct op_test *t, Onnx__ModelProto *m)
{
	static int64_t dims[] = { -1, -3 };

	(void)t;
	set_dims(m, dims, 2);
}

/* The product wraps to 12 bytes in 64 bits. */
static void wrapping_dims(struct op_test *t, Onnx__ModelProto *m)
{
	static int64_t dims[] = { INT64_C(1) << 32, INT64_C(1) << 32, 3 };

	(void)t;
	set_dims(m, dims, 3);
}

static void nine_dims(struct op_test *t, Onnx__ModelProto *m)
{
	static int64_t dims[] = { 1, 1, 1, 1, 1, 1, 1, 1, 3 };

	(void)t;
	set_dims(m, dims, 9);
}

START_TEST(initialisers)
{
	refuse(short_data, "tensor 'b' has 11 bytes of data, but its dimensions say 12");
	refuse(no_data, "tensor 'b' has data for 0 elements, but its dimensions say 3");
	refuse(two_floats, "tensor 'b' has data for 2 elements");
	refuse(string_data, "tensor 'b' has element type 8");
	refuse(no_data_type, "tensor 'b' has element type");
	refuse(external, "keeps its data in another file");
	refuse(external_entry, "keeps its data in another file");
	refuse(segment, "is a segment of a larger one");
	refuse(negative_dims, "unusable dimension -1");
	refuse(wrapping_dims, "unusable dimension 4294967296");
	refuse(nine_dims, "has 9 dimensions; at most 8");
}
END_TEST

/* Files of IR version 3 list initialisers among the inputs. */
START_TEST(initialisers_as_inputs)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = sound_model(&t);
	Onnx__ValueInfoProto **both = NEW(t.c, Onnx__ValueInfoProto *, 2);

	both[0] = NEW(t.c, Onnx__ValueInfoProto, 1);
	*both[0] = *m->graph->input[0];
	both[0]->name = "b";
	both[1] = m->graph->input[0];
	m->graph->input = both;
	m->graph->n_input = 2;
	m->ir_version = 3;
	struct op_test r = read_back(&t, m, DONE);
	ck_assert_int_eq(r.g->n_inputs, 1);
	ck_assert_str_eq(r.g->inputs[0]->name, "x0");
	ck_assert_ptr_nonnull(r.g->first->in[1]->data);
	op_end(&r);
	model_end(&t);
}
END_TEST

/* Nodes without names are named after their first output; left-out inputs and outputs are NULL; ai.onnx is the default
 * domain's other name; gluec's own operators cannot be read from a file. */
START_TEST(names)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = sound_model(&t);

	m->graph->node[0]->name = NULL;
	m->graph->node[0]->domain = "ai.onnx";
	m->graph->node[1]->domain = "gluec";
	m->graph->node[1]->op_type = "Linear";
	m->graph->node[2]->n_input = 3;
	m->graph->node[2]->input = (char *[]){ "", "inner", "" };
	m->opset_import[1] = NEW(t.c, Onnx__OperatorSetIdProto, 1);
	onnx__operator_set_id_proto__init(m->opset_import[1]);
	m->opset_import[1]->domain = "com.microsoft";
	m->opset_import[1]->has_version = 1;
	m->opset_import[1]->version = 1;
	m->n_opset_import = 2;
	struct op_test r = read_back(&t, m, DONE);
	const struct node *n = r.g->first;
	ck_assert_str_eq(n->name, "sum");
	ck_assert(is_op(n, "Add") && n->op);
	ck_assert_ptr_null(n->next->op);
	ck_assert_int_eq(n->next->version, 0);
	n = r.g->last;
	ck_assert_int_eq(n->n_in, 3);
	ck_assert(!n->in[0] && n->in[1] && !n->in[2]);
	ck_assert_str_eq(r.c->opsets, "ai.onnx 20, com.microsoft 1");
	op_end(&r);
	model_end(&t);
}
END_TEST

/* Open dimensions: with names, without, and unknown shapes. */
START_TEST(symbols)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = sound_model(&t);
	Onnx__TensorShapeProto *s = m->graph->input[0]->type->tensor_type->shape;

	s->dim[0]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
	s->dim[0]->dim_param = "batch";
	s->dim[1]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET;
	struct op_test r = read_back(&t, m, DONE);
	ck_assert_str_eq(r.g->inputs[0]->symbol[0], "batch");
	ck_assert_str_eq(r.g->inputs[0]->symbol[1], "x0.1");
	ck_assert_str_eq(shape_text(r.c, r.g->inputs[0]), "f32[?,?]");
	op_end(&r);
	m->graph->input[0]->type->tensor_type->shape = NULL;
	r = read_back(&t, m, DONE);
	ck_assert_str_eq(shape_text(r.c, r.g->inputs[0]), "f32[?]");
	op_end(&r);
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("onnx");
	TCase *c = tcase_create("onnx");

	tcase_add_test(c, sound);
	tcase_add_test(c, no_model);
	tcase_add_test(c, truncated);
	tcase_add_test(c, structure);
	tcase_add_test(c, inputs);
	tcase_add_test(c, initialisers);
	tcase_add_test(c, initialisers_as_inputs);
	tcase_add_test(c, names);
	tcase_add_test(c, symbols);
	suite_add_tcase(s, c);
	return s;
}
