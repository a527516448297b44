/* Which part of what a tensor's values lie between is worth 8 bits. */
#include "histogram.h"
#include <float.h>
#include <math.h>

void histogram_range(struct histogram *h, const float *x, int64_t n)
{
	float low = h->low, high = h->high;
	bool finite = true;

	for (int64_t i = 0; i < n; i++) {
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
		finite &= fabsf(x[i]) <= FLT_MAX;
	}
	h->seen |= n > 0;
	h->broken |= !finite;
	h->low = low;
	h->high = high;
}

/* What a float's rounding may put one bin too far belongs to the last. */
static int bin_of(const struct histogram *h, float x, float per_unit)
{
	float at = (x - h->low) * per_unit;

	return at < HISTOGRAM_BINS - 1 ? (int)at : HISTOGRAM_BINS - 1;
}

void histogram_count(struct histogram *h, const float *x, int64_t n)
{
	float width = h->high - h->low, per_unit = HISTOGRAM_BINS / width;

	if (h->broken || !(width > 0) || !isfinite(per_unit))
		return;
	for (int64_t i = 0; i < n; i++) {
		h->count[bin_of(h, x[i] < h->low ? h->low : x[i], per_unit)]++;
		h->zeros += x[i] == 0;
	}
	h->total += (uint64_t)n;
}

static double edge(const struct histogram *h, int bin)
{
	return h->low + ((double)h->high - h->low) * bin / HISTOGRAM_BINS;
}

static struct limits percentile_limits(const struct histogram *h, double percentile)
{
	bool two_sided = h->low < 0 && h->high > 0;
	double out = (double)h->total * (1 - percentile / 100) / (two_sided ? 2 : 1), below = 0, above = 0;
	int first = 0, last = HISTOGRAM_BINS;

	while (h->low < 0 && first < last && below + (double)h->count[first] <= out)
		below += (double)h->count[first++];
	while (h->high > 0 && last > first && above + (double)h->count[last - 1] <= out)
		above += (double)h->count[--last];
	return (struct limits){ fminf((float)edge(h, first), 0), fmaxf((float)edge(h, last), 0) };
}

/* How often magnitudes came, in bins of the same width, or as near as a whole number of them comes; without zeros,
 * which any scale keeps as they are, and of which activation functions make so many that a bin of them would be all
 * that counts. Returns the number of bins. */
static int fold_magnitudes(const struct histogram *h, double *to)
{
	double most = fmax(-h->low, h->high), width = ((double)h->high - h->low) / HISTOGRAM_BINS;
	int n = (int)ceil(most / width - 1e-6);

	int zero = bin_of(h, 0, HISTOGRAM_BINS / (h->high - h->low));
	n = n > HISTOGRAM_BINS ? HISTOGRAM_BINS : n;
	for (int i = 0; i < n; i++)
		to[i] = 0;
	for (int i = 0; i < HISTOGRAM_BINS; i++) {
		int at = (int)(fabs((edge(h, i) + edge(h, i + 1)) / 2) / width);
		to[at < n ? at : n - 1] += (double)(h->count[i] - (i == zero ? h->zeros : 0));
	}
	return n;
}

/* The divergence of the first n bins, what lies beyond being counted in the last of them, from what `levels` steps keep
 * of them: each step's sum, spread over those of its bins that had any; half a value stands for none. */
static double divergence(const double *bin, int n, double beyond, int levels)
{
	double total = beyond, kept = 0, sum = 0;

	for (int i = 0; i < n; i++) {
		total += bin[i];
		kept += bin[i];
	}
	if (!(kept > 0))
		return INFINITY;
	for (int level = 0; level < levels; level++) {
		int first = (int)((int64_t)level * n / levels), end = (int)((int64_t)(level + 1) * n / levels), used = 0;
		double mass = 0;
		for (int i = first; i < end; i++) {
			mass += bin[i];
			used += bin[i] > 0;
		}
		for (int i = first; i < end; i++) {
			double p = bin[i] + (i == n - 1 ? beyond : 0);
			double q = bin[i] > 0 ? mass / used : 0.5;
			if (p > 0)
				sum += p / total * log(p / total / (q / kept));
		}
	}
	return sum;
}

static struct limits entropy_limits(const struct histogram *h)
{
	bool two_sided = h->low < 0 && h->high > 0;
	int levels = two_sided ? 128 : 256;
	double bin[HISTOGRAM_BINS], beyond = 0, least = INFINITY;
	int n = fold_magnitudes(h, bin), best = n;

	for (int last = n; last >= levels; last--) {
		double d = divergence(bin, last, beyond, levels);
		if (d < least) {
			least = d;
			best = last;
		}
		beyond += bin[last - 1];
	}
	float most = (float)(fmax(-h->low, h->high) * best / n);
	return (struct limits){ fmaxf(h->low, -most), fminf(h->high, most) };
}

struct limits histogram_limits(const struct histogram *h, enum range_method method, double percentile)
{
	if (method == RANGE_PERCENTILE && h->total)
		return percentile_limits(h, percentile);
	if (method == RANGE_ENTROPY && h->total)
		return entropy_limits(h);
	return (struct limits){ h->low, h->high };
}

struct quantizer quantizer_for(struct limits limits)
{
	/* A scale that is no normal number would lose its digits, and one of 0 divides by it. */
	float scale = (float)(((double)limits.high - limits.low) / 255);

	if (!(scale >= FLT_MIN))
		return (struct quantizer){ 1, 0 };
	return (struct quantizer){ scale, (uint8_t)fmin(fmax(rint(-(double)limits.low / scale), 0), 255) };
}
