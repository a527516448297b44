/* The arena planner, against a machine that follows every byte: random programs with branches run through it on memory
 * whose bytes remember which buffer was stored there last. */
#include "base/attempt.h"
#include "pass_test.h"
#include <stdlib.h>
#include <string.h>

enum { PROGRAMS = 300, MOST_BUFFERS = 128, MOST_READERS = 3 };

struct random {
	uint32_t state;
};

static int pick(struct random *r, int n)
{
	r->state = r->state * 1664525 + 1013904223;
	return (int)((uint64_t)(r->state >> 8) * (uint64_t)n >> 24);
}

/* ---- random programs */

struct maker {
	struct ctx *c;
	struct lower l;
	struct random r;
	struct buffer *visible[MOST_BUFFERS]; /* what the next call may read */
	int n;
	int made;
};

static const size_t sizes[] = { 1, 60, 64, 65, 200, 200, 1000, 1000, 4096 };

static struct buffer *make_buffer(struct maker *m)
{
	size_t bytes = sizes[pick(&m->r, sizeof sizes / sizeof *sizes)];

	return buffer_new(&m->l, BUFFER_ARENA, arena_text(m->c, "b%d", m->made++), bytes);
}

static void read_some(struct maker *m, struct call *call, int first)
{
	int count = m->n ? pick(&m->r, MOST_READERS) + 1 : 0;

	for (int i = 0; i < count; i++) {
		/* Mostly recent ones, as in a real network. */
		int back = pick(&m->r, pick(&m->r, 4) ? 3 : m->n);
		call_argument(call, first + i, (struct argument){ m->visible[m->n - 1 - (back < m->n ? back : 0)], 0 });
	}
	call->in_place = pick(&m->r, 2) ? (unsigned)pick(&m->r, 8) << first : 0;
}

/* One kernel: its first argument is what it writes; sometimes the last is scratch. */
static void make_call(struct maker *m, struct buffer *y)
{
	static const struct rt_copy_nd params;
	struct call *call = call_new(&m->l, NULL, KERNEL_copy_nd, &params);

	read_some(m, call, 1);
	call_argument(call, 0, (struct argument){ y, 0 });
	if (!pick(&m->r, 4))
		call_argument(call, MAX_ARGUMENTS - 1, scratch(&m->l, "call", sizes[pick(&m->r, 9)]));
}

static void make_block(struct maker *m, int calls, int depth);

/* The branch makes values of its own and ends with a result, which is sometimes merged and sometimes copied. */
static void make_side(struct maker *m, struct block *block, struct buffer *result, int depth)
{
	struct block *outer = m->l.block;
	int n = m->n;

	m->l.block = block;
	make_block(m, pick(&m->r, 6), depth + 1);
	if (pick(&m->r, 2)) {
		struct buffer *own = buffer_new(&m->l, BUFFER_ARENA, "own", result->bytes);
		make_call(m, own);
		merge_buffers(own, result);
	} else {
		make_call(m, result);
	}
	m->l.block = outer;
	m->n = n;
}

static void make_if(struct maker *m, int depth)
{
	static const struct rt_copy_nd params;
	struct buffer *result = make_buffer(m);
	struct call *call = call_new(&m->l, NULL, KERNEL_copy_nd, &params);

	call->kernel = NULL;
	call->then_block = NEW(m->c, struct block, 1);
	call->else_block = NEW(m->c, struct block, 1);
	call_argument(call, 0, (struct argument){ m->visible[m->n - 1], 0 });
	make_side(m, call->then_block, result, depth);
	make_side(m, call->else_block, result, depth);
	m->visible[m->n++] = result;
}

static void make_block(struct maker *m, int calls, int depth)
{
	for (int i = 0; i < calls && m->n < MOST_BUFFERS - 2 && m->made < MOST_BUFFERS - 16; i++) {
		if (m->n && depth < 3 && !pick(&m->r, 6)) {
			make_if(m, depth);
			continue;
		}
		struct buffer *y = make_buffer(m);
		make_call(m, y);
		m->visible[m->n++] = y;
	}
}

/* ---- the machine */

struct machine {
	const struct buffer **byte;     /* what each byte of the arena holds */
	const struct buffer **identity; /* by serial: the buffer whose contents it is, a branch's result being the If's */
	size_t bytes;
	struct random r;
};

static size_t place(struct buffer *b)
{
	return buffer_root(b)->offset;
}

static bool is_inside(const struct machine *m, struct buffer *b)
{
	return place(b) % RT_ALIGN == 0 && place(b) + b->bytes <= m->bytes;
}

static bool holds(const struct machine *m, struct buffer *b)
{
	bool same = is_inside(m, b);

	for (size_t i = 0; same && i < b->bytes; i++)
		same = m->byte[place(b) + i] == m->identity[b->serial];
	return same;
}

static void store(struct machine *m, struct buffer *b)
{
	for (size_t i = 0; i < b->bytes; i++)
		m->byte[place(b) + i] = m->identity[b->serial];
}

static bool overlap(struct buffer *a, struct buffer *b)
{
	return place(a) < place(b) + b->bytes && place(b) < place(a) + a->bytes;
}

/* Only an input that the kernel names may lie under the result, all of it, and under one argument only. */
static bool is_legal(const struct call *call, int i)
{
	struct buffer *x = call->argument[i].buffer, *y = call->argument[0].buffer;

	if (!overlap(x, y))
		return true;
	for (int k = 1; k < MAX_ARGUMENTS; k++)
		if (k != i && call->argument[k].buffer == x)
			return false;
	return call->in_place >> i & 1 && place(x) == place(y) && x->bytes == y->bytes;
}

static bool run_call(struct machine *m, const struct call *call)
{
	bool sound = is_inside(m, call->argument[0].buffer);

	for (int i = 1; i < MAX_ARGUMENTS && sound; i++) {
		struct buffer *x = call->argument[i].buffer;
		sound = !x || (is_legal(call, i) && (x->scratch ? is_inside(m, x) : holds(m, x)));
		for (int k = 1; k < i && sound && x && x->scratch; k++)
			sound = !call->argument[k].buffer || !overlap(x, call->argument[k].buffer);
	}
	for (int i = MAX_ARGUMENTS; sound && i-- > 0;)
		if (call->argument[i].buffer && (i == 0 || call->argument[i].buffer->scratch))
			store(m, call->argument[i].buffer);
	return sound;
}

/* Takes one side of each branch. */
static bool run_block(struct machine *m, const struct block *block)
{
	bool sound = true;

	for (const struct call *call = block->first; call && sound; call = call->next)
		sound = call->kernel ? run_call(m, call)
							 : holds(m, call->argument[0].buffer) &&
								   run_block(m, pick(&m->r, 2) ? call->then_block : call->else_block);
	return sound;
}

static void plan_user(struct ctx *c, void *p)
{
	plan(c, p);
}

/* The largest sum of sizes that live at once, by asking every buffer at every time. */
static size_t largest_live_set(const struct program *p, int times)
{
	size_t most = 0;

	for (int t = 0; t < times; t++) {
		size_t sum = 0;
		for (const struct buffer *b = p->buffers; b; b = b->next)
			if (!b->same && b->first >= 0 && b->first <= t && t <= b->last)
				sum += (b->bytes + RT_ALIGN - 1) / RT_ALIGN * RT_ALIGN;
		most = sum > most ? sum : most;
	}
	return most;
}

static void check_program(uint32_t seed, int *shared)
{
	struct op_test t = pass_begin();
	struct maker m = { .c = t.c, .r = { seed } };
	struct program *p = NEW(t.c, struct program, 1);

	m.l = (struct lower){ .c = t.c, .program = p, .origin = "" };
	m.l.block = p->main = NEW(t.c, struct block, 1);
	make_block(&m, 3 + pick(&m.r, 40), 0);
	struct machine machine = { .r = { seed + 1 } };
	machine.identity = NEW(t.c, const struct buffer *, (size_t)p->last_buffer->serial + 1);
	for (struct buffer *b = p->buffers; b; b = b->next)
		machine.identity[b->serial] = buffer_root(b);
	ck_assert_int_eq(attempt(t.c, plan_user, p), DONE);
	for (struct buffer *b = p->buffers; b; b = b->next)
		*shared += buffer_root(b) != machine.identity[b->serial];
	machine.bytes = p->arena_bytes;
	machine.byte = NEW(t.c, const struct buffer *, p->arena_bytes + 1);
	for (int path = 0; path < 8; path++) {
		memset(machine.byte, 0, p->arena_bytes * sizeof *machine.byte);
		ck_assert_msg(run_block(&machine, p->main), "program %u", (unsigned)seed);
	}
	ck_assert_uint_eq(p->live_bytes, largest_live_set(p, 4 * p->n_calls));
	ck_assert_uint_ge(p->arena_bytes, p->live_bytes);
	ck_assert_uint_eq(p->arena_bytes % RT_ALIGN, 0);
	op_end(&t);
}

START_TEST(random_programs)
{
	int shared = 0;

	for (uint32_t seed = 0; seed < PROGRAMS; seed++)
		check_program(seed * 977, &shared);
	/* Results over their inputs occur. */
	ck_assert_int_gt(shared, PROGRAMS / 4);
}
END_TEST

/* ---- what is expected of particular graphs */

static size_t arena_of(struct op_test *t)
{
	pass_run(t);
	size_t bytes = t->program->arena_bytes;
	op_end(t);
	return bytes;
}

/* A chain of softmaxes needs one place for all but its ends, which are the caller's. */
START_TEST(in_place)
{
	struct op_test t = pass_begin();
	struct value *x = pass_input(&t, "f32[64,100]", 1);

	for (int i = 0; i < 6; i++)
		x = pass_node(&t, "Softmax", "s", 1, x);
	pass_output(&t, x);
	pass_infer(&t);
	ck_assert_uint_eq(arena_of(&t), 64 * 100 * 4);
}
END_TEST

/* Two sides of a branch use the same memory. */
START_TEST(branches)
{
	size_t bytes[2];

	for (int form = 0; form < 2; form++) {
		struct op_test t = pass_begin();
		struct value *x = pass_input(&t, "f32[16,16]", 1);
		struct graph *side[2];
		for (int i = 0; i < 2; i++) {
			side[i] = pass_open(&t);
			struct value *large = pass_node(&t, "Expand", "large", 2, x, INTS(&t, 50, 16, 16));
			struct value *y = pass_node(&t, "Softmax", "y", 1, i == 0 || form ? large : x);
			y = pass_node(&t, "ReduceSum", "sum", 2, y, INTS(&t, -1));
			y = pass_node(&t, "ReduceSum", "total", 1, y);
			set_attribute_int(t.c, y->def, "keepdims", 0);
			pass_output(&t, y);
			pass_close(&t);
		}
		op_output(&t, pass_if(&t, "choice", op_input(&t, "bool[1]", LIST(1)), side[0], side[1]));
		pass_infer(&t);
		bytes[form] = arena_of(&t);
	}
	ck_assert_uint_eq(bytes[0], bytes[1]);
	ck_assert_uint_ge(bytes[0], 50 * 16 * 16 * 4);
}
END_TEST

static void load(struct ctx *c, void *user)
{
	struct program **p = user;

	load_model(c);
	optimize(c);
	*p = lower_graph(c, c->graph);
	plan(c, *p);
}

static void check_model(const char *path, struct binding *bindings, int n, size_t most)
{
	struct op_test t = pass_begin();
	struct program *p;

	t.c->set.model = path;
	t.c->set.bindings = bindings;
	t.c->set.n_bindings = n;
	ck_assert_msg(attempt(t.c, load, &p) == DONE, "%s", t.c->message);
	ck_assert_uint_le(p->arena_bytes, most);
	ck_assert_uint_le(p->arena_bytes, p->live_bytes + p->live_bytes / 10);
	op_end(&t);
}

/* The default models in their usual sizes: within a tenth of what no planner can go below, and of what was promised. */
START_TEST(default_models)
{
	struct binding picture[] = { { .name = "height", .dim = { 480 } }, { .name = "width", .dim = { 640 } } };
	struct binding points[] = { { .name = "num_keypoints", .dim = { 1024 } } };

	check_model(GLUEC_ROOT "/models/superpoint.onnx", picture, 2, 105000000);
	check_model(GLUEC_ROOT "/models/lightglue.onnx", points, 1, 24000000);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("plan");
	TCase *c = tcase_create("plan");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, random_programs);
	tcase_add_test(c, in_place);
	tcase_add_test(c, branches);
	tcase_add_test(c, default_models);
	suite_add_tcase(s, c);
	return s;
}
