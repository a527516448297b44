/* Which convolutions Winograd's method takes, and which of them take the one before them along. */
#include "pass_test.h"

/* ---- one convolution */

enum {
	TAKEN,
	WITHOUT_BIAS,
	UNEVEN_PADS,
	TWO_PICTURES,
	/* Not taken. */
	STRIDED,
	DILATED,
	GROUPED,
	FIVE_TAPS,
	FEW_CHANNELS,
	FEW_FILTERS,
	SMALL_PICTURE
};

static void single(struct op_test *t, int form)
{
	const char *picture = form == FEW_CHANNELS ? "f32[1,12,24,24]" : "f32[1,16,24,24]", *weights = "f32[20,16,3,3]";

	if (form == TWO_PICTURES || form == SMALL_PICTURE)
		picture = form == TWO_PICTURES ? "f32[2,16,24,24]" : "f32[1,16,20,24]";
	if (form == GROUPED || form == FIVE_TAPS)
		weights = form == GROUPED ? "f32[32,8,3,3]" : "f32[20,16,5,5]";
	if (form == FEW_CHANNELS || form == FEW_FILTERS)
		weights = form == FEW_CHANNELS ? "f32[20,12,3,3]" : "f32[12,16,3,3]";
	struct value *x = pass_input(t, picture, 1), *w = pass_constant(t, weights, 2), *y;
	if (form == WITHOUT_BIAS)
		y = pass_node(t, "Conv", "conv", 2, x, w);
	else
		y = pass_node(t, "Conv", "conv", 3, x, w,
			pass_constant(t,
				form == GROUPED       ? "f32[32]"
				: form == FEW_FILTERS ? "f32[12]"
									  : "f32[20]",
				3));
	if (form == UNEVEN_PADS)
		SET_INTS(t, y->def, "pads", 2, 0, 1, 3);
	else
		SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	if (form == STRIDED)
		SET_INTS(t, y->def, "strides", 1, 2);
	if (form == DILATED)
		SET_INTS(t, y->def, "dilations", 2, 1);
	set_attribute_int(t->c, y->def, "group", form == GROUPED ? 2 : 1);
	pass_output(t, pass_node(t, "Relu", "act", 1, y));
}

START_TEST(taken_and_not)
{
	for (int form = TAKEN; form <= SMALL_PICTURE; form++) {
		struct op_test t = pass_compare(single, form, 5e-5);
		ck_assert_msg(pass_calls(t.program->main, "winograd") == (form < STRIDED), "form %d", form);
		op_end(&t);
	}
}
END_TEST

/* ---- two of them */

enum {
	PAIR,
	PAIR_POOLED,
	PAIR_WITHOUT_BIAS,
	PAIR_OF_COLOURS,
	PAIR_SIGMOID,
	/* The first one stays. */
	MANY_CHANNELS,
	WITHOUT_PADDING,
	READ_TWICE,
	FIRST_POOLED,
	FIRST_FIVE_TAPS,
	SECOND_STRIDED
};

static struct value *first(struct op_test *t, int form)
{
	int channels = form == MANY_CHANNELS ? 9 : form == PAIR_OF_COLOURS ? 3 : 1;
	static const char *const pictures[] = { [1] = "f32[1,1,31,34]", [3] = "f32[1,3,31,34]", [9] = "f32[1,9,31,34]" };
	static const char *const weights[] = { [1] = "f32[18,1,3,3]", [3] = "f32[18,3,3,3]", [9] = "f32[18,9,3,3]" };
	const char *w = form == FIRST_FIVE_TAPS ? "f32[18,1,5,5]" : weights[channels];
	struct value *x = pass_input(t, pictures[channels], 1), *y;

	if (form == PAIR_WITHOUT_BIAS)
		y = pass_node(t, "Conv", "first", 2, x, pass_constant(t, w, 2));
	else
		y = pass_node(t, "Conv", "first", 3, x, pass_constant(t, w, 2), pass_constant(t, "f32[18]", 3));
	if (form == FIRST_FIVE_TAPS)
		SET_INTS(t, y->def, "pads", 2, 2, 2, 2);
	else if (form != WITHOUT_PADDING)
		SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	y = pass_node(t, form == PAIR_SIGMOID ? "Sigmoid" : "Relu", "first_act", 1, y);
	if (form != FIRST_POOLED)
		return y;
	y = pass_node(t, "MaxPool", "first_pool", 1, y);
	SET_INTS(t, y->def, "kernel_shape", 2, 2);
	SET_INTS(t, y->def, "strides", 2, 2);
	return y;
}

static void pair(struct op_test *t, int form)
{
	struct value *x = first(t, form);
	struct value *y = form == PAIR_WITHOUT_BIAS
						  ? pass_node(t, "Conv", "second", 2, x, pass_constant(t, "f32[20,18,3,3]", 4))
						  : pass_node(t, "Conv", "second", 3, x, pass_constant(t, "f32[20,18,3,3]", 4),
								pass_constant(t, "f32[20]", 5));

	if (form == READ_TWICE)
		pass_output(t, pass_node(t, "Softmax", "other", 1, x));
	SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	if (form == SECOND_STRIDED)
		SET_INTS(t, y->def, "strides", 2, 2);
	y = pass_node(t, "Relu", "act", 1, y);
	if (form == PAIR_POOLED) {
		y = pass_node(t, "MaxPool", "pool", 1, y);
		SET_INTS(t, y->def, "kernel_shape", 2, 2);
		SET_INTS(t, y->def, "strides", 2, 2);
	}
	pass_output(t, y);
}

static void expect_pairs(struct op_test (*compare)(void (*)(struct op_test *, int), int, double), double tolerance)
{
	for (int form = PAIR; form <= SECOND_STRIDED; form++) {
		struct op_test t = compare(pair, form, tolerance);
		int convolutions = pass_calls(t.program->main, "winograd") + pass_calls(t.program->main, "conv2d");
		ck_assert_msg(convolutions == 1 + (form >= MANY_CHANNELS), "form %d: %d convolutions", form, convolutions);
		op_end(&t);
	}
}

START_TEST(pairs)
{
	expect_pairs(pass_compare, 1e-4);
}
END_TEST

START_TEST(pairs_in_half)
{
	expect_pairs(pass_compare_half, 2e-2);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("winograd");
	TCase *t = tcase_create("winograd");

	tcase_add_test(t, taken_and_not);
	tcase_add_test(t, pairs);
	tcase_add_test(t, pairs_in_half);
	suite_add_tcase(s, t);
	return s;
}
