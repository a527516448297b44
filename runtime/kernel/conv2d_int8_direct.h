/* conv2d_int8's convolutions of several lines of taps at levels with tiles, of stride and dilation 1: bytes are not
 * gathered, tap by tap, but multiplied where they lie.
 *
 * The part of the picture that a block sees, with x_zero around it, is copied to part[rows][columns][step]. There the
 * bytes that a line of taps sees are a run of kw step, and so are their weights: a tile of rows is a line of 16
 * outputs, whose rows overlap, and k is kh runs, a line of the part apart. The sums of one panel of all the block's
 * outputs are then finished and stored, before the next panel: its weights stay in the first-level cache, and all that
 * the block sees in the second.
 *
 * Where taps have fewer channels than a group, kh lines are copied side by side, so that k is a single run: the bytes
 * of a pixel are those of the kh pixels from it downwards, and the weights are gathered in that order. */
#ifndef CONV2D_INT8_DIRECT_H
#define CONV2D_INT8_DIRECT_H

#ifdef VEC_TILES
#include "kernel/conv2d_int8_store.h"

enum {
	DIRECT_WIDTH = INT8_SIDE,              /* outputs in a line of a block */
	DIRECT_GROUP = TILE_BLOCK / INT8_SIDE, /* lines that are multiplied together */
	DIRECT_LINES = 12,                     /* of a block, at most */
	DIRECT_FEW = INT8_TERMS,               /* of k, at most, where taps have few channels */
	DIRECT_PART = 48 << 10, /* bytes, together with a few that the last row's last tile reads beyond the part */
	DIRECT_SPARE = INT8_TERMS - 1,
};

_Static_assert((int)DIRECT_WIDTH == (int)RT_PANEL, "a line of sums is a tile of them");
_Static_assert(DIRECT_PART + DIRECT_LINES * DIRECT_WIDTH * RT_PANEL * 4 + TILE_COLUMNS * DIRECT_FEW <= RT_STACK - 8192,
	"what direct_units keeps leaves some of the stack");

/* The bytes of a line of the part. */
static ptrdiff_t part_line(const struct job *job)
{
	return (ptrdiff_t)(DIRECT_WIDTH + job->p->kw - 1) * job->step;
}

/* How many lines of the part an output sees. */
static int32_t part_segments(const struct job *job)
{
	return job->few ? 1 : job->p->kh;
}

/* Chooses blocks of as many lines as there is room for, in whole groups and whole pooling windows if possible. False
 * where this way does not lead, or where it is longer. */
static bool plan_directly(struct job *job)
{
	static const int32_t lines[] = { DIRECT_LINES, 6, 2 };
	const struct rt_conv2d_int8 *p = job->p;
	bool plain = p->stride_h == 1 && p->stride_w == 1 && p->dilation_h == 1 && p->dilation_w == 1 && !p->w_zero;

	job->step = job->few ? groups_of(p->kh * job->c) * DOT_GROUP : job->padded;
	if (!plain || p->kh == 1 || (job->few && p->kw * job->step > DIRECT_FEW))
		return false;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if ((lines[i] + part_segments(job) - 1) * part_line(job) + DIRECT_SPARE <= DIRECT_PART) {
			int32_t size = job->windows.size, oh = p->oh / size * size, ow = p->ow / size * size;
			job->lines = lines[i];
			job->strips = (oh + lines[i] - 1) / lines[i] * ((ow + DIRECT_WIDTH - 1) / DIRECT_WIDTH);
			return true;
		}
	return false;
}

static void place_directly(const struct job *job, int32_t strip, struct block *at)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t size = job->windows.size, oh = p->oh / size * size, ow = p->ow / size * size;
	int32_t across = (ow + DIRECT_WIDTH - 1) / DIRECT_WIDTH;

	at->top = strip / across * job->lines;
	at->left = strip % across * DIRECT_WIDTH;
	at->lines = oh - at->top < job->lines ? oh - at->top : job->lines;
	at->width = ow - at->left < DIRECT_WIDTH ? ow - at->left : DIRECT_WIDTH;
}

/* n bytes as tiles take them. */
static void copy_bytes(uint8_t *restrict to, const uint8_t *restrict from, size_t n, uint8_t flip)
{
	if (!flip)
		memcpy(to, from, n);
	for (size_t i = 0; flip && i < n; i++)
		to[i] = from[i] ^ flip;
}

/* Copies line y of the picture to a line of the part, `shift` bytes into each pixel, from the block's first column
 * on. */
static void copy_line(const struct job *job, const struct block *at, int32_t y, int32_t shift, uint8_t *to)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t columns = DIRECT_WIDTH + p->kw - 1, c = job->c, left = at->left - p->pad_left;
	int32_t first = left < 0 ? -left : 0, last = p->w - left < columns ? p->w - left : columns;

	if (y < 0 || y >= p->h || first >= last)
		return;
	const uint8_t *from = job->x + (((ptrdiff_t)at->n * p->h + y) * p->w + left + first) * p->c + at->g * c;
	if (c == p->c && c == job->step) {
		copy_bytes(to + first * c, from, (size_t)(last - first) * (size_t)c, job->flip);
		return;
	}
	to += first * job->step + shift;
	for (int32_t i = first; c == 1 && i < last; i++, from += p->c, to += job->step)
		*to = *from ^ job->flip;
	for (int32_t i = first; c > 1 && i < last; i++, from += p->c, to += job->step)
		copy_bytes(to, from, (size_t)c, job->flip);
}

/* Copies what the block sees. Bytes of a pixel that are none of its channels are multiplied by zeros. */
static void copy_part(const struct job *job, const struct block *at, uint8_t *to)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t rows = at->lines + part_segments(job) - 1, top = at->top - p->pad_top;
	int32_t left = at->left - p->pad_left, seen = at->lines + p->kh - 1, columns = DIRECT_WIDTH + p->kw - 1;
	bool inside = top >= 0 && left >= 0 && top + seen <= p->h && left + columns <= p->w;
	ptrdiff_t line = part_line(job);

	if (!inside || job->c != job->step)
		memset(to, (uint8_t)p->x_zero ^ job->flip, (size_t)(rows * line));
	for (int32_t row = 0; row < rows; row++, to += line)
		for (int32_t i = 0; i < (job->few ? p->kh : 1); i++)
			copy_line(job, at, top + row + i, i * job->c, to);
	memset(to, 0, DIRECT_SPARE);
}

/* sums[lines][16 outputs][16] of the panel w. */
static void multiply_directly(const struct job *job, const struct block *at, const int8_t *w, const uint8_t *part,
	struct tiles *tiles, int32_t *sums)
{
	ptrdiff_t line = part_line(job);
	struct tile_int8 tile = { .c = sums,
		.ldc = RT_PANEL,
		.rows = &part,
		.segments = part_segments(job),
		.groups = groups_of(job->p->kw * job->step),
		.w = w,
		.fresh = true,
		.stride = job->step,
		.next_tile = line,
		.next_segment = line,
		.tiles = tiles };

	for (int32_t i = 0; i < at->lines; i += DIRECT_GROUP) {
		int32_t lines = at->lines - i < DIRECT_GROUP ? at->lines - i : DIRECT_GROUP;
		tile_int8_block(&tile, lines * DIRECT_WIDTH, 1);
		part += DIRECT_GROUP * line;
		tile.c += DIRECT_GROUP * DIRECT_WIDTH * RT_PANEL;
	}
}

static void store_directly(
	const struct job *job, const struct block *at, const struct columns *columns, int32_t panel, const int32_t *sums)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t size = job->windows.size, left = at->columns - panel * RT_PANEL;
	ptrdiff_t next = p->ldy ? p->ldy : p->oc, row = p->ow / size;
	struct results to = { .sums = sums,
		.lines = at->lines / size,
		.places = at->width / size,
		.columns = left < RT_PANEL ? left : RT_PANEL,
		.place = size * RT_PANEL,
		.line = (ptrdiff_t)size * DIRECT_WIDTH * RT_PANEL,
		.beside = RT_PANEL,
		.below = DIRECT_WIDTH * RT_PANEL,
		.to_line = row * next };

	to.to = (((ptrdiff_t)at->n * (p->oh / size) + at->top / size) * row + at->left / size) * next;
	to.to += (ptrdiff_t)at->g * job->oc + at->j + panel * RT_PANEL;
	store_results(job, columns, panel * RT_PANEL, to);
}

/* A unit is a block by TILE_COLUMNS channels of a group. */
static void direct_units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	_Alignas(RT_ALIGN) uint8_t part[DIRECT_PART];
	_Alignas(RT_ALIGN) int32_t sums[DIRECT_LINES * DIRECT_WIDTH * RT_PANEL];
	_Alignas(RT_ALIGN) int8_t few[TILE_COLUMNS * DIRECT_FEW];
	int32_t begun = -1, run = job->p->kw * job->step;
	struct columns columns;
	struct tiles tiles;
	struct block at;

	tiles_begin(&tiles);
	for (; unit < end; unit++) {
		int32_t now = begin_block(job, unit, &at);
		if (now != begun)
			begin_columns(job, &at, &columns);
		if (now != begun && job->few)
			gather_weights(job, &at, run, job->step, job->c, few);
		begun = now;
		place_directly(job, unit % job->strips, &at);
		copy_part(job, &at, part);
		for (int32_t panel = 0; panel * RT_PANEL < at.columns; panel++) {
			const int8_t *w = job->few ? few + panel * run * RT_PANEL : panel_at(job, &at) + panel * job->panel;
			multiply_directly(job, &at, w, part, &tiles, sums);
			store_directly(job, &at, &columns, panel, sums);
		}
	}
	tiles_end(&tiles);
}

#endif
#endif
