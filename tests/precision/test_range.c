/* Which integers become 32 bits wide: those that are proved to fit, and no others. The graphs start from the indices of
 * TopK, which lie in 0..99. */
#include "pass_test.h"
#include <string.h>

static struct value *indices(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[1,100]", 1);
	struct node *n = op_node(t, "", "TopK", 2, 2, x, INTS(t, 5));

	n->out[1]->name = "index";
	return n->out[1];
}

static struct value *with(struct op_test *t, const char *type, struct value *x, int64_t k)
{
	return pass_node(t, type, "y", 2, x, value_int(t->c, "k", k));
}

static struct value *cast(struct op_test *t, struct value *x, enum rt_type to)
{
	struct value *y = pass_node(t, "Cast", "y", 1, x);

	set_attribute_int(t->c, y->def, "to", to);
	return y;
}

/* y is the last node's output: its type after all passes. */
static enum rt_type type_of(struct op_test *t, struct value *y)
{
	pass_output(t, y);
	pass_optimize(t);
	enum rt_type type = t->g->outputs[0]->type;
	op_end(t);
	return type;
}

static enum rt_type one(const char *type, int64_t k)
{
	struct op_test t = pass_begin();

	return type_of(&t, with(&t, type, indices(&t), k));
}

static enum rt_type two(const char *type, int64_t k, const char *next, int64_t l)
{
	struct op_test t = pass_begin();

	return type_of(&t, with(&t, next, with(&t, type, indices(&t), k), l));
}

/* The edges: 0..99 plus what just fits, and one more. */
START_TEST(arithmetic)
{
	ck_assert_int_eq(one("Add", INT32_MAX - 99), RT_I32);
	ck_assert_int_eq(one("Add", INT32_MAX - 98), RT_I64);
	ck_assert_int_eq(one("Add", INT32_MIN), RT_I32);
	ck_assert_int_eq(one("Add", (int64_t)INT32_MIN - 1), RT_I64);
	ck_assert_int_eq(one("Sub", INT32_MAX), RT_I32);
	ck_assert_int_eq(one("Sub", INT32_MIN + 100), RT_I32);
	ck_assert_int_eq(one("Sub", INT32_MIN + 99), RT_I64);
	ck_assert_int_eq(one("Mul", INT32_MAX / 99), RT_I32);
	ck_assert_int_eq(one("Mul", INT32_MAX / 99 + 1), RT_I64);
	ck_assert_int_eq(one("Mul", INT32_MIN / 99), RT_I32);
	ck_assert_int_eq(one("Mul", INT64_MAX), RT_I64);
	ck_assert_int_eq(one("Div", 7), RT_I32);
	ck_assert_int_eq(one("Mod", 7), RT_I32);
	ck_assert_int_eq(one("Min", -5), RT_I32);
	ck_assert_int_eq(one("Max", INT64_C(1) << 40), RT_I64);
	/* A divisor that may be zero or negative proves nothing. */
	ck_assert_int_eq(one("Div", 0), RT_I64);
	ck_assert_int_eq(one("Div", -1), RT_I64);
	ck_assert_int_eq(one("Mod", -7), RT_I64);
}
END_TEST

/* Bounds go on through several steps: what the first leaves decides whether the second fits. */
START_TEST(chains)
{
	ck_assert_int_eq(two("Div", 10, "Mul", INT32_MAX / 9), RT_I32);
	ck_assert_int_eq(two("Div", 9, "Mul", INT32_MAX / 9), RT_I64);
	ck_assert_int_eq(two("Mod", 10, "Mul", INT32_MAX / 9), RT_I32);
	ck_assert_int_eq(two("Mod", 11, "Mul", INT32_MAX / 9), RT_I64);
	ck_assert_int_eq(two("Sub", 200, "Mul", 10737418), RT_I32);
	ck_assert_int_eq(two("Sub", 200, "Mul", 10737419), RT_I64);
	ck_assert_int_eq(two("Sub", 50, "Mod", 100), RT_I32);
	/* Once too wide, always too wide: it may wrap in the end. */
	ck_assert_int_eq(two("Mul", INT64_C(1) << 40, "Sub", 1), RT_I64);
	/* Except that a remainder fits whatever it is taken of. */
	ck_assert_int_eq(two("Mul", INT64_C(1) << 40, "Mod", 1000), RT_I32);
}
END_TEST

/* Nothing is known of what a user gives. */
START_TEST(inputs)
{
	struct op_test t = pass_begin();
	ck_assert_int_eq(type_of(&t, with(&t, "Add", op_input(&t, "i64[3]", NULL), 1)), RT_I64);
	t = pass_begin();
	ck_assert_int_eq(type_of(&t, with(&t, "Add", cast(&t, op_input(&t, "i32[3]", NULL), RT_I64), 1)), RT_I64);
	t = pass_begin();
	ck_assert_int_eq(type_of(&t, with(&t, "Mul", cast(&t, op_input(&t, "bool[3]", NULL), RT_I64), 99)), RT_I32);
	t = pass_begin();
	ck_assert_int_eq(type_of(&t, cast(&t, op_input(&t, "f32[3]", NULL), RT_I64)), RT_I64);
	t = pass_begin();
	struct value *x = pass_node(&t, "ArgMax", "best", 1, op_input(&t, "f32[3,4]", NULL));
	ck_assert_int_eq(type_of(&t, x), RT_I32);
	t = pass_begin();
	ck_assert_int_eq(type_of(&t, pass_node(&t, "Where", "y", 3, op_input(&t, "bool[3]", NULL), value_int(t.c, "a", 1),
									 value_int(t.c, "b", -1))),
		RT_I32);
	t = pass_begin();
	ck_assert_int_eq(type_of(&t, pass_node(&t, "Where", "y", 3, op_input(&t, "bool[3]", NULL), value_int(t.c, "a", 1),
									 value_int(t.c, "b", INT64_MAX))),
		RT_I64);
}
END_TEST

/* What moves elements has the type of what it moves. */
START_TEST(movers)
{
	struct op_test t = pass_begin();
	struct value *i = op_input(&t, "i64[4]", NULL);

	ck_assert_int_eq(type_of(&t, pass_node(&t, "Gather", "y", 2, i, INTS(&t, 1, 0))), RT_I64);
	t = pass_begin();
	i = pass_node(&t, "Gather", "y", 2, indices(&t), value_int(t.c, "zero", 0));
	ck_assert_int_eq(type_of(&t, pass_node(&t, "Unsqueeze", "z", 2, i, INTS(&t, 0))), RT_I32);
	t = pass_begin();
	i = pass_node(&t, "Concat", "y", 2, indices(&t), op_input(&t, "i64[1,5]", NULL));
	set_attribute_int(t.c, i->def, "axis", 0);
	ck_assert_int_eq(type_of(&t, i), RT_I64);
	t = pass_begin();
	i = indices(&t);
	i = pass_node(&t, "Concat", "y", 2, i, with(&t, "Add", i, 1));
	set_attribute_int(t.c, i->def, "axis", 0);
	ck_assert_int_eq(type_of(&t, i), RT_I32);
}
END_TEST

/* Narrow types wrap: their results prove nothing beyond their own bounds, so what comes out of them must not be
 * narrowed on the strength of what went in. Run against the graph as it stands. */
enum { WRAP_U8, WRAP_U32, WRAP_CAST, WRAP_RELU, WRAP_FMOD, N_WRAPS };

static void wrapping(struct op_test *t, int form)
{
	struct value *i = indices(t), *y;

	if (form == WRAP_U8)
		y = cast(t, pass_node(t, "Sub", "y", 2, cast(t, i, RT_U8), op_constant(t, "u8[1]", LIST(200))), RT_I64);
	else if (form == WRAP_U32)
		y = cast(t, pass_node(t, "Sub", "y", 2, cast(t, i, RT_U32), op_constant(t, "u32[1]", LIST(200))), RT_I64);
	else if (form == WRAP_CAST)
		y = with(t, "Add", cast(t, cast(t, with(t, "Sub", i, 200), RT_U8), RT_I64), INT32_MAX - 10);
	else if (form == WRAP_RELU)
		y = with(t, "Add", pass_node(t, "Relu", "y", 1, with(t, "Sub", i, 200)), (int64_t)INT32_MAX + 1);
	else {
		y = with(t, "Mod", with(t, "Sub", with(t, "Mul", i, INT64_C(1) << 40), INT64_C(1) << 50), 9);
		set_attribute_int(t->c, y->def, "fmod", 1);
		y = with(t, "Add", y, INT32_MIN);
	}
	pass_output(t, y);
}

START_TEST(wrapping_types)
{
	for (int form = 0; form < N_WRAPS; form++) {
		struct op_test t = pass_compare(wrapping, form, 0);
		op_end(&t);
	}
}
END_TEST

/* Branches: their results must agree, so both sides count. */
static enum rt_type branch(bool wide)
{
	struct op_test t = pass_begin();
	struct value *i = indices(&t), *c = op_input(&t, "bool[1]", NULL);
	struct graph *a = pass_open(&t);

	pass_output(&t, with(&t, "Add", i, 1));
	pass_close(&t);
	struct graph *b = pass_open(&t);
	int64_t dim[] = { 1, 5 };
	int64_t *k = NEW(t.c, int64_t, 5);
	k[4] = wide ? INT64_MAX : -1;
	pass_output(&t, value_constant(t.c, "fixed", RT_I64, 2, dim, k));
	pass_close(&t);
	return type_of(&t, pass_if(&t, "choice", c, a, b)->out[0]);
}

START_TEST(branches)
{
	ck_assert_int_eq(branch(false), RT_I32);
	ck_assert_int_eq(branch(true), RT_I64);
}
END_TEST

/* The numbers stay the same, whatever the width. */
enum { SAME_MIXED, SAME_GATHER, SAME_CONCAT, SAME_BRANCH, N_SAME };

static void same(struct op_test *t, int form)
{
	struct value *i = indices(t), *wide = with(t, "Mul", i, INT64_C(1) << 33), *c = op_input(t, "bool[1]", LIST(1));

	if (form == SAME_MIXED)
		pass_output(t, pass_node(t, "Add", "y", 2, i, wide));
	if (form == SAME_GATHER)
		pass_output(
			t, pass_node(t, "GatherElements", "y", 2, wide, pass_node(t, "Mod", "m", 2, i, value_int(t->c, "k", 1))));
	if (form == SAME_CONCAT) {
		struct value *y = pass_node(t, "Concat", "y", 3, i, wide, op_constant(t, "i64[1,2]", LIST(7, -7)));
		set_attribute_int(t->c, y->def, "axis", 1);
		pass_output(t, y);
		pass_output(t, pass_node(t, "Squeeze", "z", 2, i, INTS(t, 0)));
	}
	if (form == SAME_BRANCH) {
		struct graph *a = pass_open(t);
		pass_output(t, i);
		pass_output(t, op_constant(t, "i64[1,5]", LIST(1, 2, 3, 4, 5)));
		pass_close(t);
		struct graph *b = pass_open(t);
		pass_output(t, wide);
		pass_output(t, pass_node(t, "Neg", "n", 1, wide));
		pass_close(t);
		op_output(t, pass_if(t, "choice", c, a, b));
	}
}

START_TEST(same_numbers)
{
	for (int form = 0; form < N_SAME; form++) {
		struct op_test t = pass_compare(same, form, 0);
		op_end(&t);
	}
}
END_TEST

/* ---- what can only be one number is that number */

/* Is the comparison of the index, 0..99, with k gone after all passes? And is what is computed still the same? */
static const struct comparison {
	const char *type;
	int64_t k;
	bool decided;
} comparisons[] = {
	{ "Less", 0, true },
	{ "Less", 1, false },
	{ "Less", 99, false },
	{ "Less", 100, true },
	{ "LessOrEqual", -1, true },
	{ "LessOrEqual", 0, false },
	{ "LessOrEqual", 98, false },
	{ "LessOrEqual", 99, true },
	{ "Greater", 99, true },
	{ "Greater", 98, false },
	{ "Greater", 0, false },
	{ "Greater", -1, true },
	{ "GreaterOrEqual", 100, true },
	{ "GreaterOrEqual", 99, false },
	{ "GreaterOrEqual", 1, false },
	{ "GreaterOrEqual", 0, true },
	{ "Equal", -1, true },
	{ "Equal", 0, false },
	{ "Equal", 99, false },
	{ "Equal", 100, true },
};

static void comparison(struct op_test *t, int form)
{
	struct value *i = indices(t), *y = with(t, comparisons[form].type, i, comparisons[form].k);

	pass_output(t, pass_node(t, "Where", "chosen", 3, y, i, value_int(t->c, "other", -7)));
}

START_TEST(decided)
{
	for (int form = 0; form < (int)(sizeof comparisons / sizeof *comparisons); form++) {
		struct op_test t = pass_compare(comparison, form, 0);
		ck_assert_msg(!pass_count(t.g, "", comparisons[form].type) == comparisons[form].decided, "%s %d",
			comparisons[form].type, (int)comparisons[form].k);
		op_end(&t);
	}
}
END_TEST

/* The division that rounds down, as exporters spell it: what is negative and leaves a remainder gets one less. */
enum { FLOOR_INDEX, FLOOR_OR, FLOOR_NEGATIVE, FLOOR_OTHER_NUMBER, FLOOR_BY_NEGATIVE };

static void floor_divide(struct op_test *t, int form)
{
	struct value *i = form == FLOOR_NEGATIVE ? with(t, "Sub", indices(t), 50) : indices(t);
	int64_t k = form == FLOOR_BY_NEGATIVE ? -7 : 7;
	struct value *negative = with(t, "Less", i, 0), *remainder = cast(t, with(t, "Mod", i, k), RT_BOOL), *both;

	if (form == FLOOR_BY_NEGATIVE)
		negative = pass_node(t, "Not", "positive", 1, negative);
	negative = pass_node(t, "Equal", "sign", 2, negative, op_constant(t, "bool[1]", LIST(1)));
	if (form == FLOOR_OR)
		both = pass_node(t, "Not", "both", 1,
			pass_node(t, "Or", "neither", 2, pass_node(t, "Not", "even", 1, remainder),
				pass_node(t, "Not", "natural", 1, negative)));
	else
		both = pass_node(t, "And", "both", 2, negative, remainder);
	both = cast(t, both, RT_I64);
	if (form == FLOOR_OTHER_NUMBER)
		both = with(t, "Add", both, 1);
	struct value *floor = pass_node(t, "Sub", "floor", 2, with(t, "Div", i, k), both);
	pass_output(t, pass_node(t, "Neg", "minus", 1, floor));
}

START_TEST(floors)
{
	for (int form = 0; form <= FLOOR_BY_NEGATIVE; form++) {
		struct op_test t = pass_compare(floor_divide, form, 0);
		bool stays = form == FLOOR_NEGATIVE || form == FLOOR_BY_NEGATIVE;
		ck_assert_msg(pass_count(t.g, "", "Mod") == stays, "form %d", form);
		if (!stays)
			ck_assert_int_eq(pass_count(t.g, "", "Sub"), form == FLOOR_OTHER_NUMBER);
		op_end(&t);
	}
}
END_TEST

/* What is put around indices counts as well. */
static void padded(struct op_test *t, int form)
{
	struct value *i =
		pass_node(t, "Pad", "padded", 3, indices(t), INTS(t, 0, 0, 0, 1), value_int(t->c, "fill", 100 + form));

	pass_output(t, pass_node(t, "Where", "chosen", 3, with(t, "Less", i, 101), i, value_int(t->c, "other", -7)));
}

START_TEST(paddings)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_compare(padded, form, 0);
		ck_assert_int_eq(pass_count(t.g, "", "Less"), form);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("range");
	TCase *c = tcase_create("range");

	tcase_add_test(c, arithmetic);
	tcase_add_test(c, chains);
	tcase_add_test(c, inputs);
	tcase_add_test(c, movers);
	tcase_add_test(c, wrapping_types);
	tcase_add_test(c, branches);
	tcase_add_test(c, same_numbers);
	tcase_add_test(c, decided);
	tcase_add_test(c, floors);
	tcase_add_test(c, paddings);
	suite_add_tcase(s, c);
	return s;
}
