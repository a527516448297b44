/* Where the taps of a convolution's windows lie in a picture, for a block of output pixels. Pixels are counted in
 * row-major order; where they are pooled, places are counted, and the four pixels of one follow each other. */
#ifndef MICRO_WINDOW_H
#define MICRO_WINDOW_H

#include "micro/tile.h"

struct windows {
	int32_t h, w, c, ow; /* of the picture [h][w][c]; of a row of outputs, before pooling */
	int32_t size;        /* of a pooling window, 1 or 2 */
	int32_t kw;          /* taps in a row */
	int32_t stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
};

/* The window of each pixel of a block: where it begins, which may be outside of the picture. */
struct window_block {
	int32_t pixels;
	int32_t top[TILE_BLOCK], left[TILE_BLOCK];
	ptrdiff_t at[TILE_BLOCK]; /* the element there, counted from the picture's first */
};

/* `pixels` <= TILE_BLOCK of them, from place `first` on. */
static inline void window_block(const struct windows *p, struct window_block *to, int32_t first, int32_t pixels)
{
	int32_t size = p->size, window = size * size, width = p->ow / size, row = first / width, column = first % width;

	to->pixels = pixels;
	for (int32_t i = 0; i < pixels; i++) {
		int32_t inside = i % window;
		to->top[i] = (row * size + inside / 2) * p->stride_h - p->pad_top;
		to->left[i] = (column * size + inside % 2) * p->stride_w - p->pad_left;
		to->at[i] = ((ptrdiff_t)to->top[i] * p->w + to->left[i]) * p->c;
		if (inside == window - 1 && ++column == width) {
			column = 0;
			row++;
		}
	}
}

/* A tap: how far down and to the right of where a window begins it lies, and how many elements further. */
struct window_tap {
	int32_t down, right;
	ptrdiff_t offset;
};

static inline struct window_tap window_tap(const struct windows *p, int32_t tap)
{
	int32_t down = tap / p->kw * p->dilation_h, right = tap % p->kw * p->dilation_w;

	return (struct window_tap){ down, right, ((ptrdiff_t)down * p->w + right) * p->c };
}

/* Does pixel i of the block see the picture through the tap? Then it is the element block->at[i] + tap->offset, else
 * padding. */
static inline bool window_sees(
	const struct windows *p, const struct window_block *block, const struct window_tap *tap, int32_t i)
{
	uint32_t y = (uint32_t)(block->top[i] + tap->down), x = (uint32_t)(block->left[i] + tap->right);

	return y < (uint32_t)p->h && x < (uint32_t)p->w;
}

#endif
