/* Non-maximum suppression as SuperPoint spells it with max-pools, and the border that is cleared afterwards. */
#include "recognize.h"
#include <string.h>

/* Is v Equal(x, MaxPool(x)) with a square window that moves by one? Then *radius is half its width. */
static bool is_peak(struct ctx *c, const struct value *v, const struct value *x, int64_t *radius)
{
	struct value *other = NULL;
	struct node *equal = made_by(v, "Equal"), *pool = equal ? either_made_by(equal, "MaxPool", &other) : NULL;
	int64_t kernel[8];

	if (!pool || other != x || pool->in[0] != x || attribute_ints(c, pool, "kernel_shape", kernel, 8) != 2)
		return false;
	if (*radius == 0)
		*radius = kernel[0] / 2;
	return is_max_pool(c, pool, 2 * *radius + 1, 1, *radius);
}

/* Is v true wherever one of `keep` is within the radius: MaxPool(Cast(keep)) > 0? */
static bool is_near(struct ctx *c, const struct value *v, const struct value *keep, int64_t radius)
{
	struct node *greater = made_by(v, "Greater"), *pool = greater ? made_by(greater->in[0], "MaxPool") : NULL;
	struct node *cast = pool ? made_by(pool->in[0], "Cast") : NULL;

	return cast && cast->in[0] == keep && is_constant(greater->in[1], 0) &&
		   is_max_pool(c, pool, 2 * radius + 1, 1, radius);
}

/* Is v one more round over what is kept so far: peaks of the rest that are not near a kept point? */
static bool is_round(
	struct ctx *c, const struct value *v, const struct value *keep, const struct value *s, int64_t radius)
{
	struct value *peak = NULL;
	struct node *both = made_by(v, "And"), *far = both ? either_made_by(both, "Not", &peak) : NULL;

	if (!far || !is_near(c, far->in[0], keep, radius))
		return false;
	struct node *equal = made_by(peak, "Equal");
	for (int i = 0; equal && i < 2; i++) {
		struct node *rest = made_by(equal->in[i], "Where");
		if (rest && is_near(c, rest->in[0], keep, radius) && is_constant(rest->in[1], 0) && rest->in[2] == s &&
			is_peak(c, peak, equal->in[i], &radius))
			return true;
	}
	return false;
}

/* Counts the rounds that end in v, down to the first peaks of s; -1 when v is something else. */
static int count_rounds(struct ctx *c, const struct value *v, const struct value *s, int64_t *radius)
{
	struct node *either = made_by(v, "Or");

	if (!either)
		return is_peak(c, v, s, radius) ? 0 : -1;
	for (int i = 0; i < 2; i++) {
		int before = count_rounds(c, either->in[i], s, radius);
		if (before >= 0 && is_round(c, either->in[1 - i], either->in[i], s, *radius))
			return before + 1;
	}
	return -1;
}

static bool recognize_suppression(struct ctx *c, struct graph *g, struct node *n)
{
	int64_t radius = 0;
	struct value *s = n->in[1];

	if (s->rank != 4 || s->type != RT_F32 || s->dim[1] != 1 || !is_constant(n->in[2], 0))
		return false;
	int rounds = count_rounds(c, n->in[0], s, &radius);
	if (rounds < 0 || !same_shape(n->out[0], s))
		return false;
	struct node *nms = replace_end(c, g, n, "Nms", 1);
	nms->in[0] = s;
	set_attribute_int(c, nms, "radius", radius);
	set_attribute_int(c, nms, "rounds", rounds);
	set_attribute_int(c, nms, "border", 0);
	set_attribute_float(c, nms, "fill", 0);
	return true;
}

/* Pad(Slice(nms)): the border is cut off and comes back with another value. */
static bool recognize_border(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *slice = made_by(n->in[0], "Slice"), *nms = slice ? made_by_internal(slice->in[0], "Nms") : NULL;
	int64_t pads[2 * MAX_RANK], start[MAX_RANK];
	double fill = 0;

	if (!nms || nms->out[0]->uses != 1 || slice->out[0]->uses != 1 || attribute_int(c, nms, "border", 0) ||
		input(n, 3) || (input(slice, 4) && !is_constant(slice->in[4], 1)) ||
		strcmp(attribute_string(c, n, "mode", "constant"), "constant") ||
		constant_ints(input(n, 1), pads, 2 * MAX_RANK) != 8 || (input(n, 2) && !constant_scalar(n->in[2], &fill)))
		return false;
	int64_t border = pads[2];
	const struct value *s = nms->out[0], *inside = slice->out[0];
	for (int i = 0; i < 8; i++)
		if (pads[i] != (i % 4 >= 2 ? border : 0))
			return false;
	int count = constant_ints(input(slice, 1), start, MAX_RANK);
	if (count != 2 || start[0] != border || start[1] != border || inside->dim[2] != s->dim[2] - 2 * border ||
		inside->dim[3] != s->dim[3] - 2 * border)
		return false;
	struct node *whole = replace_end(c, g, n, "Nms", 1);
	whole->in[0] = nms->in[0];
	node_absorb(c, whole, slice);
	node_absorb(c, whole, nms);
	set_attribute_int(c, whole, "radius", attribute_int(c, nms, "radius", 0));
	set_attribute_int(c, whole, "rounds", attribute_int(c, nms, "rounds", 0));
	set_attribute_int(c, whole, "border", border);
	set_attribute_float(c, whole, "fill", fill);
	return true;
}

bool recognize_nms(struct ctx *c, struct graph *g, struct node *n)
{
	if (is_op(n, "Where"))
		return recognize_suppression(c, g, n);
	if (is_op(n, "Pad"))
		return recognize_border(c, g, n);
	return false;
}
