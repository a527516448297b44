/* Indices and coordinates never pass through half: not by gluec's choice, and not by the file's where half cannot hold
 * them. */
#include "pass_test.h"
#include <string.h>

enum { WIDE = 1024, PLACES = 70000 /* more than half's largest number, 65504 */ };

static struct value *to(struct op_test *t, const char *name, struct value *x, enum rt_type type)
{
	struct value *y = pass_node(t, "Cast", name, 1, x);

	set_attribute_int(t->c, y->def, "to", type);
	return y;
}

static struct value *half(struct op_test *t, double x)
{
	return op_constant(t, "f16[]", LIST(x));
}

/* The places of the largest numbers of a long row, all of them in its last part. */
static struct value *places(struct op_test *t)
{
	double x[PLACES] = { 0 };

	for (int i = 0; i < 5; i++)
		x[PLACES - 1 - 777 * i] = 5 - i;
	struct node *n = op_node(t, "", "TopK", 2, 2, op_input(t, "f32[1,70000]", x), INTS(t, 5));
	n->out[1]->name = "index";
	return n->out[1];
}

static int place(int i)
{
	return PLACES - 1 - 777 * i;
}

/* Row and column of an index by arithmetic in half, as exporters of whole half precision graphs write it. */
static void coordinates(struct op_test *t, int form)
{
	struct value *index = to(t, "halves", places(t), RT_F16);
	struct value *row = pass_node(t, "Floor", "row", 1, pass_node(t, "Div", "quotient", 2, index, half(t, WIDE)));
	struct value *column = pass_node(t, "Sub", "column", 2, index, pass_node(t, "Mul", "start", 2, row, half(t, WIDE)));

	pass_output(t, to(t, "y", row, RT_I64));
	pass_output(t, to(t, "x", column, form ? RT_I32 : RT_I64));
}

START_TEST(arithmetic)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_begin();
		coordinates(&t, form);
		pass_optimize(&t);
		ck_assert_int_eq(pass_value(t.g, "halves")->type, RT_F32);
		ck_assert_int_eq(pass_value(t.g, "column")->type, RT_F32);
		pass_run(&t);
		for (int i = 0; i < 5; i++) {
			ck_assert_int_eq((int)op_result(&t, 0, i), place(i) / WIDE);
			ck_assert_int_eq((int)op_result(&t, 1, i), place(i) % WIDE);
		}
		op_end(&t);
		t = pass_compare(coordinates, form, 0);
		op_end(&t);
		t = pass_compare_half(coordinates, form, 0);
		op_end(&t);
	}
}
END_TEST

/* What fits half stays what the file says. */
START_TEST(small_indices_stay_half)
{
	static const struct {
		const char *shape;
		enum rt_type type;
	} list[] = { { "f32[1,2049]", RT_F16 }, { "f32[1,2050]", RT_F32 } };

	for (int i = 0; i < 2; i++) {
		struct op_test t = pass_begin();
		struct node *n = op_node(&t, "", "TopK", 2, 2, pass_input(&t, list[i].shape, 1), INTS(&t, 5));
		n->out[1]->name = "index";
		struct value *sum = pass_node(&t, "Sub", "sum", 2, to(&t, "halves", n->out[1], RT_F16), half(&t, 1));
		pass_output(&t, to(&t, "y", sum, RT_I64));
		pass_infer(&t);
		ck_assert_int_eq(pass_value(t.g, "halves")->type, list[i].type);
		ck_assert_int_eq(pass_value(t.g, "sum")->type, list[i].type);
		op_end(&t);
	}
}
END_TEST

/* Coordinates that fit, from which an index is computed that does not. */
START_TEST(sums_that_grow)
{
	struct op_test t = pass_begin();
	struct value *index = pass_node(&t, "Mod", "column", 2, places(&t), value_int(t.c, "w", WIDE));
	struct value *column = to(&t, "halves", index, RT_F16);
	struct value *far = pass_node(&t, "Add", "far", 2, column, half(&t, 1));
	struct value *product = pass_node(&t, "Mul", "product", 2, far, half(&t, 63));

	pass_output(&t, to(&t, "y", product, RT_I64));
	pass_optimize(&t);
	ck_assert_int_eq(pass_value(t.g, "halves")->type, RT_F16);
	ck_assert_int_eq(pass_value(t.g, "product")->type, RT_F32);
	pass_run(&t);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq((int)op_result(&t, 0, i), (place(i) % WIDE + 1) * 63);
	op_end(&t);
}
END_TEST

/* A constant grid, a cast by CastLike, tests, choices and branches carry on; an operation on real numbers, and the
 * output of the graph, get the half that the file says. */
static void everything(struct op_test *t, int form)
{
	struct value *like = pass_input(t, "f16[1,5]", 3), *index = pass_node(t, "CastLike", "halves", 2, places(t), like);
	struct value *grid = to(t, "grid", op_constant(t, "i64[1,5]", LIST(0, 5000, 60001, 69999, 70001)), RT_F16);
	struct value *larger = pass_node(t, "Max", "larger", 2, index, grid);
	struct value *same = pass_node(t, "Equal", "same", 2, larger, index);
	struct value *chosen = pass_node(t, "Where", "chosen", 3, same, pass_node(t, "Neg", "minus", 1, index), grid);

	struct graph *side[2];
	for (int i = 0; i < 2; i++) {
		side[i] = pass_open(t);
		pass_output(t, to(t, "inner", pass_node(t, "Add", "shifted", 2, chosen, half(t, i)), RT_I64));
		pass_close(t);
	}
	pass_output(t, pass_if(t, "choice", op_input(t, "bool[1]", LIST(form)), side[0], side[1])->out[0]);
	struct value *part = pass_node(t, "Div", "part", 2, chosen, half(t, PLACES / 2));
	pass_output(t, pass_node(t, "Sin", "wave", 1, part));
	pass_output(t, part);
	/* Whoever asks for the type of an index is told what the file says. */
	pass_output(t, pass_node(t, "CastLike", "typed", 2, pass_input(t, "f32[2]", 4), part));
}

START_TEST(all_kinds)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_begin();
		everything(&t, form);
		pass_infer(&t);
		ck_assert_int_eq(pass_value(t.g, "chosen")->type, RT_F32);
		for (int k = 1; k < 4; k++)
			ck_assert_msg(t.g->outputs[k]->type == RT_F16, "output %d", k);
		ck_assert_str_eq(t.g->outputs[2]->name, "part");
		pass_run(&t);
		for (int i = 0; i < 5; i++) {
			int chosen = i == 4 ? 70001 : i == 3 ? 69999 : -place(i);
			ck_assert_int_eq((int)op_result(&t, 0, i), chosen + !form);
			ck_assert(fabs(op_result(&t, 2, i) - chosen / (PLACES / 2.0)) < 2e-3);
			ck_assert(fabs(op_result(&t, 1, i) - sin(chosen / (PLACES / 2.0))) < 2e-3);
		}
		op_end(&t);
		t = pass_compare(everything, form, 0);
		op_end(&t);
	}
}
END_TEST

/* Under the fp16 policy: coordinates from indices, joined with features and read by nothing but products, which would
 * take halves. */
static void joined(struct op_test *t, int form)
{
	struct value *f =
		pass_node(t, "MatMul", "features", 2, pass_input(t, "f32[1,5,4]", 1), pass_constant(t, "f32[4,6]", 2));
	struct value *at = form ? pass_node(t, "Transpose", "moved", 1, to(t, "float", places(t), RT_F32))
							: to(t, "float", op_constant(t, "i64[5,1]", LIST(0, 70000, 3, 4, 5)), RT_F32);
	struct value *column = pass_node(t, "Unsqueeze", "column", 2, at, INTS(t, 0));
	struct value *moved = pass_node(t, "Add", "offset", 2, column, f);

	pass_output(t, pass_node(t, "MatMul", "end", 2, moved, pass_constant(t, "f32[6,3]", 5)));
}

START_TEST(never_stored_as_half)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_begin();
		t.c->set.precision = PRECISION_FP16;
		joined(&t, form);
		pass_infer(&t);
		pass_apply(&t, simplify);
		pass_apply(&t, recognize);
		pass_apply(&t, choose_precision);
		ck_assert_int_eq(pass_value(t.g, "offset")->type, RT_F32);
		ck_assert_int_eq(pass_value(t.g, "features")->type, RT_F32);
		op_end(&t);
		t = pass_compare_half(joined, form, 1e-3);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("indices");
	TCase *c = tcase_create("indices");

	tcase_add_test(c, arithmetic);
	tcase_add_test(c, small_indices_stay_half);
	tcase_add_test(c, sums_that_grow);
	tcase_add_test(c, all_kinds);
	tcase_add_test(c, never_stored_as_half);
	suite_add_tcase(s, c);
	return s;
}
