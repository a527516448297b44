/* Generated text, committed and compared byte for byte, so that a review of the compiler shows what it does to its
 * output. The models are built here. After a change that is meant, rewrite the texts with
 *
 *     GLUEC_REGENERATE=1 build/tests/golden/test_golden
 *
 * and read the difference. */
#include "attempt.h"
#include "command.h"
#include "model_file.h"
#include "pass_test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a small picture network is made of: convolutions with what follows them, products, a normalisation, scores. */
static void picture(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[1,1,8,12]", 1), *y;

	x->name = "image";
	y = pass_node(t, "Conv", "conv1", 3, x, pass_constant(t, "f32[5,1,3,3]", 2), pass_constant(t, "f32[5]", 3));
	SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	y = pass_node(t, "Relu", "conv1/relu", 1, y);
	y = pass_node(t, "MaxPool", "pool1", 1, y);
	SET_INTS(t, y->def, "kernel_shape", 2, 2);
	SET_INTS(t, y->def, "strides", 2, 2);
	y = pass_node(t, "Conv", "conv2", 2, y, pass_constant(t, "f32[6,5,1,1]", 4));
	struct value *norm = pass_node(t, "ReduceL2", "descriptors/norm", 2, y, INTS(t, 1));
	pass_output(t, pass_node(t, "Div", "descriptors", 2, y, norm));
	y = pass_node(t, "Flatten", "flat", 1, y);
	y = pass_node(t, "MatMul", "head/product", 2, y, pass_constant(t, "f32[144,4]", 5));
	y = pass_node(t, "Add", "head", 2, y, pass_constant(t, "f32[4]", 6));
	pass_output(t, pass_node(t, "Softmax", "scores", 1, y));
}

/* A matcher in small: attention, a residual, an early exit, the strongest and their indices. */
static void matcher(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[1,6,8]", 1), *go_on = op_input(t, "bool[1]", LIST(1)), *y;

	x->name = "descriptors";
	go_on->name = "go_on";
	struct value *k = pass_node(t, "Transpose", "attention/turned", 1, x);
	SET_INTS(t, k->def, "perm", 0, 2, 1);
	y = pass_node(t, "MatMul", "attention/scores", 2, x, k);
	y = pass_node(t, "Mul", "attention/scaled", 2, y, value_float(t->c, "scale", 0.35f));
	y = pass_node(t, "MatMul", "attention", 2, pass_node(t, "Softmax", "attention/softmax", 1, y), x);
	y = pass_node(t, "MatMul", "update/product", 2, y, pass_constant(t, "f32[8,8]", 2));
	y = pass_node(t, "Add", "update", 2, pass_node(t, "Gelu", "update/gelu", 1, y), x);
	struct graph *deeper = pass_open(t);
	struct value *z = pass_node(t, "MatMul", "deeper/product", 2, y, pass_constant(t, "f32[8,8]", 3));
	pass_output(t, pass_node(t, "Add", "deeper", 2, z, pass_constant(t, "f32[8]", 4)));
	pass_close(t);
	struct graph *stop = pass_open(t);
	pass_output(t, pass_node(t, "Tanh", "stop", 1, y));
	pass_close(t);
	y = pass_if(t, "exit", go_on, deeper, stop)->out[0];
	struct node *best =
		op_node(t, "", "TopK", 2, 2, pass_node(t, "ReduceMax", "strength", 2, y, INTS(t, 2)), INTS(t, 3));
	best->in[1]->name = "how_many";
	best->name = "best";
	set_attribute_int(t->c, best, "axis", 1);
	best->out[0]->name = "values";
	best->out[1]->name = "best/indices";
	pass_output(t, best->out[0]);
	pass_output(t, pass_node(t, "Mul", "indices", 2, best->out[1], value_int(t->c, "two", 2)));
}

/* Numbers as they are printed, integers, strides, shifts, and what a model may call things. */
static void numbers(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[2,3,4]", 1), *i = op_input(t, "i64[4,3]", NULL), *y;

	x->name = "/model/input:0";
	i->name = "int";
	y = pass_node(t, "Transpose", "turned {", 1, x);
	SET_INTS(t, y->def, "perm", 2, 1, 0);
	y = pass_node(t, "Pow", "\"power\"", 2, y, value_float(t->c, "exponent", 1.1f));
	y = pass_node(
		t, "Where", "where */", 3, pass_node(t, "IsNaN", "is nan", 1, y), value_float(t->c, "none", -INFINITY), y);
	pass_output(t, pass_node(t, "ReduceLogSumExp", "3rd", 2, y, INTS(t, -1)));
	i = pass_node(t, "Mul", "wide", 2, i, value_int(t->c, "large", INT64_C(1) << 40));
	pass_output(t, pass_node(t, "Slice", "every.second", 5, i, INTS(t, 0), INTS(t, 4), INTS(t, 0), INTS(t, 2)));
}

static const struct model {
	const char *name;
	void (*build)(struct op_test *t);
	const char *option;
} models[] = {
	{ "picture", picture, "--precision=fp32" },
	{ "matcher", matcher, "--precision=fp32" },
	{ "matcher_half", matcher, "--precision=fp16" },
	{ "numbers", numbers, "--precision=fp32" },
};

struct arguments {
	int n;
	char *list[8];
};

static void compile_user(struct ctx *c, void *user)
{
	struct arguments *a = user;

	ck_assert_int_eq(command_compile.run(c, a->n, a->list), DONE);
}

/* Compiles the model and returns the folder with what was written. */
static const char *compile(struct op_test *t, const struct model *m)
{
	struct op_test own = pass_begin();
	const char *folder = temporary_path(t->c, "out");
	const char *path = temporary_path(t->c, arena_text(t->c, "%s.onnx", m->name));
	struct arguments a = { 5, { "compile", (char *)path, "-o", (char *)folder, (char *)m->option } };

	m->build(t);
	model_write(t->c, model_proto(t->c, t->g), path);
	own.c->set = (struct settings){ 0 };
	ck_assert_msg(attempt(own.c, compile_user, &a) == DONE, "%s", own.c->message);
	op_end(&own);
	return folder;
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s cannot be written", path);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(text)
{
	static const char *const suffixes[] = { ".c", ".h", ".weights.txt" };
	const struct model *m = &models[_i];
	struct op_test t = pass_begin();
	const char *folder = compile(&t, m), *golden = arena_text(t.c, GLUEC_ROOT "/tests/golden/%s", m->name);
	bool regenerate = getenv("GLUEC_REGENERATE") != NULL;

	if (regenerate)
		mkdir(golden, 0777);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *file = arena_text(t.c, "%s/%s%s", golden, m->name, suffixes[i]);
		const char *text = file_text(t.c, arena_text(t.c, "%s/%s%s", folder, m->name, suffixes[i]));
		if (regenerate)
			write_text(file, text);
		ck_assert_msg(!strcmp(text, file_text(t.c, file)),
			"%s is no longer what gluec writes; if that is meant, see the top of test_golden.c", file);
	}
	model_end(&t);
}
END_TEST

START_TEST(compiles)
{
	static const char *const options[] = { "", "-m32", "-O2 -Wstrict-prototypes -Wmissing-declarations" };
	struct op_test t = pass_begin();
	const char *folder = compile(&t, &models[_i]);

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const char *command = arena_text(t.c,
			"gcc -std=c11 -Wall -Wextra -Wpedantic -Werror %s -I" GLUEC_ROOT "/runtime -I%s -c -o %s/code.o %s/%s.c",
			options[i], folder, folder, folder, models[_i].name);
		ck_assert_msg(system(command) == 0, "%s", command);
	}
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("golden");
	TCase *c = tcase_create("golden");
	int n = sizeof models / sizeof *models;

	tcase_set_timeout(c, 30);
	tcase_add_loop_test(c, text, 0, n);
	tcase_add_loop_test(c, compiles, 0, n);
	suite_add_tcase(s, c);
	return s;
}
