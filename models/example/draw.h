/* Draws matches: two pictures side by side, dots and lines on them. */
#ifndef DRAW_H
#define DRAW_H

#include "image.h"

struct colour {
	uint8_t r, g, b;
};

/* Where a picture lies on the canvas. */
struct view {
	int x, width, height;
	int from_width, from_height;
};

/* A canvas with both pictures scaled to the height of the taller one, or less, so that it stays below 16384 by 2160
 * pixels. The canvas is released by picture_free. False when there is no memory. */
bool draw_side_by_side(const struct picture pair[2], struct picture *canvas, struct view view[2]);

/* The place on the canvas of the point x, y of the view's picture. */
static inline double view_x(const struct view *view, double x)
{
	return view->x + rescaled(x, view->from_width, view->width);
}

static inline double view_y(const struct view *view, double y)
{
	return rescaled(y, view->from_height, view->height);
}

/* A straight line `width` pixels wide with round ends, laid over the canvas with the given opacity (0 to 1). What lies
 * outside is left out. Edges are smooth: a pixel is covered by as much as its centre is within the line. A line whose
 * ends are the same is a dot. */
void draw_line(struct picture *canvas, double x0, double y0, double x1, double y1, double width, struct colour colour,
	double opacity);

/* The colour of a score from 0 to 1: dark violet over green to yellow, as light as the score is high ("viridis" of
 * matplotlib, by van der Walt and Smith, released to the public domain). */
struct colour draw_score_colour(double score);

#endif
