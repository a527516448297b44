#include "kernel.h"
#include "micro/math.h"
#include "micro/pack.h"
#include "micro/split.h"
#include "micro/stage.h"
#include "micro/tile.h"
#include <float.h>

/* Everything is computed transposed: scores as [key][query] and sums as [channel][query], a panel of RT_PANEL queries
 * at a time. So keys and values serve the tile as rows just as they lie in memory, only queries are packed, and the
 * maximum, the sum and the rescaling of every query are plain operations on vectors whose lanes are queries. */
enum {
	KEYS = 2 * TILE_BLOCK, /* keys in a block: sums and softmax cost the less the more keys there are */
	CHANNELS = 256,        /* most channels of q, or of v, that all panels of a unit hold together */
	CHANNELS_STAGED = 64,  /* most channels of a block of keys that are converted at once */
	CHANNELS_OF_V = 24,    /* channels of v that are converted at once, a multiple of every TILE_ROWS */
	CHANNELS_SPLIT = 64,   /* most channels of q whose products are split: a multiple of TILE_TERMS */
	PANELS = 4,            /* most panels of queries that share the reading of keys and values */
	CHAINS = 4,            /* running maxima and sums that do not wait for each other; a divisor of KEYS */
	SLACK = 8,             /* see exponentiate */
};

struct job {
	const struct rt_attention *p;
	void *y;
	const void *q, *k, *v;
	int32_t panels; /* of queries in a unit */
	int32_t blocks; /* units along the queries */
	int32_t rounds; /* units along the channels of v */
	const struct products *products;
	struct tiles *tiles; /* of split products */
};

/* What a unit computes: `queries` from `first` on, and `channels` of v from `channel` on; q, k, v, y are where its
 * batch and head start. */
struct block {
	int32_t first, queries, channel, channels;
	ptrdiff_t q, k, v, y;
};

/* The running softmax of a panel of queries, and the memory that it works in. */
struct panel {
	float *q;      /* [channel][query], times the scale, times log2 e: powers of 2 are cheaper than those of e */
	float *scores; /* [KEYS][query], then 2 to their power relative to max */
	float *sum_v;  /* [channel][query], rows up to a multiple of TILE_ROWS */
	float max[RT_PANEL], sum[RT_PANEL]; /* max is SLACK below the true maximum at most */
	int32_t first, queries;
};

/* The two products with a block of keys, in floats or split. */
struct products {
	void (*score)(const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t row,
		int32_t key, int32_t keys);
	void (*add_values)(
		const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t key, int32_t keys);
};

/* How many floats the queries and the sums of one panel take: panels follow each other. */
static ptrdiff_t query_floats(const struct rt_attention *p)
{
	return (ptrdiff_t)(p->d < CHANNELS ? p->d : CHANNELS) * RT_PANEL;
}

static ptrdiff_t sum_floats(const struct block *at)
{
	return (ptrdiff_t)(at->channels + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS * RT_PANEL;
}

static void pack_queries(const struct job *job, const struct block *at, struct panel *panel, int32_t d0, int32_t d)
{
	const struct rt_attention *p = job->p;
	vec scale = v_set(p->scale * 1.44269504f);
	const void *q = element_at(job->q, p->x_type, at->q + (ptrdiff_t)panel->first * p->q[2] + d0);

	pack_panel(panel->q, q, p->x_type, 1, p->q[2], d, panel->queries);
	for (int32_t i = 0; i < d * RT_PANEL; i += LANES)
		v_store(panel->q + i, v_mul(v_load(panel->q + i), scale));
}

/* Rows row.. of scores = q k^T, for at most TILE_BLOCK keys. Queries with more than CHANNELS channels are packed anew
 * each time. */
static void score(const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t row,
	int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	float staged[TILE_BLOCK][CHANNELS_STAGED];
	const float *rows[TILE_BLOCK];
	int32_t step = p->x_type == RT_F32 ? CHANNELS : CHANNELS_STAGED;

	for (int32_t d0 = 0; d0 < p->d; d0 += step) {
		int32_t d = p->d - d0 < step ? p->d - d0 : step, held = d0 % CHANNELS;
		for (int32_t i = 0; i < keys; i++)
			rows[i] = stage(p->x_type, job->k, at->k + (ptrdiff_t)(key + i) * p->k[2] + d0, d, staged[i]);
		tile_pad(rows, keys);
		for (int32_t i = 0; i < count && held == 0 && (key == 0 || p->d > CHANNELS); i++)
			pack_queries(job, at, &panels[i], d0, p->d - d0 < CHANNELS ? p->d - d0 : CHANNELS);
		struct tile tile = { .c = panels->scores + row * RT_PANEL,
			.ldc = RT_PANEL,
			.next_c = KEYS * RT_PANEL,
			.rows = rows,
			.step = 1,
			.segments = 1,
			.depth = d,
			.w = panels->q + held * RT_PANEL,
			.next_w = query_floats(p),
			.fresh = d0 == 0 };
		tile_block(&tile, keys, count);
	}
}

/* Turns scores into powers of 2, and what was summed before into what it is under a new maximum. The maximum that is
 * taken off follows the true one only when it is left behind by more than SLACK: then few blocks but the first need
 * their sums rescaled, and no power is above 2^SLACK. */
static void exponentiate(struct panel *panel, int32_t keys, int32_t channels)
{
	vec slack = v_set(SLACK);

	for (int32_t i = keys * RT_PANEL; i % (CHAINS * RT_PANEL); i += LANES)
		v_store(panel->scores + i, v_set(-INFINITY));
	for (int32_t lane = 0; lane < RT_PANEL; lane += LANES) {
		float *scores = panel->scores + lane, *sum_v = panel->sum_v + lane;
		vec old = v_load(panel->max + lane), max[CHAINS] = { old, old, old, old },
			sum[CHAINS] = { v_load(panel->sum + lane) };
		for (int32_t i = 0; i < keys; i += CHAINS)
#pragma GCC unroll CHAINS
			for (int32_t j = 0; j < CHAINS; j++)
				max[j] = v_max(v_load(scores + (i + j) * RT_PANEL), max[j]);
		vec most = v_max(v_max(max[0], max[1]), v_max(max[2], max[3]));
		if (v_largest(v_sub(most, old)) > SLACK) {
			most = v_select(v_less(v_add(old, slack), most), most, old);
			vec shrink = v_exp2_falling(v_sub(old, most));
			sum[0] = v_mul(sum[0], shrink);
			for (int32_t i = 0; i < channels; i++)
				v_store(sum_v + i * RT_PANEL, v_mul(v_load(sum_v + i * RT_PANEL), shrink));
			v_store(panel->max + lane, most);
		} else {
			most = old;
		}
		sum[1] = sum[2] = sum[3] = v_set(0.0f);
		for (int32_t i = 0; i < keys; i += CHAINS)
#pragma GCC unroll CHAINS
			for (int32_t j = 0; j < CHAINS; j++) {
				vec power = v_exp2_falling(v_sub(v_load(scores + (i + j) * RT_PANEL), most));
				sum[j] = v_add(sum[j], power);
				v_store(scores + (i + j) * RT_PANEL, power);
			}
		v_store(panel->sum + lane, v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3])));
	}
}

/* sum_v += v^T scores for a block of keys: the rows of the product are channels of v. */
static void add_values(
	const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	float staged[KEYS * CHANNELS_OF_V];
	const float *rows[TILE_BLOCK];
	bool in_place = p->x_type == RT_F32;
	int32_t most = in_place ? TILE_BLOCK : CHANNELS_OF_V;

	for (int32_t c = 0; c < at->channels; c += most) {
		int32_t n = at->channels - c < most ? at->channels - c : most;
		ptrdiff_t from = at->v + (ptrdiff_t)key * p->v[2] + at->channel + c;
		for (int32_t i = 0; i < keys && !in_place; i++, from += p->v[2])
			load_floats(staged + i * CHANNELS_OF_V, element_at(job->v, p->x_type, from), p->x_type, 1, n);
		for (int32_t i = 0; i < n; i++)
			rows[i] = in_place ? (const float *)job->v + from + i : staged + i;
		tile_pad(rows, n);
		struct tile tile = { .c = panels->sum_v + c * RT_PANEL,
			.ldc = RT_PANEL,
			.next_c = sum_floats(at),
			.rows = rows,
			.step = in_place ? p->v[2] : CHANNELS_OF_V,
			.segments = 1,
			.depth = keys,
			.w = panels->scores,
			.next_w = KEYS * RT_PANEL };
		tile_block(&tile, n, count);
	}
}

#ifdef VEC_TILES
/* Rows row.. of scores = q k^T by tiles, for at most TILE_BLOCK keys and CHANNELS_SPLIT channels. */
static void score_split(const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t row,
	int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	_Alignas(RT_ALIGN) uint16_t numbers[SPLIT_ROWS(CHANNELS_SPLIT)];
	struct split_rows rows = split_begin(numbers, CHANNELS_SPLIT);
	float buffer[CHANNELS_SPLIT];

	for (int32_t i = 0; i < count; i++) {
		tile_begin(panels[i].scores + row * RT_PANEL, RT_PANEL, keys, RT_PANEL, NULL);
		if (key == 0) {
			pack_queries(job, at, &panels[i], 0, p->d);
			split_panel_floats(panels[i].q, p->d);
		}
	}
	for (int32_t i = 0; i < keys; i++)
		split_floats(&rows, i, 0, stage(p->x_type, job->k, at->k + (ptrdiff_t)(key + i) * p->k[2], p->d, buffer), p->d);
	split_end(&rows, keys, p->d);
	struct split_product product = { .tiles = job->tiles,
		.rows = &rows,
		.n = keys,
		.depth = p->d,
		.w = (const void *)panels->q,
		.next_w = 2 * query_floats(p),
		.c = panels->scores + row * RT_PANEL,
		.ldc = RT_PANEL,
		.next_c = KEYS * RT_PANEL };
	split_multiply(&product, count);
}

/* sum_v += v^T scores by tiles, for at most TILE_BLOCK keys, whose scores are the rows from `row` on. */
static void add_some_split(const struct job *job, const struct block *at, struct panel *panels, int32_t count,
	int32_t row, int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	enum { DEPTH = (TILE_BLOCK + TILE_TERMS - 1) / TILE_TERMS * TILE_TERMS };
	_Alignas(RT_ALIGN) uint16_t numbers[SPLIT_ROWS(DEPTH)];
	struct split_rows rows = split_begin(numbers, DEPTH);
	float turned[TILE_BLOCK * RT_PANEL];

	for (int32_t i = 0; i < count; i++)
		split_panel_floats(panels[i].scores + row * RT_PANEL, keys);
	for (int32_t c = 0; c < at->channels; c += TILE_BLOCK) {
		int32_t n = at->channels - c < TILE_BLOCK ? at->channels - c : TILE_BLOCK, i = 0;
		for (; i < keys; i += RT_PANEL) {
			ptrdiff_t from = at->v + (ptrdiff_t)(key + i) * p->v[2] + at->channel + c;
			pack_panel(turned, element_at(job->v, p->x_type, from), p->x_type, 1, p->v[2], n,
				keys - i < RT_PANEL ? keys - i : RT_PANEL);
			for (int32_t j = 0; j < n; j++)
				split_floats(&rows, j, i, turned + j * RT_PANEL, RT_PANEL);
		}
		split_end(&rows, n, i);
		struct split_product product = { .tiles = job->tiles,
			.rows = &rows,
			.n = n,
			.depth = keys + keys % 2,
			.w = (const void *)(panels->scores + row * RT_PANEL),
			.next_w = KEYS * SPLIT_ROW,
			.c = panels->sum_v + c * RT_PANEL,
			.ldc = RT_PANEL,
			.next_c = sum_floats(at) };
		split_multiply(&product, count);
	}
}

static void add_values_split(
	const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t key, int32_t keys)
{
	for (int32_t i = 0; i < keys; i += TILE_BLOCK)
		add_some_split(job, at, panels, count, i, key + i, keys - i < TILE_BLOCK ? keys - i : TILE_BLOCK);
}
#endif

static void store(const struct job *job, const struct block *at, struct panel *panel)
{
	const struct rt_attention *p = job->p;
	float y[CHANNELS];

	for (int32_t i = 0; i < at->channels * RT_PANEL; i += LANES) {
		vec sum = v_load(panel->sum + i % RT_PANEL);
		v_store(panel->sum_v + i, v_div(v_load(panel->sum_v + i), sum));
	}
	for (int32_t i = 0; i < panel->queries; i++) {
		ptrdiff_t to = at->y + (ptrdiff_t)(panel->first + i) * p->y[2] + at->channel;
		load_floats(y, panel->sum_v + i, RT_F32, RT_PANEL, at->channels);
		store_floats(element_to(job->y, p->y_type, to), y, p->y_type, 1, at->channels);
	}
}

static void attend(const struct job *job, const struct block *at)
{
	const struct rt_attention *p = job->p;
	struct panel panels[PANELS];
	_Alignas(RT_ALIGN) float q[CHANNELS * RT_PANEL], scores[PANELS][KEYS * RT_PANEL];
	_Alignas(RT_ALIGN) float sum_v[(CHANNELS + PANELS * TILE_ROWS) * RT_PANEL] = { 0 };
	int32_t count = (at->queries + RT_PANEL - 1) / RT_PANEL;

	for (int32_t i = 0; i < count; i++) {
		panels[i] = (struct panel){ .q = q + i * query_floats(p),
			.scores = scores[i],
			.sum_v = sum_v + i * sum_floats(at),
			.first = at->first + i * RT_PANEL };
		panels[i].queries = at->queries - i * RT_PANEL < RT_PANEL ? at->queries - i * RT_PANEL : RT_PANEL;
		/* The lowest float and not -infinity: a score of -infinity must not give NaN as long as others follow. */
		for (int32_t j = 0; j < RT_PANEL; j++)
			panels[i].max[j] = -FLT_MAX;
	}
	for (int32_t key = 0; key < p->n; key += KEYS) {
		int32_t keys = p->n - key < KEYS ? p->n - key : KEYS;
		for (int32_t i = 0; i < keys; i += TILE_BLOCK)
			job->products->score(job, at, panels, count, i, key + i, keys - i < TILE_BLOCK ? keys - i : TILE_BLOCK);
		for (int32_t i = 0; i < count; i++)
			exponentiate(&panels[i], keys, at->channels);
		job->products->add_values(job, at, panels, count, key, keys);
	}
	for (int32_t i = 0; i < count; i++)
		store(job, at, &panels[i]);
}

/* A unit is some panels of queries of one batch and head, and all or CHANNELS channels of v. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_attention *p = job->p;

	for (; unit < end; unit++) {
		int32_t round = unit % job->rounds, rest = unit / job->rounds, size = job->panels * RT_PANEL;
		int32_t h = rest / job->blocks % p->h, b = rest / job->blocks / p->h;
		struct block at = { .first = rest % job->blocks * size, .channel = round * CHANNELS };
		at.queries = p->m - at.first < size ? p->m - at.first : size;
		at.channels = p->dv - at.channel < CHANNELS ? p->dv - at.channel : CHANNELS;
		at.q = (ptrdiff_t)b * p->q[0] + (ptrdiff_t)h * p->q[1];
		at.k = (ptrdiff_t)b * p->k[0] + (ptrdiff_t)h * p->k[1];
		at.v = (ptrdiff_t)b * p->v[0] + (ptrdiff_t)h * p->v[1];
		at.y = (ptrdiff_t)b * p->y[0] + (ptrdiff_t)h * p->y[1];
		attend(job, &at);
	}
}

#ifdef VEC_TILES
static void split_units(void *data, int32_t unit, int32_t end)
{
	static const struct products products = { score_split, add_values_split };
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.products = &products;
	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

KERNEL(attention, (void *y, const void *q, const void *k, const void *v))
{
	int32_t widest = p->d > p->dv ? p->d : p->dv, panels = widest > 0 && widest < CHANNELS ? CHANNELS / widest : 1;
	static const struct products products = { score, add_values };
	struct job job = { .p = p, .y = y, .q = q, .k = k, .v = v, .products = &products };
	int32_t count;

	job.panels = panels < PANELS ? panels : PANELS;
	job.blocks = (p->m + job.panels * RT_PANEL - 1) / (job.panels * RT_PANEL);
	job.rounds = (p->dv + CHANNELS - 1) / CHANNELS;
	count = p->b * p->h * job.blocks * job.rounds;
#ifdef VEC_TILES
	/* Whole tiles of channels of v, for the sums of several panels follow each other. */
	if (p->split && p->d <= CHANNELS_SPLIT && p->d % 2 == 0 && p->dv % TILE_SIDE == 0) {
		rt_parallel(run, count, split_units, &job);
		return;
	}
#endif
	rt_parallel(run, count, units, &job);
}
