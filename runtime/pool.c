/* A pool of threads for gluec_options.parallel_for: see pool.h.
 *
 * A call opens a job, works on it, closes it, and waits for the threads that are still inside. A thread that is late,
 * asleep or descheduled, is not waited for: it finds the job closed. */
#include "pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	MOST_THREADS = 1024,
	SPINS = 4000, /* looks at a flag before a thread goes to sleep: some tens of microseconds */
	SHARES = 4,   /* a range is this part of a thread's share of the units that are left */
};

struct gluec_pool {
	pthread_mutex_t lock; /* guards opening, closing, entering and leaving a job */
	pthread_cond_t wake, done;
	atomic_flag busy;   /* a call is using the pool */
	atomic_uint opened; /* jobs opened so far */
	atomic_int inside;  /* threads at work on the job, the caller's not counted */
	bool open, stop;

	void (*body)(void *, int32_t, int32_t);
	void *job;
	uint32_t units;
	atomic_uint next; /* the first unit that nobody took */

	int workers;
	pthread_t worker[];
};

/* Takes ranges that get smaller towards the end (guided self-scheduling, Polychronopoulos & Kuck 1987): few calls, and
 * all threads end within a unit of each other, too close to fall asleep. */
static void work(struct gluec_pool *pool)
{
	uint32_t begin = atomic_load(&pool->next), shares = (uint32_t)(pool->workers + 1) * SHARES;

	while (begin < pool->units) {
		uint32_t range = (pool->units - begin) / shares + 1;

		if (!atomic_compare_exchange_weak(&pool->next, &begin, begin + range))
			continue;
		pool->body(pool->job, (int32_t)begin, (int32_t)(begin + range));
		begin = atomic_load(&pool->next);
	}
}

/* Tells the processor that this thread only waits, so that the other one on its core gets on. */
static inline void spin(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("isb");
#endif
}

/* Waits for a job newer than `seen`: awake for a short while, as the next kernel usually follows at once. */
static void await_job(struct gluec_pool *pool, unsigned seen)
{
	for (int i = 0; i < SPINS && atomic_load(&pool->opened) == seen; i++)
		spin();
	pthread_mutex_lock(&pool->lock);
	while (atomic_load(&pool->opened) == seen && !pool->stop)
		pthread_cond_wait(&pool->wake, &pool->lock);
}

static void *run_worker(void *argument)
{
	struct gluec_pool *pool = argument;
	unsigned seen = 0;

	for (;;) {
		await_job(pool, seen);
		seen = atomic_load(&pool->opened);
		bool stop = pool->stop, enter = pool->open;
		if (enter)
			atomic_fetch_add(&pool->inside, 1);
		pthread_mutex_unlock(&pool->lock);
		if (stop)
			return NULL;
		if (!enter)
			continue;
		work(pool);
		pthread_mutex_lock(&pool->lock);
		if (atomic_fetch_sub(&pool->inside, 1) == 1)
			pthread_cond_signal(&pool->done);
		pthread_mutex_unlock(&pool->lock);
	}
}

struct gluec_pool *gluec_pool_create(int threads)
{
	threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
	struct gluec_pool *pool = calloc(1, sizeof *pool + (size_t)(threads - 1) * sizeof pool->worker[0]);

	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pthread_cond_init(&pool->done, NULL);
	atomic_flag_clear(&pool->busy);
	while (pool->workers < threads - 1 && !pthread_create(&pool->worker[pool->workers], NULL, run_worker, pool))
		pool->workers++;
	return pool;
}

void gluec_pool_destroy(struct gluec_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->workers; i++)
		pthread_join(pool->worker[i], NULL);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void open_job(struct gluec_pool *pool, int32_t units, void (*body)(void *, int32_t, int32_t), void *job)
{
	pthread_mutex_lock(&pool->lock);
	pool->body = body;
	pool->job = job;
	pool->units = (uint32_t)units;
	atomic_store(&pool->next, 0);
	pool->open = true;
	atomic_fetch_add(&pool->opened, 1);
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

static void close_job(struct gluec_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->open = false;
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < SPINS && atomic_load(&pool->inside); i++)
		spin();
	pthread_mutex_lock(&pool->lock);
	while (atomic_load(&pool->inside))
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void gluec_pool_for(void *pool_pointer, int32_t units, void (*body)(void *job, int32_t begin, int32_t end), void *job)
{
	struct gluec_pool *pool = pool_pointer;

	if (units <= 0)
		return;
	if (units == 1 || pool->workers == 0 || atomic_flag_test_and_set(&pool->busy)) {
		body(job, 0, units);
		return;
	}
	open_job(pool, units, body, job);
	work(pool);
	close_job(pool);
	atomic_flag_clear(&pool->busy);
}
