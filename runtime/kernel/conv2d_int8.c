#include "kernel.h"
#include "kernel/conv2d_int8_direct.h"
#include "kernel/conv2d_int8_store.h"

/* An implicit matrix product as in conv2d: a row is an output pixel, k runs over taps and then channels. Rows are used
 * in place, by pointers to their taps; only where their bytes are not what v_dot multiplies, and where the channels of
 * a tap do not come in fours, they are gathered into a buffer first. Where a tap has fewer than four channels, the
 * weights are gathered, too, so that four taps of a grey picture are multiplied at once instead of a tap and three
 * zeros. Levels with tiles gather all that does not go the way of conv2d_int8_direct.h. */
enum {
	MOST_TAPS = 9,        /* with pointers of their own */
	DEPTH_GATHERED = 320, /* bytes of a row in a block of k */
	DEPTH_FEW = 152,      /* most taps times channels when both rows and weights are gathered */
};

/* A block of k: taps from `tap` on, and of each the channels from `channel` on. */
struct depth {
	int32_t tap, taps, channel, channels;
};

/* The first panel of a block of k. */
static const int8_t *weights_at(const struct job *job, const struct block *at, const struct depth *k)
{
	return panel_at(job, at) + ((ptrdiff_t)k->tap * job->padded + k->channel) * RT_PANEL;
}

/* Sets rows[tap][i] for `taps` taps from `tap` on. */
static void point(const struct job *job, const struct block *at, int32_t tap, int32_t taps, int32_t channel,
	const uint8_t *rows[][TILE_BLOCK])
{
	const struct rt_conv2d_int8 *p = job->p;
	const uint8_t *picture = job->x + (ptrdiff_t)at->n * p->h * p->w * p->c + (ptrdiff_t)at->g * job->c + channel;
	const uint8_t *padding = job->padding;
	const struct windows *windows = &job->windows;
	const struct window_block *block = &at->window;

	for (int32_t t = 0; t < taps; t++) {
		struct window_tap seen = window_tap(windows, tap + t);
		for (int32_t i = 0; i < at->pixels; i++)
			rows[t][i] = window_sees(windows, block, &seen, i) ? picture + (block->at[i] + seen.offset) : padding;
	}
}

/* n bytes for each pixel, one tap after the other and each `step` bytes after the one before; n is known where this is
 * inlined, if that helps. */
VEC_INLINE void copy_tap(
	const struct block *at, const uint8_t *const *from, uint8_t *to, int32_t step, int32_t n, uint8_t flip)
{
	for (int32_t i = 0; i < at->pixels; i++, to += DEPTH_GATHERED) {
		if (n < step)
			memset(to + step - DOT_GROUP, 0, DOT_GROUP);
		for (int32_t j = 0; j < n; j++)
			to[j] = from[i][j] ^ flip;
	}
}

/* Copies what `point` would point at, so that the block of k becomes one long segment of `terms` bytes a row: taps in
 * whole groups, or one right after the other when they have few channels. Zeros complete INT8_TERMS. Returns `terms`.
 */
static int32_t gather(const struct job *job, const struct block *at, const struct depth *k, uint8_t *buffer)
{
	const uint8_t *taps[MOST_TAPS][TILE_BLOCK];
	int32_t step = job->few ? job->c : groups_of(k->channels) * DOT_GROUP, terms = k->taps * step;
	int32_t end = (terms + INT8_TERMS - 1) / INT8_TERMS * INT8_TERMS;

	for (int32_t i = 0; i < at->pixels && terms < end; i++)
		memset(buffer + i * DEPTH_GATHERED + end - INT8_TERMS, 0, INT8_TERMS);
	for (int32_t t = 0; t < k->taps; t += MOST_TAPS) {
		int32_t count = k->taps - t < MOST_TAPS ? k->taps - t : MOST_TAPS;
		point(job, at, k->tap + t, count, k->channel, taps);
		for (int32_t s = 0; s < count; s++) {
			uint8_t *to = buffer + (t + s) * step;
			if (k->channels == 1)
				copy_tap(at, taps[s], to, step, 1, job->flip);
			else
				copy_tap(at, taps[s], to, step, k->channels, job->flip);
		}
	}
	return terms;
}

/* The weights are w_zero more than they are stored as: adds that times the sum of each row's bytes to all its results.
 */
static void add_row_sums(const struct job *job, const struct block *at, const struct tile_int8 *tile)
{
	for (int32_t i = 0; i < at->pixels; i++) {
		int32_t sum = 0;
		for (int32_t s = 0; s < tile->segments; s++) {
			const uint8_t *x = tile->rows[(ptrdiff_t)s * TILE_BLOCK + i];
			for (int32_t t = 0; t < tile->groups * DOT_GROUP; t++)
				sum += DOT_SIGNED ? (int8_t)x[t] : x[t];
		}
		uint32_t add = (uint32_t)sum * (uint32_t)job->p->w_zero;
		for (int32_t j = 0; j < at->columns; j++)
			tile->c[i * TILE_COLUMNS + j] = (int32_t)((uint32_t)tile->c[i * TILE_COLUMNS + j] + add);
	}
}

static void multiply_gathered(
	const struct job *job, const struct block *at, const struct depth *k, const int8_t *few, int32_t *c)
{
	_Alignas(RT_ALIGN) uint8_t buffer[TILE_BLOCK * DEPTH_GATHERED];
	const uint8_t *rows[TILE_BLOCK];
	int32_t groups = groups_of(gather(job, at, k, buffer));
	struct tile_int8 tile = { .c = c,
		.ldc = TILE_COLUMNS,
		.next_c = RT_PANEL,
		.rows = rows,
		.segments = 1,
		.groups = groups,
		.w = job->few ? few : weights_at(job, at, k),
		.next_w = job->few ? (ptrdiff_t)groups * RT_PANEL * DOT_GROUP : job->panel,
		.fresh = !k->tap && !k->channel,
		.stride = DEPTH_GATHERED,
		.next_tile = INT8_SIDE * DEPTH_GATHERED,
		.tiles = job->tiles };

	for (int32_t i = 0; i < at->pixels; i++)
		rows[i] = buffer + i * DEPTH_GATHERED;
	tile_int8_pad(rows, at->pixels);
	tile_int8_block(&tile, at->pixels, (at->columns + RT_PANEL - 1) / RT_PANEL);
	if (job->p->w_zero)
		add_row_sums(job, at, &tile);
}

static void multiply(const struct job *job, const struct block *at, const struct depth *k, int32_t *c)
{
	const uint8_t *rows[MOST_TAPS][TILE_BLOCK];
	struct tile_int8 tile = { .c = c,
		.ldc = TILE_COLUMNS,
		.next_c = RT_PANEL,
		.rows = rows[0],
		.segments = k->taps,
		.groups = groups_of(k->channels),
		.w = weights_at(job, at, k),
		.next_w = job->panel,
		.fresh = !k->tap && !k->channel };

	point(job, at, k->tap, k->taps, k->channel, rows);
	for (int32_t s = 0; s < tile.segments; s++)
		tile_int8_pad(rows[s], at->pixels);
	tile_int8_block(&tile, at->pixels, (at->columns + RT_PANEL - 1) / RT_PANEL);
	if (job->p->w_zero)
		add_row_sums(job, at, &tile);
}

/* Walks k in the order of the weights: whole taps as long as several fit a block, else parts of one. */
static void sum_up(const struct job *job, const struct block *at, const int8_t *few, int32_t *c)
{
	int32_t taps = job->p->kh * job->p->kw, depth = job->gather ? DEPTH_GATHERED : DEPTH;
	int32_t step = job->few ? job->c : job->padded, together = job->gather ? depth / step : MOST_TAPS;

	together = together < 1 || step > depth ? 1 : together;
	for (int32_t tap = 0; tap < taps; tap += together)
		for (int32_t channel = 0; channel < job->c; channel += depth) {
			struct depth k = { tap, taps - tap < together ? taps - tap : together, channel, job->c - channel };
			if (k.channels > depth)
				k.channels = depth;
			if (job->gather)
				multiply_gathered(job, at, &k, few, c);
			else
				multiply(job, at, &k, c);
		}
}

/* The four pixels of a place that is pooled follow each other. */
static void store_gathered(
	const struct job *job, const struct block *at, const struct columns *columns, const int32_t *c)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t size = job->windows.size, window = size * size;
	ptrdiff_t next = p->ldy ? p->ldy : p->oc, first = (ptrdiff_t)at->n * (p->oh / size) * (p->ow / size) + at->first;
	struct results to = { .sums = c,
		.lines = 1,
		.places = at->pixels / window,
		.columns = at->columns,
		.place = window * TILE_COLUMNS,
		.beside = TILE_COLUMNS,
		.below = 2 * TILE_COLUMNS,
		.to = first * next + (ptrdiff_t)at->g * job->oc + at->j };

	store_results(job, columns, 0, to);
}

/* A unit is TILE_BLOCK pixels by TILE_COLUMNS channels of a group. Those of the same channels follow each other: what
 * begin_columns makes serves them all. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_conv2d_int8 *p = job->p;
	int32_t size = job->windows.size, window = size * size, places = (p->oh / size) * (p->ow / size), begun = -1;
	_Alignas(RT_ALIGN) int32_t c[TILE_BLOCK * TILE_COLUMNS];
	int8_t few[TILE_COLUMNS * DEPTH_FEW];
	struct columns columns;
	struct block at;

	for (; unit < end; unit++) {
		int32_t now = begin_block(job, unit, &at);
		at.first = unit % job->strips * (TILE_BLOCK / window);
		at.pixels = (places - at.first) * window;
		if (at.pixels > TILE_BLOCK)
			at.pixels = TILE_BLOCK;
		if (now != begun)
			begin_columns(job, &at, &columns);
		if (now != begun && job->few)
			gather_weights(job, &at, p->kh * p->kw * job->c, job->c, p->kw * job->c, few);
		begun = now;
		window_block(&job->windows, &at.window, at.first, at.pixels);
		sum_up(job, &at, few, c);
		store_gathered(job, &at, &columns, c);
	}
}

#ifdef VEC_TILES
static void tiled_units(void *data, int32_t unit, int32_t end)
{
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

KERNEL(conv2d_int8, (void *y, const void *x, const void *w, const void *sums, const void *scale, const void *bias,
						const void *residual))
{
	int32_t size = p->pool == 2 ? 2 : 1, strip = TILE_BLOCK / (size * size);
	int32_t places = (p->oh / size) * (p->ow / size), count;
	struct job job = { p, y, x, w, sums, scale, bias, residual,
		.windows = { p->h, p->w, p->c, p->ow, size, p->kw, p->stride_h, p->stride_w, p->pad_top, p->pad_left,
			p->dilation_h, p->dilation_w },
		.c = p->c / p->group, .oc = p->oc / p->group };

	job.padded = groups_of(job.c) * DOT_GROUP;
	job.strips = (places + strip - 1) / strip;
	job.across = (job.oc + TILE_COLUMNS - 1) / TILE_COLUMNS;
	job.panel = (ptrdiff_t)p->kh * p->kw * job.padded * RT_PANEL;
	job.flip = (p->x_type == RT_I8) != DOT_SIGNED ? FLIP : 0;
	job.gather = INT8_GATHERED || job.flip || job.c % DOT_GROUP;
	job.few = job.c < DOT_GROUP && p->kh * p->kw * job.c <= DEPTH_FEW;
	memset(job.padding, (uint8_t)p->x_zero, sizeof job.padding);
	count = p->n * job.strips * p->group * job.across;
#ifdef VEC_TILES
	if (plan_directly(&job)) {
		rt_parallel(run, p->n * job.strips * p->group * job.across, direct_units, &job);
		return;
	}
	rt_parallel(run, count, tiled_units, &job);
#else
	rt_parallel(run, count, units, &job);
#endif
}
