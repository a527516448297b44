/* Recognition of what SuperPoint's detector head does with its picture: heat map and suppression, in the
 * spellings of many exporters, and what only looks like them. */
#include "pass_test.h"

/* ---- heat map */

enum {
	HEAT_PLAIN,
	HEAT_NEGATIVE_END,
	HEAT_CRD, /* with one output channel it is the same */
	HEAT_SPLIT,
	HEAT_GATHER,
	HEAT_RESHAPED,
	HEAT_CHANNELS_LAST,
	HEAT_SOFTMAX_LAST,
	HEAT_ONE_PICTURE,
	HEAT_LATE_DROP,
	HEAT_FORMS,
	/* Near misses. */
	HEAT_FIRST_DROPPED = HEAT_FORMS,
	HEAT_OTHER_AXIS,
	HEAT_OLD_SOFTMAX,
	HEAT_ALSO_CROPPED,
	HEAT_OTHER_GATHER,
	HEAT_CELLS_TURNED,
	HEAT_PICTURE_TURNED,
	HEAT_OTHER_CELL,
	HEAT_ALL
};

/* The first four of five channels. */
static struct value *first_channels(struct op_test *t, int form, struct value *p, int axis)
{
	bool cropped = form == HEAT_ALSO_CROPPED;
	struct value *start = form == HEAT_FIRST_DROPPED ? INTS(t, 1) : cropped ? INTS(t, 0, 0) : INTS(t, 0);
	struct value *end = form == HEAT_FIRST_DROPPED ? INTS(t, 5)
						: cropped                  ? INTS(t, 4, 3)
												   : INTS(t, form == HEAT_NEGATIVE_END ? -1 : 4);

	if (form == HEAT_SPLIT) {
		struct node *split = op_node(t, "", "Split", 2, 2, p, INTS(t, 4, 1));
		set_attribute_int(t->c, split, "axis", axis);
		return split->out[0];
	}
	if (form == HEAT_GATHER || form == HEAT_OTHER_GATHER) {
		struct value *y =
			pass_node(t, "Gather", "points", 2, p, form == HEAT_GATHER ? INTS(t, 0, 1, 2, 3) : INTS(t, 0, 2, 1, 3));
		set_attribute_int(t->c, y->def, "axis", axis);
		return y;
	}
	return pass_node(t, "Slice", "points", 4, p, start, end, cropped ? INTS(t, 1, 3) : INTS(t, axis));
}

static struct value *turned(struct op_test *t, struct value *x, int rank, const int64_t *perm)
{
	struct value *y = pass_node(t, "Transpose", "turned", 1, x);

	op_set_ints(t, y->def, "perm", rank, perm);
	return y;
}
#define TURNED(t, x, ...) turned(t, x, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })

/* 4 channels of 3 x 4 cells to a picture of 6 x 8, without DepthToSpace. */
static struct value *unfolded(struct op_test *t, int form, struct value *points)
{
	struct value *y;

	if (form == HEAT_CHANNELS_LAST || form == HEAT_SOFTMAX_LAST) {
		if (form == HEAT_CHANNELS_LAST)
			points = TURNED(t, points, 0, 2, 3, 1);
		y = TURNED(t, pass_node(t, "Reshape", "cells", 2, points, INTS(t, 2, 3, 4, 2, 2)), 0, 1, 3, 2, 4);
		return pass_node(t, "Unsqueeze", "y", 2, pass_node(t, "Reshape", "rows", 2, y, INTS(t, 2, 6, 8)), INTS(t, 1));
	}
	y = pass_node(t, "Reshape", "cells", 2, points, INTS(t, 2, 2, 2, 3, 4));
	if (form == HEAT_CELLS_TURNED)
		y = TURNED(t, y, 0, 3, 2, 4, 1);
	else if (form == HEAT_PICTURE_TURNED)
		y = TURNED(t, y, 0, 4, 2, 3, 1);
	else
		y = TURNED(t, y, 0, 3, 1, 4, 2);
	return pass_node(t, "Reshape", "y", 2, y, INTS(t, 2, 6, 8));
}

static void heat_map(struct op_test *t, int form)
{
	bool one = form == HEAT_ONE_PICTURE, last = form == HEAT_SOFTMAX_LAST;
	struct value *x = pass_input(t, one ? "f32[5,3,4]" : form == HEAT_OTHER_CELL ? "f32[2,10,3,4]" : "f32[2,5,3,4]", 1);
	struct value *p = pass_node(t, "Softmax", "softmax", 1, last ? TURNED(t, x, 0, 2, 3, 1) : x), *y;

	set_attribute_int(t->c, p->def, "axis", form == HEAT_OTHER_AXIS ? 2 : one ? 0 : last ? -1 : 1);
	if (form == HEAT_OLD_SOFTMAX)
		p->def->version = 11;
	if (form == HEAT_LATE_DROP) {
		/* Unfolded with the fifth channel behind the four of every cell. */
		y = pass_node(t, "Slice", "points", 4, TURNED(t, p, 0, 2, 3, 1), INTS(t, 0), INTS(t, 4), INTS(t, 3));
		pass_output(t, unfolded(t, HEAT_SOFTMAX_LAST, y));
		return;
	}
	struct value *points = first_channels(t, form, p, one ? 0 : last ? 3 : 1);
	if (one)
		points = pass_node(t, "Unsqueeze", "pictures", 2, points, INTS(t, 0));
	if ((form >= HEAT_RESHAPED && form <= HEAT_SOFTMAX_LAST) || form == HEAT_CELLS_TURNED ||
		form == HEAT_PICTURE_TURNED) {
		pass_output(t, unfolded(t, form, points));
		return;
	}
	y = pass_node(t, "DepthToSpace", "y", 1, points);
	set_attribute_int(t->c, y->def, "blocksize", 2);
	if (form == HEAT_CRD)
		set_attribute_string(t->c, y->def, "mode", "CRD");
	pass_output(t, y);
}

START_TEST(heat_maps)
{
	for (int form = 0; form < HEAT_ALL; form++) {
		pass_expect_recognized(heat_map, form, "HeatMap", form < HEAT_FORMS, 1e-6);
		struct op_test t = pass_compare_half(heat_map, form, 1e-3);
		op_end(&t);
	}
}
END_TEST

/* ---- suppression */

enum {
	NMS_ROUNDS_0,
	NMS_ROUNDS_1,
	NMS_ROUNDS_2,
	NMS_COMMUTED,
	NMS_CAST,
	NMS_EQUAL_ZERO,
	NMS_LESS,
	NMS_FAR,
	NMS_NUMBER_BY_WHERE,
	NMS_MANY_ZEROS,
	NMS_EXPANDED_ZERO, /* a picture so large that its zeros are not folded */
	NMS_SHAPED_ZERO,
	NMS_SQUEEZED,
	NMS_INEQUALITY,
	NMS_EXCHANGED,
	NMS_TWO_CHANNELS,
	NMS_HALF,
	NMS_FORMS,
	/* Near misses. */
	NMS_OTHER_WINDOW = NMS_FORMS,
	NMS_OTHER_STRIDE,
	NMS_EVEN_WINDOW,
	NMS_OTHER_FILL,
	NMS_OTHER_SCORES,
	NMS_BROADCAST_FILL,
	NMS_NO_MASK,
	NMS_OTHER_THRESHOLD,
	NMS_WRONG_SIDE,
	NMS_WRONG_INEQUALITY,
	NMS_REST_OF_OTHER,
	NMS_OTHER_NUMBER,
	NMS_DOUBLE,
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

static struct value *cast(struct op_test *t, struct value *x, enum rt_type type)
{
	struct value *y = pass_node(t, "Cast", "cast", 1, x);

	set_attribute_int(t->c, y->def, "to", type);
	return y;
}

/* x is as large as the maximum around it. With NMS_SQUEEZED the pool has dimensions of its own. */
static struct value *peaks(struct op_test *t, int form, struct value *x)
{
	struct value *pool;
	int kernel = form == NMS_EVEN_WINDOW ? 2 : 3;

	if (form == NMS_SQUEEZED)
		pool = pass_node(
			t, "Squeeze", "pooled", 2, pooled(t, pass_node(t, "Unsqueeze", "wide", 2, x, INTS(t, 0)), 3), INTS(t, 0));
	else
		pool = pooled(t, x, kernel);
	if (form == NMS_OTHER_STRIDE) {
		SET_INTS(t, pool->def, "dilations", 2, 2);
		SET_INTS(t, pool->def, "pads", 2, 2, 2, 2);
	}
	if (form == NMS_INEQUALITY)
		return pass_node(t, "GreaterOrEqual", "peak", 2, x, pool);
	if (form == NMS_WRONG_INEQUALITY)
		return pass_node(t, "LessOrEqual", "peak", 2, x, pool);
	return either_way(t, "Equal", form == NMS_COMMUTED, x, pool);
}

/* The maxima of the condition's squares as a condition; *far: as its opposite. */
static struct value *spread(struct op_test *t, int form, struct value *keep, struct value *zero, bool *far)
{
	struct value *one = value_float(t->c, "one", 1), *half = value_float(t->c, "half", 0.5f), *number, *pool;

	number = cast(t, keep, form == NMS_HALF ? RT_F16 : form == NMS_DOUBLE ? RT_F64 : RT_F32);
	if (form == NMS_NUMBER_BY_WHERE)
		number = pass_node(t, "Where", "number", 3, keep, one, zero);
	if (form == NMS_OTHER_NUMBER)
		number = pass_node(t, "Where", "number", 3, keep, zero, one);
	if (form == NMS_SQUEEZED)
		number = pass_node(t, "Unsqueeze", "wide", 2, number, INTS(t, 0));
	pool = pooled(t, number, form == NMS_OTHER_WINDOW ? 5 : 3);
	if (form == NMS_SQUEEZED)
		pool = pass_node(t, "Squeeze", "narrow", 2, pool, INTS(t, 0));
	*far = form == NMS_EQUAL_ZERO || form == NMS_FAR;
	if (form == NMS_CAST || form == NMS_HALF || form == NMS_DOUBLE)
		return cast(t, pool, RT_BOOL);
	if (form == NMS_EQUAL_ZERO)
		return pass_node(t, "Equal", "far", 2, zero, pool);
	if (form == NMS_FAR)
		return pass_node(t, "Less", "far", 2, pool, half);
	if (form == NMS_LESS)
		return pass_node(t, "Less", "near", 2, half, pool);
	if (form == NMS_OTHER_THRESHOLD)
		return pass_node(t, "Greater", "near", 2, pool, one);
	return pass_node(t, "Greater", "near", 2, pool, zero);
}

/* One more round: the maxima of what is not near a kept point. */
static struct value *next_round(struct op_test *t, int form, struct value *keep, struct value *s, struct value *zero)
{
	bool commuted = form == NMS_COMMUTED, far;
	struct value *near = spread(t, form, keep, zero, &far), *opposite = pass_node(t, "Not", "opposite", 1, near);
	struct value *scores = form == NMS_REST_OF_OTHER ? pass_node(t, "Abs", "absolute", 1, s) : s;
	struct value *rest = far != (form == NMS_WRONG_SIDE) ? pass_node(t, "Where", "rest", 3, near, scores, zero)
														 : pass_node(t, "Where", "rest", 3, near, zero, scores);
	struct value *peak = peaks(t, form, rest);

	if (form != NMS_NO_MASK)
		peak = either_way(t, "And", commuted, peak, far ? near : opposite);
	return either_way(t, "Or", commuted, keep, peak);
}

static const char *nms_shape(int form)
{
	switch (form) {
	case NMS_TWO_CHANNELS:
		return "f32[1,2,8,9]";
	case NMS_SQUEEZED:
		return "f32[2,8,9]";
	case NMS_EXPANDED_ZERO:
	case NMS_SHAPED_ZERO:
		return "f32[1,1,514,512]";
	default:
		return "f32[1,1,8,9]";
	}
}

/* None for the large pictures, which would take long. */
static int rounds_of(int form)
{
	if (form == NMS_ROUNDS_0 || form == NMS_EXPANDED_ZERO || form == NMS_SHAPED_ZERO)
		return 0;
	return form == NMS_ROUNDS_2 ? 2 : 1;
}

static void nms(struct op_test *t, int form)
{
	int rounds = rounds_of(form);
	const char *shape = nms_shape(form);
	struct value *s = pass_input(t, shape, 1), *zero = value_float(t->c, "zero", 0), *fill;

	if (form == NMS_HALF || form == NMS_DOUBLE) {
		s = cast(t, s, form == NMS_HALF ? RT_F16 : RT_F64);
		zero = op_constant(t, form == NMS_HALF ? "f16[1]" : "f64[1]", LIST(0));
	}
	if (form == NMS_MANY_ZEROS)
		zero = pass_node(t, "Expand", "zeros", 2, zero, INTS(t, 1, 1, 8, 9));
	fill = zero;
	if (form == NMS_EXPANDED_ZERO)
		fill = pass_node(t, "Expand", "zeros", 2, zero, INTS(t, 1, 1, 514, 512));
	if (form == NMS_SHAPED_ZERO)
		fill = pass_node(t, "ConstantOfShape", "zeros", 1, INTS(t, 1, 1, 514, 512));
	struct value *keep = peaks(t, form, s);
	for (int i = 0; i < rounds; i++)
		keep = next_round(t, form, keep, s, zero);
	if (form == NMS_OTHER_FILL)
		fill = value_float(t->c, "one", 1);
	if (form == NMS_BROADCAST_FILL)
		fill = op_constant(t, "f32[2,1,1,1]", LIST(0, 0));
	if (form == NMS_OTHER_SCORES)
		s = pass_node(t, "Neg", "negative", 1, s);
	if (form == NMS_EXCHANGED)
		pass_output(t, pass_node(t, "Where", "kept", 3, pass_node(t, "Not", "dropped", 1, keep), fill, s));
	else
		pass_output(t, pass_node(t, "Where", "kept", 3, keep, s, fill));
}

START_TEST(suppressions)
{
	for (int form = 0; form < NMS_ALL; form++) {
		pass_expect_recognized(nms, form, "Nms", form < NMS_FORMS, 0);
		struct op_test t = pass_begin();
		nms(&t, form);
		pass_infer(&t);
		pass_apply(&t, recognize);
		if (form < NMS_FORMS) {
			struct node *n = pass_value(t.g, "kept")->def;
			n = is_op(n, "Reshape") ? n->in[0]->def : n;
			ck_assert_int_eq(attribute_int(t.c, n, "rounds", -1), rounds_of(form));
			ck_assert_int_eq(pass_count(t.g, "", "MaxPool"), 0);
		}
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_picture");
	TCase *c = tcase_create("recognize_picture");

	tcase_set_timeout(c, 60);

	tcase_add_test(c, heat_maps);
	tcase_add_test(c, suppressions);
	suite_add_tcase(s, c);
	return s;
}
