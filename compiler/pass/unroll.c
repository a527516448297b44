/* Loop and Scan, written out. What an iteration hands on is kept among the inputs of the node itself, where the passes
 * that replace one value by another find it: first what Loop or Scan has there (see read_form), then the scanned
 * outputs of one iteration after the other. */
#include "unroll.h"
#include "emit/lower.h"
#include <string.h>

/* Nodes that loops may make of a model; each becomes about a line of C. */
enum { MAX_UNROLLED = 1 << 14 };

enum { TRIP_COUNT, CONDITION, LOOP_INPUTS };

struct unrolling {
	struct ctx *c;
	struct graph *g, *body;
	struct node *n;
	bool is_scan;
	int first, carried; /* which inputs of the node are handed on */
	int given;          /* inputs of the node as it was */
	int scanned;        /* of Scan: its last inputs, one slice for each iteration */
	int collected;      /* outputs that are stacked, one slice for each iteration */
	int room;           /* of the node's list of inputs */
	int64_t trips;      /* iterations done */
};

bool is_loop(const struct node *n)
{
	return is_op(n, "Loop") || is_op(n, "Scan");
}

/* Loop: trip count, condition, what is handed on. Scan: what is handed on, what is scanned. */
static struct unrolling read_form(struct ctx *c, struct node *n)
{
	struct graph *body = attribute_graph(c, n, "body");
	struct unrolling u = { .c = c, .n = n, .body = body, .is_scan = is_op(n, "Scan"), .given = n->n_in };

	if (u.is_scan) {
		int64_t scanned = attribute_int(c, n, "num_scan_inputs", 0);
		if (scanned < 1 || scanned > n->n_in)
			fail_node(c, n, "num_scan_inputs is %lld, but it has %d inputs", (long long)scanned, n->n_in);
		u.scanned = (int)scanned;
	}
	u.first = u.is_scan ? 0 : LOOP_INPUTS;
	u.carried = n->n_in < u.first ? 0 : n->n_in - u.first - u.scanned;
	int extra = u.is_scan ? 0 : 1;
	u.collected = body->n_outputs - extra - u.carried;
	if (body->n_inputs != 2 * extra + u.carried + u.scanned)
		fail_node(c, n, "its body has %d inputs, but must have %d", body->n_inputs, 2 * extra + u.carried + u.scanned);
	if (u.collected < 0 || n->n_out > u.carried + u.collected)
		fail_node(c, n, "it hands on %d values and has %d outputs, which does not fit the %d outputs of its body",
			u.carried, n->n_out, body->n_outputs);
	return u;
}

void loop_infer(struct ctx *c, struct node *n)
{
	struct unrolling u = read_form(c, n);
	const struct value *trips = input(n, TRIP_COUNT), *condition = input(n, CONDITION);

	for (int i = u.first; i < n->n_in; i++)
		if (!n->in[i])
			fail_node(c, n, "input %d is left out, but it is required", i);
	if (trips && (trips->type != RT_I64 || value_elements(trips) != 1))
		fail_node(c, n, "its trip count must be one i64, but is %s", shape_text(c, trips));
	if (trips && !trips->data)
		fail_open(c, n, "trip count", trips);
	if (condition && (condition->type != RT_BOOL || value_elements(condition) != 1))
		fail_node(c, n, "its condition must be one bool, but is %s", shape_text(c, condition));
}

/* Element i of a list of integers that may be left out; it must have `count` elements. */
static int64_t listed(struct ctx *c, const struct node *n, const char *name, int i, int count)
{
	int64_t *list = NEW(c, int64_t, (size_t)count + 1);
	int given = attribute_ints(c, n, name, list, count + 1);

	if (given >= 0 && given != count)
		fail_node(c, n, "%s has %d elements or more; it must have %d", name, given, count);
	return given < 0 ? 0 : list[i];
}

static bool is_reversed(const struct unrolling *u, const char *name, int i, int count)
{
	int64_t direction = listed(u->c, u->n, name, i, count);

	if (direction != 0 && direction != 1)
		fail_node(u->c, u->n, "%s must be 0 or 1, not %lld", name, (long long)direction);
	return direction;
}

static struct value *scanned_input(const struct unrolling *u, int i)
{
	return u->n->in[u->carried + i];
}

static int scanned_axis(const struct unrolling *u, int i)
{
	const struct value *v = scanned_input(u, i);
	int64_t axis = listed(u->c, u->n, "scan_input_axes", i, u->scanned);

	if (axis < -v->rank || axis >= v->rank)
		fail_node(u->c, u->n, "axis %lld is outside of its input %s", (long long)axis, shape_text(u->c, v));
	return (int)(axis < 0 ? axis + v->rank : axis);
}

static int64_t scan_length(const struct unrolling *u)
{
	int64_t length = scanned_input(u, 0)->dim[scanned_axis(u, 0)];

	for (int i = 1; i < u->scanned; i++)
		if (scanned_input(u, i)->dim[scanned_axis(u, i)] != length)
			fail_node(u->c, u->n, "its inputs %s and %s have different lengths along the axes that it goes through",
				shape_text(u->c, scanned_input(u, 0)), shape_text(u->c, scanned_input(u, i)));
	return length;
}

void scan_infer(struct ctx *c, struct node *n)
{
	struct unrolling u = read_form(c, n);

	need_inputs(c, n, n->n_in, n->n_in);
	scan_length(&u);
	for (int i = 0; i < u.scanned; i++)
		is_reversed(&u, "scan_input_directions", i, u.scanned);
}

/* Infer puts copies of the body in the node's place, so that there is none to be lowered. */
void loop_lower(struct lower *l, struct node *n)
{
	fail(l->c, OUR_BUG, "%s '%.100s' has not been written out", n->type, n->name);
}

static struct value *list_of_one(struct ctx *c, int64_t x)
{
	const int64_t one = 1;

	return value_constant(c, "list", RT_I64, 1, &one, value_int(c, "", x)->data);
}

/* A node before the loop, in the form of version 13 of the operator set, where axes became inputs. */
static struct node *add_node(const struct unrolling *u, const char *type, const char *name, int n_in)
{
	const struct node like = { .name = name, .origin = name };
	struct node *n = node_new(u->c, u->g, u->n, "", type, &like, n_in, 1);

	n->version = 13;
	n->out[0] = value_new(u->c, name, RT_NOTYPE, -1, NULL);
	n->out[0]->def = n;
	return n;
}

/* What iteration u->trips of `length` sees of scanned input i: a slice, without the dimension. */
static struct value *slice(const struct unrolling *u, int i, int64_t length)
{
	struct ctx *c = u->c;
	bool reversed = is_reversed(u, "scan_input_directions", i, u->scanned);
	int64_t at = reversed ? length - 1 - u->trips : u->trips;
	const char *name = arena_text(c, "%s.%lld", u->body->inputs[u->carried + i]->name, (long long)u->trips);
	struct node *cut = add_node(u, "Slice", name, 4), *squeeze = add_node(u, "Squeeze", name, 2);

	cut->in[0] = scanned_input(u, i);
	cut->in[1] = list_of_one(c, at);
	cut->in[2] = list_of_one(c, at + 1);
	cut->in[3] = squeeze->in[1] = list_of_one(c, scanned_axis(u, i));
	squeeze->in[0] = cut->out[0];
	return squeeze->out[0];
}

/* The body's inputs get what stands for them in this iteration. */
static void enter(const struct unrolling *u, int64_t length)
{
	struct value **in = u->body->inputs;
	int extra = u->is_scan ? 0 : 2;

	if (!u->is_scan) {
		/* Some exporters give the number of the iteration a dimension. */
		struct value *number = in[0]->rank == 1 ? list_of_one(u->c, u->trips) : value_int(u->c, "", u->trips);
		uint8_t *yes = NEW(u->c, uint8_t, 1);
		*yes = 1;
		number->name = arena_text(u->c, "%s.%lld", in[0]->name, (long long)u->trips);
		in[0]->copy = number;
		in[1]->copy = value_constant(u->c, in[1]->name, RT_BOOL, 0, NULL, yes);
	}
	for (int i = 0; i < u->carried; i++)
		in[extra + i]->copy = u->n->in[u->first + i];
	for (int i = 0; i < u->scanned; i++)
		in[u->carried + i]->copy = slice(u, i, length);
}

static void make_room(struct unrolling *u)
{
	struct node *n = u->n;

	if (n->n_in + u->collected <= u->room)
		return;
	struct value **old = n->in;
	u->room = 2 * (n->n_in + u->collected);
	n->in = NEW(u->c, struct value *, (size_t)u->room);
	memcpy(n->in, old, (size_t)n->n_in * sizeof *old);
}

/* What the body returns becomes the node's inputs for the next iteration. */
static void leave(struct unrolling *u)
{
	struct value **out = u->body->outputs;
	int extra = u->is_scan ? 0 : 1;

	make_room(u);
	/* All at once, since one of them may be what another was. */
	for (int i = 0; i < u->collected; i++)
		u->n->in[u->n->n_in + i] = copy_of(out[extra + u->carried + i]);
	for (int i = 0; i < u->carried; i++)
		u->n->in[u->first + i] = copy_of(out[extra + i]);
	if (!u->is_scan)
		u->n->in[CONDITION] = copy_of(out[0]);
	u->n->n_in += u->collected;
}

/* An empty body counts, too, so that a loop without an end comes to one. */
static void check_size(const struct unrolling *u)
{
	int nodes = count_nodes(u->body) + 1;

	if (nodes > MAX_UNROLLED - u->c->nodes_unrolled)
		fail_node(u->c, u->n,
			"written out, the model's loops would have more than %d nodes: this one has %d in its body and ran %lld "
			"times so far; export the model with fewer iterations or without the loop",
			MAX_UNROLLED, nodes - 1, (long long)u->trips);
	u->c->nodes_unrolled += nodes;
}

static void iterate(struct unrolling *u, int64_t length)
{
	struct node *before = u->n->prev;

	check_size(u);
	enter(u, length);
	copy_nodes(u->c, u->body, u->g, u->n, u->trips);
	leave(u);
	u->trips++;
	infer_nodes(u->c, u->g, before ? before->next : u->g->first, u->n);
}

/* Does the Loop run once more? Its trip count is constant. */
static bool goes_on(const struct unrolling *u)
{
	const struct value *trips = input(u->n, TRIP_COUNT), *condition = input(u->n, CONDITION);
	double goes;

	if (trips && u->trips >= constant_int(trips, 0))
		return false;
	if (!condition)
		return true;
	if (condition->type != RT_BOOL || value_elements(condition) != 1)
		fail_node(u->c, u->n, "its condition must be one bool, but its body makes it %s", shape_text(u->c, condition));
	if (!constant_scalar(condition, &goes))
		fail_open(u->c, u->n, arena_text(u->c, "condition after %lld iterations", (long long)u->trips), condition);
	return goes != 0;
}

/* The axis of stacked output i along which the iterations lie; `rank` is that of one slice. */
static int64_t stacked_axis(const struct unrolling *u, int i, int rank)
{
	int64_t axis = u->is_scan ? listed(u->c, u->n, "scan_output_axes", i, u->collected) : 0;

	if (axis < -rank - 1 || axis > rank)
		fail_node(u->c, u->n, "axis %lld is outside of its output '%.100s', which has %d dimensions", (long long)axis,
			u->n->out[u->carried + i]->name, rank + 1);
	return axis < 0 ? axis + rank + 1 : axis;
}

/* The slices of collected output i, one behind the other. */
static struct value *stack(const struct unrolling *u, int i)
{
	const char *name = u->n->out[u->carried + i]->name;
	bool reversed = u->is_scan && is_reversed(u, "scan_output_directions", i, u->collected);

	if (!u->trips)
		fail_node(u->c, u->n, "it runs 0 times, so that the shape of its output '%.100s' is not known; remove the loop",
			name);
	int64_t axis = stacked_axis(u, i, u->n->in[u->given + i]->rank);
	struct value **slices = NEW(u->c, struct value *, (size_t)u->trips);
	for (int64_t t = 0; t < u->trips; t++) {
		int64_t from = reversed ? u->trips - 1 - t : t;
		struct node *n = add_node(u, "Unsqueeze", arena_text(u->c, "%s.%lld", name, (long long)from), 2);
		n->in[0] = u->n->in[u->given + from * u->collected + i];
		n->in[1] = list_of_one(u->c, axis);
		slices[t] = n->out[0];
	}
	struct node *all = add_node(u, "Concat", name, (int)u->trips);
	memcpy(all->in, slices, (size_t)u->trips * sizeof *slices);
	set_attribute_int(u->c, all, "axis", axis);
	return all->out[0];
}

void unroll(struct ctx *c, struct graph *g, struct node *n)
{
	struct unrolling u = read_form(c, n);
	struct value **results = NEW(c, struct value *, (size_t)n->n_out);

	u.g = g;
	/* Absent inputs of Loop that come last get their places, since the condition is kept there. */
	if (n->n_in < u.first) {
		struct value **in = NEW(c, struct value *, LOOP_INPUTS);
		memcpy(in, n->in, (size_t)n->n_in * sizeof *in);
		n->in = in;
		n->n_in = u.given = LOOP_INPUTS;
	}
	u.room = n->n_in;
	int64_t length = u.is_scan ? scan_length(&u) : 0;
	while (u.is_scan ? u.trips < length : goes_on(&u))
		iterate(&u, length);
	struct node *before = n->prev;
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i])
			results[i] = i < u.carried ? n->in[u.first + i] : stack(&u, i - u.carried);
	replace_outputs(c, g, n, results);
	infer_nodes(c, g, before ? before->next : g->first, n);
	node_remove(g, n);
}
