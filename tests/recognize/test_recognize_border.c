/* Recognition of the border that is cleared behind SuperPoint's suppression, in the spellings of many exporters, and of
 * what only looks like one. */
#include "pass_test.h"

enum {
	BORDER_PAD,
	BORDER_PAD_WITH_STEPS,
	BORDER_SCATTER_ND,
	BORDER_SCATTER_ROWS,
	BORDER_TURNED,
	BORDER_SELECT_SCATTER,
	BORDER_SCATTER_ELEMENTS,
	BORDER_WHERE,
	BORDER_CONCAT,
	BORDER_TWICE,
	BORDER_FORMS,
	/* The suppression is found, but the border stays apart. */
	BORDER_EDGE = BORDER_FORMS,
	BORDER_ONE_SIDE_LESS,
	BORDER_OTHER_CROP,
	BORDER_BACKWARD_CROP,
	BORDER_READ_TWICE,
	BORDER_THREE_SIDES,
	BORDER_TWO_NUMBERS,
	BORDER_WIDER_COLUMNS,
	BORDER_ADDED,
	BORDER_HOLE,
	BORDER_OF_INPUT,
	BORDER_ALL
};

enum { BORDER_H = 7, BORDER_W = 8 };

static struct value *turned(struct op_test *t, struct value *x, int rank, const int64_t *perm)
{
	struct value *y = pass_node(t, "Transpose", "turned", 1, x);

	op_set_ints(t, y->def, "perm", rank, perm);
	return y;
}

/* Crops the outermost row and column and puts something else there. */
static struct value *padded(struct op_test *t, int form, struct value *s)
{
	struct value *from = INTS(t, 1, 1), *to = INTS(t, -1, -1), *inside;
	int64_t last = form == BORDER_ONE_SIDE_LESS ? 0 : 1;

	if (form == BORDER_OTHER_CROP)
		inside = pass_node(t, "Slice", "inside", 4, s, INTS(t, 0, 0), INTS(t, -2, -2), INTS(t, 2, 3));
	else if (form == BORDER_BACKWARD_CROP)
		inside = pass_node(t, "Slice", "inside", 5, s, INTS(t, 2, 2), INTS(t, 0, 0), INTS(t, 2, 3), INTS(t, -1, -1));
	else if (form == BORDER_PAD_WITH_STEPS)
		inside = pass_node(t, "Slice", "inside", 5, s, from, to, INTS(t, 2, 3), INTS(t, 1, 1));
	else
		inside = pass_node(t, "Slice", "inside", 4, s, from, to, INTS(t, 2, 3));
	struct value *y =
		pass_node(t, "Pad", "y", 3, inside, INTS(t, 0, 0, 1, 1, 0, 0, last, last), value_float(t->c, "fill", -1));
	if (form == BORDER_EDGE)
		set_attribute_string(t->c, y->def, "mode", "edge");
	return y;
}

/* An integer constant whose elements follow from their position. */
static struct value *grid(struct op_test *t, const char *shape, int64_t n, int (*at)(int side, int64_t i), int side)
{
	double *x = NEW(t->c, double, (size_t)n);

	for (int64_t i = 0; i < n; i++)
		x[i] = at(side, i);
	return op_constant(t, shape, x);
}

static struct value *numbers(struct op_test *t, const char *shape, double x)
{
	double list[BORDER_H * BORDER_W * 2];

	for (int i = 0; i < BORDER_H * BORDER_W * 2; i++)
		list[i] = x;
	return op_constant(t, shape, list);
}

/* Coordinates of the elements of two pictures' first column, last column, first row and last row. */
static int element_at_side(int side, int64_t i)
{
	int64_t length = side < 2 ? BORDER_H : BORDER_W, k = i / 3 % length;
	int64_t last = side == 1 ? BORDER_W - 1 : side == 3 ? BORDER_H - 1 : 0;

	if (i % 3 == 0)
		return (int)(i / 3 / length);
	return (int)((i % 3 == 1) == (side < 2) ? k : last);
}

/* Coordinates of the rows, in two pictures. */
static int row_at_side(int side, int64_t i)
{
	return i % 2 == 0 ? (int)(i / 2) : side == 3 ? BORDER_H - 1 : 0;
}

static struct value *scattered(
	struct op_test *t, const char *name, struct value *x, struct value *index, struct value *update)
{
	return pass_node(t, "ScatterND", name, 3, x, index, update);
}

/* Columns, then rows of [2,h,w] are overwritten one after the other. */
static struct value *overwritten(struct op_test *t, int form, struct value *x)
{
	static const char *const names[] = { "left", "right", "top", "y" };

	for (int side = 0; side < 4; side++) {
		const char *list = side < 2 ? "i64[2,7,3]" : "i64[2,8,3]", *values = side < 2 ? "f32[2,7]" : "f32[2,8]";
		double fill = form == BORDER_TWO_NUMBERS && side == 2 ? -2 : -1;
		if (form == BORDER_THREE_SIDES && side == 1)
			continue;
		if (form == BORDER_SCATTER_ROWS && side > 1)
			x = scattered(t, names[side], x, grid(t, "i64[2,2]", 4, row_at_side, side), numbers(t, "f32[2,8]", fill));
		else
			x = scattered(
				t, names[side], x, grid(t, list, side < 2 ? 42 : 48, element_at_side, side), numbers(t, values, fill));
		if (form == BORDER_ADDED && side == 3)
			set_attribute_string(t->c, x->def, "reduction", "add");
	}
	return x;
}

/* As the exporter of 2025 assigns to slices: the picture is turned, its first rows are overwritten, and it is turned
 * back; with `select`, it is then written over the whole of the picture before. */
static struct value *assigned(struct op_test *t, struct value *s, bool select)
{
	static const int64_t perms[][3] = { { 1, 0, 2 }, { 1, 0, 2 }, { 2, 1, 0 }, { 2, 1, 0 } };

	for (int side = 0; side < 4; side++) {
		int64_t last = side == 1 ? BORDER_H - 1 : side == 3 ? BORDER_W - 1 : 0;
		struct value *x = pass_node(t, "Gather", "picture", 2, s, value_int(t->c, "channel", 0)), *zeros;
		set_attribute_int(t->c, x->def, "axis", 1);
		struct value *row = pass_node(t, "Reshape", "row", 2, op_list(t, 1, &last), INTS(t, 1, 1));
		struct value *update = numbers(t, side < 2 ? "f32[1,2,8]" : "f32[1,7,2]", -1);
		x = scattered(t, "filled", turned(t, x, 3, perms[side]), row, update);
		x = pass_node(t, "Unsqueeze", side == 3 && !select ? "y" : "wide", 2, turned(t, x, 3, perms[side]), INTS(t, 1));
		if (select) {
			zeros = pass_node(t, "Expand", "zeros", 2, value_int(t->c, "zero", 0), INTS(t, 2, 1, 7, 8));
			x = pass_node(t, "ScatterElements", side == 3 ? "y" : "selected", 3, s, zeros, x);
			set_attribute_int(t->c, x->def, "axis", 1);
		}
		s = x;
	}
	return s;
}

static int is_edge(int width, int64_t i)
{
	int64_t y = i / BORDER_W % BORDER_H, x = i % BORDER_W;

	return y < 1 || y >= BORDER_H - 1 || x < width || x >= BORDER_W - width;
}

/* A condition of one picture for both of them. */
static struct value *chosen(struct op_test *t, int form, struct value *s)
{
	struct value *edge = grid(t, "bool[1,1,7,8]", 56, is_edge, form == BORDER_WIDER_COLUMNS ? 2 : 1);

	if (form == BORDER_HOLE)
		((uint8_t *)edge->data)[3] = 0;
	return pass_node(t, "Where", "y", 3, edge, value_float(t->c, "fill", -1), s);
}

static struct value *joined(struct op_test *t, struct value *s)
{
	struct value *row = numbers(t, "f32[2,1,1,6]", -1), *column = numbers(t, "f32[2,1,7,1]", -1);
	struct value *inside = pass_node(t, "Slice", "inside", 4, s, INTS(t, 1, 1), INTS(t, -1, -1), INTS(t, 2, 3));
	struct value *rows = pass_node(t, "Concat", "rows", 3, row, inside, row);
	struct value *y = pass_node(t, "Concat", "y", 3, column, rows, column);

	set_attribute_int(t->c, rows->def, "axis", 2);
	set_attribute_int(t->c, y->def, "axis", 3);
	return y;
}

/* First and last rows and columns as elements along an axis. */
static struct value *by_elements(struct op_test *t, struct value *s)
{
	static const char *const shapes[] = { "[2,1,1,8]", "[2,1,1,8]", "[2,1,7,1]", "[2,1,7,1]" };

	for (int side = 0; side < 4; side++) {
		double last = side == 1 ? BORDER_H - 1 : side == 3 ? BORDER_W - 1 : 0;
		struct value *index = numbers(t, arena_text(t->c, "i64%s", shapes[side]), last);
		s = pass_node(t, "ScatterElements", side == 3 ? "y" : "side", 3, s, index,
			numbers(t, arena_text(t->c, "f32%s", shapes[side]), -1));
		set_attribute_int(t->c, s->def, "axis", side < 2 ? 2 : 3);
	}
	return s;
}

static struct value *bordered(struct op_test *t, int form, struct value *s)
{
	switch (form) {
	case BORDER_SCATTER_ND:
	case BORDER_SCATTER_ROWS:
	case BORDER_THREE_SIDES:
	case BORDER_TWO_NUMBERS:
	case BORDER_ADDED:
		return overwritten(t, form, pass_node(t, "Squeeze", "pictures", 2, s, INTS(t, 1)));
	case BORDER_TURNED:
	case BORDER_SELECT_SCATTER:
		return assigned(t, s, form == BORDER_SELECT_SCATTER);
	case BORDER_SCATTER_ELEMENTS:
		return by_elements(t, s);
	case BORDER_WHERE:
	case BORDER_WIDER_COLUMNS:
	case BORDER_HOLE:
		return chosen(t, form, s);
	case BORDER_CONCAT:
		return joined(t, s);
	default:
		return padded(t, form, s);
	}
}

static struct value *suppressed(struct op_test *t, struct value *s)
{
	struct value *pool = pass_node(t, "MaxPool", "pool", 1, s);

	SET_INTS(t, pool->def, "kernel_shape", 3, 3);
	SET_INTS(t, pool->def, "pads", 1, 1, 1, 1);
	return pass_node(t, "Where", "kept", 3, pass_node(t, "Equal", "peak", 2, s, pool), s, value_float(t->c, "zero", 0));
}

static void border(struct op_test *t, int form)
{
	struct value *s = pass_input(t, form == BORDER_BACKWARD_CROP ? "f32[1,1,4,4]" : "f32[2,1,7,8]", 1);
	struct value *x = suppressed(t, s);

	if (form == BORDER_READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "other", 1, x));
	if (form == BORDER_OF_INPUT)
		x = s;
	if (form == BORDER_TWICE)
		x = by_elements(t, x);
	pass_output(t, bordered(t, form, x));
}

START_TEST(borders)
{
	for (int form = 0; form < BORDER_ALL; form++) {
		pass_expect_recognized(border, form, "Nms", form != BORDER_OF_INPUT, 0);
		struct op_test t = pass_begin();
		border(&t, form);
		pass_infer(&t);
		pass_apply(&t, recognize);
		const struct node *n = pass_value(t.g, "y")->def;
		while (is_op(n, "Reshape") || is_op(n, "Unsqueeze"))
			n = n->in[0]->def;
		ck_assert_msg(is_internal(n, "Nms") == (form < BORDER_FORMS), "form %d", form);
		ck_assert_int_eq(is_internal(n, "Nms") ? attribute_int(t.c, n, "border", 0) : 1, 1);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("recognize_border");
	TCase *c = tcase_create("recognize_border");

	tcase_add_test(c, borders);
	suite_add_tcase(s, c);
	return s;
}
