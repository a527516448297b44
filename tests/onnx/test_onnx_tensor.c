/* Tensors in ONNX files: every element type, as raw bytes and in its typed list; and graphs inside of nodes. */
#include "base/attempt.h"
#include "model_file.h"
#include "pass_test.h"
#include "half.h"
#include "onnx/tensor_import.h"
#include <string.h>

static void import_user(struct ctx *c, void *user)
{
	struct value **v = user;

	*v = import_tensor(c, (const Onnx__TensorProto *)*v, "unnamed");
}

/* Two elements, 1 and 3, in whichever list is filled in. */
static void check(Onnx__TensorProto *p, int type)
{
	struct op_test t = op_begin(20);
	int64_t dims[] = { 2, 1 };
	struct value *v = (struct value *)p;

	p->has_data_type = 1;
	p->data_type = type;
	p->n_dims = 2;
	p->dims = dims;
	ck_assert_msg(attempt(t.c, import_user, &v) == DONE, "%s", t.c->message);
	ck_assert_str_eq(v->name, "unnamed");
	ck_assert_int_eq(v->type, type);
	ck_assert_int_eq(v->rank, 2);
	ck_assert(v->dim[0] == 2 && v->dim[1] == 1);
	ck_assert(constant_real(v, 0) == 1 && constant_real(v, 1) == 3);
	model_end(&t);
}

static void check_raw(int type, const void *data, size_t n)
{
	Onnx__TensorProto p = ONNX__TENSOR_PROTO__INIT;

	p.has_raw_data = 1;
	p.raw_data.data = (uint8_t *)data;
	p.raw_data.len = n;
	check(&p, type);
}

#define RAW(type, c_type, a, b) check_raw(type, (const c_type[]){ a, b }, 2 * sizeof(c_type))

START_TEST(raw)
{
	RAW(RT_F32, float, 1, 3);
	RAW(RT_F64, double, 1, 3);
	RAW(RT_F16, uint16_t, half_of_float(1), half_of_float(3));
	RAW(RT_BF16, uint16_t, bfloat_of_float(1), bfloat_of_float(3));
	RAW(RT_I8, int8_t, 1, 3);
	RAW(RT_I16, int16_t, 1, 3);
	RAW(RT_I32, int32_t, 1, 3);
	RAW(RT_I64, int64_t, 1, 3);
	RAW(RT_U8, uint8_t, 1, 3);
	RAW(RT_U16, uint16_t, 1, 3);
	RAW(RT_U32, uint32_t, 1, 3);
	RAW(RT_U64, uint64_t, 1, 3);
}
END_TEST

#define TYPED(type, field, c_type, a, b)                                                                               \
	do {                                                                                                               \
		Onnx__TensorProto p = ONNX__TENSOR_PROTO__INIT;                                                                \
		p.n_##field = 2;                                                                                               \
		p.field = (c_type[]){ a, b };                                                                                  \
		check(&p, type);                                                                                               \
	} while (0)

START_TEST(typed)
{
	TYPED(RT_F32, float_data, float, 1, 3);
	TYPED(RT_F64, double_data, double, 1, 3);
	TYPED(RT_F16, int32_data, int32_t, half_of_float(1), half_of_float(3));
	TYPED(RT_BF16, int32_data, int32_t, bfloat_of_float(1), bfloat_of_float(3));
	TYPED(RT_I8, int32_data, int32_t, 1, 3);
	TYPED(RT_I16, int32_data, int32_t, 1, 3);
	TYPED(RT_I32, int32_data, int32_t, 1, 3);
	TYPED(RT_I64, int64_data, int64_t, 1, 3);
	TYPED(RT_U8, int32_data, int32_t, 1, 3);
	TYPED(RT_U16, int32_data, int32_t, 1, 3);
	TYPED(RT_U32, uint64_data, uint64_t, 1, 3);
	TYPED(RT_U64, uint64_data, uint64_t, 1, 3);
}
END_TEST

START_TEST(extremes)
{
	struct op_test t = op_begin(20);
	Onnx__TensorProto p = ONNX__TENSOR_PROTO__INIT;
	struct value *v = (struct value *)&p;
	int64_t dims[] = { 0, 5 };

	/* A tensor of no elements is a constant all the same. */
	p.has_data_type = 1;
	p.data_type = RT_F32;
	p.n_dims = 2;
	p.dims = dims;
	ck_assert_int_eq(attempt(t.c, import_user, &v), DONE);
	ck_assert_ptr_nonnull(v->data);
	ck_assert_int_eq(value_elements(v), 0);
	/* Types that gluec does not have: strings, complex numbers, and what ONNX does not have either. */
	static const int unknown[] = { -1, 0, 8, 14, 15, 1000 };
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		v = (struct value *)&p;
		p.data_type = unknown[i];
		ck_assert_int_eq(attempt(t.c, import_user, &v), UNUSABLE_MODEL);
		ck_assert_ptr_nonnull(strstr(t.c->message, "is not supported"));
	}
	/* Of a number in the list of narrow types the low bits count. */
	TYPED(RT_U8, int32_data, int32_t, 257, 3);
	model_end(&t);
}
END_TEST

/* if (c) y = p + inner, else y = p, with equal names in both branches, over a value from outside. */
static struct graph *if_graph(struct op_test *t)
{
	struct value *c = op_input(t, "bool[1]", NULL), *x = op_input(t, "f32[2]", NULL);
	struct value *p = pass_node(t, "Neg", "p", 1, x), *k = op_constant(t, "f32[2]", LIST(1, 2));

	k->name = "k";
	struct graph *a = pass_open(t);
	pass_output(t, pass_node(t, "Add", "y", 2, p, pass_node(t, "Mul", "inner", 2, x, k)));
	pass_close(t);
	struct graph *b = pass_open(t);
	pass_output(t, pass_node(t, "Relu", "y", 1, pass_node(t, "Abs", "inner", 1, p)));
	pass_close(t);
	op_output(t, pass_if(t, "choice", c, a, b));
	return t->g;
}

START_TEST(branches)
{
	struct op_test t = pass_begin(), r = read_back(&t, model_proto(t.c, if_graph(&t)), DONE);
	const struct node *n = r.g->last;

	ck_assert_int_eq(r.c->nodes_read, 6);
	ck_assert_int_eq(count_nodes(r.g), 6);
	const struct graph *a = attribute_graph(r.c, n, "then_branch"), *b = attribute_graph(r.c, n, "else_branch");
	ck_assert_ptr_eq(a->outer, r.g);
	ck_assert_ptr_eq(a->last->in[0], r.g->first->out[0]);
	ck_assert_ptr_eq(b->first->in[0], r.g->first->out[0]);
	ck_assert_ptr_ne(a->last->in[1], b->first->out[0]);
	ck_assert_ptr_eq(a->last->in[1], a->first->out[0]);
	ck_assert_ptr_eq(a->outputs[0], a->last->out[0]);
	op_end(&r);
	model_end(&t);
}
END_TEST

/* What a branch makes is not seen outside of it. */
START_TEST(scopes_end)
{
	struct op_test t = pass_begin();
	Onnx__ModelProto *m = model_proto(t.c, if_graph(&t));

	m->graph->output[0]->name = "inner";
	struct op_test r = read_back(&t, m, UNUSABLE_MODEL);
	ck_assert_ptr_nonnull(strstr(r.c->message, "output 'inner' is made by no node"));
	op_end(&r);
	/* Nor in the other branch. */
	m->graph->output[0]->name = "choice";
	Onnx__NodeProto *last = m->graph->node[m->graph->n_node - 1];
	last->attribute[0]->g->node[0]->output[0] = "only_here";
	last->attribute[0]->g->node[1]->input[0] = "inner";
	r = read_back(&t, m, UNUSABLE_MODEL);
	ck_assert_ptr_nonnull(strstr(r.c->message, "its input 'inner' is made by no node"));
	op_end(&r);
	model_end(&t);
}
END_TEST

/* Graphs nested far deeper than anybody means are refused before they can exhaust the stack. */
START_TEST(deep)
{
	struct op_test t = pass_begin();
	struct value *c = op_input(&t, "bool[1]", NULL), *x = op_input(&t, "f32[2]", NULL);
	struct graph *outer = t.g, *g = NULL;

	for (int depth = 0; depth < 100; depth++) {
		struct graph *next = pass_open(&t);
		if (g)
			op_output(&t, pass_if(&t, "deep", c, g, g));
		else
			pass_output(&t, pass_node(&t, "Neg", "deep", 1, x));
		t.g = outer;
		g = next;
		if (depth == 0)
			continue;
		/* Twice the same graph would double the file at each level. */
		g->last->attributes = g->last->attributes->next;
	}
	op_output(&t, pass_if(&t, "top", c, g, g));
	struct op_test r = read_back(&t, model_proto(t.c, t.g), UNUSABLE_MODEL);
	ck_assert_ptr_nonnull(strstr(r.c->message, "nested too deeply"));
	op_end(&r);
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("onnx_tensor");
	TCase *c = tcase_create("onnx_tensor");

	tcase_add_test(c, raw);
	tcase_add_test(c, typed);
	tcase_add_test(c, extremes);
	tcase_add_test(c, branches);
	tcase_add_test(c, scopes_end);
	tcase_add_test(c, deep);
	suite_add_tcase(s, c);
	return s;
}
