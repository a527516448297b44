/* Products of two computed tensors of bytes, and calls that read and store bytes around them: what becomes of quantised
 * attention, and that the numbers stay. */
#include "quantized_test.h"
#include <string.h>

/* Queries, keys and values as quantised exports have them: numbers that are scaled, quantised, and made numbers again.
 */
static struct value *operand(struct op_test *t, const char *name, const char *shape, enum rt_type type, unsigned seed)
{
	struct value *x = pass_node(t, "Mul", name, 2, pass_input(t, shape, seed), value_float(t->c, "s", 0.3535534f));
	struct value *scale = value_float(t->c, "sx", 0.00276f);
	struct value *zero = op_constant(t, arena_text(t->c, "%s[]", type_name(type)), LIST(type == RT_U8 ? 131 : -3));

	x = pass_node(t, "QuantizeLinear", arena_text(t->c, "%s.q", name), 3, x, scale, zero);
	return pass_node(t, "DequantizeLinear", arena_text(t->c, "%s.d", name), 3, x, scale, zero);
}

/* x through bytes and back. */
static struct value *rounded(struct op_test *t, const char *name, struct value *x, float scale, double zero)
{
	struct value *s = value_float(t->c, "s", scale), *z = op_constant(t, "u8[]", LIST(zero));

	return pass_node(t, "DequantizeLinear", arena_text(t->c, "%s.d", name), 3,
		pass_node(t, "QuantizeLinear", name, 3, x, s, z), s, z);
}

enum { UNSIGNED, SIGNED, MIXED, N_SIGNS };

static enum rt_type sign(int form, bool second)
{
	return form == SIGNED || (form == MIXED && second) ? RT_I8 : RT_U8;
}

static void attention(struct op_test *t, int form)
{
	struct value *q = operand(t, "q", "f32[1,2,5,8]", sign(form, false), 1);
	struct value *k = operand(t, "k", "f32[1,2,7,8]", sign(form, true), 2);
	struct value *v = operand(t, "v", "f32[1,2,7,4]", sign(form, true), 3);

	k = pass_node(t, "Transpose", "kt", 1, k);
	SET_INTS(t, k->def, "perm", 0, 1, 3, 2);
	struct value *scores = rounded(t, "scores", pass_node(t, "MatMul", "qk", 2, q, k), 0.0047f, 120);
	struct value *p = rounded(t, "p", pass_node(t, "Softmax", "softmax", 1, scores), 0.0011f, 0);
	struct value *y = pass_node(t, "MatMul", "pv", 2, p, v);
	y = pass_node(t, "Transpose", "turned", 1, y);
	SET_INTS(t, y->def, "perm", 0, 2, 1, 3);
	y = pass_node(t, "Reshape", "rows", 2, y, INTS(t, 1, 5, 8));
	pass_output(t, quantize_by(t, "q8", y, 0.0023f));
}

/* Three calls quantise; nothing but bytes is stored, or moved, after them. */
START_TEST(quantised_attention)
{
	for (int form = 0; form < N_SIGNS; form++) {
		struct op_test t = pass_compare(attention, form, 0);
		ck_assert_int_eq(pass_count(t.g, "gluec", "IntegerMatMul"), 2);
		ck_assert_int_eq(pass_calls(t.program->main, "matmul_int8"), 2);
		ck_assert_int_eq(pass_calls(t.program->main, "softmax"), 1);
		ck_assert_int_eq(pass_calls(t.program->main, "map"), 3);
		op_end(&t);
	}
}
END_TEST

enum { FLOATS, READ_TWICE, BROADCAST, DEEP, MATRIX, N_FORMS };

static void product(struct op_test *t, int form)
{
	const char *a = form == DEEP ? "f32[2,3,2,5,6]" : form == MATRIX ? "f32[5,6]" : "f32[2,3,5,6]";
	const char *b = form == DEEP ? "f32[1,3,1,6,4]" : form == BROADCAST || form == MATRIX ? "f32[6,4]" : "f32[2,3,6,4]";
	struct value *y = pass_node(t, "MatMul", "y", 2, operand(t, "a", a, RT_U8, 1), operand(t, "b", b, RT_I8, 2));

	if (form == READ_TWICE)
		pass_output(t, pass_node(t, "Exp", "other", 1, y));
	pass_output(t, form == FLOATS ? y : quantize_by(t, "q", y, 0.0031f));
}

START_TEST(products)
{
	for (int form = 0; form < N_FORMS; form++) {
		struct op_test t = pass_compare(product, form, 1e-6);
		ck_assert_int_eq(pass_calls(t.program->main, "matmul_int8"), 1);
		ck_assert_int_eq(pass_calls(t.program->main, "matmul"), 0);
		ck_assert_int_eq(pass_calls(t.program->main, "map"), form == READ_TWICE ? 4 : 2);
		op_end(&t);
	}
}
END_TEST

static void qlinear(struct op_test *t, int form)
{
	struct value *a = pass_input(t, "u8[2,5,6]", 1), *b = pass_input(t, form ? "i8[6,4]" : "i8[2,6,4]", 2);
	struct value *za = op_constant(t, "u8[]", LIST(3)), *zb = op_constant(t, "i8[]", LIST(-7));
	struct value *sa = value_float(t->c, "sa", 0.02f), *sb = value_float(t->c, "sb", 0.013f);

	pass_output(t, pass_node(t, "QLinearMatMul", "y", 8, a, sa, za, b, sb, zb, value_float(t->c, "sy", 0.0011f),
					   op_constant(t, "u8[]", LIST(90))));
}

START_TEST(qlinear_matmul)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_compare(qlinear, form, 0);
		ck_assert_int_eq(t.program->n_calls, 1);
		ck_assert_int_eq(pass_calls(t.program->main, "matmul_int8"), 1);
		op_end(&t);
	}
}
END_TEST

/* What stays with floats: a factor that is none, one whose scale is computed, and sums that 32 bits may not hold. */
enum { ONE_FACTOR, COMPUTED_SCALE, LONG, N_OTHERS };

static void other(struct op_test *t, int form)
{
	enum { K = RT_INT8_PAIRS + 1 };
	struct value *scale = value_float(t->c, "s", 0.011f);

	if (form == LONG) {
		struct value *a = dequantized(t, "a", op_input(t, arena_text(t->c, "u8[1,%d]", K), NULL), scale, 0);
		struct value *b = dequantized(t, "b", op_input(t, arena_text(t->c, "u8[%d,1]", K), NULL), scale, 0);
		pass_output(t, pass_node(t, "MatMul", "y", 2, a, b));
		return;
	}
	if (form == COMPUTED_SCALE)
		scale = pass_input(t, "f32[]", 4);
	struct value *a =
		form == ONE_FACTOR ? pass_input(t, "f32[4,6]", 1) : dequantized(t, "a", op_input(t, "u8[4,6]", NULL), scale, 3);
	pass_output(t, pass_node(t, "MatMul", "y", 2, a, operand(t, "b", "f32[6,4]", RT_U8, 2)));
}

START_TEST(others)
{
	for (int form = 0; form < N_OTHERS; form++) {
		struct op_test t = pass_compare(other, form, 1e-3);
		ck_assert_int_eq(pass_count(t.g, "gluec", "IntegerMatMul"), 0);
		op_end(&t);
	}
}
END_TEST

/* Calls that end in bytes themselves: normalisation with its activation, attention of floats, and a rotation that a
 * number multiplies. One more reader, and the floats are stored. */
enum { NORM, NORM_GELU, FLOAT_ATTENTION, ROTARY, ROTARY_FACTOR, SOFTMAX, N_KERNELS_OF_BYTES, TWO_READERS = 16 };

static struct value *in_floats(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,2,5,8]", 1), *y;

	if (form == NORM || form == NORM_GELU) {
		y = pass_node(
			t, "LayerNormalization", "norm", 3, x, pass_constant(t, "f32[8]", 2), pass_constant(t, "f32[8]", 3));
		return form == NORM ? y : pass_node(t, "Gelu", "gelu", 1, y);
	}
	if (form == SOFTMAX)
		return pass_node(t, "Softmax", "softmax", 1, x);
	if (form == FLOAT_ATTENTION) {
		y = pass_node(t, "Softmax", "softmax", 1, pass_node(t, "MatMul", "qk", 2, x, pass_input(t, "f32[1,2,8,7]", 2)));
		return pass_node(t, "MatMul", "pv", 2, y, pass_input(t, "f32[1,2,7,4]", 3));
	}
	struct value *phase = pass_input(t, "f32[5,4]", 4);
	y = op_node(t, "gluec", "Rotary", 1, 3, x, phase, phase)->out[0];
	return form == ROTARY ? y : pass_node(t, "Mul", "scaled", 2, y, value_float(t->c, "k", 0.35f));
}

static void ends_in_bytes(struct op_test *t, int form)
{
	struct value *y = in_floats(t, form % TWO_READERS);

	if (form >= TWO_READERS)
		pass_output(t, y);
	pass_output(t, quantize_by(t, "q", y, 0.0131f));
}

START_TEST(bytes_behind_floats)
{
	for (int form = 0; form < N_KERNELS_OF_BYTES; form++) {
		struct op_test t = pass_compare(ends_in_bytes, form, 0);
		ck_assert_int_eq(pass_calls(t.program->main, "map"), 0);
		op_end(&t);
		t = pass_compare(ends_in_bytes, form + TWO_READERS, 1e-6);
		ck_assert_int_ge(pass_calls(t.program->main, "map"), 1);
		op_end(&t);
		t = pass_compare_half(ends_in_bytes, form, 0.05);
		ck_assert_int_eq(pass_calls(t.program->main, "matmul"), 0);
		op_end(&t);
	}
}
END_TEST

/* A layer of a matcher: what a product of bytes adds to and what it is joined with needs no call of its own. */
enum { ADDED, ADDED_TO_BYTES, JOINED };

static void layer(struct op_test *t, int form)
{
	struct value *x = activations(t, "f32[4,8]", RT_U8, 7), *r = pass_input(t, "f32[4,3]", 2);
	struct value *w = dequantized(t, "w", numbers(t, "i8[8,3]", 24, -127, 127, 9), value_float(t->c, "sw", 0.011f), 0);
	struct value *y = pass_node(t, "MatMul", "y", 2, x, w);

	if (form == JOINED) {
		y = pass_node(t, "Concat", "all", 2, rounded(t, "r", r, 0.013f, 128), rounded(t, "y8", y, 0.013f, 128));
		set_attribute_int(t->c, y->def, "axis", -1);
		pass_output(t, quantize_by(t, "q", y, 0.013f));
		return;
	}
	y = pass_node(t, "Add", "sum", 2, r, y);
	pass_output(t, y);
	if (form == ADDED_TO_BYTES)
		pass_output(t, quantize_by(t, "q", y, 0.013f));
}

START_TEST(layers)
{
	struct op_test t = pass_compare(layer, ADDED, 1e-6);

	ck_assert_int_eq(t.program->n_calls, 2);
	op_end(&t);
	t = pass_compare(layer, ADDED_TO_BYTES, 1e-6);
	ck_assert_int_eq(t.program->n_calls, 3);
	op_end(&t);
	t = pass_compare(layer, JOINED, 0);
	ck_assert_int_eq(pass_calls(t.program->main, "copy_nd"), 0);
	ck_assert_int_eq(pass_calls(t.program->main, "conv2d_int8"), 1);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("integer matmuls");
	TCase *c = tcase_create("integer matmuls");

	tcase_add_test(c, quantised_attention);
	tcase_add_test(c, products);
	tcase_add_test(c, qlinear_matmul);
	tcase_add_test(c, others);
	tcase_add_test(c, bytes_behind_floats);
	tcase_add_test(c, layers);
	suite_add_tcase(s, c);
	return s;
}
