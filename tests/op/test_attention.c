/* gluec.Attention and gluec.Rotary, with the layouts in which graphs hand them their operands. */
#include "op_test.h"
#include <stdlib.h>
#include <string.h>

enum { B = 2, H = 3, M = 4, N = 5, D = 6, DV = 2 };

/* Row i of batch b and head h: softmax over j of scale q k, times v. The batches of k and v may be 1. */
static void reference(const struct op_test *t, struct value *const *x, const int *batches, double scale, double *y)
{
	for (int i = 0; i < B * H * M; i++) {
		int h = i / M % H, b = i / M / H, kb = (b % batches[0]) * H + h, vb = (b % batches[1]) * H + h;
		double weight[N], sum = 0;
		for (int j = 0; j < N; j++) {
			weight[j] = 0;
			for (int d = 0; d < D; d++)
				weight[j] += op_at(t, x[0], i * D + d) * op_at(t, x[1], (kb * N + j) * D + d);
			sum += weight[j] = exp(scale * weight[j]);
		}
		for (int e = 0; e < DV; e++) {
			y[i * DV + e] = 0;
			for (int j = 0; j < N; j++)
				y[i * DV + e] += weight[j] / sum * op_at(t, x[2], (vb * N + j) * DV + e);
		}
	}
}

static struct value *permuted(struct op_test *t, struct value *x, int a, int b, int c, int d)
{
	struct node *n = op_node(t, "", "Transpose", 1, 1, x);

	SET_INTS(t, n, "perm", a, b, c, d);
	return n->out[0];
}

/* The last two operands with their own batch; behind the product the Transpose that merges the heads. */
static void check_attention(int k_batch, int v_batch, bool shuffled, const char *type, double tolerance)
{
	struct op_test t = op_begin(20);
	char text[64];
	struct value *x[3];
	double y[B * H * M * DV];

	snprintf(text, sizeof text, "%s[%d,%d,%d,%d]", type, B, H, M, D);
	x[0] = op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d,%d,%d,%d]", type, k_batch, H, N, D);
	x[1] = op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d,%d,%d,%d]", type, v_batch, H, N, DV);
	x[2] = op_input(&t, text, NULL);
	struct value *q = shuffled ? op_shuffled(&t, x[0]) : x[0], *v = shuffled ? op_shuffled(&t, x[2]) : x[2];
	struct value *kt = permuted(&t, shuffled ? op_shuffled(&t, x[1]) : x[1], 0, 1, 3, 2);
	struct node *n = op_node(&t, "gluec", "Attention", 1, 3, q, kt, v);
	set_attribute_float(t.c, n, "scale", 0.4);
	op_output(&t, n);
	struct node *merged = op_node(&t, "", "Reshape", 1, 2, permuted(&t, n->out[0], 0, 2, 1, 3), INTS(&t, B, M, H * DV));
	op_output(&t, merged);
	op_run(&t);
	reference(&t, x, (const int[]){ k_batch, v_batch }, 0.4, y);
	snprintf(text, sizeof text, "%s[%d,%d,%d,%d]", type, B, H, M, DV);
	op_expect(&t, 0, text, tolerance, y);
	for (int i = 0; i < B * H * M * DV; i++) {
		int from = ((i / (M * H * DV) * H + i / DV % H) * M + i / (H * DV) % M) * DV + i % DV;
		ck_assert(op_result(&t, 1, i) == op_result(&t, 0, from));
	}
	/* Heads are merged without a copy: the only one puts output 0 in the order of the C interface. */
	if (!shuffled)
		ck_assert_int_eq(op_calls(&t, "copy_nd"), 1);
	op_end(&t);
}

START_TEST(attention)
{
	check_attention(B, B, false, "f32", 1e-5);
	check_attention(B, B, true, "f32", 1e-5);
	check_attention(1, B, false, "f32", 1e-5);
	check_attention(B, 1, false, "f32", 1e-5);
	check_attention(B, B, false, "f16", 4e-3);
}
END_TEST

START_TEST(attention_without_keys)
{
	struct op_test t = op_begin(20);
	struct value *q = op_input(&t, "f32[1,2,3]", NULL), *kt = op_input(&t, "f32[1,3,0]", NULL);

	op_output(&t, op_node(&t, "gluec", "Attention", 1, 3, q, kt, op_input(&t, "f32[1,0,2]", NULL)));
	op_run(&t);
	op_expect(&t, 0, "f32[1,2,2]", 0, LIST(0, 0, 0, 0));
	op_end(&t);
	t = op_begin(20);
	q = op_input(&t, "f32[1,2,3]", NULL);
	op_node(&t, "gluec", "Attention", 1, 3, q, op_input(&t, "f32[1,2,3]", NULL), q);
	EXPECT_ERROR(&t, "Attention", "f32[1,2,3]", "do not fit");
}
END_TEST

/* MultiHeadAttention on q [2,4,18], k [2,5,18], v [2,5,6] in three heads, handed over in one of its forms. */
static void check_multi_head(int form)
{
	struct op_test t = op_begin(20);
	/* As gluec.Attention's reference has them: [b,h,rows,d]. */
	struct value *x[] = { op_input(&t, "f32[2,3,4,6]", NULL), op_input(&t, "f32[2,3,5,6]", NULL),
		op_input(&t, "f32[2,3,5,2]", NULL) };
	double y[B * H * M * DV];
	struct value *in[3];

	for (int i = 0; i < 3; i++) {
		int64_t rows = x[i]->dim[2], width = H * x[i]->dim[3];
		in[i] = op_node(&t, "", "Reshape", 1, 2, permuted(&t, x[i], 0, 2, 1, 3), INTS(&t, B, rows, width))->out[0];
	}
	struct value *k = form == 1 ? x[1] : in[1], *v = form == 1 ? op_shuffled(&t, x[2]) : in[2];
	struct node *n = op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 3, in[0], k, v);
	set_attribute_int(t.c, n, "num_heads", H);
	set_attribute_float(t.c, n, "scale", 0.4);
	op_output(&t, n);
	op_run(&t);
	reference(&t, x, (const int[]){ B, B }, 0.4, y);
	for (int i = 0; i < B * H * M * DV; i++) {
		int from = ((i / (M * H * DV) * H + i / DV % H) * M + i / (H * DV) % M) * DV + i % DV;
		ck_assert(fabs(op_result(&t, 0, i) - y[from]) < 1e-5);
	}
	op_end(&t);
}

START_TEST(multi_head)
{
	check_multi_head(0);
	check_multi_head(1);
}
END_TEST

/* Packed operands must give what the same ones give when they are apart. */
static void check_packed(const char *packed, int parts)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, packed, NULL), *in[3];

	in[0] = op_input(&t, "f32[2,4,6]", NULL);
	for (int i = 0; i < parts; i++) {
		struct value *index = op_constant(&t, "i64[]", LIST(i));
		struct node *one = op_node(&t, "", "Gather", 1, 2, x, index);
		set_attribute_int(t.c, one, "axis", 3);
		in[3 - parts + i] = op_node(&t, "", "Reshape", 1, 2, one->out[0], INTS(&t, 2, 4, 6))->out[0];
	}
	struct node *n = parts == 3 ? op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 1, x)
								: op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 2, in[0], x);
	struct node *apart = op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 3, in[0], in[1], in[2]);
	set_attribute_int(t.c, n, "num_heads", 3);
	set_attribute_int(t.c, apart, "num_heads", 3);
	op_output(&t, n);
	op_output(&t, apart);
	op_run(&t);
	ck_assert_str_eq(shape_text(t.c, t.g->outputs[0]), "f32[2,4,6]");
	for (int i = 0; i < 48; i++)
		ck_assert(fabs(op_result(&t, 0, i) - op_result(&t, 1, i)) < 1e-6);
	op_end(&t);
}

START_TEST(packed_heads)
{
	check_packed("f32[2,4,3,3,2]", 3);
	check_packed("f32[2,4,3,2,2]", 2);
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 1, op_input(&t, "f32[2,4,3,2,2]", NULL));
	set_attribute_int(t.c, n, "num_heads", 3);
	EXPECT_ERROR(&t, "MultiHeadAttention", "f32[2,4,3,2,2]", "3 heads");
	t = op_begin(20);
	struct value *q = op_input(&t, "f32[2,4,6]", NULL);
	n = op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 3, q, q, op_input(&t, "f32[2,5,6]", NULL));
	set_attribute_int(t.c, n, "num_heads", 3);
	EXPECT_ERROR(&t, "MultiHeadAttention", "f32[2,5,6]", "do not fit");
	t = op_begin(20);
	op_node(&t, "com.microsoft", "MultiHeadAttention", 1, 1, op_input(&t, "f32[2,4,6]", NULL));
	EXPECT_ERROR(&t, "MultiHeadAttention", "num_heads is 0");
}
END_TEST

/* The plugin's node and the same attention as MatMul, Softmax and MatMul. */
static void check_plugin(const char *rows, const char *columns, double tolerance, bool shuffled)
{
	struct op_test t = op_begin(20);
	struct value *q = op_input(&t, rows, NULL), *k = op_input(&t, columns, NULL), *v = op_input(&t, columns, NULL);
	/* All equal operands would hide which is which. */
	k = op_node(&t, "", "Neg", 1, 1, shuffled ? op_shuffled(&t, k) : k)->out[0];
	v = op_node(&t, "", "Abs", 1, 1, v)->out[0];
	struct node *n = op_node(&t, "CustomOp", "MHAHeadDim64", 1, 3, shuffled ? op_shuffled(&t, q) : q, k, v);
	struct node *turned = op_node(&t, "", "Transpose", 1, 1, k);
	SET_INTS(&t, turned, "perm", 0, 1, 3, 2);
	struct node *scores = op_node(&t, "", "MatMul", 1, 2, q, turned->out[0]);
	struct value *eight = op_constant(&t, q->type == RT_F16 ? "f16[1]" : "f32[1]", LIST(8));
	struct node *scaled = op_node(&t, "", "Div", 1, 2, scores->out[0], eight);
	struct node *soft = op_node(&t, "", "Softmax", 1, 1, scaled->out[0]);
	op_output(&t, n);
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, soft->out[0], v));
	op_run(&t);
	ck_assert_str_eq(shape_text(t.c, t.g->outputs[0]), rows);
	for (int64_t i = 0; i < value_elements(q); i++)
		ck_assert_double_eq_tol(op_result(&t, 0, i), op_result(&t, 1, i), tolerance);
	ck_assert_int_eq(op_calls(&t, "attention"), value_elements(q) > 0);
	op_end(&t);
}

START_TEST(plugin)
{
	check_plugin("f32[2,3,5,64]", "f32[2,3,7,64]", 1e-5, false);
	check_plugin("f32[2,3,5,64]", "f32[2,3,7,64]", 1e-5, true);
	check_plugin("f16[1,2,4,64]", "f16[1,2,3,64]", 2e-2, false);
	check_plugin("f32[1,2,0,64]", "f32[1,2,3,64]", 0, false);
}
END_TEST

/* What the plugin does not take, and words of what is said. */
static const struct {
	const char *q, *k, *v, *message;
} no_plugin[] = {
	{ "f32[1,4,5,32]", "f32[1,4,7,32]", "f32[1,4,7,32]", "query f32[1,4,5,32], key f32[1,4,7,32]" },
	{ "f32[4,5,64]", "f32[4,7,64]", "f32[4,7,64]", "must be [b,h,m,64], [b,h,n,64]" },
	{ "f32[1,4,5,64]", "f32[1,2,7,64]", "f32[1,2,7,64]", "key f32[1,2,7,64]" },
	{ "f32[1,4,5,64]", "f32[1,4,7,64]", "f32[1,4,6,64]", "value f32[1,4,6,64]" },
	{ "f32[1,4,5,64]", "f32[1,4,0,64]", "f32[1,4,0,64]", "key f32[1,4,0,64] has no rows" },
	{ "f32[1,4,5,64]", "f16[1,4,7,64]", "f16[1,4,7,64]", "different types" },
	{ "f64[1,4,5,64]", "f64[1,4,7,64]", "f64[1,4,7,64]", "input 0 is f64[1,4,5,64]" },
};

START_TEST(plugin_errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "CustomOp", "MHAHeadDim64", 1, 3, op_input(&t, no_plugin[_i].q, NULL),
		op_input(&t, no_plugin[_i].k, NULL), op_input(&t, no_plugin[_i].v, NULL));
	EXPECT_ERROR(&t, "MHAHeadDim64", no_plugin[_i].message);
}
END_TEST

/* The element of v, broadcast to the pairs, that stands at index i of them. */
static double phase_at(const struct op_test *t, const struct value *v, int rank, const int64_t *pairs, int64_t i)
{
	int64_t at = 0, stride = 1;

	for (int k = 1; k <= rank; i /= pairs[rank - k], k++) {
		int64_t dim = k <= v->rank ? v->dim[v->rank - k] : 1;
		at += dim == 1 ? 0 : i % pairs[rank - k] * stride;
		stride *= dim;
	}
	return op_at(t, v, at);
}

/* The channels of x are its last dimension. The call takes the operands as they are unless copies are expected. */
static void check_rotary(
	const char *shape, const char *cosines, const char *sines, bool half, bool shuffled, bool copied)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, shape, NULL), *cosine = op_input(&t, cosines, NULL);
	struct value *sine = op_constant(&t, sines, NULL);
	struct node *n = op_node(&t, "gluec", "Rotary", 1, 3, shuffled ? op_shuffled(&t, x) : x, cosine, sine);
	const int64_t pairs = x->dim[x->rank - 1] / 2;
	int64_t dim[MAX_RANK];
	double y[480];

	memcpy(dim, x->dim, sizeof dim);
	dim[x->rank - 1] = pairs;
	set_attribute_int(t.c, n, "half", half);
	op_output(&t, n);
	op_run(&t);
	for (int64_t i = 0; i < value_elements(x) / 2; i++) {
		int64_t row = i / pairs * 2 * pairs, j = i % pairs, a = row + (half ? j : 2 * j), b = a + (half ? pairs : 1);
		double c = phase_at(&t, cosine, x->rank, dim, i), s = phase_at(&t, sine, x->rank, dim, i);
		y[a] = op_at(&t, x, a) * c - op_at(&t, x, b) * s;
		y[b] = op_at(&t, x, b) * c + op_at(&t, x, a) * s;
	}
	op_expect(&t, 0, shape, x->type == RT_F16 ? 1e-3 : 1e-6, y);
	ck_assert_int_eq(op_calls(&t, "copy_nd") > 0, copied);
	op_end(&t);
}

START_TEST(rotary)
{
	/* Phases of each row, shared by the heads. */
	check_rotary("f32[2,3,4,6]", "f32[2,1,4,3]", "f32[2,1,4,3]", false, false, false);
	check_rotary("f32[2,3,4,6]", "f32[4,3]", "f32[4,3]", true, false, false);
	check_rotary("f32[2,3,4,6]", "f32[1]", "f32[1]", false, false, false);
	check_rotary("f32[6]", "f32[3]", "f32[3]", true, false, false);
	/* Phases that broadcast differently are written out. */
	check_rotary("f32[2,3,4,6]", "f32[2,1,4,3]", "f32[4,3]", true, false, true);
	check_rotary("f32[2,3,4,6]", "f32[2,1,4,1]", "f32[2,1,4,3]", false, false, true);
	/* Channels that do not follow each other in memory. */
	check_rotary("f32[2,3,4,6]", "f32[4,3]", "f32[4,3]", false, true, true);
}
END_TEST

/* The kernel walks over three dimensions before the channels: what can be merged into so many is, other operands are
 * written out. */
START_TEST(rotary_of_many_dimensions)
{
	check_rotary("f32[2,3,2,5,4]", "f32[2,3,2,5,2]", "f32[2,3,2,5,2]", false, false, false);
	check_rotary("f32[2,3,2,5,4]", "f32[2,1,1,5,2]", "f32[2,1,1,5,2]", true, false, false);
	check_rotary("f32[2,2,1,3,5,4]", "f32[1,2,1,1,5,2]", "f32[1,2,1,1,5,2]", false, false, true);
	check_rotary("f32[2,3,2,5,4]", "f32[2,1,2,1,2]", "f32[2,1,2,1,2]", true, false, true);
	check_rotary("f32[2,3,2,5,4]", "f32[2,1,2,1,2]", "f32[5,2]", false, true, true);
	check_rotary("f32[1,2,1,3,1,2,1,4]", "f32[3,1,1,1,2]", "f32[3,1,1,1,2]", true, false, false);
}
END_TEST

/* Phases as halves, and channels of two. */
START_TEST(rotary_of_halves)
{
	check_rotary("f16[2,3,4]", "f16[3,2]", "f16[3,2]", false, false, false);
	check_rotary("f32[2,3,2]", "f32[3,1]", "f32[3,1]", true, false, false);
}
END_TEST

START_TEST(rotary_errors)
{
	struct op_test t = op_begin(20);
	struct value *phase = op_input(&t, "f32[4,2]", NULL);

	op_node(&t, "gluec", "Rotary", 1, 3, op_input(&t, "f32[2,3,4,6]", NULL), phase, phase);
	EXPECT_ERROR(&t, "Rotary", "broadcast");
	t = op_begin(20);
	phase = op_input(&t, "f32[1]", NULL);
	op_node(&t, "gluec", "Rotary", 1, 3, op_input(&t, "f32[4,5]", NULL), phase, phase);
	EXPECT_ERROR(&t, "Rotary", "f32[4,5]");
	t = op_begin(20);
	phase = op_input(&t, "f32[1,4,3]", NULL);
	op_node(&t, "gluec", "Rotary", 1, 3, op_input(&t, "f32[4,6]", NULL), phase, phase);
	EXPECT_ERROR(&t, "Rotary", "phase f32[1,4,3]", "f32[4,6]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("attention");
	TCase *tc = tcase_create("attention");

	tcase_add_test(tc, attention);
	tcase_add_test(tc, attention_without_keys);
	tcase_add_test(tc, multi_head);
	tcase_add_test(tc, packed_heads);
	tcase_add_test(tc, plugin);
	tcase_add_loop_test(tc, plugin_errors, 0, sizeof no_plugin / sizeof *no_plugin);
	tcase_add_test(tc, rotary);
	tcase_add_test(tc, rotary_of_many_dimensions);
	tcase_add_test(tc, rotary_of_halves);
	tcase_add_test(tc, rotary_errors);
	suite_add_tcase(s, tc);
	return s;
}
