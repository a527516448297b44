/* Recognition of layers that exporters write in parts: gelu and layer normalization. */
#include "pass_test.h"

static struct value *number(struct op_test *t, double x)
{
	return value_float(t->c, "number", (float)x);
}

/* ---- gelu: the factors x, 0.5 and 1 + erf(x / sqrt 2) in all orders */

enum {
	/* Which two of the three factors are multiplied first, and on which sides the operands stand. */
	GELU_ORDERS = 3 * 4,
	/* The same with the constant twice, as 0.25 and 2, and with x multiplied by sqrt 0.5, not divided by sqrt 2. */
	GELU_FORMS = GELU_ORDERS * 2
};

static struct value *product(struct op_test *t, struct value *a, struct value *b, bool exchanged)
{
	return exchanged ? pass_node(t, "Mul", "product", 2, b, a) : pass_node(t, "Mul", "product", 2, a, b);
}

static struct value *gate_of(struct op_test *t, struct value *x, bool multiplied, bool exchanged)
{
	struct value *scaled = multiplied ? product(t, x, number(t, sqrt(0.5)), exchanged)
									  : pass_node(t, "Div", "scaled", 2, x, number(t, sqrt(2)));
	struct value *erf = pass_node(t, "Erf", "erf", 1, scaled), *one = number(t, 1);

	return exchanged ? pass_node(t, "Add", "gate", 2, one, erf) : pass_node(t, "Add", "gate", 2, erf, one);
}

static void gelu(struct op_test *t, int form)
{
	bool second = form >= GELU_ORDERS, left = form & 1, right = form & 2;
	const int last = form % GELU_ORDERS / 4;
	struct value *x = pass_input(t, "f32[2,3,4]", 1), *half = number(t, second ? 0.25 : 0.5);
	struct value *factor[] = { x, half, gate_of(t, x, second, left) };
	struct value *first = product(t, factor[(last + 1) % 3], factor[(last + 2) % 3], left);

	first = product(t, first, factor[last], right);
	pass_output(t, second ? product(t, first, number(t, 2), left) : first);
}

enum {
	GELU_TANH,
	GELU_ONE,
	GELU_OTHER_HALF,
	GELU_OTHER_ROOT,
	GELU_OTHER_X,
	GELU_DIVISOR,
	GELU_MINUS_ONE,
	GELU_WIDER,
	GELU_THREE_FACTORS,
	GELU_GATE_READ,
	GELU_GATE_IS_OUTPUT,
	GELU_MISSES
};

static struct value *missed_gate(struct op_test *t, int form, struct value *x)
{
	struct value *root = number(t, form == GELU_OTHER_ROOT ? 1.4 : sqrt(2)), *scaled;

	if (form == GELU_TANH)
		return pass_node(t, "Add", "gate", 2, pass_node(t, "Tanh", "tanh", 1, product(t, x, number(t, 0.79788), false)),
			number(t, 1));
	scaled = form == GELU_DIVISOR ? pass_node(t, "Div", "scaled", 2, number(t, sqrt(0.5)), x)
								  : pass_node(t, "Div", "scaled", 2, x, root);
	struct value *one =
		form == GELU_WIDER ? pass_constant(t, "f32[1,1,1,1]", 3) : number(t, form == GELU_MINUS_ONE ? -1 : 1);
	if (form == GELU_WIDER)
		*(float *)one->data = 1;
	return pass_node(t, "Add", "gate", 2, pass_node(t, "Erf", "erf", 1, scaled), one);
}

static void near_gelu(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,3,4]", 1), *other = pass_input(t, "f32[2,3,4]", 2);
	struct value *gate = missed_gate(t, form, form == GELU_OTHER_X ? other : x);
	double half = form == GELU_ONE ? 1 : form == GELU_OTHER_HALF ? 0.4995 : 0.5;
	struct value *y = product(t, product(t, x, gate, false), number(t, half), false);

	pass_output(t, form == GELU_THREE_FACTORS ? product(t, y, other, false) : y);
	if (form == GELU_GATE_READ)
		pass_output(t, pass_node(t, "Exp", "exp", 1, gate));
	if (form == GELU_GATE_IS_OUTPUT)
		pass_output(t, gate);
}

/* com.microsoft's, also of an input that is no output of a chain. */
static void contributed_gelu(struct op_test *t, int form)
{
	struct value *x = pass_input(t, form ? "f16[2,3]" : "f32[2,3]", 1);
	struct node *n = op_node(t, "com.microsoft", "Gelu", 1, 1, x);

	n->out[0]->name = n->name = n->origin = "gelu";
	op_output(t, n);
	pass_output(t, pass_node(t, "Neg", "minus", 1, n->out[0]));
}

static int count_gelu(void (*build)(struct op_test *t, int form), int form)
{
	struct op_test t = pass_begin();

	build(&t, form);
	pass_infer(&t);
	pass_apply(&t, simplify);
	pass_apply(&t, recognize);
	int count = pass_count(t.g, "", "Gelu");
	op_end(&t);
	t = pass_compare(build, form, 1e-5);
	op_end(&t);
	return count;
}

START_TEST(gelus)
{
	for (int form = 0; form < GELU_FORMS; form++)
		ck_assert_msg(count_gelu(gelu, form) == 1, "form %d", form);
	for (int form = 0; form < GELU_MISSES; form++)
		ck_assert_msg(count_gelu(near_gelu, form) == (form == GELU_THREE_FACTORS), "near miss %d", form);
	for (int form = 0; form < 2; form++)
		ck_assert_int_eq(count_gelu(contributed_gelu, form), 1);
}
END_TEST

/* However long a product is, it is looked at a bounded number of times. */
static void long_product(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2]", 1);

	(void)form;
	for (int i = 0; i < 3000; i++)
		x = product(t, x, number(t, i % 2 ? 0.5 : 2), i % 3);
	pass_output(t, x);
}

START_TEST(long_products)
{
	struct op_test t = pass_begin();

	long_product(&t, 0);
	pass_infer(&t);
	pass_apply(&t, recognize);
	ck_assert_int_eq(pass_count(t.g, "", "Mul"), 3000);
	op_end(&t);
}
END_TEST

/* ---- layer normalization before operator set 17 */

enum {
	CHAIN_POW,
	CHAIN_MUL,
	CHAIN_EXCHANGED,
	CHAIN_OLD_AXES,
	CHAIN_NEGATIVE_AXES,
	CHAIN_EPSILON_LEFT,
	CHAIN_EPSILON_OF_RANK_1,
	CHAIN_PARTS_READ,
	CHAIN_ONE_ROW,
	CHAIN_FORMS,
	/* Near misses. */
	CHAIN_DROPS = CHAIN_FORMS,
	CHAIN_OTHER_AXIS,
	CHAIN_ALL_AXES,
	CHAIN_STRAY_AXES,
	CHAIN_OTHER_POWER,
	CHAIN_OTHER_MEAN,
	CHAIN_OTHER_VARIANCE,
	CHAIN_NO_ROOT,
	CHAIN_EPSILON_OF_ROWS,
	CHAIN_INPUT_SCALE,
	CHAIN_ONE_SCALE,
	CHAIN_WIDER_BIAS,
	CHAIN_NO_BIAS,
	CHAIN_ALL
};

/* A square, so that nothing but the axis tells rows from columns. */
static struct value *mean_of(struct op_test *t, int form, const char *name, struct value *x)
{
	bool old = form == CHAIN_OLD_AXES, inside = old || form == CHAIN_STRAY_AXES || form == CHAIN_ALL_AXES;
	struct value *y;

	if (inside)
		y = pass_node(t, "ReduceMean", name, 1, x);
	else
		y = pass_node(t, "ReduceMean", name, 2, x,
			form == CHAIN_OTHER_AXIS      ? INTS(t, 1)
			: form == CHAIN_NEGATIVE_AXES ? INTS(t, -1)
										  : INTS(t, 2));
	if (old || form == CHAIN_STRAY_AXES)
		SET_INTS(t, y->def, "axes", -1);
	if (old)
		y->def->version = 13;
	/* [1,4] broadcasts to [1,4,4] along the wrong dimension. */
	if (form == CHAIN_DROPS)
		set_attribute_int(t->c, y->def, "keepdims", 0);
	return y;
}

static struct value *square_of(struct op_test *t, int form, struct value *x)
{
	if (form == CHAIN_MUL || form == CHAIN_EXCHANGED)
		return pass_node(t, "Mul", "square", 2, x, x);
	return pass_node(t, "Pow", "square", 2, x, number(t, form == CHAIN_OTHER_POWER ? 4 : 2));
}

static struct value *deviation_of(struct op_test *t, int form, struct value *square)
{
	struct value *variance = mean_of(t, form, "variance", square), *epsilon = number(t, 0.01), *sum;

	if (form == CHAIN_EPSILON_OF_RANK_1)
		epsilon = op_constant(t, "f32[1]", LIST(0.01));
	if (form == CHAIN_EPSILON_OF_ROWS)
		epsilon = op_constant(t, "f32[4,1]", LIST(0.1, 0.2, 0.3, 0.4));
	if (form == CHAIN_EPSILON_LEFT || form == CHAIN_EXCHANGED)
		sum = pass_node(t, "Add", "sum", 2, epsilon, variance);
	else
		sum = pass_node(t, "Add", "sum", 2, variance, epsilon);
	return form == CHAIN_NO_ROOT ? sum : pass_node(t, "Sqrt", "deviation", 1, sum);
}

static void norm_chain(struct op_test *t, int form)
{
	const char *shape = form == CHAIN_ONE_ROW ? "f32[4]" : "f32[1,4,4]";
	struct value *x = pass_input(t, shape, 1), *other = pass_input(t, shape, 2);
	int axis_form = form == CHAIN_ONE_ROW ? CHAIN_NEGATIVE_AXES : form;
	struct value *mean = mean_of(t, axis_form, "mean", form == CHAIN_OTHER_MEAN ? other : x);
	struct value *centred = pass_node(t, "Sub", "centred", 2, x, mean);
	struct value *square = square_of(t, form, form == CHAIN_OTHER_VARIANCE ? x : centred);
	struct value *deviation = deviation_of(t, axis_form, square);
	struct value *scaled = pass_node(t, "Div", "ratio", 2, centred, deviation);
	struct value *scale = form == CHAIN_INPUT_SCALE
							  ? pass_input(t, "f32[4]", 3)
							  : pass_constant(t, form == CHAIN_ONE_SCALE ? "f32[1]" : "f32[4]", 3);
	struct value *bias = pass_constant(t, form == CHAIN_WIDER_BIAS ? "f32[1,1,1,4]" : "f32[4]", 4);

	scaled = product(t, scaled, scale, form == CHAIN_EXCHANGED);
	if (form == CHAIN_NO_BIAS)
		pass_output(t, scaled);
	else if (form == CHAIN_EXCHANGED)
		pass_output(t, pass_node(t, "Add", "y", 2, bias, scaled));
	else
		pass_output(t, pass_node(t, "Add", "y", 2, scaled, bias));
	if (form == CHAIN_PARTS_READ) {
		pass_output(t, mean);
		pass_output(t, deviation);
		pass_output(t, pass_node(t, "Exp", "exp", 1, centred));
	}
}

START_TEST(norm_chains)
{
	for (int form = 0; form < CHAIN_ALL; form++)
		pass_expect_recognized(norm_chain, form, "LayerNorm", form < CHAIN_FORMS, 1e-4);
}
END_TEST

/* A ReduceL2 in a graph of version 18 takes no axes from an attribute, whatever else it carries. */
static void stray_axes(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[3,3]", 1), *norm = pass_node(t, "ReduceL2", "norm", 1, x);

	(void)form;
	SET_INTS(t, norm->def, "axes", 1);
	pass_output(t, pass_node(t, "Div", "y", 2, x, norm));
}

START_TEST(axes_of_another_version)
{
	pass_expect_recognized(stray_axes, 0, "L2Norm", 0, 1e-5);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize layers");
	TCase *c = tcase_create("recognize layers");

	tcase_add_test(c, gelus);
	tcase_add_test(c, long_products);
	tcase_add_test(c, norm_chains);
	tcase_add_test(c, axes_of_another_version);
	suite_add_tcase(s, c);
	return s;
}
