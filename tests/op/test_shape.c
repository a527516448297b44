/* Reshape and its kin, and the operators that read shapes or make constants. */
#include "op_test.h"

static void check_reshape(const char *from, int n, const int64_t *to, int allow_zero, const char *shape)
{
	struct op_test t = op_begin(20);
	struct node *node = op_node(&t, "", "Reshape", 1, 2, op_input(&t, from, NULL), op_list(&t, n, to));
	double same[64];

	set_attribute_int(t.c, node, "allowzero", allow_zero);
	op_output(&t, node);
	op_run(&t);
	for (int i = 0; i < value_elements(t.g->outputs[0]); i++)
		same[i] = op_at(&t, t.g->inputs[0], i);
	op_expect(&t, 0, shape, 0, same);
	op_end(&t);
}

#define RESHAPE(from, allow_zero, shape, ...)                                                                          \
	check_reshape(                                                                                                     \
		from, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ }, allow_zero, shape)

START_TEST(reshape)
{
	RESHAPE("f32[2,3,4]", 0, "f32[6,4]", 6, 4);
	RESHAPE("f32[2,3,4]", 0, "f32[2,12]", 0, -1);
	RESHAPE("i64[2,3,4]", 0, "i64[2,3,2,2]", 0, 0, 2, -1);
	RESHAPE("f32[0,3]", 0, "f32[0,5]", 0, 5);
	RESHAPE("f32[0,3]", 1, "f32[3,0]", 3, 0);
	RESHAPE("u8[1]", 0, "u8[1,1]", -1, 1);
}
END_TEST

static void refuse_reshape(int64_t a, int64_t b, const char *word)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "Reshape", 1, 2, op_input(&t, "f32[2,3]", NULL), INTS(&t, a, b, 1));
	EXPECT_ERROR(&t, "Reshape", word);
}

START_TEST(reshape_errors)
{
	refuse_reshape(4, 2, "f32[2,3]");
	refuse_reshape(4, -1, "does not fit");
	refuse_reshape(-1, -1, "-1");
	refuse_reshape(-2, 3, "-2");
	refuse_reshape(INT64_MAX, INT64_MAX, "dimension");
	refuse_reshape(INT32_MAX, INT32_MAX, "elements");
	struct op_test t = op_begin(20);
	op_node(&t, "", "Reshape", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "i64[2]", NULL));
	EXPECT_ERROR(&t, "Reshape", "depends on the model's inputs");
	t = op_begin(20);
	op_node(&t, "", "Reshape", 1, 2, op_input(&t, "f32[6]", NULL), INTS(&t, 2, 0));
	EXPECT_ERROR(&t, "f32[6]", "0 (keep)");
}
END_TEST

/* A reshape of what is stored in another order moves; one that only adds and drops ones does not. */
START_TEST(reshape_of_strides)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", LIST(1, 2, 3, 4, 5, 6));
	struct node *turned = op_node(&t, "", "Transpose", 1, 1, x);

	op_output(&t, op_node(&t, "", "Reshape", 1, 2, turned->out[0], INTS(&t, 6)));
	op_output(&t, op_node(&t, "", "Flatten", 1, 1, turned->out[0]));
	op_run(&t);
	op_expect(&t, 0, "f32[6]", 0, LIST(1, 4, 2, 5, 3, 6));
	op_expect(&t, 1, "f32[3,2]", 0, LIST(1, 4, 2, 5, 3, 6));
	op_end(&t);
}
END_TEST

START_TEST(squeeze_and_unsqueeze)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "f32[1,2,1]", LIST(1, 2));

	op_output(&t, op_node(&t, "", "Squeeze", 1, 1, x));
	op_output(&t, op_node(&t, "", "Squeeze", 1, 2, x, INTS(&t, -1)));
	op_output(&t, op_node(&t, "", "Unsqueeze", 1, 2, x, INTS(&t, -1, 0)));
	op_run(&t);
	op_expect(&t, 0, "f32[2]", 0, LIST(1, 2));
	op_expect(&t, 1, "f32[1,2]", 0, LIST(1, 2));
	op_expect(&t, 2, "f32[1,1,2,1,1]", 0, LIST(1, 2));
	op_end(&t);
	t = op_begin(11);
	struct node *n = op_node(&t, "", "Squeeze", 1, 1, op_input(&t, "f32[1,2,1]", LIST(1, 2)));
	SET_INTS(&t, n, "axes", 0);
	struct node *m = op_node(&t, "", "Unsqueeze", 1, 1, n->out[0]);
	SET_INTS(&t, m, "axes", 1, 3);
	op_output(&t, m);
	op_run(&t);
	op_expect(&t, 0, "f32[2,1,1,1]", 0, LIST(1, 2));
	op_end(&t);
}
END_TEST

START_TEST(squeeze_errors)
{
	struct op_test t = op_begin(13);

	op_node(&t, "", "Squeeze", 1, 2, op_input(&t, "f32[1,2]", NULL), INTS(&t, 1));
	EXPECT_ERROR(&t, "Squeeze", "f32[1,2]", "not 1");
	t = op_begin(13);
	op_node(&t, "", "Unsqueeze", 1, 2, op_input(&t, "f32[2]", NULL), INTS(&t, 5));
	EXPECT_ERROR(&t, "Unsqueeze", "axis 5");
	t = op_begin(13);
	op_node(&t, "", "Unsqueeze", 1, 2, op_input(&t, "f32[2]", NULL), INTS(&t, 1, -2));
	EXPECT_ERROR(&t, "twice");
	t = op_begin(13);
	op_node(&t, "", "Unsqueeze", 1, 2, op_input(&t, "f32[1,1,1,1,1,1,1,1]", NULL), INTS(&t, 0));
	EXPECT_ERROR(&t, "9 dimensions");
}
END_TEST

START_TEST(shapes_as_constants)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3,4]", NULL);
	struct node *n = op_node(&t, "", "Shape", 1, 1, x);

	set_attribute_int(t.c, n, "start", -2);
	set_attribute_int(t.c, n, "end", 100);
	op_output(&t, n);
	op_output(&t, op_node(&t, "", "Size", 1, 1, x));
	op_output(&t, op_node(&t, "", "ConstantOfShape", 1, 1, INTS(&t, 2, 1)));
	struct node *filled = op_node(&t, "", "ConstantOfShape", 1, 1, INTS(&t, 3));
	filled->attributes = NEW(t.c, struct attribute, 1);
	*filled->attributes =
		(struct attribute){ .name = "value", .kind = ATTRIBUTE_TENSOR, .tensor = op_constant(&t, "i64[1]", LIST(-5)) };
	op_output(&t, filled);
	op_run(&t);
	op_expect(&t, 0, "i64[2]", 0, LIST(3, 4));
	op_expect(&t, 1, "i64[]", 0, LIST(24));
	op_expect(&t, 2, "f32[2,1]", 0, LIST(0, 0));
	op_expect(&t, 3, "i64[3]", 0, LIST(-5, -5, -5));
	op_end(&t);
}
END_TEST

static void check_range(const char *type, double a, double b, double step, const char *shape, const double *y)
{
	struct op_test t = op_begin(20);
	struct value *v[] = { op_constant(&t, type, &a), op_constant(&t, type, &b), op_constant(&t, type, &step) };

	op_output(&t, op_node(&t, "", "Range", 1, 3, v[0], v[1], v[2]));
	op_run(&t);
	op_expect(&t, 0, shape, 1e-6, y);
	op_end(&t);
}

START_TEST(range)
{
	check_range("i64[]", 0, 5, 2, "i64[3]", LIST(0, 2, 4));
	check_range("i32[]", 5, 0, -2, "i32[3]", LIST(5, 3, 1));
	check_range("i16[]", 5, 0, 1, "i16[0]", NULL);
	check_range("f32[]", 1, 2, 0.3, "f32[4]", LIST(1, 1.3, 1.6, 1.9));
	check_range("f64[]", 0, -1, -0.5, "f64[2]", LIST(0, -0.5));
	struct op_test t = op_begin(20);
	struct value *zero = op_constant(&t, "i64[]", LIST(0));
	op_node(&t, "", "Range", 1, 3, zero, op_constant(&t, "i64[]", LIST(3)), zero);
	EXPECT_ERROR(&t, "Range", "delta is 0");
	t = op_begin(20);
	struct value *least = value_int(t.c, "least", INT64_MIN), *most = value_int(t.c, "most", INT64_MAX);
	op_node(&t, "", "Range", 1, 3, least, most, value_int(t.c, "one", 1));
	EXPECT_ERROR(&t, "Range", "elements");
	t = op_begin(20);
	op_node(
		&t, "", "Range", 1, 3, op_input(&t, "f32[]", NULL), op_input(&t, "f32[]", NULL), op_input(&t, "f32[]", NULL));
	EXPECT_ERROR(&t, "Range", "start", "depend");
}
END_TEST

START_TEST(constants)
{
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "", "Constant", 1, 0), *list = op_node(&t, "", "Constant", 1, 0);

	set_attribute_float(t.c, n, "value_float", 1.5);
	SET_INTS(&t, list, "value_ints", 7, 8);
	op_output(&t, n);
	op_output(&t, list);
	op_output(&t, op_node(&t, "", "Identity", 1, 1, list->out[0]));
	op_run(&t);
	op_expect(&t, 0, "f32[]", 0, LIST(1.5));
	op_expect(&t, 1, "i64[2]", 0, LIST(7, 8));
	op_expect(&t, 2, "i64[2]", 0, LIST(7, 8));
	op_end(&t);
	t = op_begin(20);
	op_node(&t, "", "Constant", 1, 0);
	EXPECT_ERROR(&t, "Constant", "no value");
}
END_TEST

START_TEST(dropout)
{
	struct op_test t = op_begin(20);

	op_output(&t, op_node(&t, "", "Dropout", 2, 1, op_input(&t, "f32[2]", LIST(1, 2))));
	op_run(&t);
	op_expect(&t, 0, "f32[2]", 0, LIST(1, 2));
	op_expect(&t, 1, "bool[2]", 0, LIST(1, 1));
	op_end(&t);
	t = op_begin(20);
	struct value *on = op_constant(&t, "bool[]", LIST(1));
	op_node(&t, "", "Dropout", 1, 3, op_input(&t, "f32[2]", NULL), NULL, on);
	EXPECT_ERROR(&t, "Dropout", "training_mode");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("shape");
	TCase *tc = tcase_create("shape");

	tcase_add_test(tc, reshape);
	tcase_add_test(tc, reshape_errors);
	tcase_add_test(tc, reshape_of_strides);
	tcase_add_test(tc, squeeze_and_unsqueeze);
	tcase_add_test(tc, squeeze_errors);
	tcase_add_test(tc, shapes_as_constants);
	tcase_add_test(tc, range);
	tcase_add_test(tc, constants);
	tcase_add_test(tc, dropout);
	suite_add_tcase(s, tc);
	return s;
}
