/* Recognition of the heads of LightGlue: assignment and matching. */
#include "pass_test.h"

/* ---- assignment */

enum {
	ASSIGNMENT_PLAIN,
	ASSIGNMENT_COMMUTED,
	ASSIGNMENT_NEGATIVE_AXES,
	ASSIGNMENT_SQUARE,
	ASSIGNMENT_FORMS,
	/* Near misses. */
	ASSIGNMENT_ONE_AXIS = ASSIGNMENT_FORMS,
	ASSIGNMENT_OTHER_SCORES,
	ASSIGNMENT_SHARED_ROWS,
	ASSIGNMENT_WHOLE_ROWS,
	ASSIGNMENT_OLD_SOFTMAX,
	ASSIGNMENT_ALL
};

static void assignment(struct op_test *t, int form)
{
	bool square = form == ASSIGNMENT_SQUARE, commuted = form == ASSIGNMENT_COMMUTED;
	struct value *s = pass_input(t, square ? "f32[2,3,3]" : "f32[2,3,4]", 1), *s2 = s;
	struct value *rows = pass_input(t,
		form == ASSIGNMENT_SHARED_ROWS  ? "f32[1,3,1]"
		: form == ASSIGNMENT_WHOLE_ROWS ? "f32[2,3,4]"
										: "f32[2,3,1]",
		2);
	struct value *columns = pass_input(t, square ? "f32[2,1,3]" : "f32[2,1,4]", 3);

	if (form == ASSIGNMENT_OTHER_SCORES)
		s2 = pass_input(t, "f32[2,3,4]", 4);
	struct value *a = pass_node(t, "LogSoftmax", "a", 1, s), *b = pass_node(t, "LogSoftmax", "b", 1, s2);
	set_attribute_int(t->c, a->def, "axis", form == ASSIGNMENT_NEGATIVE_AXES ? -1 : 2);
	set_attribute_int(t->c, b->def, "axis",
		form == ASSIGNMENT_NEGATIVE_AXES ? -2
		: form == ASSIGNMENT_ONE_AXIS    ? 2
										 : 1);
	if (form == ASSIGNMENT_OLD_SOFTMAX)
		a->def->version = b->def->version = 11;
	struct value *both = commuted ? pass_node(t, "Add", "both", 2, b, a) : pass_node(t, "Add", "both", 2, a, b);
	struct value *sum =
		commuted ? pass_node(t, "Add", "sum", 2, columns, rows) : pass_node(t, "Add", "sum", 2, rows, columns);
	pass_output(t, commuted ? pass_node(t, "Add", "y", 2, sum, both) : pass_node(t, "Add", "y", 2, both, sum));
}

START_TEST(assignments)
{
	for (int form = 0; form < ASSIGNMENT_ALL; form++)
		pass_expect_recognized(assignment, form, "LogAssignment", form < ASSIGNMENT_FORMS, 1e-5);
}
END_TEST

/* ---- matching */

enum {
	MATCH_PLAIN,
	MATCH_COMMUTED,
	MATCH_WITHOUT_SCORES,
	MATCH_SCORES_FIRST,
	MATCH_KEPT_DIMENSION,
	MATCH_OTHER_FILL,
	MATCH_BROADCAST_FILL,
	MATCH_FORMS,
	/* Near misses. */
	MATCH_LAST_OF_EQUALS = MATCH_FORMS,
	MATCH_OTHER_COUNT,
	MATCH_OR_EQUAL,
	MATCH_EITHER,
	MATCH_ALL
};

static struct value *best_of(struct op_test *t, const char *name, struct value *s, int axis, bool last)
{
	struct value *y = pass_node(t, "ArgMax", name, 1, s);

	set_attribute_int(t->c, y->def, "axis", axis);
	set_attribute_int(t->c, y->def, "keepdims", 0);
	set_attribute_int(t->c, y->def, "select_last_index", last);
	return y;
}

static struct value *mutual(struct op_test *t, int form, struct value *row, struct value *column)
{
	struct value *back = pass_node(t, "GatherElements", "back", 2, row, column);
	struct value *own = op_constant(t, "i64[1,3]", form == MATCH_OTHER_COUNT ? LIST(0, 2, 1) : LIST(0, 1, 2));

	set_attribute_int(t->c, back->def, "axis", 1);
	return form == MATCH_COMMUTED ? pass_node(t, "Equal", "mutual", 2, own, back)
								  : pass_node(t, "Equal", "mutual", 2, back, own);
}

static void matching(struct op_test *t, int form)
{
	struct value *s = pass_input(t, "f32[2,3,4]", 1);
	struct value *column = best_of(t, "column", s, 2, form == MATCH_LAST_OF_EQUALS),
				 *row = best_of(t, "row", s, 1, false);
	struct value *top = pass_node(t, "ReduceMax", "top", 2, s, INTS(t, 2));
	struct value *zero = value_float(t->c, "zero", 0),
				 *none = value_int(t->c, "none", form == MATCH_OTHER_FILL ? -2 : -1);

	set_attribute_int(t->c, top->def, "keepdims", form == MATCH_KEPT_DIMENSION);
	if (form == MATCH_KEPT_DIMENSION)
		top = pass_node(t, "Squeeze", "flat", 2, top, INTS(t, 2));
	struct value *best = pass_node(t, "Exp", "best", 1, top);
	struct value *strong = pass_node(t, form == MATCH_OR_EQUAL ? "GreaterOrEqual" : "Greater", "strong", 2, best,
		value_float(t->c, "threshold", 1.5f));
	struct value *m = mutual(t, form, row, column);
	const char *type = form == MATCH_EITHER ? "Or" : "And";
	struct value *accept = form == MATCH_COMMUTED ? pass_node(t, type, "accept", 2, strong, m)
												  : pass_node(t, type, "accept", 2, m, strong);
	if (form == MATCH_BROADCAST_FILL)
		none = op_constant(t, "i64[2,1,1]", LIST(-1, -1));
	if (form == MATCH_SCORES_FIRST)
		pass_output(t, pass_node(t, "Where", "scores", 3, accept, best, zero));
	pass_output(t, pass_node(t, "Where", "matches", 3, accept, column, none));
	if (form != MATCH_WITHOUT_SCORES && form != MATCH_SCORES_FIRST)
		pass_output(t, pass_node(t, "Where", "scores", 3, accept, best, zero));
}

START_TEST(matches)
{
	for (int form = 0; form < MATCH_ALL; form++)
		pass_expect_recognized(matching, form, "MutualMatch", form < MATCH_FORMS, 1e-6);
	struct op_test t = pass_compare(matching, MATCH_PLAIN, 1e-6);
	ck_assert_int_eq(count_nodes(t.g), 1);
	/* The data must say something: some rows match and some do not. */
	int found = 0;
	for (int i = 0; i < 6; i++)
		found += op_result(&t, 0, i) >= 0;
	ck_assert(found > 0 && found < 6);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_heads");
	TCase *c = tcase_create("recognize_heads");

	tcase_add_test(c, assignments);
	tcase_add_test(c, matches);
	suite_add_tcase(s, c);
	return s;
}
