/* Recognition of com.microsoft MultiHeadAttention: attention over views of what its operands are packed from. */
#include "pass_test.h"

static struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

static struct value *turned(struct op_test *t, struct value *x, int64_t second, int64_t third)
{
	struct value *y = pass_node(t, "Transpose", "turned", 1, x);

	SET_INTS(t, y->def, "perm", 0, second, third, 3);
	return y;
}

/* ---- the forms of the operator, b = 2, h = 2, m = 3, n = 4, d = 4 */

enum {
	APART,
	SCALED,
	OTHER_WIDTH, /* of the values */
	HEADS_FIRST,
	KEYS_AND_VALUES_PACKED,
	ALL_PACKED,
	PACKED_INSIDE,
	STACKED,
	PARTS_OF_A_JOIN,
	ONE_HEAD,
	HALVES,
	TWICE_THE_SAME,
	CROSSED_HEADS,
	FORMS,
	/* Stays. */
	DOUBLES = FORMS,
	NO_ROWS,
	CROSSED_CHANNELS,
	NO_KEYS,
	NO_KEYS_JOINED,
	ALL
};

static struct value *tensor(struct op_test *t, int form, const char *shape, uint32_t seed)
{
	const char *type = form == DOUBLES ? "f64" : form == HALVES ? "f16" : "f32";

	return pass_input(t, arena_text(t->c, "%s%s", type, shape), seed);
}

/* [2,4,2,parts,4] with the parts next to each other, from a product's output with the parts outermost. */
static struct value *packed(struct op_test *t, int form, int parts)
{
	struct value *x = tensor(t, form, arena_text(t->c, "[2,4,%d]", 8 * parts), 3);

	if (form != PACKED_INSIDE)
		return pass_node(t, "Reshape", "packed", 2, x, INTS(t, 0, 0, 2, parts, 4));
	struct value *y = pass_node(t, "Transpose", "packed", 1,
		pass_node(t, "Reshape", "apart", 2, pass_node(t, "Tanh", "tanh", 1, x), INTS(t, 0, 0, parts, 2, 4)));
	SET_INTS(t, y->def, "perm", 0, 1, 3, 2, 4);
	return y;
}

static struct value *operand(struct op_test *t, int form, int rows, uint32_t seed)
{
	struct value *x;

	switch (form) {
	case HEADS_FIRST:
		return turned(t, tensor(t, form, "[2,4,2,4]", seed), 2, 1);
	case STACKED:
		/* A slice of a sum, reshaped. */
		x = pass_node(t, "Slice", "part", 4, tensor(t, form, "[2,4,2,8]", seed), INTS(t, 4), INTS(t, 8), INTS(t, 3));
		return pass_node(t, "Reshape", "rows", 2, pass_node(t, "Neg", "minus", 1, x), INTS(t, 2, rows, 8));
	case PARTS_OF_A_JOIN:
		x = along(t,
			pass_node(t, "Concat", "joined", 2, tensor(t, form, "[2,4,3]", seed), tensor(t, form, "[2,4,8]", 9)), -1);
		return pass_node(t, "Slice", "part", 4, x, INTS(t, 3), INTS(t, 11), INTS(t, 2));
	case CROSSED_HEADS:
	case CROSSED_CHANNELS:
		x = pass_node(t, "Transpose", "crossed", 1, tensor(t, form, "[2,4,4,2]", seed));
		SET_INTS(t, x->def, "perm", 0, 1, 3, 2);
		return pass_node(t, "Reshape", "rows", 2, x, INTS(t, 2, rows, 8));
	case NO_KEYS:
		return tensor(t, form, "[2,0,8]", seed);
	case NO_KEYS_JOINED:
		return along(
			t, pass_node(t, "Concat", "joined", 2, tensor(t, form, "[2,0,8]", seed), tensor(t, form, "[2,0,8]", 9)), 1);
	default:
		return tensor(t, form, arena_text(t->c, "[2,%d,8]", rows), seed);
	}
}

static void multi_head(struct op_test *t, int form)
{
	struct value *q = tensor(t, form, form == NO_ROWS ? "[2,0,8]" : "[2,3,8]", 1), *k = NULL, *v = NULL;

	if (form == KEYS_AND_VALUES_PACKED || form == PACKED_INSIDE) {
		k = packed(t, form, 2);
	} else if (form == ALL_PACKED) {
		q = packed(t, form, 3);
	} else {
		k = operand(t, form, 4, 2);
		v = form == OTHER_WIDTH ? tensor(t, form, "[2,4,6]", 3) : form == TWICE_THE_SAME ? k : operand(t, form, 4, 3);
	}
	struct node *n = op_node(t, "com.microsoft", "MultiHeadAttention", 1, v ? 3 : k ? 2 : 1, q, k, v);
	set_attribute_int(t->c, n, "num_heads", form == ONE_HEAD || form == CROSSED_CHANNELS ? 1 : 2);
	if (form == SCALED)
		set_attribute_float(t->c, n, "scale", 1.25);
	pass_output(t, pass_node(t, "Neg", "y", 1, n->out[0]));
	pass_output(t, n->out[0]);
}

START_TEST(operators)
{
	for (int form = 0; form < ALL; form++) {
		bool found = form < FORMS;
		pass_expect_recognized(multi_head, form, "Attention", found, form == HALVES ? 2e-3 : 1e-5);
		struct op_test t = pass_compare_half(multi_head, form, 2e-2);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_multi_head");
	TCase *c = tcase_create("recognize_multi_head");

	tcase_add_test(c, operators);
	suite_add_tcase(s, c);
	return s;
}
