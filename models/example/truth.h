/* What is known about where the points of picture A are in picture B, and how many matches agree with it. */
#ifndef TRUTH_H
#define TRUTH_H

#include "problem.h"

struct truth {
	double homography[9]; /* row by row; used when flow is NULL */
	float *flow;          /* [height][width][2]: the way of each pixel of A, 1e9 or more when it is not in B */
	int width, height;    /* of the flow */
};

/* How many of `matches` end within so many pixels of the truth; `unknown` start where B does not show the point, and
 * count as wrong. */
struct agreement {
	int matches, within1, within3, within5, unknown;
};

/* Nine numbers between white space, row by row. */
bool truth_read_homography(const char *file, struct truth *truth, struct problem *problem);

/* A Middlebury .flo file (Baker et al., "A database and evaluation methodology for optical flow", 2011): float
 * 202021.25, int32 width, int32 height, then float dx, dy for each pixel, row by row, little-endian. width and height
 * are those that it must have: picture A's. */
bool truth_read_flow(const char *file, int width, int height, struct truth *truth, struct problem *problem);

/* Counts the match of (x0, y0) in A with (x1, y1) in B. */
void truth_judge(const struct truth *truth, double x0, double y0, double x1, double y1, struct agreement *agreement);

void truth_free(struct truth *truth);

#endif
