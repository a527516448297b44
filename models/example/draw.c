#include "draw.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 6, TALLEST = 2160, WIDEST = (16384 - GAP) / 2 };

static struct view fit(const struct picture *picture, int height)
{
	double width = (double)picture->width * height / picture->height;

	return (struct view){
		.width = (int)fmin(fmax(width + 0.5, 1), WIDEST),
		.height = height,
		.from_width = picture->width,
		.from_height = picture->height,
	};
}

/* Copies a picture to its place on a canvas of the same height. */
static bool place(const struct picture *picture, struct picture *canvas, const struct view *view)
{
	struct picture scaled;

	if (!picture_scale(picture, &scaled, view->width, view->height))
		return false;
	size_t row = (size_t)view->width * 3, canvas_row = (size_t)canvas->width * 3;
	for (int y = 0; y < view->height; y++)
		memcpy(canvas->rgb + (size_t)y * canvas_row + (size_t)view->x * 3, scaled.rgb + (size_t)y * row, row);
	picture_free(&scaled);
	return true;
}

bool draw_side_by_side(const struct picture pair[2], struct picture *canvas, struct view view[2])
{
	int height = pair[0].height > pair[1].height ? pair[0].height : pair[1].height;

	height = height > TALLEST ? TALLEST : height;
	view[0] = fit(&pair[0], height);
	view[1] = fit(&pair[1], height);
	view[1].x = view[0].width + GAP;
	*canvas = (struct picture){ .width = view[1].x + view[1].width, .height = height };
	size_t bytes = (size_t)canvas->width * (size_t)height * 3;
	canvas->rgb = malloc(bytes);
	if (!canvas->rgb)
		return false;
	memset(canvas->rgb, 255, bytes);
	if (place(&pair[0], canvas, &view[0]) && place(&pair[1], canvas, &view[1]))
		return true;
	picture_free(canvas);
	return false;
}

static void lay_over(uint8_t *rgb, struct colour colour, double opacity)
{
	const uint8_t paint[3] = { colour.r, colour.g, colour.b };

	for (int c = 0; c < 3; c++)
		rgb[c] = (uint8_t)(rgb[c] + (paint[c] - rgb[c]) * opacity + 0.5);
}

/* The distance of a point from a segment, which starts at the origin and ends at dx, dy. */
static double from_segment(double x, double y, double dx, double dy)
{
	double length2 = dx * dx + dy * dy, along = length2 > 0 ? (x * dx + y * dy) / length2 : 0;

	along = fmin(fmax(along, 0), 1);
	return hypot(x - along * dx, y - along * dy);
}

void draw_line(struct picture *canvas, double x0, double y0, double x1, double y1, double width, struct colour colour,
	double opacity)
{
	double dx = x1 - x0, dy = y1 - y0, reach = width / 2 + 0.5;
	/* How far a row's pixels may lie from the line's crossing of that row: more, the flatter the line is. */
	double spread = dy != 0 ? reach * hypot(dx, dy) / fabs(dy) : HUGE_VAL;
	double left = fmin(x0, x1) - reach, right = fmax(x0, x1) + reach;
	int top = (int)fmax(floor(fmin(y0, y1) - reach), 0);
	int bottom = (int)fmin(ceil(fmax(y0, y1) + reach), canvas->height - 1);

	for (int y = top; y <= bottom; y++) {
		double crossing = dy != 0 ? x0 + (y - y0) * dx / dy : x0;
		int first = (int)fmax(fmax(left, crossing - spread), 0);
		int last = (int)fmin(fmin(right, crossing + spread) + 1, canvas->width - 1);
		for (int x = first; x <= last; x++) {
			double cover = fmin(reach - from_segment(x - x0, y - y0, dx, dy), 1);
			if (cover > 0)
				lay_over(canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3, colour, cover * opacity);
		}
	}
}

struct colour draw_score_colour(double score)
{
	static const struct colour STOP[] = { { 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 }, { 94, 201, 98 },
		{ 253, 231, 37 } };
	enum { STEPS = sizeof STOP / sizeof STOP[0] - 1 };
	double place = fmin(fmax(score, 0), 1) * STEPS;
	int i = place < STEPS ? (int)place : STEPS - 1;
	double t = place - i;
	const struct colour *a = &STOP[i], *b = &STOP[i + 1];

	return (struct colour){
		(uint8_t)(a->r + (b->r - a->r) * t + 0.5),
		(uint8_t)(a->g + (b->g - a->g) * t + 0.5),
		(uint8_t)(a->b + (b->b - a->b) * t + 0.5),
	};
}
