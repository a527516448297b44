/* Changing ONNX files: what was written is read back, and computes what it should. */
#include "onnx/onnx_writer.h"
#include "base/attempt.h"
#include "model_file.h"
#include "pass_test.h"
#include <string.h>

/* Two convolutions with a Relu and a MaxPool between; the first one's weights are halves behind a Cast. */
static struct op_test small_model(void)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[1,1,4,4]", NULL), *w = op_constant(&t, "f16[2,1,1,1]", LIST(1, -2));
	struct value *w2 = op_constant(&t, "f32[1,2,1,1]", LIST(0.5, 3));

	x->name = "x";
	w->name = "w.half";
	w2->name = "w2";
	struct value *cast = pass_node(&t, "Cast", "w", 1, w);
	set_attribute_int(t.c, cast->def, "to", RT_F32);
	struct value *pooled = pass_node(
		&t, "MaxPool", "pool", 1, pass_node(&t, "Relu", "relu", 1, pass_node(&t, "Conv", "first", 2, x, cast)));
	SET_INTS(&t, pooled->def, "kernel_shape", 2, 2);
	SET_INTS(&t, pooled->def, "strides", 2, 2);
	pass_output(&t, pass_node(&t, "Conv", "second", 2, pooled, w2));
	return t;
}

static struct onnx_file *open_file(struct op_test *t, Onnx__ModelProto *m)
{
	const char *path = temporary_path(t->c, "in.onnx");

	model_write(t->c, m, path);
	t->c->set.model = path;
	return onnx_file_open(t->c);
}

/* Writes the file and reads it into a run of its own. */
static struct op_test write_and_read(struct op_test *t, struct onnx_file *f)
{
	struct op_test r = op_begin(0);
	const char *path = temporary_path(t->c, "out.onnx");

	onnx_file_write(f, path);
	if (setjmp(r.c->escape))
		ck_abort_msg("%s", r.c->message);
	read_onnx(r.c, path);
	r.g = r.c->graph;
	return r;
}

static struct node *node_named(const struct op_test *t, const char *name)
{
	return pass_value(t->g, name)->def;
}

START_TEST(test_unchanged)
{
	struct op_test t = small_model();
	Onnx__ModelProto *m = model_proto(t.c, t.g);
	struct op_test r = write_and_read(&t, open_file(&t, m));

	ck_assert_int_eq(count_nodes(r.g), 5);
	ck_assert_str_eq(r.g->outputs[0]->name, "second");
	ck_assert_int_eq(node_named(&r, "w")->in[0]->type, RT_F16);
	op_end(&r);
	model_end(&t);
}
END_TEST

static const float scales[] = { 0.0078125f, 0.015625f }, one_scale[] = { 0.03125f };
static const int8_t integers[] = { 127, -127 }, second[] = { 16, 96 };
static const int64_t first_dim[] = { 2, 1, 1, 1 }, second_dim[] = { 1, 2, 1, 1 };

static void quantize_both(struct op_test *t, struct onnx_file *f)
{
	struct node *a = node_named(t, "first"), *b = node_named(t, "second");

	onnx_file_quantize(f, a, 0, 0.0625f, 128);
	onnx_file_replace(f, a, 1, &(struct onnx_constant){ RT_I8, 4, first_dim, integers, 0, scales });
	onnx_file_replace(
		f, a, 2, &(struct onnx_constant){ RT_I32, 1, first_dim, (int32_t[]){ 100, 0 }, 0, (float[]){ 0.01f, 1 } });
	onnx_file_quantize(f, b, 0, 0.03125f, 0);
	onnx_file_replace(f, b, 1, &(struct onnx_constant){ RT_I8, 4, second_dim, second, 0, one_scale });
}

START_TEST(test_quantized)
{
	struct op_test t = small_model();
	struct onnx_file *f = open_file(&t, model_proto(t.c, t.g));

	ck_assert(onnx_file_has(f, node_named(&t, "first")));
	quantize_both(&t, f);
	struct op_test r = write_and_read(&t, f);
	/* x, what the pool reads and what it makes; the same three and two weights and a bias. */
	ck_assert_int_eq(pass_count(r.g, "", "QuantizeLinear"), 3);
	ck_assert_int_eq(pass_count(r.g, "", "DequantizeLinear"), 6);
	/* The Cast and the halves are gone. */
	ck_assert_int_eq(pass_count(r.g, "", "Cast"), 0);
	const struct node *pool = node_named(&r, "pool"), *first = node_named(&r, "first");
	ck_assert_str_eq(pool->in[0]->def->type, "DequantizeLinear");
	ck_assert_str_eq(pool->in[0]->def->in[0]->def->in[0]->name, "relu");
	ck_assert_ptr_eq(pool->in[0]->def->in[1], node_named(&r, "second")->in[0]->def->in[1]);
	ck_assert_int_eq(first->n_in, 3);
	ck_assert_int_eq(first->in[1]->def->in[0]->type, RT_I8);
	ck_assert_int_eq(first->in[2]->def->in[0]->type, RT_I32);
	op_end(&r);
	model_end(&t);
}
END_TEST

/* The file computes what the numbers in it say. */
START_TEST(test_computes)
{
	struct op_test t = small_model();
	struct onnx_file *f = open_file(&t, model_proto(t.c, t.g));
	double pooled[2][4] = { { 0 } }, y[4];

	quantize_both(&t, f);
	struct op_test r = write_and_read(&t, f);
	r.inputs[0] = t.inputs[0];
	for (int i = 0; i < 32; i++) {
		double x = fmin(fmax(rint(op_at(&t, t.g->inputs[0], i % 16) / 0.0625), -128), 127) * 0.0625;
		double product = i < 16 ? x * 127 * 0.0078125 + 1 : x * -127 * 0.015625;
		double rounded = fmin(rint(fmax(product, 0) / 0.03125), 255) * 0.03125;
		double *most = &pooled[i / 16][i % 16 / 8 * 2 + i % 4 / 2];
		*most = fmax(*most, rounded);
	}
	for (int i = 0; i < 4; i++)
		y[i] = 0.5 * pooled[0][i] + 3 * pooled[1][i];
	op_run(&r);
	op_expect(&r, 0, "f32[1,1,2,2]", 1e-5, y);
	op_end(&r);
	model_end(&t);
}
END_TEST

/* A tensor that is read in a branch is quantised where it is made, and made float again where it is read; weights of
 * two readers stay until the last one has others. */
START_TEST(test_branches)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2,2]", NULL), *w = op_constant(&t, "f32[2,2]", NULL);
	struct value *condition = op_input(&t, "bool[]", NULL);
	const int64_t dim[] = { 2, 2 };

	w->name = "w";
	struct value *made = pass_node(&t, "Relu", "made", 1, x);
	struct graph *a = pass_open(&t);
	pass_output(&t, pass_node(&t, "MatMul", "inner", 2, made, w));
	pass_close(&t);
	struct graph *b = pass_open(&t);
	pass_output(&t, pass_node(&t, "Neg", "other", 1, made));
	pass_close(&t);
	op_output(&t, pass_if(&t, "choice", condition, a, b));
	pass_output(&t, pass_node(&t, "MatMul", "outer", 2, made, w));
	struct onnx_file *f = open_file(&t, model_proto(t.c, t.g));
	for (int i = 0; i < 2; i++) {
		struct node *n = node_named(&t, i ? "outer" : "inner");
		onnx_file_quantize(f, n, 0, 1, 7);
		onnx_file_replace(
			f, n, 1, &(struct onnx_constant){ RT_I8, 2, dim, (int8_t[]){ 1, 2, 3, 4 }, 1, (float[]){ 1, 2 } });
	}
	struct op_test r = write_and_read(&t, f);
	ck_assert_int_eq(pass_count(r.g, "", "QuantizeLinear"), 1);
	ck_assert_int_eq(pass_count(r.g, "", "DequantizeLinear"), 4);
	ck_assert_ptr_eq(node_named(&r, "inner")->in[0]->def->in[0], node_named(&r, "outer")->in[0]->def->in[0]);
	ck_assert_ptr_ne(node_named(&r, "inner")->in[0], node_named(&r, "outer")->in[0]);
	ck_assert_str_eq(node_named(&r, "other")->in[0]->name, "made");
	op_end(&r);
	model_end(&t);
}
END_TEST

START_TEST(test_names)
{
	struct op_test t = small_model();
	struct node other = *node_named(&t, "first");
	struct onnx_file *f = open_file(&t, model_proto(t.c, t.g));

	other.type = "Gemm";
	ck_assert(!onnx_file_has(f, &other));
	other.type = "Conv";
	other.name = "another";
	ck_assert(!onnx_file_has(f, &other));
	/* A name that the file has already is not taken again. */
	Onnx__ModelProto *m = model_proto(t.c, t.g);
	m->graph->node[1]->name = "kept";
	m->graph->node[1]->output[0] = "x.quantized";
	m->graph->node[2]->input[0] = "x.quantized";
	f = open_file(&t, m);
	onnx_file_quantize(f, node_named(&t, "second"), 0, 1, 0);
	struct op_test r = write_and_read(&t, f);
	ck_assert_int_eq(pass_count(r.g, "", "QuantizeLinear"), 2);
	op_end(&r);
	model_end(&t);
}
END_TEST

static void open_user(struct ctx *c, void *user)
{
	(void)user;
	onnx_file_open(c);
}

START_TEST(test_refused)
{
	struct op_test t = small_model();
	Onnx__ModelProto *m = model_proto(t.c, t.g);
	const char *path = temporary_path(t.c, "old.onnx");

	m->opset_import[0]->version = 12;
	model_write(t.c, m, path);
	t.c->set.model = path;
	ck_assert_int_eq(attempt(t.c, open_user, NULL), UNUSABLE_MODEL);
	ck_assert_msg(strstr(t.c->message, "version 12") && strstr(t.c->message, "opset_version=13"), "%s", t.c->message);
	FILE *file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	fputs("\x08\x09garbage", file);
	fclose(file);
	ck_assert_int_eq(attempt(t.c, open_user, NULL), UNUSABLE_MODEL);
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("onnx_writer");
	TCase *t = tcase_create("onnx_writer");

	tcase_add_test(t, test_unchanged);
	tcase_add_test(t, test_quantized);
	tcase_add_test(t, test_computes);
	tcase_add_test(t, test_branches);
	tcase_add_test(t, test_names);
	tcase_add_test(t, test_refused);
	suite_add_tcase(s, t);
	return s;
}
