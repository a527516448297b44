/* Graphs in memory, for tests of operators. */
#include "op_test.h"
#include "op/op.h"
#include <stdlib.h>
#include <string.h>

struct op_test op_begin(int opset)
{
	struct op_test t = { .c = calloc(1, sizeof *t.c) };

	ck_assert_ptr_nonnull(t.c);
	t.c->arena = arena_new();
	ck_assert_ptr_nonnull(t.c->arena);
	t.c->file = "test.onnx";
	t.c->opset = opset;
	t.g = t.c->graph = NEW(t.c, struct graph, 1);
	t.g->name = "test";
	t.g->inputs = NEW(t.c, struct value *, OP_MOST);
	t.g->outputs = NEW(t.c, struct value *, OP_MOST);
	return t;
}

void op_end(struct op_test *t)
{
	for (int i = 0; i < OP_MOST; i++)
		free(t->outputs[i]);
	arena_free(t->c->arena);
	free(t->c);
}

/* "f32[2,3]" as a value. */
static struct value *parse(struct op_test *t, const char *text)
{
	struct value *v = value_new(t->c, "?", RT_NOTYPE, 0, NULL);
	size_t letters = strcspn(text, "[");

	for (int type = RT_F32; type <= RT_LAST_TYPE; type++)
		if (strlen(type_name((enum rt_type)type)) == letters && !strncmp(type_name((enum rt_type)type), text, letters))
			v->type = (enum rt_type)type;
	ck_assert_msg(v->type != RT_NOTYPE, "no type in '%s'", text);
	v->type = held_type(t->c, v->type);
	for (char *p = (char *)text + letters; *p && p[1] != ']' && *p != ']';)
		v->dim[v->rank++] = strtoll(p + 1, &p, 10);
	return v;
}

static struct value *tensor(struct op_test *t, const char *shape, const double *elements)
{
	struct value *v = parse(t, shape);
	char *data = arena_get(t->c, value_bytes(v) + 1, 1);
	uint32_t seed = 1;

	for (int64_t i = 0; i < value_elements(v); i++) {
		seed = seed * 1664525 + 1013904223;
		double x = elements ? elements[i] : is_float_type(v->type) ? (double)(seed >> 8) / (1 << 22) - 2 : seed >> 30;
		store_number(data, v->type, i, x, (int64_t)x);
	}
	v->data = data;
	return v;
}

struct value *op_input(struct op_test *t, const char *shape, const double *elements)
{
	struct value *v = tensor(t, shape, elements);

	v->name = arena_text(t->c, "x%d", t->g->n_inputs);
	t->inputs[t->g->n_inputs] = v->data;
	v->data = NULL;
	t->g->inputs[t->g->n_inputs++] = v;
	return v;
}

struct value *op_constant(struct op_test *t, const char *shape, const double *elements)
{
	struct value *v = tensor(t, shape, elements);

	v->name = "constant";
	return v;
}

struct value *op_list(struct op_test *t, int n, const int64_t *elements)
{
	const int64_t dim = n;
	int64_t *data = NEW(t->c, int64_t, (size_t)n + 1);

	memcpy(data, elements, (size_t)n * sizeof *data);
	return value_constant(t->c, "list", RT_I64, 1, &dim, data);
}

double op_at(const struct op_test *t, const struct value *v, int64_t i)
{
	struct value copy = *v;

	for (int k = 0; k < t->g->n_inputs; k++)
		if (t->g->inputs[k] == v)
			copy.data = t->inputs[k];
	return constant_real(&copy, i);
}

struct node *op_node(struct op_test *t, const char *domain, const char *type, int n_out, int n_in, ...)
{
	const struct node like = { .name = "node", .origin = "node" };
	va_list ap;

	ck_assert_msg(find_op(domain, type) != NULL, "no operator %s", type);
	struct node *n = node_new(t->c, t->g, NULL, domain, type, &like, n_in, n_out);
	va_start(ap, n_in);
	for (int i = 0; i < n_in; i++)
		n->in[i] = va_arg(ap, struct value *);
	va_end(ap);
	for (int i = 0; i < n_out; i++) {
		n->out[i] = value_new(t->c, arena_text(t->c, "y%d", i), RT_NOTYPE, -1, NULL);
		n->out[i]->def = n;
	}
	return n;
}

void op_set_ints(struct op_test *t, struct node *n, const char *name, int count, const int64_t *ints)
{
	struct attribute *a = NEW(t->c, struct attribute, 1);
	int64_t *copy = NEW(t->c, int64_t, (size_t)count + 1);

	memcpy(copy, ints, (size_t)count * sizeof *copy);
	*a = (struct attribute){
		.name = name, .kind = ATTRIBUTE_INTS, .n = (size_t)count, .ints = copy, .next = n->attributes
	};
	n->attributes = a;
}

void op_output(struct op_test *t, const struct node *n)
{
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i])
			t->g->outputs[t->g->n_outputs++] = n->out[i];
}

struct value *op_shuffled(struct op_test *t, struct value *x)
{
	struct node *there = op_node(t, "", "Transpose", 1, 1, x);
	struct value *zeros = value_new(t->c, "zeros", x->type, x->rank, NULL);

	for (int i = 0; i < x->rank; i++)
		zeros->dim[i] = x->dim[x->rank - 1 - i];
	zeros->data = arena_get(t->c, value_bytes(zeros) + 1, 1);
	/* The sum is stored as its first operand is. */
	struct node *sum = op_node(t, "", "Add", 1, 2, zeros, there->out[0]);
	return op_node(t, "", "Transpose", 1, 1, sum->out[0])->out[0];
}

static void build(struct op_test *t)
{
	for (struct node *n = t->g->first; n; n = n->next) {
		n->op->infer(t->c, n);
		propagate_count(t->c, t->g, n);
	}
	count_uses(t->g);
	t->program = lower_graph(t->c, t->g);
}

void op_run(struct op_test *t)
{
	if (setjmp(t->c->escape))
		ck_abort_msg("%s", t->c->message);
	build(t);
	for (int i = 0; i < t->g->n_outputs; i++) {
		free(t->outputs[i]);
		t->outputs[i] = malloc(value_bytes(t->g->outputs[i]) + 1);
		ck_assert_ptr_nonnull(t->outputs[i]);
	}
	execute(t->c, t->program, t->inputs, t->outputs);
}

const char *op_error(struct op_test *t)
{
	if (setjmp(t->c->escape))
		return t->c->message;
	build(t);
	ck_abort_msg("no error");
	return NULL;
}

void op_expect_error(struct op_test *t, int words, ...)
{
	const char *message = op_error(t);
	va_list ap;

	va_start(ap, words);
	for (int i = 0; i < words; i++) {
		const char *word = va_arg(ap, const char *);
		ck_assert_msg(strstr(message, word) != NULL, "'%s' is not in: %s", word, message);
	}
	va_end(ap);
	ck_assert_msg(strstr(message, "test.onnx: ") == message && strstr(message, " 'node': "), "%s", message);
	ck_assert_int_eq(t->c->status, UNUSABLE_MODEL);
	op_end(t);
}

double op_result(const struct op_test *t, int output, int64_t i)
{
	struct value copy = *t->g->outputs[output];

	copy.data = t->outputs[output];
	return constant_real(&copy, i);
}

void op_expect(const struct op_test *t, int output, const char *shape, double tolerance, const double *expected)
{
	const struct value *v = t->g->outputs[output];

	ck_assert_str_eq(shape_text(t->c, v), shape);
	for (int64_t i = 0; i < value_elements(v); i++) {
		double y = op_result(t, output, i), want = expected[i];
		bool same = y == want || (isnan(y) && isnan(want)) || fabs(y - want) <= tolerance * (1 + fabs(want));
		ck_assert_msg(same, "element %lld of output %d is %.9g, not %.9g", (long long)i, output, y, want);
	}
}

static int calls_in(const struct block *b, const char *kernel)
{
	int count = 0;

	for (const struct call *call = b->first; call; call = call->next)
		count += call->kernel && !strcmp(call->kernel->name, kernel);
	return count;
}

int op_calls(const struct op_test *t, const char *kernel)
{
	return calls_in(t->program->main, kernel);
}
