/* Which products in a row become one, and the same numbers either way. */
#include "pass_test.h"

enum {
	PLAIN,
	NO_BIAS,
	FIRST_BIAS,
	SECOND_BIAS,
	JOINED_BEHIND,
	JOINED_BEFORE,
	SCALED, /* the number goes into the first weights, then these into the second */
	FAR,    /* large first weights: half does not hold the joined weights */
	/* Not joined. */
	NARROW, /* it would take more arithmetic */
	ACTIVATED,
	READ_TWICE,
	IS_OUTPUT,
	RESIDUAL
};

static struct value *product(
	struct op_test *t, const char *name, struct value *x, const char *w, const char *bias, uint32_t seed)
{
	struct value *y = pass_node(t, "MatMul", name, 2, x, pass_constant(t, w, seed));

	return bias ? pass_node(t, "Add", arena_text(t->c, "%s.biased", name), 2, y, pass_constant(t, bias, seed + 1)) : y;
}

static void chain(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,3,4]", 1), *r = pass_input(t, "f32[2,3,6]", 2);
	bool joined = form == JOINED_BEHIND || form == JOINED_BEFORE;
	struct value *y = product(t, "first", x, form == NARROW ? "f32[4,2]" : "f32[4,6]",
		form == NO_BIAS || form == SECOND_BIAS ? NULL
		: form == NARROW                       ? "f32[2]"
											   : "f32[6]",
		3);

	if (form == SCALED)
		y = pass_node(t, "Mul", "scaled", 2, y, value_float(t->c, "k", 3));
	if (form == FAR)
		for (int i = 0; i < 4 * 6; i++)
			((float *)y->def->in[0]->def->in[1]->data)[i] *= 60000;
	if (form == RESIDUAL)
		y = pass_node(t, "Add", "sum", 2, y, r);
	if (form == ACTIVATED)
		y = pass_node(t, "Relu", "act", 1, y);
	if (form == READ_TWICE)
		pass_output(t, pass_node(t, "Softmax", "other", 1, y));
	if (form == IS_OUTPUT)
		pass_output(t, y);
	if (joined) {
		y = form == JOINED_BEHIND ? pass_node(t, "Concat", "join", 2, r, y) : pass_node(t, "Concat", "join", 2, y, r);
		set_attribute_int(t->c, y->def, "axis", -1);
	}
	pass_output(t, product(t, "second", y,
					   joined           ? "f32[12,5]"
					   : form == NARROW ? "f32[2,5]"
										: "f32[6,5]",
					   form == NO_BIAS || form == FIRST_BIAS ? NULL : "f32[5]", 5));
}

START_TEST(chains)
{
	static const struct {
		int form, linears;
	} list[] = { { PLAIN, 1 }, { NO_BIAS, 1 }, { FIRST_BIAS, 1 }, { SECOND_BIAS, 1 }, { JOINED_BEHIND, 1 },
		{ JOINED_BEFORE, 1 }, { SCALED, 1 }, { NARROW, 2 }, { ACTIVATED, 2 }, { READ_TWICE, 2 }, { IS_OUTPUT, 2 },
		{ RESIDUAL, 2 } };

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		struct op_test t = pass_compare(chain, list[i].form, 1e-5);
		int linears = pass_count(t.g, "gluec", "Linear");
		ck_assert_msg(linears == list[i].linears, "form %d: %d products", list[i].form, linears);
		op_end(&t);
	}
}
END_TEST

START_TEST(names)
{
	struct op_test t = pass_compare(chain, JOINED_BEHIND, 1e-5);

	ck_assert_str_eq(pass_value(t.g, "second.biased")->def->origin, "first first.biased join second second.biased");
	op_end(&t);
}
END_TEST

/* Halves are multiplied as the floats that they were, and what lies between the two is not rounded: the error is that
 * of weights rounded once. Bfloat16 holds what half does not. */
START_TEST(halves)
{
	static const struct {
		int form;
		enum precision precision;
		int linears;
		enum rt_type type;
	} list[] = { { PLAIN, PRECISION_FP16, 1, RT_F16 }, { JOINED_BEFORE, PRECISION_FP16, 1, RT_F16 },
		{ PLAIN, PRECISION_BF16, 1, RT_BF16 }, { FAR, PRECISION_BF16, 1, RT_BF16 },
		{ FAR, PRECISION_FP16, 2, RT_F16 } };

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		struct op_test t = pass_begin();
		t.c->set.precision = list[i].precision;
		chain(&t, list[i].form);
		pass_optimize(&t);
		int linears = pass_count(t.g, "gluec", "Linear");
		ck_assert_msg(linears == list[i].linears, "case %zu: %d products", i, linears);
		ck_assert_int_eq(t.g->outputs[0]->def->in[1]->type, list[i].type);
		op_end(&t);
	}
	struct op_test t = pass_compare_half(chain, PLAIN, 1e-3);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("merge_products");
	TCase *t = tcase_create("merge_products");

	tcase_add_test(t, chains);
	tcase_add_test(t, names);
	tcase_add_test(t, halves);
	suite_add_tcase(s, t);
	return s;
}
