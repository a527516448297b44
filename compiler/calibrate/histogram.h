/* Which part of what a tensor's values lie between is worth 8 bits, from how often they came. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_BINS = 2048 };

/* Values are shown twice: histogram_range sees them all before histogram_count sees the first. */
struct histogram {
	bool seen, broken; /* broken: a value was infinite or no number */
	float low, high;   /* of all values; 0 lies between them, and it counts when there are none */
	uint64_t total, zeros, count[HISTOGRAM_BINS]; /* of equal widths from low to high */
};

void histogram_range(struct histogram *h, const float *x, int64_t n);
void histogram_count(struct histogram *h, const float *x, int64_t n);

enum range_method {
	RANGE_MINMAX,     /* all values */
	RANGE_PERCENTILE, /* so many percent of them; half of the others lie on each side, or all on one where 0 is a bound
					   */
	/* The bound of magnitudes beyond which clipping loses less than finer steps win: the smallest Kullback-Leibler
	 * divergence of what 8 bits keep of the histogram (S. Migacz, 8-bit inference with TensorRT, 2017). */
	RANGE_ENTROPY,
};

struct limits {
	float low, high; /* low <= 0 <= high */
};

struct limits histogram_limits(const struct histogram *h, enum range_method method, double percentile);

/* An unsigned byte q stands for (q - zero) scale; 0 has one of its own. */
struct quantizer {
	float scale;
	uint8_t zero;
};

struct quantizer quantizer_for(struct limits limits);

#endif
