/* Resize, and Upsample, which it replaced: one axis after the other, by tables made at compile time. Version 11 of the
 * operator set brought coordinate modes and sizes, 13 nothing new, 18 antialias, axes and keep_aspect_ratio_policy, 19
 * half_pixel_symmetric. */
#include "resize.h"
#include <math.h>
#include <string.h>

enum { X, ROI, SCALES, SIZES };

/* A length that a hostile scale gives must still be a sane number of elements. */
#define MAX_LENGTH 1e9

/* Resize-10 and Upsample know neither modes of coordinates nor of rounding. */
static void read_modes(struct ctx *c, const struct node *n, struct resize *r)
{
	static const char *const modes[] = { "nearest", "linear", "cubic" };
	static const char *const coordinates[] = { "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
		"align_corners", "asymmetric", "tf_crop_and_resize" };
	static const char *const roundings[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };
	bool old = n->version < 11 || !strcmp(n->type, "Upsample");

	r->mode = (enum resize_mode)read_word(c, n, "mode", modes, old ? 2 : 3, 0);
	r->coordinate = ASYMMETRIC;
	if (!old)
		r->coordinate = (enum resize_coordinate)read_word(c, n, "coordinate_transformation_mode", coordinates, 6, 0);
	r->rounding = (enum resize_rounding)read_word(c, n, "nearest_mode", roundings, 4, old ? 2 : 0);
	r->antialias = attribute_int(c, n, "antialias", 0) != 0 && r->mode != RESIZE_NEAREST;
	r->exclude_outside = attribute_int(c, n, "exclude_outside", 0) != 0;
	r->cubic = attribute_float(c, n, "cubic_coeff_a", -0.75);
	r->outside = attribute_float(c, n, "extrapolation_value", 0);
}

/* `count` numbers of a constant input. */
static void read_reals(struct ctx *c, const struct node *n, int index, const char *what, int count, double *to)
{
	const struct value *v = n->in[index];

	if (!v->data)
		fail_open(c, n, what, v);
	if (v->rank != 1 || v->dim[0] != count)
		fail_node(c, n, "its %s are %s; %d numbers are needed for %s", what, shape_text(c, v), count,
			shape_text(c, n->in[X]));
	for (int i = 0; i < count; i++)
		to[i] = constant_real(v, i);
}

/* An input that is there, and not an empty list, which says the same. */
static bool is_given(const struct node *n, int i)
{
	return input(n, i) && value_elements(n->in[i]) > 0;
}

/* Scales: an attribute of Upsample-7, input 1 until version 10 of the operator set, later input 2. The new length is
 * rounded down from a product of floats, as ONNX's own shape inference has it. */
static void read_scales(struct ctx *c, const struct node *n, int count, const int *axes, struct resize *r)
{
	const struct attribute *a = attribute(n, "scales");
	bool old = n->version < 11 || !strcmp(n->type, "Upsample");
	double scale[MAX_RANK];

	if (old && n->n_in < 2) {
		if (!a || a->kind != ATTRIBUTE_FLOATS || a->n != (size_t)count)
			fail_node(c, n, "attribute 'scales' must be %d numbers", count);
		for (int i = 0; i < count; i++)
			scale[i] = (double)a->floats[i];
	} else {
		read_reals(c, n, old ? 1 : SCALES, "scales", count, scale);
	}
	for (int i = 0; i < count; i++) {
		struct resize_axis *axis = &r->axis[axes[i]];
		axis->length = (double)((float)scale[i] * (float)axis->in);
		if (!(scale[i] > 0) || !(axis->length < MAX_LENGTH))
			fail_node(c, n, "scale %g of %s is not usable", scale[i], shape_text(c, n->in[X]));
		axis->out = (int64_t)floor(axis->length);
	}
}

static void read_sizes(struct ctx *c, const struct node *n, int count, const int *axes, struct resize *r)
{
	static const char *const policies[] = { "stretch", "not_larger", "not_smaller" };
	int policy = read_word(c, n, "keep_aspect_ratio_policy", policies, 3, 0);
	double size[MAX_RANK], common = 0;

	read_reals(c, n, SIZES, "sizes", count, size);
	for (int i = 0; i < count; i++) {
		struct resize_axis *axis = &r->axis[axes[i]];
		double scale = size[i] / (double)axis->in;
		if (!(size[i] >= 0) || !(size[i] < MAX_LENGTH))
			fail_node(c, n, "size %g of %s is not usable", size[i], shape_text(c, n->in[X]));
		if (i == 0 || (policy == 1 ? scale < common : scale > common))
			common = scale;
		axis->length = size[i];
		axis->out = (int64_t)size[i];
	}
	for (int i = 0; i < count && policy; i++) {
		struct resize_axis *axis = &r->axis[axes[i]];
		axis->length = common * (double)axis->in;
		if (!(axis->length < MAX_LENGTH))
			fail_node(c, n, "the sizes stretch %s too far", shape_text(c, n->in[X]));
		axis->out = (int64_t)floor(axis->length + 0.5);
	}
}

/* The part of each axis that tf_crop_and_resize takes: all begins, then all ends. */
static void read_roi(struct ctx *c, const struct node *n, int count, const int *axes, struct resize *r)
{
	double part[2 * MAX_RANK];

	if (!is_given(n, ROI))
		fail_node(c, n, "coordinate_transformation_mode 'tf_crop_and_resize' needs an input roi");
	read_reals(c, n, ROI, "regions of interest", 2 * count, part);
	for (int i = 0; i < count; i++) {
		r->axis[axes[i]].begin = part[i];
		r->axis[axes[i]].end = part[count + i];
	}
}

static void read_resize(struct ctx *c, const struct node *n, struct resize *r)
{
	const struct value *x = n->in[X];
	int axes[MAX_RANK], count = read_axes(c, n, "axes", -1, x->rank, axes);

	memset(r, 0, sizeof *r);
	read_modes(c, n, r);
	for (int i = 0; i < x->rank; i++) {
		r->axis[i] = (struct resize_axis){ .in = x->dim[i], .out = x->dim[i], .length = (double)x->dim[i], .end = 1 };
		if (count < 0)
			axes[i] = i;
	}
	count = count < 0 ? x->rank : count;
	if (n->version >= 11 && is_given(n, SIZES) && strcmp(n->type, "Upsample") != 0)
		read_sizes(c, n, count, axes, r);
	else
		read_scales(c, n, count, axes, r);
	if (r->coordinate == CROP)
		read_roi(c, n, count, axes, r);
}

void resize_infer(struct ctx *c, struct node *n)
{
	struct resize r;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 4);
	need_outputs(c, n, 1, 1);
	need_type(c, n, X, "number");
	const struct value *x = n->in[X];
	if (n->version >= 11 && strcmp(n->type, "Upsample") != 0 && is_given(n, SCALES) == is_given(n, SIZES))
		fail_node(c, n, "it must have scales or sizes, one of them");
	read_resize(c, n, &r);
	for (int i = 0; i < x->rank; i++) {
		dim[i] = r.axis[i].out;
		if (dim[i] && !x->dim[i])
			fail_node(c, n, "axis %d of %s has no pixels", i, shape_text(c, x));
	}
	set_output(c, n, 0, x->type, x->rank, dim);
}

/* The table's weights as the kernel reads them: floats, or doubles. */
static struct argument weights(
	struct lower *l, const struct node *n, const struct resize_table *t, int64_t out, bool wide)
{
	const int64_t dim[] = { out, t->taps };
	float *narrow = NEW(l->c, float, (size_t)(out * t->taps));

	for (int64_t i = 0; i < out * t->taps; i++)
		narrow[i] = (float)t->weight[i];
	struct value *v = value_constant(l->c, arena_text(l->c, "%s.weight", n->name), wide ? RT_F64 : RT_F32, 2, dim,
		wide ? (const void *)t->weight : narrow);
	return argument_of(view_of(l, v));
}

/* Dimension k of dense x resized by the table, in the given type. */
static struct view *resize_call(struct lower *l, const struct node *n, const struct view *x, int k,
	const struct resize *r, const struct resize_table *t, int64_t out, enum rt_type type)
{
	const int64_t table[] = { out, t->taps };
	int64_t dim[MAX_RANK];
	bool wide = x->type == RT_F64 || type == RT_F64 || !is_float_type(x->type) || !is_float_type(type);
	struct rt_resize p = {
		.outer = small(product(x->dim, k)),
		.in = small(x->dim[k]),
		.out = small(out),
		.inner = small(product(x->dim + k + 1, x->rank - k - 1)),
		.taps = small(t->taps),
		.outside = (float)r->outside,
		.x_type = x->type,
		.y_type = type,
	};

	memcpy(dim, x->dim, sizeof dim);
	dim[k] = out;
	struct value *y = temporary(l, n, type, x->rank, dim);
	value_set_shape(l->c, n, y, type, x->rank, dim);
	struct value *index = value_constant(l->c, arena_text(l->c, "%s.index", n->name), RT_I32, 2, table, t->index);
	struct argument weight = weights(l, n, t, out, wide);
	struct view *to = view_new(l, y);
	struct call *call = call_new(l, n, KERNEL_resize, &p);
	call_argument(call, 0, argument_of(to));
	call_argument(call, 1, argument_of(x));
	call_argument(call, 2, argument_of(view_of(l, index)));
	call_argument(call, 3, weight);
	return to;
}

/* Sums of integers and doubles are kept in double between the axes, those of floats in float. */
void resize_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[X];
	struct resize r;
	struct resize_table table[MAX_RANK];
	int perm[MAX_RANK], back[MAX_RANK], sums = 0;

	if (nothing_to_compute(l, n))
		return;
	read_resize(l->c, n, &r);
	struct view *v = dense_as_stored(l, view_of(l, x), x->name, perm);
	for (int k = 0; k < x->rank; k++) {
		table[k] = resize_table(l->c, &r, &r.axis[perm[k]]);
		sums += !table[k].plain && !table[k].identity;
		back[perm[k]] = k;
	}
	bool wide = x->type == RT_F64 || !is_float_type(x->type);
	for (int k = 0; k < x->rank; k++) {
		int64_t out = r.axis[perm[k]].out;
		if (table[k].identity)
			continue;
		if (table[k].plain)
			v = gather_along(l, n, v, k, out, table[k].index);
		else
			v = resize_call(l, n, v, k, &r, &table[k], out, --sums == 0 ? n->out[0]->type : wide ? RT_F64 : RT_F32);
	}
	struct view y = view_permute(v, back);
	output_view(l, n, 0, &y);
}
