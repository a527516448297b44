/* NonZero: constants have a known length, others a capacity and a count that follows through what keeps elements
 * apart; what would mix used and unused elements is refused. */
#include "op_test.h"

START_TEST(positions_and_their_count)
{
	struct op_test t = op_begin(17);
	struct value *x = op_input(&t, "bool[2,3]", LIST(0, 1, 0, 1, 1, 0));
	struct node *n = op_node(&t, "", "NonZero", 2, 1, x);

	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "i64[2,6]", 0, LIST(0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0));
	op_expect(&t, 1, "i64[]", 0, LIST(3));
	op_end(&t);
}
END_TEST

START_TEST(constants_have_a_length)
{
	struct op_test t = op_begin(17);
	struct node *n = op_node(&t, "", "NonZero", 1, 1, op_constant(&t, "i32[4]", LIST(0, 5, 0, -1)));

	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "i64[1,2]", 0, LIST(1, 3));
	op_end(&t);
}
END_TEST

START_TEST(the_count_follows)
{
	struct op_test t = op_begin(17);
	struct value *x = op_input(&t, "f32[6]", LIST(0, 1, 0, 2, 3, 0));
	struct node *n = op_node(&t, "", "NonZero", 1, 1, x), *turned = op_node(&t, "", "Transpose", 1, 1, n->out[0]);
	struct node *flat = op_node(&t, "", "Squeeze", 1, 2, turned->out[0], INTS(&t, 1));
	struct node *picked = op_node(&t, "", "Gather", 1, 2, x, flat->out[0]);
	struct node *column = op_node(&t, "", "Unsqueeze", 1, 2, picked->out[0], INTS(&t, 1));

	op_output(&t, column);
	op_run(&t);
	ck_assert_ptr_nonnull(n->out[0]->count);
	ck_assert_int_eq(n->out[0]->count_axis, 1);
	ck_assert_ptr_eq(turned->out[0]->count, n->out[0]->count);
	ck_assert_int_eq(turned->out[0]->count_axis, 0);
	ck_assert_ptr_eq(column->out[0]->count, n->out[0]->count);
	ck_assert_int_eq(column->out[0]->count_axis, 0);
	op_expect(&t, 0, "f32[6,1]", 0, LIST(1, 2, 3, 0, 0, 0));
	op_end(&t);
}
END_TEST

/* The largest of what is used, though the unused room holds a larger element. */
START_TEST(top_k_of_what_is_used)
{
	struct op_test t = op_begin(17);
	struct value *scores = op_input(&t, "f32[5]", LIST(9, 1, 3, 2, 7));
	struct value *mask = op_input(&t, "bool[5]", LIST(0, 1, 1, 1, 0));
	struct node *n = op_node(&t, "", "NonZero", 1, 1, mask);
	struct node *flat = op_node(&t, "", "Squeeze", 1, 2, n->out[0], INTS(&t, 0));
	struct node *picked = op_node(&t, "", "Gather", 1, 2, scores, flat->out[0]);
	struct node *top = op_node(&t, "", "TopK", 2, 2, picked->out[0], INTS(&t, 2));

	op_output(&t, top);
	op_output(&t, op_node(&t, "", "Gather", 1, 2, flat->out[0], top->out[1]));
	op_run(&t);
	op_expect(&t, 0, "f32[2]", 0, LIST(3, 2));
	op_expect(&t, 2, "i64[2]", 0, LIST(2, 3));
	ck_assert_ptr_null(top->out[0]->count);
	op_end(&t);
}
END_TEST

START_TEST(mixing_is_refused)
{
	struct op_test t = op_begin(17);
	struct node *n = op_node(&t, "", "NonZero", 1, 1, op_input(&t, "f32[6]", NULL));

	op_output(&t, op_node(&t, "", "ReduceMax", 1, 1, n->out[0]));
	EXPECT_ERROR(&t, "ReduceMax", "node", "depends on the data");
}
END_TEST

START_TEST(large_masks_need_a_capacity)
{
	struct op_test t = op_begin(17);
	struct node *n = op_node(&t, "", "NonZero", 1, 1, op_input(&t, "bool[300,300]", NULL));

	op_output(&t, n);
	EXPECT_ERROR(&t, "NonZero", "90000 elements", "--topk K", "--capacity");
}
END_TEST

/* With room for fewer than pass the threshold, the strongest are kept, in the order of their positions. */
START_TEST(the_strongest_are_kept)
{
	struct op_test t = op_begin(17);
	struct value *scores = op_input(&t, "f32[1,8]", LIST(.1, .9, .2, .8, .05, .7, .3, .6));
	struct node *mask = op_node(&t, "", "Greater", 1, 2, scores, op_constant(&t, "f32[]", LIST(.25)));
	struct node *n = op_node(&t, "", "NonZero", 2, 1, mask->out[0]);
	struct binding capacity = { .name = "node", .dim = { 3 } };

	t.c->set.capacities = &capacity;
	t.c->set.n_capacities = 1;
	op_output(&t, n);
	op_run(&t);
	op_expect(&t, 0, "i64[2,3]", 0, LIST(0, 0, 0, 1, 3, 5));
	op_expect(&t, 1, "i64[]", 0, LIST(3));
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("non_zero");
	TCase *t = tcase_create("non_zero");

	tcase_add_test(t, positions_and_their_count);
	tcase_add_test(t, constants_have_a_length);
	tcase_add_test(t, the_count_follows);
	tcase_add_test(t, top_k_of_what_is_used);
	tcase_add_test(t, mixing_is_refused);
	tcase_add_test(t, large_masks_need_a_capacity);
	tcase_add_test(t, the_strongest_are_kept);
	suite_add_tcase(s, t);
	return s;
}
