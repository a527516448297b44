/* Homographies from matches: a normalised direct linear transformation inside a random sample consensus. */
#include "homography.h"
#include "base/statistics.h"
#include <math.h>
#include <string.h>

enum { SAMPLE = 4, UNKNOWNS = 9, SAMPLES = 1000, MOST_REFITS = 50 };

bool homography_map(const double h[9], double x, double y, double *to_x, double *to_y)
{
	double w = h[6] * x + h[7] * y + h[8];

	*to_x = (h[0] * x + h[1] * y + h[2]) / w;
	*to_y = (h[3] * x + h[4] * y + h[5]) / w;
	return isfinite(*to_x) && isfinite(*to_y);
}

/* Makes the symmetric matrix diagonal by Jacobi's rotations; the columns of v become its eigenvectors. */
static void diagonalize(double a[UNKNOWNS][UNKNOWNS], double v[UNKNOWNS][UNKNOWNS])
{
	enum { SWEEPS = 30 };

	for (int i = 0; i < UNKNOWNS; i++)
		for (int k = 0; k < UNKNOWNS; k++)
			v[i][k] = i == k;
	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		bool changed = false;
		for (int p = 0; p < UNKNOWNS; p++)
			for (int q = p + 1; q < UNKNOWNS; q++) {
				if (!(fabs(a[p][q]) > 1e-16 * sqrt(fabs(a[p][p] * a[q][q]))))
					continue;
				changed = true;
				double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
				double t = copysign(1 / (fabs(theta) + sqrt(theta * theta + 1)), theta);
				double cosine = 1 / sqrt(t * t + 1), sine = t * cosine;
				for (int k = 0; k < UNKNOWNS; k++) {
					double x = a[k][p], y = a[k][q];
					a[k][p] = cosine * x - sine * y;
					a[k][q] = sine * x + cosine * y;
				}
				for (int k = 0; k < UNKNOWNS; k++) {
					double x = a[p][k], y = a[q][k], vx = v[k][p], vy = v[k][q];
					a[p][k] = cosine * x - sine * y;
					a[q][k] = sine * x + cosine * y;
					v[k][p] = cosine * vx - sine * vy;
					v[k][q] = sine * vx + cosine * vy;
				}
			}
		if (!changed)
			return;
	}
}

/* What moves points so that their weighted mean is 0 and their mean distance from it the square root of 2: x becomes
 * scale (x - mean). */
struct shift {
	double x, y, scale;
};

static double weight_of(const double *weight, int i)
{
	return weight ? weight[i] : 1;
}

/* Points without weight may be anywhere, and nowhere. */
static struct shift shift_for(int n, const struct correspondence *list, const double *weight, bool in_b)
{
	struct shift s = { 0, 0, 0 };
	double sum = 0, distance = 0;

	for (int i = 0; i < n; i++)
		sum += weight_of(weight, i);
	for (int i = 0; i < n; i++) {
		double w = weight_of(weight, i) / sum;
		s.x += w > 0 ? w * (in_b ? list[i].x1 : list[i].x0) : 0;
		s.y += w > 0 ? w * (in_b ? list[i].y1 : list[i].y0) : 0;
	}
	for (int i = 0; i < n; i++) {
		double w = weight_of(weight, i) / sum;
		double x = in_b ? list[i].x1 : list[i].x0, y = in_b ? list[i].y1 : list[i].y0;
		distance += w > 0 ? w * hypot(x - s.x, y - s.y) : 0;
	}
	s.scale = sqrt(2) / distance;
	return s;
}

/* Undoes the shifts: the homography of the points as they were. */
static void unshift(const double g[9], struct shift a, struct shift b, double h[9])
{
	for (int row = 0; row < 3; row++) {
		double *to = h + 3 * row;
		to[0] = g[3 * row] * a.scale;
		to[1] = g[3 * row + 1] * a.scale;
		to[2] = g[3 * row + 2] - to[0] * a.x - to[1] * a.y;
	}
	for (int k = 0; k < 3; k++) {
		h[k] = h[k] / b.scale + b.x * h[6 + k];
		h[3 + k] = h[3 + k] / b.scale + b.y * h[6 + k];
	}
}

/* Adds what one equation, row . h = 0, says to the normal equations. */
static void add_equation(double a[UNKNOWNS][UNKNOWNS], const double row[UNKNOWNS], double weight)
{
	for (int i = 0; i < UNKNOWNS; i++)
		for (int k = 0; k < UNKNOWNS; k++)
			a[i][k] += weight * row[i] * row[k];
}

/* The eigenvector of the least eigenvalue; false when the second least is as small, since then many solve it. */
static bool solve(double a[UNKNOWNS][UNKNOWNS], double h[UNKNOWNS])
{
	double v[UNKNOWNS][UNKNOWNS], largest = 0, second = INFINITY;
	int least = 0;

	diagonalize(a, v);
	for (int i = 1; i < UNKNOWNS; i++)
		least = a[i][i] < a[least][least] ? i : least;
	for (int i = 0; i < UNKNOWNS; i++) {
		largest = fmax(largest, a[i][i]);
		second = i == least ? second : fmin(second, a[i][i]);
		h[i] = v[i][least];
	}
	return second > 1e-9 * largest;
}

bool homography_fit(int n, const struct correspondence *list, const double *weight, double h[9])
{
	double a[UNKNOWNS][UNKNOWNS] = { { 0 } }, g[UNKNOWNS];

	if (n < SAMPLE)
		return false;
	struct shift from = shift_for(n, list, weight, false), to = shift_for(n, list, weight, true);
	if (!isfinite(from.scale) || !isfinite(to.scale))
		return false;
	for (int i = 0; i < n; i++) {
		double w = weight_of(weight, i);
		if (!(w > 0))
			continue;
		double x0 = (list[i].x0 - from.x) * from.scale, y0 = (list[i].y0 - from.y) * from.scale;
		double x1 = (list[i].x1 - to.x) * to.scale, y1 = (list[i].y1 - to.y) * to.scale;
		add_equation(a, (const double[]){ x0, y0, 1, 0, 0, 0, -x1 * x0, -x1 * y0, -x1 }, w);
		add_equation(a, (const double[]){ 0, 0, 0, x0, y0, 1, -y1 * x0, -y1 * y0, -y1 }, w);
	}
	if (!solve(a, g))
		return false;
	unshift(g, from, to, h);
	return true;
}

/* How far h is from a match, in pixels of B. */
static double error_of(const double h[9], const struct correspondence *m)
{
	double x, y;

	return homography_map(h, m->x0, m->y0, &x, &y) ? hypot(x - m->x1, y - m->y1) : INFINITY;
}

/* What is to be least: squared errors, none larger than the limit's (Torr and Zisserman, "MLESAC", 2000). */
static double cost_of(int n, const struct correspondence *list, double limit, const double h[9])
{
	double cost = 0;

	for (int i = 0; i < n; i++) {
		double error = error_of(h, &list[i]);
		cost += error < limit ? error * error : limit * limit;
	}
	return cost;
}

/* A random number below n: xorshift64* (Vigna, 2016). */
static int below(uint64_t *state, int n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (int)((*state * 0x2545F4914F6CDD1D >> 32) % (uint64_t)n);
}

static void draw(uint64_t *state, int n, const struct correspondence *list, struct correspondence sample[SAMPLE])
{
	int taken[SAMPLE];

	for (int i = 0; i < SAMPLE; i++) {
		bool again = true;
		while (again) {
			taken[i] = below(state, n);
			again = false;
			for (int k = 0; k < i; k++)
				again |= taken[k] == taken[i];
		}
		sample[i] = list[taken[i]];
	}
}

/* Fits h to the matches that agree with it, again and again, as long as that lowers the cost. The nearer a match, the
 * more it counts (Tukey's biweight), so that h does not jump when a match crosses the limit. Returns the cost. */
static double refine(int n, const struct correspondence *list, double limit, double cost, double *weight, double h[9])
{
	for (int i = 0; i < MOST_REFITS; i++) {
		double better[9];
		for (int k = 0; k < n; k++) {
			double error = error_of(h, &list[k]) / limit;
			weight[k] = error < 1 ? (1 - error * error) * (1 - error * error) : 0;
		}
		if (!homography_fit(n, list, weight, better))
			return cost;
		double lower = cost_of(n, list, limit, better);
		if (!(lower < cost))
			return cost;
		bool done = lower > 0.999999 * cost;
		memcpy(h, better, sizeof better);
		cost = lower;
		if (done)
			return cost;
	}
	return cost;
}

bool homography_search(struct ctx *c, int n, const struct correspondence *list, double limit, double h[9])
{
	double *weight = NEW(c, double, (size_t)n + 1), least = n * limit * limit;
	uint64_t state = 0x9E3779B97F4A7C15;
	struct correspondence sample[SAMPLE];
	bool found = false;

	for (int i = 0; n >= SAMPLE && i < SAMPLES; i++) {
		double tried[9];
		draw(&state, n, list, sample);
		if (!homography_fit(SAMPLE, sample, NULL, tried))
			continue;
		double cost = cost_of(n, list, limit, tried);
		if (cost >= least)
			continue;
		least = refine(n, list, limit, cost, weight, tried);
		memcpy(h, tried, sizeof tried);
		found = true;
	}
	return found;
}

double homography_corner_error(const double h[9], const double truth[9], int width, int height)
{
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		double x0 = i & 1 ? width - 1 : 0, y0 = i & 2 ? height - 1 : 0, x, y, true_x, true_y;
		if (!homography_map(h, x0, y0, &x, &y) || !homography_map(truth, x0, y0, &true_x, &true_y))
			return INFINITY;
		sum += hypot(x - true_x, y - true_y) / 4;
	}
	return sum;
}

/* The curve goes from (0, 0) straight from one (error, share) to the next, and from the last one level to the limit. */
double area_under_curve(int n, double *errors, double limit)
{
	double area = 0, error = 0, share = 0;

	sort_numbers(errors, n);
	for (int i = 0; i < n && errors[i] <= limit; i++) {
		double next = (i + 1.0) / n;
		area += (errors[i] - error) * (share + next) / 2;
		error = errors[i];
		share = next;
	}
	return (area + (limit - error) * share) / limit;
}
