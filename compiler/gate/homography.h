/* Homographies from matches, and how good they are. A homography is nine numbers, row by row, that map (x, y, 1) of
 * picture A to a multiple of (x, y, 1) of picture B; coordinates are pixels. */
#ifndef HOMOGRAPHY_H
#define HOMOGRAPHY_H

#include "gluec.h"

struct correspondence {
	double x0, y0, x1, y1; /* in A, in B */
};

/* Where (x, y) of A is in B; false when that is infinitely far away. */
bool homography_map(const double h[9], double x, double y, double *to_x, double *to_y);

/* The homography of the least algebraic error, by the normalised direct linear transformation (Hartley and Zisserman,
 * "Multiple View Geometry in Computer Vision", 2nd edition, algorithm 4.2). weight says how much each point counts;
 * NULL: all the same. False when the points do not decide one, as fewer than four, or four of which three are in line,
 * never do. */
bool homography_fit(int n, const struct correspondence *list, const double *weight, double h[9]);

/* The homography from which the n matches are the least away, where being further away than `limit` pixels in B is no
 * worse than that: the best of random samples of four (Fischler and Bolles, "Random Sample Consensus", 1981), each
 * fitted to all that agree. The same matches give the same result always. False when there is none. */
bool homography_search(struct ctx *c, int n, const struct correspondence *list, double limit, double h[9]);

/* Mean distance, in pixels of B, between where h and `truth` put the corners of A, which has width x height pixels;
 * infinite when one of them is put nowhere (DeTone et al., "SuperPoint", 2018). */
double homography_corner_error(const double h[9], const double truth[9], int width, int height);

/* The area under the curve that says for each error up to `limit` which share of all n pairs has at most this error, as
 * a share of the largest possible (Sarlin et al., "SuperGlue", 2020). Infinite errors are failures. Sorts the errors.
 */
double area_under_curve(int n, double *errors, double limit);

#endif
