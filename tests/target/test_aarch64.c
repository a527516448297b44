/* 64-bit Arm, under qemu's emulation of its programs: the tests of the kernels, and models against the interpreter,
 * with every instruction set that an object for that machine has. make builds the runtime and the programs for it, in
 * BUILD/target, when it finds a compiler and qemu-aarch64; else there is nothing to test here. */
#include "base/attempt.h"
#include "cli/command.h"
#include "run/compare.h"
#include "onnx/convert.h"
#include "golden_models.h"
#include "run/interpret.h"
#include "emit/lower.h"
#include "model_file.h"
#include "base/out.h"
#include "onnx/tensor.h"
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How a model is compiled, and from what: a file of models/, or a graph built in memory. */
static const struct form {
	const char *file;
	void (*build)(struct op_test *t);
	char *option[8];
	struct tolerance tolerance; /* as gluec verify has it */
} forms[] = {
	{ "superpoint.onnx", NULL, { "--dim=height=64", "--dim=width=96", "--topk=32" }, { 1e-5, 1e-3, 0 } },
	{ "lightglue.onnx", NULL, { "--dim=num_keypoints=32", "--depth=2" }, { 1e-5, 1e-3, 0 } },
	{ "lightglue.onnx", NULL, { "--dim=num_keypoints=24", "--precision=fp16" }, { 1e-2, 1e-2, 0 } },
	{ "lightglue.onnx", NULL, { "--dim=num_keypoints=24", "--depth=2", "--precision=bf16" }, { 5e-2, 5e-2, 0 } },
	{ "picture.onnx", golden_picture, { "--weights=c" }, { 1e-5, 1e-3, 0 } },
	{ "matcher.onnx", golden_matcher, { NULL }, { 1e-5, 1e-3, 0 } },
	{ "matcher.onnx", golden_matcher, { "--precision=fp16" }, { 1e-2, 1e-2, 0 } },
	{ "numbers.onnx", golden_numbers, { NULL }, { 1e-5, 1e-3, 0 } },
};

/* Processors as qemu names them, and the instruction sets of an object that they have: the last one has all. */
static const struct processor {
	const char *name, *levels[5];
} processors[] = {
	{ "cortex-a53", { "c", "neon" } },
	{ "cortex-a76", { "c", "neon", "neondot" } },
	{ "max", { "c", "neon", "neondot", "neonbf16" } },
};

enum { FORMS = sizeof forms / sizeof *forms, PROCESSORS = sizeof processors / sizeof *processors };

/* What a form becomes. The interpreter's outputs are of the model's types, the program's of the C interface's. */
struct job {
	const struct form *form;
	const char *path, *folder;
	struct value **inputs, **expected;
	struct program *program;
};

/* "BUILD/target/name" in the test's arena. */
static const char *target_path(struct ctx *c, const char *name)
{
	const char *build = getenv("BUILD");

	return arena_text(c, "%s/target/%s", build ? build : "build", name);
}

/* Has make built anything for the machine? */
static bool have_target(struct ctx *c)
{
	return !access(target_path(c, "cc"), R_OK);
}

/* Runs a shell command of printf's form, without the variables of a make that the test runs under. */
static void shell(struct ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void shell(struct ctx *c, const char *format, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(command, sizeof command, format, ap);
	va_end(ap);
	ck_assert_int_lt(n, (int)sizeof command);
	ck_assert_msg(system(arena_text(c, "unset MAKEFLAGS MAKELEVEL; %s", command)) == 0, "%s", command);
}

/* Every program of the kernels' tests runs its tests, and says so. */
START_TEST(kernel_tests)
{
	struct op_test t = pass_begin();
	glob_t found;

	if (!have_target(t.c)) {
		puts("skip: no programs for aarch64: make builds them, but not for the sanitizers, when there are qemu-aarch64 "
			 "and aarch64-linux-gnu-gcc or clang with libraries for that machine");
		model_end(&t);
		return;
	}
	ck_assert_int_eq(glob(target_path(t.c, "kernel/test_*"), 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		shell(t.c,
			"qemu-aarch64 -cpu max '%s' >'%s'; r=$?; cat '%s'; [ $r = 0 ] && grep -q '[1-9][0-9]* tests passed' '%s'",
			found.gl_pathv[i], temporary_path(t.c, "log"), temporary_path(t.c, "log"), temporary_path(t.c, "log"));
	globfree(&found);
	model_end(&t);
}
END_TEST

/* Writes the model as C, and what it should compute. */
static void compile(struct ctx *c, void *user)
{
	static const struct option list[] = { MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct job *job = user;
	char *argv[12] = { "compile", (char *)job->path, "--name=model" };
	int n = 3;

	for (char *const *option = job->form->option; *option; option++)
		argv[n++] = *option;
	ck_assert(read_options(c, &command_compile, n, argv, list, NULL, NULL));
	c->set.out_dir = job->folder;
	make_folder(c, job->folder);
	load_model(c);
	job->inputs = random_inputs(c, c->graph->n_inputs, c->graph->inputs, 1);
	job->expected = interpret(c, job->inputs);
	optimize(c);
	job->program = lower_graph(c, c->graph);
	plan(c, job->program);
	emit(c, job->program);
}

/* Builds the object as users do, a program of it, and writes the inputs that it will read. */
static void build(struct ctx *c, const struct job *job)
{
	FILE *f = fopen(arena_text(c, "%s/in", job->folder), "wb");

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < c->graph->n_inputs; i++) {
		enum rt_type type = job->program->inputs[i].type;
		size_t n = (size_t)value_elements(job->inputs[i]);
		ck_assert_uint_eq(fwrite(convert_to(c, job->inputs[i], type), rt_type_size(type), n, f), n);
	}
	ck_assert_int_eq(fclose(f), 0);
	const char *cc = file_text(c, target_path(c, "cc"));
	shell(c, "make -s -f '" GLUEC_ROOT "/runtime/object.mk' NAME=model DIR='%s' RT='%s' CC='%s'", job->folder,
		target_path(c, "rt"), cc);
	shell(c,
		"%s -std=c11 -O1 -static -Wall -Wextra -Wpedantic -Werror -DMODEL=model_model -I'" GLUEC_ROOT
		"/runtime' -o '%s/driver' '" GLUEC_ROOT "/tests/target/on_target/driver.c' '%s/model.o' -lm",
		cc, job->folder, job->folder);
}

/* Runs the program, which must find the instruction sets that the processor has, and no others. */
static void run(struct ctx *c, const struct job *job, const struct processor *processor)
{
	const char *expected = "";

	shell(c, "cd '%s' && qemu-aarch64 -cpu %s driver in out >levels", job->folder, processor->name);
	for (const char *const *level = processor->levels; *level; level++)
		expected = arena_text(c, "%s%s\n", expected, *level);
	ck_assert_str_eq(file_text(c, arena_text(c, "%s/levels", job->folder)), expected);
}

/* Compares what an instruction set has left in a file. */
static void compare_outputs(struct ctx *c, const struct job *job, const char *isa)
{
	size_t n, at = 0;
	const uint8_t *outputs = read_file(c, arena_text(c, "%s/out.%s", job->folder, isa), &n);

	ck_assert_int_eq(c->graph->n_counts, 0);
	for (int i = 0; i < c->graph->n_outputs; i++) {
		const struct value *expected = job->expected[i];
		enum rt_type type = job->program->outputs[i].type;
		size_t bytes = (size_t)value_elements(expected) * rt_type_size(type);
		ck_assert_uint_le(bytes, n - at);
		const struct value *actual =
			convert_from(c, value_new(c, expected->name, expected->type, expected->rank, expected->dim), type,
				memcpy(arena_get(c, bytes + 1, 1), outputs + at, bytes));
		struct difference d = compare(expected, actual, &job->form->tolerance);
		print_difference(c, arena_text(c, "  %-8s ", isa), expected, actual, &d);
		ck_assert_msg(d.equal, "%s of %s with %s", expected->name, job->form->file, isa);
		at += bytes;
	}
	ck_assert_uint_eq(at, n);
}

/* Compiles a form, and runs it on some processors: all its instruction sets must agree with the interpreter. */
static void check_form(const struct form *form, const struct processor *first, const struct processor *last)
{
	struct op_test t = pass_begin(), own = pass_begin();
	struct job job = { .form = form };

	if (have_target(t.c)) {
		job.folder = temporary_path(t.c, "out");
		job.path = form->build ? temporary_path(t.c, form->file) : arena_text(t.c, GLUEC_ROOT "/models/%s", form->file);
		if (form->build) {
			form->build(&t);
			model_write(t.c, model_proto(t.c, t.g), job.path);
		}
		own.c->set = (struct settings){ 0 };
		ck_assert_msg(attempt(own.c, compile, &job) == DONE, "%s", own.c->message);
		build(own.c, &job);
		for (const struct processor *processor = first; processor <= last; processor++) {
			run(own.c, &job, processor);
			for (const char *const *level = processor->levels; *level; level++)
				compare_outputs(own.c, &job, *level);
		}
	}
	op_end(&own);
	model_end(&t);
}

START_TEST(models)
{
	check_form(&forms[_i], &processors[PROCESSORS - 1], &processors[PROCESSORS - 1]);
}
END_TEST

/* An object uses what the processor has, and runs where some of that is absent. */
START_TEST(older_processors)
{
	static const struct form small = { "picture.onnx", golden_picture, { NULL }, { 1e-5, 1e-3, 0 } };

	check_form(&small, processors, &processors[PROCESSORS - 2]);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("aarch64");
	TCase *t = tcase_create("aarch64");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, kernel_tests);
	tcase_add_loop_test(t, models, 0, FORMS);
	tcase_add_test(t, older_processors);
	suite_add_tcase(s, t);
	return s;
}
