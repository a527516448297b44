/* The reference: a graph run as it stands, by the portable kernels. */
#include "interpret.h"
#include "onnx/convert.h"
#include "pass/dynamic.h"
#include "half.h"
#include "emit/lower.h"
#include "base/progress.h"

struct value **interpret(struct ctx *c, struct value *const *inputs)
{
	const struct graph *g = c->graph;
	struct program *p = lower_graph(c, c->graph);
	const void **in = NEW(c, const void *, (size_t)g->n_inputs);
	void **out = NEW(c, void *, (size_t)g->n_outputs);
	struct value **results = NEW(c, struct value *, (size_t)g->n_outputs);

	for (int i = 0; i < g->n_inputs; i++)
		in[i] = convert_to(c, inputs[i], p->inputs[i].type);
	for (int i = 0; i < g->n_outputs; i++)
		out[i] = arena_get(c, (size_t)value_elements(g->outputs[i]) + 1, rt_type_size(p->outputs[i].type));
	progress(c, "interpreting");
	execute(c, p, in, out);
	for (int i = 0; i < g->n_outputs; i++)
		results[i] = convert_from(c, g->outputs[i], p->outputs[i].type, out[i]);
	return trim_outputs(c, g, results);
}

/* splitmix64 (Steele et al. 2014) */
static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);

	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

/* All 24 bits of the fraction fit a float exactly. */
static float uniform(uint64_t *state, bool picture)
{
	float x = (float)(next_random(state) >> 40) / (float)(1 << 24);

	return picture ? x : 2 * x - 1;
}

static void store_random(enum rt_type type, bool picture, void *to, int64_t i, uint64_t *state)
{
	switch (type) {
	case RT_F32:
		((float *)to)[i] = uniform(state, picture);
		break;
	case RT_F64:
		((double *)to)[i] = uniform(state, picture);
		break;
	case RT_F16:
		((uint16_t *)to)[i] = half_of_float(uniform(state, picture));
		break;
	case RT_BF16:
		((uint16_t *)to)[i] = bfloat_of_float(uniform(state, picture));
		break;
	default: {
		/* Little-endian, so that the low byte of any integer is its first. */
		size_t size = rt_type_size(type);
		((uint8_t *)to)[(size_t)i * size] = (uint8_t)(next_random(state) >> 62 & (type == RT_BOOL ? 1 : 3));
	}
	}
}

struct value **random_inputs(struct ctx *c, int n, struct value *const *like, uint64_t seed)
{
	struct value **to = NEW(c, struct value *, (size_t)n);
	uint64_t state = seed;

	for (int k = 0; k < n; k++) {
		const struct value *v = like[k];
		int64_t elements = value_elements(v);
		void *data = arena_get(c, (size_t)elements + 1, rt_type_size(v->type));
		for (int64_t i = 0; i < elements; i++)
			store_random(v->type, v->rank == 4, data, i, &state);
		to[k] = value_constant(c, v->name, v->type, v->rank, v->dim, data);
	}
	return to;
}
