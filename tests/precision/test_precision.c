/* The policies: which values are stored as half, which never, which products are split, and how far results move. */
#include "precision_test.h"
#include "half.h"
#include <string.h>

static struct value *shared(
	struct op_test *t, const char *name, struct value *x, const char *w, const char *b, uint32_t seed)
{
	struct value *y = pass_node(t, "MatMul", arena_text(t->c, "%s.product", name), 2, x, pass_constant(t, w, seed));

	return pass_node(t, "Add", name, 2, y, pass_constant(t, b, seed + 1));
}

/* Two layers of a network, scores from its features by softmax, and coordinates beside them. */
static void network(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,6,8]", 1), *points = pass_input(t, "f32[1,6,2]", 2);
	struct value *a = pass_node(t, "Relu", "a", 1, shared(t, "first", x, "f32[8,16]", "f32[16]", 3));
	struct value *b = shared(t, "second", a, "f32[16,8]", "f32[8]", 5);
	struct value *scores = pass_node(t, "Softmax", "scores", 1, pass_node(t, "Reshape", "rows", 2, b, INTS(t, 6, 8)));

	pass_output(t, pass_node(t, "Mul", "y", 2, scores, value_float(t->c, "k", 3)));
	pass_output(t, pass_node(t, "Sub", "moved", 2, points, value_float(t->c, "centre", 0.5f)));
	(void)form;
}

/* The types after all passes, found by the names of values. */
static struct op_test types_as(void (*build)(struct op_test *t, int form), int form, enum precision precision)
{
	struct op_test t = pass_begin();

	t.c->set.precision = precision;
	choose_types(&t, build, form);
	return t;
}

static struct op_test types(void (*build)(struct op_test *t, int form), int form)
{
	return types_as(build, form, PRECISION_FP16);
}

START_TEST(features)
{
	struct op_test t = types(network, 0);

	ck_assert_int_eq(pass_value(t.g, "first")->type, RT_F16);
	ck_assert_int_eq(pass_value(t.g, "a")->type, RT_F16);
	/* Softmax reads float, and so does the view of what it reads. */
	ck_assert_int_eq(pass_value(t.g, "second")->type, RT_F32);
	ck_assert_int_eq(pass_value(t.g, "rows")->type, RT_F32);
	ck_assert_int_eq(pass_value(t.g, "scores")->type, RT_F32);
	/* The C interface stays float. */
	for (int i = 0; i < 2; i++)
		ck_assert(t.g->inputs[i]->type == RT_F32 && t.g->outputs[i]->type == RT_F32);
	/* Weights are halves, biases float. */
	const struct node *n = pass_value(t.g, "first")->def;
	ck_assert(is_internal(n, "Linear"));
	ck_assert(n->in[1]->type == RT_F16 && n->in[2]->type == RT_F32);
	op_end(&t);
	t = pass_compare_half(network, 0, 2e-3);
	op_end(&t);
}
END_TEST

/* bfloat16 goes where half does. */
START_TEST(bfloats)
{
	struct op_test t = types_as(network, 0, PRECISION_BF16);

	ck_assert_int_eq(pass_value(t.g, "first")->type, RT_BF16);
	ck_assert_int_eq(pass_value(t.g, "a")->type, RT_BF16);
	ck_assert_int_eq(pass_value(t.g, "second")->type, RT_F32);
	ck_assert_int_eq(pass_value(t.g, "scores")->type, RT_F32);
	ck_assert_int_eq(pass_value(t.g, "first")->def->in[1]->type, RT_BF16);
	/* Its sums become scores: bfloat16 has too few digits for the weights. */
	ck_assert_int_eq(pass_value(t.g, "second")->def->in[1]->type, RT_F32);
	ck_assert_str_eq(pass_value(t.g, "second")->def->reason, "a softmax makes scores of it");
	op_end(&t);
	t = pass_compare_as(network, 0, PRECISION_BF16, 2e-2);
	op_end(&t);
}
END_TEST

START_TEST(fp32_changes_nothing)
{
	struct op_test t = pass_begin();

	network(&t, 0);
	pass_optimize(&t);
	for (const struct node *n = t.g->first; n; n = n->next)
		for (int i = 0; i < n->n_in + n->n_out; i++) {
			const struct value *v = i < n->n_in ? n->in[i] : n->out[i - n->n_in];
			ck_assert(!v || v->type != RT_F16);
		}
	op_end(&t);
}
END_TEST

/* Coordinates that pass through the very operators that features do: sums, products, concatenations, sampling. */
static void coordinates(struct op_test *t, int form)
{
	struct value *image = pass_input(t, "f32[1,8,6,6]", 1), *points = pass_input(t, "f32[1,3,2]", 2);
	struct value *f = pass_node(t, "Conv", "conv", 2, image, pass_constant(t, "f32[8,8,3,3]", 3));
	struct value *scaled = pass_node(t, "Mul", "scaled", 2, points, value_float(t->c, "half", 0.5f));
	struct value *grid = pass_node(t, "Unsqueeze", "grid", 2, scaled, INTS(t, 1));
	struct value *sampled = pass_node(t, "GridSample", "sampled", 2, f, grid);
	struct value *flat = pass_node(t, "Reshape", "flat", 2, sampled, INTS(t, 1, 8, 3));

	SET_INTS(t, f->def, "pads", 1, 1, 1, 1);
	pass_output(t, pass_node(t, "Softmax", "y", 1, flat));
	struct value *both = pass_node(t, "Concat", "both", 2, scaled, points);
	set_attribute_int(t->c, both->def, "axis", 1);
	pass_output(t, pass_node(t, "Exp", "z", 1, both));
	(void)form;
}

START_TEST(coordinates_stay_float)
{
	static const char *const names[] = { "scaled", "grid", "both", "flat", "y", "z" };
	struct op_test t = types(coordinates, 0);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(pass_value(t.g, names[i])->type == RT_F32, "%s is half", names[i]);
	ck_assert_int_eq(pass_value(t.g, "conv")->type, RT_F16);
	op_end(&t);
	t = pass_compare_half(coordinates, 0, 1e-3);
	op_end(&t);
}
END_TEST

/* A residual stream: the input is added to and joined with halves, so it becomes half by one cast in front. */
static void stream(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,4,8]", 1), *y = x;

	for (int i = 0; i < 2; i++) {
		struct value *join = pass_node(t, "Concat", "join", 2, y, shared(t, "message", y, "f32[8,8]", "f32[8]", 3));
		set_attribute_int(t->c, join->def, "axis", -1);
		y = pass_node(t, "Add", "state", 2, y, shared(t, "update", join, "f32[16,8]", "f32[8]", 5));
	}
	/* Somebody else who needs the input as it is keeps all of it float. */
	if (form)
		pass_output(t, pass_node(t, "Softmax", "other", 1, x));
	pass_output(t, shared(t, "end", y, "f32[8,3]", "f32[3]", 7));
}

START_TEST(streams)
{
	struct op_test t = types(stream, 0);

	ck_assert_int_eq(pass_count(t.g, "", "Cast"), 1);
	ck_assert_int_eq(pass_value(t.g, "join")->type, RT_F16);
	ck_assert_int_eq(pass_value(t.g, "state")->type, RT_F16);
	ck_assert_int_eq(t.g->inputs[0]->type, RT_F32);
	op_end(&t);
	t = types(stream, 1);
	ck_assert_int_eq(pass_count(t.g, "", "Cast"), 0);
	op_end(&t);
	for (int form = 0; form < 2; form++) {
		t = pass_compare_half(stream, form, 1e-2);
		op_end(&t);
	}
}
END_TEST

/* A weight that half cannot hold leaves its whole tensor float, and the results right. */
static void large_weight(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[2,2]", 1);
	struct value *w = op_constant(t, "f32[2,2]", LIST(form ? 65504 : 70000, 1, 2, -3));

	pass_output(t, pass_node(t, "MatMul", "y", 2, x, w));
}

START_TEST(large_weights)
{
	struct op_test t = types(large_weight, 0);
	ck_assert_int_eq(t.g->first->in[1]->type, RT_F32);
	op_end(&t);
	t = types(large_weight, 1);
	ck_assert_int_eq(t.g->first->in[1]->type, RT_F16);
	op_end(&t);
	/* bfloat16 has float's range. */
	t = types_as(large_weight, 0, PRECISION_BF16);
	ck_assert_int_eq(t.g->first->in[1]->type, RT_BF16);
	op_end(&t);
	t = pass_compare_half(large_weight, 0, 1e-6);
	op_end(&t);
}
END_TEST

/* A reader in a branch counts like any other; what leaves a branch stays float. */
static void branches(struct op_test *t, int form)
{
	struct value *x = pass_input(t, "f32[1,4,8]", 1), *c = op_input(t, "bool[1]", LIST(form & 1));
	struct value *a = shared(t, "a", x, "f32[8,8]", "f32[8]", 3);

	struct graph *on = pass_open(t);
	pass_output(t, shared(t, "on", a, "f32[8,8]", "f32[8]", 5));
	pass_close(t);
	struct graph *out = pass_open(t);
	if (form & 2)
		pass_output(t, pass_node(t, "Exp", "out", 1, a));
	else
		pass_output(t, shared(t, "out", a, "f32[8,8]", "f32[8]", 9));
	pass_close(t);
	struct value *y = pass_if(t, "choice", c, on, out)->out[0];
	pass_output(t, shared(t, "end", y, "f32[8,3]", "f32[3]", 7));
}

START_TEST(inside_branches)
{
	for (int form = 0; form < 4; form++) {
		struct op_test t = types(branches, form);
		ck_assert_int_eq(pass_value(t.g, "a")->type, form & 2 ? RT_F32 : RT_F16);
		ck_assert(pass_value(t.g, "on")->type == RT_F32 && pass_value(t.g, "out")->type == RT_F32);
		op_end(&t);
		t = pass_compare_half(branches, form, 5e-3);
		op_end(&t);
	}
}
END_TEST

/* Products, one after the other, of which some can be split. */
enum { LONG, SHORT, ODD, LARGE, PICTURE, ODD_PICTURE, FIRST_HALF_ODD, SPLIT_FORMS };

static void products(struct op_test *t, int form)
{
	static const char *const x[] = { "f32[2,40]", "f32[2,30]", "f32[2,41]", "f32[2,40]", "f32[1,4,5,5]", "f32[1,5,5,5]",
		"f32[2,21]" };
	static const char *const w[] = { "f32[40,3]", "f32[30,3]", "f32[41,3]", "f32[40,3]", "f32[6,4,3,3]", "f32[6,5,3,3]",
		"f32[42,3]" };
	struct value *in = pass_input(t, x[form], 1), *weights = pass_constant(t, w[form], 2);
	const char *type = form == PICTURE || form == ODD_PICTURE ? "Conv" : "MatMul";

	if (form == LARGE)
		((float *)weights->data)[7] = 0x1p127f;
	if (form == FIRST_HALF_ODD) {
		in = pass_node(t, "Concat", "both", 2, in, pass_input(t, x[form], 3));
		set_attribute_int(t->c, in->def, "axis", 1);
	}
	pass_output(t, pass_node(t, type, "y", 2, in, weights));
}

/* The type of the only product's weights. */
static enum rt_type weights_type(const struct program *p)
{
	for (const struct call *call = p->main->first; call; call = call->next) {
		if (!strcmp(call->kernel->name, "linear"))
			return ((const struct rt_linear *)call->params)->w_type;
		if (!strcmp(call->kernel->name, "conv2d"))
			return ((const struct rt_conv2d *)call->params)->w_type;
	}
	ck_abort_msg("no product");
	return RT_NOTYPE;
}

/* And their shape. */
static const char *weights_shape(const struct program *p)
{
	for (const struct call *call = p->main->first; call; call = call->next)
		if (!strcmp(call->kernel->name, "linear"))
			return call->argument[3].buffer->shape;
		else if (!strcmp(call->kernel->name, "conv2d"))
			return call->argument[2].buffer->shape;
	ck_abort_msg("no product");
	return NULL;
}

/* Sums too short for a tile, an odd number of rows, and numbers that bfloat16 cannot hold keep their weights in float.
 */
START_TEST(split_products)
{
	for (int form = 0; form < SPLIT_FORMS; form++) {
		struct op_test t = pass_compare_split(products, form, 1e-4);
		ck_assert_int_eq(weights_type(t.program), form == LONG || form == PICTURE ? RT_BF16X2 : RT_F32);
		op_end(&t);
	}
}
END_TEST

/* Panels of bfloat16 have pairs of rows, of each tap alone; no pair lies in two inputs. Short sums of floats, which
 * coordinates have, keep weights in float. */
START_TEST(bfloat_weights)
{
	static const char *const shapes[] = { [LONG] = "[1][20][16][2]",
		[SHORT] = "[1][30][16]",
		[ODD] = "[1][21][16][2]",
		[LARGE] = "[1][20][16][2]",
		[PICTURE] = "[1][18][16][2]",
		[ODD_PICTURE] = "[1][27][16][2]",
		[FIRST_HALF_ODD] = "[1][42][16]" };

	for (int form = 0; form < SPLIT_FORMS; form++) {
		struct op_test t = pass_compare_as(products, form, PRECISION_BF16, 2e-2);
		ck_assert_int_eq(weights_type(t.program), form == SHORT || form == FIRST_HALF_ODD ? RT_F32 : RT_BF16);
		ck_assert_str_eq(weights_shape(t.program), shapes[form]);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("precision");
	TCase *c = tcase_create("precision");

	tcase_add_test(c, bfloat_weights);
	tcase_add_test(c, features);
	tcase_add_test(c, bfloats);
	tcase_add_test(c, fp32_changes_nothing);
	tcase_add_test(c, coordinates_stay_float);
	tcase_add_test(c, streams);
	tcase_add_test(c, large_weights);
	tcase_add_test(c, inside_branches);
	tcase_add_test(c, split_products);
	suite_add_tcase(s, c);
	return s;
}
