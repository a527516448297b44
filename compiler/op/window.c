/* How the windows of Conv and of the pools slide over a picture. */
#include "op.h"
#include <string.h>

/* Padded pictures stay so small that the kernels' coordinates fit int32_t. */
enum { MAX_PADDED = 1 << 30 };

/* Reads an attribute of `count` integers for the spatial axes into to[] (the last `count` ones), all at least `least`.
 */
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

/* The padding of one axis so that there are ceil(in / stride) windows. */
static void pad_same(struct window *w, int i, int64_t extent, bool upper)
{
	int64_t windows = (w->in[i] + w->stride[i] - 1) / w->stride[i];
	int64_t total = windows > 0 ? (windows - 1) * w->stride[i] + extent - w->in[i] : 0;

	total = total > 0 ? total : 0;
	w->before[i] = upper ? total / 2 : total - total / 2;
	w->after[i] = total - w->before[i];
}

static void read_pads(struct ctx *c, const struct node *n, int spatial, const int64_t *extent, struct window *w)
{
	const char *mode = attribute_string(c, n, "auto_pad", "NOTSET");
	int64_t pads[4] = { 0 };

	if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
		for (int i = 2 - spatial; i < 2; i++)
			pad_same(w, i, extent[i], mode[5] == 'U');
		return;
	}
	if (strcmp(mode, "NOTSET") && strcmp(mode, "VALID") && *mode)
		fail_node(c, n, "auto_pad '%.40s' is not one of NOTSET, VALID, SAME_UPPER and SAME_LOWER", mode);
	if (!strcmp(mode, "VALID"))
		return;
	read_spatial(c, n, "pads", 2 * spatial, 0, pads);
	for (int i = 0; i < spatial; i++) {
		w->before[2 - spatial + i] = pads[i];
		w->after[2 - spatial + i] = pads[spatial + i];
	}
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

void read_window(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w)
{
	const struct value *x = n->in[0];
	int spatial = x->rank - 2;
	int64_t extent[2];

	if (spatial < 1 || spatial > 2)
		fail_node(c, n, "its input is %s; [n,c,w] and [n,c,h,w] are supported", shape_text(c, x));
	memset(w, 0, sizeof *w);
	int first = 2 - spatial;
	for (int i = 0; i < 2; i++) {
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
	need_range(c, n, "the number of elements of its kernel", w->kernel[0] * w->kernel[1], 1, MAX_PADDED);
	read_spatial(c, n, "strides", spatial, 1, w->stride + first);
	read_spatial(c, n, "dilations", spatial, 1, w->dilation + first);
	for (int i = 0; i < 2; i++)
		extent[i] = (w->kernel[i] - 1) * w->dilation[i] + 1;
	read_pads(c, n, spatial, extent, w);
	bool ceil_mode = attribute_int(c, n, "ceil_mode", 0) != 0;
	for (int i = 0; i < 2; i++) {
		int64_t padded = w->in[i] + w->before[i] + w->after[i];
		if (extent[i] > padded || padded > MAX_PADDED)
			fail_node(c, n, "a window of %lld does not fit into %s, padded to %lld", (long long)extent[i],
				shape_text(c, x), (long long)padded);
		w->out[i] = count_windows(w, i, extent[i], ceil_mode);
	}
}
