/* Operators in double: the same as in float but for the rounding of floats, which shows. */
#include "pass_test.h"

/* What is built with every float in double, or as it stands. */
typedef void builder(struct op_test *t);

static struct op_test compute(builder *build, bool in_double)
{
	struct op_test t = pass_begin();

	t.c->opset = 23;
	t.c->in_double = in_double;
	build(&t);
	op_run(&t);
	return t;
}

static struct value *picture(struct op_test *t)
{
	return op_shuffled(t, pass_input(t, "f32[2,6,5,7]", 1));
}

static void conv(struct op_test *t)
{
	struct value *y = pass_node(
		t, "Conv", "conv", 3, picture(t), pass_constant(t, "f32[36,3,3,2]", 2), pass_constant(t, "f32[36]", 3));

	set_attribute_int(t->c, y->def, "group", 2);
	SET_INTS(t, y->def, "pads", 1, 1, 0, 1);
	SET_INTS(t, y->def, "strides", 1, 2);
	pass_output(t, y);
}

static void conv_of_volumes(struct op_test *t)
{
	struct value *y =
		pass_node(t, "Conv", "conv", 2, pass_input(t, "f32[1,2,4,5,3]", 1), pass_constant(t, "f32[3,2,3,3,2]", 2));

	SET_INTS(t, y->def, "pads", 1, 1, 1, 1, 1, 0);
	SET_INTS(t, y->def, "dilations", 1, 2, 1);
	pass_output(t, y);
}

static void fused_conv(struct op_test *t)
{
	struct node *n = op_node(t, "com.microsoft", "FusedConv", 1, 2, picture(t), pass_constant(t, "f32[3,6,1,1]", 2));

	set_attribute_string(t->c, n, "activation", "Sigmoid");
	op_output(t, n);
}

static void conv_transpose(struct op_test *t)
{
	struct value *y = pass_node(
		t, "ConvTranspose", "up", 3, picture(t), pass_constant(t, "f32[6,2,3,2]", 2), pass_constant(t, "f32[4]", 3));

	set_attribute_int(t->c, y->def, "group", 2);
	SET_INTS(t, y->def, "strides", 2, 1);
	SET_INTS(t, y->def, "pads", 1, 0, 1, 1);
	pass_output(t, y);
}

static void deform_conv(struct op_test *t)
{
	struct value *y = pass_node(t, "DeformConv", "deform", 5, picture(t), pass_constant(t, "f32[4,3,2,2]", 2),
		pass_input(t, "f32[2,16,4,6]", 3), pass_constant(t, "f32[4]", 4), pass_input(t, "f32[2,8,4,6]", 5));

	set_attribute_int(t->c, y->def, "group", 2);
	set_attribute_int(t->c, y->def, "offset_group", 2);
	pass_output(t, y);
}

static void matmul(struct op_test *t)
{
	struct value *a = pass_input(t, "f32[3,1,5,300]", 1), *b = op_shuffled(t, pass_constant(t, "f32[2,300,18]", 2));

	pass_output(t, pass_node(t, "MatMul", "product", 2, a, b));
}

static void gemm(struct op_test *t)
{
	struct value *y = pass_node(t, "Gemm", "gemm", 3, pass_input(t, "f32[4,3]", 1), pass_constant(t, "f32[5,4]", 2),
		pass_constant(t, "f32[5]", 3));

	set_attribute_int(t->c, y->def, "transA", 1);
	set_attribute_int(t->c, y->def, "transB", 1);
	set_attribute_float(t->c, y->def, "alpha", 0.75);
	pass_output(t, y);
}

static void einsum(struct op_test *t)
{
	struct value *y = pass_node(t, "Einsum", "sum", 2, pass_input(t, "f32[2,3,4]", 1), pass_input(t, "f32[4,2,5]", 2));

	set_attribute_string(t->c, y->def, "equation", "bij,jbk->kib");
	pass_output(t, y);
}

static void softmax(struct op_test *t)
{
	struct value *x = picture(t), *y = pass_node(t, "Softmax", "strided", 1, x);

	set_attribute_int(t->c, y->def, "axis", 1);
	pass_output(t, y);
	pass_output(t, pass_node(t, "LogSoftmax", "rows", 1, x));
}

static void layer_norm(struct op_test *t)
{
	struct node *n = op_node(t, "", "LayerNormalization", 3, 3, pass_input(t, "f32[3,4,5]", 1),
		pass_constant(t, "f32[5]", 2), pass_constant(t, "f32[5]", 3));

	op_output(t, n);
}

static void norms(struct op_test *t)
{
	struct value *x = picture(t), *scale = pass_constant(t, "f32[6]", 2), *bias = pass_constant(t, "f32[6]", 3);
	struct value *variance = pass_node(t, "Abs", "variance", 1, pass_input(t, "f32[6]", 4));
	struct value *group = pass_node(t, "GroupNormalization", "group", 3, x, scale, bias);

	set_attribute_int(t->c, group->def, "num_groups", 3);
	pass_output(t, group);
	pass_output(t, pass_node(t, "InstanceNormalization", "instance", 3, x, scale, bias));
	pass_output(t, pass_node(t, "BatchNormalization", "batch", 5, x, scale, bias, bias, variance));
	pass_output(t, pass_node(t, "MeanVarianceNormalization", "mean", 1, x));
	pass_output(t, pass_node(t, "LpNormalization", "length", 1, x));
	pass_output(t, pass_node(t, "RMSNormalization", "rms", 2, x, pass_constant(t, "f32[7]", 5)));
	op_output(t, op_node(t, "gluec", "L2Norm", 1, 1, x));
}

static void grid_sample(struct op_test *t)
{
	static const char *const modes[] = { "linear", "cubic" }, *const paddings[] = { "zeros", "border", "reflection" };
	struct value *x = picture(t), *grid = pass_node(t, "Mul", "grid", 2, pass_input(t, "f32[2,3,4,2]", 2),
									  op_constant(t, "f32[]", LIST(1.5)));

	for (int i = 0; i < 6; i++) {
		struct value *y = pass_node(t, "GridSample", arena_text(t->c, "sample%d", i), 2, x, grid);
		set_attribute_string(t->c, y->def, "mode", modes[i % 2]);
		set_attribute_string(t->c, y->def, "padding_mode", paddings[i / 2]);
		set_attribute_int(t->c, y->def, "align_corners", i == 1);
		pass_output(t, y);
	}
}

static void sample_volume(struct op_test *t)
{
	pass_output(t, pass_node(t, "GridSample", "sample", 2, pass_input(t, "f32[1,3,4,5,2]", 1),
					   pass_input(t, "f32[1,2,2,3,3]", 2)));
}

static void pools_and_sizes(struct op_test *t)
{
	struct value *x = picture(t), *none = op_constant(t, "f32[0]", NULL);
	struct value *y = pass_node(t, "AveragePool", "average", 1, x);
	struct value *scales = op_constant(t, "f32[4]", LIST(1, 1, 1.5, 2));

	SET_INTS(t, y->def, "kernel_shape", 3, 2);
	pass_output(t, y);
	y = pass_node(t, "Resize", "resized", 3, x, none, scales);
	set_attribute_string(t->c, y->def, "mode", "cubic");
	pass_output(t, y);
	y = pass_node(t, "ReduceMean", "mean", 1, x);
	pass_output(t, y);
	pass_output(t, pass_node(t, "CumSum", "sums", 2, x, op_list(t, 1, (int64_t[]){ 1 })));
}

static void attention(struct op_test *t)
{
	struct value *q = pass_input(t, "f32[2,5,12]", 1), *k = pass_input(t, "f32[2,4,12]", 2);
	struct value *y = pass_node(t, "Attention", "attention", 3, q, k, pass_input(t, "f32[2,4,12]", 3));
	struct node *packed = op_node(t, "com.microsoft", "MultiHeadAttention", 1, 1, pass_input(t, "f32[1,5,2,3,3]", 4));

	set_attribute_int(t->c, y->def, "q_num_heads", 2);
	set_attribute_int(t->c, y->def, "kv_num_heads", 2);
	pass_output(t, y);
	set_attribute_int(t->c, packed, "num_heads", 2);
	op_output(t, packed);
}

static void masked_attention(struct op_test *t)
{
	struct value *y = pass_node(t, "Attention", "attention", 4, pass_input(t, "f32[1,4,5,3]", 1),
		pass_input(t, "f32[1,2,4,3]", 2), pass_input(t, "f32[1,2,4,3]", 3), pass_input(t, "f32[5,4]", 4));

	set_attribute_float(t->c, y->def, "softcap", 0.5);
	pass_output(t, y);
}

static void rotary(struct op_test *t)
{
	for (int64_t interleaved = 0; interleaved < 2; interleaved++) {
		struct value *y = pass_node(t, "RotaryEmbedding", interleaved ? "pairs" : "halves", 3,
			pass_input(t, "f32[2,3,4,6]", 1), pass_input(t, "f32[2,4,3]", 2), pass_input(t, "f32[2,4,3]", 3));
		set_attribute_int(t->c, y->def, "interleaved", interleaved);
		pass_output(t, y);
	}
}

static void heads(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[2,17,4,5]", 1);
	struct node *map = op_node(t, "gluec", "HeatMap", 1, 1, x), *nms = op_node(t, "gluec", "Nms", 1, 1, map->out[0]);
	struct node *match = op_node(t, "gluec", "MutualMatch", 4, 1, pass_input(t, "f32[2,6,7]", 2));

	set_attribute_int(t->c, map, "cell", 4);
	set_attribute_int(t->c, nms, "radius", 2);
	set_attribute_int(t->c, nms, "rounds", 2);
	set_attribute_int(t->c, nms, "border", 1);
	op_output(t, nms);
	op_output(t, match);
}

static void quantized(struct op_test *t)
{
	struct value *scale = op_constant(t, "f32[]", LIST(0.0123)), *x = pass_input(t, "f32[40]", 1);
	struct value *q = pass_node(t, "QuantizeLinear", "quantized", 3, x, scale, op_constant(t, "u8[]", LIST(120)));

	pass_output(t, pass_node(t, "DequantizeLinear", "real", 3, q, scale, op_constant(t, "u8[]", LIST(120))));
	pass_output(t, q);
}

static void functions(struct op_test *t)
{
	static const char *const types[] = { "Gelu", "Erf", "Sigmoid", "Tanh", "Softplus", "Mish", "Selu", "Exp", "Sin" };
	struct value *x = picture(t);

	for (int i = 0; i < 9; i++)
		pass_output(t, pass_node(t, types[i], types[i], 1, x));
}

static builder *const builders[] = { conv, conv_of_volumes, fused_conv, conv_transpose, deform_conv, matmul, gemm,
	einsum, softmax, layer_norm, norms, grid_sample, sample_volume, pools_and_sizes, attention, masked_attention,
	rotary, heads, quantized, functions };

START_TEST(operators)
{
	struct op_test single = compute(builders[_i], false), wide = compute(builders[_i], true);

	for (int k = 0; k < wide.g->n_outputs; k++) {
		const struct value *v = wide.g->outputs[k];
		double apart = 0;
		ck_assert(v->type == held_type(wide.c, single.g->outputs[k]->type));
		for (int64_t i = 0; i < value_elements(v); i++) {
			double x = op_result(&wide, k, i), y = op_result(&single, k, i), d = fabs(x - y);
			ck_assert_msg(d <= 1e-5 * (1 + fabs(x)), "output '%s', element %lld: %.17g in double, %.9g in float",
				v->name, (long long)i, x, y);
			apart = d > apart ? d : apart;
		}
		ck_assert_msg(apart > 0 || v->type != RT_F64, "output '%s' was computed in float", v->name);
	}
	op_end(&single);
	op_end(&wide);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("operators in double");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, operators, 0, sizeof builders / sizeof *builders);
	suite_add_tcase(s, tc);
	return s;
}
