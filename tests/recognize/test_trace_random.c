/* Random chains of movers: wherever trace_value says that elements come from, there they are. */
#include "scene.h"
#include "trace_test.h"

struct chain {
	struct op_test t;
	uint64_t seed;
	int64_t drawn;
};

static int64_t draw(struct chain *chain, int64_t n)
{
	return (int64_t)(chance_hash(chain->seed, chain->drawn++, 0) % (uint64_t)n);
}

/* Up to `most` dimensions with this many elements in all. */
static struct value *random_shape(struct chain *chain, int64_t elements, int most)
{
	int64_t dim[MAX_RANK];
	int rank = 0;

	for (; rank < most - 1 && draw(chain, 4); rank++) {
		int64_t divisor = 1 + draw(chain, 6);
		while (elements % divisor)
			divisor--;
		dim[rank] = divisor;
		elements /= divisor;
	}
	dim[rank++] = elements;
	return op_list(&chain->t, rank, dim);
}

static struct value *random_transpose(struct chain *chain, struct value *x)
{
	int64_t perm[MAX_RANK];

	for (int i = 0; i < x->rank; i++) {
		int64_t other = draw(chain, i + 1);
		perm[i] = i;
		perm[i] = perm[other];
		perm[other] = i;
	}
	return transposed(&chain->t, x, x->rank, perm);
}

static struct value *random_slice(struct chain *chain, struct value *x, int axis)
{
	int64_t d = x->dim[axis], a = draw(chain, d), b = draw(chain, d), step = 1 + draw(chain, 2);

	if (a <= b)
		return sliced(&chain->t, x, axis, a, b + 1, step);
	return sliced(&chain->t, x, axis, a, b - 1 - d, -step);
}

static struct value *random_repetition(struct chain *chain, struct value *x, int axis)
{
	struct op_test *t = &chain->t;
	int64_t repeats[MAX_RANK], kind = draw(chain, 3);

	for (int i = 0; i < x->rank; i++)
		repeats[i] = kind == 0 ? 1 + (i == axis) : x->dim[i] == 1 ? 1 + draw(chain, 2) : x->dim[i];
	if (kind == 0)
		return pass_node(t, "Tile", "tiled", 2, x, op_list(t, x->rank, repeats));
	if (kind == 1)
		return along(t, pass_node(t, "Concat", "repeated", 2, x, x), axis);
	return pass_node(t, "Expand", "expanded", 2, x, op_list(t, x->rank, repeats));
}

static struct value *random_part(struct chain *chain, struct value *x, int axis)
{
	struct op_test *t = &chain->t;
	int64_t a = draw(chain, x->dim[axis] + 1), kind = draw(chain, 4);

	if (kind == 0)
		return along(
			t, pass_node(t, "Gather", "chosen", 2, x, op_list(t, 1, (int64_t[]){ draw(chain, x->dim[axis]) })), axis);
	if (kind == 1)
		return part_of(t, x, axis, INTS(t, a, x->dim[axis] - a), a < x->dim[axis]);
	if (kind == 2)
		return joined(t, axis, x, pass_node(t, "Neg", "negated", 1, x));
	return pass_node(t, "Unsqueeze", "wider", 2, x, INTS(t, axis));
}

/* x behind one more mover. */
static struct value *random_mover(struct chain *chain, struct value *x)
{
	int axis = x->rank ? (int)draw(chain, x->rank) : 0;

	switch (x->rank && x->rank < MAX_RANK ? draw(chain, 6) : 0) {
	case 0:
	case 1:
		return pass_node(&chain->t, "Reshape", "reshaped", 2, x, random_shape(chain, value_elements(x), 5));
	case 2:
		return random_transpose(chain, x);
	case 3:
		return random_slice(chain, x, axis);
	case 4:
		return value_elements(x) < 2000 ? random_repetition(chain, x, axis) : random_slice(chain, x, axis);
	default:
		return random_part(chain, x, axis);
	}
}

/* Infers as it goes, so that each mover knows the shape that it works on. */
static struct value *random_chain(struct chain *chain, struct value *x, int length)
{
	for (int i = 0; i < length; i++) {
		x = random_mover(chain, x);
		pass_apply(&chain->t, infer);
	}
	return x;
}

START_TEST(random_chains)
{
	enum { CHAINS = 3000 };
	int to_input = 0;

	for (int i = 0; i < CHAINS; i++) {
		struct chain chain = { .t = pass_begin(), .seed = (uint64_t)i };
		int64_t dim[3];
		for (int k = 0; k < 3; k++)
			dim[k] = 1 + draw(&chain, 4 + k);
		struct value *x = counting(&chain.t, 3, dim);
		struct value *y = random_chain(&chain, x, 1 + (int)draw(&chain, 7));
		to_input += check_trace(&chain.t, y) == x;
		op_end(&chain.t);
	}
	/* Most chains can be followed to their beginning. */
	ck_assert_msg(to_input > CHAINS / 2, "%d of %d", to_input, CHAINS);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("trace random");
	TCase *c = tcase_create("trace random");

	tcase_set_timeout(c, 60);

	tcase_add_test(c, random_chains);
	suite_add_tcase(s, c);
	return s;
}
