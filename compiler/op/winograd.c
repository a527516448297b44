/* Convolutions of 3 x 3 taps by Winograd's method. */
#include "conv.h"
#include <string.h>

enum {
	LEAST_CHANNELS = RT_PANEL, /* fewer leave vectors empty, and have little arithmetic to save */
	MOST_CHANNELS = 2048,
	MOST_HEAD_CHANNELS = 8, /* of the picture before a first convolution */
	LEAST_TILES = 32,       /* fewer do not pay for transforming the weights */
	MOST_PAD = 16,
};

/* Is n a gluec.Conv of 3 x 3 constant taps with stride, dilation and group 1 whose sums may be rounded in any way? */
static bool is_plain(struct ctx *c, const struct node *n, struct window *w)
{
	if (!is_internal(n, "Conv") || n->in[0]->rank != 4 || !n->in[1]->data || n->in[1]->is_exact || n->split)
		return false;
	read_window(c, n, n->in[1]->dim + 2, w);
	for (int i = 1; i < 3; i++)
		if (w->kernel[i] != 3 || w->stride[i] != 1 || w->dilation[i] != 1)
			return false;
	return attribute_int(c, n, "group", 1) == 1;
}

bool suits_winograd(struct ctx *c, const struct node *n)
{
	struct window w;

	if (!is_plain(c, n, &w) || w.out[1] < 1 || w.out[2] < 1 || w.before[1] > MOST_PAD || w.before[2] > MOST_PAD)
		return false;
	const struct value *k = n->in[1];
	int64_t tiles = n->in[0]->dim[0] * ((w.out[1] + 3) / 4) * ((w.out[2] + 3) / 4);
	return tiles >= LEAST_TILES && k->dim[0] >= LEAST_CHANNELS && k->dim[1] >= LEAST_CHANNELS &&
		   k->dim[0] <= MOST_CHANNELS && k->dim[1] <= MOST_CHANNELS;
}

bool suits_winograd_head(struct ctx *c, const struct node *n)
{
	struct window w;

	if (!is_plain(c, n, &w) || n->n_in > 3 || attribute_int(c, n, "pool", 0) || n->in[1]->dim[1] > MOST_HEAD_CHANNELS ||
		strcmp(attribute_string(c, n, "auto_pad", "NOTSET"), "NOTSET"))
		return false;
	return w.before[1] == 1 && w.before[2] == 1 && w.after[1] == 1 && w.after[2] == 1;
}

static int32_t round_up(int32_t x, int32_t unit)
{
	return (x + unit - 1) / unit * unit;
}

/* How many blocks of h x w squares cover down x across of them. */
static int64_t count_blocks(int32_t down, int32_t across, int32_t h, int32_t w)
{
	return (int64_t)(round_up(down, h) / h) * (round_up(across, w) / w);
}

/* What a way to cut a picture of down x across squares costs, in products of one square: products take rows 6 or 8 at a
 * time, and the pixels around a block are computed or copied for it again. */
static int64_t blocks_cost(int32_t down, int32_t across, int32_t h, int32_t w)
{
	int64_t products = round_up(h * w, 6) + round_up(h * w, 8);

	return count_blocks(down, across, h, w) * (8 * products + (4 * h + 2) * (4 * w + 2) / 8);
}

/* Each unit's scratch is of floats, whatever tensors are stored in: halves are asked for where memory counts, and get
 * fewer units, so that the arena becomes half as large, too. */
static int32_t most_slots(const struct rt_winograd *p)
{
	return p->x_type == RT_F16 ? RT_WINOGRAD_SLOTS / 2 : RT_WINOGRAD_SLOTS;
}

/* The transformed inputs and outputs of 64 channels of a block, and the transformed weights of as many, are to fit a
 * cache of 1 MB together. */
static void choose_blocks(struct rt_winograd *p)
{
	int32_t down = (p->oh + 3) / 4, across = (p->ow + 3) / 4;
	int64_t least = INT64_MAX;

	for (int32_t h = 1; h <= RT_WINOGRAD_TILES && h <= down; h++)
		for (int32_t w = 1; w <= RT_WINOGRAD_TILES / h && w <= across; w++) {
			int64_t cost = blocks_cost(down, across, h, w);
			if (cost >= least)
				continue;
			least = cost;
			p->tiles_h = h;
			p->tiles_w = w;
		}
	int64_t blocks = p->n * count_blocks(down, across, p->tiles_h, p->tiles_w);
	p->slots = blocks < most_slots(p) ? (int32_t)blocks : most_slots(p);
}

void winograd_call(struct lower *l, const struct node *n, const struct view *y, const struct view *x,
	const struct conv_operands *conv, const struct conv_operands *head)
{
	const struct rt_conv2d *from = &conv->p;
	struct rt_winograd p = {
		.n = from->n,
		.h = from->h,
		.w = from->w,
		.c = from->c,
		.oh = from->oh,
		.ow = from->ow,
		.oc = from->oc,
		.pad_top = from->pad_top,
		.pad_left = from->pad_left,
		.pool = from->pool,
		.act = from->act,
		.slope = from->slope,
		.x_type = x->type,
		.y_type = y->type,
		.w_type = from->w_type,
	};

	if (head) {
		p.head_c = head->p.c;
		p.head_act = head->p.act;
	}
	choose_blocks(&p);
	struct argument space = scratch(l, n->name, rt_winograd_scratch(&p));
	struct call *call = call_new(l, n, KERNEL_winograd, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, conv->w);
	call_argument(call, 3, conv->bias);
	if (head) {
		call_argument(call, 4, head->w);
		call_argument(call, 5, head->bias);
	}
	call_argument(call, 6, space);
}
