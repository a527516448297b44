/* Recognition of what networks are made of: each pattern in the forms in which it is written, forms that only look like
 * it, and the same numbers with and without. */
#include "pass_test.h"

/* ---- rotary */

enum {
	ROTARY_PLAIN,
	ROTARY_COMMUTED,
	ROTARY_PHASE_PER_HEAD,
	ROTARY_SHORT_PHASE,
	ROTARY_OTHER_PAIRS,
	ROTARY_OTHER_SHAPE,
	ROTARY_FORMS,
	/* Near misses. */
	ROTARY_OTHER_SIGN = ROTARY_FORMS,
	ROTARY_OTHER_PHASE,
	ROTARY_SAME_HALVES,
	ROTARY_ALL
};

static struct value *product(struct op_test *t, int form, struct value *a, struct value *b)
{
	return form == ROTARY_COMMUTED ? pass_node(t, "Mul", "product", 2, b, a) : pass_node(t, "Mul", "product", 2, a, b);
}

static const char *phase_shape(int form)
{
	switch (form) {
	case ROTARY_PHASE_PER_HEAD:
		return "f32[1,2,3,2,1]";
	case ROTARY_SHORT_PHASE:
		return "f32[1,3,2,1]";
	case ROTARY_OTHER_PAIRS:
		return "f32[1,1,3,1,2]";
	default:
		return "f32[1,1,3,2,1]";
	}
}

static void rotary(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,2,3,4]", 1);
	struct value *cos = pass_input(t, phase_shape(form), 2), *sin = pass_input(t, phase_shape(form), 3);
	struct value *sin2 = form == ROTARY_OTHER_PHASE ? pass_input(t, phase_shape(form), 4) : sin;
	struct value *pairs = pass_node(t, "Reshape", "pairs", 2, x, INTS(t, 2, 2, 3, 2, 2));
	struct node *split = op_node(t, "", "Split", 2, 1, pairs);

	set_attribute_int(t->c, split, "axis", form == ROTARY_OTHER_PAIRS ? 3 : -1);
	set_attribute_int(t->c, split, "num_outputs", 2);
	split->out[0]->name = "a";
	split->out[1]->name = "b";
	struct value *a = split->out[0], *b = split->out[1];
	struct value *even = pass_node(t, form == ROTARY_OTHER_SIGN ? "Add" : "Sub", "even", 2, product(t, form, a, cos),
		product(t, form, form == ROTARY_SAME_HALVES ? a : b, sin));
	struct value *c = product(t, form, b, cos), *d = product(t, form, a, sin2);
	struct value *odd =
		form == ROTARY_COMMUTED ? pass_node(t, "Add", "odd", 2, d, c) : pass_node(t, "Add", "odd", 2, c, d);
	struct value *join = pass_node(t, "Concat", "join", 2, even, odd);
	set_attribute_int(t->c, join->def, "axis", form == ROTARY_OTHER_PAIRS ? 3 : -1);
	pass_output(t,
		pass_node(t, "Reshape", "y", 2, join, form == ROTARY_OTHER_SHAPE ? INTS(t, 2, 2, 4, 3) : INTS(t, 2, 2, 3, 4)));
}

START_TEST(rotations)
{
	for (int form = 0; form < ROTARY_ALL; form++)
		pass_expect_recognized(rotary, form, "Rotary", form < ROTARY_FORMS, 1e-5);
}
END_TEST

/* ---- L2 normalisation */

enum {
	L2_PLAIN,
	L2_MAX,
	L2_MAX_LEFT,
	L2_CLIP,
	L2_CLIP_BOTH,
	L2_UNSQUEEZE,
	L2_EXPAND,
	L2_NO_FLOOR,
	L2_ROOT_OF_PRODUCTS,
	L2_POWERS,
	L2_SUM_OF_SQUARES,
	L2_RECIPROCAL,
	L2_RECIPROCAL_LEFT,
	L2_FORMS,
	/* Near misses. */
	L2_OTHER_INPUT = L2_FORMS,
	L2_TWO_AXES,
	L2_UPPER_BOUND,
	L2_NEGATIVE_FLOOR,
	L2_FLOOR_OF_ROWS,
	L2_WRONG_UNSQUEEZE,
	L2_WRONG_EXPAND,
	L2_L1,
	L2_EXCHANGED,
	L2_CUBES,
	L2_CUBE_ROOT,
	L2_OTHER_PRODUCTS,
	L2_NO_ROOT,
	L2_OTHER_RECIPROCAL,
	L2_ALL
};

static struct value *floored(struct op_test *t, int form, struct value *norm)
{
	struct value *floor = value_float(t->c, "floor", form == L2_NEGATIVE_FLOOR ? -1 : 0.5f);

	switch (form) {
	case L2_MAX:
	case L2_NEGATIVE_FLOOR:
		return pass_node(t, "Max", "bound", 2, norm, floor);
	case L2_NO_FLOOR:
		return pass_node(t, "Max", "bound", 2, norm, value_float(t->c, "none", 0));
	case L2_MAX_LEFT:
		return pass_node(t, "Max", "bound", 2, floor, norm);
	case L2_CLIP:
		return pass_node(t, "Clip", "bound", 2, norm, floor);
	case L2_CLIP_BOTH:
		return pass_node(t, "Clip", "bound", 3, norm, floor, value_float(t->c, "most", INFINITY));
	case L2_UPPER_BOUND:
		return pass_node(t, "Clip", "bound", 3, norm, floor, value_float(t->c, "most", 1));
	case L2_FLOOR_OF_ROWS:
		return pass_node(t, "Max", "bound", 2, norm, pass_constant(t, "f32[3,1]", 5));
	case L2_UNSQUEEZE:
		return pass_node(t, "Unsqueeze", "wider", 2, norm, INTS(t, 1));
	case L2_WRONG_UNSQUEEZE:
		return pass_node(t, "Unsqueeze", "wider", 2, norm, INTS(t, 0));
	case L2_EXPAND:
	case L2_WRONG_EXPAND:
		return pass_node(t, "Expand", "wider", 2, norm, INTS(t, 3, 3));
	default:
		return norm;
	}
}

static struct value *power(struct op_test *t, struct value *x, float exponent)
{
	return pass_node(t, "Pow", "power", 2, x, value_float(t->c, "exponent", exponent));
}

/* The sum of x's squares, or something like it, before its root. */
static struct value *sum_of_squares(struct op_test *t, int form, struct value *x, struct value *other)
{
	struct value *axes = form == L2_TWO_AXES ? INTS(t, 0, 1) : INTS(t, 1);

	switch (form) {
	case L2_ROOT_OF_PRODUCTS:
	case L2_CUBE_ROOT:
	case L2_NO_ROOT:
		return pass_node(t, "ReduceSum", "norm", 2, pass_node(t, "Mul", "squares", 2, x, x), axes);
	case L2_OTHER_PRODUCTS:
		return pass_node(t, "ReduceSum", "norm", 2,
			pass_node(t, "Abs", "positive", 1, pass_node(t, "Mul", "squares", 2, x, other)), axes);
	case L2_POWERS:
		return pass_node(t, "ReduceSum", "norm", 2, power(t, pass_node(t, "Abs", "positive", 1, x), 2), axes);
	case L2_CUBES:
		return pass_node(t, "ReduceSum", "norm", 2, power(t, pass_node(t, "Abs", "positive", 1, x), 3), axes);
	case L2_SUM_OF_SQUARES:
		return pass_node(t, "ReduceSumSquare", "norm", 2, x, axes);
	default:
		return pass_node(
			t, form == L2_L1 ? "ReduceL1" : "ReduceL2", "norm", 2, form == L2_OTHER_INPUT ? other : x, axes);
	}
}

static struct value *root(struct op_test *t, int form, struct value *sum)
{
	if (form == L2_POWERS || form == L2_CUBE_ROOT)
		return power(t, sum, form == L2_POWERS ? 0.5f : 0.25f);
	if (form == L2_ROOT_OF_PRODUCTS || form == L2_OTHER_PRODUCTS || form == L2_CUBES || form == L2_SUM_OF_SQUARES)
		return pass_node(t, "Sqrt", "root", 1, sum);
	return sum;
}

/* A square, so that nothing but the axis tells rows from columns. */
static void l2_norm(struct op_test *t, int form)
{
	bool drops = form == L2_UNSQUEEZE || form == L2_WRONG_UNSQUEEZE || form == L2_WRONG_EXPAND;
	struct value *x = pass_input(t, "f32[3,3]", 1), *other = pass_input(t, "f32[3,3]", 2);
	struct value *sum = sum_of_squares(t, form, x, other);

	set_attribute_int(t->c, sum->def, "keepdims", !drops);
	struct value *divisor = floored(t, form, root(t, form, sum)), *inverse;
	switch (form) {
	case L2_EXCHANGED:
		pass_output(t, pass_node(t, "Div", "y", 2, divisor, x));
		break;
	case L2_RECIPROCAL:
	case L2_RECIPROCAL_LEFT:
	case L2_OTHER_RECIPROCAL:
		inverse = pass_node(t, "Reciprocal", "inverse", 1, divisor);
		if (form == L2_RECIPROCAL_LEFT)
			pass_output(t, pass_node(t, "Mul", "y", 2, inverse, x));
		else
			pass_output(t, pass_node(t, "Mul", "y", 2, form == L2_RECIPROCAL ? x : other, inverse));
		break;
	default:
		pass_output(t, pass_node(t, "Div", "y", 2, x, divisor));
	}
}

START_TEST(l2_norms)
{
	for (int form = 0; form < L2_ALL; form++)
		pass_expect_recognized(l2_norm, form, "L2Norm", form < L2_FORMS, 1e-5);
}
END_TEST

/* ---- layer normalisation */

enum {
	NORM_PLAIN,
	NORM_LAST_AXIS,
	NORM_NO_BIAS,
	NORM_ONE_BIAS,
	NORM_FORMS,
	/* Near misses. */
	NORM_TWO_AXES = NORM_FORMS,
	NORM_INPUT_SCALE,
	NORM_INPUT_BIAS,
	NORM_MEAN_READ,
	NORM_ALL
};

static void layer_norm(struct op_test *t, int form)
{
	bool two = form == NORM_TWO_AXES;
	struct value *x = pass_input(t, "f32[2,3,4]", 1);
	struct value *scale =
		form == NORM_INPUT_SCALE ? pass_input(t, "f32[4]", 2) : pass_constant(t, two ? "f32[3,4]" : "f32[4]", 2);
	struct value *bias = form == NORM_INPUT_BIAS ? pass_input(t, "f32[4]", 3)
						 : form == NORM_NO_BIAS  ? NULL
						 : form == NORM_ONE_BIAS ? pass_constant(t, "f32[1]", 3)
												 : pass_constant(t, two ? "f32[3,4]" : "f32[4]", 3);
	struct node *n = op_node(t, "", "LayerNormalization", 3, 3, x, scale, bias);

	set_attribute_int(t->c, n, "axis", two ? 1 : form == NORM_LAST_AXIS ? 2 : -1);
	set_attribute_float(t->c, n, "epsilon", 0.01);
	pass_output(t, n->out[0]);
	if (form == NORM_MEAN_READ)
		pass_output(t, n->out[1]);
}

START_TEST(layer_norms)
{
	for (int form = 0; form < NORM_ALL; form++)
		pass_expect_recognized(layer_norm, form, "LayerNorm", form < NORM_FORMS, 1e-4);
}
END_TEST

/* ---- linear: every MatMul with a constant matrix is one; what varies is whether the Add goes with it. */

enum {
	LINEAR_BIAS,
	LINEAR_BIAS_LEFT,
	LINEAR_WIDE_BIAS,
	LINEAR_WITH_BIAS,
	/* The product alone. */
	LINEAR_PLAIN = LINEAR_WITH_BIAS,
	LINEAR_READ_TWICE,
	LINEAR_IS_OUTPUT,
	LINEAR_COLUMN,
	LINEAR_INPUT_BIAS,
	LINEAR_SHORT_BIAS,
	LINEAR_LARGER,
	LINEAR_FORMS,
	/* No Linear at all. */
	LINEAR_LEFT = LINEAR_FORMS,
	LINEAR_BATCHED_WEIGHTS,
	LINEAR_INPUT_WEIGHTS,
	LINEAR_DOUBLE,
	LINEAR_ALL
};

static struct value *addend(struct op_test *t, int form)
{
	switch (form) {
	case LINEAR_COLUMN:
		return pass_constant(t, "f32[3,1]", 4);
	case LINEAR_INPUT_BIAS:
		return pass_input(t, "f32[3]", 4);
	case LINEAR_SHORT_BIAS:
		return pass_constant(t, "f32[1]", 4);
	case LINEAR_LARGER:
		return pass_constant(t, "f32[2,1,1,3]", 4);
	case LINEAR_WIDE_BIAS:
		return pass_constant(t, "f32[1,1,3]", 4);
	case LINEAR_DOUBLE:
		return pass_constant(t, "f64[3]", 4);
	default:
		return pass_constant(t, "f32[3]", 4);
	}
}

static void linear(struct op_test *t, int form)
{
	struct value *x = pass_input(t, form == LINEAR_DOUBLE ? "f64[2,3,3]" : "f32[2,3,3]", 1), *w, *y;

	if (form == LINEAR_BATCHED_WEIGHTS)
		w = pass_constant(t, "f32[2,3,3]", 2);
	else if (form == LINEAR_INPUT_WEIGHTS)
		w = pass_input(t, "f32[3,3]", 2);
	else
		w = pass_constant(t, form == LINEAR_DOUBLE ? "f64[3,3]" : "f32[3,3]", 2);
	y = form == LINEAR_LEFT ? pass_node(t, "MatMul", "product", 2, w, x) : pass_node(t, "MatMul", "product", 2, x, w);
	if (form == LINEAR_PLAIN)
		pass_output(t, pass_node(t, "Softmax", "y", 1, y));
	else if (form == LINEAR_BIAS_LEFT)
		pass_output(t, pass_node(t, "Add", "y", 2, addend(t, form), y));
	else
		pass_output(t, pass_node(t, "Add", "y", 2, y, addend(t, form)));
	if (form == LINEAR_READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "other", 1, y));
	if (form == LINEAR_IS_OUTPUT)
		pass_output(t, y);
}

START_TEST(linears)
{
	for (int form = 0; form < LINEAR_ALL; form++) {
		pass_expect_recognized(linear, form, "Linear", form < LINEAR_FORMS, 1e-5);
		struct op_test t = pass_begin();
		linear(&t, form);
		pass_infer(&t);
		pass_apply(&t, recognize);
		ck_assert_int_eq(pass_count(t.g, "", "Add"), form >= LINEAR_WITH_BIAS && form != LINEAR_PLAIN);
		op_end(&t);
	}
}
END_TEST

/* A bias that is added in a branch stays there. */
static void bias_in_branch(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[3,3]", 1), *c = op_input(t, "bool[1]", LIST(form));
	struct value *y = pass_node(t, "MatMul", "product", 2, x, pass_constant(t, "f32[3,3]", 2));
	struct graph *a = pass_open(t);

	pass_output(t, pass_node(t, "Add", "sum", 2, y, pass_constant(t, "f32[3]", 3)));
	pass_close(t);
	struct graph *b = pass_open(t);
	/* Inside a branch everything is found as well. */
	struct value *z = pass_node(t, "MatMul", "inner", 2, x, pass_constant(t, "f32[3,3]", 4));
	pass_output(t, pass_node(t, "Add", "inner_sum", 2, z, pass_constant(t, "f32[3]", 5)));
	pass_close(t);
	op_output(t, pass_if(t, "choice", c, a, b));
}

START_TEST(branches)
{
	for (int form = 0; form < 2; form++)
		pass_expect_recognized(bias_in_branch, form, "Linear", 2, 1e-5);
}
END_TEST

/* What a node stands for is told by the names of all that it replaced, in the order in which they ran. */

/* What a node stands for is told by the names of all that it replaced, in the order in which they ran. */
START_TEST(origins)
{
	struct op_test t = pass_begin();

	linear(&t, LINEAR_BIAS);
	pass_infer(&t);
	pass_apply(&t, recognize);
	ck_assert_str_eq(t.g->first->name, "y");
	ck_assert_str_eq(t.g->first->origin, "product y");
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize");
	TCase *c = tcase_create("recognize");

	tcase_add_test(c, rotations);
	tcase_add_test(c, l2_norms);
	tcase_add_test(c, layer_norms);
	tcase_add_test(c, linears);
	tcase_add_test(c, branches);
	tcase_add_test(c, origins);
	suite_add_tcase(s, c);
	return s;
}
