/* Loop and Scan, written out: small graphs against results worked out by hand. */
#include "base/attempt.h"
#include "model_file.h"
#include "pass_test.h"
#include <string.h>

/* A body is open from body_open to loop_node, which makes a node of it and its inputs, the rest. */
static void body_open(struct op_test *t)
{
	pass_open(t)->inputs = NEW(t->c, struct value *, OP_MOST);
}

/* An input of the open body; its shape is the loop's business. */
static struct value *body_input(struct op_test *t, const char *name, enum rt_type type)
{
	return t->g->inputs[t->g->n_inputs++] = value_new(t->c, name, type, -1, NULL);
}

static struct node *loop_node(struct op_test *t, const char *type, int n_out, int n_in, struct value **in)
{
	struct attribute *body = NEW(t->c, struct attribute, 1);

	*body = (struct attribute){ .name = "body", .kind = ATTRIBUTE_GRAPH, .graph = t->g };
	pass_close(t);
	struct node *n = op_node(t, "", type, n_out, 0);
	n->name = n->origin = "loop";
	n->attributes = body;
	n->n_in = n_in;
	n->in = NEW(t->c, struct value *, OP_MOST);
	for (int i = 0; i < n_in; i++)
		n->in[i] = in[i];
	for (int i = 0; i < n_out; i++)
		n->out[i]->name = arena_text(t->c, "loop.%d", i);
	return n;
}

#define INPUTS(...)                                                                                                    \
	sizeof((struct value *[]){ __VA_ARGS__ }) / sizeof(struct value *), (struct value *[])                             \
	{                                                                                                                  \
		__VA_ARGS__                                                                                                    \
	}

static struct value *truth(struct op_test *t, bool x)
{
	return op_constant(t, "bool[]", LIST(x));
}

static struct value *real(struct op_test *t, struct value *integer)
{
	struct node *n = op_node(t, "", "Cast", 1, 1, integer);

	set_attribute_int(t->c, n, "to", RT_F32);
	return n->out[0];
}

/* Runs the graph as it stands and after all passes; no loop is left. */
static void run(struct op_test *t, bool optimized)
{
	if (optimized)
		pass_optimize(t);
	else
		pass_infer(t);
	ck_assert_int_eq(pass_count(t->g, "", "Loop") + pass_count(t->g, "", "Scan"), 0);
	pass_run(t);
}

/* x becomes 2 x + i, three times; all of them are collected. With `stop`, a condition ends it after as many. */
static struct node *doubling(
	struct op_test *t, struct value *trips, struct value *condition, struct value *x, int64_t stop)
{
	body_open(t);
	struct value *i = body_input(t, "i", RT_I64), *go = body_input(t, "go", RT_BOOL), *own = body_input(t, "x", RT_F32);
	struct value *twice = pass_node(t, "Add", "twice", 2, own, own),
				 *next = pass_node(t, "Add", "next", 2, twice, real(t, i));
	struct value *more = pass_node(t, "Less", "more", 2, i, value_int(t->c, "last", stop - 1));
	pass_output(t, stop ? more : go);
	pass_output(t, next);
	pass_output(t, next);
	return loop_node(t, "Loop", 2, INPUTS(trips, condition, x));
}

START_TEST(counted)
{
	/* Twice each: with a trip count, with a condition, and with both, of which the first to end it counts. */
	for (int form = 0; form < 10; form++) {
		struct op_test t = pass_begin();
		struct value *x = op_input(&t, "f32[2]", LIST(1, 2)), *three = value_int(t.c, "three", 3);
		struct value *trips = form / 2 == 1 ? NULL : form / 2 == 2 ? value_int(t.c, "most", INT64_MAX) : three;
		int64_t stop = form / 2 == 0 ? 0 : form / 2 == 3 ? 9 : 3;
		op_output(&t, doubling(&t, trips, form / 2 == 4 ? truth(&t, true) : NULL, x, stop));
		run(&t, form % 2);
		op_expect(&t, 0, "f32[2]", 0, LIST(12, 20));
		op_expect(&t, 1, "f32[3,2]", 0, LIST(2, 4, 5, 9, 12, 20));
		op_end(&t);
	}
}
END_TEST

/* The trip count follows from the shape of an input: only folding what comes before tells it. */
START_TEST(counted_by_shape)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2]", LIST(1, 2)), *rows = op_input(&t, "f32[3,5]", NULL);
	struct value *first = pass_node(&t, "Gather", "first", 2, pass_node(&t, "Shape", "shape", 1, rows), INTS(&t, 0));

	op_output(&t, doubling(&t, first, NULL, x, 0));
	run(&t, false);
	op_expect(&t, 0, "f32[2]", 0, LIST(12, 20));
	op_end(&t);
}
END_TEST

/* No iteration: what would be handed on is what it starts with, under the loop's name. */
START_TEST(never)
{
	for (int form = 0; form < 3; form++) {
		struct op_test t = pass_begin();
		struct value *x = op_input(&t, "f32[2]", LIST(1, 2)), *trips = value_int(t.c, "trips", form - 1);
		struct node *n = doubling(&t, form < 2 ? trips : NULL, truth(&t, form < 2), x, 0);
		n->out[1] = NULL;
		pass_output(&t, n->out[0]);
		run(&t, false);
		ck_assert_str_eq(t.g->outputs[0]->name, "loop.0");
		op_expect(&t, 0, "f32[2]", 0, LIST(1, 2));
		op_end(&t);
	}
}
END_TEST

/* Two values that change places, a value from outside, and a body that only hands on. */
START_TEST(changing_places)
{
	struct op_test t = pass_begin();
	struct value *a = op_input(&t, "f32[2]", LIST(1, 2)), *b = op_input(&t, "f32[1]", LIST(7));
	struct value *outside = pass_node(&t, "Neg", "outside", 1, op_input(&t, "f32[]", LIST(-3)));

	body_open(&t);
	body_input(&t, "i", RT_I64);
	struct value *go = body_input(&t, "go", RT_BOOL), *x = body_input(&t, "x", RT_F32),
				 *y = body_input(&t, "y", RT_F32);
	pass_output(&t, go);
	pass_output(&t, y);
	pass_output(&t, x);
	pass_output(&t, outside);
	op_output(&t, loop_node(&t, "Loop", 3, INPUTS(value_int(t.c, "trips", 3), NULL, a, b)));
	run(&t, true);
	op_expect(&t, 0, "f32[1]", 0, LIST(7));
	op_expect(&t, 1, "f32[2]", 0, LIST(1, 2));
	op_expect(&t, 2, "f32[3]", 0, LIST(3, 3, 3));
	op_end(&t);
}
END_TEST

/* A branch whose condition is the number of the iteration, and one whose condition depends on the data: x is negated in
 * iteration 1 and halved whenever it is positive. */
static struct value *branches(struct op_test *t, struct value *i, struct value *x)
{
	struct value *is_one = pass_node(t, "Equal", "is_one", 2, i, value_int(t->c, "one", 1));
	struct graph *yes = pass_open(t);
	pass_output(t, pass_node(t, "Neg", "negative", 1, x));
	pass_close(t);
	struct graph *no = pass_open(t);
	pass_output(t, x);
	pass_close(t);
	struct value *turned = pass_if(t, "turn", is_one, yes, no)->out[0];
	struct value *positive = pass_node(t, "Greater", "positive", 2, turned, value_float(t->c, "zero", 0));
	yes = pass_open(t);
	pass_output(t, pass_node(t, "Mul", "half", 2, turned, value_float(t->c, "a_half", 0.5f)));
	pass_close(t);
	no = pass_open(t);
	pass_output(t, pass_node(t, "Identity", "same", 1, turned));
	pass_close(t);
	return pass_if(t, "halve", positive, yes, no)->out[0];
}

START_TEST(with_branches)
{
	for (int optimized = 0; optimized < 2; optimized++) {
		struct op_test t = pass_begin();
		struct value *x = op_input(&t, "f32[]", LIST(-8));

		body_open(&t);
		struct value *i = body_input(&t, "i", RT_I64), *go = body_input(&t, "go", RT_BOOL);
		struct value *next = branches(&t, i, body_input(&t, "x", RT_F32));
		pass_output(&t, go);
		pass_output(&t, next);
		pass_output(&t, next);
		op_output(&t, loop_node(&t, "Loop", 2, INPUTS(value_int(t.c, "trips", 4), NULL, x)));
		run(&t, optimized);
		op_expect(&t, 0, "f32[]", 0, LIST(1));
		op_expect(&t, 1, "f32[4]", 0, LIST(-8, 4, 2, 1));
		ck_assert_int_eq(pass_count(t.g, "", "If"), 4);
		op_end(&t);
	}
}
END_TEST

/* A loop in a loop: iteration i of the outer one adds k, for k below i + 1, to x, and collects x. */
START_TEST(nested)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[1]", LIST(10)), *start = pass_node(&t, "Neg", "start", 1, x);

	body_open(&t);
	struct value *i = body_input(&t, "i", RT_I64), *go = body_input(&t, "go", RT_BOOL),
				 *own = body_input(&t, "x", RT_F32);
	struct value *count = pass_node(&t, "Add", "count", 2, i, value_int(t.c, "one", 1));
	body_open(&t);
	struct value *k = body_input(&t, "k", RT_I64), *on = body_input(&t, "on", RT_BOOL),
				 *y = body_input(&t, "y", RT_F32);
	pass_output(&t, on);
	pass_output(&t, pass_node(&t, "Add", "sum", 2, y, real(&t, k)));
	pass_output(&t, own);
	struct node *inner = loop_node(&t, "Loop", 2, INPUTS(count, truth(&t, true), own));
	inner->name = inner->origin = "inner";
	pass_output(&t, go);
	pass_output(&t, inner->out[0]);
	pass_output(&t, pass_node(&t, "ReduceSum", "total", 1, inner->out[1]));
	op_output(&t, loop_node(&t, "Loop", 2, INPUTS(value_int(t.c, "trips", 3), NULL, start)));
	run(&t, true);
	op_expect(&t, 0, "f32[1]", 0, LIST(-6));
	op_expect(&t, 1, "f32[3,1,1]", 0, LIST(-10, -20, -27));
	op_end(&t);
}
END_TEST

/* Sums along the rows of x, as they grow, from the left or from the right: state [2], scanned x [2,3]. */
static struct node *sums(struct op_test *t, struct value *state, struct value *x)
{
	body_open(t);
	struct value *sum = body_input(t, "sum", RT_F32),
				 *next = pass_node(t, "Add", "next", 2, sum, body_input(t, "x", RT_F32));
	pass_output(t, next);
	pass_output(t, next);
	struct node *n = loop_node(t, "Scan", 2, INPUTS(state, x));
	set_attribute_int(t->c, n, "num_scan_inputs", 1);
	return n;
}

static const struct {
	int64_t in_reversed, out_reversed, out_axis;
	const char *shape;
	double sums[6];
} scans[] = {
	{ 0, 0, 0, "f32[3,2]", { 1, 4, 3, 9, 6, 15 } },
	{ 1, 0, -2, "f32[3,2]", { 3, 6, 5, 11, 6, 15 } },
	{ 0, 1, 1, "f32[2,3]", { 6, 3, 1, 15, 9, 4 } },
	{ 1, 1, -1, "f32[2,3]", { 6, 5, 3, 15, 11, 6 } },
};

START_TEST(scan)
{
	for (int optimized = 0; optimized < 2; optimized++) {
		struct op_test t = pass_begin();
		struct value *x = op_input(&t, "f32[2,3]", LIST(1, 2, 3, 4, 5, 6));
		struct node *n = sums(&t, op_constant(&t, "f32[2]", LIST(0, 0)), x);

		SET_INTS(&t, n, "scan_input_axes", _i % 2 ? -1 : 1);
		op_set_ints(&t, n, "scan_input_directions", 1, &scans[_i].in_reversed);
		op_set_ints(&t, n, "scan_output_directions", 1, &scans[_i].out_reversed);
		op_set_ints(&t, n, "scan_output_axes", 1, &scans[_i].out_axis);
		op_output(&t, n);
		run(&t, optimized);
		op_expect(&t, 0, "f32[2]", 0, LIST(6, 15));
		op_expect(&t, 1, scans[_i].shape, 0, scans[_i].sums);
		op_end(&t);
	}
}
END_TEST

/* Rows of two inputs, without attributes and without state. */
START_TEST(scan_rows)
{
	struct op_test t = pass_begin();
	struct value *a = op_input(&t, "f32[2,2]", LIST(1, 2, 3, 4)), *b = op_input(&t, "f32[2]", LIST(10, 20));

	body_open(&t);
	struct value *x = body_input(&t, "x", RT_F32), *y = body_input(&t, "y", RT_F32);
	pass_output(&t, pass_node(&t, "Mul", "product", 2, x, y));
	struct node *n = loop_node(&t, "Scan", 1, INPUTS(a, b));
	set_attribute_int(t.c, n, "num_scan_inputs", 2);
	op_output(&t, n);
	run(&t, false);
	op_expect(&t, 0, "f32[2,2]", 0, LIST(10, 20, 60, 80));
	op_end(&t);
}
END_TEST

/* Loops that are refused, by number, and what is said of them. */
static const char *const messages[] = {
	"Loop 'loop': its trip count, 'x1', depends on the model's inputs; fix that with --constant x1=1",
	"Loop 'loop': its condition after 1 iterations, 'positive.0', depends on the model's inputs; only a fixed one",
	"Loop 'loop': written out, the model's loops would have more than 16384 nodes: this one has 4 in its body and ran "
	"3276 times so far; export the model with fewer iterations or without the loop",
	"Loop 'loop': written out, the model's loops would have more than 16384 nodes: this one has 0 in its body",
	"Loop 'loop': its body has 3 inputs, but must have 4",
	"Loop 'loop': it hands on 1 values and has 3 outputs, which does not fit the 3 outputs of its body",
	"Loop 'loop': it runs 0 times, so that the shape of its output 'loop.1' is not known; remove the loop",
	"Loop 'loop': its trip count must be one i64, but is f32[2]",
	"Loop 'loop': its condition must be one bool, but its body makes it f32[2]",
	"Loop 'loop': input 2 is left out, but it is required",
	"Scan 'loop': num_scan_inputs is 3, but it has 2 inputs",
	"Scan 'loop': axis 2 is outside of its input f32[2,3]",
	"Scan 'loop': axis -3 is outside of its output 'loop.1', which has 2 dimensions",
	"Scan 'loop': scan_input_directions must be 0 or 1, not 2",
	"Scan 'loop': scan_output_axes has 2 elements or more; it must have 1",
	"Scan 'loop': Scan (domain ai.onnx, version 8) is older than version 9, the oldest supported; convert the model",
	"Loop 'loop': attribute 'body' is missing",
	"Loop 'loop': its condition must be one bool, but is f32[2]",
};

/* A loop that goes on while x, which depends on the data, is positive, or for ever, or for as long as x is. */
static void odd_conditions(struct op_test *t, int form, struct value *x)
{
	body_open(t);
	body_input(t, "i", RT_I64);
	struct value *go = body_input(t, "go", RT_BOOL), *own = body_input(t, "x", RT_F32);
	pass_output(t, form == 1   ? pass_node(t, "Greater", "positive", 2, own, value_float(t->c, "zero", 0))
				   : form == 3 ? go
							   : own);
	pass_output(t, own);
	op_output(t, loop_node(t, "Loop", 1, INPUTS(NULL, NULL, x)));
}

static void odd_loop(struct op_test *t, int form)
{
	struct value *x = op_input(t, form == 1 ? "f32[1,1]" : "f32[2]", NULL), *three = value_int(t->c, "three", 3);

	if (form == 1 || form == 3 || form == 8) {
		odd_conditions(t, form, x);
		return;
	}
	struct value *trips = form == 0 ? op_input(t, "i64[]", LIST(3)) : form == 7 ? x : three;
	trips = form == 2 ? value_int(t->c, "many", INT64_MAX) : form == 6 ? value_int(t->c, "none", 0) : trips;
	struct node *n = doubling(t, trips, form == 17 ? x : NULL, x, 0);
	if (form == 4)
		n->in[n->n_in++] = x;
	if (form == 5) {
		struct value **more = NEW(t->c, struct value *, 3);
		memcpy(more, n->out, 2 * sizeof *more);
		more[2] = value_new(t->c, "more", RT_NOTYPE, -1, NULL);
		n->out = more;
		n->n_out = 3;
	}
	if (form == 9)
		n->in[2] = NULL;
	if (form == 16)
		n->attributes = NULL;
	pass_output(t, n->out[0]);
}

static void odd_scan(struct op_test *t, int form)
{
	struct node *n = sums(t, op_constant(t, "f32[2]", NULL), op_input(t, "f32[2,3]", NULL));

	SET_INTS(t, n, "scan_input_axes", form == 11 ? 2 : 1);
	SET_INTS(t, n, "scan_input_directions", form == 13 ? 2 : 0);
	if (form == 12)
		SET_INTS(t, n, "scan_output_axes", -3);
	if (form == 14)
		SET_INTS(t, n, "scan_output_axes", 0, 0);
	if (form == 10)
		set_attribute_int(t->c, n, "num_scan_inputs", 3);
	if (form == 15)
		n->version = 8;
	op_output(t, n);
}

START_TEST(refused)
{
	struct op_test t = pass_begin();
	bool is_scan = !strncmp(messages[_i], "Scan", 4);

	(is_scan ? odd_scan : odd_loop)(&t, _i);
	const char *message = pass_error(&t, infer);
	ck_assert_msg(!strncmp(message, messages[_i], strlen(messages[_i])), "%s", message);
	op_end(&t);
}
END_TEST

static void read_file_model(struct ctx *c, void *path)
{
	read_onnx(c, path);
}

/* From a file, where the body's inputs may be without types. */
START_TEST(from_file)
{
	struct op_test t = pass_begin(), r = pass_begin();
	struct value *x = op_input(&t, "f32[2]", LIST(1, 2));

	op_output(&t, doubling(&t, value_int(t.c, "trips", 3), NULL, x, 0));
	for (struct node *n = t.g->first; n; n = n->next)
		n->name = arena_text(t.c, "n%s", n->out[0]->name);
	Onnx__ModelProto *m = model_proto(t.c, t.g);
	const Onnx__GraphProto *body = m->graph->node[m->graph->n_node - 1]->attribute[0]->g;
	body->input[0]->type = NULL;
	body->input[2]->type->tensor_type->elem_type = 0;
	const char *path = temporary_path(t.c, "loop.onnx");
	model_write(t.c, m, path);
	ck_assert_msg(attempt(r.c, read_file_model, (void *)path) == DONE, "%s", r.c->message);
	r.g = r.c->graph;
	r.inputs[0] = t.inputs[0];
	run(&r, true);
	op_expect(&r, 0, "f32[2]", 0, LIST(12, 20));
	op_expect(&r, 1, "f32[3,2]", 0, LIST(2, 4, 5, 9, 12, 20));
	op_end(&r);
	model_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("unroll");
	TCase *t = tcase_create("unroll");

	tcase_add_test(t, counted);
	tcase_add_test(t, counted_by_shape);
	tcase_add_test(t, never);
	tcase_add_test(t, changing_places);
	tcase_add_test(t, with_branches);
	tcase_add_test(t, nested);
	tcase_add_loop_test(t, scan, 0, sizeof scans / sizeof *scans);
	tcase_add_test(t, scan_rows);
	tcase_add_loop_test(t, refused, 0, sizeof messages / sizeof *messages);
	tcase_add_test(t, from_file);
	suite_add_tcase(s, t);
	return s;
}
