/* pool.c: every unit runs once, on any number of threads, in nested calls, and in pools side by side. */
#include "pool.h"
#include "abi.h"
#include "suite.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { UNITS = 1000 };

struct count {
	atomic_int runs[UNITS];
	struct gluec_pool *nested; /* a pool to call from inside, or NULL */
	atomic_int nested_runs;
};

static void count_nested(void *job, int32_t begin, int32_t end)
{
	struct count *c = job;

	atomic_fetch_add(&c->nested_runs, end - begin);
}

static void count_units(void *job, int32_t begin, int32_t end)
{
	struct count *c = job;

	ck_assert(begin >= 0 && begin < end && end <= UNITS);
	for (int32_t i = begin; i < end; i++) {
		atomic_fetch_add(&c->runs[i], 1);
		if (c->nested)
			gluec_pool_for(c->nested, 3, count_nested, c);
	}
}

static void check_counts(struct count *c, int32_t units)
{
	for (int32_t i = 0; i < UNITS; i++)
		ck_assert_int_eq(atomic_load(&c->runs[i]), i < units);
}

static void run_all_sizes(struct gluec_pool *pool)
{
	static const int32_t sizes[] = { 1, 2, 3, 7, 16, 17, 100, 999, UNITS };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct count c = { .nested = NULL };
		gluec_pool_for(pool, sizes[i], count_units, &c);
		check_counts(&c, sizes[i]);
	}
}

START_TEST(any_number_of_threads)
{
	static const int threads[] = { -1, 1, 2, 3, 5 };

	for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
		struct gluec_pool *pool = gluec_pool_create(threads[k]);
		ck_assert_ptr_nonnull(pool);
		for (int i = 0; i < 4; i++)
			run_all_sizes(pool);
		gluec_pool_destroy(pool);
	}
	gluec_pool_destroy(NULL);
}
END_TEST

static void never(void *job, int32_t begin, int32_t end)
{
	(void)job;
	ck_abort_msg("called with %d %d", (int)begin, (int)end);
}

START_TEST(no_units)
{
	struct gluec_pool *pool = gluec_pool_create(3);

	gluec_pool_for(pool, 0, never, NULL);
	gluec_pool_for(pool, -1, never, NULL);
	gluec_pool_destroy(pool);
}
END_TEST

static void add_range(void *job, int32_t begin, int32_t end)
{
	atomic_fetch_add((atomic_llong *)job, end - begin);
}

/* As many units as there can be: nothing overflows. */
START_TEST(most_units)
{
	struct gluec_pool *pool = gluec_pool_create(4);
	atomic_llong units = 0;

	gluec_pool_for(pool, INT32_MAX, add_range, &units);
	ck_assert_int_eq(atomic_load(&units), INT32_MAX);
	gluec_pool_destroy(pool);
}
END_TEST

START_TEST(nested_calls)
{
	struct gluec_pool *pool = gluec_pool_create(3);
	struct count c = { .nested = pool };

	gluec_pool_for(pool, 50, count_units, &c);
	check_counts(&c, 50);
	ck_assert_int_eq(atomic_load(&c.nested_runs), 150);
	gluec_pool_destroy(pool);
}
END_TEST

static void *user(void *pool)
{
	struct gluec_pool *own = gluec_pool_create(2);

	for (int i = 0; i < 3; i++) {
		run_all_sizes(own);
		run_all_sizes(pool);
	}
	gluec_pool_destroy(own);
	return NULL;
}

/* Threads that each have a pool and that share another. */
START_TEST(pools_side_by_side)
{
	enum { USERS = 3 };
	struct gluec_pool *shared = gluec_pool_create(2);
	pthread_t thread[USERS];

	for (int i = 0; i < USERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, user, shared), 0);
	for (int i = 0; i < USERS; i++)
		pthread_join(thread[i], NULL);
	gluec_pool_destroy(shared);
}
END_TEST

START_TEST(fits_the_options)
{
	struct gluec_pool *pool = gluec_pool_create(2);
	struct gluec_options options = { .parallel_for = gluec_pool_for, .pool = pool };
	struct count c = { .nested = NULL };

	options.parallel_for(options.pool, UNITS, count_units, &c);
	check_counts(&c, UNITS);
	gluec_pool_destroy(pool);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");

	tcase_add_test(t, any_number_of_threads);
	tcase_add_test(t, no_units);
	tcase_add_test(t, most_units);
	tcase_add_test(t, nested_calls);
	tcase_add_test(t, pools_side_by_side);
	tcase_add_test(t, fits_the_options);
	suite_add_tcase(s, t);
	return s;
}
