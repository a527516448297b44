/* Attention and RotaryEmbedding of ONNX 23 against their definitions. */
#include "op_test.h"
#include <string.h>

enum { B = 2, M = 3, N = 4, PAST = 2, D = 4, DV = 2 };

/* What a case is about. */
struct form {
	int heads, shared;
	bool three, past, causal, boolean;
	const char *mask; /* its shape, or NULL */
	double softcap, scale;
	int shown; /* qk_matmul_output_mode, or -1 */
	bool used; /* nonpad_kv_seqlen */
};

struct given {
	struct op_test t;
	const struct form *f;
	struct value *q, *k, *v, *mask, *past_k, *past_v, *used;
	int n;
};

/* Element [b, h, i, d] of an operand with `heads` heads, which lie side by side in the three-dimensional form. */
static double head_at(
	const struct given *g, const struct value *x, int heads, int rows, int size, int b, int h, int i, int d)
{
	int64_t at = g->f->three ? ((int64_t)(b * rows + i) * heads + h) * size + d
							 : ((int64_t)(b * heads + h) * rows + i) * size + d;

	return op_at(&g->t, x, at);
}

/* Row j of the keys or values, behind what the cache holds. */
static double key_at(const struct given *g, bool value, int b, int h, int j, int d)
{
	int kept = g->f->past ? PAST : 0, size = value ? DV : D;
	const struct value *past = value ? g->past_v : g->past_k;

	if (j < kept)
		return op_at(&g->t, past, ((int64_t)(b * g->f->shared + h) * PAST + j) * size + d);
	return head_at(g, value ? g->v : g->k, g->f->shared, N, size, b, h, j - kept, d);
}

static double mask_at(const struct given *g, int b, int h, int i, int j)
{
	const int at[] = { b, h, i, j };
	int64_t element = 0;

	if (g->f->causal && j > i + (g->f->past ? PAST : 0))
		return -INFINITY;
	if (g->used && j >= op_at(&g->t, g->used, b))
		return -INFINITY;
	if (!g->mask)
		return 0;
	if (g->mask->dim[g->mask->rank - 1] > 1 && j >= g->mask->dim[g->mask->rank - 1])
		return -INFINITY;
	for (int d = 0; d < g->mask->rank; d++)
		element = element * g->mask->dim[d] + (g->mask->dim[d] == 1 ? 0 : at[4 - g->mask->rank + d]);
	double x = op_at(&g->t, g->mask, element);
	return g->f->boolean ? (x != 0 ? 0 : -INFINITY) : x;
}

/* The scores of one row, as they are at the moment that is shown, and at the end their softmax. */
static void row(const struct given *g, int b, int h, int i, double *shown, double *weight)
{
	double scale = g->f->scale != 0 ? g->f->scale : 1 / sqrt(D), sum = 0;

	for (int j = 0; j < g->n; j++) {
		double x = 0;
		for (int d = 0; d < D; d++)
			x += head_at(g, g->q, g->f->heads, M, D, b, h, i, d) *
				 key_at(g, false, b, h / (g->f->heads / g->f->shared), j, d);
		x *= scale;
		shown[j] = x;
		if (g->f->softcap != 0)
			x = g->f->softcap * tanh(x / g->f->softcap);
		shown[j] = g->f->shown == 1 ? x : shown[j];
		x += mask_at(g, b, h, i, j);
		shown[j] = g->f->shown == 2 ? x : shown[j];
		weight[j] = exp(x);
		sum += weight[j];
	}
	for (int j = 0; j < g->n; j++) {
		weight[j] /= sum;
		shown[j] = g->f->shown == 3 ? weight[j] : shown[j];
	}
}

static const char *operand_shape(struct given *g, int heads, int rows, int size)
{
	return g->f->three ? arena_text(g->t.c, "f32[%d,%d,%d]", B, rows, heads * size)
					   : arena_text(g->t.c, "f32[%d,%d,%d,%d]", B, heads, rows, size);
}

static struct node *build(struct given *g, const struct form *f)
{
	*g = (struct given){ .t = op_begin(23), .f = f, .n = N + (f->past ? PAST : 0) };
	g->q = op_input(&g->t, operand_shape(g, f->heads, M, D), NULL);
	g->k = op_input(&g->t, operand_shape(g, f->shared, N, D), NULL);
	g->v = op_input(&g->t, operand_shape(g, f->shared, N, DV), NULL);
	if (f->mask)
		g->mask = op_input(&g->t, f->mask, NULL);
	if (f->past) {
		g->past_k = op_input(&g->t, arena_text(g->t.c, "f32[%d,%d,%d,%d]", B, f->shared, PAST, D), NULL);
		g->past_v = op_input(&g->t, arena_text(g->t.c, "f32[%d,%d,%d,%d]", B, f->shared, PAST, DV), NULL);
	}
	if (f->used)
		g->used = op_input(&g->t, "i64[2]", LIST(2, 3));
	struct node *n = op_node(&g->t, "", "Attention", 4, 7, g->q, g->k, g->v, g->mask, g->past_k, g->past_v, g->used);
	if (f->three) {
		set_attribute_int(g->t.c, n, "q_num_heads", f->heads);
		set_attribute_int(g->t.c, n, "kv_num_heads", f->shared);
	}
	set_attribute_int(g->t.c, n, "is_causal", f->causal);
	if (f->softcap != 0)
		set_attribute_float(g->t.c, n, "softcap", f->softcap);
	if (f->scale != 0)
		set_attribute_float(g->t.c, n, "scale", f->scale);
	if (f->shown >= 0)
		set_attribute_int(g->t.c, n, "qk_matmul_output_mode", f->shown);
	else
		n->out[3] = NULL;
	if (!f->past)
		n->out[1] = n->out[2] = NULL;
	op_output(&g->t, n);
	return n;
}

static void expect_present(const struct given *g, int output, bool value)
{
	int size = value ? DV : D;

	for (int64_t e = 0; e < (int64_t)B * g->f->shared * g->n * size; e++) {
		int d = (int)(e % size), j = (int)(e / size % g->n), h = (int)(e / size / g->n);
		ck_assert(op_result(&g->t, output, e) == key_at(g, value, h / g->f->shared, h % g->f->shared, j, d));
	}
}

static void check(const struct form *f)
{
	double shown[N + PAST], weight[N + PAST];
	struct given g;

	build(&g, f);
	op_run(&g.t);
	for (int b = 0; b < B; b++)
		for (int h = 0; h < f->heads; h++)
			for (int i = 0; i < M; i++) {
				row(&g, b, h, i, shown, weight);
				for (int d = 0; d < DV; d++) {
					double y = 0;
					for (int j = 0; j < g.n; j++)
						y += weight[j] * key_at(&g, true, b, h / (f->heads / f->shared), j, d);
					int64_t at =
						f->three ? ((b * M + i) * f->heads + h) * DV + d : ((b * f->heads + h) * M + i) * DV + d;
					ck_assert_double_eq_tol(op_result(&g.t, 0, at), y, 1e-5);
				}
				for (int j = 0; j < g.n && f->shown >= 0; j++) {
					double x = op_result(&g.t, f->past ? 3 : 1, ((b * f->heads + h) * M + i) * g.n + j);
					ck_assert_msg(x == shown[j] || fabs(x - shown[j]) < 1e-5, "%g, not %g", x, shown[j]);
				}
			}
	if (f->past) {
		expect_present(&g, 1, false);
		expect_present(&g, 2, true);
	}
	ck_assert_int_eq(
		op_calls(&g.t, "attention"), !f->mask && !f->causal && f->softcap == 0 && f->shown < 0 && !f->used);
	op_end(&g.t);
}

static const struct form forms[] = {
	{ 2, 2, .shown = -1 },
	{ 2, 2, .three = true, .scale = 0.1, .shown = -1 },
	{ 6, 2, .shown = -1 },
	{ 6, 3, .three = true, .shown = -1 },
	{ 2, 1, .past = true, .shown = -1 },
	{ 2, 2, .causal = true, .shown = -1 },
	{ 4, 2, .three = true, .past = true, .causal = true, .shown = 2 },
	{ 2, 2, .mask = "f32[3,4]", .softcap = 0.5, .shown = 1 },
	{ 2, 2, .mask = "f32[2,1,3,4]", .shown = 0 },
	{ 4, 2, .mask = "f32[4,3,1]", .shown = 3 },
	{ 2, 2, .three = true, .mask = "f32[1]", .shown = 2 },
	{ 2, 2, .past = true, .mask = "f32[3,4]", .shown = -1 },
	{ 2, 2, .boolean = true, .mask = "bool[2,1,1,4]", .shown = -1 },
	{ 2, 2, .used = true, .shown = -1 },
};

START_TEST(attention)
{
	check(&forms[_i]);
}
END_TEST

START_TEST(attention_errors)
{
	static const struct form three = { 4, 3, .three = true, .shown = -1 }, four = { 3, 2, .shown = -1 };
	static const struct form both = { 2, 2, .used = true, .causal = true, .shown = -1 };
	static const struct form mask = { 2, 2, .mask = "f32[2,4]", .shown = -1 };
	struct given g;

	build(&g, &three);
	EXPECT_ERROR(&g.t, "Attention", "f32[2,3,16]", "f32[2,4,12]");
	build(&g, &four);
	EXPECT_ERROR(&g.t, "do not fit each other");
	build(&g, &both);
	EXPECT_ERROR(&g.t, "nonpad_kv_seqlen together with is_causal");
	build(&g, &mask);
	EXPECT_ERROR(&g.t, "[2,4]", "[2,2,3,4]");
	struct node *n = build(&g, &(struct form){ 2, 2, .three = true, .shown = -1 });
	set_attribute_int(g.t.c, n, "q_num_heads", 3);
	EXPECT_ERROR(&g.t, "q_num_heads 3", "f32[2,3,8]");
}
END_TEST

/* x [1,2,2,6], of whose channels the first `rotated` turn; positions choose rows of the tables. */
static void check_rotary(int rotated, bool interleaved, bool positions, bool three)
{
	static const double at[] = { 3, 1 };
	struct op_test t = op_begin(23);
	struct value *x = op_input(&t, three ? "f32[1,2,12]" : "f32[1,2,2,6]", NULL);
	int pairs = rotated / 2;
	const char *shape = positions ? arena_text(t.c, "f32[4,%d]", pairs) : arena_text(t.c, "f32[1,2,%d]", pairs);
	struct value *cosines = op_input(&t, shape, NULL), *sines = op_constant(&t, shape, NULL);
	struct value *ids = positions ? op_input(&t, "i64[1,2]", at) : NULL;
	struct node *n = op_node(&t, "", "RotaryEmbedding", 1, 4, x, cosines, sines, ids);
	double y[24];

	set_attribute_int(t.c, n, "interleaved", interleaved);
	set_attribute_int(t.c, n, "rotary_embedding_dim", rotated == 6 ? 0 : rotated);
	if (three)
		set_attribute_int(t.c, n, "num_heads", 2);
	op_output(&t, n);
	op_run(&t);
	for (int e = 0; e < 24; e++) {
		int d = e % 6, i = three ? e / 12 : e / 6 % 2, pair = interleaved ? d / 2 : d % (pairs ? pairs : 1);
		bool first = interleaved ? d % 2 == 0 : d < pairs;
		int other = e + (first ? 1 : -1) * (interleaved ? 1 : pairs);
		int64_t phase = (int64_t)(positions ? (int)at[i] : i) * pairs + pair;
		y[e] = op_at(&t, x, e);
		if (d < rotated)
			y[e] = y[e] * op_at(&t, cosines, phase) + (first ? -1 : 1) * op_at(&t, x, other) * op_at(&t, sines, phase);
	}
	op_expect(&t, 0, three ? "f32[1,2,12]" : "f32[1,2,2,6]", 1e-6, y);
	op_end(&t);
}

START_TEST(rotary)
{
	for (int form = 0; form < 8; form++) {
		check_rotary(6, form & 1, form & 2, form & 4);
		check_rotary(4, form & 1, form & 2, form & 4);
	}
}
END_TEST

START_TEST(rotary_errors)
{
	struct op_test t = op_begin(23);
	struct value *x = op_input(&t, "f32[1,2,2,6]", NULL), *table = op_input(&t, "f32[4,2]", NULL);

	op_node(&t, "", "RotaryEmbedding", 1, 4, x, table, table, op_input(&t, "i64[1,2]", NULL));
	EXPECT_ERROR(&t, "RotaryEmbedding", "f32[4,2]", "6 channels");
	t = op_begin(23);
	x = op_input(&t, "f32[1,2,12]", NULL);
	table = op_input(&t, "f32[1,2,3]", NULL);
	op_node(&t, "", "RotaryEmbedding", 1, 3, x, table, table);
	EXPECT_ERROR(&t, "num_heads");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("onnx_attention");
	TCase *tc = tcase_create("onnx_attention");

	tcase_add_loop_test(tc, attention, 0, sizeof forms / sizeof *forms);
	tcase_add_test(tc, attention_errors);
	tcase_add_test(tc, rotary);
	tcase_add_test(tc, rotary_errors);
	suite_add_tcase(s, tc);
	return s;
}
