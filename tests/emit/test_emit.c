/* What is written: the same bytes from everywhere, small changes for small changes, and C that compiles cleanly
 * whatever the model calls its parts. */
#include "cli/command.h"
#include "base/attempt.h"
#include "emit/emit.h"
#include "model_file.h"
#include "pass_test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINES = 4000 };

struct arguments {
	int n;
	char *list[12];
};

static void compile_user(struct ctx *c, void *user)
{
	struct arguments *a = user;

	ck_assert_int_eq(command_compile.run(c, a->n, a->list), DONE);
}

/* gluec compile MODEL -o FOLDER --name NAME, in a run of its own; then the same for more options. */
static void compile(struct op_test *t, const char *model, const char *folder, const char *name, const char *option)
{
	struct op_test own = pass_begin();
	struct arguments a = { 6,
		{ "compile", (char *)model, "-o", (char *)folder, "--name", (char *)name, (char *)option } };

	(void)t;
	a.n += option != NULL;
	own.c->set = (struct settings){ 0 };
	ck_assert_msg(attempt(own.c, compile_user, &a) == DONE, "%s", own.c->message);
	op_end(&own);
}

static const char *path_of(struct op_test *t, const char *folder, const char *file)
{
	return arena_text(t->c, "%s/%s", folder, file);
}

static void expect_same_file(struct op_test *t, const char *a, const char *b)
{
	ck_assert_msg(!strcmp(file_text(t->c, a), file_text(t->c, b)), "%s and %s differ", a, b);
}

/* ---- a network with a bit of everything; form 1 has one node more, form 2 another weight */

static struct value *dense(struct op_test *t, const char *name, struct value *x, const char *shape, uint32_t seed)
{
	struct value *y = pass_node(t, "MatMul", arena_text(t->c, "%s/MatMul", name), 2, x, pass_constant(t, shape, seed));

	y->def->in[1]->name = arena_text(t->c, "%s.weight", name);
	return y;
}

static Onnx__ModelProto *network(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[4,8]", 1), *c = op_input(t, "bool[1]", LIST(1)), *y = x;

	c->name = "deeper";
	for (int i = 0; i < 3; i++) {
		y = dense(t, arena_text(t->c, "layer.%d", i), y, "f32[8,8]", form == 2 && i == 1 ? 99 : 10 + (uint32_t)i);
		y = pass_node(t, "Softmax", arena_text(t->c, "layer.%d/Softmax", i), 1, y);
		if (form == 1 && i == 1)
			y = pass_node(t, "LogSoftmax", "inserted", 1, y);
	}
	struct graph *a = pass_open(t);
	pass_output(t, pass_node(t, "Softmax", "then/Softmax", 1, dense(t, "then", y, "f32[8,8]", 20)));
	pass_close(t);
	struct graph *b = pass_open(t);
	pass_output(t, pass_node(t, "Neg", "else/Neg", 1, y));
	pass_close(t);
	struct value *z = pass_if(t, "choice", c, a, b)->out[0];
	struct node *k = op_node(t, "", "TopK", 2, 2, z, INTS(t, 3));
	k->name = "best";
	k->in[1]->name = "how_many";
	k->out[0]->name = "values";
	k->out[1]->name = "indices";
	op_output(t, k);
	return model_proto(t->c, t->g);
}

static const char *written(struct op_test *t, const char *file, int form)
{
	struct op_test u = pass_begin();
	const char *path = temporary_path(t->c, file);

	model_write(u.c, network(&u, form), path);
	op_end(&u);
	return path;
}

static const char *const suffixes[] = { ".c", ".h", ".S", ".weights.txt" };

START_TEST(deterministic)
{
	struct op_test t = pass_begin();
	const char *model = written(&t, "m.onnx", 0), *folder = temporary_path(t.c, "a"),
			   *other = temporary_path(t.c, "b/c/d");

	compile(&t, model, folder, "net", NULL);
	/* The same file elsewhere, reached by a path with other folders in it, from another folder. */
	char *before = getcwd(NULL, 0);
	ck_assert_ptr_nonnull(before);
	ck_assert_int_eq(mkdir(temporary_path(t.c, "elsewhere"), 0700), 0);
	written(&t, "elsewhere/m.onnx", 0);
	ck_assert_int_eq(chdir(temporary_path(t.c, "elsewhere")), 0);
	compile(&t, "../elsewhere/m.onnx", other, "net", NULL);
	ck_assert_int_eq(chdir(before), 0);
	free(before);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *file = arena_text(t.c, "net%s", suffixes[i]);
		expect_same_file(&t, path_of(&t, folder, file), path_of(&t, other, file));
		/* Nothing of this machine is in it. */
		const char *text = file_text(t.c, path_of(&t, folder, file));
		ck_assert_ptr_null(strstr(text, "/tmp"));
		ck_assert_ptr_null(strstr(text, GLUEC_ROOT));
	}
	model_end(&t);
}
END_TEST

/* ---- lines that differ */

struct lines {
	char *line[MOST_LINES];
	int n;
};

static void split(char *text, struct lines *to)
{
	char *rest = NULL;

	to->n = 0;
	for (char *p = strtok_r(text, "\n", &rest); p; p = strtok_r(NULL, "\n", &rest)) {
		ck_assert_int_lt(to->n, MOST_LINES);
		to->line[to->n++] = p;
	}
}

/* Finds the lines of a and b outside of their longest common subsequence. */
static void compare(const struct lines *a, const struct lines *b, struct lines *only_a, struct lines *only_b)
{
	int width = b->n + 1, i = 0, j = 0;
	int *length = calloc((size_t)(a->n + 1) * (size_t)width, sizeof *length);

	ck_assert_ptr_nonnull(length);
	for (i = a->n; i-- > 0;)
		for (j = b->n; j-- > 0;) {
			int down = length[(i + 1) * width + j], right = length[i * width + j + 1];
			length[i * width + j] = !strcmp(a->line[i], b->line[j]) ? 1 + length[(i + 1) * width + j + 1]
									: down > right                  ? down
																	: right;
		}
	only_a->n = only_b->n = 0;
	for (i = j = 0; i < a->n || j < b->n;) {
		if (i < a->n && j < b->n && !strcmp(a->line[i], b->line[j])) {
			i++;
			j++;
		} else if (j == b->n || (i < a->n && length[(i + 1) * width + j] >= length[i * width + j + 1])) {
			only_a->line[only_a->n++] = a->line[i++];
		} else {
			only_b->line[only_b->n++] = b->line[j++];
		}
	}
	free(length);
}

/* "at_x = 64," and the like: a name and where it stands. */
static bool is_offset(const char *line)
{
	return !strncmp(line, "\tat_", 4) || !strncmp(line, "\tw_", 3);
}

static bool is_head(const char *line)
{
	return strstr(line, " * model sha256 ") == line;
}

START_TEST(one_more_node)
{
	struct op_test t = pass_begin();
	const char *a = temporary_path(t.c, "a"), *b = temporary_path(t.c, "b");
	struct lines *l = calloc(4, sizeof *l);

	ck_assert_ptr_nonnull(l);
	compile(&t, written(&t, "m.onnx", 0), a, "net", NULL);
	compile(&t, written(&t, "m.onnx", 1), b, "net", NULL);
	split(file_text(t.c, path_of(&t, a, "net.c")), &l[0]);
	split(file_text(t.c, path_of(&t, b, "net.c")), &l[1]);
	compare(&l[0], &l[1], &l[2], &l[3]);
	/* What is gone: offsets, the reader of the place before, the arguments of the call behind. */
	for (int i = 0; i < l[2].n; i++) {
		const char *s = l[2].line[i];
		ck_assert_msg(is_offset(s) || is_head(s) || strstr(s, "layer_1_Softmax"), "gone: %s", s);
	}
	for (int i = 0; i < l[3].n; i++) {
		const char *s = l[3].line[i];
		bool goes_on = i > 0 && !strncmp(s, "\t.", 2) && strstr(l[3].line[i - 1], " p_inserted = ");
		ck_assert_msg(is_offset(s) || is_head(s) || goes_on || strstr(s, "inserted"), "new: %s", s);
	}
	ck_assert(l[3].n > 0 && l[3].n < 12);
	free(l);
	/* The weights are what they were. */
	expect_same_file(&t, path_of(&t, a, "net.weights.txt"), path_of(&t, b, "net.weights.txt"));
	expect_same_file(&t, path_of(&t, a, "net.S"), path_of(&t, b, "net.S"));
	model_end(&t);
}
END_TEST

START_TEST(one_tensor_retrained)
{
	struct op_test t = pass_begin();
	const char *a = temporary_path(t.c, "a"), *b = temporary_path(t.c, "b");
	struct lines *l = calloc(4, sizeof *l);

	ck_assert_ptr_nonnull(l);
	compile(&t, written(&t, "m.onnx", 0), a, "net", NULL);
	compile(&t, written(&t, "m.onnx", 2), b, "net", NULL);
	split(file_text(t.c, path_of(&t, a, "net.weights.txt")), &l[0]);
	split(file_text(t.c, path_of(&t, b, "net.weights.txt")), &l[1]);
	compare(&l[0], &l[1], &l[2], &l[3]);
	ck_assert(l[2].n == 1 && l[3].n == 1);
	ck_assert_ptr_eq(strstr(l[3].line[0], "layer_1_weight f32 "), l[3].line[0]);
	/* In the code only the digests: the model's in the head, the weights' in init. */
	split(file_text(t.c, path_of(&t, a, "net.c")), &l[0]);
	split(file_text(t.c, path_of(&t, b, "net.c")), &l[1]);
	compare(&l[0], &l[1], &l[2], &l[3]);
	ck_assert(l[2].n == 2 && l[3].n == 2);
	ck_assert(is_head(l[3].line[0]));
	ck_assert_ptr_nonnull(strstr(l[3].line[1], "return rt_digest("));
	split(file_text(t.c, path_of(&t, a, "net.h")), &l[0]);
	split(file_text(t.c, path_of(&t, b, "net.h")), &l[1]);
	compare(&l[0], &l[1], &l[2], &l[3]);
	ck_assert(l[3].n == 1 && is_head(l[3].line[0]));
	free(l);
	model_end(&t);
}
END_TEST

/* ---- names that anybody may have written */

static void check_c(struct op_test *t, const char *folder, const char *name, const char *options)
{
	const char *command = arena_text(t->c,
		"gcc -std=c11 -Wall -Wextra -Wpedantic -Werror %s -fsyntax-only -I" GLUEC_ROOT "/runtime -I%s %s/%s.c", options,
		folder, folder, name);

	ck_assert_msg(system(command) == 0, "%s", command);
}

/* The header alone is C++ too. */
static void check_header(struct op_test *t, const char *folder, const char *name)
{
	const char *command =
		arena_text(t->c, "gcc -x c++ -std=gnu++17 -Wall -Wextra -Werror -fsyntax-only %s/%s.h 2>&1", folder, name);

	/* Not every machine has the C++ compiler. */
	if (system("gcc -x c++ -fsyntax-only /dev/null 2>/dev/null") == 0)
		ck_assert_msg(system(command) == 0, "%s", command);
}

static const char *hostile_name(struct op_test *t, int form)
{
	enum { LONG = 10000 };
	static const char *const names[] = { "end */ #error /* again", "/* // */", "line\n#error two\r\n", "quote\" \" '",
		"back\\", "trigraph ?\?/ ?\?/", ", , , , ,", "brace { { {", "}}}}", "bell\a\x7f\x1b[31m", "percent %s %n %d",
		"r\xc3\xa9sum\xc3\xa9 \xff\xfe", "bidi \xe2\x80\xae\xe2\x81\xa6 end", "= { .x = 1 }", "#define x" };
	char *s = arena_get(t->c, LONG + 1, 1);
	int n = sizeof names / sizeof *names;

	if (form < n)
		return names[form];
	/* 10 kB of one of the first. */
	const char *part = names[(form - n) % n];
	for (size_t i = 0; i < LONG; i++)
		s[i] = part[i % strlen(part)];
	return s;
}

enum { HOSTILE_FORMS = 23 };

static Onnx__ModelProto *hostile_model(struct op_test *t, int form)
{
	const char *name = hostile_name(t, form);
	struct value *x = pass_input(t, "f32[4,8]", 1), *y;

	x->name = name;
	y = pass_node(t, "Softmax", arena_text(t->c, "%s 1", name), 1, dense(t, name, x, "f32[8,8]", 2));
	y->def->name = name;
	struct node *k = op_node(t, "", "TopK", 2, 2, y, INTS(t, 3));
	k->name = name;
	k->out[0]->name = arena_text(t->c, "%s 2", name);
	k->out[1]->name = arena_text(t->c, "%s 3", name);
	op_output(t, k);
	Onnx__ModelProto *m = model_proto(t->c, t->g);
	m->doc_string = (char *)name;
	return m;
}

START_TEST(hostile)
{
	struct op_test t = pass_begin(), u = pass_begin();
	const char *model = temporary_path(t.c, "m.onnx"), *folder = temporary_path(t.c, "out");

	model_write(u.c, hostile_model(&u, _i), model);
	compile(&t, model, folder, "net", NULL);
	check_c(&t, folder, "net", "-Wbidi-chars=any");
	if (_i % 5 == 0)
		check_header(&t, folder, "net");
	/* No control character, and no line of the file that is not ours. */
	for (const char *p = file_text(t.c, path_of(&t, folder, "net.c")); *p; p++)
		ck_assert_msg((unsigned char)*p >= ' ' || *p == '\n' || *p == '\t', "byte %d", *p);
	ck_assert_ptr_null(strstr(file_text(t.c, path_of(&t, folder, "net.c")), "\n#error"));
	op_end(&u);
	model_end(&t);
}
END_TEST

/* Weights as an array, half precision, 32 bits: all of it compiles. */
START_TEST(options)
{
	struct op_test t = pass_begin();
	const char *model = written(&t, "m.onnx", 0), *folder = temporary_path(t.c, "out");

	compile(&t, model, folder, "net", "--precision=fp16");
	check_c(&t, folder, "net", "");
	check_c(&t, folder, "net", "-m32");
	check_header(&t, folder, "net");
	compile(&t, model, folder, "net", "--weights=c");
	check_c(&t, folder, "net", "");
	check_c(&t, folder, "net.weights", "");
	/* The name is the head's of everything. */
	ck_assert_ptr_nonnull(
		strstr(file_text(t.c, path_of(&t, folder, "net.c")), "gluec compile m.onnx --name net --weights c"));
	model_end(&t);
}
END_TEST

/* A model without weights, without inputs, without calls. */
START_TEST(empty)
{
	struct op_test t = pass_begin(), u = pass_begin();
	const char *model = temporary_path(t.c, "m.onnx"), *folder = temporary_path(t.c, "out");

	pass_output(&u, pass_node(&u, "Identity", "y", 1, pass_input(&u, "f32[2,3]", 1)));
	pass_output(&u, pass_node(&u, "Identity", "z", 1, op_constant(&u, "i64[2]", LIST(5, 6))));
	model_write(u.c, model_proto(u.c, u.g), model);
	compile(&t, model, folder, "net", NULL);
	check_c(&t, folder, "net", "");
	op_end(&u);
	u = pass_begin();
	pass_output(&u, pass_node(&u, "Neg", "y", 1, op_constant(&u, "f32[0,3]", LIST(0))));
	model_write(u.c, model_proto(u.c, u.g), model);
	compile(&t, model, folder, "net", "--weights=c");
	check_c(&t, folder, "net", "");
	check_c(&t, folder, "net.weights", "");
	op_end(&u);
	model_end(&t);
}
END_TEST

START_TEST(quoting)
{
	struct op_test t = pass_begin();

	ck_assert_str_eq(safe_string(t.c, "a\"b\\c?\n\xff"), "a\\\"b\\\\c\\077\\012\\377");
	/* A digit behind an escape is not a part of it. */
	ck_assert_str_eq(safe_string(t.c, "\001"
									  "7"),
		"\\0017");
	ck_assert_ptr_null(strstr(safe_comment(t.c, "a*/b"), "*/"));
	ck_assert_ptr_null(strstr(safe_comment(t.c, "a/*b"), "/*"));
	ck_assert_ptr_null(strstr(safe_comment(t.c, "**//**//"), "*/"));
	ck_assert_ptr_null(strchr(safe_comment(t.c, "a\nb"), '\n'));
	ck_assert_str_eq(safe_comment(t.c, "/layers.0/Gelu a*b"), "/layers.0/Gelu a*b");
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("emit");
	TCase *c = tcase_create("emit");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, deterministic);
	tcase_add_test(c, one_more_node);
	tcase_add_test(c, one_tensor_retrained);
	tcase_add_loop_test(c, hostile, 0, HOSTILE_FORMS);
	tcase_add_test(c, options);
	tcase_add_test(c, empty);
	tcase_add_test(c, quoting);
	suite_add_tcase(s, c);
	return s;
}
