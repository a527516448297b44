/* reduce: sums, extremes and their places, over some of the dimensions of a strided tensor.
 *
 * Elements are taken in chunks of up to LINE. Where x is dense along what is reduced, a chunk holds elements of one
 * result, which meet in as many chains as it has places; where x is denser along what is kept, a chunk holds one
 * element of each of LINE results. Chunks go in turn to four lines of chains. Floats are reduced in double, integers in
 * 64 bits, so that the order matters little; it depends on the parameters alone. */
#include "element.h"
#include "walk.h"

enum {
	LINE = 64,
	CHAINS = 4,
	UNIT = 16384, /* elements of x, about */
};

/* The chains, and what RT_REDUCE_LOG_SUM_EXP takes off before the exponential. */
struct reduce_state {
	union {
		double real[CHAINS][LINE];
		int64_t integer[CHAINS][LINE];
	};
	double largest[LINE];
};

struct reduce_job {
	const struct rt_reduce *p;
	void *y;
	const void *x;
	bool integers;                /* the domain */
	bool across;                  /* a chunk holds elements of several results */
	int64_t results, count, unit; /* results; elements reduced to each; results in a unit */
};

/* What the chains start with. Extremes of nothing are the other end of the type. */
static double first_real(enum rt_reduce_kind kind)
{
	return kind == RT_REDUCE_MAX ? -INFINITY : kind == RT_REDUCE_MIN ? INFINITY : kind == RT_REDUCE_PROD;
}

/* Extremes of u64 are taken of the bits with the first flipped, which sort as i64 do. */
static int64_t flip_of(enum rt_type type)
{
	return type == RT_U64 ? INT64_MIN : 0;
}

static int64_t first_integer(enum rt_reduce_kind kind, enum rt_type type)
{
	if (kind == RT_REDUCE_MAX)
		return smallest_integer(type) ^ flip_of(type);
	if (kind == RT_REDUCE_MIN)
		return largest_integer(type) ^ flip_of(type);
	return kind == RT_REDUCE_PROD;
}

/* Takes n elements into n chains. */
static void take_reals(double *restrict chain, const double *restrict x, const double *restrict largest,
	enum rt_reduce_kind kind, int32_t n)
{
	switch (kind) {
	case RT_REDUCE_MAX:
		for (int32_t i = 0; i < n; i++)
			chain[i] = x[i] > chain[i] || x[i] != x[i] ? x[i] : chain[i];
		break;
	case RT_REDUCE_MIN:
		for (int32_t i = 0; i < n; i++)
			chain[i] = x[i] < chain[i] || x[i] != x[i] ? x[i] : chain[i];
		break;
	case RT_REDUCE_PROD:
		for (int32_t i = 0; i < n; i++)
			chain[i] *= x[i];
		break;
	case RT_REDUCE_L1:
		for (int32_t i = 0; i < n; i++)
			chain[i] += fabs(x[i]);
		break;
	case RT_REDUCE_L2:
	case RT_REDUCE_SUM_SQUARE:
		for (int32_t i = 0; i < n; i++)
			chain[i] += x[i] * x[i];
		break;
	case RT_REDUCE_LOG_SUM_EXP:
		for (int32_t i = 0; i < n; i++)
			chain[i] += exp(x[i] - largest[i]);
		break;
	default:
		for (int32_t i = 0; i < n; i++)
			chain[i] += x[i];
		break;
	}
}

static void take_integers(
	int64_t *restrict chain, const int64_t *restrict x, enum rt_reduce_kind kind, enum rt_type type, int32_t n)
{
	int64_t flip = flip_of(type);

	switch (kind) {
	case RT_REDUCE_MAX:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (x[i] ^ flip) > chain[i] ? x[i] ^ flip : chain[i];
		break;
	case RT_REDUCE_MIN:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (x[i] ^ flip) < chain[i] ? x[i] ^ flip : chain[i];
		break;
	case RT_REDUCE_PROD:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (int64_t)((uint64_t)chain[i] * (uint64_t)x[i]);
		break;
	case RT_REDUCE_L1:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (int64_t)((uint64_t)chain[i] + (x[i] < 0 && !flip ? -(uint64_t)x[i] : (uint64_t)x[i]));
		break;
	case RT_REDUCE_L2:
	case RT_REDUCE_SUM_SQUARE:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (int64_t)((uint64_t)chain[i] + (uint64_t)x[i] * (uint64_t)x[i]);
		break;
	default:
		for (int32_t i = 0; i < n; i++)
			chain[i] = (int64_t)((uint64_t)chain[i] + (uint64_t)x[i]);
		break;
	}
}

/* How two chains become one: the elements are no more squared or shifted then. */
static enum rt_reduce_kind joining(enum rt_reduce_kind kind)
{
	return kind == RT_REDUCE_MAX || kind == RT_REDUCE_MIN || kind == RT_REDUCE_PROD ? kind : RT_REDUCE_SUM;
}

static void start(struct reduce_state *state, const struct reduce_job *job, enum rt_reduce_kind kind)
{
	double real = first_real(kind);
	int64_t integer = first_integer(kind, job->p->x_type);

	for (int32_t c = 0; c < CHAINS; c++)
		for (int32_t i = 0; i < LINE; i++)
			if (job->integers)
				state->integer[c][i] = integer;
			else
				state->real[c][i] = real;
}

/* Reduces `count` elements, from x + offset on, of each of n results if the job goes across, else of one. */
static void take_all(
	struct reduce_state *state, const struct reduce_job *job, enum rt_reduce_kind kind, ptrdiff_t offset, int32_t n)
{
	const struct rt_reduce *p = job->p;
	struct walk w = walk_start(p->over_rank, p->over, p->over_x, 0);
	int32_t size = n;

	for (int64_t left = job->count, chunk = 0; left > 0; left -= job->across ? 1 : size, chunk++) {
		if (!job->across)
			size = walk_run(&w, left < LINE ? (int32_t)left : LINE);
		const void *x = element_at(job->x, p->x_type, offset + w.offset);
		ptrdiff_t step = job->across ? p->x[p->rank - 1] : walk_step(&w);
		if (job->integers) {
			int64_t values[LINE];
			load_integers(values, x, p->x_type, step, size);
			take_integers(state->integer[chunk % CHAINS], values, kind, p->x_type, size);
		} else {
			double values[LINE];
			load_doubles(values, x, p->x_type, step, size);
			take_reals(state->real[chunk % CHAINS], values, state->largest, kind, size);
		}
		walk_on(&w, job->across ? 1 : size);
	}
}

/* Joins the chains b into the chains a. What was flipped stays flipped. */
static void join_lines(
	struct reduce_state *state, const struct reduce_job *job, enum rt_reduce_kind kind, int32_t a, int32_t b, int32_t n)
{
	if (job->integers)
		take_integers(state->integer[0] + a, state->integer[0] + b, joining(kind), RT_I64, n);
	else
		take_reals(state->real[0] + a, state->real[0] + b, NULL, joining(kind), n);
}

/* Joins all chains: into the first n places when the job goes across, into place 0 otherwise. */
static void join(struct reduce_state *state, const struct reduce_job *job, enum rt_reduce_kind kind)
{
	int32_t end = job->across ? LINE : 1;

	for (int32_t n = CHAINS * LINE / 2; n >= end; n /= 2)
		join_lines(state, job, kind, 0, n, n);
}

/* Finds what to take off: the largest elements, but not infinite ones, so that the result is infinite and no NaN. */
static void find_largest(struct reduce_state *state, const struct reduce_job *job, ptrdiff_t offset, int32_t n)
{
	start(state, job, RT_REDUCE_MAX);
	take_all(state, job, RT_REDUCE_MAX, offset, n);
	join(state, job, RT_REDUCE_MAX);
	for (int32_t i = 0; i < LINE; i++) {
		double largest = state->real[0][job->across ? i : 0];
		state->largest[i] = isinf(largest) ? 0 : largest;
	}
}

static double finish_real(double sum, const struct reduce_job *job, double largest)
{
	switch (job->p->kind) {
	case RT_REDUCE_MEAN:
		return sum / (double)job->count;
	case RT_REDUCE_L2:
		return sqrt(sum);
	case RT_REDUCE_LOG_SUM:
		return log(sum);
	case RT_REDUCE_LOG_SUM_EXP:
		return log(sum) + largest;
	default:
		return sum;
	}
}

static int64_t finish_integer(int64_t sum, const struct reduce_job *job)
{
	enum rt_type type = job->p->x_type;
	bool is_unsigned = type == RT_U64;

	switch (job->p->kind) {
	case RT_REDUCE_MEAN:
		if (job->count == 0)
			return 0;
		return is_unsigned ? (int64_t)((uint64_t)sum / (uint64_t)job->count) : sum / job->count;
	case RT_REDUCE_L2:
		return integer_of_double(sqrt(double_of_integer(sum, type)), type);
	case RT_REDUCE_LOG_SUM:
		return integer_of_double(log(double_of_integer(sum, type)), type);
	case RT_REDUCE_MAX:
	case RT_REDUCE_MIN:
		return sum ^ flip_of(type);
	default:
		return sum;
	}
}

/* Writes n results from number `at` on. */
static void finish(const struct reduce_state *state, const struct reduce_job *job, int64_t at, int32_t n)
{
	const struct rt_reduce *p = job->p;
	void *y = element_to(job->y, p->y_type, (ptrdiff_t)at);
	int64_t integer[LINE];
	double real[LINE];

	for (int32_t i = 0; i < n; i++)
		if (job->integers)
			integer[i] = finish_integer(state->integer[0][i], job);
		else
			real[i] = finish_real(state->real[0][i], job, state->largest[i]);
	if (job->integers)
		store_integers(y, integer, p->y_type, 1, n);
	else
		store_doubles(y, real, p->y_type, 1, n);
}

/* Is a better than b in the order of RT_ARG_*? A NaN is the largest; later equals win when `last` is set. */
static bool better_real(double a, double b, bool smallest, bool last)
{
	if (a != a || b != b)
		return smallest ? (b != b && (last || a == a)) : (a != a && (last || b == b));
	return smallest ? (last ? a <= b : a < b) : (last ? a >= b : a > b);
}

static bool better_integer(int64_t a, int64_t b, bool smallest, bool last)
{
	return a == b ? last : smallest ? a < b : a > b;
}

/* The place of the extreme of one result. */
static int64_t find_place(const struct reduce_job *job, ptrdiff_t offset)
{
	const struct rt_reduce *p = job->p;
	bool smallest = p->kind == RT_ARG_MIN || p->kind == RT_ARG_MIN_LAST;
	bool last = p->kind == RT_ARG_MAX_LAST || p->kind == RT_ARG_MIN_LAST;
	struct walk w = walk_start(p->over_rank, p->over, p->over_x, 0);
	int64_t best = 0, best_integer = 0;
	double best_real = 0;

	for (int64_t at = 0; at < job->count;) {
		int32_t n = walk_run(&w, job->count - at < LINE ? (int32_t)(job->count - at) : LINE);
		const void *x = element_at(job->x, p->x_type, offset + w.offset);
		double real[LINE];
		int64_t integer[LINE];
		if (job->integers)
			load_integers(integer, x, p->x_type, walk_step(&w), n);
		else
			load_doubles(real, x, p->x_type, walk_step(&w), n);
		for (int32_t i = 0; i < n; i++, at++) {
			if (job->integers) {
				int64_t value = integer[i] ^ flip_of(p->x_type);
				if (at == 0 || better_integer(value, best_integer, smallest, last)) {
					best = at;
					best_integer = value;
				}
			} else if (at == 0 || better_real(real[i], best_real, smallest, last)) {
				best = at;
				best_real = real[i];
			}
		}
		walk_on(&w, n);
	}
	return best;
}

static void reduce_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct reduce_job *job = job_pointer;
	const struct rt_reduce *p = job->p;
	int64_t at = begin * job->unit, stop = end * job->unit;
	struct walk w = walk_start(p->rank, p->dim, p->x, at);
	struct reduce_state state = { .largest = { 0 } };

	stop = stop < job->results ? stop : job->results;
	for (int32_t n; at < stop; at += n, walk_on(&w, n)) {
		n = job->across ? walk_run(&w, stop - at < LINE ? (int32_t)(stop - at) : LINE) : 1;
		if (p->kind >= RT_ARG_MAX) {
			int64_t place = find_place(job, w.offset);
			store_integers(element_to(job->y, p->y_type, (ptrdiff_t)at), &place, p->y_type, 1, 1);
			continue;
		}
		if (p->kind == RT_REDUCE_LOG_SUM_EXP)
			find_largest(&state, job, w.offset, n);
		start(&state, job, p->kind);
		take_all(&state, job, p->kind, w.offset, n);
		join(&state, job, p->kind);
		finish(&state, job, at, n);
	}
}

KERNEL(reduce, (void *y, const void *x))
{
	struct reduce_job job = { p, y, x, element_domain(p->x_type) == INTEGER_DOMAIN, false, 0, 0, 0 };

	job.results = walk_size(p->rank, p->dim);
	job.count = walk_size(p->over_rank, p->over);
	if (job.results == 0)
		return;
	if (p->kind == RT_REDUCE_LOG_SUM_EXP)
		job.integers = false;
	/* Shorter sums than half a line would leave most chains empty. */
	if (p->rank && p->kind < RT_ARG_MAX)
		job.across = p->dim[p->rank - 1] > 4 &&
					 (job.count < LINE / 2 || (p->x[p->rank - 1] == 1 && p->over_x[p->over_rank - 1] != 1));
	job.unit = job.count < UNIT ? UNIT / (job.count + 1) + 1 : 1;
	if (job.across)
		job.unit = (job.unit + LINE - 1) / LINE * LINE;
	rt_parallel(run, (int32_t)((job.results + job.unit - 1) / job.unit), reduce_units, &job);
}
