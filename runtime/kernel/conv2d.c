#include "kernel.h"
#include "micro/act.h"
#include "micro/bfloat.h"
#include "micro/round_narrow.h"
#include "micro/stage.h"
#include "micro/tile.h"
#include "micro/window.h"

/* An implicit matrix product: a row is an output pixel, k runs over taps (kernel positions) and then channels. Rows are
 * not copied: each tap of each pixel is a pointer into the picture, or to zeros where the tap lies in the padding.
 * Pictures with few channels and half-precision ones are gathered into a buffer instead, a block of k at a time. */
enum { FEW_CHANNELS = 8, MOST_TAPS = 9 };

/* What a unit computes: `pixels` outputs from place `first` on of picture n, columns j.. of group g. */
struct block {
	int32_t n, g, first, pixels, j, columns;
	struct window_block window;
};

/* A block of k: taps from `tap` on, and of each the channels from `channel` on. */
struct depth {
	int32_t tap, taps, channel, channels;
};

struct job {
	const struct rt_conv2d *p;
	void *y;
	const void *x, *w;
	const float *bias;
	struct windows windows;
	int32_t c, oc;  /* channels of one group */
	int32_t c_rows; /* rows of a panel that a tap's channels take */
	int32_t strips; /* units along the pixels of one picture */
	int32_t across; /* units along the channels of one group */
	bool gather;
	int32_t depth; /* most k in a block */
	void (*multiply)(const struct job *job, const struct block *at, const struct depth *k, float *c);
	struct tiles *tiles; /* of multiply_bfloat */
};

/* The element of x that is the first of the block's picture and group. */
static ptrdiff_t picture_at(const struct job *job, const struct block *at)
{
	const struct rt_conv2d *p = job->p;

	return (ptrdiff_t)at->n * p->h * p->w * p->c + (ptrdiff_t)at->g * job->c;
}

/* Sets rows[tap][i] for the taps of a block of k. */
static void point(const struct job *job, const struct block *at, const struct depth *k, const float *rows[][TILE_BLOCK])
{
	static const float zeros[TILE_DEPTH];
	const float *picture = (const float *)job->x + picture_at(job, at) + k->channel;
	const struct windows *windows = &job->windows;
	const struct window_block *block = &at->window;

	for (int32_t t = 0; t < k->taps; t++) {
		struct window_tap tap = window_tap(windows, k->tap + t);
		for (int32_t i = 0; i < at->pixels; i++)
			rows[t][i] = window_sees(windows, block, &tap, i) ? picture + (block->at[i] + tap.offset) : zeros;
		tile_pad(rows[t], at->pixels);
	}
}

/* Copies what `point` would point at, so that the block of k becomes one long segment. */
static void gather(const struct job *job, const struct block *at, const struct depth *k,
	const float *rows[][TILE_BLOCK], float buffer[][TILE_DEPTH_STAGED])
{
	enum rt_type type = job->p->x_type;
	ptrdiff_t picture = picture_at(job, at) + k->channel;
	const struct windows *windows = &job->windows;
	const struct window_block *block = &at->window;

	for (int32_t t = 0; t < k->taps; t++) {
		struct window_tap tap = window_tap(windows, k->tap + t);
		for (int32_t i = 0; i < at->pixels; i++) {
			float *to = buffer[i] + t * k->channels;
			if (window_sees(windows, block, &tap, i))
				load_floats(to, element_at(job->x, type, picture + block->at[i] + tap.offset), type, 1, k->channels);
			else
				memset(to, 0, (size_t)k->channels * sizeof *to);
		}
	}
	for (int32_t i = 0; i < at->pixels; i++)
		rows[0][i] = buffer[i];
	tile_pad(rows[0], at->pixels);
}

static void multiply(const struct job *job, const struct block *at, const struct depth *k, float *c)
{
	const struct rt_conv2d *p = job->p;
	const float *rows[MOST_TAPS][TILE_BLOCK];
	float buffer[TILE_BLOCK][TILE_DEPTH_STAGED], w_staged[TILE_PANELS * TILE_DEPTH_STAGED * RT_PANEL];
	int32_t panels = (job->oc + RT_PANEL - 1) / RT_PANEL;
	ptrdiff_t panel = (ptrdiff_t)p->kh * p->kw * job->c_rows * RT_PANEL;
	ptrdiff_t from = at->g * panels * panel + ((ptrdiff_t)k->tap * job->c_rows + k->channel) * RT_PANEL;

	if (job->gather)
		gather(job, at, k, rows, buffer);
	else
		point(job, at, k, rows);
	for (int32_t j = 0; j < at->columns; j += TILE_PANELS * RT_PANEL) {
		int32_t count = tile_panels(at->columns - j);
		struct tile tile = { .c = c + j,
			.ldc = TILE_COLUMNS,
			.next_c = RT_PANEL,
			.rows = rows[0],
			.step = 1,
			.segments = job->gather ? 1 : k->taps,
			.depth = job->gather ? k->taps * k->channels : k->channels };
		stage_weights(&tile, p->w_type, job->w, from + (at->j + j) / RT_PANEL * panel, panel, count, k->taps,
			k->channels, w_staged);
		tile_block(&tile, at->pixels, count);
	}
}

static void store(const struct job *job, const struct block *at, float *c)
{
	const struct rt_conv2d *p = job->p;
	int32_t size = job->windows.size, window = size * size;
	int32_t padded = (at->columns + RT_PANEL - 1) / RT_PANEL * RT_PANEL;
	ptrdiff_t to = (ptrdiff_t)at->n * (p->oh / size) * (p->ow / size) + at->first;

	to = to * p->oc + (ptrdiff_t)at->g * job->oc + at->j;
	for (int32_t i = 0; i < at->pixels; i += window, c += window * TILE_COLUMNS, to += p->oc) {
		for (int32_t r = 0; r < window; r++) {
			scale_by(c + r * TILE_COLUMNS, padded, p->alpha);
			activate(c + r * TILE_COLUMNS, padded, p->act, p->slope);
		}
		for (int32_t j = 0; window > 1 && j < padded; j += LANES) {
			vec top = v_max(v_load(c + j), v_load(c + TILE_COLUMNS + j));
			vec bottom = v_max(v_load(c + 2 * TILE_COLUMNS + j), v_load(c + 3 * TILE_COLUMNS + j));
			v_store(c + j, v_max(top, bottom));
		}
		if (p->round)
			round_saturated(c, p->round, padded);
		store_floats(element_to(job->y, p->y_type, to), c, p->y_type, 1, at->columns);
	}
}

/* Walks k in the order of the weights: whole taps as long as several fit a block, else parts of one. */
static void sum_up(const struct job *job, const struct block *at, float *c)
{
	int32_t taps = job->p->kh * job->p->kw, together = job->depth / job->c_rows;

	together = together < 1 ? 1 : together;
	if (!job->gather && together > MOST_TAPS)
		together = MOST_TAPS;
	for (int32_t tap = 0; tap < taps; tap += together)
		for (int32_t channel = 0; channel < job->c; channel += job->depth) {
			struct depth k = { tap, taps - tap < together ? taps - tap : together, channel, job->c - channel };
			if (k.channels > job->depth)
				k.channels = job->depth;
			job->multiply(job, at, &k, c);
		}
}

/* A unit is TILE_BLOCK pixels by TILE_COLUMNS channels of a group. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_conv2d *p = job->p;
	int32_t size = job->windows.size, window = size * size, places = (p->oh / size) * (p->ow / size);
	_Alignas(RT_ALIGN) float c[TILE_BLOCK * TILE_COLUMNS];
	struct block at;

	for (; unit < end; unit++) {
		int32_t rest = unit / job->across / p->group;
		at.j = unit % job->across * TILE_COLUMNS;
		at.g = unit / job->across % p->group;
		at.n = rest / job->strips;
		at.first = rest % job->strips * (TILE_BLOCK / window);
		at.pixels = (places - at.first) * window;
		if (at.pixels > TILE_BLOCK)
			at.pixels = TILE_BLOCK;
		at.columns = job->oc - at.j < TILE_COLUMNS ? job->oc - at.j : TILE_COLUMNS;
		window_block(&job->windows, &at.window, at.first, at.pixels);
		tile_begin(c, TILE_COLUMNS, at.pixels, at.columns, job->bias ? job->bias + at.g * job->oc + at.j : NULL);
		sum_up(job, &at, c);
		store(job, &at, c);
	}
}

#ifdef VEC_BFLOAT
static void multiply_bfloat(const struct job *job, const struct block *at, const struct depth *k, float *c)
{
	const struct rt_conv2d *p = job->p;
	_Alignas(RT_ALIGN) uint16_t numbers[BFLOAT_NUMBERS];
	struct bfloat_rows rows = bfloat_begin(numbers, job->depth, p->w_type);
	struct bfloat_product product = { .tiles = job->tiles, .c = c, .ldc = TILE_COLUMNS, .next_c = RT_PANEL };
	int32_t panels = (job->oc + RT_PANEL - 1) / RT_PANEL, step = stored_rows(p->w_type, k->channels);
	ptrdiff_t picture = picture_at(job, at) + k->channel;
	const struct windows *windows = &job->windows;
	const struct window_block *block = &at->window;

	for (int32_t t = 0; t < k->taps; t++) {
		struct window_tap tap = window_tap(windows, k->tap + t);
		for (int32_t i = 0; i < at->pixels; i++) {
			if (window_sees(windows, block, &tap, i))
				bfloat_elements(
					&rows, i, t * step, p->x_type, job->x, picture + block->at[i] + tap.offset, k->channels);
			else
				bfloat_zeros(&rows, i, t * step, k->channels);
			if (step > k->channels)
				bfloat_zeros(&rows, i, t * step + k->channels, 1);
		}
	}
	bfloat_end(&rows, at->pixels, k->taps * step, &product);
	bfloat_multiply_by(&product, job->w, p->w_type, at->g * panels + at->j / RT_PANEL,
		(ptrdiff_t)p->kh * p->kw * job->c_rows, (ptrdiff_t)k->tap * job->c_rows + k->channel,
		(at->columns + RT_PANEL - 1) / RT_PANEL);
}

static void bfloat_units(void *data, int32_t unit, int32_t end)
{
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.multiply = multiply_bfloat;
	job.depth = bfloat_depth(job.p->w_type);
	job.gather = true;
	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

KERNEL(conv2d, (void *y, const void *x, const void *w, const void *bias))
{
	int32_t size = p->pool == 2 ? 2 : 1, strip = TILE_BLOCK / (size * size);
	int32_t places = (p->oh / size) * (p->ow / size);
	struct job job = { p, y, x, w, bias,
		.windows = { p->h, p->w, p->c, p->ow, size, p->kw, p->stride_h, p->stride_w, p->pad_top, p->pad_left,
			p->dilation_h, p->dilation_w },
		.c = p->c / p->group, .oc = p->oc / p->group };
	int32_t count;

	job.c_rows = stored_rows(p->w_type, job.c);
	job.strips = (places + strip - 1) / strip;
	job.across = (job.oc + TILE_COLUMNS - 1) / TILE_COLUMNS;
	job.gather = p->x_type != RT_F32 || job.c < FEW_CHANNELS;
	job.depth = job.gather || p->w_type != RT_F32 ? TILE_DEPTH_STAGED : TILE_DEPTH;
	job.multiply = multiply;
	count = p->n * job.strips * p->group * job.across;
#ifdef VEC_BFLOAT
	/* Converting halves takes longer than so few products. */
	bool short_sums = p->w_type == RT_F16 && job.c < FEW_CHANNELS;
	if (bfloat_suits(p->w_type) && !short_sums) {
		rt_parallel(run, count, bfloat_units, &job);
		return;
	}
#endif
	rt_parallel(run, count, units, &job);
}
