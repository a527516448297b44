/* Recognition of rotations of channel pairs in the spellings of exporters: how the two channels of a pair are taken,
 * how they are put together again, and how the phases are repeated for both. */
#include "pass_test.h"

/* x is [2,3,4,6]: heads of 4 rows of 3 pairs; the phases are [2,1,4,3]. */
enum { PAIRS = 3 };

static struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

static struct value *joined(struct op_test *t, int64_t axis, struct value *a, struct value *b)
{
	return along(t, pass_node(t, "Concat", "joined", 2, a, b), axis);
}

static struct value *chosen(struct op_test *t, struct value *x, int64_t axis, double index)
{
	return along(t, pass_node(t, "Gather", "chosen", 2, x, op_constant(t, "i64[]", LIST(index))), axis);
}

static struct value *widened(struct op_test *t, struct value *x, int64_t axis)
{
	return pass_node(t, "Unsqueeze", "wide", 2, x, INTS(t, axis));
}

/* ---- the spellings, each with each */

enum taking { TAKE_SPLIT, TAKE_GATHER, TAKE_SLICE, TAKINGS };
enum repeating { REPEAT_CONCAT, REPEAT_EXPAND, REPEAT_TILE, REPEAT_JOINED, REPEATINGS };

struct spelling {
	enum taking take;
	enum repeating repeat;
	bool half, commuted;
};

/* The first and the second channels of the pairs, [2,3,4,3]. */
static void take(struct op_test *t, const struct spelling *s, struct value *x, struct value **a)
{
	struct value *pairs =
		pass_node(t, "Reshape", "pairs", 2, x, s->half ? INTS(t, 0, 0, 0, 2, PAIRS) : INTS(t, 0, 0, 0, PAIRS, 2));
	const int64_t axis = s->half ? -2 : -1;

	if (s->take == TAKE_SPLIT) {
		struct node *split = op_node(t, "", "Split", 2, 1, pairs);
		set_attribute_int(t->c, split, "axis", axis);
		set_attribute_int(t->c, split, "num_outputs", 2);
		for (int i = 0; i < 2; i++)
			a[i] = pass_node(t, "Squeeze", "squeezed", 2, split->out[i], INTS(t, axis));
		return;
	}
	for (int i = 0; i < 2; i++) {
		if (s->take == TAKE_GATHER)
			a[i] = chosen(t, pairs, axis, i);
		else if (s->half)
			a[i] = pass_node(t, "Slice", "half", 4, x, INTS(t, i * PAIRS), INTS(t, i ? INT64_MAX : PAIRS), INTS(t, -1));
		else
			a[i] = pass_node(t, "Slice", "every_other", 5, x, INTS(t, i), INTS(t, INT64_MAX), INTS(t, 3), INTS(t, 2));
	}
}

/* a and b as the channels of one value, [2,3,4,6]. */
static struct value *together(struct op_test *t, const struct spelling *s, struct value *a, struct value *b)
{
	if (s->half)
		return joined(t, -1, a, b);
	return pass_node(
		t, "Reshape", "flat", 2, joined(t, -1, widened(t, a, -1), widened(t, b, -1)), INTS(t, 0, 0, 0, 2 * PAIRS));
}

/* Phases [..., 3] for both channels of the pairs, [..., 6]. */
static struct value *repeated(struct op_test *t, const struct spelling *s, struct value *phase, int rank)
{
	int64_t twice[6] = { 1, 1, 1, 1, 1, 1 }, shape[6] = { 0 };
	const int64_t axis = s->half ? rank - 1 : rank;
	struct value *wide = widened(t, phase, axis);

	twice[axis] = 2;
	if (s->repeat == REPEAT_EXPAND)
		wide = pass_node(t, "Expand", "expanded", 2, wide, op_list(t, rank + 1, twice));
	else if (s->repeat == REPEAT_TILE)
		wide = pass_node(t, "Tile", "tiled", 2, wide, op_list(t, rank + 1, twice));
	else
		wide = joined(t, axis, wide, wide);
	/* Zero keeps a dimension. */
	shape[rank - 1] = 2 * PAIRS;
	return pass_node(t, "Reshape", "phases", 2, wide, op_list(t, rank, shape));
}

static void phases(struct op_test *t, const struct spelling *s, struct value **phase)
{
	struct value *angle = pass_input(t, "f32[2,1,4,3]", 2);
	struct value *cos = pass_node(t, "Cos", "cos", 1, angle), *sin = pass_node(t, "Sin", "sin", 1, angle);

	if (s->repeat == REPEAT_JOINED) {
		struct value *both = repeated(t, s, joined(t, 0, widened(t, cos, 0), widened(t, sin, 0)), 5);
		phase[0] = chosen(t, both, 0, 0);
		phase[1] = chosen(t, both, 0, 1);
		return;
	}
	phase[0] = repeated(t, s, cos, 4);
	phase[1] = repeated(t, s, sin, 4);
}

static struct value *multiplied(struct op_test *t, const struct spelling *s, struct value *a, struct value *b)
{
	return s->commuted ? pass_node(t, "Mul", "product", 2, b, a) : pass_node(t, "Mul", "product", 2, a, b);
}

static struct value *summed(struct op_test *t, const struct spelling *s, struct value *a, struct value *b)
{
	return s->commuted ? pass_node(t, "Add", "sum", 2, b, a) : pass_node(t, "Add", "sum", 2, a, b);
}

static struct spelling spelling_of(int form)
{
	return (struct spelling){ .take = (enum taking)(form % TAKINGS),
		.repeat = (enum repeating)(form / TAKINGS % REPEATINGS),
		.half = form / TAKINGS / REPEATINGS % 2,
		.commuted = form / TAKINGS / REPEATINGS / 2 };
}
enum { SPELLINGS = TAKINGS * REPEATINGS * 2 * 2 };

/* x cos + (-b, a) sin */
static void turned_sum(struct op_test *t, int form)
{
	const struct spelling s = spelling_of(form);
	struct value *x = pass_input(t, "f32[2,3,4,6]", 1), *a[2], *phase[2];

	take(t, &s, x, a);
	phases(t, &s, phase);
	struct value *turned = together(t, &s, pass_node(t, "Neg", "minus", 1, a[1]), a[0]);
	pass_output(t, summed(t, &s, multiplied(t, &s, x, phase[0]), multiplied(t, &s, turned, phase[1])));
}

START_TEST(sums)
{
	for (int form = 0; form < SPELLINGS; form++)
		pass_expect_recognized(turned_sum, form, "Rotary", 1, 1e-5);
}
END_TEST

/* (a cos - b sin, b cos + a sin), with phases that need no repetition. */
static void two_parts(struct op_test *t, int form)
{
	const struct spelling s = spelling_of(form);
	struct value *x = pass_input(t, "f32[2,3,4,6]", 1), *a[2];
	struct value *cos = pass_input(t, "f32[2,1,4,3]", 2), *sin = pass_input(t, "f32[2,1,4,3]", 3);

	take(t, &s, x, a);
	struct value *even = pass_node(t, "Sub", "even", 2, multiplied(t, &s, a[0], cos), multiplied(t, &s, a[1], sin));
	struct value *odd = summed(t, &s, multiplied(t, &s, a[1], cos), multiplied(t, &s, a[0], sin));
	pass_output(t, together(t, &s, even, odd));
}

START_TEST(parts)
{
	for (int form = 0; form < SPELLINGS; form++)
		if (spelling_of(form).repeat == REPEAT_CONCAT)
			pass_expect_recognized(two_parts, form, "Rotary", 1, 1e-5);
}
END_TEST

/* ---- other layouts */

/* Pairs that the input keeps in a dimension of its own, [2,4,3,3,2] (rows before heads). */
static void packed(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,4,3,3,2]", 1), *a = chosen(t, x, -1, 0), *b = chosen(t, x, 4, 1);
	struct value *cos = pass_input(t, "f32[2,4,1,3]", 2), *sin = pass_input(t, "f32[2,4,1,3]", 3);

	if (form) {
		struct value *turned = joined(t, -1, widened(t, pass_node(t, "Neg", "minus", 1, b), -1), widened(t, a, 4));
		struct value *left = pass_node(t, "Mul", "left", 2, x, widened(t, cos, -1));
		pass_output(
			t, pass_node(t, "Add", "sum", 2, left, pass_node(t, "Mul", "right", 2, turned, widened(t, sin, -1))));
		return;
	}
	struct value *even =
		pass_node(t, "Sub", "even", 2, pass_node(t, "Mul", "ac", 2, a, cos), pass_node(t, "Mul", "bs", 2, b, sin));
	struct value *odd =
		pass_node(t, "Add", "odd", 2, pass_node(t, "Mul", "bc", 2, b, cos), pass_node(t, "Mul", "as", 2, a, sin));
	pass_output(t, joined(t, 4, widened(t, even, 4), widened(t, odd, 4)));
}

/* Heads within the channels, [2,4,3*6], for each of which the phases are tiled. The second form tiles what is already
 * repeated for both channels of a pair. */
static void tiled_heads(struct op_test *t, int form)
{
	const struct spelling s = { .repeat = REPEAT_EXPAND };
	struct value *x = pass_input(t, "f32[2,4,18]", 1), *phase[2];
	struct value *pairs = pass_node(t, "Reshape", "pairs", 2, x, INTS(t, 2, 4, 9, 2));
	struct value *a = chosen(t, pairs, -1, 0), *b = chosen(t, pairs, -1, 1);
	struct value *turned = joined(t, 3, widened(t, pass_node(t, "Neg", "minus", 1, b), -1), widened(t, a, -1));

	for (int i = 0; i < 2; i++) {
		struct value *v = pass_input(t, "f32[2,4,3]", 2 + (uint32_t)i);
		v = form ? repeated(t, &s, v, 3) : pass_node(t, "Tile", "tiled", 2, v, INTS(t, 1, 1, 3));
		if (form)
			v = pass_node(t, "Tile", "tiled", 2, v, INTS(t, 1, 1, 3));
		else
			v = pass_node(t, "Reshape", "phases", 2,
				pass_node(t, "Expand", "twice", 2, widened(t, v, -1), INTS(t, 2, 4, 9, 2)), INTS(t, 2, 4, 18));
		phase[i] = v;
	}
	turned = pass_node(t, "Reshape", "turned", 2, turned, INTS(t, 2, 4, 18));
	pass_output(t, pass_node(t, "Add", "sum", 2, pass_node(t, "Mul", "left", 2, x, phase[0]),
					   pass_node(t, "Mul", "right", 2, turned, phase[1])));
}

/* Halves of dimension `axis` of x, without repetition of the phases, which have one element along it. */
static void halves(struct op_test *t, const char *shape, const char *phase, int axis)
{
	struct value *x = pass_input(t, shape, 1), *cos = pass_input(t, phase, 2), *sin = pass_input(t, phase, 3);
	struct node *split = op_node(t, "", "Split", 2, 1, pass_node(t, "Neg", "minus", 1, x));
	struct node *plain = op_node(t, "", "Split", 2, 1, x);

	for (int i = 0; i < 2; i++) {
		set_attribute_int(t->c, i ? split : plain, "axis", axis);
		set_attribute_int(t->c, i ? split : plain, "num_outputs", 2);
	}
	struct value *turned = joined(t, axis, split->out[1], plain->out[0]);
	pass_output(t, pass_node(t, "Add", "sum", 2, pass_node(t, "Mul", "left", 2, x, cos),
					   pass_node(t, "Mul", "right", 2, turned, sin)));
}

static void other_halves(struct op_test *t, int form)
{
	static const struct {
		const char *shape, *phase;
		int axis;
	} forms[] = { { "f32[2,6,5]", "f32[2,1,5]", 1 }, { "f32[6]", "f32[]", 0 }, { "f32[4,2]", "f32[4,1]", -1 },
		{ "f32[2,1,2,1,3,1,4]", "f32[3,1,1]", 6 }, { "f32[2,4,3]", "f32[1]", -2 } };

	halves(t, forms[form].shape, forms[form].phase, forms[form].axis);
}

static void most_dimensions(struct op_test *t, int form)
{
	(void)form;
	halves(t, "f32[2,1,2,1,3,1,1,4]", "f32[3,1,1,1]", 7);
}

START_TEST(layouts)
{
	for (int form = 0; form < 2; form++) {
		pass_expect_recognized(packed, form, "Rotary", 1, 1e-5);
		pass_expect_recognized(tiled_heads, form, "Rotary", 1, 1e-5);
	}
	for (int form = 0; form < 5; form++)
		pass_expect_recognized(other_halves, form, "Rotary", 1, 1e-5);
	/* The phases would need one more dimension than there are. */
	pass_expect_recognized(most_dimensions, 0, "Rotary", 0, 1e-5);
}
END_TEST

static void of_halves(struct op_test *t, int form)
{
	halves(t, form ? "bf16[2,4,6]" : "f16[2,4,6]", form ? "bf16[4,1]" : "f16[4,1]", 2);
}

static void of_doubles(struct op_test *t, int form)
{
	(void)form;
	halves(t, "f64[2,4,6]", "f64[4,1]", 2);
}

START_TEST(types)
{
	pass_expect_recognized(of_halves, 0, "Rotary", 1, 2e-3);
	pass_expect_recognized(of_halves, 1, "Rotary", 1, 2e-2);
	pass_expect_recognized(of_doubles, 0, "Rotary", 0, 1e-12);
	for (int form = 0; form < TAKINGS * REPEATINGS; form++) {
		struct op_test t = pass_compare_half(turned_sum, form, 5e-3);
		op_end(&t);
	}
}
END_TEST

/* ---- where it stands */

/* The rotation in a branch, of values that are computed before it; both branches, so that either runs. */
static void in_branch(struct op_test *t, int form)
{
	const struct spelling s = { .take = TAKE_SLICE, .half = true, .repeat = REPEAT_JOINED };
	struct value *x = pass_node(t, "Exp", "exp", 1, pass_input(t, "f32[2,3,4,6]", 1)), *a[2], *phase[2];
	struct value *c = op_input(t, "bool[1]", LIST(form));

	phases(t, &s, phase);
	take(t, &s, x, a);
	struct value *minus = pass_node(t, "Neg", "minus", 1, a[1]);
	struct graph *branch[2];
	for (int i = 0; i < 2; i++) {
		branch[i] = pass_open(t);
		struct value *turned = together(t, &s, minus, a[0]), *left = multiplied(t, &s, x, phase[i]);
		pass_output(t, summed(t, &s, left, multiplied(t, &s, turned, phase[!i])));
		pass_close(t);
	}
	op_output(t, pass_if(t, "choice", c, branch[0], branch[1]));
}

/* What lies within is read elsewhere, or an output, and is there as before. */
static void read_elsewhere(struct op_test *t, int form)
{
	const struct spelling s = { .take = (enum taking)form, .repeat = REPEAT_JOINED };
	struct value *x = pass_input(t, "f32[2,3,4,6]", 1), *a[2], *phase[2];

	take(t, &s, x, a);
	phases(t, &s, phase);
	struct value *turned = together(t, &s, pass_node(t, "Neg", "minus", 1, a[1]), a[0]);
	struct value *left = multiplied(t, &s, x, phase[0]), *right = multiplied(t, &s, turned, phase[1]);
	struct value *sum = summed(t, &s, left, right);
	pass_output(t, sum);
	pass_output(t, turned);
	pass_output(t, phase[1]);
	pass_output(t, pass_node(t, "Exp", "exp", 1, right));
	pass_output(t, pass_node(t, "Exp", "exp", 1, a[1]));
	/* What is rotated is rotated again. */
	take(t, &s, sum, a);
	turned = together(t, &s, pass_node(t, "Neg", "minus", 1, a[1]), a[0]);
	pass_output(t, summed(t, &s, multiplied(t, &s, sum, phase[0]), multiplied(t, &s, turned, phase[1])));
}

START_TEST(surroundings)
{
	for (int form = 0; form < 2; form++)
		pass_expect_recognized(in_branch, form, "Rotary", 2, 1e-5);
	for (int form = 0; form < TAKINGS; form++)
		pass_expect_recognized(read_elsewhere, form, "Rotary", 2, 1e-5);
}
END_TEST

/* ---- near misses */

enum {
	MISS_SIGN,
	MISS_OTHER_X,
	MISS_OWN_PHASES,
	MISS_OTHER_ORDER,
	MISS_SWAPPED,
	MISS_SAME_CHANNEL,
	MISS_DIFFERENCE,
	MISS_OTHER_SPLIT,
	MISSES
};

static void near_miss(struct op_test *t, int form)
{
	const struct spelling s = { .take = TAKE_SLICE };
	/* Halves repeat their phases one after the other, pairs of neighbours each for itself. */
	const struct spelling phase_s = { .repeat = REPEAT_TILE, .half = form == MISS_OTHER_ORDER };
	struct value *x = pass_input(t, "f32[2,3,4,6]", 1), *a[2], *phase[2];

	take(t, &s, form == MISS_OTHER_X ? pass_input(t, "f32[2,3,4,6]", 5) : x, a);
	phases(t, &phase_s, phase);
	if (form == MISS_OWN_PHASES)
		phase[1] = pass_input(t, "f32[2,1,4,6]", 6);
	struct value *minus = pass_node(t, "Neg", "minus", 1, a[form == MISS_SIGN ? 0 : 1]);
	struct value *plus = a[form == MISS_SAME_CHANNEL || form == MISS_SIGN ? 1 : 0];
	struct value *turned =
		form == MISS_SIGN || form == MISS_SWAPPED ? together(t, &s, plus, minus) : together(t, &s, minus, plus);
	if (form == MISS_OTHER_SPLIT)
		turned = pass_node(t, "Reshape", "cut", 2,
			joined(t, -1, pass_node(t, "Reshape", "row", 2, minus, INTS(t, 2, 3, 12)),
				pass_node(t, "Reshape", "row", 2, plus, INTS(t, 2, 3, 12))),
			INTS(t, 2, 3, 4, 6));
	pass_output(t, pass_node(t, form == MISS_DIFFERENCE ? "Sub" : "Add", "sum", 2, multiplied(t, &s, x, phase[0]),
					   multiplied(t, &s, turned, phase[1])));
}

/* Parts of different lengths, and three of them. */
static void uneven(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[4,6]", 1), *phase = pass_input(t, "f32[4,1]", 2);
	struct value *lengths = form ? INTS(t, 2, 2, 2) : INTS(t, 2, 4);
	struct node *split = op_node(t, "", "Split", 2 + form, 2, x, lengths);

	set_attribute_int(t->c, split, "axis", 1);
	struct value *minus = pass_node(t, "Neg", "minus", 1, split->out[1]);
	struct value *turned = form ? along(t, pass_node(t, "Concat", "join", 3, minus, split->out[0], split->out[2]), 1)
								: joined(t, 1, minus, split->out[0]);
	pass_output(t, pass_node(t, "Add", "sum", 2, pass_node(t, "Mul", "left", 2, x, phase),
					   pass_node(t, "Mul", "right", 2, turned, phase)));
}

START_TEST(near_misses)
{
	for (int form = 0; form < MISSES; form++)
		pass_expect_recognized(near_miss, form, "Rotary", 0, 1e-5);
	for (int form = 0; form < 2; form++)
		pass_expect_recognized(uneven, form, "Rotary", 0, 1e-5);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize rotary");
	TCase *c = tcase_create("recognize rotary");

	tcase_add_test(c, sums);
	tcase_add_test(c, parts);
	tcase_add_test(c, layouts);
	tcase_add_test(c, types);
	tcase_add_test(c, surroundings);
	tcase_add_test(c, near_misses);
	suite_add_tcase(s, c);
	return s;
}
