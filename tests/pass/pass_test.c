/* Graphs in memory, for tests of passes. */
#include "pass_test.h"
#include "base/attempt.h"
#include "base/progress.h"
#include <stdlib.h>
#include <string.h>

struct op_test pass_begin(void)
{
	struct op_test t = op_begin(20);

	t.c->started = seconds_now();
	t.c->doc = t.c->opsets = "";
	t.c->set.name = "test";
	t.c->set.command = "test.onnx";
	return t;
}

/* The elements of a tensor that is described as "f32[2,3]". */
static double *elements_of(struct op_test *t, const char *shape, uint32_t seed)
{
	int64_t n = 1;
	bool real = shape[0] == 'f' || shape[0] == 'b';

	for (const char *p = strchr(shape, '['); *p && p[1] != ']' && *p != ']';)
		n *= strtoll(p + 1, (char **)&p, 10);
	double *x = NEW(t->c, double, (size_t)n + 1);
	seed = seed * 2654435761u + 12345;
	for (int64_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		x[i] = real ? (double)(seed >> 8) / (1 << 23) - 1 : seed >> 30;
	}
	return x;
}

struct value *pass_input(struct op_test *t, const char *shape, uint32_t seed)
{
	return op_input(t, shape, elements_of(t, shape, seed));
}

struct value *pass_constant(struct op_test *t, const char *shape, uint32_t seed)
{
	struct value *v = op_constant(t, shape, elements_of(t, shape, seed));

	v->name = arena_text(t->c, "constant%u", seed);
	return v;
}

struct value *pass_node(struct op_test *t, const char *type, const char *name, int n_in, ...)
{
	struct node *n = op_node(t, "", type, 1, 0);
	va_list ap;

	n->name = n->origin = n->out[0]->name = name;
	n->n_in = n_in;
	n->in = NEW(t->c, struct value *, (size_t)n_in);
	va_start(ap, n_in);
	for (int i = 0; i < n_in; i++)
		n->in[i] = va_arg(ap, struct value *);
	va_end(ap);
	return n->out[0];
}

void pass_output(struct op_test *t, struct value *v)
{
	t->g->outputs[t->g->n_outputs++] = v;
}

struct graph *pass_open(struct op_test *t)
{
	struct graph *g = NEW(t->c, struct graph, 1);

	g->name = "branch";
	g->outer = t->g;
	g->outputs = NEW(t->c, struct value *, OP_MOST);
	return t->g = g;
}

void pass_close(struct op_test *t)
{
	t->g = t->g->outer;
}

static void set_graph(struct op_test *t, struct node *n, const char *name, struct graph *g)
{
	struct attribute *a = NEW(t->c, struct attribute, 1);

	*a = (struct attribute){ .name = name, .kind = ATTRIBUTE_GRAPH, .graph = g, .next = n->attributes };
	n->attributes = a;
}

struct node *pass_if(
	struct op_test *t, const char *name, struct value *condition, struct graph *then_branch, struct graph *else_branch)
{
	struct node *n = op_node(t, "", "If", then_branch->n_outputs, 1, condition);

	n->name = n->origin = name;
	for (int i = 0; i < n->n_out; i++)
		n->out[i]->name = n->n_out == 1 ? name : arena_text(t->c, "%s.%d", name, i);
	set_graph(t, n, "then_branch", then_branch);
	set_graph(t, n, "else_branch", else_branch);
	return n;
}

void pass_apply(struct op_test *t, void (*pass)(struct ctx *c, struct graph *g))
{
	if (setjmp(t->c->escape))
		ck_abort_msg("%s", t->c->message);
	pass(t->c, t->g);
}

void pass_infer(struct op_test *t)
{
	pass_apply(t, infer);
	remove_dead(t->g);
}

static void run_optimize(struct ctx *c, struct graph *g)
{
	(void)g;
	optimize(c);
}

void pass_optimize(struct op_test *t)
{
	pass_infer(t);
	pass_apply(t, run_optimize);
}

const char *pass_error(struct op_test *t, void (*pass)(struct ctx *c, struct graph *g))
{
	if (setjmp(t->c->escape)) {
		ck_assert_int_eq(t->c->status, UNUSABLE_MODEL);
		ck_assert_msg(strstr(t->c->message, "test.onnx: ") == t->c->message, "%s", t->c->message);
		return t->c->message + strlen("test.onnx: ");
	}
	pass(t->c, t->g);
	ck_abort_msg("no error");
	return NULL;
}

static void run(struct ctx *c, void *user)
{
	struct op_test *t = user;

	t->program = lower_graph(c, t->g);
	for (int i = 0; i < t->g->n_outputs; i++) {
		free(t->outputs[i]);
		t->outputs[i] = malloc(value_bytes(t->g->outputs[i]) + 1);
		ck_assert_ptr_nonnull(t->outputs[i]);
	}
	execute(c, t->program, t->inputs, t->outputs);
}

void pass_run(struct op_test *t)
{
	ck_assert_msg(attempt(t->c, run, t) == DONE, "%s", t->c->message);
}

int pass_count(const struct graph *g, const char *domain, const char *type)
{
	struct graph *inner[8];
	int count = 0;

	for (const struct node *n = g->first; n; n = n->next) {
		count += !strcmp(n->type, type) && !strcmp(n->domain, domain);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count += pass_count(inner[i], domain, type);
	}
	return count;
}

int pass_calls(const struct block *block, const char *kernel)
{
	int count = 0;

	for (const struct call *call = block->first; call; call = call->next) {
		if (call->kernel)
			count += !strcmp(call->kernel->name, kernel);
		else
			count += pass_calls(call->then_block, kernel) + pass_calls(call->else_block, kernel);
	}
	return count;
}

static struct value *find_value(const struct graph *g, const char *name)
{
	struct graph *inner[8];
	struct value *found = NULL;

	for (const struct node *n = g->first; n && !found; n = n->next) {
		for (int i = 0; i < n->n_out && !found; i++)
			found = n->out[i] && !strcmp(n->out[i]->name, name) ? n->out[i] : NULL;
		for (int i = node_graphs(n, inner, 8); i-- > 0 && !found;)
			found = find_value(inner[i], name);
	}
	return found;
}

struct value *pass_value(const struct graph *g, const char *name)
{
	struct value *v = find_value(g, name);

	ck_assert_msg(v != NULL, "no value '%s'", name);
	return v;
}

void pass_expect_equal(const struct op_test *a, const struct op_test *b, double tolerance)
{
	ck_assert_int_eq(a->g->n_outputs, b->g->n_outputs);
	for (int k = 0; k < a->g->n_outputs; k++) {
		ck_assert(same_shape(a->g->outputs[k], b->g->outputs[k]));
		for (int64_t i = 0; i < value_elements(a->g->outputs[k]); i++) {
			double x = op_result(a, k, i), y = op_result(b, k, i);
			bool same = x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * (1 + fabs(x));
			ck_assert_msg(same, "element %lld of output %d is %.9g, not %.9g as without passes", (long long)i, k, y, x);
		}
	}
}

struct op_test pass_compare_as(
	void (*build)(struct op_test *t, int form), int form, enum precision precision, double tolerance)
{
	struct op_test plain = pass_begin(), t = pass_begin();

	build(&plain, form);
	pass_infer(&plain);
	pass_run(&plain);
	t.c->set.precision = precision;
	build(&t, form);
	pass_optimize(&t);
	pass_run(&t);
	pass_expect_equal(&plain, &t, tolerance);
	op_end(&plain);
	return t;
}

struct op_test pass_compare(void (*build)(struct op_test *t, int form), int form, double tolerance)
{
	return pass_compare_as(build, form, PRECISION_FP32, tolerance);
}

struct op_test pass_compare_half(void (*build)(struct op_test *t, int form), int form, double tolerance)
{
	return pass_compare_as(build, form, PRECISION_FP16, tolerance);
}

struct op_test pass_compare_split(void (*build)(struct op_test *t, int form), int form, double tolerance)
{
	return pass_compare_as(build, form, PRECISION_BF16X3, tolerance);
}

void pass_expect_recognized(
	void (*build)(struct op_test *t, int form), int form, const char *type, int count, double tolerance)
{
	struct op_test t = pass_begin();

	build(&t, form);
	pass_infer(&t);
	pass_apply(&t, simplify);
	pass_apply(&t, recognize);
	int found = pass_count(t.g, "gluec", type);
	ck_assert_msg(found == count, "form %d: %d times %s, not %d", form, found, type, count);
	op_end(&t);
	t = pass_compare(build, form, tolerance);
	op_end(&t);
}
