/* How far two tensors are apart. */
#ifndef COMPARE_H
#define COMPARE_H

#include "gluec.h"

/* What counts as equal: |actual - expected| <= absolute + relative * |expected| for floats (NaN equals NaN, infinities
 * equal themselves), exactly the same for integers and bool. `differ` percent of a tensor's elements may be further
 * apart. */
struct tolerance {
	double absolute, relative, differ;
};

struct difference {
	int64_t elements, beyond;                /* how many there are, and how many are further apart than the tolerance */
	double absolute, relative;               /* the largest; relative to the expected value, where that is not 0 */
	double fitting;                          /* the largest absolute one within the tolerance */
	double magnitude;                        /* the largest |expected| that is finite */
	double mean;                             /* the root of the mean of the squares of all differences */
	int64_t absolute_at, relative_at, first; /* element numbers; first: the first one beyond the tolerance */
	bool other_length; /* the lengths, which depend on the data, differ, and nothing else was compared */
	bool equal;        /* within the tolerance as a whole */
};

/* The largest |x| that is finite, 0 when there is none. */
double largest_magnitude(const struct value *v);

/* Both tensors hold data and have the same type, and the same shape but for what depends on the data. */
struct difference compare(const struct value *expected, const struct value *actual, const struct tolerance *t);

/* "  scores f32[1,64]: largest error 1.2e-06 absolute at [0,3], 3e-05 relative at [0,9]" and what is wrong, if anything
 * is; where: what the line begins with. */
void print_difference(struct ctx *c, const char *where, const struct value *expected, const struct value *actual,
	const struct difference *d);

/* "  scores f32[1,64]: error 2.1e-06 of the largest, 4e-08 in the mean", or "keypoints i64[64,2]: 98.4 % equal", and
 * what is wrong. The error is the largest difference (and the largest within the tolerance, when some are beyond it)
 * and the root of the mean of their squares, all relative to the largest |expected|. */
void print_error(struct ctx *c, const char *where, const struct value *expected, const struct value *actual,
	const struct difference *d);

#endif
