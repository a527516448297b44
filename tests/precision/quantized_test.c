#include "quantized_test.h"

struct value *dequantized(struct op_test *t, const char *name, struct value *q, struct value *scale, double zero)
{
	const char *type = q->type ? arena_text(t->c, "%s[]", type_name(q->type)) : "u8[]";
	struct value *z = op_constant(t, type, LIST(zero));

	return pass_node(t, "DequantizeLinear", name, 3, q, scale, z);
}

struct value *numbers(struct op_test *t, const char *shape, int n, int least, int most, unsigned seed)
{
	double x[512];

	ck_assert_int_le(n, 512);
	for (int i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = least + (int)(seed >> 8) % (most - least + 1);
	}
	return op_constant(t, shape, x);
}

struct value *activations(struct op_test *t, const char *shape, enum rt_type type, double zero)
{
	struct value *x = pass_input(t, shape, 1), *scale = value_float(t->c, "sx", 0.0137f);
	struct value *z = op_constant(t, arena_text(t->c, "%s[]", type_name(type)), LIST(zero));

	return pass_node(t, "DequantizeLinear", "x", 3, pass_node(t, "QuantizeLinear", "qx", 3, x, scale, z), scale, z);
}

struct value *quantize_by(struct op_test *t, const char *name, struct value *y, float scale)
{
	return pass_node(
		t, "QuantizeLinear", name, 3, y, value_float(t->c, "sy", scale), op_constant(t, "u8[]", LIST(128)));
}
