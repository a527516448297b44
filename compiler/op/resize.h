/* What Resize's two files share: how one axis is resized, and the table of weights that follows from it. */
#ifndef RESIZE_H
#define RESIZE_H

#include "op.h"

enum resize_mode { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC };
enum resize_coordinate { HALF_PIXEL, HALF_PIXEL_SYMMETRIC, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, CROP };
enum resize_rounding { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL };

/* One axis: `in` pixels become `out`. The scale is length / in, where the length need not be a whole number; begin and
 * end are the part of the axis that CROP takes, 0..1. */
struct resize_axis {
	int64_t in, out;
	double length, begin, end;
};

struct resize {
	enum resize_mode mode;
	enum resize_coordinate coordinate;
	enum resize_rounding rounding;
	bool antialias, exclude_outside;
	double cubic, outside; /* Keys' a; the value outside of what CROP takes */
	struct resize_axis axis[MAX_RANK];
};

/* Output o is the sum of weight[o * taps + t] times input index[o * taps + t]. An index of -1 says that o is outside.
 */
struct resize_table {
	int64_t taps;
	int32_t *index;
	double *weight;
	bool plain;    /* one tap of weight 1, and nothing outside: elements are only moved */
	bool identity; /* and all of them stay where they are */
};

/* resize_table.c: in the arena. The axis must have pixels on both sides. */
struct resize_table resize_table(struct ctx *c, const struct resize *r, const struct resize_axis *axis);

#endif
