/* Files whose nodes are in any order: the reader brings them into one in which they can be computed. */
#include "model_file.h"
#include "pass_test.h"
#include <string.h>

/* The error that reading the model ends in must contain these words. */
static void refuse(struct op_test *t, const Onnx__ModelProto *m, const char *words)
{
	struct op_test r = read_back(t, m, UNUSABLE_MODEL);

	ck_assert_msg(strstr(r.c->message, words) != NULL, "'%s' is not in: %s", words, r.c->message);
	op_end(&r);
}

/* The names of the graph's nodes, each followed by a blank. */
static const char *names(const struct op_test *r)
{
	const char *s = "";

	for (const struct node *n = r->g->first; n; n = n->next)
		s = arena_text(r->c, "%s%s ", s, n->name);
	return s;
}

/* a = x + b, c = Relu(a), d = Abs(x), e = a + c, f = Neg(x) */
static Onnx__ModelProto *five_nodes(struct op_test *t)
{
	struct value *x = op_input(t, "f32[2,3]", NULL), *b = op_constant(t, "f32[3]", LIST(1, 2, 3));

	b->name = "constant";
	struct value *a = pass_node(t, "Add", "a", 2, x, b), *c = pass_node(t, "Relu", "c", 1, a);
	pass_output(t, pass_node(t, "Abs", "d", 1, x));
	pass_output(t, pass_node(t, "Add", "e", 2, a, c));
	pass_output(t, pass_node(t, "Neg", "f", 1, x));
	return model_proto(t->c, t->g);
}

/* Puts the model's nodes into the order of the digits, and expects to read them in the order of the names. */
static void check_order(const char *digits, const char *expected)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = five_nodes(&t);
	Onnx__NodeProto *nodes[5];

	memcpy(nodes, m->graph->node, sizeof nodes);
	for (int i = 0; i < 5; i++)
		m->graph->node[i] = nodes[digits[i] - '0'];
	struct op_test r = read_back(&t, m, DONE);
	ck_assert_str_eq(names(&r), expected);
	op_end(&r);
	op_end(&t);
}

START_TEST(any_order)
{
	check_order("01234", "a c d e f ");
	check_order("42013", "f d a c e ");
	check_order("10234", "a c d e f ");
	check_order("43210", "f a c e d ");
	check_order("34120", "a c e f d ");
}
END_TEST

/* A node that holds a graph waits for what the graph takes from outside, and not for a name that the graph makes. */
START_TEST(captures)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", NULL), *condition = op_input(&t, "bool", LIST(1));
	struct value *late = pass_node(&t, "Relu", "late", 1, x);
	struct graph *yes = pass_open(&t);

	pass_output(&t, pass_node(&t, "Neg", "inner", 1, late));
	pass_close(&t);
	struct graph *no = pass_open(&t);
	pass_output(&t, late);
	pass_close(&t);
	op_output(&t, pass_if(&t, "choice", condition, yes, no));
	pass_output(&t, pass_node(&t, "Abs", "last", 1, x));
	Onnx__ModelProto *m = model_proto(t.c, t.g);
	Onnx__NodeProto *first = m->graph->node[0];
	m->graph->node[0] = m->graph->node[1];
	m->graph->node[1] = first;
	struct op_test r = read_back(&t, m, DONE);
	ck_assert_str_eq(names(&r), "late choice last ");
	op_end(&r);
	/* Now the branch's own node has the name of an outer one that comes later: it needs nothing from there. */
	m->graph->node[2]->output[0] = "inner";
	m->graph->n_output = 1;
	r = read_back(&t, m, DONE);
	ck_assert_str_eq(names(&r), "late choice last ");
	op_end(&r);
	op_end(&t);
}
END_TEST

/* Cycles, of several nodes and of one, are told from names that nobody makes. */
START_TEST(cycles)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = five_nodes(&t);

	m->graph->node[0]->input[1] = "e";
	refuse(&t, m, "its input 'a' depends on its own output: the graph has a cycle");
	m->graph->node[0]->input[1] = "a";
	refuse(&t, m, "Add 'a': its input 'a' depends on its own output");
	m->graph->node[0]->input[1] = "nothing";
	refuse(&t, m, "Add 'a': its input 'nothing' is made by no node");
	op_end(&t);
}
END_TEST

/* The same node twice is one node; a different one of the same name is an error. */
START_TEST(repeated)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = five_nodes(&t);
	Onnx__NodeProto *again = NEW(t.c, Onnx__NodeProto, 1);

	*again = *m->graph->node[1];
	m->graph->node[4] = again;
	m->graph->n_output = 2;
	struct op_test r = read_back(&t, m, DONE);
	ck_assert_str_eq(names(&r), "a c d e ");
	ck_assert_int_eq(r.c->nodes_read, 4);
	op_end(&r);
	again->op_type = "Neg";
	refuse(&t, m, "the name 'c' is defined twice");
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("node_order");
	TCase *tc = tcase_create("node_order");

	tcase_add_test(tc, any_order);
	tcase_add_test(tc, captures);
	tcase_add_test(tc, cycles);
	tcase_add_test(tc, repeated);
	suite_add_tcase(s, tc);
	return s;
}
