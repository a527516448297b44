/* Building and changing graphs. */
#include "base/attempt.h"
#include "pass_test.h"
#include <string.h>

static const char *order(struct op_test *t)
{
	const char *s = "";
	const struct node *prev = NULL;

	for (const struct node *n = t->g->first; n; prev = n, n = n->next) {
		ck_assert_ptr_eq(n->prev, prev);
		s = arena_text(t->c, "%s%s", s, n->name);
	}
	ck_assert_ptr_eq(t->g->last, prev);
	return s;
}

START_TEST(list)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", NULL);
	struct node *a = pass_node(&t, "Relu", "a", 1, x)->def, *b = pass_node(&t, "Relu", "b", 1, x)->def;
	struct node *c = pass_node(&t, "Relu", "c", 1, x)->def;

	ck_assert_str_eq(order(&t), "abc");
	node_remove(t.g, b);
	ck_assert_str_eq(order(&t), "ac");
	node_insert(t.g, a, b);
	ck_assert_str_eq(order(&t), "bac");
	node_remove(t.g, c);
	node_remove(t.g, b);
	ck_assert_str_eq(order(&t), "a");
	node_remove(t.g, a);
	ck_assert_str_eq(order(&t), "");
	node_insert(t.g, NULL, c);
	node_insert(t.g, NULL, a);
	node_insert(t.g, a, b);
	ck_assert_str_eq(order(&t), "cba");
	op_end(&t);
}
END_TEST

START_TEST(moving)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", NULL);
	struct node *a = pass_node(&t, "Relu", "a", 1, x)->def, *d = pass_node(&t, "Relu", "d", 1, x)->def;
	struct graph *inner = pass_open(&t);

	pass_node(&t, "Relu", "b", 1, x);
	pass_output(&t, pass_node(&t, "Relu", "c", 1, x));
	pass_close(&t);
	ck_assert_int_eq(output_number(inner, inner->outputs[0]), 0);
	ck_assert_int_eq(output_number(inner, x), -1);
	move_nodes(inner, t.g, d);
	ck_assert_str_eq(order(&t), "abcd");
	ck_assert(!inner->first && !inner->last);
	move_nodes(inner, t.g, a);
	ck_assert_str_eq(order(&t), "abcd");
	op_end(&t);
}
END_TEST

START_TEST(new_nodes)
{
	struct op_test t = pass_begin();
	struct node *a = pass_node(&t, "Relu", "a", 1, op_input(&t, "f32[2]", NULL))->def;
	struct node *n = node_new(t.c, t.g, a, "gluec", "Linear", a, 3, 1);

	ck_assert(is_internal(n, "Linear") && !is_op(n, "Linear") && is_op(a, "Relu") && !is_op(NULL, "Relu"));
	ck_assert_str_eq(n->name, "a");
	ck_assert_ptr_eq(n->next, a);
	ck_assert(n->n_in == 3 && !input(n, 0) && !input(n, 3) && !n->out[0]);
	n->origin = "first";
	node_absorb(t.c, a, n);
	ck_assert_str_eq(a->origin, "first a");
	op_end(&t);
}
END_TEST

/* x -> p -> q; if (c) { inner = p + q } */
static struct node *branching(struct op_test *t)
{
	struct value *x = op_input(t, "f32[2]", NULL), *c = op_input(t, "bool[1]", NULL);
	struct value *p = pass_node(t, "Relu", "p", 1, x), *q = pass_node(t, "Neg", "q", 1, p);
	struct graph *a = pass_open(t);

	pass_output(t, pass_node(t, "Add", "inner", 2, p, q));
	pass_close(t);
	struct graph *b = pass_open(t);
	pass_output(t, p);
	pass_close(t);
	struct node *n = pass_if(t, "choice", c, a, b);
	op_output(t, n);
	return n;
}

START_TEST(uses)
{
	struct op_test t = pass_begin();
	struct node *n = branching(&t);
	struct value *p = pass_value(t.g, "p"), *q = pass_value(t.g, "q");

	count_uses(t.g);
	ck_assert_int_eq(p->uses, 3);
	ck_assert(p->is_output && !q->is_output && n->out[0]->is_output);
	ck_assert_int_eq(q->uses, 1);
	ck_assert_str_eq(q->user->name, "inner");
	ck_assert_int_eq(t.g->inputs[0]->uses, 1);
	ck_assert_ptr_eq(t.g->inputs[1]->user, n);
	/* Counting again gives the same. */
	count_uses(t.g);
	ck_assert_int_eq(p->uses, 3);
	ck_assert_int_eq(count_nodes(t.g), 4);
	op_end(&t);
}
END_TEST

START_TEST(replacing)
{
	struct op_test t = pass_begin();
	struct node *n = branching(&t);
	struct value *p = pass_value(t.g, "p"), *q = pass_value(t.g, "q"), *x = t.g->inputs[0];

	replace_value(t.g, p, x);
	const struct graph *a = attribute_graph(t.c, n, "then_branch"), *b = attribute_graph(t.c, n, "else_branch");
	ck_assert_ptr_eq(q->def->in[0], x);
	ck_assert_ptr_eq(a->first->in[0], x);
	ck_assert_ptr_eq(a->first->in[1], q);
	ck_assert_ptr_eq(b->outputs[0], x);
	replace_value(t.g, n->out[0], q);
	ck_assert_ptr_eq(t.g->outputs[0], q);
	op_end(&t);
}
END_TEST

START_TEST(dead_code)
{
	struct op_test t = pass_begin();
	struct node *n = branching(&t);
	struct value *x = t.g->inputs[0], *dead = pass_node(&t, "Relu", "dead", 1, pass_node(&t, "Abs", "also", 1, x));

	pass_node(&t, "Add", "end", 2, dead, dead);
	struct graph *a = attribute_graph(t.c, n, "then_branch");
	t.g = a;
	a->outer = t.c->graph;
	pass_node(&t, "Neg", "unused", 1, x);
	pass_close(&t);
	ck_assert_int_eq(count_nodes(t.g), 8);
	remove_dead(t.g);
	ck_assert_int_eq(count_nodes(t.g), 4);
	ck_assert_int_eq(pass_count(t.g, "", "Add"), 1);
	/* When the branch is gone, so is what only the branch read. */
	replace_value(t.g, n->out[0], x);
	remove_dead(t.g);
	ck_assert_int_eq(count_nodes(t.g), 0);
	op_end(&t);
}
END_TEST

struct wanted {
	struct value *v;
	const struct node *n;
	int rank;
	int64_t dim[MAX_RANK + 1];
};

static void set_shape(struct ctx *c, void *user)
{
	const struct wanted *w = user;

	value_set_shape(c, w->n, w->v, RT_F32, w->rank, w->dim);
}

START_TEST(shapes)
{
	struct op_test t = pass_begin();
	struct node *n = pass_node(&t, "Relu", "a", 1, op_input(&t, "f32[2]", NULL))->def;
	struct wanted w = { n->out[0], n, 2, { 3, 0 } };

	ck_assert_int_eq(attempt(t.c, set_shape, &w), DONE);
	ck_assert_str_eq(shape_text(t.c, w.v), "f32[3,0]");
	ck_assert_int_eq(value_elements(w.v), 0);
	w.rank = 0;
	ck_assert_int_eq(attempt(t.c, set_shape, &w), DONE);
	ck_assert_int_eq(value_elements(w.v), 1);
	ck_assert_uint_eq(value_bytes(w.v), 4);
	static const struct {
		int rank;
		int64_t dim[MAX_RANK + 1];
		const char *words;
	} bad[] = {
		{ 2, { 3, -1 }, "negative dimension -1" },
		{ 1, { INT64_MIN }, "negative dimension" },
		{ 2, { 65536, 32768 }, "more than 2147483647 elements" },
		{ 1, { INT64_MAX }, "more than 2147483647 elements" },
		/* No elements, but strides that no index could hold. */
		{ 3, { 65536, 0, 65536 }, "more than 2147483647 elements" },
		{ 9, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "9 dimensions; at most 8" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		w.rank = bad[i].rank;
		memcpy(w.dim, bad[i].dim, sizeof w.dim);
		ck_assert_int_eq(attempt(t.c, set_shape, &w), UNUSABLE_MODEL);
		ck_assert_msg(strstr(t.c->message, bad[i].words) != NULL, "%s", t.c->message);
	}
	w = (struct wanted){ n->out[0], n, 2, { 65536, 32767 } };
	ck_assert_int_eq(attempt(t.c, set_shape, &w), DONE);
	op_end(&t);
}
END_TEST

START_TEST(same_shapes)
{
	struct op_test t = pass_begin();
	struct value *a = op_input(&t, "f32[2,3]", NULL), *unknown = value_new(t.c, "u", RT_F32, -1, NULL);

	ck_assert(same_shape(a, op_input(&t, "i64[2,3]", NULL)));
	ck_assert(!same_shape(a, op_input(&t, "f32[3,2]", NULL)));
	ck_assert(!same_shape(a, op_input(&t, "f32[2,3,1]", NULL)));
	ck_assert(!same_shape(unknown, unknown));
	ck_assert(same_shape(value_int(t.c, "i", 1), value_float(t.c, "f", 1)));
	op_end(&t);
}
END_TEST

START_TEST(values_like)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2,3]", NULL), *count = value_int(t.c, "count", 2);

	x->count = count;
	x->count_axis = 1;
	x->is_output = true;
	struct value *y = value_like(t.c, "y", RT_I8, x);
	ck_assert_str_eq(y->name, "y");
	ck_assert(y != x && y->type == RT_I8 && same_shape(x, y));
	ck_assert(y->count == count && y->count_axis == 1);
	ck_assert(!y->data && !y->def && !y->is_output);
	ck_assert_int_eq(value_like(t.c, "u", RT_F32, value_new(t.c, "v", RT_F32, -1, NULL))->rank, -1);
	/* Of a constant only the shape counts. */
	ck_assert_ptr_null(value_like(t.c, "i", RT_I64, value_int(t.c, "j", 1))->data);
	op_end(&t);
}
END_TEST

/* Appends the node's name to the message, which shows in which order nodes were visited. */
static void visit_name(struct ctx *c, struct graph *g, struct node *n)
{
	(void)g;
	strncat(c->message, n->name, sizeof c->message - strlen(c->message) - 1);
}

/* Two nodes in the place of one. */
static void visit_replacing(struct ctx *c, struct graph *g, struct node *n)
{
	visit_name(c, g, n);
	node_new(c, g, n, "", "Neg", n, 1, 1);
	node_new(c, g, n, "", "Neg", n, 1, 1);
	node_remove(g, n);
}

/* Every node takes the place of the one behind it, as an activation's product does. */
static void visit_taking(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *behind = n->next;

	visit_name(c, g, n);
	if (!behind)
		return;
	node_remove(g, n);
	node_insert(g, behind, n);
	node_remove(g, behind);
}

START_TEST(visiting)
{
	struct op_test t = pass_begin();

	branching(&t);
	visit_nodes(t.c, t.g, visit_name);
	ck_assert_str_eq(t.c->message, "pqinnerchoice");
	*t.c->message = 0;
	visit_joining(t.c, t.g, visit_name);
	ck_assert_str_eq(t.c->message, "pqinnerchoice");
	op_end(&t);
}
END_TEST

START_TEST(visiting_changes)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };

	for (int joining = 0; joining < 2; joining++) {
		struct op_test t = pass_begin();
		struct value *x = op_input(&t, "f32[2]", NULL);
		for (int i = 0; i < 5; i++)
			x = pass_node(&t, "Relu", names[i], 1, x);
		if (joining)
			visit_joining(t.c, t.g, visit_taking);
		else
			visit_nodes(t.c, t.g, visit_replacing);
		ck_assert_str_eq(t.c->message, joining ? "ace" : "abcde");
		ck_assert_str_eq(order(&t), joining ? "ace" : "aabbccddee");
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("graph");
	TCase *c = tcase_create("graph");

	tcase_add_test(c, list);
	tcase_add_test(c, moving);
	tcase_add_test(c, new_nodes);
	tcase_add_test(c, uses);
	tcase_add_test(c, replacing);
	tcase_add_test(c, dead_code);
	tcase_add_test(c, shapes);
	tcase_add_test(c, same_shapes);
	tcase_add_test(c, values_like);
	tcase_add_test(c, visiting);
	tcase_add_test(c, visiting_changes);
	suite_add_tcase(s, c);
	return s;
}
