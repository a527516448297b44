/* How conv2d_int8 cuts its work into blocks, and what results are made with: what its ways to multiply, conv2d_int8.c
 * and conv2d_int8_direct.h, have in common. */
#ifndef CONV2D_INT8_BLOCK_H
#define CONV2D_INT8_BLOCK_H

#include "micro/tile_int8.h"
#include "micro/window.h"

enum {
	DEPTH = 1024, /* bytes of a tap in a block of k */
	FLIP = 0x80,  /* makes a signed byte unsigned, 128 more, and the other way round */
};

/* What a unit computes: columns j.. of group g of picture n, either `pixels` outputs from place `first` on, or, for
 * the direct way, `lines` lines of `width` outputs from row `top` and column `left` on. */
struct block {
	int32_t n, g, j, columns;
	int32_t first, pixels;
	int32_t top, left, lines, width;
	struct window_block window;
};

/* What the results of a block's columns are made with. */
struct columns {
	int32_t start[TILE_COLUMNS];
	float scale[TILE_COLUMNS], bias[TILE_COLUMNS];
};

struct job {
	const struct rt_conv2d_int8 *p;
	void *y;
	const uint8_t *x;
	const int8_t *w;
	const int32_t *sums;
	const float *scale, *bias;
	const void *residual;
	struct windows windows;
	int32_t c, oc;   /* channels of one group */
	int32_t padded;  /* c, up to a multiple of DOT_GROUP */
	int32_t strips;  /* units of one picture for the same channels */
	int32_t across;  /* units along the channels of one group */
	ptrdiff_t panel; /* bytes of a panel of weights */
	uint8_t flip;    /* what x's bytes are combined with before they are multiplied */
	bool gather;
	struct tiles *tiles;    /* of levels that have them */
	bool few;               /* gathers weights, too */
	int32_t lines;          /* of outputs in a block of the direct way */
	int32_t step;           /* from a pixel to the next in what that way multiplies */
	uint8_t padding[DEPTH]; /* what taps outside of the picture read */
};

static int32_t groups_of(int32_t terms)
{
	return (terms + DOT_GROUP - 1) / DOT_GROUP;
}

static const int8_t *panel_at(const struct job *job, const struct block *at)
{
	int32_t panels = (job->oc + RT_PANEL - 1) / RT_PANEL;

	return job->w + ((ptrdiff_t)at->g * panels + at->j / RT_PANEL) * job->panel;
}

/* Sets the picture, group and columns of a unit. Those of the same group and columns follow each other: the number of
 * these is returned. */
static int32_t begin_block(const struct job *job, int32_t unit, struct block *at)
{
	int32_t pictures = job->p->n * job->strips, part = unit / pictures;

	at->n = unit % pictures / job->strips;
	at->g = part / job->across;
	at->j = part % job->across * TILE_COLUMNS;
	at->columns = job->oc - at->j < TILE_COLUMNS ? job->oc - at->j : TILE_COLUMNS;
	return part;
}

/* Where the bytes of x are flipped, each is 128 more, or less when they become signed: the sums say by how much that
 * changed the result. An absent bias is -0, which changes no number, not even a zero. */
static void begin_columns(const struct job *job, const struct block *at, struct columns *to)
{
	ptrdiff_t first = (ptrdiff_t)at->g * job->oc + at->j;
	uint32_t terms = (uint32_t)(job->p->kh * job->p->kw * job->c);

	for (int32_t j = 0; j < at->columns || j % RT_PANEL; j++) {
		bool real = j < at->columns;
		to->start[j] = real ? job->sums[first + j] : 0;
		to->scale[j] = real && job->scale ? job->scale[first + j] : 0;
		to->bias[j] = real && job->bias ? job->bias[first + j] : -0.0f;
	}
	for (int32_t j = 0; job->flip && j < at->columns; j += RT_PANEL) {
		int32_t sum[RT_PANEL];
		tile_int8_column_sums(panel_at(job, at) + j / RT_PANEL * job->panel, job->panel, sum);
		for (int32_t i = 0; i < RT_PANEL; i++) {
			uint32_t change = ((uint32_t)sum[i] + terms * (uint32_t)job->p->w_zero) * FLIP;
			to->start[j + i] = (int32_t)((uint32_t)to->start[j + i] + (DOT_SIGNED ? change : 0 - change));
		}
	}
}

/* The panels of a block's columns for taps of few channels, which have a group of their own each: k becomes `terms`,
 * the tap to the right of another `right` of them further, and the one below `down`. */
static void gather_weights(
	const struct job *job, const struct block *at, int32_t terms, int32_t right, int32_t down, int8_t *to)
{
	enum { ROW = RT_PANEL * DOT_GROUP };
	int32_t taps = job->p->kh * job->p->kw, kw = job->p->kw, groups = groups_of(terms);

	for (int32_t j = 0; j < at->columns; j += RT_PANEL, to += groups * ROW) {
		const int8_t *from = panel_at(job, at) + j / RT_PANEL * job->panel;
		memset(to, 0, (size_t)groups * ROW);
		for (int32_t tap = 0; tap < taps; tap++)
			for (int32_t channel = 0; channel < job->c; channel++) {
				int32_t k = tap % kw * right + tap / kw * down + channel;
				for (int32_t i = 0; i < RT_PANEL; i++)
					to[k / DOT_GROUP * ROW + i * DOT_GROUP + k % DOT_GROUP] = from[tap * ROW + i * DOT_GROUP + channel];
			}
	}
}

#endif
