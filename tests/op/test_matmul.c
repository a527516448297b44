/* Matrix products: MatMul, Gemm, Einsum and gluec.Linear, against sums in double. */
#include "op_test.h"
#include <stdlib.h>
#include <string.h>

/* a [ab0,ab1,3,5] times b [bb0,bb1,5,4], broadcast, either of them stored in another order. */
static void check_batch(const int *ab, const int *bb, bool shuffle_a, bool shuffle_b, const char *type)
{
	struct op_test t = op_begin(20);
	char text[64];
	int b0 = ab[0] > bb[0] ? ab[0] : bb[0], b1 = ab[1] > bb[1] ? ab[1] : bb[1];
	double *y = calloc((size_t)(b0 * b1 * 12), sizeof *y);

	snprintf(text, sizeof text, "%s[%d,%d,3,5]", type, ab[0], ab[1]);
	struct value *a = op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d,%d,5,4]", type, bb[0], bb[1]);
	struct value *b = op_input(&t, text, NULL);
	struct value *left = shuffle_a ? op_shuffled(&t, a) : a, *right = shuffle_b ? op_shuffled(&t, b) : b;
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, left, right));
	op_run(&t);
	for (int i = 0; i < b0 * b1 * 12; i++) {
		int in_a = i / 12 / b1 % ab[0] * ab[1] + i / 12 % b1 % ab[1];
		int in_b = i / 12 / b1 % bb[0] * bb[1] + i / 12 % b1 % bb[1];
		for (int k = 0; k < 5; k++)
			y[i] += op_at(&t, a, in_a * 15 + i / 4 % 3 * 5 + k) * op_at(&t, b, in_b * 20 + k * 4 + i % 4);
	}
	snprintf(text, sizeof text, "%s[%d,%d,3,4]", type, b0, b1);
	op_expect(&t, 0, text, 1e-5, y);
	free(y);
	op_end(&t);
}

START_TEST(batches)
{
	static const int two_three[] = { 2, 3 }, one_three[] = { 1, 3 }, two_one[] = { 2, 1 }, one[] = { 1, 1 };

	check_batch(two_three, two_three, false, false, "f32");
	check_batch(two_three, two_three, true, true, "f32");
	check_batch(one_three, two_one, false, true, "f32");
	check_batch(one, two_three, true, false, "f32");
	check_batch(two_three, one, false, false, "f64");
	check_batch(two_one, one_three, true, false, "i32");
}
END_TEST

START_TEST(vectors_and_deep_batches)
{
	struct op_test t = op_begin(20);
	struct value *v = op_input(&t, "f32[2]", LIST(1, 2)), *m = op_input(&t, "f32[2,2]", LIST(1, 2, 3, 4));
	/* Batches [2,1,2] and [1,2,1]: no two of them can be merged. */
	struct value *a = op_input(&t, "f32[2,1,2,1,1]", LIST(1, 2, 3, 4));
	struct value *b = op_input(&t, "f32[1,2,1,1,1]", LIST(10, 20));

	op_output(&t, op_node(&t, "", "MatMul", 1, 2, v, v));
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, v, m));
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, m, v));
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, a, b));
	op_output(&t, op_node(&t, "", "MatMul", 1, 2, op_input(&t, "f32[2,0]", NULL), op_input(&t, "f32[0,1]", NULL)));
	op_run(&t);
	op_expect(&t, 0, "f32[]", 0, LIST(5));
	op_expect(&t, 1, "f32[2]", 0, LIST(7, 10));
	op_expect(&t, 2, "f32[2]", 0, LIST(5, 11));
	op_expect(&t, 3, "f32[2,2,2,1,1]", 0, LIST(10, 20, 20, 40, 30, 40, 60, 80));
	op_expect(&t, 4, "f32[2,1]", 0, LIST(0, 0));
	op_end(&t);
}
END_TEST

START_TEST(gemm)
{
	struct op_test t = op_begin(20);
	struct value *a = op_input(&t, "f32[2,1]", LIST(1, 2)), *b = op_input(&t, "f32[3,2]", LIST(1, 2, 3, 4, 5, 6));
	struct value *c = op_input(&t, "f32[3]", LIST(10, 20, 30));
	struct node *n = op_node(&t, "", "Gemm", 1, 3, a, b, c), *zero = op_node(&t, "", "Gemm", 1, 2, a, b);

	set_attribute_int(t.c, n, "transA", 1);
	set_attribute_int(t.c, n, "transB", 1);
	set_attribute_float(t.c, n, "alpha", 0.5);
	set_attribute_float(t.c, n, "beta", 2);
	set_attribute_int(t.c, zero, "transA", 1);
	set_attribute_int(t.c, zero, "transB", 1);
	set_attribute_float(t.c, zero, "alpha", 0);
	struct node *fused = op_node(&t, "com.microsoft", "FusedMatMul", 1, 2, a, b);
	set_attribute_int(t.c, fused, "transA", 1);
	set_attribute_int(t.c, fused, "transB", 1);
	set_attribute_float(t.c, fused, "alpha", 2);
	op_output(&t, n);
	op_output(&t, zero);
	op_output(&t, fused);
	op_run(&t);
	op_expect(&t, 0, "f32[1,3]", 1e-6, LIST(22.5, 45.5, 68.5));
	op_expect(&t, 1, "f32[1,3]", 0, LIST(0, 0, 0));
	op_expect(&t, 2, "f32[1,3]", 1e-6, LIST(10, 22, 34));
	op_end(&t);
}
END_TEST

START_TEST(product_errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "", "MatMul", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[4,2]", NULL));
	EXPECT_ERROR(&t, "MatMul", "3 and 4", "f32[2,3]", "f32[4,2]");
	t = op_begin(20);
	op_node(&t, "", "MatMul", 1, 2, op_input(&t, "f32[2,3]", NULL), op_input(&t, "f32[]", NULL));
	EXPECT_ERROR(&t, "MatMul", "f32[]");
	t = op_begin(20);
	op_node(&t, "", "MatMul", 1, 2, op_input(&t, "f32[2,2,3]", NULL), op_input(&t, "f32[3,3,2]", NULL));
	EXPECT_ERROR(&t, "MatMul", "do not broadcast");
	t = op_begin(20);
	struct value *c = op_input(&t, "f32[4]", NULL), *a = op_input(&t, "f32[2,3]", NULL);
	op_node(&t, "", "Gemm", 1, 3, a, op_input(&t, "f32[3,5]", NULL), c);
	EXPECT_ERROR(&t, "Gemm", "[4]", "[2,5]");
}
END_TEST

static void check_einsum(const char *equation, const char *a, const char *b, const char *shape, const double *y)
{
	struct op_test t = op_begin(20);
	struct value *v[] = { op_input(&t, a, LIST(1, 2, 3, 4, 5, 6, 7, 8)), NULL };

	if (b)
		v[1] = op_input(&t, b, LIST(1, 10, 100, 1000, 1, 10, 100, 1000));
	struct node *n = op_node(&t, "", "Einsum", 1, b ? 2 : 1, v[0], v[1]);
	set_attribute_string(t.c, n, "equation", equation);
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, shape, 1e-6, y);
	op_end(&t);
}

START_TEST(einsum)
{
	check_einsum("ij->ji", "f32[2,2]", NULL, "f32[2,2]", LIST(1, 3, 2, 4));
	check_einsum("ji", "f32[2,2]", NULL, "f32[2,2]", LIST(1, 3, 2, 4));
	check_einsum("ij->i", "f32[2,2]", NULL, "f32[2]", LIST(3, 7));
	check_einsum("ii->i", "f32[2,2]", NULL, "f32[2]", LIST(1, 4));
	check_einsum("ii", "f32[2,2]", NULL, "f32[]", LIST(5));
	check_einsum("...ij -> ...ji", "f32[2,2,2]", NULL, "f32[2,2,2]", LIST(1, 3, 2, 4, 5, 7, 6, 8));
	check_einsum("ij,jk->ik", "f32[2,2]", "f32[2,2]", "f32[2,2]", LIST(201, 2010, 403, 4030));
	check_einsum("ij,jk", "f32[2,2]", "f32[2,2]", "f32[2,2]", LIST(201, 2010, 403, 4030));
	check_einsum("ij,kj->ki", "f32[2,2]", "f32[2,2]", "f32[2,2]", LIST(21, 43, 2100, 4300));
	check_einsum("bij,bj->bi", "f32[2,2,2]", "f32[2,2]", "f32[2,2]", LIST(21, 43, 6500, 8700));
	check_einsum("i,j->ij", "f32[2]", "f32[2]", "f32[2,2]", LIST(1, 10, 2, 20));
	check_einsum("ij,ij->", "f32[2,2]", "f32[2,2]", "f32[]", LIST(4321));
	check_einsum("...d,...d->...", "f32[2,2]", "f32[1,2]", "f32[2]", LIST(21, 43));
	check_einsum("ij,k->i", "f32[2,2]", "f32[2]", "f32[2]", LIST(33, 77));
}
END_TEST

/* Each of three operands counts 1, 2, 3, ...; the sums are written out. */
START_TEST(einsum_of_three)
{
	struct op_test t = op_begin(20);
	struct value *a = op_input(&t, "f32[2,3]", LIST(1, 2, 3, 4, 5, 6)),
				 *b = op_input(&t, "f32[3,2]", LIST(1, 2, 3, 4, 5, 6));
	struct value *c = op_input(&t, "f32[2]", LIST(1, 2));
	struct node *chain = op_node(&t, "", "Einsum", 1, 3, op_shuffled(&t, a), b, c);
	struct node *outer = op_node(&t, "", "Einsum", 1, 4, c, c, a, c);

	set_attribute_string(t.c, chain, "equation", "ij,jk,k->ik");
	set_attribute_string(t.c, outer, "equation", "i,j,ik,l->jil");
	op_output(&t, chain);
	op_output(&t, outer);
	op_run(&t);
	op_expect(&t, 0, "f32[2,2]", 1e-6, LIST(22, 56, 49, 128));
	op_expect(&t, 1, "f32[2,2,2]", 1e-6, LIST(6, 12, 30, 60, 12, 24, 60, 120));
	op_end(&t);
}
END_TEST

static void refuse_einsum(const char *equation, int operands, const char *word)
{
	struct op_test t = op_begin(20);
	struct value *x = op_input(&t, "f32[2,3]", NULL);
	struct node *n = op_node(&t, "", "Einsum", 1, operands, x, x, x);

	if (equation)
		set_attribute_string(t.c, n, "equation", equation);
	EXPECT_ERROR(&t, "Einsum", word);
}

START_TEST(einsum_errors)
{
	refuse_einsum(NULL, 1, "equation");
	refuse_einsum("ijk->i", 1, "3 letters for 2");
	refuse_einsum("ij,jk->ik", 2, "dimensions 3 and 2");
	refuse_einsum("ij->ik", 1, "occurs in no operand");
	refuse_einsum("ij->ii", 1, "twice");
	refuse_einsum("ij", 2, "fewer terms");
	refuse_einsum("ij,ij->ij", 1, "more terms");
	refuse_einsum("i1->i", 1, "");
	refuse_einsum("ij-ji", 1, "'>'");
	refuse_einsum("ij->i,j", 1, "goes on");
	struct op_test t = op_begin(20);
	struct value *five = op_input(&t, "f32[1,1,1,1,1]", NULL);
	struct node *n = op_node(&t, "", "Einsum", 1, 3, five, five, five);
	set_attribute_string(t.c, n, "equation", "abcde,fghij,acfhd->begj");
	EXPECT_ERROR(&t, "Einsum", "more than 8 dimensions");
	t = op_begin(20);
	n = op_node(&t, "", "Einsum", 1, 0);
	n->n_in = 17;
	n->in = NEW(t.c, struct value *, 17);
	n->in[0] = op_input(&t, "f32[1]", NULL);
	for (int i = 1; i < 17; i++)
		n->in[i] = n->in[0];
	set_attribute_string(t.c, n, "equation", "a->a");
	EXPECT_ERROR(&t, "17 operands");
}
END_TEST

struct linear_case {
	int m, n, k0, k1;
	bool bias, residual, strided;
	const char *act, *type;
};

static void check_linear(const struct linear_case *k)
{
	struct op_test t = op_begin(20);
	struct value *v[5] = { NULL };
	char text[64];
	double *y = calloc((size_t)(2 * k->m * k->n), sizeof *y);

	snprintf(text, sizeof text, "%s[2,%d,%d]", k->type, k->m, k->k0);
	v[0] = op_input(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d,%d]", k->type, k->k0 + k->k1, k->n);
	v[1] = op_constant(&t, text, NULL);
	snprintf(text, sizeof text, "%s[%d]", k->type, k->n);
	v[2] = k->bias ? op_constant(&t, text, NULL) : NULL;
	snprintf(text, sizeof text, "%s[2,%d,%d]", k->type, k->m, k->k1);
	v[3] = k->k1 ? op_input(&t, text, NULL) : NULL;
	snprintf(text, sizeof text, "%s[2,%d,%d]", k->type, k->m, k->n);
	v[4] = k->residual ? op_input(&t, text, NULL) : NULL;
	struct value *x = k->strided ? op_shuffled(&t, v[0]) : v[0];
	struct node *n = op_node(&t, "gluec", "Linear", 1, 5, x, v[1], v[2], v[3], v[4]);
	set_attribute_string(t.c, n, "act", k->act);
	op_output(&t, n);
	op_run(&t);
	for (int i = 0; i < 2 * k->m * k->n; i++) {
		int row = i / k->n, column = i % k->n;
		double sum = v[2] ? op_at(&t, v[2], column) : 0;
		for (int j = 0; j < k->k0; j++)
			sum += op_at(&t, v[0], row * k->k0 + j) * op_at(&t, v[1], j * k->n + column);
		for (int j = 0; j < k->k1; j++)
			sum += op_at(&t, v[3], row * k->k1 + j) * op_at(&t, v[1], (k->k0 + j) * k->n + column);
		sum = *k->act == 'R' && sum < 0 ? 0 : *k->act == 'G' ? 0.5 * sum * (1 + erf(sum / sqrt(2))) : sum;
		y[i] = sum + (v[4] ? op_at(&t, v[4], i) : 0);
	}
	op_expect(&t, 0, text, k->type[1] == '1' ? 1e-2 : 2e-5, y);
	free(y);
	op_end(&t);
}

static const struct linear_case linears[] = {
	{ 3, 5, 4, 0, false, false, false, "", "f32" },
	{ 3, 17, 4, 2, true, true, false, "", "f32" },
	{ 2, 33, 7, 0, true, false, true, "Relu", "f32" },
	{ 1, 1, 5, 1, true, true, true, "Gelu", "f32" },
	{ 3, 17, 4, 2, true, true, false, "Relu", "f16" },
};

START_TEST(linear)
{
	check_linear(&linears[_i]);
}
END_TEST

START_TEST(linear_errors)
{
	struct op_test t = op_begin(20);

	op_node(&t, "gluec", "Linear", 1, 2, op_input(&t, "f32[2,3]", NULL), op_constant(&t, "f32[4,2]", NULL));
	EXPECT_ERROR(&t, "Linear", "f32[2,3]", "f32[4,2]");
	t = op_begin(20);
	struct value *w = op_constant(&t, "f32[3,2]", NULL), *residual = op_input(&t, "f32[2]", NULL);
	op_node(&t, "gluec", "Linear", 1, 5, op_input(&t, "f32[2,3]", NULL), w, NULL, NULL, residual);
	EXPECT_ERROR(&t, "Linear", "residual f32[2]", "f32[2,2]");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("matmul");
	TCase *tc = tcase_create("matmul");

	tcase_add_test(tc, batches);
	tcase_add_test(tc, vectors_and_deep_batches);
	tcase_add_test(tc, gemm);
	tcase_add_test(tc, product_errors);
	tcase_add_test(tc, einsum);
	tcase_add_test(tc, einsum_of_three);
	tcase_add_test(tc, einsum_errors);
	tcase_add_loop_test(tc, linear, 0, sizeof linears / sizeof *linears);
	tcase_add_test(tc, linear_errors);
	suite_add_tcase(s, tc);
	return s;
}
