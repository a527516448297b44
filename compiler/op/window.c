/* How the windows of Conv, ConvTranspose and the pools slide over a volume, a picture or a row. */
#include "op.h"
#include <string.h>

/* Padded pictures stay so small that the kernels' coordinates fit int32_t. */
enum { MAX_PADDED = 1 << 30 };

/* Reads an attribute of `count` integers for the spatial axes into to[], all at least `least`. */
static bool read_spatial(struct ctx *c, const struct node *n, const char *name, int count, int64_t least, int64_t *to)
{
	int64_t given[2 * MAX_RANK];
	int have = attribute_ints(c, n, name, given, 2 * MAX_RANK);

	if (have >= 0 && have != count)
		fail_node(
			c, n, "attribute '%s' has %d elements; %d are needed for %s", name, have, count, shape_text(c, n->in[0]));
	for (int i = 0; i < have; i++)
		to[i] = need_range(c, n, name, given[i], least, MAX_PADDED);
	return have >= 0;
}

/* Shares `total` rows of padding out; the odd one goes behind (SAME_UPPER) or in front. */
static void share_padding(struct window *w, int i, int64_t total, bool upper)
{
	total = total > 0 ? total : 0;
	w->before[i] = upper ? total / 2 : total - total / 2;
	w->after[i] = total - w->before[i];
}

/* The padding of one axis so that there are ceil(in / stride) windows. */
static void pad_same(struct window *w, int i, int64_t extent, bool upper)
{
	int64_t windows = (w->in[i] + w->stride[i] - 1) / w->stride[i];

	share_padding(w, i, windows > 0 ? (windows - 1) * w->stride[i] + extent - w->in[i] : 0, upper);
}

/* The attribute auto_pad, "SAME" without its end when it says so; else the pads are set. */
static const char *read_pads(struct ctx *c, const struct node *n, int spatial, struct window *w)
{
	const char *mode = attribute_string(c, n, "auto_pad", "NOTSET");
	int64_t pads[6] = { 0 };

	if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER"))
		return mode;
	if (strcmp(mode, "NOTSET") && strcmp(mode, "VALID") && *mode)
		fail_node(c, n, "auto_pad '%.40s' is not one of NOTSET, VALID, SAME_UPPER and SAME_LOWER", mode);
	if (strcmp(mode, "VALID"))
		read_spatial(c, n, "pads", 2 * spatial, 0, pads);
	for (int i = 0; i < spatial; i++) {
		w->before[3 - spatial + i] = pads[i];
		w->after[3 - spatial + i] = pads[spatial + i];
	}
	return NULL;
}

/* How many windows fit; with ceil_mode also one that sticks out, if it starts inside the picture or its first pad. */
static int64_t count_windows(const struct window *w, int i, int64_t extent, bool ceil_mode)
{
	int64_t room = w->in[i] + w->before[i] + w->after[i] - extent;
	int64_t count = (room + (ceil_mode ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;

	if (ceil_mode && (count - 1) * w->stride[i] >= w->in[i] + w->before[i])
		count--;
	return count;
}

static int64_t extent_of(const struct window *w, int i)
{
	return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

/* Sizes, strides and dilations; returns how many spatial axes there are. */
static int read_steps(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w)
{
	const struct value *x = n->in[0];
	int spatial = x->rank - 2, first = 3 - spatial;
	int64_t taps = 1;

	if (spatial < 1 || spatial > 3)
		fail_node(c, n, "its input is %s; [n,c,w], [n,c,h,w] and [n,c,d,h,w] are supported", shape_text(c, x));
	memset(w, 0, sizeof *w);
	for (int i = 0; i < 3; i++) {
		w->in[i] = i < first ? 1 : x->dim[2 + i - first];
		w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
	}
	bool given = read_spatial(c, n, "kernel_shape", spatial, 1, w->kernel + first);
	if (!given && !kernel)
		fail_node(c, n, "attribute 'kernel_shape' is missing");
	for (int i = 0; kernel && i < spatial; i++) {
		if (given && w->kernel[first + i] != kernel[i])
			fail_node(c, n, "kernel_shape says %lld, but its weights are %s", (long long)w->kernel[first + i],
				shape_text(c, n->in[1]));
		w->kernel[first + i] = need_range(c, n, "the size of its kernel", kernel[i], 1, MAX_PADDED);
	}
	for (int i = 0; i < 3; i++)
		taps = need_range(c, n, "the number of elements of its kernel", taps * w->kernel[i], 1, MAX_PADDED);
	read_spatial(c, n, "strides", spatial, 1, w->stride + first);
	read_spatial(c, n, "dilations", spatial, 1, w->dilation + first);
	return spatial;
}

void read_window(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w)
{
	int spatial = read_steps(c, n, kernel, w);
	const char *same = read_pads(c, n, spatial, w);
	bool ceil_mode = attribute_int(c, n, "ceil_mode", 0) != 0;

	for (int i = 0; i < 3; i++) {
		int64_t extent = extent_of(w, i);
		if (same)
			pad_same(w, i, extent, same[5] == 'U');
		int64_t padded = w->in[i] + w->before[i] + w->after[i];
		if (extent > padded || padded > MAX_PADDED)
			fail_node(c, n, "a window of %lld does not fit into %s, padded to %lld", (long long)extent,
				shape_text(c, n->in[0]), (long long)padded);
		w->out[i] = count_windows(w, i, extent, ceil_mode);
	}
}

/* The output is what the windows cover, without the pads, and with output_padding behind; output_shape decides the pads
 * instead (and auto_pad SAME makes it stride times the input). */
void read_transposed_window(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w)
{
	int spatial = read_steps(c, n, kernel, w), first = 3 - spatial;
	const char *same = read_pads(c, n, spatial, w);
	int64_t more[3] = { 0 }, shape[3] = { 1, 1, 1 };

	read_spatial(c, n, "output_padding", spatial, 0, more + first);
	bool given = read_spatial(c, n, "output_shape", spatial, 0, shape + first);
	for (int i = 0; i < 3; i++) {
		int64_t covered = w->in[i] ? w->stride[i] * (w->in[i] - 1) + extent_of(w, i) + more[i] : 0;
		int64_t wanted = given ? shape[i] : w->in[i] * w->stride[i];
		need_range(c, n, "the size of its output before padding", covered, 0, MAX_PADDED);
		if (given || same)
			share_padding(w, i, covered - wanted, same && same[5] == 'U');
		w->out[i] = given || same ? wanted : covered - w->before[i] - w->after[i];
		need_range(c, n, "the size of its output", w->out[i], 0, MAX_PADDED);
	}
}

void window_shape(const struct window *w, int rank, int64_t images, int64_t channels, int64_t *dim)
{
	dim[0] = images;
	dim[1] = channels;
	for (int i = 2; i < rank; i++)
		dim[i] = w->out[3 - rank + i];
}

void need_bias(struct ctx *c, const struct node *n, int index, int64_t filters)
{
	const struct value *bias = input(n, index);

	if (bias && (bias->rank != 1 || bias->dim[0] != filters))
		fail_node(c, n, "bias %s does not fit %lld filters", shape_text(c, bias), (long long)filters);
}

void copy_small(int32_t *to, const int64_t *from, int count)
{
	for (int i = 0; i < count; i++)
		to[i] = small(from[3 - count + i]);
}
