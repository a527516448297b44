/* Mutual nearest neighbours: what is done without a matcher. */
#include "engine.h"
#include <math.h>

/* Several sums, so that they need not wait for each other; the order of the terms is the same always. */
static double dot(const float *a, const float *b, int n)
{
	enum { SUMS = 16 };
	float sum[SUMS] = { 0 };
	double all = 0;
	int i = 0;

	for (; i + SUMS <= n; i += SUMS)
		for (int k = 0; k < SUMS; k++)
			sum[k] += a[i + k] * b[i + k];
	for (; i < n; i++)
		all += a[i] * b[i];
	for (int k = 0; k < SUMS; k++)
		all += sum[k];
	return all;
}

/* One over the lengths of the descriptors. Those of what was not detected become NaN, which is near to nothing. */
static double *inverse_lengths(struct ctx *c, const struct features *f)
{
	double *to = NEW(c, double, (size_t)f->n + 1);

	for (int i = 0; i < f->n; i++) {
		const float *d = f->descriptors + (size_t)i * (size_t)f->dimensions;
		to[i] = f->detected[i] ? 1 / sqrt(dot(d, d, f->dimensions)) : NAN;
	}
	return to;
}

int mutual_nearest(struct ctx *c, const struct features *a, const struct features *b, struct index_match **list)
{
	const double *scale_a = inverse_lengths(c, a), *scale_b = inverse_lengths(c, b);
	int *nearest_a = NEW(c, int, (size_t)b->n + 1), found = 0;
	double *best_b = NEW(c, double, (size_t)b->n + 1);
	struct index_match *all = NEW(c, struct index_match, (size_t)a->n + 1);

	for (int k = 0; k < b->n; k++)
		best_b[k] = -INFINITY;
	for (int i = 0; i < a->n; i++) {
		const float *d = a->descriptors + (size_t)i * (size_t)a->dimensions;
		all[i] = (struct index_match){ i, -1, -INFINITY };
		for (int k = 0; k < b->n; k++) {
			double cosine =
				dot(d, b->descriptors + (size_t)k * (size_t)b->dimensions, a->dimensions) * scale_a[i] * scale_b[k];
			if (cosine > all[i].score) {
				all[i].score = cosine;
				all[i].b = k;
			}
			if (cosine > best_b[k]) {
				best_b[k] = cosine;
				nearest_a[k] = i;
			}
		}
	}
	for (int i = 0; i < a->n; i++)
		if (all[i].b >= 0 && nearest_a[all[i].b] == i)
			all[found++] = all[i];
	*list = all;
	return found;
}
