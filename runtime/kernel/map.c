/* map: runs an element-wise program over an index space.
 *
 * The index space is cut into chunks of its row-major order, whatever the dimensions. For each chunk, the inputs become
 * registers, every step is done for the whole chunk, and the last register is stored; so the cost of choosing a step's
 * code is shared by the chunk, and an input is read whole before the output is written. What does not change from chunk
 * to chunk, constants and inputs of one element, is done once per range of work. */
#include "map_bytes.h"
#include "map_integer.h"
#include "micro/round_narrow.h"
#include "walk.h"

enum {
	CHUNK = 128,  /* elements */
	UNIT = 16384, /* elements; a multiple of CHUNK */
};

/* The values of one register for a chunk, in its domain. */
union map_register {
	float real[CHUNK];
	double wide[CHUNK];
	int64_t integer[CHUNK];
};

struct map_job {
	const struct rt_map *p;
	void *y;
	const void *x[RT_MAP_INPUTS];
	const int32_t *stride[RT_MAP_INPUTS];
	int64_t n;
};

/* The registers of a program, and where the program stands in each tensor. A register's value is at value[i]: in
 * own[i], or in the input itself when it lies there as a register would. */
struct map_state {
	struct walk x[RT_MAP_INPUTS], y;
	bool fixed[RT_MAP_INPUTS];
	const void *value[RT_MAP_INPUTS + RT_MAP_STEPS];
	union map_register own[RT_MAP_INPUTS + RT_MAP_STEPS];
};

static bool is_comparison(enum rt_step_op op)
{
	return (op >= RT_EQUAL && op <= RT_GREATER_EQUAL) || op == RT_IS_NAN || op == RT_IS_INF;
}

/* Rounds what was computed in float to what the narrower type can hold. */
static void round_floats(float *y, enum rt_type type, int32_t n)
{
	uint16_t narrow[CHUNK];

	if (type == RT_F32 || round_narrow(y, type, n))
		return;
	store_floats(narrow, y, type, 1, n);
	load_floats(y, narrow, type, 1, n);
}

static bool is_short(enum rt_type type)
{
	return type == RT_U8 || type == RT_I8 || type == RT_U16 || type == RT_I16;
}

/* Floats that 32 bits hold, as most are that become small integers, need no care: true when x was such. */
static bool cast_to_short(int64_t *restrict y, const float *restrict x, enum rt_type to, int32_t n)
{
	int32_t low = (int32_t)smallest_integer(to), high = (int32_t)largest_integer(to);

	if (!all_below(x, n, 0x1p31f))
		return false;
	for (int32_t i = 0; i < n; i++) {
		int32_t v = (int32_t)x[i];
		y[i] = v < low ? low : v > high ? high : v;
	}
	return true;
}

static void cast_from_float(union map_register *y, const float *x, enum rt_type to, int32_t n)
{
	switch (element_domain(to)) {
	case FLOAT_DOMAIN:
		memcpy(y->real, x, (size_t)n * sizeof *x);
		round_floats(y->real, to, n);
		break;
	case DOUBLE_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->wide[i] = x[i];
		break;
	case INTEGER_DOMAIN:
		if (is_short(to) && cast_to_short(y->integer, x, to, n))
			break;
		for (int32_t i = 0; i < n; i++)
			y->integer[i] = integer_of_double(x[i], to);
		break;
	}
}

static void cast_from_double(union map_register *y, const double *x, enum rt_type to, int32_t n)
{
	switch (element_domain(to)) {
	case FLOAT_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->real[i] = to == RT_F32 ? (float)x[i] : float_to_odd(x[i]);
		round_floats(y->real, to, n);
		break;
	case DOUBLE_DOMAIN:
		memcpy(y->wide, x, (size_t)n * sizeof *x);
		break;
	case INTEGER_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->integer[i] = integer_of_double(x[i], to);
		break;
	}
}

static void cast_from_integer(union map_register *y, const int64_t *x, enum rt_type from, enum rt_type to, int32_t n)
{
	switch (element_domain(to)) {
	case FLOAT_DOMAIN:
		for (int32_t i = 0; is_short(from) && i < n; i++)
			y->real[i] = (float)(int32_t)x[i];
		for (int32_t i = 0; !is_short(from) && i < n; i++)
			y->real[i] = from == RT_U64 ? (float)(uint64_t)x[i] : (float)x[i];
		round_floats(y->real, to, n);
		break;
	case DOUBLE_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->wide[i] = double_of_integer(x[i], from);
		break;
	case INTEGER_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->integer[i] = wrap_integer(x[i], to);
		break;
	}
}

static void cast(union map_register *y, const void *x, enum rt_type from, enum rt_type to, int32_t n)
{
	switch (element_domain(from)) {
	case FLOAT_DOMAIN:
		cast_from_float(y, x, to, n);
		break;
	case DOUBLE_DOMAIN:
		cast_from_double(y, x, to, n);
		break;
	case INTEGER_DOMAIN:
		cast_from_integer(y, x, from, to, n);
		break;
	}
}

static void set_constant(union map_register *y, const struct rt_step *step)
{
	for (int32_t i = 0; i < CHUNK; i++)
		switch (element_domain(step->type)) {
		case FLOAT_DOMAIN:
			y->real[i] = (float)step->real;
			break;
		case DOUBLE_DOMAIN:
			y->wide[i] = step->real;
			break;
		case INTEGER_DOMAIN:
			y->integer[i] = wrap_integer(step->integer, step->type);
			break;
		}
	if (element_domain(step->type) == FLOAT_DOMAIN)
		round_floats(y->real, step->type, CHUNK);
}

static void choose(union map_register *restrict y, enum rt_type type, const int64_t *restrict condition, const void *b,
	const void *c, int32_t n)
{
	switch (element_domain(type)) {
	case FLOAT_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->real[i] = condition[i] ? ((const float *)b)[i] : ((const float *)c)[i];
		break;
	case DOUBLE_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->wide[i] = condition[i] ? ((const double *)b)[i] : ((const double *)c)[i];
		break;
	case INTEGER_DOMAIN:
		for (int32_t i = 0; i < n; i++)
			y->integer[i] = condition[i] ? ((const int64_t *)b)[i] : ((const int64_t *)c)[i];
		break;
	}
}

static void compare(union map_register *y, const struct rt_step *step, const void *a, const void *b, int32_t n)
{
	switch (element_domain(step->type)) {
	case FLOAT_DOMAIN:
		float_compare(step->op, y->integer, a, b, n);
		break;
	case DOUBLE_DOMAIN:
		double_compare(step->op, y->integer, a, b, n);
		break;
	case INTEGER_DOMAIN:
		integer_compare(step, y->integer, a, b, n);
		break;
	}
}

static void run_step(union map_register *y, const struct rt_step *step, const void *const *value, int32_t n)
{
	const void *a = value[step->a], *b = step->op < RT_ADD ? a : value[step->b];

	if (step->op == RT_CAST) {
		cast(y, a, step->from, step->type, n);
	} else if (step->op == RT_WHERE) {
		choose(y, step->type, a, b, value[step->c], n);
	} else if (is_comparison(step->op)) {
		compare(y, step, a, b, n);
	} else if (element_domain(step->type) == FLOAT_DOMAIN) {
		float_step(step, y->real, a, b, n);
		round_floats(y->real, step->type, n);
	} else if (element_domain(step->type) == DOUBLE_DOMAIN) {
		double_step(step, y->wide, a, b, n);
	} else {
		integer_step(step, y->integer, a, b, n);
	}
}

static void load(union map_register *r, int32_t at, const void *x, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	switch (element_domain(type)) {
	case FLOAT_DOMAIN:
		load_floats(r->real + at, x, type, stride, n);
		break;
	case DOUBLE_DOMAIN:
		load_doubles(r->wide + at, x, type, stride, n);
		break;
	case INTEGER_DOMAIN:
		load_integers(r->integer + at, x, type, stride, n);
		break;
	}
}

/* The next n elements of input k become register k. */
static void load_input(struct map_state *state, const struct map_job *job, int32_t k, int32_t n)
{
	struct walk *w = &state->x[k];
	enum rt_type type = job->p->x_type[k];
	bool as_stored = type == RT_F32 || type == RT_F64 || type == RT_I64;

	if (as_stored && walk_step(w) == 1 && walk_run(w, n) == n) {
		state->value[k] = element_at(job->x[k], type, w->offset);
		walk_on(w, n);
		return;
	}
	state->value[k] = &state->own[k];
	for (int32_t at = 0, count; at < n; at += count) {
		count = walk_run(w, n - at);
		load(&state->own[k], at, element_at(job->x[k], type, w->offset), type, walk_step(w), count);
		walk_on(w, count);
	}
}

/* Stores register `last` of type `from` into the next n elements of the output. */
static void store_output(struct map_state *state, const struct map_job *job, int32_t last, enum rt_type from, int32_t n)
{
	enum rt_type type = job->p->y_type;
	struct walk *w = &state->y;
	union map_register converted;
	const void *r = state->value[last];

	if (from != type) {
		cast(&converted, r, from, type, n);
		r = &converted;
	}
	for (int32_t at = 0, count; at < n; at += count) {
		void *y = element_to(job->y, type, w->offset);
		count = walk_run(w, n - at);
		switch (element_domain(type)) {
		case FLOAT_DOMAIN:
			store_floats(y, (const float *)r + at, type, walk_step(w), count);
			break;
		case DOUBLE_DOMAIN:
			store_doubles(y, (const double *)r + at, type, walk_step(w), count);
			break;
		case INTEGER_DOMAIN:
			store_integers(y, (const int64_t *)r + at, type, walk_step(w), count);
			break;
		}
		walk_on(w, count);
	}
}

/* Stores the next n elements as bytes, when the program ends in that, from the register before its end. */
static bool store_bytes(struct map_state *state, const struct map_job *job, const struct map_bytes *how, int32_t n)
{
	struct walk *w = &state->y;

	if (!how->found || walk_step(w) != 1 || walk_run(w, n) != n)
		return false;
	quantize_floats(&how->to, (uint8_t *)job->y + w->offset, state->value[how->from], n);
	walk_on(w, n);
	return true;
}

static void run_steps(struct map_state *state, const struct rt_map *p, int32_t begin, int32_t end, int32_t n)
{
	for (int32_t i = begin; i < end; i++)
		if (p->step[i].op != RT_CONST)
			run_step(&state->own[p->inputs + i], &p->step[i], state->value, n);
}

/* Sets up the walks, and the registers that are the same for all chunks. */
static void prepare(struct map_state *state, const struct map_job *job, int64_t position)
{
	const struct rt_map *p = job->p;

	state->y = walk_start(p->rank, p->dim, p->y, position);
	for (int32_t k = 0; k < p->inputs; k++) {
		state->x[k] = walk_start(p->rank, p->dim, job->stride[k], position);
		state->fixed[k] = true;
		for (int32_t i = 0; i < p->rank; i++)
			state->fixed[k] &= job->stride[k][i] == 0;
		if (state->fixed[k])
			load(&state->own[k], 0, job->x[k], p->x_type[k], 0, CHUNK);
	}
	for (int32_t k = 0; k < p->inputs + p->steps; k++)
		state->value[k] = &state->own[k];
	for (int32_t i = 0; i < p->steps; i++)
		if (p->step[i].op == RT_CONST)
			set_constant(&state->own[p->inputs + i], &p->step[i]);
}

static void map_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct map_job *job = job_pointer;
	const struct rt_map *p = job->p;
	int64_t at = (int64_t)begin * UNIT, stop = (int64_t)end * UNIT;
	int32_t last = p->inputs + p->steps - 1;
	const struct rt_step *final = p->steps ? &p->step[p->steps - 1] : NULL;
	enum rt_type type = !final ? p->x_type[last] : is_comparison(final->op) ? RT_BOOL : final->type;
	const struct map_bytes bytes = find_map_bytes(p);
	struct map_state state;

	stop = stop < job->n ? stop : job->n;
	prepare(&state, job, at);
	for (int32_t n; at < stop; at += n) {
		n = stop - at < CHUNK ? (int32_t)(stop - at) : CHUNK;
		for (int32_t k = 0; k < p->inputs; k++)
			if (!state.fixed[k])
				load_input(&state, job, k, n);
		run_steps(&state, p, 0, bytes.steps, n);
		if (store_bytes(&state, job, &bytes, n))
			continue;
		run_steps(&state, p, bytes.found ? bytes.steps : p->steps, p->steps, n);
		store_output(&state, job, last, type, n);
	}
}

KERNEL(map, (void *y, const void *x0, const void *x1, const void *x2, const void *x3, const void *x4, const void *x5))
{
	struct map_job job = { p, y, { x0, x1, x2, x3, x4, x5 }, { p->x0, p->x1, p->x2, p->x3, p->x4, p->x5 },
		walk_size(p->rank, p->dim) };

	if (job.n)
		rt_parallel(run, (int32_t)((job.n + UNIT - 1) / UNIT), map_units, &job);
}
