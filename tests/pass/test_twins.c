/* Layers with the same weights over two pictures become one over both: what is joined, what is not, and that the
 * results stay the same. */
#include "pass_test.h"
#include "base/progress.h"

enum { CHANNELS = 8 };

static struct value *linear(struct op_test *t, struct value *x, int seed)
{
	return pass_node(t, "Add", "linear", 2,
		pass_node(t, "MatMul", "product", 2, x, pass_constant(t, "f32[8,8]", (uint32_t)seed)),
		pass_constant(t, "f32[8]", (uint32_t)seed + 1));
}

static struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

static struct value *turned(struct op_test *t, struct value *x, int last, int before)
{
	struct value *y = pass_node(t, "Transpose", "turned", 1, x);

	SET_INTS(t, y->def, "perm", 0, before, last, last == 3 ? 2 : 3);
	return y;
}

/* Two heads of four channels. */
static struct value *heads(struct op_test *t, struct value *x)
{
	return turned(t, pass_node(t, "Reshape", "apart", 2, x, INTS(t, 0, 0, 2, 4)), 1, 2);
}

/* ---- a layer: attention, residual Concat, normalization and two products */

static struct value *layer(struct op_test *t, struct value *x, struct value *from, int seed)
{
	struct value *q = heads(t, linear(t, x, seed)), *k = heads(t, linear(t, from, seed + 2)),
				 *v = heads(t, linear(t, from, seed + 4));
	struct value *scores = pass_node(t, "MatMul", "scores", 2, q, turned(t, k, 3, 1));
	struct value *p = along(t, pass_node(t, "Softmax", "softmax", 1, scores), -1);
	struct value *message = pass_node(
		t, "Reshape", "message", 2, turned(t, pass_node(t, "MatMul", "mixed", 2, p, v), 1, 2), INTS(t, 0, 0, CHANNELS));
	struct value *both = along(t, pass_node(t, "Concat", "both", 2, x, linear(t, message, seed + 6)), -1);
	struct value *y = pass_node(t, "MatMul", "wide", 2, both, pass_constant(t, "f32[16,8]", (uint32_t)seed));
	y = pass_node(t, "LayerNormalization", "norm", 3, y, pass_constant(t, "f32[8]", (uint32_t)seed),
		pass_constant(t, "f32[8]", (uint32_t)seed + 1));
	return pass_node(t, "Add", "residual", 2, x, linear(t, pass_node(t, "Tanh", "tanh", 1, y), seed + 8));
}

enum {
	SELF,
	CROSS,
	CROSS_AFTER_SELF,
	MIDDLE_IS_OUTPUT,
	MIDDLE_IS_READ,
	JOINED_FORMS,
	/* Nothing can be joined. */
	OTHER_LENGTH = JOINED_FORMS,
	TWO_ROWS,
	OTHER_WEIGHTS,
	ONE_CROSSES,
	LAYER_FORMS
};

static void layers(struct op_test *t, int form)
{
	bool crosses = form == CROSS || form == ONE_CROSSES;
	struct value *x[2], *y[2];

	x[0] = pass_input(t, form == TWO_ROWS ? "f32[2,5,8]" : "f32[1,5,8]", 1);
	x[1] = pass_input(t, form == TWO_ROWS ? "f32[2,5,8]" : form == OTHER_LENGTH ? "f32[1,6,8]" : "f32[1,5,8]", 2);
	for (int i = 0; i < 2; i++)
		y[i] = layer(t, x[i], x[crosses && (form == CROSS || i) ? !i : i], form == OTHER_WEIGHTS && i ? 30 : 10);
	if (form == MIDDLE_IS_OUTPUT) {
		pass_output(t, y[1]);
		pass_output(t, x[0]);
	}
	if (form == MIDDLE_IS_READ)
		pass_output(t, pass_node(t, "ReduceMean", "mean", 2, y[0], INTS(t, 1)));
	for (int i = 0; i < 2 && form >= CROSS_AFTER_SELF && form < JOINED_FORMS; i++)
		x[i] = layer(t, y[i], y[!i], 50);
	for (int i = 0; i < 2; i++)
		pass_output(t, form >= CROSS_AFTER_SELF && form < JOINED_FORMS ? x[i] : y[i]);
}

START_TEST(layers_of_two_pictures)
{
	for (int form = 0; form < LAYER_FORMS; form++) {
		struct op_test t = pass_compare(layers, form, 2e-6);
		int pictures = form < JOINED_FORMS ? 1 : 2, depth = form >= CROSS_AFTER_SELF && form < JOINED_FORMS ? 2 : 1;
		int products = pass_calls(t.program->main, "linear"), attentions = pass_calls(t.program->main, "attention");
		/* With one picture's other half missing, its own products may still be joined. */
		if (form != ONE_CROSSES)
			ck_assert_msg(attentions == depth * pictures, "form %d: %d attentions", form, attentions);
		/* Six in the model; the one behind the attention goes into the one that reads it. */
		if (form < JOINED_FORMS || form == OTHER_LENGTH || form == OTHER_WEIGHTS)
			ck_assert_msg(products == depth * pictures * 5, "form %d: %d products", form, products);
		op_end(&t);
		t = pass_compare_half(layers, form, 0.05);
		op_end(&t);
	}
}
END_TEST

/* ---- the same weights in other ways */

enum { THREE, RECURRENT, RECURRENT_TWICE, SAME_INPUT, ACROSS, ONE_GOES_ON, EMPTY, BACK_TO_INPUT, USES };

static void uses(struct op_test *t, int form)
{
	const char *shape = form == EMPTY ? "f32[1,0,8]" : "f32[1,3,8]";
	struct value *x = pass_input(t, shape, 1), *y = pass_input(t, shape, 2), *a = linear(t, x, 5), *b, *z;

	if (form == THREE) {
		b = linear(t, y, 5);
		z = linear(t, pass_input(t, shape, 3), 5);
		pass_output(t, pass_node(t, "Tanh", "c", 1, z));
	} else if (form == RECURRENT) {
		b = linear(t, pass_node(t, "Tanh", "bounded", 1, a), 5);
	} else if (form == RECURRENT_TWICE) {
		/* The second picture starts with what the first one ends with. */
		a = linear(t, pass_node(t, "Tanh", "a", 1, a), 9);
		b = linear(t, pass_node(t, "Tanh", "b", 1, linear(t, pass_node(t, "Tanh", "c", 1, a), 5)), 9);
	} else if (form == SAME_INPUT) {
		b = pass_node(t, "Sub", "difference", 2, linear(t, x, 5), y);
	} else if (form == ACROSS) {
		/* The halves change sides, and each meets itself and the other. */
		b = linear(t, y, 5);
		z = pass_node(t, "Sub", "d", 2, a, b);
		b = pass_node(t, "Sub", "e", 2, b, a);
		a = linear(t, b, 7);
		b = linear(t, z, 7);
		pass_output(t, pass_node(t, "Mul", "product", 2, a, b));
	} else {
		b = linear(t, y, 5);
	}
	if (form == ONE_GOES_ON)
		for (int i = 0; i < 3; i++)
			b = linear(t, pass_node(t, "Tanh", "bounded", 1, b), 20 + i);
	if (form == BACK_TO_INPUT) {
		pass_output(t, x);
		pass_output(t, y);
		b = pass_node(t, "Add", "sum", 2, b, x);
	}
	pass_output(t, a);
	pass_output(t, b);
}

START_TEST(other_uses)
{
	static const int products[USES] = { 2, 2, 4, 2, 2, 4, 0, 1 };

	for (int form = 0; form < USES; form++) {
		struct op_test t = pass_compare(uses, form, 1e-5);
		int found = pass_calls(t.program->main, "linear");
		ck_assert_msg(found == products[form], "form %d: %d products", form, found);
		op_end(&t);
	}
}
END_TEST

/* ---- what goes on over both, and what does not */

enum {
	ELEMENTS,
	CLIPPED,
	CHOSEN,
	BY_ROW,
	CASTS,
	GATHERED,
	SLICED,
	SPLIT,
	TURNED,
	VIEWED,
	EXCHANGED,
	BOTH_PARTS,
	TOGETHER,
	/* Stays apart. */
	OTHER_CONSTANT = TOGETHER,
	OTHER_ATTRIBUTE,
	OTHER_OPERATOR,
	LARGER_CONSTANT,
	LESS_DIMENSIONS,
	MORE_DIMENSIONS,
	ALONG_BATCH,
	SLICED_BATCH,
	ONE_PART,
	BATCH_TURNED,
	CONSTANT_JOINED,
	STEPS
};

static struct value *part(struct op_test *t, struct value *x, bool one)
{
	struct node *split = op_node(t, "", "Split", 2, 2, x, INTS(t, 5, 3));

	set_attribute_int(t->c, split, "axis", -1);
	if (!one)
		return along(t, pass_node(t, "Concat", "back", 2, split->out[1], split->out[0]), -1);
	split->out[1] = NULL;
	return split->out[0];
}

static struct value *cast(struct op_test *t, struct value *x, enum rt_type type)
{
	struct value *y = pass_node(t, "Cast", "cast", 1, x);

	set_attribute_int(t->c, y->def, "to", type);
	return y;
}

/* One step of picture i over x, of which `other` is the other picture's. */
static struct value *step(struct op_test *t, int form, int i, struct value *x, struct value *other)
{
	switch (form) {
	case ELEMENTS:
		return pass_node(t, "Sub", "y", 2, pass_constant(t, "f32[1,3,8]", 3), x);
	case CLIPPED:
		return pass_node(t, "Clip", "y", 3, x, NULL, value_float(t->c, "limit", 0.25f));
	case CHOSEN:
		return pass_node(
			t, "Where", "y", 3, pass_constant(t, "bool[3,1]", 3), x, pass_node(t, "Neg", "minus", 1, other));
	case BY_ROW:
		return along(t, pass_node(t, "LayerNormalization", "y", 2, x, pass_constant(t, "f32[8]", 3)), 2);
	case CASTS:
		return cast(t, cast(t, cast(t, x, RT_F16), RT_F64), RT_F32);
	case GATHERED:
		return along(t, pass_node(t, "Gather", "y", 2, x, op_constant(t, "i64[2,2]", LIST(7, 1, 0, -1))), -1);
	case SLICED:
		return pass_node(t, "Slice", "y", 5, x, INTS(t, 2, 6), INTS(t, -99, 1), INTS(t, 1, -1), INTS(t, -1, -2));
	case SPLIT:
		return part(t, x, false);
	case TURNED:
		return turned(t, pass_node(t, "Reshape", "four", 2, x, INTS(t, 0, 0, 4, 2)), 3, 1);
	case VIEWED:
		return pass_node(t, "Reshape", "y", 2, pass_node(t, "Tanh", "tanh", 1, x), INTS(t, 1, 2, 3, -1));
	case EXCHANGED:
		return linear(t, other, 9);
	case BOTH_PARTS:
		return along(t, pass_node(t, "Concat", "y", 3, x, other, x), 1);
	case OTHER_CONSTANT:
		return pass_node(t, "Sub", "y", 2, pass_constant(t, "f32[8]", (uint32_t)i), x);
	case OTHER_ATTRIBUTE:
		x = pass_node(t, "Elu", "y", 1, x);
		set_attribute_float(t->c, x->def, "alpha", i + 1);
		return x;
	case OTHER_OPERATOR:
		return pass_node(t, i ? "Tanh" : "Sigmoid", "y", 1, x);
	case LARGER_CONSTANT:
		return pass_node(t, "Add", "y", 2, x, pass_constant(t, "f32[2,1,1]", 3));
	case LESS_DIMENSIONS:
		return pass_node(t, "Add", "y", 2, x, pass_node(t, "Reshape", "less", 2, other, INTS(t, 3, 8)));
	case MORE_DIMENSIONS:
		return pass_node(t, "Mul", "y", 2, pass_node(t, "Reshape", "more", 2, x, INTS(t, 1, 1, 3, 8)), other);
	case ALONG_BATCH:
		return along(t, pass_node(t, "Concat", "y", 2, x, other), -3);
	case SLICED_BATCH:
		return pass_node(t, "Slice", "y", 4, x, INTS(t, 0, 1), INTS(t, 1, 9), INTS(t, -3, 1));
	case ONE_PART:
		return part(t, x, true);
	case BATCH_TURNED:
		x = pass_node(t, "Transpose", "y", 1, x);
		SET_INTS(t, x->def, "perm", 1, 0, 2);
		return x;
	default:
		return along(t, pass_node(t, "Concat", "y", 2, x, pass_constant(t, "f32[1,3,1]", 3)), -1);
	}
}

static void steps(struct op_test *t, int form)
{
	struct value *x[2];

	for (int i = 0; i < 2; i++)
		x[i] = linear(t, pass_input(t, "f32[1,3,8]", (uint32_t)i), 5);
	for (int i = 0; i < 2; i++)
		pass_output(t, pass_node(t, "ReduceSum", "sum", 2, step(t, form, i, x[i], x[!i]), INTS(t, -1)));
}

/* Nodes, other than the halves' views, that read both rows. */
static int over_both(const struct graph *g)
{
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next) {
		bool both = false;
		for (int i = 0; i < n->n_in; i++)
			both |= n->in[i] && !n->in[i]->data && n->in[i]->rank > 1 && n->in[i]->dim[0] == 2;
		count += both && !attribute(n, "half");
	}
	return count;
}

START_TEST(steps_over_both)
{
	for (int form = 0; form < STEPS; form++) {
		struct op_test t = pass_compare(steps, form, 1e-5), plain = pass_begin();
		op_end(&t);
		steps(&plain, form);
		pass_infer(&plain);
		pass_apply(&plain, simplify);
		pass_apply(&plain, recognize);
		pass_apply(&plain, join_twins);
		int found = over_both(plain.g);
		/* The product reads both rows in any case; so do the sums of what has two rows without joining, and the
		 * Reshape before operands of unequal rank. */
		int apart = form == LARGER_CONSTANT || form == ALONG_BATCH ? 3 : 1 + (form == MORE_DIMENSIONS);
		ck_assert_msg(form < TOGETHER ? found > 1 : found == apart, "form %d: %d nodes over both", form, found);
		op_end(&plain);
	}
}
END_TEST

/* ---- large graphs */

enum { LARGE = 20000 };

enum { DEEP, DEEP_ALONE, WIDE, WIDE_ALONE, MANY_PRODUCTS, LARGE_FORMS };

static void large(struct op_test *t, int form)
{
	struct value *x[2], *sum[2];

	for (int i = 0; i < 2; i++) {
		x[i] = sum[i] = linear(t, pass_input(t, "f32[1,1,8]", (uint32_t)i), 5);
		int nodes = form == DEEP || form == WIDE ? LARGE / 2 : i ? LARGE : 0;
		for (int k = 0; k < nodes; k++) {
			bool deep = form == DEEP || form == DEEP_ALONE;
			if (form == MANY_PRODUCTS)
				x[i] = k % 2 ? pass_node(t, "Tanh", "tanh", 1, x[i]) : linear(t, x[i], 2 * (k % 50));
			else if (deep)
				x[i] = pass_node(t, k % 2 ? "Tanh" : "Sin", "step", 1, x[i]);
			else
				sum[i] = pass_node(t, "Add", "sum", 2, sum[i],
					pass_node(t, "Mul", "step", 2, x[i], value_float(t->c, "factor", (float)(k + 1) / LARGE)));
		}
		pass_output(t, form == WIDE || form == WIDE_ALONE ? sum[i] : x[i]);
	}
}

START_TEST(large_graphs)
{
	for (int form = 0; form < LARGE_FORMS; form++) {
		struct op_test t = pass_begin();
		large(&t, form);
		pass_infer(&t);
		pass_apply(&t, recognize);
		double start = seconds_now();
		pass_apply(&t, join_twins);
		double seconds = seconds_now() - start;
		ck_assert_msg(seconds < 10, "form %d: %f s", form, seconds);
		if (form == DEEP || form == WIDE)
			ck_assert_int_lt(count_nodes(t.g), LARGE * 2 / (1 + (form == DEEP)) + 8);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("twins");
	TCase *c = tcase_create("twins");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, layers_of_two_pictures);
	tcase_add_test(c, other_uses);
	tcase_add_test(c, steps_over_both);
	tcase_add_test(c, large_graphs);
	suite_add_tcase(s, c);
	return s;
}
