/* Recognition of the heads of SuperPoint and LightGlue: heat map, suppression, assignment and matching. */
#include "pass_test.h"

/* ---- heat map */

enum {
	HEAT_PLAIN,
	HEAT_NEGATIVE_END,
	HEAT_FORMS,
	/* Near misses. */
	HEAT_FIRST_DROPPED = HEAT_FORMS,
	HEAT_CRD,
	HEAT_OTHER_AXIS,
	HEAT_OLD_SOFTMAX,
	HEAT_ALSO_CROPPED,
	HEAT_ALL
};

static void heat_map(struct op_test *t, int form)
{
	bool cropped = form == HEAT_ALSO_CROPPED;
	struct value *p = pass_node(t, "Softmax", "softmax", 1, pass_input(t, "f32[2,5,3,4]", 1));
	struct value *start = form == HEAT_FIRST_DROPPED ? INTS(t, 1) : cropped ? INTS(t, 0, 0) : INTS(t, 0);
	struct value *end = form == HEAT_FIRST_DROPPED ? INTS(t, 5)
						: cropped                  ? INTS(t, 4, 3)
												   : INTS(t, form == HEAT_NEGATIVE_END ? -1 : 4);

	set_attribute_int(t->c, p->def, "axis", form == HEAT_OTHER_AXIS ? 2 : 1);
	if (form == HEAT_OLD_SOFTMAX)
		p->def->version = 11;
	struct value *points = pass_node(t, "Slice", "points", 4, p, start, end, cropped ? INTS(t, 1, 3) : INTS(t, 1));
	struct value *y = pass_node(t, "DepthToSpace", "y", 1, points);
	set_attribute_int(t->c, y->def, "blocksize", 2);
	if (form == HEAT_CRD)
		set_attribute_string(t->c, y->def, "mode", "CRD");
	pass_output(t, y);
}

START_TEST(heat_maps)
{
	for (int form = 0; form < HEAT_ALL; form++)
		pass_expect_recognized(heat_map, form, "HeatMap", form < HEAT_FORMS, 1e-6);
}
END_TEST

/* ---- suppression */

enum {
	NMS_ROUNDS_0,
	NMS_ROUNDS_1,
	NMS_ROUNDS_2,
	NMS_COMMUTED,
	NMS_BORDER,
	NMS_BORDER_WITH_STEPS,
	NMS_FORMS,
	/* The suppression is found, but the border stays apart. */
	NMS_EDGE_BORDER = NMS_FORMS,
	NMS_ONE_SIDED_BORDER,
	NMS_OTHER_CROP,
	NMS_BACKWARD_CROP,
	NMS_READ_TWICE,
	NMS_WITHOUT_BORDER,
	/* Near misses. */
	NMS_OTHER_WINDOW = NMS_WITHOUT_BORDER,
	NMS_OTHER_STRIDE,
	NMS_EVEN_WINDOW,
	NMS_OTHER_FILL,
	NMS_OTHER_SCORES,
	NMS_BROADCAST_FILL,
	NMS_TWO_CHANNELS,
	NMS_NO_MASK,
	NMS_ALL
};

static struct value *pooled(struct op_test *t, struct value *x, int kernel)
{
	struct value *y = pass_node(t, "MaxPool", "pool", 1, x);
	int before = (kernel - 1) / 2, after = kernel / 2;

	SET_INTS(t, y->def, "kernel_shape", kernel, kernel);
	SET_INTS(t, y->def, "strides", 1, 1);
	SET_INTS(t, y->def, "pads", before, before, after, after);
	return y;
}

static struct value *either_way(struct op_test *t, const char *type, bool commuted, struct value *a, struct value *b)
{
	return commuted ? pass_node(t, type, "both", 2, b, a) : pass_node(t, type, "both", 2, a, b);
}

/* One more round: the maxima of what is not near a kept point. */
static struct value *next_round(struct op_test *t, int form, struct value *keep, struct value *s, struct value *zero)
{
	bool commuted = form == NMS_COMMUTED;
	struct value *number = pass_node(t, "Cast", "number", 1, keep);

	set_attribute_int(t->c, number->def, "to", RT_F32);
	struct value *near = pass_node(t, "Greater", "near", 2, pooled(t, number, form == NMS_OTHER_WINDOW ? 5 : 3), zero);
	struct value *rest = pass_node(t, "Where", "rest", 3, near, zero, s);
	struct value *peak = either_way(t, "Equal", commuted, rest, pooled(t, rest, 3));
	struct value *far = pass_node(t, "Not", "far", 1, near);
	return either_way(t, "Or", commuted, keep, form == NMS_NO_MASK ? peak : either_way(t, "And", commuted, peak, far));
}

/* Crops the outermost row and column and puts something else there. */
static struct value *bordered(struct op_test *t, int form, struct value *s)
{
	struct value *from = INTS(t, 1, 1), *to = INTS(t, -1, -1), *inside;
	int64_t last = form == NMS_ONE_SIDED_BORDER ? 0 : 1;

	if (form == NMS_OTHER_CROP)
		inside = pass_node(t, "Slice", "inside", 4, s, INTS(t, 0, 0), INTS(t, -2, -2), INTS(t, 2, 3));
	else if (form == NMS_BACKWARD_CROP)
		inside =
			pass_node(t, "Slice", "inside", 5, s, INTS(t, 1, 1), INTS(t, -100, -100), INTS(t, 2, 3), INTS(t, -1, -1));
	else if (form == NMS_BORDER_WITH_STEPS)
		inside = pass_node(t, "Slice", "inside", 5, s, from, to, INTS(t, 2, 3), INTS(t, 1, 1));
	else
		inside = pass_node(t, "Slice", "inside", 4, s, from, to, INTS(t, 2, 3));
	struct value *y =
		pass_node(t, "Pad", "y", 3, inside, INTS(t, 0, 0, 1, 1, 0, 0, last, last), value_float(t->c, "fill", -1));
	if (form == NMS_EDGE_BORDER)
		set_attribute_string(t->c, y->def, "mode", "edge");
	return y;
}

static void nms(struct op_test *t, int form)
{
	int rounds = form == NMS_ROUNDS_0 ? 0 : form == NMS_ROUNDS_2 ? 2 : 1;
	bool border = form >= NMS_BORDER && form < NMS_WITHOUT_BORDER;
	const char *shape = form == NMS_TWO_CHANNELS    ? "f32[1,2,8,9]"
						: form == NMS_BACKWARD_CROP ? "f32[1,1,4,4]"
													: "f32[1,1,8,9]";
	struct value *s = pass_input(t, shape, 1);
	struct value *zero = value_float(t->c, "zero", 0), *fill = zero;
	struct value *pool = pooled(t, s, form == NMS_EVEN_WINDOW ? 2 : 3);

	if (form == NMS_OTHER_STRIDE)
		SET_INTS(t, pool->def, "dilations", 2, 2);
	if (form == NMS_OTHER_STRIDE)
		SET_INTS(t, pool->def, "pads", 2, 2, 2, 2);
	struct value *keep = either_way(t, "Equal", form == NMS_COMMUTED, s, pool);
	for (int i = 0; i < rounds; i++)
		keep = next_round(t, form, keep, s, zero);
	if (form == NMS_OTHER_FILL)
		fill = value_float(t->c, "one", 1);
	if (form == NMS_BROADCAST_FILL)
		fill = op_constant(t, "f32[2,1,1,1]", LIST(0, 0));
	struct value *y = pass_node(
		t, "Where", "kept", 3, keep, form == NMS_OTHER_SCORES ? pass_node(t, "Neg", "negative", 1, s) : s, fill);
	if (form == NMS_READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "other", 1, y));
	pass_output(t, border ? bordered(t, form, y) : y);
}

START_TEST(suppressions)
{
	for (int form = 0; form < NMS_ALL; form++) {
		pass_expect_recognized(nms, form, "Nms", form < NMS_WITHOUT_BORDER, 0);
		struct op_test t = pass_begin();
		nms(&t, form);
		pass_infer(&t);
		pass_apply(&t, recognize);
		bool apart = form >= NMS_EDGE_BORDER && form < NMS_WITHOUT_BORDER;
		ck_assert_msg(pass_count(t.g, "", "Pad") == apart, "form %d", form);
		if (form < NMS_FORMS)
			ck_assert_int_eq(attribute_int(t.c, t.g->last, "rounds", -1), form < 3 ? form : 1);
		op_end(&t);
	}
}
END_TEST

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

	tcase_add_test(c, heat_maps);
	tcase_add_test(c, suppressions);
	tcase_add_test(c, assignments);
	tcase_add_test(c, matches);
	suite_add_tcase(s, c);
	return s;
}
