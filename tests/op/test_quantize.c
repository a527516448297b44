/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear and casts to the narrow types. */
#include "op_test.h"

static struct node *quantize(struct op_test *t, struct value *x, struct value *scale, struct value *zero)
{
	struct node *n = op_node(t, "", "QuantizeLinear", 1, 3, x, scale, zero);

	op_output(t, n);
	return n;
}

START_TEST(whole_tensor)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "f32[7]", LIST(0, 2, 3, 1000, -254, -1000, 5));

	quantize(&t, x, op_constant(&t, "f32[]", LIST(2)), op_constant(&t, "u8[]", LIST(128)));
	op_run(&t);
	op_expect(&t, 0, "u8[7]", 0, LIST(128, 129, 130, 255, 1, 0, 130));
	ck_assert_int_eq(op_calls(&t, "map"), 1);
	op_end(&t);
}
END_TEST

START_TEST(each_slice)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "f32[2,3]", LIST(10, 10, 10, -7, -7, NAN));
	struct node *n = quantize(
		&t, op_shuffled(&t, x), op_input(&t, "f32[3]", LIST(1, 4, 0.01)), op_constant(&t, "i8[3]", LIST(0, 5, 0)));

	set_attribute_int(t.c, n, "axis", -1);
	op_run(&t);
	op_expect(&t, 0, "i8[2,3]", 0, LIST(10, 7, 127, -7, 3, 0));
	op_end(&t);
}
END_TEST

/* Scales for blocks of 2 along axis 1, the last of which is cut short. */
START_TEST(blocks)
{
	struct op_test t = op_begin(25);
	struct value *x = op_input(&t, "f32[2,3]", LIST(6, -8, 10, 1, 8, -4));
	struct value *scale = op_constant(&t, "f32[2,2]", LIST(1.5, 2.5, 3, 4));
	struct node *n = quantize(&t, x, scale, NULL);
	struct node *back = op_node(&t, "", "DequantizeLinear", 1, 2, n->out[0], scale);

	set_attribute_int(t.c, n, "axis", 1);
	set_attribute_int(t.c, n, "block_size", 2);
	set_attribute_int(t.c, n, "output_dtype", RT_I16);
	set_attribute_int(t.c, back, "axis", 1);
	set_attribute_int(t.c, back, "block_size", 2);
	op_output(&t, back);
	op_run(&t);
	op_expect(&t, 0, "i16[2,3]", 0, LIST(4, -5, 4, 0, 3, -1));
	op_expect(&t, 1, "f32[2,3]", 1e-6, LIST(6, -7.5, 10, 0, 9, -4));
	op_end(&t);
}
END_TEST

START_TEST(dequantize)
{
	struct op_test t = op_begin(21);
	struct node *bytes = op_node(&t, "", "DequantizeLinear", 1, 3, op_input(&t, "u8[3]", LIST(0, 128, 255)),
		op_input(&t, "f32[]", LIST(0.5)), op_input(&t, "u8[]", LIST(128)));
	struct node *nibbles = op_node(&t, "", "DequantizeLinear", 1, 3, op_input(&t, "i4[3]", LIST(-8, 0, 7)),
		op_input(&t, "f16[]", LIST(2)), op_input(&t, "i4[]", LIST(-1)));
	struct node *floats = op_node(&t, "", "DequantizeLinear", 1, 2, op_input(&t, "f8e4m3fn[3]", LIST(-448, 0.5, NAN)),
		op_input(&t, "f32[]", LIST(2)));

	op_output(&t, bytes);
	op_output(&t, nibbles);
	op_output(&t, floats);
	op_run(&t);
	op_expect(&t, 0, "f32[3]", 0, LIST(-64, 0, 63.5));
	op_expect(&t, 1, "f16[3]", 0, LIST(-14, 2, 16));
	op_expect(&t, 2, "f32[3]", 0, LIST(-896, 1, NAN));
	op_end(&t);
}
END_TEST

START_TEST(dynamic)
{
	struct op_test t = op_begin(11);
	struct value *x = op_input(&t, "f32[2,3]", LIST(0, 2, -3, -2.5, 1.34, 0.5));

	op_output(&t, op_node(&t, "", "DynamicQuantizeLinear", 3, 1, x));
	op_run(&t);
	op_expect(&t, 0, "u8[2,3]", 0, LIST(153, 255, 0, 26, 221, 179));
	op_expect(&t, 1, "f32[]", 1e-7, LIST(5.0 / 255));
	op_expect(&t, 2, "u8[]", 0, LIST(153));
	op_end(&t);
}
END_TEST

/* Too large for the type: its largest number, unless saturate is 0. */
START_TEST(casts)
{
	struct op_test t = op_begin(25);
	struct value *x = op_input(&t, "f32[6]", LIST(1e6, -INFINITY, 0.3, NAN, -1e-9, 3));
	const enum rt_type types[] = { RT_F8E4M3FN, RT_F8E5M2FNUZ, RT_F4E2M1 };

	for (int i = 0; i < 3; i++) {
		struct node *n = op_node(&t, "", "Cast", 1, 1, x);
		set_attribute_int(t.c, n, "to", types[i]);
		op_output(&t, n);
	}
	struct node *wrapped = op_node(&t, "", "Cast", 1, 1, x), *power = op_node(&t, "", "Cast", 1, 1, x);
	set_attribute_int(t.c, wrapped, "to", RT_F8E5M2);
	set_attribute_int(t.c, wrapped, "saturate", 0);
	set_attribute_int(t.c, power, "to", RT_F8E8M0);
	set_attribute_string(t.c, power, "round_mode", "nearest");
	op_output(&t, wrapped);
	op_output(&t, power);
	op_run(&t);
	op_expect(&t, 0, "f8e4m3fn[6]", 0, LIST(448, -448, 0.3125, NAN, 0, 3));
	op_expect(&t, 1, "f8e5m2fnuz[6]", 0, LIST(57344, -57344, 0.3125, NAN, 0, 3));
	op_expect(&t, 2, "f4e2m1[6]", 0, LIST(6, -6, 0.5, 0, 0, 3));
	op_expect(&t, 3, "f8e5m2[6]", 0, LIST(INFINITY, -INFINITY, 0.3125, NAN, 0, 3));
	op_expect(&t, 4, "f8e8m0[6]", 0, LIST(1048576, 0x1p-127, 0.25, NAN, 0x1p-127, 4));
	op_end(&t);
}
END_TEST

START_TEST(errors)
{
	struct op_test t = op_begin(13);
	struct value *x = op_input(&t, "f32[2,3]", NULL);

	quantize(&t, x, op_constant(&t, "f32[2]", NULL), NULL);
	EXPECT_ERROR(&t, "QuantizeLinear", "f32[2]", "f32[2,3]", "axis 1");
	t = op_begin(21);
	x = op_input(&t, "f32[2,3]", NULL);
	struct node *n = quantize(&t, x, op_constant(&t, "f32[2,3]", NULL), NULL);
	set_attribute_int(t.c, n, "block_size", 2);
	EXPECT_ERROR(&t, "f32[2,3]", "blocks of 2");
	t = op_begin(21);
	x = op_input(&t, "f32[2]", NULL);
	n = quantize(&t, x, op_constant(&t, "f32[]", NULL), op_constant(&t, "u8[]", NULL));
	set_attribute_int(t.c, n, "output_dtype", RT_I8);
	EXPECT_ERROR(&t, "zero point", "u8[]", "i8");
	t = op_begin(21);
	x = op_input(&t, "f32[2]", NULL);
	op_node(&t, "", "DequantizeLinear", 1, 2, x, op_constant(&t, "f32[]", NULL));
	EXPECT_ERROR(&t, "DequantizeLinear", "f32[2]");
	t = op_begin(25);
	n = op_node(&t, "", "Cast", 1, 1, op_input(&t, "f32[2]", NULL));
	set_attribute_int(t.c, n, "to", RT_F8E8M0);
	set_attribute_string(t.c, n, "round_mode", "odd");
	EXPECT_ERROR(&t, "Cast", "round_mode 'odd'");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("quantize");
	TCase *tc = tcase_create("quantize");

	tcase_add_test(tc, whole_tensor);
	tcase_add_test(tc, each_slice);
	tcase_add_test(tc, blocks);
	tcase_add_test(tc, dequantize);
	tcase_add_test(tc, dynamic);
	tcase_add_test(tc, casts);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
