/* What changes nothing goes, what is computed twice is computed once, and outputs keep their names. */
#include "pass_test.h"
#include "base/progress.h"
#include <string.h>

enum { IDENTITY, CAST, CAST_LIKE, RESHAPE, EXPAND, FLATTEN, DROPOUT, N_IDENTITIES };

static void identity(struct op_test *t, int form)
{
	struct value *x = pass_node(t, "Neg", "x", 1, pass_input(t, "f32[2,3]", 1)), *y = NULL;

	if (form == IDENTITY)
		y = pass_node(t, "Identity", "same", 1, x);
	if (form == CAST)
		y = pass_node(t, "Cast", "same", 1, x);
	if (form == CAST)
		set_attribute_int(t->c, y->def, "to", RT_F32);
	if (form == CAST_LIKE)
		y = pass_node(t, "CastLike", "same", 2, x, x);
	if (form == RESHAPE)
		y = pass_node(t, "Reshape", "same", 2, x, INTS(t, 2, -1));
	if (form == EXPAND)
		y = pass_node(t, "Expand", "same", 2, x, INTS(t, 1, 3));
	if (form == FLATTEN)
		y = pass_node(t, "Flatten", "same", 1, x);
	if (form == DROPOUT)
		y = pass_node(t, "Dropout", "same", 1, x);
	pass_output(t, pass_node(t, "Exp", "y", 1, y));
}

START_TEST(identities)
{
	for (int form = 0; form < N_IDENTITIES; form++) {
		struct op_test t = pass_begin();
		identity(&t, form);
		pass_infer(&t);
		pass_apply(&t, simplify);
		ck_assert_int_eq(count_nodes(t.g), 2);
		ck_assert_ptr_eq(t.g->last->in[0], t.g->first->out[0]);
		op_end(&t);
		t = pass_compare(identity, form, 0);
		op_end(&t);
	}
}
END_TEST

enum { OTHER_TYPE, OTHER_SHAPE, LARGER, MASK, N_CHANGES };

static void change(struct op_test *t, int form)
{
	struct value *x = pass_node(t, "Neg", "x", 1, pass_input(t, "f32[2,3]", 1)), *y;

	if (form == OTHER_TYPE) {
		y = pass_node(t, "Cast", "same", 1, x);
		set_attribute_int(t->c, y->def, "to", RT_F64);
	} else if (form == OTHER_SHAPE) {
		y = pass_node(t, "Reshape", "same", 2, x, INTS(t, 3, 2));
	} else if (form == LARGER) {
		y = pass_node(t, "Expand", "same", 2, x, INTS(t, 2, 1, 1));
	} else {
		y = op_node(t, "", "Dropout", 2, 1, x)->out[0];
		pass_output(t, y->def->out[1]);
	}
	pass_output(t, pass_node(t, "Exp", "y", 1, y));
}

START_TEST(changes_stay)
{
	for (int form = 0; form < N_CHANGES; form++) {
		struct op_test t = pass_begin();
		change(&t, form);
		pass_infer(&t);
		int before = count_nodes(t.g);
		pass_apply(&t, simplify);
		ck_assert_int_eq(count_nodes(t.g), before);
		op_end(&t);
		t = pass_compare(change, form, 0);
		op_end(&t);
	}
}
END_TEST

/* Two nodes of equal inputs and attributes, or nearly so. */
enum { EQUAL, EQUAL_CONSTANTS, OTHER_INPUT, OTHER_CONSTANT, OTHER_ATTRIBUTE, MISSING_ATTRIBUTE, OTHER_OPERATOR };

static void twins(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,3]", 1), *z = pass_input(t, "f32[2,3]", 2);
	struct value *k = op_constant(t, "f32[1]", LIST(2)),
				 *l = op_constant(t, "f32[1]", LIST(form == OTHER_CONSTANT ? 3 : 2));
	struct value *a = pass_node(t, "Mul", "a", 2, x, k);
	struct value *b = pass_node(
		t, form == OTHER_OPERATOR ? "Div" : "Mul", "b", 2, form == OTHER_INPUT ? z : x, form == EQUAL ? k : l);

	a = pass_node(t, "Softmax", "sa", 1, a);
	b = pass_node(t, "Softmax", "sb", 1, b);
	set_attribute_int(t->c, a->def, "axis", 0);
	if (form != MISSING_ATTRIBUTE)
		set_attribute_int(t->c, b->def, "axis", form == OTHER_ATTRIBUTE ? 1 : 0);
	pass_output(t, pass_node(t, "Sub", "y", 2, a, b));
}

START_TEST(repetitions)
{
	static const int nodes[] = { 3, 3, 5, 5, 4, 4, 5 };

	for (int form = EQUAL; form <= OTHER_OPERATOR; form++) {
		struct op_test t = pass_begin();
		twins(&t, form);
		pass_infer(&t);
		pass_apply(&t, simplify);
		ck_assert_msg(count_nodes(t.g) == nodes[form], "form %d leaves %d nodes", form, count_nodes(t.g));
		op_end(&t);
		t = pass_compare(twins, form, 0);
		op_end(&t);
	}
}
END_TEST

/* Outputs that an Identity or a twin made are computed by another node now, under the same names. */
START_TEST(names_of_outputs)
{
	struct op_test t = pass_begin();
	struct value *x = pass_input(&t, "f32[2]", 1);

	pass_output(&t, pass_node(&t, "Identity", "first", 1, pass_node(&t, "Neg", "a", 1, x)));
	struct value *twin = pass_node(&t, "Exp", "twin", 1, x);
	pass_output(&t, pass_node(&t, "Exp", "second", 1, x));
	pass_node(&t, "Relu", "reader", 1, twin);
	/* One value under two names, an input and a constant as outputs. */
	struct value *b = pass_node(&t, "Abs", "third", 1, x);
	pass_output(&t, b);
	pass_output(&t, pass_node(&t, "Identity", "fourth", 1, b));
	pass_output(&t, pass_node(&t, "Identity", "fifth", 1, x));
	pass_output(&t, pass_node(&t, "Abs", "sixth", 1, x));
	pass_infer(&t);
	pass_apply(&t, simplify);
	static const char *const names[] = { "first", "second", "third", "fourth", "fifth", "sixth" };
	for (int i = 0; i < 6; i++)
		ck_assert_str_eq(t.g->outputs[i]->name, names[i]);
	ck_assert_int_eq(pass_count(t.g, "", "Exp"), 1);
	pass_run(&t);
	for (int i = 0; i < 2; i++) {
		double y = op_at(&t, x, i);
		ck_assert(op_result(&t, 0, i) == -y && op_result(&t, 4, i) == y);
		ck_assert(op_result(&t, 2, i) == fabs(y) && op_result(&t, 3, i) == fabs(y) && op_result(&t, 5, i) == fabs(y));
	}
	op_end(&t);
}
END_TEST

/* In branches too, but never across them: what one side computes the other side has not computed. */
static void branches(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2]", 1), *c = op_input(t, "bool[1]", LIST(form));
	struct graph *side[2];

	for (int i = 0; i < 2; i++) {
		side[i] = pass_open(t);
		struct value *a = pass_node(t, "Identity", "same", 1, pass_node(t, "Exp", "a", 1, x));
		pass_output(t, pass_node(t, i ? "Add" : "Sub", "y", 2, a, pass_node(t, "Exp", "b", 1, x)));
		pass_close(t);
	}
	op_output(t, pass_if(t, "choice", c, side[0], side[1]));
}

START_TEST(inside_branches)
{
	struct op_test t = pass_begin();

	branches(&t, 0);
	pass_infer(&t);
	pass_apply(&t, simplify);
	ck_assert_int_eq(pass_count(t.g, "", "Exp"), 2);
	ck_assert_int_eq(pass_count(t.g, "", "Identity"), 0);
	op_end(&t);
	for (int form = 0; form < 2; form++) {
		t = pass_compare(branches, form, 0);
		op_end(&t);
	}
}
END_TEST

/* Views of one value, the same ones far apart, and views of values of their own. */
static void views(struct op_test *t, int nodes, bool chain)
{
	struct value *x = pass_input(t, "f32[100,100]", 1), *y = x;

	for (int i = 0; i < nodes; i++) {
		struct node *n = op_node(t, "gluec", "View", 1, 1, chain ? y : x);
		SET_INTS(t, n, "shape", chain ? 100 : 1, chain ? 100 : 1);
		SET_INTS(t, n, "strides", chain ? 100 : 1, 1);
		set_attribute_int(t->c, n, "offset", chain ? 0 : i % (nodes / 2));
		y = n->out[0];
		if (!chain)
			y = pass_node(t, "Tanh", "y", 1, y);
	}
	pass_output(t, y);
	pass_output(t, t->g->first->next->out[0]);
}

START_TEST(many_views)
{
	enum { NODES = 20000 };

	for (int chain = 0; chain < 2; chain++) {
		struct op_test t = pass_begin();
		views(&t, NODES, chain);
		pass_apply(&t, infer);
		double start = seconds_now();
		pass_apply(&t, simplify);
		double seconds = seconds_now() - start;
		ck_assert_msg(seconds < 5, "%f s", seconds);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("simplify");
	TCase *c = tcase_create("simplify");

	tcase_add_test(c, identities);
	tcase_add_test(c, changes_stay);
	tcase_add_test(c, repetitions);
	tcase_add_test(c, names_of_outputs);
	tcase_add_test(c, inside_branches);
	tcase_add_test(c, many_views);
	suite_add_tcase(s, c);
	return s;
}
