/* Views against brute force: a view is nothing but the list of its elements' addresses. */
#include "pass_test.h"
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5000 };

struct random {
	uint32_t state;
};

static int pick(struct random *r, int n)
{
	r->state = r->state * 1664525 + 1013904223;
	return (int)((uint64_t)(r->state >> 8) * (uint64_t)n >> 24);
}

static int64_t count(int rank, const int64_t *dim)
{
	int64_t n = 1;

	for (int i = 0; i < rank; i++)
		n *= dim[i];
	return n;
}

/* Offset of element i, counted in row-major order of dim. */
static int64_t address(int rank, const int64_t *dim, const int64_t *stride, int64_t i)
{
	int64_t at = 0;

	for (int k = rank; k-- > 0;) {
		at += i % dim[k] * stride[k];
		i /= dim[k];
	}
	return at;
}

/* Do two lists of strides lead to the same addresses? */
static bool same_addresses(
	int rank, const int64_t *dim, const int64_t *stride, int other_rank, const int64_t *other_dim, const int64_t *other)
{
	bool same = count(rank, dim) == count(other_rank, other_dim);

	for (int64_t i = 0; same && i < count(rank, dim); i++)
		same = address(rank, dim, stride, i) == address(other_rank, other_dim, other, i);
	return same;
}

/* Dimensions of 1 to 4 elements with strides as permutations, slices, broadcasts and reversals make them. */
static struct view random_view(struct random *r, int most_rank)
{
	struct view v = { .rank = pick(r, most_rank + 1), .type = RT_F32 };
	int perm[MAX_RANK];
	int64_t stride = 1;

	for (int i = 0; i < v.rank; i++) {
		v.dim[i] = 1 + pick(r, 4);
		perm[i] = i;
	}
	if (pick(r, 2))
		for (int i = v.rank; i-- > 1;) {
			int k = pick(r, i + 1), other = perm[i];
			perm[i] = perm[k];
			perm[k] = other;
		}
	for (int i = v.rank; i-- > 0;) {
		int64_t dim = v.dim[perm[i]];
		v.stride[perm[i]] = stride;
		stride *= pick(r, 4) ? dim : dim + 1;
		if (!pick(r, 8))
			v.stride[perm[i]] = 0;
		else if (!pick(r, 8))
			v.stride[perm[i]] *= -1;
		/* Strides of single elements mean nothing. */
		if (dim == 1 && pick(r, 2))
			v.stride[perm[i]] = pick(r, 100);
	}
	return v;
}

/* A random way to cut n elements into dimensions. */
static int random_shape(struct random *r, int64_t n, int64_t *dim)
{
	int rank = 0;

	while (n > 1 && rank < MAX_RANK - 1) {
		int64_t d = 1 + pick(r, (int)n);
		while (n % d)
			d--;
		dim[rank++] = d;
		n /= d;
	}
	dim[rank++] = n;
	return rank;
}

/* Is there any way of strides that gives the elements in this order? */
static bool is_affine(const struct view *v, int rank, const int64_t *dim)
{
	int64_t stride[MAX_RANK], step = 1;

	for (int k = rank; k-- > 0;) {
		stride[k] = dim[k] > 1 ? address(v->rank, v->dim, v->stride, step) : 0;
		step *= dim[k];
	}
	return same_addresses(rank, dim, stride, v->rank, v->dim, v->stride);
}

START_TEST(reshape)
{
	struct random r = { 1 };
	int possible = 0, impossible = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct view v = random_view(&r, 4), to;
		int64_t dim[MAX_RANK], n = count(v.rank, v.dim);
		int rank = random_shape(&r, n, dim);
		v.offset = pick(&r, 9);
		bool done = view_reshape(&v, rank, dim, &to);
		ck_assert_int_eq(done, is_affine(&v, rank, dim));
		possible += done;
		impossible += !done;
		if (!done)
			continue;
		ck_assert(to.rank == rank && to.offset == v.offset && to.type == v.type);
		ck_assert_mem_eq(to.dim, dim, (size_t)rank * sizeof *dim);
		ck_assert(same_addresses(rank, dim, to.stride, v.rank, v.dim, v.stride));
	}
	ck_assert(possible > ROUNDS / 10 && impossible > ROUNDS / 10);
	/* No elements lie anywhere. */
	struct view none = { .rank = 2, .dim = { 0, 3 }, .stride = { 7, 9 } }, to;
	ck_assert(view_reshape(&none, 3, (const int64_t[]){ 5, 0, 2 }, &to));
}
END_TEST

START_TEST(permute)
{
	struct random r = { 2 };

	for (int round = 0; round < ROUNDS; round++) {
		struct view v = random_view(&r, 5);
		int perm[MAX_RANK];
		for (int i = 0; i < v.rank; i++)
			perm[i] = i;
		for (int i = v.rank; i-- > 1;) {
			int k = pick(&r, i + 1), other = perm[i];
			perm[i] = perm[k];
			perm[k] = other;
		}
		struct view to = view_permute(&v, perm);
		bool same = true;
		for (int64_t i = 0; i < count(to.rank, to.dim); i++) {
			int64_t at = 0, left = i;
			for (int k = to.rank; k-- > 0;) {
				at += left % to.dim[k] * v.stride[perm[k]];
				left /= to.dim[k];
			}
			same = same && address(to.rank, to.dim, to.stride, i) == at;
		}
		ck_assert(same);
	}
}
END_TEST

START_TEST(dense)
{
	struct random r = { 3 };
	int found = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct view v = random_view(&r, 4);
		bool expected = true;
		for (int64_t i = 0; i < count(v.rank, v.dim); i++)
			expected &= address(v.rank, v.dim, v.stride, i) == i;
		ck_assert_int_eq(view_is_dense(&v), expected);
		found += expected;
	}
	ck_assert(found > ROUNDS / 10 && found < ROUNDS * 9 / 10);
}
END_TEST

/* ONNX's broadcasting: aligned at the last dimension, repeated along dimensions of one element and missing ones. */
START_TEST(broadcasting)
{
	struct random r = { 4 };

	for (int round = 0; round < ROUNDS; round++) {
		struct view v = random_view(&r, 4);
		int extra = pick(&r, 3), rank = v.rank + extra;
		int64_t dim[MAX_RANK], stride[MAX_RANK];
		for (int i = 0; i < rank; i++)
			dim[i] = i < extra || (v.dim[i - extra] == 1 && pick(&r, 2)) ? 1 + pick(&r, 3) : v.dim[i - extra];
		bool same = true;
		view_broadcast(&v, rank, dim, stride);
		for (int64_t i = 0; i < count(rank, dim); i++) {
			int64_t at = 0, left = i;
			for (int k = rank; k-- > 0;) {
				int own = k - extra;
				if (own >= 0 && v.dim[own] != 1)
					at += left % dim[k] * v.stride[own];
				left /= dim[k];
			}
			same = same && address(rank, dim, stride, i) == at;
		}
		ck_assert(same);
	}
}
END_TEST

START_TEST(coalescing)
{
	struct random r = { 5 };
	int merged = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t dim[MAX_RANK], stride[3][MAX_RANK], old_dim[MAX_RANK], old[3][MAX_RANK];
		struct view v = random_view(&r, 5);
		int n = 1 + pick(&r, 3), rank = v.rank;
		for (int k = 0; k < n; k++) {
			struct view other = random_view(&r, 5);
			for (int i = 0; i < rank; i++)
				stride[k][i] = pick(&r, 3) || i >= other.rank ? v.stride[i] : other.stride[i];
		}
		memcpy(dim, v.dim, sizeof dim);
		memcpy(old_dim, dim, sizeof dim);
		memcpy(old, stride, sizeof old);
		int to = coalesce(rank, dim, n, stride);
		ck_assert(to >= 1 && to <= (rank ? rank : 1));
		for (int k = 0; k < n; k++)
			ck_assert(same_addresses(to, dim, stride[k], rank, old_dim, old[k]));
		/* Nothing is left that could be merged. */
		for (int i = 0; i + 1 < to; i++) {
			bool more = true;
			for (int k = 0; k < n; k++)
				more &= stride[k][i] == stride[k][i + 1] * dim[i + 1];
			ck_assert(!more && dim[i] > 1 && dim[i + 1] > 1);
		}
		merged += to < rank;
	}
	ck_assert_int_gt(merged, ROUNDS / 10);
}
END_TEST

/* Dimensions of several elements by falling stride, of equal strides the first first; single ones where they were. */
START_TEST(order)
{
	struct random r = { 6 };

	for (int round = 0; round < ROUNDS; round++) {
		struct view v = random_view(&r, 6);
		int perm[MAX_RANK], before = -1;
		unsigned seen = 0;
		view_order(&v, perm);
		for (int i = 0; i < v.rank; i++) {
			ck_assert(perm[i] >= 0 && perm[i] < v.rank);
			seen |= 1u << perm[i];
			if (v.dim[perm[i]] == 1) {
				ck_assert_int_eq(perm[i], i);
				continue;
			}
			if (before >= 0) {
				int64_t a = llabs(v.stride[before]), b = llabs(v.stride[perm[i]]);
				ck_assert(a > b || (a == b && before < perm[i]));
			}
			before = perm[i];
		}
		ck_assert_uint_eq(seen, (1u << v.rank) - 1);
	}
}
END_TEST

/* Transposes and reshapes that need not move are no calls; the others are one copy. */
START_TEST(no_call_without_need)
{
	struct op_test t = pass_begin();
	struct value *x = op_input(&t, "f32[2,3,4]", NULL), *turned = pass_node(&t, "Transpose", "turned", 1, x);
	struct value *merged = pass_node(&t, "Reshape", "merged", 2, x, INTS(&t, 6, 4));
	struct value *back = pass_node(&t, "Transpose", "back", 1, turned);

	pass_output(&t, pass_node(&t, "Softmax", "a", 1, merged));
	pass_output(&t, pass_node(&t, "Softmax", "b", 1, back));
	pass_output(&t, pass_node(&t, "Exp", "c", 1, turned));
	op_run(&t);
	ck_assert_int_eq(t.program->n_calls, 4);
	ck_assert_int_eq(op_calls(&t, "softmax"), 2);
	/* The map writes where its input's order leads; only the output is put into the order that C promises. */
	ck_assert_int_eq(op_calls(&t, "copy_nd") + op_calls(&t, "map"), 2);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("layout");
	TCase *c = tcase_create("layout");

	tcase_add_test(c, reshape);
	tcase_add_test(c, permute);
	tcase_add_test(c, dense);
	tcase_add_test(c, broadcasting);
	tcase_add_test(c, coalescing);
	tcase_add_test(c, order);
	tcase_add_test(c, no_call_without_need);
	suite_add_tcase(s, c);
	return s;
}
