/* Computing in double: with c->in_double set before a model is read, every value that would be f32, f16 or bf16 is an
 * f64 from the start. Constants are converted, which is exact; casts between float types do nothing; so what the
 * interpreter computes is wrong only by the rounding of doubles, and says how wrong a compiled model is. */
#include "gluec.h"

enum rt_type held_type(const struct ctx *c, enum rt_type type)
{
	return c->in_double && is_float_type(type) ? RT_F64 : type;
}

const void *held_data(struct ctx *c, enum rt_type type, int64_t n, const void *data)
{
	const struct value from = { .type = type, .data = data };

	if (held_type(c, type) == type)
		return data;
	double *to = NEW(c, double, (size_t)n + 1);
	for (int64_t i = 0; i < n; i++)
		to[i] = constant_real(&from, i);
	return to;
}
