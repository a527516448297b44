/* top_k: selects by radix, in a time linear in n whatever k is.
 *
 * Each element gets a key, an unsigned integer that is the smaller the stronger the element. Digit by digit from the
 * highest, a histogram of the keys that are still candidates tells the digit of the k-th smallest key, until that key,
 * the limit, is known. The winners are the elements with smaller keys and as many at the limit as are needed, the first
 * ones. Sorting them, when asked for, is a radix sort from the lowest digit, which leaves equals in order. */
#include "element.h"
#include "kernel.h"

enum {
	DIGIT = 11, /* bits */
	BUCKETS = 1 << DIGIT,
	CHUNK = 128, /* elements whose keys are made at a time; even */
};

/* How bits become keys. */
struct order {
	int32_t bits;
	uint64_t sign, all; /* the sign bit, 0 for unsigned types; all bits */
	uint64_t infinity;  /* of a floating type, else 0 */
	uint64_t flip;      /* makes of what is so far a key the key asked for */
};

struct winner {
	uint64_t key;
	int32_t index;
};

/* The keys up to which elements win: all below the limit, and the first `ties` of those at it. */
struct limit {
	uint64_t key;
	int32_t ties;
};

struct top_k_job {
	const struct rt_top_k *p;
	struct order order;
	char *values;
	void *index;
	const char *x;
	char *scratch; /* per unit: the candidates for the limit, then the winners twice */
};

static struct order order_of(const struct rt_top_k *p)
{
	struct order order = { .bits = 8 * (int32_t)rt_type_size(p->x_type) };

	order.all = UINT64_MAX >> (64 - order.bits);
	order.infinity = p->x_type == RT_F32    ? 0x7f800000
					 : p->x_type == RT_F64  ? UINT64_C(0x7ff) << 52
					 : p->x_type == RT_F16  ? 0x7c00
					 : p->x_type == RT_BF16 ? 0x7f80
											: 0;
	if (order.infinity || smallest_integer(p->x_type) < 0)
		order.sign = UINT64_C(1) << (order.bits - 1);
	order.flip = (p->smallest ? 0 : order.all) ^ (order.infinity ? 0 : order.sign);
	return order;
}

static void load_bits(uint64_t *restrict bits, const void *restrict x, size_t size, int32_t n)
{
	switch (size) {
	case 1:
		for (int32_t i = 0; i < n; i++)
			bits[i] = ((const uint8_t *)x)[i];
		break;
	case 2:
		for (int32_t i = 0; i < n; i++)
			bits[i] = ((const uint16_t *)x)[i];
		break;
	case 4:
		for (int32_t i = 0; i < n; i++)
			bits[i] = ((const uint32_t *)x)[i];
		break;
	default:
		memcpy(bits, x, (size_t)n * sizeof *bits);
		break;
	}
}

/* The keys of n elements. Among floats, -0 counts as 0, the negative run backwards, and NaN is beyond infinity. A
 * difference below zero has its highest bit set: a comparison that every vector unit has. */
static void load_keys(uint64_t *restrict key, const struct top_k_job *job, const char *x, int32_t n)
{
	struct order order = job->order;
	int32_t floats = order.infinity ? n : 0;

	load_bits(key, x, rt_type_size(job->p->x_type), n);
	for (int32_t i = 0; i < floats; i++) {
		uint64_t magnitude = key[i] & (order.sign - 1);
		uint64_t negative = -(key[i] >> (order.bits - 1) & -magnitude >> 63);
		uint64_t nan = -((order.infinity - magnitude) >> 63);
		key[i] = (((magnitude | order.sign) ^ negative) | nan) & order.all;
	}
	for (int32_t i = 0; i < n; i++)
		key[i] ^= order.flip;
}

/* Counts the digits at `shift` of the keys of a row. Neighbours are counted apart, for counting equal digits one after
 * the other would wait for each count to arrive in memory. */
static void count_row(const struct top_k_job *job, const char *x, int32_t shift, int32_t *count)
{
	size_t size = rt_type_size(job->p->x_type);
	int32_t other[BUCKETS] = { 0 };
	uint64_t key[CHUNK];

	memset(count, 0, BUCKETS * sizeof *count);
	for (int32_t at = 0; at < job->p->n; at += CHUNK) {
		int32_t n = job->p->n - at < CHUNK ? job->p->n - at : CHUNK, i = 0;
		load_keys(key, job, x + (size_t)at * size, n);
		for (; i + 2 <= n; i += 2) {
			count[key[i] >> shift]++;
			other[key[i + 1] >> shift]++;
		}
		if (i < n)
			count[key[i] >> shift]++;
	}
	for (int32_t i = 0; i < BUCKETS; i++)
		count[i] += other[i];
}

/* Collects the keys of a row that have this digit at `shift`. Most chunks have none; in the others, every key is
 * written, and stays if it has the digit, for whether it has cannot be predicted. */
static void collect_row(const struct top_k_job *job, const char *x, int32_t shift, uint64_t digit, uint64_t *found)
{
	size_t size = rt_type_size(job->p->x_type);
	uint64_t key[CHUNK];
	int32_t number = 0;

	for (int32_t at = 0; at < job->p->n; at += CHUNK) {
		int32_t n = job->p->n - at < CHUNK ? job->p->n - at : CHUNK;
		uint64_t any = 0;
		load_keys(key, job, x + (size_t)at * size, n);
		for (int32_t i = 0; i < n; i++)
			any |= key[i] >> shift == digit;
		for (int32_t i = 0; i < n && any; i++) {
			found[number] = key[i];
			number += key[i] >> shift == digit;
		}
	}
}

/* The bucket where a running sum of counts reaches *need, of which the counts before it are taken off. */
static int32_t bucket_of(const int32_t *count, int32_t *need)
{
	int32_t i = 0;

	for (; count[i] < *need; i++)
		*need -= count[i];
	return i;
}

/* The limit of a row: its highest digit by way of the row itself, the others among the candidates. When all
 * candidates win, the lower digits do not matter. */
static struct limit find_limit(const struct top_k_job *job, const char *x, uint64_t *candidate)
{
	int32_t count[BUCKETS], need = job->p->k, number;
	int32_t shift = job->order.bits > DIGIT ? job->order.bits - DIGIT : 0;
	uint64_t prefix;

	count_row(job, x, shift, count);
	prefix = (uint64_t)bucket_of(count, &need);
	number = count[prefix];
	if (shift && number > need)
		collect_row(job, x, shift, prefix, candidate);
	while (shift && number > need) {
		int32_t digit = shift < DIGIT ? shift : DIGIT, kept = 0;
		uint64_t mask = ((uint64_t)1 << digit) - 1;
		shift -= digit;
		memset(count, 0, sizeof count);
		for (int32_t i = 0; i < number; i++)
			count[candidate[i] >> shift & mask]++;
		prefix = prefix << digit | (uint64_t)bucket_of(count, &need);
		for (int32_t i = 0; i < number; i++)
			if (candidate[i] >> shift == prefix)
				candidate[kept++] = candidate[i];
		number = kept;
	}
	return (struct limit){ ((prefix + 1) << shift) - 1, need };
}

/* Finds the k winners of a row, in the order of their index. */
static void find_winners(const struct top_k_job *job, const char *x, struct limit limit, struct winner *winner)
{
	size_t size = rt_type_size(job->p->x_type);
	uint64_t key[CHUNK];
	int32_t number = 0;

	for (int32_t at = 0; at < job->p->n && number < job->p->k; at += CHUNK) {
		int32_t n = job->p->n - at < CHUNK ? job->p->n - at : CHUNK;
		uint64_t any = 0;
		load_keys(key, job, x + (size_t)at * size, n);
		for (int32_t i = 0; i < n; i++)
			any |= key[i] <= limit.key;
		for (int32_t i = 0; i < n && any; i++)
			if (key[i] < limit.key || (key[i] == limit.key && limit.ties-- > 0))
				winner[number++] = (struct winner){ key[i], at + i };
	}
}

/* Sorts n winners by key, keeping equals in order. The result is in `a` or in `b`: returns where. */
static struct winner *sort_winners(struct winner *a, struct winner *b, int32_t n, int32_t bits)
{
	for (int32_t shift = 0; shift < bits; shift += DIGIT) {
		int32_t start[BUCKETS + 1] = { 0 };
		for (int32_t i = 0; i < n; i++)
			start[(a[i].key >> shift & (BUCKETS - 1)) + 1]++;
		if (start[(a[0].key >> shift & (BUCKETS - 1)) + 1] == n)
			continue;
		for (int32_t i = 0; i < BUCKETS; i++)
			start[i + 1] += start[i];
		for (int32_t i = 0; i < n; i++)
			b[start[a[i].key >> shift & (BUCKETS - 1)]++] = a[i];
		struct winner *swap = a;
		a = b;
		b = swap;
	}
	return a;
}

static void top_k_row(const struct top_k_job *job, int64_t row, char *scratch)
{
	const struct rt_top_k *p = job->p;
	size_t size = rt_type_size(p->x_type);
	const char *x = job->x + (size_t)row * (size_t)p->n * size;
	struct winner *winner = (void *)scratch;

	find_winners(job, x, find_limit(job, x, (void *)scratch), winner);
	if (p->sorted)
		winner = sort_winners(winner, winner + p->k, p->k, job->order.bits);
	for (int32_t i = 0; i < p->k; i++) {
		int64_t at = row * p->k + i;
		if (job->values)
			memcpy(job->values + (size_t)at * size, x + (size_t)winner[i].index * size, size);
		if (p->index_type == RT_I32)
			((int32_t *)job->index)[at] = winner[i].index;
		else
			((int64_t *)job->index)[at] = winner[i].index;
	}
}

static void top_k_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct top_k_job *job = job_pointer;
	int32_t rows = rt_top_k_unit(job->p);
	size_t bytes = rt_top_k_unit_scratch(job->p);

	for (int32_t unit = begin; unit < end; unit++) {
		int64_t row = (int64_t)unit * rows, last = row + rows < job->p->rows ? row + rows : job->p->rows;
		for (; row < last; row++)
			top_k_row(job, row, job->scratch + (size_t)unit * bytes);
	}
}

KERNEL(top_k, (void *values, void *index, const void *x, void *scratch))
{
	struct top_k_job job = { p, order_of(p), values, index, x, scratch };

	if (p->rows == 0 || p->k == 0)
		return;
	rt_parallel(run, (int32_t)(rt_top_k_scratch(p) / rt_top_k_unit_scratch(p)), top_k_units, &job);
}
