/* The stages of keypoint extractors and matchers that gluec appends to graphs, in double. */
#include "double.h"
#include <math.h>
#include <string.h>

void double_heat_map(const struct rt_heat_map *p, void *const *t)
{
	int32_t points = p->cell * p->cell;

	for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n * p->h * p->w; i++) {
		const double *x = (const double *)t[1] + i * (points + 1);
		double *y = (double *)t[0] + (i / p->w * p->w * p->cell + i % p->w) * p->cell, most = -INFINITY, sum = 0;
		for (int32_t k = 0; k <= points; k++)
			most = x[k] > most ? x[k] : most;
		for (int32_t k = 0; k <= points; k++)
			sum += exp(x[k] - most);
		for (int32_t k = 0; k < points; k++)
			y[(ptrdiff_t)(k / p->cell) * p->w * p->cell + k % p->cell] = exp(x[k] - most) / sum;
	}
}

enum state { FREE, SUPPRESSED, KEPT };

/* One picture while its points are chosen. */
struct picture {
	const struct rt_nms *p;
	const double *x;
	uint8_t *state;
};

/* Is the pixel at least as large as all within the radius? Later only FREE ones count, others being 0. */
static bool is_largest(const struct picture *s, int32_t row, int32_t column, bool only_free)
{
	const struct rt_nms *p = s->p;
	double own = s->x[(ptrdiff_t)row * p->w + column];

	for (int32_t i = row > p->radius ? row - p->radius : 0; i <= row + p->radius && i < p->h; i++)
		for (int32_t j = column > p->radius ? column - p->radius : 0; j <= column + p->radius && j < p->w; j++) {
			ptrdiff_t at = (ptrdiff_t)i * p->w + j;
			double other = only_free && s->state[at] != FREE ? 0 : s->x[at];
			if (other > own)
				return false;
		}
	return true;
}

static bool is_near_kept(const struct picture *s, int32_t row, int32_t column)
{
	const struct rt_nms *p = s->p;

	for (int32_t i = row > p->radius ? row - p->radius : 0; i <= row + p->radius && i < p->h; i++)
		for (int32_t j = column > p->radius ? column - p->radius : 0; j <= column + p->radius && j < p->w; j++)
			if (s->state[(ptrdiff_t)i * p->w + j] == KEPT)
				return true;
	return false;
}

/* Another round: what is near a kept point is suppressed, and the maxima of what remains are kept as well, all of them
 * at the same time. `fresh` has room for a picture's states. */
static void keep_more(const struct picture *s, uint8_t *fresh)
{
	const struct rt_nms *p = s->p;
	ptrdiff_t pixels = (ptrdiff_t)p->h * p->w;

	for (ptrdiff_t i = 0; i < pixels; i++)
		fresh[i] = s->state[i] == KEPT                                         ? KEPT
				   : is_near_kept(s, (int32_t)(i / p->w), (int32_t)(i % p->w)) ? SUPPRESSED
																			   : FREE;
	memcpy(s->state, fresh, (size_t)pixels);
	for (ptrdiff_t i = 0; i < pixels; i++)
		if (s->state[i] == FREE && is_largest(s, (int32_t)(i / p->w), (int32_t)(i % p->w), true))
			fresh[i] = KEPT;
	memcpy(s->state, fresh, (size_t)pixels);
}

void double_nms(const struct rt_nms *p, void *const *t)
{
	ptrdiff_t pixels = (ptrdiff_t)p->h * p->w;

	for (int32_t n = 0; n < p->n; n++) {
		/* The scratch has room for three floats a pixel. */
		struct picture s = { p, (const double *)t[1] + n * pixels, t[2] };
		double *y = (double *)t[0] + n * pixels;
		for (ptrdiff_t i = 0; i < pixels; i++)
			s.state[i] = is_largest(&s, (int32_t)(i / p->w), (int32_t)(i % p->w), false) ? KEPT : FREE;
		for (int32_t round = 0; round < p->rounds; round++)
			keep_more(&s, s.state + pixels);
		for (ptrdiff_t i = 0; i < pixels; i++) {
			int32_t row = (int32_t)(i / p->w), column = (int32_t)(i % p->w);
			bool inside =
				row >= p->border && row < p->h - p->border && column >= p->border && column < p->w - p->border;
			y[i] = !inside ? (double)p->fill : s.state[i] == KEPT ? s.x[i] : 0;
		}
	}
}

static void store_index(const struct rt_mutual_match *p, void *to, ptrdiff_t i, int32_t x)
{
	if (to && p->index_type == RT_I32)
		((int32_t *)to)[i] = x;
	else if (to)
		((int64_t *)to)[i] = x;
}

/* The first of the largest of n numbers at a distance. */
static int32_t largest(const double *x, ptrdiff_t step, int32_t n)
{
	int32_t best = 0;

	for (int32_t i = 1; i < n; i++)
		if (x[i * step] > x[best * step])
			best = i;
	return best;
}

void double_mutual_match(const struct rt_mutual_match *p, void *const *t)
{
	double *score = t[1], *best = t[3];
	uint8_t *accept = t[4];

	for (ptrdiff_t i = 0; i < (ptrdiff_t)p->b * p->m; i++) {
		const double *pair = (const double *)t[5] + i / p->m * p->m * p->n, *x = pair + i % p->m * p->n;
		int32_t j = largest(x, 1, p->n);
		bool mutual = largest(pair + j, p->n, p->m) == i % p->m, fits = mutual && exp(x[j]) > (double)p->threshold;
		store_index(p, t[0], i, fits ? j : -1);
		store_index(p, t[2], i, j);
		if (score)
			score[i] = fits || (mutual && p->mutual_scores) ? exp(x[j]) : 0;
		if (best)
			best[i] = exp(x[j]);
		if (accept)
			accept[i] = fits;
	}
}
