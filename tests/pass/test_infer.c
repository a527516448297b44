/* Types and shapes, and what is computed on the way. */
#include "pass_test.h"
#include <string.h>

/* reshape(x, [shape(x)[0] * shape(x)[1], 3, -1]), as exporters spell it. */
static void shape_arithmetic(struct op_test *t, int form)
{
	struct value *x = op_input(t, "f32[2,3,4,3]", NULL), *shape = pass_node(t, "Shape", "shape", 1, x);
	struct value *parts[3];

	for (int i = 0; i < 2; i++)
		parts[i] = pass_node(t, "Gather", arena_text(t->c, "g%d", i), 2, shape, INTS(t, i));
	struct value *n = pass_node(t, "Cast", "float", 1, pass_node(t, "Mul", "n", 2, parts[0], parts[1]));
	set_attribute_int(t->c, n->def, "to", RT_F32);
	n = pass_node(t, "Cast", "int", 1, pass_node(t, "Floor", "floor", 1, n));
	set_attribute_int(t->c, n->def, "to", RT_I64);
	struct value *to = pass_node(t, "Concat", "to", 3, n, INTS(t, 3), INTS(t, -1));
	set_attribute_int(t->c, to->def, "axis", 0);
	pass_output(t, pass_node(t, "Reshape", "y", 2, x, to));
	(void)form;
}

START_TEST(shape_arithmetic_leaves_no_node)
{
	struct op_test t = pass_begin();

	shape_arithmetic(&t, 0);
	pass_infer(&t);
	ck_assert_int_eq(count_nodes(t.g), 1);
	ck_assert_str_eq(shape_text(t.c, t.g->outputs[0]), "f32[6,3,4]");
	op_end(&t);
	t = pass_compare(shape_arithmetic, 0, 0);
	op_end(&t);
}
END_TEST

/* What is computed once is stored once; what only repeats a number is left to run time. */
START_TEST(large_constants)
{
	struct op_test t = pass_begin();

	pass_output(&t, pass_node(&t, "ConstantOfShape", "large", 1, INTS(&t, 1 << 14, 1 << 12)));
	pass_output(&t, pass_node(&t, "Neg", "y", 1, pass_node(&t, "ConstantOfShape", "small", 1, INTS(&t, 3, 4))));
	pass_infer(&t);
	ck_assert_int_eq(count_nodes(t.g), 1);
	ck_assert_ptr_null(t.g->outputs[0]->data);
	ck_assert_ptr_nonnull(t.g->outputs[1]->data);
	ck_assert_str_eq(shape_text(t.c, t.g->outputs[0]), "f32[16384,4096]");
	ck_assert_uint_lt(arena_used(t.c->arena), 8 << 20);
	op_end(&t);
}
END_TEST

/* if (rank(x) == 2) y = x + 1 else y = <an operator that nobody knows>, and one more inside the branch taken. */
static struct op_test constant_branches(bool condition)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2,1]", LIST(3, 4));
	struct value *rank = pass_node(&t, "Size", "rank", 1, pass_node(&t, "Shape", "shape", 1, x));
	struct value *c = pass_node(&t, "Equal", "c", 2, rank, value_int(t.c, "two", condition ? 2 : 3));

	struct graph *a = pass_open(&t);
	struct graph *inner = pass_open(&t);
	pass_output(&t, pass_node(&t, "Add", "sum", 2, x, op_constant(&t, "f32[1]", LIST(1))));
	pass_close(&t);
	struct graph *other = pass_open(&t);
	pass_output(&t, pass_node(&t, "Neg", "negative", 1, x));
	pass_close(&t);
	struct value *yes = pass_node(&t, "Not", "yes", 1, pass_node(&t, "Not", "no", 1, c));
	pass_output(&t, pass_node(&t, "Abs", "end", 1, pass_if(&t, "inner", yes, inner, other)->out[0]));
	pass_close(&t);
	struct graph *b = pass_open(&t);
	pass_output(&t, pass_node(&t, "Squeeze", "squeezed", 1, x));
	b->first->op = NULL;
	b->first->type = "Unheard";
	pass_close(&t);
	pass_output(&t, pass_node(&t, "Neg", "y", 1, pass_if(&t, "choice", c, a, b)->out[0]));
	return t;
}

START_TEST(constant_conditions)
{
	struct op_test t = constant_branches(true);

	pass_infer(&t);
	ck_assert_int_eq(pass_count(t.g, "", "If"), 0);
	ck_assert_int_eq(count_nodes(t.g), 3);
	pass_run(&t);
	op_expect(&t, 0, "f32[2,1]", 0, LIST(-4, -5));
	op_end(&t);
	t = constant_branches(false);
	ck_assert_str_eq(pass_error(&t, infer),
		"Unheard 'squeezed': Unheard (domain ai.onnx, version 20) is not supported; "
		"export it as operators that are (`gluec operators`), or end the graph before it");
	op_end(&t);
}
END_TEST

/* Outputs keep their names when the node that made them is replaced by a branch. */
START_TEST(names_of_outputs)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", LIST(3, 4)), *c = op_constant(&t, "bool[1]", LIST(1));

	struct graph *a = pass_open(&t);
	struct value *twice = pass_node(&t, "Neg", "twice", 1, x);
	pass_output(&t, twice);
	pass_output(&t, twice);
	pass_output(&t, x);
	pass_output(&t, op_constant(&t, "f32[2]", LIST(5, 6)));
	pass_close(&t);
	op_output(&t, pass_if(&t, "y", c, a, a));
	pass_infer(&t);
	for (int i = 0; i < 4; i++)
		ck_assert_str_eq(t.g->outputs[i]->name, arena_text(t.c, "y.%d", i));
	pass_run(&t);
	op_expect(&t, 0, "f32[2]", 0, LIST(-3, -4));
	op_expect(&t, 1, "f32[2]", 0, LIST(-3, -4));
	op_expect(&t, 2, "f32[2]", 0, LIST(3, 4));
	op_expect(&t, 3, "f32[2]", 0, LIST(5, 6));
	op_end(&t);
}
END_TEST

static struct op_test one_node(const char *type, int n_in)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", NULL);

	pass_output(&t, pass_node(&t, type, "end", n_in, x, x));
	return t;
}

static void refuse(struct op_test *t, const char *message)
{
	ck_assert_str_eq(pass_error(t, infer), message);
	op_end(t);
}

START_TEST(unsupported)
{
	struct op_test t = one_node("Relu", 1);

	t.g->first->op = NULL;
	t.g->first->domain = "com.example";
	t.g->first->version = 3;
	refuse(&t, "Relu 'end': Relu (domain com.example, version 3) is not supported; export it as operators that are "
			   "(`gluec operators`), or end the graph before it");
	t = one_node("Relu", 1);
	t.g->first->version = 0;
	refuse(&t, "Relu 'end': the model imports no operator set for domain ''");
	t = one_node("Add", 2);
	t.g->first->version = 6;
	refuse(&t, "Add 'end': Add (domain ai.onnx, version 6) is older than version 7, the oldest supported; convert the "
			   "model to a newer opset");
	t = one_node("Add", 2);
	t.g->inputs[0]->rank = -1;
	refuse(&t, "Add 'end': the shape of its input 'x0' is not known");
}
END_TEST

static struct graph *plain_branch(struct op_test *t, const char *shape)
{
	struct graph *g = pass_open(t);

	pass_output(t, pass_node(t, "Neg", "inside", 1, op_constant(t, shape, NULL)));
	pass_close(t);
	return g;
}

/* An If whose parts do not fit, its condition known or not. */
START_TEST(unfit_branches)
{
	struct op_test t = pass_begin();
	struct value *c = op_input(&t, "bool[1]", NULL);

	pass_if(&t, "choice", c, plain_branch(&t, "f32[2]"), plain_branch(&t, "f32[3]"));
	refuse(&t, "If 'choice': its branches give 'choice' two forms, f32[2] and f32[3]; only equal ones can be compiled");
	for (int known = 0; known < 2; known++) {
		t = pass_begin();
		c = known ? op_constant(&t, "bool[1]", LIST(1)) : op_input(&t, "bool[1]", NULL);
		struct graph *a = plain_branch(&t, "f32[2]");
		struct node *n = pass_if(&t, "choice", c, a, plain_branch(&t, "f32[2]"));
		a->n_outputs = 0;
		const char *message = pass_error(&t, infer);
		ck_assert_msg(
			strstr(message, "If 'choice': its ") == message && strstr(message, "branch has 0 outputs"), "%s", message);
		a->n_outputs = 1;
		n->attributes = NULL;
		ck_assert_ptr_nonnull(strstr(pass_error(&t, infer), "attribute 'then_branch' is missing"));
		op_end(&t);
		/* A branch with inputs of its own, which nothing fills. */
		t = pass_begin();
		c = known ? op_constant(&t, "bool[1]", LIST(1)) : op_input(&t, "bool[1]", NULL);
		a = pass_open(&t);
		a->inputs = NEW(t.c, struct value *, 1);
		a->inputs[a->n_inputs++] = value_new(t.c, "own", RT_F32, 0, NULL);
		pass_output(&t, pass_node(&t, "Neg", "inside", 1, a->inputs[0]));
		pass_close(&t);
		op_output(&t, pass_if(&t, "choice", c, a, a));
		refuse(&t, "If 'choice': its then_branch has inputs; a branch reads what is around it instead");
	}
}
END_TEST

static void set_graph(struct op_test *t, struct node *n, const char *name, struct graph *g)
{
	struct attribute *a = NEW(t->c, struct attribute, 1);

	*a = (struct attribute){ .name = name, .kind = ATTRIBUTE_GRAPH, .graph = g, .next = n->attributes };
	n->attributes = a;
}

/* Graphs where no operator has any use for them: later passes would walk into what was never checked. */
START_TEST(stray_graphs)
{
	struct op_test t = pass_begin();
	struct graph *g = plain_branch(&t, "f32[2]");

	g->first->op = NULL;
	pass_output(&t, pass_node(&t, "Relu", "end", 1, op_input(&t, "f32[2]", NULL)));
	set_graph(&t, t.g->first, "body", g);
	refuse(&t, "Relu 'end': attribute 'body' is a graph, which this operator does not take");
	t = pass_begin();
	g = plain_branch(&t, "f32[2]");
	struct node *n = pass_if(&t, "end", op_input(&t, "bool[1]", NULL), g, plain_branch(&t, "f32[2]"));
	op_output(&t, n);
	set_graph(&t, n, "then_branch", g);
	refuse(&t, "If 'end': it has more than two graphs");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("infer");
	TCase *c = tcase_create("infer");

	tcase_add_test(c, shape_arithmetic_leaves_no_node);
	tcase_add_test(c, large_constants);
	tcase_add_test(c, constant_conditions);
	tcase_add_test(c, names_of_outputs);
	tcase_add_test(c, unsupported);
	tcase_add_test(c, unfit_branches);
	tcase_add_test(c, stray_graphs);
	suite_add_tcase(s, c);
	return s;
}
