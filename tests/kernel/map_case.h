/* What the tests of map share: a call, and programs over dense elements. */
#ifndef MAP_CASE_H
#define MAP_CASE_H

#include "kernel_test.h"

struct map_case {
	struct rt_map p;
	const void *x[RT_MAP_INPUTS];
	size_t in_place; /* bytes of x[0] that go to y first, for a call in place; else 0 */
};

static inline void call_map(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_map_fn *const builds[] = KERNEL_BUILDS(map);
	const struct map_case *c = job;

	if (c->in_place)
		memcpy(y, c->x[0], c->in_place);
	builds[build](run, &c->p, y, c->in_place ? y : c->x[0], c->x[1], c->x[2], c->x[3], c->x[4], c->x[5]);
}

/* A program over n dense elements. */
static inline struct map_case flat_case(
	int32_t n, int32_t inputs, enum rt_type x_type, enum rt_type y_type, const struct rt_step *step, int32_t steps)
{
	struct map_case c = { .p = { .rank = 1, .dim = { n }, .y = { 1 }, .inputs = inputs, .y_type = y_type } };
	int32_t *stride[] = { c.p.x0, c.p.x1, c.p.x2, c.p.x3, c.p.x4, c.p.x5 };

	for (int32_t i = 0; i < inputs; i++) {
		stride[i][0] = 1;
		c.p.x_type[i] = x_type;
	}
	c.p.step = step;
	c.p.steps = steps;
	return c;
}

#endif
