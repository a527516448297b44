/* How winograd cuts its work into blocks, and the part of the picture that each of them sees, with zeros around it:
 * what Winograd's method and the direct one have in common. */
#ifndef WINOGRAD_BLOCK_H
#define WINOGRAD_BLOCK_H

#include "micro/act.h"
#include "micro/bfloat.h"
#include "micro/stage.h"
#include "micro/tile.h"

struct block;

struct job {
	const struct rt_winograd *p;
	struct rt_winograd_layout layout;
	void *y;
	const void *x, *w;
	const float *bias;
	const float *head_bias;
	float *planes;            /* of the transformed weights, in the order in which they are used */
	const float *head_floats; /* the weights of the first convolution */
	float *slots;
	int32_t across, down; /* blocks of a picture */
	bool stream;          /* y is stored past the caches */
	void (*compute)(const struct job *job, const struct block *at);
	struct tiles *tiles; /* of the direct method */
};

/* Squares of 4 x 4 outputs from row `top` and column `left` on, of picture n. */
struct block {
	int32_t n, top, left, tiles_h, tiles_w;
	int32_t rows, columns; /* of the inputs they see */
	float *inputs, *head, *shared;
};

static int32_t squares(int32_t length, int32_t most)
{
	int32_t all = (length + RT_WINOGRAD_OUT - 1) / RT_WINOGRAD_OUT;

	return all < most ? all : most;
}

static struct block place(const struct job *job, int32_t number, float *slot)
{
	const struct rt_winograd *p = job->p;
	struct block at = { .n = number / job->across / job->down,
		.top = number / job->across % job->down * p->tiles_h * RT_WINOGRAD_OUT,
		.left = number % job->across * p->tiles_w * RT_WINOGRAD_OUT,
		.inputs = slot,
		.head = slot + RT_WINOGRAD_PLANES * job->layout.x_plane,
		.shared = slot + RT_WINOGRAD_PLANES * job->layout.x_plane + job->layout.head_picture };

	at.tiles_h = squares(p->oh - at.top, p->tiles_h);
	at.tiles_w = squares(p->ow - at.left, p->tiles_w);
	at.rows = at.tiles_h * RT_WINOGRAD_OUT + RT_WINOGRAD_SIDE - RT_WINOGRAD_OUT;
	at.columns = at.tiles_w * RT_WINOGRAD_OUT + RT_WINOGRAD_SIDE - RT_WINOGRAD_OUT;
	return at;
}

/* n elements of a tensor from number `from` on, as `type`: F32, or BF16 at levels with tiles. */
static void take(void *to, enum rt_type type, const void *x, enum rt_type x_type, ptrdiff_t from, int32_t n)
{
#ifdef VEC_TILES
	if (type == RT_BF16) {
		struct bfloat_rows row = { .hi = to };
		bfloat_elements(&row, 0, 0, x_type, x, from, n);
		return;
	}
#endif
	(void)type;
	load_floats(to, element_at(x, x_type, from), x_type, 1, n);
}

/* to[row][column][step] of `type` (see take) = rows by columns of a picture [h][w][c] from (top, left) on, and zeros
 * outside of it. */
static void copy_part(
	void *to, enum rt_type type, int32_t step, const struct block *at, int32_t margin, const struct job *job, int32_t c)
{
	const struct rt_winograd *p = job->p;
	int32_t top = at->top - p->pad_top - margin, left = at->left - p->pad_left - margin;
	int32_t rows = at->rows + 2 * margin, columns = at->columns + 2 * margin;
	int32_t first = left < 0 ? -left : 0, last = p->w - left < columns ? p->w - left : columns;

	for (int32_t row = 0; row < rows; row++, to = element_to(to, type, (ptrdiff_t)columns * step)) {
		int32_t y = top + row;
		bool inside = y >= 0 && y < p->h && first < last;
		if (!inside || first > 0 || last < columns || step != c)
			memset(to, 0, (size_t)columns * (size_t)step * rt_type_size(type));
		if (!inside)
			continue;
		ptrdiff_t from = (((ptrdiff_t)at->n * p->h + y) * p->w + left + first) * c;
		if (step == c)
			take(element_to(to, type, (ptrdiff_t)first * step), type, job->x, p->x_type, from, (last - first) * c);
		for (int32_t i = first; step != c && i < last; i++, from += c)
			take(element_to(to, type, (ptrdiff_t)i * step), type, job->x, p->x_type, from, c);
	}
}

/* What lies outside of the picture is the zeros of conv's padding, not what the first convolution would give there.
 * `pixel`: the bytes of one. */
static void clear_outside(void *part, size_t pixel, const struct block *at, const struct job *job)
{
	const struct rt_winograd *p = job->p;
	int32_t top = at->top - p->pad_top, left = at->left - p->pad_left;
	char *to = part;

	if (top >= 0 && left >= 0 && top + at->rows <= p->h && left + at->columns <= p->w)
		return;
	for (int32_t row = 0; row < at->rows; row++)
		for (int32_t column = 0; column < at->columns; column++, to += pixel) {
			int32_t y = top + row, x = left + column;
			if (y < 0 || y >= p->h || x < 0 || x >= p->w)
				memset(to, 0, pixel);
		}
}

/* The first convolution, for n <= TILE_BLOCK of the pixels that the block sees, from number `first` on:
 * to[n][channels]. It is a product whose rows are the pixels, and whose k runs over three rows of three neighbouring
 * pixels, which lie side by side in the copy at at->head. */
static void convolve_head(float *to, int32_t first, int32_t n, const struct block *at, const struct job *job)
{
	const struct rt_winograd *p = job->p;
	int32_t channels = (int32_t)job->layout.channels, c = p->head_c, column = first % at->columns;
	/* A row of windows is two pixels shorter than a row of the picture. */
	const float *rows[3][TILE_BLOCK], *window = at->head + (ptrdiff_t)(first + first / at->columns * 2) * c;
	struct tile tile = { .c = to,
		.ldc = channels,
		.next_c = RT_PANEL,
		.rows = rows[0],
		.step = 1,
		.segments = 3,
		.depth = 3 * c,
		.w = job->head_floats,
		.next_w = (ptrdiff_t)9 * c * RT_PANEL };

	for (int32_t i = 0; i < n; i++, column++, window += c) {
		if (column == at->columns) {
			column = 0;
			window += 2 * c;
		}
		for (int s = 0; s < 3; s++)
			rows[s][i] = window + (ptrdiff_t)s * (at->columns + 2) * c;
	}
	for (int s = 0; s < 3; s++)
		tile_pad(rows[s], n);
	tile_begin(to, channels, n, channels, job->head_bias);
	tile_block(&tile, n, channels / RT_PANEL);
	activate(to, n * channels, p->head_act, p->slope);
}

/* What the block sees, to[rows][columns][step] of `type` (see take), with room for a few pixels more. As F32, step is
 * the channels of whole panels; else it is c, made even. Channels that are not in c are finite. */
static void take_part(void *to, enum rt_type type, int32_t step, const struct block *at, const struct job *job)
{
	const struct rt_winograd *p = job->p;
	int32_t pixels = at->rows * at->columns, channels = (int32_t)job->layout.channels;

	if (!p->head_c) {
		copy_part(to, type, step, at, 0, job, p->c);
		return;
	}
	copy_part(at->head, RT_F32, p->head_c, at, 1, job, p->head_c);
	for (int32_t first = 0; first < pixels; first += TILE_BLOCK) {
		int32_t n = pixels - first < TILE_BLOCK ? pixels - first : TILE_BLOCK;
		float *floats = type == RT_F32 ? (float *)to + (ptrdiff_t)first * step : at->shared;
		convolve_head(floats, first, n, at, job);
		for (int32_t i = 0; type != RT_F32 && i < n; i++)
			take(element_to(to, type, (ptrdiff_t)(first + i) * step), type, floats, RT_F32, (ptrdiff_t)i * channels,
				step);
	}
	clear_outside(to, (size_t)step * rt_type_size(type), at, job);
}

#endif
