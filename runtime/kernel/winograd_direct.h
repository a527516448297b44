/* winograd's convolution without Winograd's method, where tiles multiply bfloat16: they do so 16 times as fast as
 * vectors multiply floats, while Winograd's method saves three of four products, but needs floats for the rest.
 *
 * What a block sees is copied, as bfloat16, to part[rows][columns][step]. There three pixels side by side are a run of
 * 3 step numbers, and so are the weights of three taps: a tile of rows is 16 pixels where they lie, and k three runs, a
 * line apart. The sums of one panel of all the block's outputs are then activated, pooled and stored, before the next
 * panel: its weights stay in the first-level cache, and all that the block sees in the second. */
#ifndef WINOGRAD_DIRECT_H
#define WINOGRAD_DIRECT_H

#ifdef VEC_TILES
#include "kernel/winograd_block.h"
#include "micro/bfloat.h"

enum { GROUP = TILE_BLOCK / TILE_SIDE /* tiles of rows that are multiplied together */ };

/* How outputs are dealt to tiles of 16 pixels: in strips that are 16 columns wide, or all of them in a single one that
 * runs on from a line of the part to the next, where two pixels for each line are computed in vain. */
struct strips {
	int32_t count, tiles;            /* strips, and tiles in each */
	ptrdiff_t next_strip, next_tile; /* in pixels of the part */
	ptrdiff_t strip, line; /* from an output to the one 16 to the right, and from a line to the next, in sums */
};

/* The pixels that the last tile may go beyond the part, and numbers beyond those: they are zeros. */
enum { SPARE_PIXELS = TILE_SIDE - 1, SPARE_NUMBERS = TILE_TERMS };

static struct strips make_strips(const struct block *at)
{
	int32_t h = at->tiles_h * RT_WINOGRAD_OUT, w = at->tiles_w * RT_WINOGRAD_OUT;
	int32_t across = (w + TILE_SIDE - 1) / TILE_SIDE, all = (h - 1) * at->columns + w;
	int32_t running = (all + TILE_SIDE - 1) / TILE_SIDE;

	if (across * h <= running)
		return (struct strips){ across, h, TILE_SIDE, at->columns, (ptrdiff_t)h * TILE_SIDE, TILE_SIDE };
	return (struct strips){ 1, running, 0, TILE_SIDE, TILE_SIDE, at->columns };
}

/* What the part takes of a block's memory, in numbers, and the sums, in floats: less than Winograd's method does, in
 * the same place. */
static size_t part_numbers(const struct block *at, int32_t c)
{
	size_t pixels = (size_t)at->rows * (size_t)at->columns + SPARE_PIXELS;

	return pixels * (size_t)stored_rows(RT_BF16, c) + SPARE_NUMBERS;
}

static size_t sum_floats(const struct block *at)
{
	struct strips strips = make_strips(at);

	return (size_t)strips.count * (size_t)strips.tiles * TILE_SIDE * RT_PANEL;
}

/* The sums of a panel: [strips][tiles][16 pixels][16]. */
static void multiply_directly(
	const struct job *job, const struct block *at, const struct strips *strips, int32_t panel, const uint16_t *part)
{
	static const float zeros[RT_PANEL];
	int32_t step = stored_rows(RT_BF16, job->p->c);
	struct bfloat_product product = { .tiles = job->tiles,
		.next_row = step,
		.next_tile = strips->next_tile * step,
		.next_pair = 2,
		.depth = 3 * step,
		.more = 2,
		.next_run = (ptrdiff_t)at->columns * step,
		.ldc = RT_PANEL,
		.c = at->shared,
		.start = job->bias ? job->bias + panel * RT_PANEL : zeros };

	bfloat_panels(job->w, RT_BF16, panel, (ptrdiff_t)9 * step, 0, &product);
	for (int32_t strip = 0; strip < strips->count; strip++) {
		product.hi = part + strip * strips->next_strip * step;
		for (int32_t tile = 0; tile < strips->tiles; tile += GROUP) {
			int32_t tiles = strips->tiles - tile < GROUP ? strips->tiles - tile : GROUP;
			product.n = tiles * TILE_SIDE;
			bfloat_multiply(&product, 1);
			product.hi += GROUP * product.next_tile;
			product.c += product.n * RT_PANEL;
		}
	}
}

/* LANES columns of the output whose sums begin there, or of the largest of 2 x 2 outputs. */
VEC_INLINE vec pooled(const float *sum, ptrdiff_t line, bool pool, vec least)
{
	const float *below = sum + line * RT_PANEL;
	vec most = v_max(least, v_load(sum));

	if (!pool)
		return most;
	vec top = v_max(most, v_load(sum + RT_PANEL));
	return v_max(top, v_max(v_load(below), v_load(below + RT_PANEL)));
}

/* Activates, pools and stores the sums of a panel. That the usual activation comes after the maximum changes nothing.
 */
static void store_directly(const struct job *job, const struct block *at, const struct strips *strips, int32_t panel)
{
	const struct rt_winograd *p = job->p;
	int32_t size = p->pool == 2 ? 2 : 1, first = panel * RT_PANEL;
	int32_t top = at->top / size, left = at->left / size, oh = p->oh / size, ow = p->ow / size;
	int32_t columns = p->oc - first < RT_PANEL ? p->oc - first : RT_PANEL;
	bool narrow = p->y_type == RT_BF16 && columns == RT_PANEL;
	vec least = v_set(p->act == RT_RELU ? 0.0f : -INFINITY);
	float pixel[RT_PANEL];

	if (p->act != RT_RELU)
		activate(at->shared, (int32_t)sum_floats(at), p->act, p->slope);
	for (int32_t i = 0; i < at->tiles_h * RT_WINOGRAD_OUT / size && top + i < oh; i++)
		for (int32_t j = 0; j < at->tiles_w * RT_WINOGRAD_OUT / size && left + j < ow; j++) {
			int32_t x = j * size;
			const float *sum =
				at->shared + (i * size * strips->line + x / TILE_SIDE * strips->strip + x % TILE_SIDE) * RT_PANEL;
			ptrdiff_t to = (((ptrdiff_t)at->n * oh + top + i) * ow + left + j) * p->oc + first;
			for (int32_t k = 0; k < RT_PANEL; k += LANES) {
				vec v = pooled(sum + k, strips->line, size == 2, least);
				if (narrow)
					v_narrow((uint16_t *)job->y + to + k, v);
				else
					v_store(pixel + k, v);
			}
			if (!narrow)
				store_floats(element_to(job->y, p->y_type, to), pixel, p->y_type, 1, columns);
		}
}

static void compute_directly(const struct job *job, const struct block *at)
{
	int32_t step = stored_rows(RT_BF16, job->p->c), panels = (job->p->oc + RT_PANEL - 1) / RT_PANEL;
	size_t inside = (size_t)at->rows * (size_t)at->columns * (size_t)step;
	uint16_t *part = (uint16_t *)at->inputs;
	struct strips strips = make_strips(at);

	take_part(part, RT_BF16, step, at, job);
	memset(part + inside, 0, (part_numbers(at, job->p->c) - inside) * sizeof *part);
	for (int32_t panel = 0; panel < panels; panel++) {
		multiply_directly(job, at, &strips, panel, part);
		store_directly(job, at, &strips, panel);
	}
}

#endif
#endif
