/* Computes the figures of a gate. */
#include "figures.h"
#include <math.h>
#include <string.h>

/* Points so near are the same, in pixels. */
static const double same_limit = 1;

/* How many of n points have one of the m within the limit. */
static int repeated(int n, double (*point)[2], int m, double (*other)[2])
{
	int found = 0;

	for (int i = 0; i < n; i++) {
		bool near = false;
		for (int k = 0; k < m && !near; k++)
			near = hypot(point[i][0] - other[k][0], point[i][1] - other[k][1]) <= same_limit;
		found += near;
	}
	return found;
}

/* How far apart the matches are: that of their ends which is further from the other's. */
static double distance(const struct match *a, const struct match *b)
{
	return fmax(hypot(a->at.x0 - b->at.x0, a->at.y0 - b->at.y0), hypot(a->at.x1 - b->at.x1, a->at.y1 - b->at.y1));
}

/* For each of a's matches not yet taken the nearest of b's not yet taken, within the limit. */
static void pair_up(
	struct pair_figures *f, const struct found *a, const struct found *b, double limit, bool *taken_a, bool *taken_b)
{
	for (int i = 0; i < a->n_matches; i++) {
		double nearest = limit;
		int at = -1;
		for (int k = 0; !taken_a[i] && k < b->n_matches; k++) {
			double d = taken_b[k] ? INFINITY : distance(&a->match[i], &b->match[k]);
			if (d < nearest || (d == nearest && at < 0)) {
				nearest = d;
				at = k;
			}
		}
		if (at < 0)
			continue;
		taken_a[i] = taken_b[at] = true;
		double error = fabs(a->match[i].score - b->match[at].score);
		f->common++;
		f->score_error_sum += error;
		/* NaN, too, is larger. */
		if (!(error <= f->score_error_largest))
			f->score_error_largest = error;
	}
}

/* Matches at the same place come first, so that none is taken by a neighbour's. */
static void find_common(struct ctx *c, struct pair_figures *f, const struct found *a, const struct found *b)
{
	bool *taken_a = NEW(c, bool, (size_t)a->n_matches + 1), *taken_b = NEW(c, bool, (size_t)b->n_matches + 1);

	pair_up(f, a, b, 0, taken_a, taken_b);
	pair_up(f, a, b, same_limit, taken_a, taken_b);
}

static void compare_pair(
	struct ctx *c, const struct pair *pair, const struct found *const sides[GATE_SIDES], struct pair_figures *f)
{
	const struct found *reference = sides[GATE_REFERENCE], *candidate = sides[GATE_CANDIDATE];

	*f = (struct pair_figures){ .name = pair->name, .has_truth = pair->has_truth };
	f->has_homography = pair->has_truth && !pair->truth.flow;
	for (int which = 0; which < 2; which++)
		f->repeated += repeated(
			reference->n_points[which], reference->point[which], candidate->n_points[which], candidate->point[which]);
	for (int side = 0; side < GATE_SIDES; side++) {
		f->keypoints[side] = sides[side]->n_points[0] + sides[side]->n_points[1];
		f->matches[side] = sides[side]->n_matches;
		f->truth[side] = sides[side]->agreement;
		f->corner_error[side] = sides[side]->corner_error;
	}
	find_common(c, f, reference, candidate);
}

static void add(struct pair_figures *sum, const struct pair_figures *f)
{
	sum->repeated += f->repeated;
	sum->common += f->common;
	sum->score_error_sum += f->score_error_sum;
	if (!(f->score_error_largest <= sum->score_error_largest))
		sum->score_error_largest = f->score_error_largest;
	sum->has_truth |= f->has_truth;
	sum->has_homography |= f->has_homography;
	for (int side = 0; side < GATE_SIDES; side++) {
		const struct agreement *t = &f->truth[side];
		struct agreement *to = &sum->truth[side];
		sum->keypoints[side] += f->keypoints[side];
		sum->matches[side] += f->matches[side];
		to->matches += t->matches;
		to->within1 += t->within1;
		to->within3 += t->within3;
		to->within5 += t->within5;
		to->unknown += t->unknown;
	}
}

static void compute_areas(struct ctx *c, struct gate_figures *g)
{
	static const double limits[GATE_AREAS] = { 1, 3, 5 };
	double *errors = NEW(c, double, (size_t)g->n_pairs);

	for (int side = 0; side < GATE_SIDES; side++) {
		int n = 0;
		for (int i = 0; i < g->n_pairs; i++)
			if (g->pair[i].has_homography)
				errors[n++] = g->pair[i].corner_error[side];
		g->n_homographies = n;
		for (int k = 0; n && k < GATE_AREAS; k++)
			g->area[side][k] = area_under_curve(n, errors, limits[k]);
	}
}

void compute_figures(struct ctx *c, struct gate_figures *g, const struct pairs *pairs, const struct side *reference,
	const struct side *candidate)
{
	int with_keypoints = 0;

	g->all = (struct pair_figures){ .name = "all" };
	g->worst_jaccard = 1;
	for (int i = 0; i < g->n_pairs; i++) {
		struct pair_figures *f = &g->pair[i];
		const struct found *const sides[GATE_SIDES] = { &reference->found[i], &candidate->found[i] };
		compare_pair(c, &pairs->pair[i], sides, f);
		add(&g->all, f);
		if (f->keypoints[GATE_REFERENCE]) {
			g->mean_repeatability += gate_repeatability(f);
			with_keypoints++;
		}
		if (f->matches[GATE_REFERENCE] >= GATE_ENOUGH)
			g->worst_jaccard = fmin(g->worst_jaccard, gate_jaccard(f));
	}
	g->mean_repeatability /= with_keypoints ? with_keypoints : 1;
	compute_areas(c, g);
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 1;
}

double gate_repeatability(const struct pair_figures *f)
{
	return ratio(f->repeated, f->keypoints[GATE_REFERENCE]);
}

double gate_jaccard(const struct pair_figures *f)
{
	return ratio(f->common, f->matches[GATE_REFERENCE] + f->matches[GATE_CANDIDATE] - f->common);
}

double gate_share(const struct pair_figures *f, int side, int pixels)
{
	const struct agreement *t = &f->truth[side];

	return t->matches ? (double)(pixels == 1 ? t->within1 : pixels == 3 ? t->within3 : t->within5) / t->matches : 0;
}
