/* Recognition of attention: its forms, forms that only look like it, and the same numbers with and without. */
#include "pass_test.h"

static struct value *transposed(struct op_test *t, struct value *x)
{
	struct value *y = pass_node(t, "Transpose", "turned", 1, x);

	SET_INTS(t, y->def, "perm", 0, 1, 3, 2);
	return y;
}

enum {
	ATTENTION_PLAIN,
	ATTENTION_MUL,
	ATTENTION_MUL_LEFT,
	ATTENTION_DIV,
	ATTENTION_BROADCAST,
	ATTENTION_OLD_SOFTMAX,
	ATTENTION_RANK_3,
	ATTENTION_FORMS,
	/* Near misses. */
	ATTENTION_DIV_LEFT = ATTENTION_FORMS,
	ATTENTION_OTHER_AXIS,
	ATTENTION_SCORES_READ,
	ATTENTION_WEIGHTS_READ,
	ATTENTION_SCALE_OF_ROWS,
	ATTENTION_SCALED_READ,
	ATTENTION_RIGHT_SIDE,
	ATTENTION_ALL
};

static struct value *scaled(struct op_test *t, int form, struct value *s)
{
	struct value *k = op_constant(t, "f32[1]", LIST(0.25));

	if (form == ATTENTION_MUL || form == ATTENTION_SCALED_READ)
		return pass_node(t, "Mul", "scaled", 2, s, k);
	if (form == ATTENTION_MUL_LEFT)
		return pass_node(t, "Mul", "scaled", 2, k, s);
	if (form == ATTENTION_DIV)
		return pass_node(t, "Div", "scaled", 2, s, k);
	if (form == ATTENTION_DIV_LEFT)
		return pass_node(t, "Div", "scaled", 2, k, s);
	if (form == ATTENTION_SCALE_OF_ROWS)
		return pass_node(t, "Mul", "scaled", 2, s, pass_constant(t, "f32[3,1]", 4));
	return s;
}

static void attention(struct op_test *t, int form)
{
	bool three = form == ATTENTION_RANK_3;
	struct value *q = pass_input(t, three ? "f32[2,3,4]" : "f32[1,2,3,4]", 1);
	struct value *k = pass_input(t, three ? "f32[2,4,5]" : "f32[1,2,5,4]", 2);
	struct value *v = pass_input(t,
		three                          ? "f32[2,5,6]"
		: form == ATTENTION_BROADCAST  ? "f32[1,1,5,6]"
		: form == ATTENTION_OTHER_AXIS ? "f32[1,2,5,6]"
		: form == ATTENTION_RIGHT_SIDE ? "f32[1,2,6,3]"
									   : "f32[1,2,5,6]",
		3);
	struct value *s = pass_node(t, "MatMul", "scores", 2, q, three ? k : transposed(t, k)), *x = scaled(t, form, s);
	struct value *p = pass_node(t, "Softmax", "softmax", 1, x);

	set_attribute_int(t->c, p->def, "axis", form == ATTENTION_OTHER_AXIS ? 2 : three ? 2 : form % 2 ? 3 : -1);
	if (form == ATTENTION_OLD_SOFTMAX)
		p->def->version = 11;
	if (form == ATTENTION_RIGHT_SIDE)
		pass_output(t, pass_node(t, "MatMul", "y", 2, v, p));
	else
		pass_output(t, pass_node(t, "MatMul", "y", 2, p, v));
	if (form == ATTENTION_SCORES_READ)
		pass_output(t, pass_node(t, "Exp", "other", 1, s));
	if (form == ATTENTION_WEIGHTS_READ)
		pass_output(t, p);
	if (form == ATTENTION_SCALED_READ)
		pass_output(t, x);
}

START_TEST(attentions)
{
	for (int form = 0; form < ATTENTION_ALL; form++)
		pass_expect_recognized(attention, form, "Attention", form < ATTENTION_FORMS, 1e-5);
}
END_TEST

/* Scales of the queries and the keys. */
enum {
	SCALE_QUERIES,
	SCALE_KEYS_BEHIND,
	SCALE_KEYS_BEFORE,
	SCALE_BOTH,
	SCALE_ALL_THREE,
	SCALE_TURNED_QUERIES,
	SCALE_TWICE,
	SCALE_KEYS_READ,
	SCALES_FOLDED,
	/* The scale stays where it is. */
	SCALE_OF_ROWS = SCALES_FOLDED,
	SCALE_ZERO,
	SCALE_INPUT,
	SCALE_DIVIDED,
	SCALE_ALL
};

static struct value *times(struct op_test *t, struct value *x, double factor)
{
	return pass_node(t, "Mul", "times", 2, x, value_float(t->c, "factor", (float)factor));
}

static struct value *scaled_keys(struct op_test *t, int form, struct value *k)
{
	struct value *before = k;

	if (form == SCALE_KEYS_BEFORE || form == SCALE_BOTH || form == SCALE_KEYS_READ || form == SCALE_TWICE)
		before = times(t, k, 0.75);
	if (form == SCALE_OF_ROWS)
		before = pass_node(t, "Mul", "times", 2, k, pass_constant(t, "f32[5,1]", 6));
	if (form == SCALE_ZERO)
		before = times(t, k, 0);
	if (form == SCALE_INPUT)
		before = pass_node(t, "Mul", "times", 2, k, pass_input(t, "f32[]", 6));
	if (form == SCALE_DIVIDED)
		before = pass_node(t, "Div", "times", 2, value_float(t->c, "factor", 0.5f), k);
	if (form == SCALE_KEYS_READ)
		pass_output(t, pass_node(t, "Exp", "other", 1, before));
	k = transposed(t, before);
	return form == SCALE_KEYS_BEHIND || form == SCALE_TWICE || form == SCALE_ALL_THREE ? times(t, k, 0.5) : k;
}

static void scaled_attention(struct op_test *t, int form)
{
	struct value *q = pass_input(t, form == SCALE_TURNED_QUERIES ? "f32[1,2,4,3]" : "f32[1,2,3,4]", 1);
	struct value *k = scaled_keys(t, form, pass_input(t, "f32[1,2,5,4]", 2));

	if (form != SCALE_KEYS_BEHIND && form != SCALE_KEYS_BEFORE && form < SCALES_FOLDED)
		q = times(t, q, 3);
	if (form == SCALE_TURNED_QUERIES)
		q = transposed(t, q);
	struct value *s = pass_node(t, "MatMul", "scores", 2, q, k);
	if (form == SCALE_ALL_THREE)
		s = pass_node(t, "Div", "divided", 2, s, value_float(t->c, "factor", 2));
	struct value *p = pass_node(t, "Softmax", "softmax", 1, s);
	pass_output(t, pass_node(t, "MatMul", "y", 2, p, pass_input(t, "f32[1,2,5,6]", 3)));
}

START_TEST(attention_scales)
{
	for (int form = 0; form < SCALE_ALL; form++) {
		pass_expect_recognized(scaled_attention, form, "Attention", 1, 1e-5);
		struct op_test t = pass_compare(scaled_attention, form, 1e-5);
		int left = pass_count(t.g, "", "Mul") + pass_count(t.g, "", "Div");
		ck_assert_msg(left == (form >= SCALES_FOLDED || form == SCALE_KEYS_READ), "form %d: %d left", form, left);
		op_end(&t);
	}
}
END_TEST

START_TEST(origins)
{
	struct op_test t = pass_begin();

	attention(&t, ATTENTION_MUL);
	pass_infer(&t);
	pass_apply(&t, recognize);
	ck_assert_str_eq(t.g->last->origin, "scores scaled softmax y");
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_attention");
	TCase *c = tcase_create("attention");

	tcase_add_test(c, attentions);
	tcase_add_test(c, attention_scales);
	tcase_add_test(c, origins);
	suite_add_tcase(s, c);
	return s;
}
