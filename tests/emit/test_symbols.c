/* C names from ONNX names: legal, unique, and independent of their neighbours. */
#include "pass_test.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_legal(const char *s)
{
	if (!*s || strlen(s) > 60 || isdigit((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || isdigit((unsigned char)*s) || *s == '_'))
			return false;
	return true;
}

START_TEST(spelling)
{
	static const struct {
		const char *name, *symbol;
	} list[] = { { "conv1a", "conv1a" }, { "/layers.0/Gelu_2", "layers_0_Gelu_2" }, { "a b", "a_b" }, { "", "unnamed" },
		{ "///", "unnamed" }, { "3x3", "n3x3" }, { "end\"; system(\"", "end_system" }, { "*/ int x; /*", "int_x" },
		{ "?\?/\n", "unnamed" }, { "a\nb\tc", "a_b_c" }, { "trailing_", "trailing" }, { "\xc3\xa9t\xc3\xa9", "t" },
		{ "$", "unnamed" } };
	struct op_test t = pass_begin();

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		ck_assert_str_eq(legal_name(t.c, list[i].name), list[i].symbol);
	op_end(&t);
}
END_TEST

/* Names of every length and of all bytes are legal, and legal ones stay as they are. */
START_TEST(any_name)
{
	struct op_test t = pass_begin();
	uint32_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		size_t n = (size_t)round % 90;
		char *name = arena_get(t.c, n + 1, 1);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			name[i] = (char)(seed >> 24);
			if (seed >> 10 & 1 || !name[i])
				name[i] = "0a_Z9"[seed >> 12 & 3];
		}
		const char *s = legal_name(t.c, name);
		ck_assert_msg(is_legal(s), "'%s' from '%s'", s, name);
		ck_assert_str_eq(legal_name(t.c, s), s);
	}
	op_end(&t);
}
END_TEST

START_TEST(long_names)
{
	enum { LENGTH = 10000 };
	struct op_test t = pass_begin();
	char *a = arena_get(t.c, LENGTH + 1, 1), *b = arena_get(t.c, LENGTH + 1, 1);

	memset(a, 'x', LENGTH);
	strcpy(a + LENGTH - 10, ".the_end_a");
	/* Names that differ only at their beginnings. */
	for (int i = 0; i < 200; i++) {
		memcpy(b, a, LENGTH);
		b[i] = 'y';
		const char *s = legal_name(t.c, a), *u = legal_name(t.c, b);
		ck_assert(is_legal(s) && is_legal(u));
		ck_assert_str_ne(s, u);
		ck_assert_ptr_nonnull(strstr(s, "the_end_a"));
	}
	op_end(&t);
}
END_TEST

/* ---- whole programs */

static void compile(struct op_test *t)
{
	pass_infer(t);
	pass_run(t);
	name_symbols(t->c, t->program);
}

static void collect_calls(const struct block *block, const char **to, int *n)
{
	for (const struct call *call = block->first; call; call = call->next) {
		to[(*n)++] = call->symbol;
		if (!call->kernel) {
			collect_calls(call->then_block, to, n);
			collect_calls(call->else_block, to, n);
		}
	}
}

static void expect_unique(const char *const *s, int n)
{
	for (int i = 0; i < n; i++) {
		ck_assert_msg(is_legal(s[i]), "%s", s[i]);
		for (int k = 0; k < i; k++)
			ck_assert_msg(strcmp(s[i], s[k]) != 0, "%s twice", s[i]);
	}
}

/* Names that become the same, and names that look like the numbered ones. */
static void clashes(struct op_test *t)
{
	static const char *const names[] = { "a/b", "a.b", "a_b_2", "a b", "a_b", "", "", "/" };
	struct value *x = pass_input(t, "f32[2,2]", 1);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		x = pass_node(t, "Softmax", names[i], 1, x);
		x = pass_node(t, "MatMul", names[i], 2, x, pass_constant(t, "f32[2,2]", (uint32_t)i));
		x->def->in[1]->name = names[i];
	}
	pass_output(t, x);
}

START_TEST(unique)
{
	struct op_test t = pass_begin();
	const char *calls[64], *places[64], *weights[64];
	int n_calls = 0, n_places = 0, n_weights = 0;

	clashes(&t);
	compile(&t);
	collect_calls(t.program->main, calls, &n_calls);
	for (const struct buffer *b = t.program->buffers; b; b = b->next) {
		if (b->kind == BUFFER_ARENA && b->symbol)
			places[n_places++] = b->symbol;
		if (b->kind == BUFFER_WEIGHT && b->symbol)
			weights[n_weights++] = b->symbol;
	}
	ck_assert_int_eq(n_calls, 16);
	ck_assert(n_places >= 14 && n_weights == 8);
	expect_unique(calls, n_calls);
	expect_unique(places, n_places);
	expect_unique(weights, n_weights);
	op_end(&t);
}
END_TEST

/* A chain of nodes; `extra` puts one more into the middle. */
static void chain(struct op_test *t, bool extra)
{
	struct value *x = pass_input(t, "f32[2,2]", 1);

	for (int i = 0; i < 6; i++) {
		x = pass_node(t, "Softmax", arena_text(t->c, "layer.%d/soft max", i), 1, x);
		if (i == 2 && extra)
			x = pass_node(t, "ReduceMax", "inserted", 1, x);
		x = pass_node(t, "ReduceSum", arena_text(t->c, "layer.%d/sum", i), 1, x);
		set_attribute_int(t->c, x->def, "keepdims", 1);
	}
	pass_output(t, x);
}

START_TEST(stable)
{
	struct op_test t = pass_begin(), u = pass_begin();
	const char *a[64], *b[64];
	int n = 0, m = 0;

	chain(&t, false);
	chain(&u, true);
	compile(&t);
	compile(&u);
	collect_calls(t.program->main, a, &n);
	collect_calls(u.program->main, b, &m);
	ck_assert_int_eq(m, n + 1);
	for (int i = 0, k = 0; i < n; i++, k++) {
		k += !strcmp(b[k], "inserted");
		ck_assert_str_eq(a[i], b[k]);
	}
	op_end(&t);
	op_end(&u);
}
END_TEST

/* Parameters stand among C's own words, the generated function's names, its constants and macros: no input may take
 * the place of one. */
START_TEST(parameters)
{
	static const char *const names[] = { "int", "a", "w", "_Bool", "at_y", "w_constant", "p_y", "rt_select", "RT_ALIGN",
		"uint8_t", "GLUEC_OK", "NULL", "__x", "arena", "test_run" };
	enum { N = sizeof names / sizeof *names };

	for (int i = 0; i < N; i++) {
		struct op_test t = pass_begin();
		struct value *x = pass_input(&t, "f32[2]", 1);
		x->name = names[i];
		pass_output(&t, pass_node(&t, "Relu", "y", 1, x));
		compile(&t);
		const char *s = t.program->inputs[0].buffer->symbol;
		ck_assert(is_legal(s));
		ck_assert_msg(strcmp(s, names[i]) != 0, "a parameter is called %s", s);
		op_end(&t);
	}
	struct op_test t = pass_begin();
	struct value *x = pass_input(&t, "f32[2]", 1), *z = pass_input(&t, "f32[2]", 2);
	x->name = "image";
	z->name = "image_";
	pass_output(&t, pass_node(&t, "Add", "image.", 2, x, z));
	compile(&t);
	const char *s[] = { t.program->inputs[0].buffer->symbol, t.program->inputs[1].buffer->symbol,
		t.program->outputs[0].buffer->symbol };
	ck_assert_str_eq(s[0], "image");
	expect_unique(s, 3);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("symbols");
	TCase *c = tcase_create("symbols");

	tcase_add_test(c, spelling);
	tcase_add_test(c, any_name);
	tcase_add_test(c, long_names);
	tcase_add_test(c, unique);
	tcase_add_test(c, stable);
	tcase_add_test(c, parameters);
	suite_add_tcase(s, c);
	return s;
}
