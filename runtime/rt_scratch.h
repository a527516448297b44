/* Bytes of scratch that kernels want, and how they divide it: pure functions of the parameters. A part of rt.h. */
#ifndef RT_SCRATCH_H
#define RT_SCRATCH_H

/* Rows that one unit of work of top_k does, with scratch of its own. */
static inline int32_t rt_top_k_unit(const struct rt_top_k *p)
{
	return p->n < 4096 ? 4096 / (p->n + 1) + 1 : 1;
}

/* Bytes of a unit's scratch: a 64-bit key of each element, later 16 bytes for each winner, twice. */
static inline size_t rt_top_k_unit_scratch(const struct rt_top_k *p)
{
	size_t keys = (size_t)p->n * 8, winners = (size_t)p->k * 32;

	return keys > winners ? keys : winners;
}

static inline size_t rt_top_k_scratch(const struct rt_top_k *p)
{
	int32_t unit = rt_top_k_unit(p);

	return (size_t)((p->rows + unit - 1) / unit) * rt_top_k_unit_scratch(p);
}

/* How winograd divides its scratch, in floats. Rows of planes and pictures are padded so that neighbours do not fall on
 * the same lines of a cache. */
struct rt_winograd_layout {
	size_t channels;     /* c, rounded up to a panel */
	size_t tiles;        /* of a block, with those that the last rows of a product add */
	size_t w_plane;      /* transformed weights: a group of planes for every two panels, each plane [2][c][16] */
	size_t x_plane;      /* transformed inputs of a block: planes of [tiles][channels] */
	size_t y_plane;      /* transformed outputs: planes of [tiles][RT_WINOGRAD_PANELS * 16] */
	size_t head_w;       /* the first convolution's weights as floats, panels of [9 head_c][16] */
	size_t head_picture; /* the part of x that the first convolution sees */
	size_t picture;      /* the part of conv's input that a block sees: gone when the outputs come */
	size_t slot;         /* of one unit: inputs, then the head's picture, then the picture or the outputs */
	size_t all;
};

static inline struct rt_winograd_layout rt_winograd_layout(const struct rt_winograd *p)
{
	enum { LINE = RT_ALIGN / 4, MOST_ROWS = 8 };
	struct rt_winograd_layout l = { .channels = ((size_t)p->c + RT_PANEL - 1) / RT_PANEL * RT_PANEL };
	size_t columns_together = RT_WINOGRAD_PANELS * RT_PANEL, head = (size_t)p->head_c;
	size_t groups = ((size_t)p->oc + columns_together - 1) / columns_together;
	size_t rows = (size_t)p->tiles_h * RT_WINOGRAD_OUT + 2, columns = (size_t)p->tiles_w * RT_WINOGRAD_OUT + 2;

	l.tiles = (size_t)(p->tiles_h * p->tiles_w) + MOST_ROWS - 1;
	l.w_plane = RT_WINOGRAD_PANELS * (size_t)p->c * RT_PANEL + LINE;
	l.x_plane = l.tiles * l.channels + LINE;
	l.y_plane = l.tiles * columns_together + LINE;
	l.head_w = head * 9 * l.channels;
	l.head_picture = ((rows + 2) * (columns + 2) * head + LINE - 1) / LINE * LINE;
	l.picture = (rows * columns + MOST_ROWS - 1) * l.channels;
	size_t shared = l.picture > RT_WINOGRAD_PLANES * l.y_plane ? l.picture : RT_WINOGRAD_PLANES * l.y_plane;
	l.slot = RT_WINOGRAD_PLANES * l.x_plane + l.head_picture + shared;
	l.all = groups * RT_WINOGRAD_PLANES * l.w_plane + l.head_w + (size_t)p->slots * l.slot;
	return l;
}

static inline size_t rt_winograd_scratch(const struct rt_winograd *p)
{
	return rt_winograd_layout(p).all * sizeof(float);
}

#endif
