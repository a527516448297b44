/* A ready way to run a model on several threads. It is not part of any model's object: copy pool.h and pool.c into a
 * program, or write your own in their place.
 *
 *     struct gluec_pool *pool = gluec_pool_create(4);
 *     struct gluec_options options = { .parallel_for = gluec_pool_for, .pool = pool };
 *     ... NAME_run(..., &options) ...
 *     gluec_pool_destroy(pool);
 *
 * A pool serves one call at a time. A call that finds it busy, from another thread or from inside a body, runs all of
 * its units itself, so sharing a pool is safe and only less parallel; programs that run models at the same time do
 * best with a pool each. */
#ifndef GLUEC_POOL_H
#define GLUEC_POOL_H

#include <stdint.h>

struct gluec_pool;

/* A pool that works on up to `threads` threads, of which the caller's is one: threads - 1 are started and sleep until
 * there is work. When the system grants fewer threads, the pool works with those. NULL when there is no memory. */
struct gluec_pool *gluec_pool_create(int threads);

/* Ends the threads. No call may be running; NULL is allowed. */
void gluec_pool_destroy(struct gluec_pool *pool);

/* Fits gluec_options.parallel_for; pool is a struct gluec_pool. Threads take ranges of units as they become free. */
void gluec_pool_for(void *pool, int32_t units, void (*body)(void *job, int32_t begin, int32_t end), void *job);

#endif
