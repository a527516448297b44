/* Recognition of products whose channels are interleaved, [heads, d, q k v]: their columns are put in an order that
 * makes each part contiguous, and a Transpose takes the order's place. */
#include "pass_test.h"

enum {
	CHANNELS_SPLIT,
	CHANNELS_SPLIT_NEGATIVE,
	CHANNELS_GATHER,
	CHANNELS_SLICE,
	CHANNELS_TRANSPOSED,
	CHANNELS_TRANSPOSED_TWICE,
	CHANNELS_NO_BIAS,
	CHANNELS_PAIRS,
	CHANNELS_SPLIT_IN_BRANCH,
	CHANNELS_SHAPED_IN_BRANCH,
	CHANNELS_FORMS,
	/* Near misses: the columns stay. */
	CHANNELS_READ_TWICE = CHANNELS_FORMS,
	CHANNELS_IS_OUTPUT,
	CHANNELS_OTHER_AXIS,
	CHANNELS_WHOLE,
	CHANNELS_TURNED_OUTPUT,
	CHANNELS_AS_INDEX,
	CHANNELS_ROWS,
	CHANNELS_ONE_COLUMN,
	CHANNELS_SAME,
	CHANNELS_MANY,
	CHANNELS_ALL
};

/* A product, [2,2,columns], and its bias. */
static struct value *interleaved(struct op_test *t, int form)
{
	const char *weights = "f32[5,24]", *bias = "f32[24]";

	if (form == CHANNELS_ONE_COLUMN)
		weights = "f32[5,1]", bias = "f32[1]";
	if (form == CHANNELS_SAME)
		weights = "f32[5,3]", bias = "f32[3]";
	struct value *y =
		pass_node(t, "MatMul", "product", 2, pass_input(t, "f32[2,2,5]", 1), pass_constant(t, weights, 2));
	if (form == CHANNELS_NO_BIAS)
		return y;
	return pass_node(t, "Add", "sum", 2, y, pass_constant(t, bias, 3));
}

static struct value *shaped(struct op_test *t, int form, struct value *y)
{
	struct value *shape = INTS(t, 2, 2, 2, 4, 3);

	if (form == CHANNELS_PAIRS)
		shape = INTS(t, 2, 2, 2, 6, 2);
	if (form == CHANNELS_ROWS)
		/* The second dimension holds channels of two rows. */
		shape = INTS(t, 2, 16, 1, 1, 3);
	if (form == CHANNELS_ONE_COLUMN)
		shape = INTS(t, 1, 1, 1, 2, 2);
	if (form == CHANNELS_SAME)
		shape = INTS(t, 2, 2, 1, 1, 3);
	if (form == CHANNELS_MANY)
		shape = INTS(t, 2, 2, 2, 1, 12);
	return pass_node(t, "Reshape", "shaped", 2, y, shape);
}

static struct value *permuted(struct op_test *t, struct value *y, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e)
{
	y = pass_node(t, "Transpose", "turned", 1, y);
	SET_INTS(t, y->def, "perm", a, b, c, d, e);
	return y;
}

/* The parts of y along the axis, each an output. */
static void parts_of(struct op_test *t, struct value *y, int64_t axis, int parts)
{
	struct node *split = op_node(t, "", "Split", parts, 1, y);

	set_attribute_int(t->c, split, "axis", axis);
	set_attribute_int(t->c, split, "num_outputs", parts);
	for (int i = 0; i < parts; i++)
		pass_output(t, pass_node(t, "Neg", "part", 1, split->out[i]));
}

static void gather_parts(struct op_test *t, struct value *y)
{
	for (int i = 0; i < 3; i++) {
		struct value *part = pass_node(t, "Gather", "part", 2, y, op_constant(t, "i64[]", LIST(i)));
		set_attribute_int(t->c, part->def, "axis", 4);
		pass_output(t, part);
	}
}

static void take_apart(struct op_test *t, int form, struct value *y)
{
	switch (form) {
	case CHANNELS_GATHER:
		gather_parts(t, y);
		break;
	case CHANNELS_SLICE:
		pass_output(t, pass_node(t, "Slice", "part", 4, y, INTS(t, 1), INTS(t, 3), INTS(t, 4)));
		break;
	case CHANNELS_TRANSPOSED:
		parts_of(t, permuted(t, y, 4, 0, 2, 1, 3), 0, 3);
		break;
	case CHANNELS_TRANSPOSED_TWICE:
		parts_of(t, permuted(t, permuted(t, y, -1, 0, 2, 1, 3), 1, 2, 0, 3, 4), -3, 3);
		break;
	case CHANNELS_TURNED_OUTPUT:
		pass_output(t, permuted(t, y, 4, 0, 2, 1, 3));
		break;
	case CHANNELS_WHOLE:
		pass_output(t, pass_node(t, "Exp", "whole", 1, y));
		break;
	case CHANNELS_AS_INDEX:
		y = pass_node(t, "Cast", "places", 1, pass_node(t, "Abs", "size", 1, y));
		set_attribute_int(t->c, y->def, "to", 7);
		pass_output(t, pass_node(t, "Gather", "chosen", 2, pass_input(t, "f32[9]", 4), y));
		break;
	case CHANNELS_OTHER_AXIS:
		parts_of(t, y, 2, 2);
		break;
	default:
		parts_of(t, y, form == CHANNELS_SPLIT_NEGATIVE || form == CHANNELS_MANY ? -1 : 4,
			form == CHANNELS_PAIRS || form == CHANNELS_ONE_COLUMN ? 2 : 3);
	}
}

/* One branch takes y, a product or its new shape, apart; the other returns as much of something else. */
static void branches(struct op_test *t, int form, struct value *y)
{
	struct value *c = op_input(t, "bool[1]", LIST(1)), *other = pass_input(t, "f32[2,2,2,4,1]", 5);
	struct graph *a = pass_open(t);

	take_apart(t, form, form == CHANNELS_SHAPED_IN_BRANCH ? shaped(t, form, y) : y);
	pass_close(t);
	struct graph *b = pass_open(t);
	for (int i = 0; i < 3; i++)
		pass_output(t, pass_node(t, "Neg", "other", 1, other));
	pass_close(t);
	op_output(t, pass_if(t, "choice", c, a, b));
}

static void channels(struct op_test *t, int form)
{
	struct value *product = interleaved(t, form), *y = product;

	if (form != CHANNELS_SHAPED_IN_BRANCH)
		y = shaped(t, form, product);
	if (form == CHANNELS_SHAPED_IN_BRANCH || form == CHANNELS_SPLIT_IN_BRANCH)
		branches(t, form, y);
	else
		take_apart(t, form, y);
	if (form == CHANNELS_READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "exp", 1, product));
	if (form == CHANNELS_IS_OUTPUT)
		pass_output(t, y);
}

START_TEST(interleaved_channels)
{
	for (int form = 0; form < CHANNELS_ALL; form++) {
		struct op_test t = pass_begin();
		channels(&t, form);
		pass_infer(&t);
		int before = pass_count(t.g, "", "Transpose");
		pass_apply(&t, recognize);
		int added = pass_count(t.g, "", "Transpose") - before;
		ck_assert_msg(added == (form < CHANNELS_FORMS), "form %d: %d Transposes", form, added);
		op_end(&t);
		t = pass_compare(channels, form, 1e-5);
		op_end(&t);
	}
}
END_TEST

/* Two products of one matrix, of which one is taken apart: the other keeps its columns. */
static void shared_weights(struct op_test *t, int form)
{
	struct value *w = pass_constant(t, "f32[5,24]", 2);

	for (int i = 0; i < 2; i++) {
		struct value *y = pass_node(t, "MatMul", "product", 2, pass_input(t, "f32[2,2,5]", 3 + (uint32_t)i), w);
		if (i == form)
			take_apart(t, CHANNELS_SPLIT, shaped(t, CHANNELS_SPLIT, y));
		else
			pass_output(t, pass_node(t, "Exp", "exp", 1, y));
	}
}

static void half_weights(struct op_test *t, int form)
{
	struct value *y =
		pass_node(t, "MatMul", "product", 2, pass_input(t, "f16[2,2,5]", 1), pass_constant(t, "f16[5,24]", 2));

	take_apart(t, form, shaped(t, form, pass_node(t, "Add", "sum", 2, y, pass_constant(t, "f16[1,24]", 3))));
}

START_TEST(weights)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_compare(shared_weights, form, 1e-5);
		op_end(&t);
	}
	struct op_test t = pass_compare(half_weights, CHANNELS_GATHER, 5e-3);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize channels");
	TCase *c = tcase_create("recognize channels");

	tcase_add_test(c, interleaved_channels);
	tcase_add_test(c, weights);
	suite_add_tcase(s, c);
	return s;
}
