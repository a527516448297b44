/* Random graphs of two branches, with weights that are shared or not, crossings, and results read by others: whatever
 * join_twins joins, the graph computes the same. */
#include "pass_test.h"
#include "scene.h"
#include <string.h>

enum { CHANNELS = 8, PAIRS = 24 };

/* Pairs of values [batch, points, CHANNELS]. */
struct branches {
	struct op_test *t;
	uint64_t seed;
	int64_t drawn;
	struct value *pair[PAIRS][2];
	int n;
};

/* What is done to both values of a pair: the same when `seed` is, and then with the same constants. */
struct step {
	int64_t kind, seed;
	bool cross;
};

static int64_t draw(struct branches *b, int64_t n)
{
	return (int64_t)(chance_hash(b->seed, b->drawn++, 7) % (uint64_t)n);
}

static struct value *along(struct op_test *t, struct value *y, int64_t axis)
{
	set_attribute_int(t->c, y->def, "axis", axis);
	return y;
}

static struct value *linear(struct op_test *t, struct value *x, int64_t seed)
{
	pass_apply(t, infer);
	const int64_t k = x->dim[x->rank - 1];
	const char *shape = arena_text(t->c, "f32[%d,%d]", (int)k, CHANNELS);
	struct value *y = pass_node(t, "MatMul", "product", 2, x, pass_constant(t, shape, (uint32_t)seed));

	if (seed % 2)
		y = pass_node(t, "Add", "biased", 2, pass_constant(t, "f32[8]", (uint32_t)seed), y);
	return y;
}

static struct value *normalized(struct op_test *t, struct value *x, int64_t seed)
{
	struct value *scale = pass_constant(t, "f32[8]", (uint32_t)seed);

	return along(t, pass_node(t, "LayerNormalization", "norm", 2, x, scale), seed % 2 ? -1 : 2);
}

static struct value *heads(struct op_test *t, struct value *x)
{
	struct value *y =
		pass_node(t, "Transpose", "heads", 1, pass_node(t, "Reshape", "apart", 2, x, INTS(t, 0, 0, 2, 4)));

	SET_INTS(t, y->def, "perm", 0, 2, 1, 3);
	return y;
}

/* x cos + (-b, a) sin for the halves a and b of the channels of each head. */
static struct value *rotated(struct op_test *t, struct value *x, int64_t seed)
{
	struct node *split = op_node(t, "", "Split", 2, 1, x);
	struct value *phase = pass_constant(t, seed % 3 ? "f32[1,1,1,2]" : "f32[2]", (uint32_t)seed);

	set_attribute_int(t->c, split, "axis", -1);
	set_attribute_int(t->c, split, "num_outputs", 2);
	struct value *twice = along(t, pass_node(t, "Concat", "both", 2, phase, phase), -1);
	struct value *turned = along(
		t, pass_node(t, "Concat", "turned", 2, pass_node(t, "Neg", "minus", 1, split->out[1]), split->out[0]), -1);
	return pass_node(t, "Add", "rotated", 2, pass_node(t, "Mul", "straight", 2, x, twice),
		pass_node(t, "Mul", "across", 2, turned, twice));
}

static struct value *attention(struct op_test *t, struct value *x, struct value *other, int64_t seed)
{
	struct value *q = heads(t, linear(t, x, seed)), *k = heads(t, linear(t, other, seed + (seed % 3 == 0))),
				 *v = heads(t, linear(t, other, seed + 2));

	if (seed % 2) {
		q = rotated(t, q, seed);
		k = rotated(t, k, seed);
	}
	struct value *kt = pass_node(t, "Transpose", "columns", 1, k);
	SET_INTS(t, kt->def, "perm", 0, 1, 3, 2);
	struct value *p = along(t, pass_node(t, "Softmax", "softmax", 1, pass_node(t, "MatMul", "scores", 2, q, kt)), -1);
	struct value *y = pass_node(t, "Transpose", "rows", 1, pass_node(t, "MatMul", "message", 2, p, v));
	SET_INTS(t, y->def, "perm", 0, 2, 1, 3);
	return pass_node(t, "Reshape", "together", 2, y, INTS(t, 0, 0, 8));
}

static struct value *by_constant(struct op_test *t, struct value *x, int64_t seed)
{
	static const char *const shape[] = { "f32[8]", "f32[1]", "f32[1,8]", "f32[1,1,8]", "f32[1,1,1]" };
	struct value *constant = pass_constant(t, shape[seed % 5], (uint32_t)seed);

	if (seed % 7 == 0)
		return pass_node(t, "Where", "chosen", 3, pass_constant(t, "bool[8]", (uint32_t)seed), x, constant);
	return pass_node(t, seed % 2 ? "Mul" : "Sub", "scaled", 2, constant, x);
}

/* Parts of the channels, moved. */
static struct value *moved(struct op_test *t, struct value *x, int64_t seed)
{
	if (seed % 4 == 0)
		return along(
			t, pass_node(t, "Gather", "picked", 2, x, op_constant(t, "i64[8]", LIST(7, 1, 1, 0, 3, 2, 5, 6))), -1);
	if (seed % 4 == 1) {
		struct value *left = pass_node(t, "Slice", "left", 4, x, INTS(t, 0), INTS(t, 3), INTS(t, -1));
		struct value *right = pass_node(t, "Slice", "right", 4, x, INTS(t, 3), INTS(t, 99), INTS(t, 2));
		return along(t, pass_node(t, "Concat", "turned", 2, right, left), -1);
	}
	if (seed % 4 == 2) {
		struct node *split = op_node(t, "", "Split", 2, 2, x, INTS(t, 5, 3));
		set_attribute_int(t->c, split, "axis", 2);
		return along(t, pass_node(t, "Concat", "swapped", 2, split->out[1], split->out[0]), 2);
	}
	/* Without its first dimension, and with it again. */
	struct value *flat = pass_node(t, "Reshape", "flat", 2, x, INTS(t, -1, 8));
	return pass_node(
		t, "Reshape", "whole", 2, pass_node(t, "Tanh", "small", 1, flat), INTS(t, x->dim[0], x->dim[1], x->dim[2]));
}

static struct value *apply(
	struct op_test *t, const struct step *s, struct value *x, struct value *other, struct value *more)
{
	static const char *const simple[] = { "Tanh", "Relu", "Sigmoid", "Neg", "Erf" };
	bool alike = same_shape(x, more);
	struct value *y;

	switch (s->kind) {
	case 0:
	case 1:
		return linear(t, x, s->seed);
	case 2:
		return attention(t, x, s->cross ? other : x, s->seed);
	case 3:
		return normalized(t, x, s->seed);
	case 4:
		return alike ? pass_node(t, s->seed % 2 ? "Add" : "Mul", "sum", 2, x, more) : x;
	case 5:
		y = alike ? along(t, pass_node(t, "Concat", "residual", 2, x, more), -1) : x;
		return linear(t, y, s->seed);
	case 6:
		return by_constant(t, x, s->seed);
	case 7:
		return moved(t, x, s->seed);
	case 8:
		y = pass_node(t, "Cast", "double", 1, x);
		set_attribute_int(t->c, y->def, "to", RT_F64);
		y = pass_node(t, "Cast", "single", 1, y);
		set_attribute_int(t->c, y->def, "to", RT_F32);
		return y;
	case 9:
		/* Operands of unequal rank, and what is not joined. */
		if (s->seed % 2)
			return pass_node(t, "Sub", "centred", 2, x, pass_node(t, "ReduceMean", "mean", 2, x, INTS(t, 1)));
		return alike && x->dim[0] == 1
				   ? pass_node(t, "Add", "broadcast", 2, x, pass_node(t, "Reshape", "less", 2, more, INTS(t, -1, 8)))
				   : x;
	default:
		return pass_node(t, simple[s->seed % 5], "simple", 1, x);
	}
}

static struct value *bounded(struct branches *b, struct value *x)
{
	return draw(b, 3) ? x : pass_node(b->t, "Tanh", "bounded", 1, x);
}

/* One more pair, each of whose values comes from one of an earlier pair. */
static void add_pair(struct branches *b)
{
	struct step first = { draw(b, 11), 1 + draw(b, 5), draw(b, 2) }, second = first;
	int from = draw(b, 3) ? b->n - 1 : (int)draw(b, b->n), more = (int)draw(b, b->n), swap = draw(b, 5) == 0;
	int side = draw(b, 2), chain = draw(b, 6) == 0, same = draw(b, 12) == 0;
	struct value **to = b->pair[b->n], **x = b->pair[from], **y = b->pair[more];

	if (draw(b, 8) == 0)
		second.seed++;
	if (draw(b, 16) == 0)
		second.cross = !second.cross;
	to[0] = apply(b->t, &first, x[swap], x[!swap], y[side]);
	pass_apply(b->t, infer);
	/* The second may come after the first, or read the same value. */
	struct value *other = chain ? to[0] : same ? x[swap] : x[!swap];
	to[1] = apply(b->t, &second, other, x[swap], y[same ? side : !side]);
	pass_apply(b->t, infer);
	if (draw(b, 3) == 0)
		for (int i = 0; i < 2; i++)
			to[i] = bounded(b, to[i]);
	pass_apply(b->t, infer);
	b->n++;
}

static bool is_ready(const struct node *n, const struct graph *rest)
{
	for (const struct node *other = rest->first; other; other = other->next)
		for (int i = 0; i < n->n_in; i++)
			if (n->in[i] && n->in[i]->def == other)
				return false;
	return true;
}

/* The nodes in another order in which they can be computed. */
static void shuffle(struct branches *b)
{
	struct graph rest = *b->t->g;

	b->t->g->first = b->t->g->last = NULL;
	while (rest.first) {
		struct node *n = rest.first;
		for (int64_t skip = draw(b, 40); skip > 0 && n->next; skip--)
			n = n->next;
		while (!is_ready(n, &rest))
			n = n->prev;
		node_remove(&rest, n);
		node_insert(b->t->g, NULL, n);
	}
}

static void build(struct op_test *t, int form)
{
	struct branches b = { .t = t, .seed = (uint64_t)form };
	int batch = draw(&b, 8) == 0 ? 2 : 1, points = 1 + (int)draw(&b, 5), others = draw(&b, 4) ? points : 3;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			b.pair[i][k] = pass_input(t, arena_text(t->c, "f32[%d,%d,8]", batch, k && i == 0 ? others : points),
				1 + 2 * (uint32_t)i + (uint32_t)k);
	if (points != others)
		b.pair[1][1] = pass_input(t, arena_text(t->c, "f32[%d,%d,8]", batch, others), 9);
	b.n = 2;
	while (b.n < 4 + form % (PAIRS - 4))
		add_pair(&b);
	for (int i = 0; i < 2; i++)
		pass_output(t, b.pair[b.n - 1][i]);
	for (int i = 0; i < 4; i++)
		pass_output(t, b.pair[draw(&b, b.n)][draw(&b, 2)]);
	shuffle(&b);
}

static bool has_halves(const struct graph *g)
{
	for (const struct node *n = g->first; n; n = n->next)
		if (attribute(n, "half") && is_internal(n, "View"))
			return true;
	return false;
}

enum { GRAPHS = 400 };

START_TEST(random_branches)
{
	int joined = 0;

	for (int form = 0; form < GRAPHS; form++) {
		struct op_test t = pass_compare(build, form, 1e-4);
		joined += has_halves(t.g);
		op_end(&t);
	}
	ck_assert_msg(joined > GRAPHS / 3, "%d of %d", joined, GRAPHS);
}
END_TEST

START_TEST(random_branches_half)
{
	for (int form = 0; form < GRAPHS / 8; form++) {
		struct op_test t = pass_compare_half(build, form, 0.1);
		op_end(&t);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("twins random");
	TCase *c = tcase_create("twins random");

	tcase_set_timeout(c, 60);

	tcase_add_test(c, random_branches);
	tcase_add_test(c, random_branches_half);
	suite_add_tcase(s, c);
	return s;
}
