/* non_zero: positions of every type and rank, room for fewer than there are, and positions that stand for others. */
#include "kernel_test.h"

struct non_zero_case {
	struct rt_non_zero p;
	const void *x;
	const int32_t *place;
	void *count; /* a place for it: check_kernel looks at the positions */
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_non_zero_fn *const builds[] = KERNEL_BUILDS(non_zero);
	const struct non_zero_case *c = job;

	builds[build](run, &c->p, y, c->count, c->x, c->place);
}

/* Elements are whole numbers from -1 to 1, so that about a third of them are zero. */
static void check_non_zero(struct rt_non_zero p, bool placed)
{
	size_t n = 1, found = 0, capacity = (size_t)p.capacity, rank = (size_t)p.rank;
	int64_t count = 0;

	for (int d = 0; d < p.rank; d++)
		n *= (size_t)p.dim[d];
	p.n = (int32_t)n;
	void *x = random_tensor(p.x_type, n, 5, -1, 2);
	int32_t *place = malloc(n * sizeof *place + 1);
	double *expected = new_doubles(rank * capacity);
	for (size_t i = 0; i < rank * capacity; i++)
		expected[i] = 0;
	for (size_t i = 0; i < n; i++)
		place[i] = (int32_t)(n - 1 - i);
	for (size_t i = 0; i < n; i++) {
		size_t at = placed ? (size_t)place[i] : i;
		if (element(x, p.x_type, i) == 0)
			continue;
		for (size_t d = rank; found < capacity && d-- > 0; at /= (size_t)p.dim[d])
			expected[d * capacity + found] = (double)(at % (size_t)p.dim[d]);
		found++;
	}
	struct non_zero_case c = { p, x, placed ? place : NULL, &count };
	check_kernel(call, &c, expected, rank * capacity, p.index_type, 0);
	ck_assert_uint_eq(p.index_type == RT_I32 ? (size_t)(int32_t)count : (size_t)count, found);
	free(x);
	free(place);
	free(expected);
}

START_TEST(every_shape)
{
	static const enum rt_type types[] = { RT_BOOL, RT_F32, RT_F16, RT_BF16, RT_F64, RT_I8, RT_I16, RT_I32, RT_I64 };
	static const struct rt_non_zero shapes[] = { { .rank = 1, .dim = { 1 }, .capacity = 1 },
		{ .rank = 1, .dim = { 300 }, .capacity = 300 }, { .rank = 2, .dim = { 7, 11 }, .capacity = 77 },
		{ .rank = 3, .dim = { 2, 9, 5 }, .capacity = 40 }, { .rank = 4, .dim = { 1, 3, 1, 9 }, .capacity = 2 } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (int k = 0; k < 4; k++) {
			struct rt_non_zero p = shapes[i];
			p.x_type = types[_i];
			p.index_type = k & 1 ? RT_I64 : RT_I32;
			check_non_zero(p, k & 2);
		}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("non_zero");
	TCase *t = tcase_create("non_zero");

	tcase_add_loop_test(t, every_shape, 0, 9);
	suite_add_tcase(s, t);
	return s;
}
