/* Recognition of searches for the largest: TopK of one element, and mutual matches in the forms that graphs go on with.
 */
#include "pass_test.h"

static struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

/* ---- TopK of one */

enum {
	ONE_LAST,
	ONE_FIRST,
	ONE_NEGATIVE,
	ONE_INDEX,
	ONE_VALUE,
	ONE_OF_ONE,
	ONE_F16,
	ONE_F64,
	ONE_UNSORTED,
	ONE_AS_OUTPUT,
	ONE_FORMS,
	/* Stays. */
	ONE_SMALLEST = ONE_FORMS,
	ONE_OF_INTEGERS,
	TWO_OF_MANY,
	NONE_OF_MANY,
	ONE_OF_NO_ROWS,
	ONE_OLD,
	ONE_ALL
};

static void top_one(struct op_test *t, int form)
{
	const char *shape = form == ONE_OF_INTEGERS  ? "i32[2,5,3]"
						: form == ONE_OF_NO_ROWS ? "f32[0,5,3]"
						: form == ONE_OF_ONE     ? "f32[2,5,1]"
						: form == ONE_F16        ? "f16[2,5,3]"
						: form == ONE_F64        ? "f64[2,5,3]"
												 : "f32[2,5,3]";
	/* Of equal numbers the first counts. */
	struct value *x =
		form == ONE_LAST
			? op_input(t, "f32[2,5,3]",
				  LIST(1, 1, 0, 0, 2, 2, 3, 3, 3, -1, -2, -1, 0, 0, 0, 5, 4, 5, 1, 2, 3, 3, 2, 1, -5, -4, -4, 7, 7, 8))
			: pass_input(t, shape, 1);
	int64_t k = form == TWO_OF_MANY ? 2 : form == NONE_OF_MANY ? 0 : 1;
	struct node *n = form == ONE_OLD ? op_node(t, "", "TopK", 2, 1, x) : op_node(t, "", "TopK", 2, 2, x, INTS(t, k));

	if (form == ONE_OLD) {
		set_attribute_int(t->c, n, "k", 1);
		n->version = 9;
	}
	if (form == ONE_FIRST || form == ONE_NEGATIVE)
		set_attribute_int(t->c, n, "axis", form == ONE_FIRST ? 0 : -2);
	if (form == ONE_SMALLEST)
		set_attribute_int(t->c, n, "largest", 0);
	if (form == ONE_UNSORTED)
		set_attribute_int(t->c, n, "sorted", 0);
	if (form == ONE_VALUE)
		n->out[1] = NULL;
	else
		pass_output(t, form == ONE_AS_OUTPUT ? n->out[1] : pass_node(t, "Neg", "index", 1, n->out[1]));
	if (form != ONE_INDEX)
		pass_output(t, form == ONE_AS_OUTPUT ? n->out[0] : pass_node(t, "Neg", "value", 1, n->out[0]));
}

START_TEST(top_ones)
{
	for (int form = 0; form < ONE_ALL; form++) {
		struct op_test t = pass_compare(top_one, form, 1e-6);
		int sorts = pass_count(t.g, "", "TopK");
		if (form != NONE_OF_MANY && form != ONE_OF_NO_ROWS)
			ck_assert_msg(sorts == (form >= ONE_FORMS), "form %d: %d times TopK", form, sorts);
		op_end(&t);
		t = pass_compare_half(top_one, form, 1e-2);
		op_end(&t);
	}
}
END_TEST

/* ---- mutual matches */

enum {
	KEEP_COLUMNS = 1,  /* the columns' dimension that the search was along stays until it is squeezed away */
	KEEP_ROWS = 2,     /* the same for the rows */
	MUTUAL_SCORES = 4, /* what is not mutual gets the score 0 before the threshold is applied */
	LISTED = 8,        /* matches as a list of pairs */
	BARE = 16,         /* the intermediate results are read, no matches are made */
	WHOLE = 32,        /* the matches are made of the columns under another shape */
	TOP_ONE = 64,      /* the searches are written as TopK */
	MATCH_FORMS = 128
};

/* The largest of s along the axis, [2, ...]. */
static struct value *best_of(struct op_test *t, int form, struct value *s, int axis, bool keep, struct value **top)
{
	if (form & TOP_ONE) {
		struct node *n = op_node(t, "", "TopK", 2, 2, s, INTS(t, 1));
		set_attribute_int(t->c, n, "axis", axis);
		*top = n->out[0];
		return pass_node(t, "Squeeze", "flat", 2, n->out[1], INTS(t, axis));
	}
	struct value *y = along(t, pass_node(t, "ArgMax", "best", 1, s), axis);
	set_attribute_int(t->c, y->def, "keepdims", keep);
	*top = pass_node(t, "ReduceMax", "top", 2, s, INTS(t, axis));
	return keep ? pass_node(t, "Squeeze", "flat", 2, y, INTS(t, axis)) : y;
}

static void matching(struct op_test *t, int form)
{
	int b = form & LISTED ? 1 : 2;
	struct value *s = pass_node(t, "Neg", "scores", 1, pass_input(t, form & LISTED ? "f32[1,5,4]" : "f32[2,5,4]", 3));
	struct value *top, *unread, *zero = value_float(t->c, "zero", 0), *none = value_int(t->c, "none", -1);
	struct value *column = best_of(t, form, s, 2, form & KEEP_COLUMNS, &top);
	struct value *row = best_of(t, form, s, 1, form & KEEP_ROWS, &unread);
	struct value *back = along(t, pass_node(t, "GatherElements", "back", 2, row, column), 1);
	struct value *mutual = pass_node(t, "Equal", "mutual", 2, back, op_constant(t, "i64[1,5]", LIST(0, 1, 2, 3, 4)));
	struct value *best = pass_node(t, "Exp", "exp", 1, pass_node(t, "Reshape", "flat", 2, top, INTS(t, b, 5)));
	struct value *score = best;

	if (form & MUTUAL_SCORES)
		score = pass_node(t, "Where", "mutual_scores", 3, mutual, best, zero);
	struct value *strong = pass_node(t, "Greater", "strong", 2, score, value_float(t->c, "threshold", 1.6f));
	struct value *accept = pass_node(t, "And", "accept", 2, mutual, strong);
	if (form & BARE) {
		pass_output(t, pass_node(t, "Add", "columns", 2, column, column));
		pass_output(t, accept);
		pass_output(t, score);
	} else if (form & WHOLE) {
		struct value *whole = pass_node(t, "Reshape", "whole", 2, column, INTS(t, 1, b, 5));
		pass_output(t, pass_node(t, "Where", "matches", 3, accept, whole, none));
		if (!(form & MUTUAL_SCORES))
			pass_output(t, pass_node(t, "Where", "scores", 3, accept, best, zero));
		pass_output(t, pass_node(t, "Neg", "minus", 1, column));
	} else {
		pass_output(t, pass_node(t, "Where", "matches", 3, accept, column, none));
		if (form & MUTUAL_SCORES)
			pass_output(t, score);
	}
	if (!(form & LISTED))
		return;
	/* The places of the matches, as a list whose length depends on the data. */
	struct value *places = pass_node(t, "NonZero", "places", 1, accept);
	struct value *pairs = pass_node(t, "Transpose", "pairs", 1, places);
	pass_output(t, pass_node(t, "Cast", "listed", 1, pass_node(t, "GatherND", "columns", 2, column, pairs)));
	set_attribute_int(t->c, t->g->last->out[0]->def, "to", RT_I64);
	pass_output(t, pass_node(t, "GatherND", "listed_scores", 2, score, pairs));
}

START_TEST(matches)
{
	int found = 0, elements = 0;

	for (int form = 0; form < MATCH_FORMS; form++) {
		struct op_test t = pass_compare(matching, form, 1e-6);
		ck_assert_msg(pass_count(t.g, "gluec", "MutualMatch") == 1, "form %d", form);
		int left = pass_count(t.g, "", "ArgMax") + pass_count(t.g, "", "TopK") + pass_count(t.g, "", "GatherElements");
		ck_assert_msg(left == 0, "form %d: %d other searches", form, left);
		for (int i = 0; i < 10 && form == 0; i++, elements++)
			found += op_result(&t, 0, i) >= 0;
		op_end(&t);
		t = pass_compare_half(matching, form, 5e-3);
		op_end(&t);
	}
	/* The data must say something: some rows match and some do not. */
	ck_assert(found > 0 && found < elements);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_search");
	TCase *c = tcase_create("recognize_search");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, top_ones);
	tcase_add_test(c, matches);
	suite_add_tcase(s, c);
	return s;
}
