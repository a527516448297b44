/* Homographies from matches: a normalised direct linear transformation inside a random sample consensus. */
#include "gate/homography.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 4, UNKNOWNS = 9, MOST_SAMPLES = 2000, LEAST_SAMPLES = 100, MOST_REFITS = 20 };

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

/* What moves points so that their mean is 0 and their mean distance from it the square root of 2: x becomes
 * scale (x - mean). */
struct shift {
	double x, y, scale;
};

static struct shift shift_for(int n, const struct correspondence *list, bool in_b)
{
	struct shift s = { 0, 0, 0 };
	double distance = 0;

	for (int i = 0; i < n; i++) {
		s.x += (in_b ? list[i].x1 : list[i].x0) / n;
		s.y += (in_b ? list[i].y1 : list[i].y0) / n;
	}
	for (int i = 0; i < n; i++)
		distance += hypot((in_b ? list[i].x1 : list[i].x0) - s.x, (in_b ? list[i].y1 : list[i].y0) - s.y) / n;
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
static void add_equation(double a[UNKNOWNS][UNKNOWNS], const double row[UNKNOWNS])
{
	for (int i = 0; i < UNKNOWNS; i++)
		for (int k = 0; k < UNKNOWNS; k++)
			a[i][k] += row[i] * row[k];
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

bool homography_fit(int n, const struct correspondence *list, double h[9])
{
	double a[UNKNOWNS][UNKNOWNS] = { { 0 } }, g[UNKNOWNS];

	if (n < SAMPLE)
		return false;
	struct shift from = shift_for(n, list, false), to = shift_for(n, list, true);
	if (!isfinite(from.scale) || !isfinite(to.scale))
		return false;
	for (int i = 0; i < n; i++) {
		double x0 = (list[i].x0 - from.x) * from.scale, y0 = (list[i].y0 - from.y) * from.scale;
		double x1 = (list[i].x1 - to.x) * to.scale, y1 = (list[i].y1 - to.y) * to.scale;
		add_equation(a, (const double[]){ x0, y0, 1, 0, 0, 0, -x1 * x0, -x1 * y0, -x1 });
		add_equation(a, (const double[]){ 0, 0, 0, x0, y0, 1, -y1 * x0, -y1 * y0, -y1 });
	}
	if (!solve(a, g))
		return false;
	unshift(g, from, to, h);
	return true;
}

/* Copies the matches that agree with h; returns how many they are. */
static int agreeing(
	int n, const struct correspondence *list, const double h[9], double limit, struct correspondence *to)
{
	int found = 0;

	for (int i = 0; i < n; i++) {
		double x, y;
		if (homography_map(h, list[i].x0, list[i].y0, &x, &y) && hypot(x - list[i].x1, y - list[i].y1) <= limit)
			to[found++] = list[i];
	}
	return found;
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

/* So many samples hold four that agree with probability 0.9999, when this share of all matches does. */
static double samples_needed(double share)
{
	double all = pow(share, SAMPLE);

	return all < 1 ? log(1e-4) / log(1 - all) : 0;
}

/* Fits h to all matches that agree with it, again and again. Returns how many agree in the end. */
static int refine(int n, const struct correspondence *list, double limit, int found, struct correspondence *agree,
	struct correspondence *other, double h[9])
{
	for (int i = 0; i < MOST_REFITS; i++) {
		double better[9];
		if (!homography_fit(found, agree, better))
			return found;
		int more = agreeing(n, list, better, limit, other);
		if (more < found)
			return found;
		bool same = more == found && !memcmp(agree, other, (size_t)found * sizeof *agree);
		memcpy(h, better, sizeof better);
		memcpy(agree, other, (size_t)more * sizeof *agree);
		found = more;
		if (same)
			return found;
	}
	return found;
}

bool homography_search(struct ctx *c, int n, const struct correspondence *list, double limit, double h[9])
{
	struct correspondence *agree = NEW(c, struct correspondence, (size_t)n + 1);
	struct correspondence *other = NEW(c, struct correspondence, (size_t)n + 1), sample[SAMPLE];
	uint64_t state = 0x9E3779B97F4A7C15;
	int most = 0;
	double needed = MOST_SAMPLES;

	for (int i = 0; n >= SAMPLE && i < MOST_SAMPLES && (i < LEAST_SAMPLES || i < needed); i++) {
		double tried[9];
		draw(&state, n, list, sample);
		if (!homography_fit(SAMPLE, sample, tried))
			continue;
		int found = agreeing(n, list, tried, limit, agree);
		if (found <= most)
			continue;
		most = refine(n, list, limit, found, agree, other, tried);
		memcpy(h, tried, sizeof tried);
		needed = samples_needed((double)most / n);
	}
	return most >= SAMPLE;
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

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The curve goes from (0, 0) straight from one (error, share) to the next, and from the last one level to the limit. */
double area_under_curve(int n, double *errors, double limit)
{
	double area = 0, error = 0, share = 0;

	qsort(errors, (size_t)n, sizeof *errors, by_size);
	for (int i = 0; i < n && errors[i] <= limit; i++) {
		double next = (i + 1.0) / n;
		area += (errors[i] - error) * (share + next) / 2;
		error = errors[i];
		share = next;
	}
	return (area + (limit - error) * share) / limit;
}
