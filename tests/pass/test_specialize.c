/* Binding dimensions, K and depth. */
#include "pass_test.h"
#include <string.h>

/* An input with symbolic dimensions where the shape says 0. */
static struct value *open_input(
	struct op_test *t, const char *name, const char *shape, const char *first, const char *second)
{
	struct value *v = op_input(t, shape, NULL);
	const char *symbol[] = { first, second };
	int k = 0;

	v->name = name;
	for (int i = 0; i < v->rank; i++)
		if (v->dim[i] == 0) {
			v->dim[i] = -1;
			v->symbol[i] = symbol[k++];
		}
	return v;
}

static struct op_test picture(void)
{
	struct op_test t = pass_begin();

	open_input(&t, "image", "f32[1,0,0]", "height", "width");
	open_input(&t, "mask", "f32[0,1]", "height", NULL);
	return t;
}

static void bind(struct op_test *t, const char *name, int rank, int64_t a, int64_t b, int64_t c)
{
	struct settings *s = &t->c->set;

	if (!s->bindings)
		s->bindings = NEW(t->c, struct binding, 8);
	s->bindings[s->n_bindings++] = (struct binding){ .name = name, .rank = rank, .dim = { a, b, c } };
}

static void run(struct ctx *c, struct graph *g)
{
	(void)g;
	specialize(c);
}

static void refuse(struct op_test *t, const char *message)
{
	ck_assert_str_eq(pass_error(t, run), message);
	op_end(t);
}

/* A symbol is bound wherever it stands. */
START_TEST(dimensions)
{
	struct op_test t = picture();

	bind(&t, "height", 0, 4, 0, 0);
	bind(&t, "width", 0, 5, 0, 0);
	pass_apply(&t, run);
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[0]), "f32[1,4,5]");
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[1]), "f32[4,1]");
	op_end(&t);
}
END_TEST

/* Exporters write sizes as multiples of a symbol: either name binds both, and what is no multiple is refused. */
START_TEST(composite_dimensions)
{
	static const char *const bound[] = { "8*h", "h" };

	for (int i = 0; i < 2; i++) {
		struct op_test t = pass_begin();
		open_input(&t, "image", "f32[1,0,0]", "8*h", "16*w");
		open_input(&t, "mask", "f32[0,1]", "h", NULL);
		bind(&t, bound[i], 0, i ? 3 : 24, 0, 0);
		bind(&t, "w", 0, 2, 0, 0);
		pass_apply(&t, run);
		ck_assert_str_eq(shape_text(t.c, t.g->inputs[0]), "f32[1,24,32]");
		ck_assert_str_eq(shape_text(t.c, t.g->inputs[1]), "f32[3,1]");
		op_end(&t);
	}
	struct op_test t = pass_begin();
	open_input(&t, "image", "f32[1,0,0]", "8*h", "16*w");
	bind(&t, "8*h", 0, 25, 0, 0);
	refuse(&t, "the dimension '8*h' must be a multiple of 8, not 25");
}
END_TEST

START_TEST(whole_inputs)
{
	struct op_test t = picture();

	bind(&t, "image", 3, 1, 6, 7);
	pass_apply(&t, run);
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[0]), "f32[1,6,7]");
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[1]), "f32[6,1]");
	op_end(&t);
	t = picture();
	/* The file may leave even the number of dimensions open. */
	t.g->inputs[1]->rank = -1;
	t.g->inputs[1]->symbol[0] = NULL;
	bind(&t, "image", 3, 1, 6, 7);
	bind(&t, "mask", 2, 8, 9, 0);
	pass_apply(&t, run);
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[1]), "f32[8,9]");
	op_end(&t);
}
END_TEST

START_TEST(binding_twice)
{
	struct op_test t = picture();

	bind(&t, "height", 0, 4, 0, 0);
	bind(&t, "image", 3, 1, 4, 7);
	bind(&t, "height", 0, 4, 0, 0);
	pass_apply(&t, run);
	ck_assert_str_eq(shape_text(t.c, t.g->inputs[0]), "f32[1,4,7]");
	op_end(&t);
	t = picture();
	bind(&t, "height", 0, 4, 0, 0);
	bind(&t, "mask", 2, 5, 1, 0);
	refuse(&t, "the dimension 'height' is bound to both 4 and 5");
}
END_TEST

START_TEST(wrong_bindings)
{
	struct op_test t = picture();

	refuse(&t, "unbound dimensions: give --dim height=N --dim width=N");
	t = picture();
	bind(&t, "width", 0, 5, 0, 0);
	refuse(&t, "unbound dimensions: give --dim height=N");
	t = picture();
	bind(&t, "depth", 0, 5, 0, 0);
	refuse(&t, "--dim depth: there is no such dimension; it has height width");
	t = picture();
	bind(&t, "picture", 2, 5, 5, 0);
	refuse(&t, "--input picture: there is no such input; the first is 'image'");
	t = picture();
	bind(&t, "image", 2, 5, 5, 0);
	refuse(&t, "input 'image' has 3 dimensions, not 2: f32[1,?,?]");
	t = picture();
	bind(&t, "image", 3, 2, 5, 5);
	refuse(&t, "dimension 0 of input 'image' is fixed to 1 in the file, so it cannot be 2");
	t = picture();
	bind(&t, "height", 0, 65536, 0, 0);
	bind(&t, "width", 0, 65536, 0, 0);
	refuse(&t, "input 'image' would have more than 2147483647 elements; bind smaller dimensions");
	t = picture();
	bind(&t, "image", 3, 1, 5, 5);
	t.g->inputs[1]->rank = -1;
	refuse(&t, "the file does not say the shape of input 'mask': give it with --input mask=AxBxC");
	t = pass_begin();
	op_input(&t, "f32[2]", NULL);
	bind(&t, "n", 0, 3, 0, 0);
	refuse(&t, "--dim n: there is no such dimension; it has none");
}
END_TEST

/* A symbol that is a part of another's name is listed all the same. */
START_TEST(similar_symbols)
{
	struct op_test t = pass_begin();

	open_input(&t, "a", "f32[0,0]", "n_rows", "n");
	bind(&t, "m", 0, 3, 0, 0);
	refuse(&t, "--dim m: there is no such dimension; it has n_rows n");
	t = pass_begin();
	open_input(&t, "a", "f32[0,0]", "n_rows", "n");
	open_input(&t, "b", "f32[0,0]", "n", "rows");
	refuse(&t, "unbound dimensions: give --dim n_rows=N --dim n=N --dim rows=N");
}
END_TEST

/* TopK with K = k, one in a branch; ArgMax is often spelled TopK with K = 1. */
static struct op_test top_k(int64_t k)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[9]", NULL), *c = op_input(&t, "bool[1]", NULL);

	op_node(&t, "", "TopK", 2, 2, x, INTS(&t, k));
	op_node(&t, "", "TopK", 2, 2, x, INTS(&t, 1));
	struct graph *a = pass_open(&t);
	op_node(&t, "", "TopK", 2, 2, x, INTS(&t, k));
	pass_close(&t);
	struct graph *b = pass_open(&t);
	pass_close(&t);
	pass_if(&t, "choice", c, a, b);
	return t;
}

START_TEST(fixed_k)
{
	struct op_test t = top_k(3);

	t.c->set.top_k = 7;
	pass_apply(&t, run);
	const struct node *n = t.g->first;
	ck_assert_int_eq(constant_int(n->in[1], 0), 7);
	ck_assert_int_eq(constant_int(n->next->in[1], 0), 1);
	const struct graph *a = attribute_graph(t.c, t.g->last, "then_branch");
	ck_assert_int_eq(constant_int(a->first->in[1], 0), 7);
	op_end(&t);
	t = top_k(3);
	pass_apply(&t, run);
	ck_assert_int_eq(constant_int(t.g->first->in[1], 0), 3);
	op_end(&t);
	/* K by a Constant node, as most exporters write it. */
	t = top_k(3);
	struct node *constant = op_node(&t, "", "Constant", 1, 0);
	set_attribute_ints(t.c, constant, "value_ints", 1, (int64_t[]){ 3 });
	node_remove(t.g, constant);
	node_insert(t.g, t.g->first, constant);
	constant->next->in[1] = constant->out[0];
	t.c->set.top_k = 7;
	pass_apply(&t, run);
	ck_assert_int_eq(constant_int(constant->next->in[1], 0), 7);
	op_end(&t);
	t = top_k(1);
	t.c->set.top_k = 7;
	refuse(&t, "--topk 7: the model has no TopK with a fixed K");
}
END_TEST

/* Three layers, y = x + 1 for each, and an exit after the first and the second:
 * l1; if (c) { l2; if (c) { l3 } else { l2 } } else { l1 }, or with the sides of each If exchanged. */
static struct op_test layers(bool exchanged)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", LIST(0, 10)), *c = op_input(&t, "bool[1]", LIST(1));
	struct value *one = op_constant(&t, "f32[1]", LIST(1)), *l1 = pass_node(&t, "Add", "l1", 2, x, one);

	struct graph *on = pass_open(&t);
	struct value *l2 = pass_node(&t, "Add", "l2", 2, l1, one);
	struct graph *inner_on = pass_open(&t);
	pass_output(&t, pass_node(&t, "Add", "l3", 2, l2, one));
	pass_close(&t);
	struct graph *inner_out = pass_open(&t);
	pass_output(&t, pass_node(&t, "Identity", "out2", 1, l2));
	pass_node(&t, "Identity", "more_nodes_than_the_layer", 1, pass_node(&t, "Identity", "b", 1, l2));
	pass_close(&t);
	/* Of two sides without exits the one with more nodes goes on: here that is the layer's. */
	t.g = inner_on;
	pass_node(&t, "Identity", "d", 1, pass_node(&t, "Identity", "e", 1, pass_node(&t, "Identity", "f", 1, l2)));
	pass_close(&t);
	struct node *inner = pass_if(&t, "exit2", c, exchanged ? inner_out : inner_on, exchanged ? inner_on : inner_out);
	pass_output(&t, inner->out[0]);
	pass_close(&t);
	struct graph *out = pass_open(&t);
	pass_output(&t, pass_node(&t, "Identity", "out1", 1, l1));
	pass_close(&t);
	op_output(&t, pass_if(&t, "exit1", c, exchanged ? out : on, exchanged ? on : out));
	return t;
}

START_TEST(depth)
{
	for (int form = 0; form < 2; form++)
		for (int depth = 1; depth <= 3; depth++) {
			struct op_test t = layers(form == 1);
			t.c->set.depth = depth;
			pass_apply(&t, run);
			pass_infer(&t);
			ck_assert_int_eq(pass_count(t.g, "", "If"), 0);
			ck_assert_int_eq(pass_count(t.g, "", "Add"), depth);
			pass_run(&t);
			op_expect(&t, 0, "f32[2]", 0, LIST(depth, 10 + depth));
			op_end(&t);
		}
}
END_TEST

START_TEST(all_depths)
{
	static const int keep[] = { DEPTH_AS_IS, DEPTH_ADAPTIVE };

	for (int i = 0; i < 2; i++) {
		struct op_test t = layers(false);
		t.c->set.depth = keep[i];
		pass_apply(&t, run);
		pass_infer(&t);
		ck_assert_int_eq(pass_count(t.g, "", "If"), 2);
		op_end(&t);
	}
	struct op_test t = layers(false);
	t.c->set.depth = 4;
	refuse(&t, "--depth 4: the model has 3 layers");
	t = picture();
	bind(&t, "image", 3, 1, 4, 4);
	t.c->set.depth = 2;
	refuse(&t, "--depth 2: the model has no early exits to choose from");
}
END_TEST

/* An If without a condition, as no exporter writes it. */
START_TEST(no_condition)
{
	struct op_test t = layers(false);

	t.g->last->n_in = 0;
	t.c->set.depth = 2;
	refuse(&t, "--depth 2: the model has no early exits to choose from");
	t = layers(false);
	t.g->last->attributes = NULL;
	t.c->set.depth = 2;
	refuse(&t, "If 'exit1': attribute 'then_branch' is missing");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("specialize");
	TCase *c = tcase_create("specialize");

	tcase_add_test(c, dimensions);
	tcase_add_test(c, composite_dimensions);
	tcase_add_test(c, whole_inputs);
	tcase_add_test(c, binding_twice);
	tcase_add_test(c, wrong_bindings);
	tcase_add_test(c, similar_symbols);
	tcase_add_test(c, fixed_k);
	tcase_add_test(c, depth);
	tcase_add_test(c, all_depths);
	tcase_add_test(c, no_condition);
	suite_add_tcase(s, c);
	return s;
}
