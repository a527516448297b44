/* The end of many programs of map.c: QuantizeLinear, whose six steps are one here. */
#ifndef MAP_BYTES_H
#define MAP_BYTES_H

#include "map_float.h"
#include "micro/bytes.h"

/* saturate(round(x / scale) + zero), a byte with a sign or without; x is register `from`, and the program's last step
 * that is still to be run is the one before `steps`. */
struct map_bytes {
	bool found;
	int32_t from, steps;
	struct quantizer to;
};

/* The constant that the step behind register r works on, or false. */
static inline bool map_constant(const struct rt_map *p, int32_t r, double *to)
{
	const struct rt_step *s = r < p->inputs ? NULL : &p->step[r - p->inputs];

	if (!s || s->op != RT_CONST || s->type != RT_F32)
		return false;
	*to = (float)s->real;
	return true;
}

/* If register *r is made by this step on floats and a constant, *r becomes the register that the step works on. */
static inline bool map_step_back(const struct rt_map *p, enum rt_step_op op, int32_t *r, double *constant)
{
	const struct rt_step *s = *r < p->inputs ? NULL : &p->step[*r - p->inputs];

	if (!s || s->op != op || s->type != RT_F32 || (op >= RT_ADD && !map_constant(p, s->b, constant)))
		return false;
	*r = s->a;
	return true;
}

/* Looks for Div, Round, Add, Max, Min and Cast at the end of the program; Div and Add may be left out. Each reads what
 * the one before it makes, and the last is the result, so that nothing else reads any of them. */
static inline struct map_bytes find_map_bytes(const struct rt_map *p)
{
	struct map_bytes to = { .steps = p->steps };
	const struct rt_step *last = p->steps ? &p->step[p->steps - 1] : NULL;
	double low = 0, high = 0, zero = 0, scale = 1;

	if (!last || last->op != RT_CAST || last->from != RT_F32 || last->type != p->y_type ||
		(p->y_type != RT_U8 && p->y_type != RT_I8))
		return to;
	to.from = last->a;
	if (!map_step_back(p, RT_MIN, &to.from, &high) || !map_step_back(p, RT_MAX, &to.from, &low))
		return to;
	map_step_back(p, RT_ADD, &to.from, &zero);
	if (!map_step_back(p, RT_ROUND, &to.from, &scale))
		return to;
	map_step_back(p, RT_DIV, &to.from, &scale);
	to.found = low == (double)smallest_integer(p->y_type) && high == (double)largest_integer(p->y_type) &&
			   zero >= low && zero <= high && zero == rint(zero) && scale > 0;
	if (!to.found)
		return to;
	to.to = quantizer_of(p->y_type, (float)scale, (int32_t)zero);
	to.steps = to.from < p->inputs ? 0 : to.from - p->inputs + 1;
	return to;
}

#endif
