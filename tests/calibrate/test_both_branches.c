/* Both sides of branches at work, and values seen at work. */
#include "calibrate/both_branches.h"
#include "pass_test.h"
#include "run/watch.h"
#include <string.h>

/* if (c) y, z = 2 x, x else y, z = -x, x + 1; one If more in the first branch. */
static struct op_test branches(double condition, const char *shape)
{
	struct op_test t = pass_begin();
	struct value *c = op_input(&t, shape, LIST(condition)), *x = op_input(&t, "f32[2]", LIST(1, -3));
	struct value *two = op_constant(&t, "f32[]", LIST(2)), *one = op_constant(&t, "f32[]", LIST(1));

	struct graph *a = pass_open(&t);
	struct graph *deep = pass_open(&t);
	pass_output(&t, pass_node(&t, "Mul", "double", 2, x, two));
	pass_close(&t);
	struct graph *other = pass_open(&t);
	pass_output(&t, pass_node(&t, "Abs", "abs", 1, x));
	pass_close(&t);
	op_output(&t, pass_if(&t, "deeper", c, deep, other));
	pass_output(&t, pass_node(&t, "Identity", "same", 1, x));
	pass_close(&t);
	struct graph *b = pass_open(&t);
	pass_output(&t, pass_node(&t, "Neg", "negative", 1, x));
	pass_output(&t, pass_node(&t, "Add", "sum", 2, x, one));
	pass_close(&t);
	op_output(&t, pass_if(&t, "choice", c, a, b));
	return t;
}

START_TEST(test_picks)
{
	static const char *const shapes[] = { "bool[]", "bool[1]" };

	for (int i = 0; i < 4; i++) {
		struct op_test t = branches(i % 2, shapes[i / 2]);
		pass_infer(&t);
		pass_apply(&t, compute_both_branches);
		ck_assert_int_eq(pass_count(t.g, "", "If"), 0);
		ck_assert_int_eq(pass_count(t.g, "", "Where"), 3);
		pass_run(&t);
		op_expect(&t, 0, "f32[2]", 0, i % 2 ? LIST(2, -6) : LIST(-1, 3));
		op_expect(&t, 1, "f32[2]", 0, i % 2 ? LIST(1, -3) : LIST(2, -2));
		op_end(&t);
	}
}
END_TEST

struct seen {
	int looks;
	float x[2], beside[2];
};

static void look(const struct value *v, const float *x, const float *beside)
{
	struct seen *s = v->watch->user;

	s->looks++;
	memcpy(s->x, x, sizeof s->x);
	if (beside)
		memcpy(s->beside, beside, sizeof s->beside);
}

/* In the branch that is not taken, once both are computed; an input; and a value beside another. */
START_TEST(test_watch)
{
	struct op_test t = branches(0, "bool[]");
	struct seen seen[2] = { { 0 } };

	pass_infer(&t);
	const struct watch first = { look, pass_value(t.g, "negative"), &seen[0] }, second = { look, NULL, &seen[1] };
	pass_value(t.g, "sum")->watch = &first;
	t.g->inputs[1]->watch = &second;
	pass_run(&t);
	ck_assert_int_eq(seen[0].looks, 1);
	ck_assert(seen[0].x[0] == 2 && seen[0].x[1] == -2 && seen[0].beside[0] == -1 && seen[0].beside[1] == 3);
	ck_assert(seen[1].looks == 1 && seen[1].x[0] == 1 && seen[1].x[1] == -3);
	pass_value(t.g, "sum")->watch = NULL;
	struct value *unseen = pass_value(t.g, "double");
	unseen->watch = &second;
	pass_run(&t);
	ck_assert_int_eq(seen[1].looks, 2);
	pass_apply(&t, compute_both_branches);
	pass_run(&t);
	ck_assert_int_eq(seen[1].looks, 4);
	op_end(&t);
}
END_TEST

/* Strided views and other types arrive as floats in the order of the dimensions. */
START_TEST(test_watch_views)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "i32[1,2]", LIST(4, 5)), *turned = pass_node(&t, "Transpose", "turned", 1, x);
	struct seen seen = { 0 };
	const struct watch w = { look, NULL, &seen };

	pass_output(&t, pass_node(&t, "Neg", "y", 1, turned));
	pass_infer(&t);
	turned->watch = &w;
	pass_run(&t);
	ck_assert(seen.looks == 1 && seen.x[0] == 4 && seen.x[1] == 5);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("both_branches");
	TCase *t = tcase_create("both_branches");

	tcase_add_test(t, test_picks);
	tcase_add_test(t, test_watch);
	tcase_add_test(t, test_watch_views);
	suite_add_tcase(s, t);
	return s;
}
