/* What half would not hold: by what was seen, by what is proved, and by weights. */
#include "precision_test.h"
#include "precision/precision.h"
#include "precision/seen.h"
#include <stdlib.h>
#include <string.h>

static void see(struct op_test *t, const char *lines)
{
	if (setjmp(t->c->escape))
		ck_abort_msg("%s", t->c->message);
	add_ranges(t->c, "test.ranges", arena_text(t->c, "%s", lines));
}

/* A stream whose first layer is scaled by 1e4 before it is normalised: form 0; or by 1, form 1. */
static void scaled(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,4,8]", 1);
	struct value *a = pass_node(t, "MatMul", "first", 2, x, pass_constant(t, "f32[8,8]", 2));
	struct value *b = pass_node(t, "Mul", "scaled", 2, a, value_float(t->c, "factor", form ? 1.5f : 1e5f));
	struct value *one = op_constant(t, "f32[8]", LIST(1, 1, 1, 1, 1, 1, 1, 1));
	struct value *c = pass_node(t, "LayerNormalization", "norm", 2, b, one);

	pass_output(t, pass_node(t, "MatMul", "last", 2, c, pass_constant(t, "f32[8,3]", 4)));
}

/* The graph before fusion, in fp16. */
static struct op_test types(void (*build)(struct op_test *t, int form), int form, const char *lines)
{
	struct op_test t = pass_begin();

	t.c->set.precision = PRECISION_FP16;
	if (lines)
		see(&t, lines);
	choose_types(&t, build, form);
	return t;
}

/* The largest difference of the outputs from those of the graph as it stands, NaN when there is one. */
static double difference(void (*build)(struct op_test *t, int form), int form, const char *lines)
{
	struct op_test plain = pass_begin(), t = pass_begin();
	double most = 0;

	build(&plain, form);
	pass_infer(&plain);
	pass_run(&plain);
	t.c->set.precision = PRECISION_FP16;
	if (lines)
		see(&t, lines);
	build(&t, form);
	pass_optimize(&t);
	pass_run(&t);
	for (int64_t i = 0; i < value_elements(t.g->outputs[0]); i++) {
		double d = fabs(op_result(&plain, 0, i) - op_result(&t, 0, i));
		most = isnan(d) || d > most ? d : most;
	}
	op_end(&plain);
	op_end(&t);
	return most;
}

static const char beyond[] = "-1e5\t2e5\t32\t0\tscaled\tscaled\n-3\t2\t32\t0\tfirst\tfirst\n";

START_TEST(overflow)
{
	struct op_test t = types(scaled, 0, beyond);
	const struct node *n = pass_value(t.g, "scaled")->def;

	ck_assert_int_eq(n->out[0]->type, RT_F32);
	ck_assert(n->island);
	ck_assert_str_eq(n->reason, "fp32: 'scaled' reaches 2e+05, beyond half's 65504");
	ck_assert_int_eq(pass_value(t.g, "norm")->type, RT_F16);
	op_end(&t);
	/* Without ranges nobody knows, and half overflows. */
	ck_assert(!(difference(scaled, 0, NULL) < 1));
	ck_assert_double_lt(difference(scaled, 0, beyond), 1e-2);
}
END_TEST

/* Data that were not seen reach further than those that were. */
START_TEST(margins)
{
	static const struct {
		const char *line;
		enum rt_type type;
	} cases[] = {
		{ "-16000\t16000\t32\t0\tscaled\tscaled", RT_F16 },
		{ "-17000\t3\t32\t0\tscaled\tscaled", RT_F32 },
		{ "0\tinf\t32\t0\tscaled\tscaled", RT_F32 },
		/* More than half of them below 2^-14. */
		{ "0\t1e-4\t32\t17\tscaled\tscaled", RT_F32 },
		{ "0\t1e-4\t32\t15\tscaled\tscaled", RT_F16 },
		{ "0\t0\t0\t0\tscaled\tscaled", RT_F16 },
		{ "0\t1e9\t32\t0\tother\tother", RT_F16 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct op_test t = types(scaled, 1, cases[i].line);
		ck_assert_msg(pass_value(t.g, "scaled")->type == cases[i].type, "%s", cases[i].line);
		op_end(&t);
	}
}
END_TEST

/* Two pictures' layers, which become one of two rows. */
static void pair(struct op_test *t, int form)
{
	struct value *w = pass_constant(t, "f32[8,8]", 3), *v = pass_constant(t, "f32[8,8]", 4);

	for (int i = 0; i < 2; i++) {
		struct value *x = pass_input(t, "f32[1,4,8]", 1 + (uint32_t)i);
		struct value *a = pass_node(t, "MatMul", arena_text(t->c, "a%d", i), 2, x, w);
		pass_output(t, pass_node(t, "MatMul", arena_text(t->c, "b%d", i), 2, a, v));
	}
	(void)form;
}

/* What either row was seen to be counts for both; what only one was seen to be says nothing. */
START_TEST(rows)
{
	static const char *const lines[] = { "0\t1\t9\t0\ta0\tn\n0\t1e5\t9\t0\ta1\tn",
		"0\t1e5\t9\t0\ta0\tn\n0\t1\t9\t0\ta1\tn", "0\t1\t9\t0\ta0\tn\n0\t2\t9\t0\ta1\tn", "0\t1e5\t9\t0\ta0\tn" };

	for (int i = 0; i < 4; i++) {
		struct op_test t = pass_begin();
		t.c->set.precision = PRECISION_FP16;
		see(&t, lines[i]);
		pair(&t, 0);
		pass_infer(&t);
		pass_apply(&t, recognize);
		pass_apply(&t, join_twins);
		const struct value *v = pass_value(t.g, "a0");
		ck_assert(v->row[0] && v->row[1] && v->dim[0] == 2);
		pass_apply(&t, choose_precision);
		ck_assert_int_eq(v->type, i < 2 ? RT_F32 : RT_F16);
		op_end(&t);
	}
}
END_TEST

/* bfloat16 reaches as far as float. */
START_TEST(bfloats_need_none)
{
	struct op_test t = pass_begin();

	t.c->set.precision = PRECISION_BF16;
	see(&t, beyond);
	scaled(&t, 0);
	pass_infer(&t);
	pass_apply(&t, recognize);
	pass_apply(&t, choose_precision);
	ck_assert_int_eq(pass_value(t.g, "scaled")->type, RT_BF16);
	op_end(&t);
}
END_TEST

/* Numbers of a normalised row times 1e5: that they do not fit is proved without data, form 0. That they do, form 1, is
 * worth more than what was seen. */
static void normalized(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,4,8]", 1), *one = op_constant(t, "f32[8]", LIST(1, 2, 1, 1, 1, -1, 1, 1));
	struct value *a = pass_node(t, "LayerNormalization", "norm", 2, x, one);
	struct value *b = pass_node(t, "Mul", "scaled", 2, a, value_float(t->c, "factor", form ? 1e4f : 1e5f));
	struct value *c = pass_node(t, "LayerNormalization", "again", 2, b, one);

	pass_output(t, pass_node(t, "MatMul", "last", 2, c, pass_constant(t, "f32[8,3]", 4)));
}

START_TEST(proofs)
{
	struct op_test t = types(normalized, 0, NULL);
	const struct node *n = pass_value(t.g, "scaled")->def;

	ck_assert_int_eq(n->out[0]->type, RT_F32);
	ck_assert_msg(strstr(n->reason, "'scaled' may reach 5.66e+05, beyond half's 65504") != NULL, "%s", n->reason);
	op_end(&t);
	ck_assert_double_lt(difference(normalized, 0, NULL), 1e-2);
	t = types(normalized, 1, "-30000\t30000\t32\t0\tscaled\tscaled");
	ck_assert_int_eq(pass_value(t.g, "scaled")->type, RT_F16);
	op_end(&t);
}
END_TEST

/* Weights that half does not hold: too large, or too small for its digits. */
static void weighted(struct op_test *t, int form)
{
	struct value *w = op_constant(t, "f32[2,2]", form ? LIST(1e-6, -2e-7, 3e-6, 1) : LIST(7e4, 1, 2, -3));

	pass_output(t, pass_node(t, "MatMul", "y", 2, pass_input(t, "f32[2,2]", 1), w));
}

START_TEST(weights)
{
	struct op_test t = types(weighted, 0, NULL);
	ck_assert_str_eq(t.g->first->reason, "its weights reach 7e+04, beyond half's 65504");
	ck_assert_int_eq(t.g->first->precision, PRECISION_FP32);
	op_end(&t);
	t = types(weighted, 1, NULL);
	ck_assert_str_eq(t.g->first->reason, "75 % of its weights are below half's smallest normal number, 6.1e-5");
	ck_assert_int_eq(t.g->first->in[1]->type, RT_F32);
	op_end(&t);
}
END_TEST

/* ---- bounds hold: every value of a graph lies in its own */

static struct value *shown(struct op_test *t, struct value *v)
{
	pass_output(t, v);
	return v;
}

static void bounded(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,4,4,8]", 1), *scale = pass_constant(t, "f32[8]", 2);
	struct value *bias = pass_constant(t, "f32[8]", 3);
	struct value *a = shown(t, pass_node(t, "LayerNormalization", "norm", 3, x, scale, bias));
	struct value *b = pass_node(t, "MatMul", "product", 2, a, pass_constant(t, "f32[8,8]", 4));
	b = shown(t, pass_node(t, "Add", "linear", 2, b, bias));
	shown(t, pass_node(t, "Gelu", "gelu", 1, b));
	shown(t, pass_node(t, "Relu", "relu", 1, b));
	shown(t, pass_node(t, "Tanh", "tanh", 1, x));
	shown(t, pass_node(t, "Neg", "neg", 1, b));
	struct value *soft = shown(t, pass_node(t, "Softmax", "softmax", 1, x));
	struct value *c = shown(t, pass_node(t, "Sub", "difference", 2, soft, b));
	shown(t, pass_node(t, "Mul", "multiple", 2, c, value_float(t->c, "k", -2.5f)));
	shown(t, pass_node(t, "Div", "quotient", 2, a, value_float(t->c, "k", -0.5f)));
	struct value *conv = pass_node(t, "Conv", "conv", 2, a, pass_constant(t, "f32[3,4,3,3]", 6));
	SET_INTS(t, conv->def, "pads", 1, 1, 1, 1);
	shown(t, conv);
	struct value *pool = pass_node(t, "MaxPool", "pool", 1, conv);
	SET_INTS(t, pool->def, "kernel_shape", 2, 2);
	SET_INTS(t, pool->def, "strides", 2, 2);
	shown(t, pool);
	struct value *turned = pass_node(t, "Transpose", "turned", 1, a);
	SET_INTS(t, turned->def, "perm", 0, 1, 3, 2);
	struct value *scores =
		pass_node(t, "Softmax", "attention.softmax", 1, pass_node(t, "MatMul", "scores", 2, a, turned));
	shown(t, pass_node(t, "MatMul", "attention", 2, scores, b));
	(void)form;
}

START_TEST(bounds_hold)
{
	struct op_test t = pass_begin();
	int known = 0;

	bounded(&t, 0);
	pass_infer(&t);
	pass_apply(&t, recognize);
	pass_apply(&t, find_bounds);
	pass_run(&t);
	for (int k = 0; k < t.g->n_outputs; k++) {
		const struct value *v = t.g->outputs[k];
		struct interval bound = value_bound(v);
		ck_assert_msg(bound.known, "nothing is known of '%s'", v->name);
		double slack = 1e-6 * (1 + fabs(bound.low) + fabs(bound.high));
		for (int64_t i = 0; i < value_elements(v); i++)
			ck_assert_msg(op_result(&t, k, i) >= bound.low - slack && op_result(&t, k, i) <= bound.high + slack,
				"'%s' is %g, not in %g .. %g", v->name, op_result(&t, k, i), bound.low, bound.high);
		known += bound.known;
	}
	ck_assert_int_eq(known, t.g->n_outputs);
	/* Not only are they right, but of use. */
	ck_assert_double_lt(value_bound(pass_value(t.g, "softmax")).high, 1.001);
	ck_assert_double_lt(value_bound(pass_value(t.g, "norm")).high, 4);
	op_end(&t);
}
END_TEST

/* ---- the file */

static const char *file_error(struct op_test *t, const char *text)
{
	if (setjmp(t->c->escape))
		return t->c->message;
	add_ranges(t->c, "a.ranges", arena_text(t->c, "%s", text));
	return "";
}

START_TEST(files)
{
	static const char *const wrong[] = { "1\t2\t3", "x\t2\t3\t0\ta\tb", "nan\t2\t3\t0\ta\tb", "3\t2\t3\t0\ta\tb",
		"1\t2\t3\t4\ta\tb", "1\t2\t3\t-1\ta\tb", "1\t2\t1e99\t0\ta\tb", "1\t2\t3\t0\t\tb", "1\t2\t3\t0\ta\tb\tc",
		"1 2 3 0 a b", "1\t2\t\t0\ta\tb" };
	struct op_test t = pass_begin();

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *error = file_error(&t, arena_text(t.c, "# head\n%s\n", wrong[i]));
		ck_assert_msg(strstr(error, "a.ranges:2: no line of a ranges file") == error, "%s: %s", wrong[i], error);
	}
	ck_assert_int_eq(count_seen(t.c), 0);
	/* A value that is there twice was seen twice. */
	see(&t, "# head\r\n-1\t2\t10\t1\tb/name with blanks\tnode\n\n0\t1\t1\t0\ta\tnode\n");
	see(&t, "-3\t1\t10\t3\tb/name with blanks\tnode");
	ck_assert_int_eq(count_seen(t.c), 2);
	const struct seen *s = seen_number(t.c, 1);
	ck_assert(s->low == -3 && s->high == 2 && s->nonzero == 20 && s->tiny == 4 && seen_largest(s) == 3);
	ck_assert_str_eq(s->name, "b/name with blanks");
	/* What is written is read again. */
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	ck_assert_ptr_nonnull(f);
	write_ranges_head(f);
	write_seen(f, s);
	write_seen(f, &(const struct seen){ "two\nlines", "node", 0, 1, 1, 0 });
	fclose(f);
	t.c->set.seen = NULL;
	see(&t, text);
	free(text);
	ck_assert_int_eq(count_seen(t.c), 1);
	ck_assert(seen_number(t.c, 0)->low == -3 && seen_number(t.c, 0)->tiny == 4);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("precision_ranges");
	TCase *c = tcase_create("precision_ranges");

	tcase_add_test(c, overflow);
	tcase_add_test(c, margins);
	tcase_add_test(c, rows);
	tcase_add_test(c, bfloats_need_none);
	tcase_add_test(c, proofs);
	tcase_add_test(c, weights);
	tcase_add_test(c, bounds_hold);
	tcase_add_test(c, files);
	suite_add_tcase(s, c);
	return s;
}
