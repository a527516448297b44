/* Precision by the names of nodes: which rule counts, what becomes of the neighbours, and what is refused. */
#include "precision_test.h"
#include "model_file.h"
#include "precision/precision.h"
#include "precision/rules.h"
#include <string.h>

static struct value *layer(struct op_test *t, const char *name, struct value *x, const char *w, uint32_t seed)
{
	struct value *y = pass_node(t, "MatMul", arena_text(t->c, "%s/MatMul", name), 2, x, pass_constant(t, w, seed));

	return pass_node(t, "Gelu", arena_text(t->c, "%s/Gelu", name), 1, y);
}

/* Two blocks of a residual stream, each of which joins the stream and a message. */
static void stream(struct op_test *t, int form)
{
	struct value *x = layer(t, "in", pass_input(t, "f32[1,6,8]", 1), "f32[8,8]", 2);

	for (int i = 0; i < 2; i++) {
		const char *block = arena_text(t->c, "block%d", i);
		struct value *message = layer(t, arena_text(t->c, "%s/message", block), x, "f32[8,8]", 3);
		struct value *join = pass_node(t, "Concat", arena_text(t->c, "%s/Concat", block), 2, x, message);
		set_attribute_int(t->c, join->def, "axis", -1);
		x = pass_node(t, "Add", arena_text(t->c, "%s/Add", block), 2, x,
			layer(t, arena_text(t->c, "%s/update", block), join, "f32[16,8]", 5));
	}
	pass_output(t, pass_node(t, "Softmax", "y", 1, layer(t, "out", x, "f32[8,4]", 7)));
	(void)form;
}

static void apply_rules(struct op_test *t, enum precision precision, const char *const *rules, int n)
{
	t->c->set.precision = precision;
	for (int i = 0; i < n; i++)
		read_rule(t->c, "--precision-of", rules[i]);
}

/* The graph before fusion under these rules. */
static struct op_test types(enum precision precision, const char *const *rules, int n)
{
	struct op_test t = pass_begin();

	apply_rules(&t, precision, rules, n);
	choose_types(&t, stream, 0);
	return t;
}

/* All passes, compared with the graph as it stands. */
static void compare(enum precision precision, const char *const *rules, int n, double tolerance)
{
	struct op_test plain = pass_begin(), t = pass_begin();

	stream(&plain, 0);
	pass_infer(&plain);
	pass_run(&plain);
	apply_rules(&t, precision, rules, n);
	stream(&t, 0);
	pass_optimize(&t);
	pass_run(&t);
	pass_expect_equal(&plain, &t, tolerance);
	op_end(&plain);
	op_end(&t);
}

#define RULES(...)                                                                                                     \
	((const char *const[]){ __VA_ARGS__ }), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *)

/* Float among halves: the others stay half. */
START_TEST(islands)
{
	struct op_test t = types(PRECISION_FP16, RULES("block0/Add=fp32"));
	const struct node *add = pass_value(t.g, "block0/Add")->def;

	ck_assert_int_eq(add->out[0]->type, RT_F32);
	ck_assert_int_eq(add->precision, PRECISION_FP32);
	ck_assert_str_eq(add->reason, "--precision-of block0/Add=fp32");
	ck_assert_int_eq(pass_value(t.g, "in/Gelu")->type, RT_F16);
	ck_assert_int_eq(pass_value(t.g, "block1/Add")->type, RT_F16);
	/* The joined stream takes the type of what is float in it, by a Cast of the rest. */
	ck_assert_int_eq(pass_value(t.g, "block1/Concat")->type, RT_F32);
	ck_assert_int_eq(pass_value(t.g, "block1/message/Gelu")->type, RT_F16);
	ck_assert_int_eq(pass_count(t.g, "", "Cast"), 1);
	op_end(&t);
	compare(PRECISION_FP16, RULES("block0/Add=fp32"), 5e-3);
}
END_TEST

/* A float product has float weights, and a half one among floats has halves. */
START_TEST(products)
{
	struct op_test t = types(PRECISION_FP16, RULES("block?/update/*=fp32"));

	for (int i = 0; i < 2; i++) {
		const struct node *n = pass_value(t.g, arena_text(t.c, "block%d/update/MatMul", i))->def;
		ck_assert(n->in[1]->type == RT_F32 && n->out[0]->type == RT_F32 && n->precision == PRECISION_FP32);
	}
	ck_assert_int_eq(pass_value(t.g, "out/MatMul")->def->in[1]->type, RT_F16);
	op_end(&t);
	t = types(PRECISION_FP32, RULES("in/MatMul=bf16"));
	const struct node *n = pass_value(t.g, "in/MatMul")->def;
	ck_assert(n->in[1]->type == RT_BF16 && n->precision == PRECISION_BF16);
	ck_assert_int_eq(pass_value(t.g, "out/MatMul")->def->in[1]->type, RT_F32);
	op_end(&t);
	compare(PRECISION_FP16, RULES("block?/update/*=fp32"), 5e-3);
	compare(PRECISION_FP32, RULES("in/MatMul=bf16"), 2e-2);
}
END_TEST

/* Half and bfloat16 side by side: where elements of both are joined, they become one type. */
START_TEST(mixed_types)
{
	struct op_test t = types(PRECISION_FP16, RULES("*/message/*=bf16"));
	const struct node *join = pass_value(t.g, "block0/Concat")->def;

	ck_assert_int_eq(pass_value(t.g, "block0/message/Gelu")->type, RT_BF16);
	ck_assert(join->in[0]->type == join->out[0]->type && join->in[1]->type == join->out[0]->type);
	op_end(&t);
	compare(PRECISION_FP16, RULES("*/message/*=bf16"), 2e-2);
	compare(PRECISION_BF16, RULES("*/message/*=fp16", "block1/Add=fp32"), 2e-2);
}
END_TEST

START_TEST(later_wins)
{
	struct op_test t = types(PRECISION_FP16, RULES("*=fp32", "out/MatMul=fp16"));

	ck_assert_int_eq(pass_value(t.g, "in/MatMul")->def->precision, PRECISION_FP32);
	ck_assert_int_eq(pass_value(t.g, "out/MatMul")->def->in[1]->type, RT_F16);
	op_end(&t);
	t = types(PRECISION_FP16, RULES("out/MatMul=fp16", "*=fp32"));
	ck_assert_int_eq(pass_value(t.g, "out/MatMul")->def->in[1]->type, RT_F32);
	op_end(&t);
}
END_TEST

static const char *error_of(struct op_test *t, enum precision precision, const char *rule)
{
	apply_rules(t, precision, &rule, 1);
	stream(t, 0);
	pass_infer(t);
	pass_apply(t, simplify);
	pass_apply(t, recognize);
	return pass_error(t, choose_precision);
}

START_TEST(refused)
{
	static const struct {
		const char *rule, *error;
	} cases[] = {
		{ "blok0/Add=fp32", "no node of the optimised graph is called so; the nearest are 'block0/Add', 'block1/Add'" },
		{ "y=fp16", "Softmax 'y': --precision-of y=fp16: Softmax is computed and stored in float" },
		{ "block0/Concat=bf16", "it only moves elements, which keep their type" },
		{ "block0/Add=bf16x3", "only products are computed from two bfloat16" },
		{ "in/MatMul=int8", "it is no product of quantised numbers; gluec calibrate quantises" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct op_test t = pass_begin();
		const char *error = error_of(&t, PRECISION_FP32, cases[i].rule);
		ck_assert_msg(strstr(error, cases[i].error) != NULL, "%s", error);
		op_end(&t);
	}
}
END_TEST

/* What stays as it was is said why. */
START_TEST(reasons)
{
	struct op_test t = types(PRECISION_FP16, NULL, 0);

	ck_assert_str_eq(pass_value(t.g, "block0/Add")->def->reason, "--precision fp16");
	ck_assert_str_eq(pass_value(t.g, "y")->def->reason, "Softmax is computed and stored in float");
	ck_assert_str_eq(pass_value(t.g, "out/Gelu")->def->reason, "Softmax 'y' reads it as float");
	ck_assert_int_eq(pass_value(t.g, "out/MatMul")->def->precision, PRECISION_FP16);
	op_end(&t);
}
END_TEST

/* A product of quantised numbers, which a rule may put back to float. */
static void quantized(struct op_test *t)
{
	struct value *scale = value_float(t->c, "scale", 0.25f);
	struct value *x = pass_node(t, "DequantizeLinear", "x", 2, pass_input(t, "u8[2,8]", 2), scale);
	struct value *w = pass_node(t, "DequantizeLinear", "w", 2, pass_constant(t, "i8[8,3]", 3), scale);

	pass_output(t, pass_node(t, "MatMul", "y", 2, x, w));
}

static int count_integer_products(const struct graph *g)
{
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next)
		count += is_integer_product(n);
	return count;
}

START_TEST(quantized_products)
{
	static const struct {
		enum precision precision;
		const char *rule;
		int integer;
	} cases[] = { { PRECISION_FP32, NULL, 1 }, { PRECISION_INT8, NULL, 1 }, { PRECISION_INT8, "y=int8", 1 },
		{ PRECISION_INT8, "y=fp32", 0 }, { PRECISION_FP32, "*=bf16", 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct op_test plain = pass_begin(), t = pass_begin();
		quantized(&plain);
		pass_infer(&plain);
		pass_run(&plain);
		apply_rules(&t, cases[i].precision, &cases[i].rule, cases[i].rule != NULL);
		quantized(&t);
		pass_optimize(&t);
		ck_assert_int_eq(count_integer_products(t.g), cases[i].integer);
		pass_run(&t);
		pass_expect_equal(&plain, &t, 1e-6);
		op_end(&plain);
		op_end(&t);
	}
}
END_TEST

static void read_text(struct op_test *t, const char *text, const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert(f && fputs(text, f) >= 0 && !fclose(f));
	if (setjmp(t->c->escape))
		return;
	t->c->message[0] = 0;
	read_rules_file(t->c, path);
}

START_TEST(files)
{
	struct op_test t = pass_begin();
	const char *path = temporary_path(t.c, "rules");

	read_text(&t, "# two rules\n\n  a b=c=fp32 \r\n*x*=bf16x3", path);
	ck_assert_int_eq(t.c->set.n_rules, 2);
	ck_assert_str_eq(t.c->set.rules[0].pattern, "a b=c");
	ck_assert_int_eq(t.c->set.rules[0].precision, PRECISION_FP32);
	ck_assert_str_eq(t.c->set.rules[1].pattern, "*x*");
	ck_assert_int_eq(t.c->set.rules[1].precision, PRECISION_BF16X3);
	read_text(&t, "a=fp32\nb\n", path);
	ck_assert_msg(strstr(t.c->message, "rules:2: 'b' must be PATTERN=TYPE") != NULL, "%s", t.c->message);
	read_text(&t, "=fp32", path);
	ck_assert_msg(strstr(t.c->message, "must be PATTERN=TYPE") != NULL, "%s", t.c->message);
	read_text(&t, "a=fp24", path);
	ck_assert_msg(strstr(t.c->message, "'fp24' must be fp32, bf16x3") != NULL, "%s", t.c->message);
	read_text(&t, "a=fp8", path);
	ck_assert_msg(strstr(t.c->message, "no type to choose") != NULL, "%s", t.c->message);
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("precision_rules");
	TCase *c = tcase_create("precision_rules");

	tcase_add_test(c, islands);
	tcase_add_test(c, products);
	tcase_add_test(c, mixed_types);
	tcase_add_test(c, later_wins);
	tcase_add_test(c, refused);
	tcase_add_test(c, reasons);
	tcase_add_test(c, quantized_products);
	tcase_add_test(c, files);
	suite_add_tcase(s, c);
	return s;
}
