#include "kernel.h"
#include "micro/bfloat.h"
#include "micro/bytes.h"
#include "micro/math.h"
#include "micro/pack.h"
#include "micro/stage.h"
#include "micro/tile.h"
#include <float.h>

/* Everything is computed transposed: scores as [key][query] and sums as [channel][query], a panel of RT_PANEL queries
 * at a time. So keys and values serve the tile as rows just as they lie in memory, only queries are packed, and the
 * maximum, the sum and the rescaling of every query are plain operations on vectors whose lanes are queries. */
enum {
	KEYS = 2 * TILE_BLOCK,         /* keys in a block: sums and softmax cost the less the more keys there are */
	CHANNELS = 256,                /* most channels of q, or of v, that all panels of a unit hold together */
	CHANNELS_STAGED = 64,          /* most channels of a block of keys that are converted at once */
	CHANNELS_OF_V = 4 * TILE_ROWS, /* channels of v that are converted at once, a multiple of LANES, too */
	CHANNELS_BFLOAT = 128,         /* most numbers of q that products of bfloat16 take, one or two for each channel */
	NUMBERS = TILE_BLOCK * CHANNELS_BFLOAT, /* of keys or values as the rows of such products */
	PANELS = 4,                             /* most panels of queries that share the reading of keys and values */
	CHAINS = 4, /* running maxima and sums that do not wait for each other; a divisor of KEYS */
	SLACK = 8,  /* see exponentiate */
};

struct job {
	const struct rt_attention *p;
	void *y;
	const void *q, *k, *v;
	int32_t panels; /* of queries in a unit */
	int32_t blocks; /* units along the queries */
	int32_t rounds; /* units along the channels of v */
	const struct products *products;
	float q_scale;       /* of queries when they are packed */
	float scale;         /* of scores then, positive: both together and log2 e make those of powers of 2 */
	enum rt_type w_type; /* of packed queries and powers */
	struct tiles *tiles; /* of products of bfloat16 */
	struct quantizer to; /* of results that are bytes */
};

/* What a unit computes: `queries` from `first` on, and `channels` of v from `channel` on; q, k, v, y are where its
 * batch and head start. */
struct block {
	int32_t first, queries, channel, channels;
	ptrdiff_t q, k, v, y;
};

/* The running softmax of a panel of queries, and the memory that it works in. */
struct panel {
	float *q;                           /* [channel][query] */
	float *scores;                      /* [KEYS][query], then 2 to their power relative to max */
	float *sum_v;                       /* [channel][query], rows up to a multiple of TILE_ROWS */
	float max[RT_PANEL], sum[RT_PANEL]; /* max is SLACK below the true maximum at most */
	int32_t first, queries;
};

/* The two products with a block of keys, of floats or of bfloat16. */
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
	vec scale = v_set(job->q_scale);
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

/* Turns scores into powers of 2 relative to `most`, for LANES queries, and adds them up. Powers that are narrowed
 * become pairs of bfloat16 in the place of the first of each, and what they became is summed, so that the weights of
 * all keys still are 1 together. */
VEC_INLINE vec add_powers(float *scores, int32_t keys, vec scale, vec most, vec start, bool narrow)
{
	vec sum[CHAINS] = { start, v_set(0.0f), v_set(0.0f), v_set(0.0f) }, less = v_sub(v_set(0.0f), most);

	for (int32_t i = 0; i < keys; i += CHAINS) {
		float *at = scores + i * RT_PANEL;
		vec power[CHAINS];
#pragma GCC unroll CHAINS
		for (int32_t j = 0; j < CHAINS; j++) {
			vec score = v_load(at + j * RT_PANEL);
			power[j] = narrow ? v_exp2_roughly(v_fma(score, scale, less)) : v_exp2_falling(v_sub(score, most));
		}
#ifdef VEC_BFLOAT
#pragma GCC unroll CHAINS
		for (int32_t j = 0; j < CHAINS && narrow; j += 2) {
			v_narrow_pairs((void *)(at + j * RT_PANEL), power[j], power[j + 1]);
			v_load_pairs((const void *)(at + j * RT_PANEL), &power[j], &power[j + 1]);
		}
#endif
#pragma GCC unroll CHAINS
		for (int32_t j = 0; j < CHAINS; j++) {
			sum[j] = v_add(sum[j], power[j]);
			if (!narrow)
				v_store(at + j * RT_PANEL, power[j]);
		}
	}
	return v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]));
}

/* Turns scores into powers, and what was summed before into what it is under a new maximum. The maximum that is
 * taken off follows the true one only when it is left behind by more than SLACK: then few blocks but the first need
 * their sums rescaled, and no power is above 2^SLACK. */
static void exponentiate(const struct job *job, struct panel *panel, int32_t keys, int32_t channels)
{
	vec slack = v_set(SLACK), scale = v_set(job->scale);

	for (int32_t i = keys * RT_PANEL; i % (CHAINS * RT_PANEL); i += LANES)
		v_store(panel->scores + i, v_set(-INFINITY));
	for (int32_t lane = 0; lane < RT_PANEL; lane += LANES) {
		float *scores = panel->scores + lane, *sum_v = panel->sum_v + lane;
		vec none = v_set(-INFINITY), max[CHAINS] = { none, none, none, none };
		vec old = v_load(panel->max + lane), sum = v_load(panel->sum + lane);
		for (int32_t i = 0; i < keys; i += CHAINS)
#pragma GCC unroll CHAINS
			for (int32_t j = 0; j < CHAINS; j++)
				max[j] = v_max(v_load(scores + (i + j) * RT_PANEL), max[j]);
		vec most = v_max(v_mul(v_max(v_max(max[0], max[1]), v_max(max[2], max[3])), scale), old);
		if (v_largest(v_sub(most, old)) > SLACK) {
			most = v_select(v_less(v_add(old, slack), most), most, old);
			vec shrink = v_exp2_falling(v_sub(old, most));
			sum = v_mul(sum, shrink);
			for (int32_t i = 0; i < channels; i++)
				v_store(sum_v + i * RT_PANEL, v_mul(v_load(sum_v + i * RT_PANEL), shrink));
			v_store(panel->max + lane, most);
		} else {
			most = old;
		}
		if (job->w_type == RT_BF16)
			sum = add_powers(scores, keys, scale, most, sum, true);
		else
			sum = add_powers(scores, keys, scale, most, sum, false);
		v_store(panel->sum + lane, sum);
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

#ifdef VEC_BFLOAT
/* Rows row.. of scores = q k^T in bfloat16, for at most TILE_BLOCK keys. */
static void score_bfloat(const struct job *job, const struct block *at, struct panel *panels, int32_t count,
	int32_t row, int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	static const float zeros[PANELS * RT_PANEL];
	_Alignas(RT_ALIGN) uint16_t numbers[NUMBERS];
	struct bfloat_rows rows = bfloat_begin(numbers, CHANNELS_BFLOAT / bfloat_parts(job->w_type), job->w_type);
	struct bfloat_product product = { .tiles = job->tiles,
		.w = (const void *)panels->q,
		.next_w = 2 * query_floats(p),
		.next_w_pair = 2 * BFLOAT_PAIR,
		.c = panels->scores + row * RT_PANEL,
		.ldc = RT_PANEL,
		.next_c = KEYS * RT_PANEL,
		.start = zeros };
	ptrdiff_t from = at->k + (ptrdiff_t)key * p->k[2];

	for (int32_t i = 0; i < count && key == 0; i++) {
		pack_queries(job, at, &panels[i], 0, p->d);
		bfloat_panel_floats(panels[i].q, p->d, job->w_type);
	}
	if (bfloat_in_place(p->x_type, job->w_type, keys, p->d)) {
		bfloat_point(job->k, from, p->k[2], keys, p->d, &product);
	} else {
		for (int32_t i = 0; i < keys; i++)
			bfloat_elements(&rows, i, 0, p->x_type, job->k, from + (ptrdiff_t)i * p->k[2], p->d);
		bfloat_end(&rows, keys, p->d, &product);
	}
	bfloat_multiply(&product, count);
}

/* sum_v += v^T scores in bfloat16, for keys whose scores are the rows from `row` on. */
static void add_some_bfloat(const struct job *job, const struct block *at, struct panel *panels, int32_t count,
	int32_t row, int32_t key, int32_t keys)
{
	const struct rt_attention *p = job->p;
	_Alignas(RT_ALIGN) uint16_t numbers[NUMBERS];

	for (int32_t c = 0; c < at->channels; c += BFLOAT_COLUMNS) {
		int32_t n = at->channels - c < BFLOAT_COLUMNS ? at->channels - c : BFLOAT_COLUMNS;
		struct bfloat_product product = { .tiles = job->tiles,
			.w = (const void *)(panels->scores + row * RT_PANEL),
			.next_w = 2 * KEYS * RT_PANEL,
			.next_w_pair = 2 * BFLOAT_PAIR,
			.c = panels->sum_v + c * RT_PANEL,
			.ldc = RT_PANEL,
			.next_c = sum_floats(at) };
		bfloat_columns(numbers, p->x_type, job->w_type, job->v, at->v + (ptrdiff_t)key * p->v[2] + at->channel + c,
			p->v[2], keys, n, &product);
		bfloat_multiply(&product, count);
	}
}

/* Powers that are to have two parts are split here. */
static void add_values_bfloat(
	const struct job *job, const struct block *at, struct panel *panels, int32_t count, int32_t key, int32_t keys)
{
	int32_t some = KEYS / bfloat_parts(job->w_type);

	for (int32_t i = 0; i < count && job->w_type != RT_BF16; i++)
		bfloat_panel_floats(panels[i].scores, keys, job->w_type);
	for (int32_t i = 0; i < keys; i += some)
		add_some_bfloat(job, at, panels, count, i, key + i, keys - i < some ? keys - i : some);
}
#endif

/* Sums are turned to rows of channels on the way. Where vectors reach beyond the last channel, there are sums of
 * others, or room for them. */
static void store(const struct job *job, const struct block *at, struct panel *panel)
{
	const struct rt_attention *p = job->p;
	float y[RT_PANEL][CHANNELS_STAGED];

	for (int32_t i = 0; i < at->channels * RT_PANEL; i += LANES) {
		vec sum = v_load(panel->sum + i % RT_PANEL);
		v_store(panel->sum_v + i, v_div(v_load(panel->sum_v + i), sum));
	}
	for (int32_t c = 0; c < at->channels; c += CHANNELS_STAGED) {
		int32_t n = at->channels - c < CHANNELS_STAGED ? at->channels - c : CHANNELS_STAGED;
		for (int32_t i = 0; i < n; i += LANES)
			for (int32_t lane = 0; lane < RT_PANEL; lane += LANES)
				v_transpose(y[lane] + i, CHANNELS_STAGED, panel->sum_v + (c + i) * RT_PANEL + lane, RT_PANEL);
		for (int32_t i = 0; i < panel->queries; i++) {
			ptrdiff_t to = at->y + (ptrdiff_t)(panel->first + i) * p->y[2] + at->channel + c;
			store_row(&job->to, job->y, p->y_type, to, y[i], n);
		}
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
			exponentiate(job, &panels[i], keys, at->channels);
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

#ifdef VEC_BFLOAT
static void bfloat_units(void *data, int32_t unit, int32_t end)
{
	static const struct products products = { score_bfloat, add_values_bfloat };
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.products = &products;
	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}

/* What the products of this call are made of: RT_BF16, RT_BF16X2 or floats. Rows of panels come in pairs, and channels
 * of v in whole tiles, for the sums of several panels follow each other. */
static enum rt_type product_type(const struct rt_attention *p)
{
	enum rt_type type = p->x_type == RT_BF16 ? RT_BF16 : p->split || p->x_type == RT_F16 ? RT_BF16X2 : RT_F32;
	bool fits =
		bfloat_suits(type) && p->d * bfloat_parts(type) <= CHANNELS_BFLOAT && p->d % 2 == 0 && p->dv % BFLOAT_SIDE == 0;

	return fits ? type : RT_F32;
}
#endif

KERNEL(attention, (void *y, const void *q, const void *k, const void *v))
{
	int32_t widest = p->d > p->dv ? p->d : p->dv, panels = widest > 0 && widest < CHANNELS ? CHANNELS / widest : 1;
	static const struct products products = { score, add_values };
	struct job job = { .p = p,
		.y = y,
		.q = q,
		.k = k,
		.v = v,
		.products = &products,
		.to = quantizer_of(p->y_type, p->y_scale, p->y_zero) };
	/* Powers of 2 are cheaper than those of e. */
	float scale = p->scale * 1.44269504f;
	int32_t count;

	job.panels = panels < PANELS ? panels : PANELS;
	job.blocks = (p->m + job.panels * RT_PANEL - 1) / (job.panels * RT_PANEL);
	job.rounds = (p->dv + CHANNELS - 1) / CHANNELS;
	job.q_scale = scale;
	job.scale = 1;
	count = p->b * p->h * job.blocks * job.rounds;
#ifdef VEC_BFLOAT
	job.w_type = product_type(p);
	/* Queries of one bfloat16 have no room for a scale but its sign. */
	if (job.w_type == RT_BF16 && scale != 0) {
		job.q_scale = scale < 0 ? -1 : 1;
		job.scale = fabsf(scale);
	}
	if (job.w_type != RT_F32) {
		rt_parallel(run, count, bfloat_units, &job);
		return;
	}
#endif
	rt_parallel(run, count, units, &job);
}
