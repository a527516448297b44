/* Generated text, committed and compared byte for byte, so that a review of the compiler shows what it does to its
 * output. golden_models.c builds the models. After a change that is meant, rewrite the texts with
 *
 *     GLUEC_REGENERATE=1 build/tests/golden/test_golden
 *
 * and read the difference. */
#include "base/attempt.h"
#include "cli/command.h"
#include "golden_models.h"
#include "model_file.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct model {
	const char *name;
	void (*build)(struct op_test *t);
	const char *option;
} models[] = {
	{ "picture", golden_picture, "--precision=fp32" },
	{ "matcher", golden_matcher, "--precision=fp32" },
	{ "matcher_half", golden_matcher, "--precision=fp16" },
	{ "numbers", golden_numbers, "--precision=fp32" },
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
