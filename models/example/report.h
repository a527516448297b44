/* What was found, in words, as JSON, as CSV and as a picture. */
#ifndef REPORT_H
#define REPORT_H

#include "draw.h"
#include "matcher.h"
#include "options.h"
#include "truth.h"

/* Everything that a report can tell. */
struct report {
	const struct options *options;
	const struct matcher *matcher;
	const struct picture *picture;              /* [2] */
	const struct agreement *homography, *truth; /* NULL when not asked for */
	/* Milliseconds of the stages. Reading and resizing cover both pictures. */
	double read, resize, extract[2], match, write;
};

/* A match in pixels of the two pictures. */
struct match {
	double x0, y0, x1, y1, score;
};

/* A keypoint in pixels of its own picture. */
void report_keypoint(const struct report *report, int which, int i, double *x, double *y);

/* The match of keypoint i of picture A; false when it has none. */
bool report_match(const struct report *report, int i, struct match *match);

/* Prints to standard output in the format that the options ask for. False when that fails. */
bool report_print(const struct report *report);

/* Draws keypoints and matches into a file. */
bool report_draw(const struct report *report, const char *file, struct problem *problem);

#endif
