/* Pictures: reading and writing PNG, grey, and changing size.
 *
 * Pixel (x, y) has its centre at the integer coordinates (x, y), so a picture of width w reaches from -0.5 to w - 0.5.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "problem.h"
#include <stdint.h>

/* The largest pictures that are read: pixels in all, and along a side. */
enum { PICTURE_PIXELS = 1 << 28, PICTURE_SIDE = 1 << 17 };

struct picture {
	int width, height;
	uint8_t *rgb; /* [height][width][3], released by picture_free */
};

/* Reads a PNG of any kind: grey, colour or palette, 1 to 16 bits (16 become 8), interlaced or not. Transparent parts
 * show a mid-grey background. Colour profiles and gamma are ignored, as most vision software does. */
bool picture_read(const char *file, struct picture *picture, struct problem *problem);

/* Writes an 8-bit RGB PNG: first under another name beside it, then renamed, so that `file` is never half written. */
bool picture_write(const char *file, const struct picture *picture, struct problem *problem);

void picture_free(struct picture *picture);

/* The grey picture at another size, from 0 to 1: [height][width]. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601,
 * the weights of OpenCV), rounded to 8 bits as a grey file would be. Sizes change as in picture_scale; at the same
 * size the pixels are exactly those of the picture. False when there is no memory. */
bool picture_grey(const struct picture *picture, float *grey, int width, int height);

/* The picture at another size. The filter is a triangle two pixels wide, of the input when enlarging (this is plain
 * bilinear interpolation) and of the output when shrinking, so that fine detail averages out and does not alias. The
 * whole picture is stretched: (x + 0.5) / width stays the same. False when there is no memory. */
bool picture_scale(const struct picture *picture, struct picture *scaled, int width, int height);

/* Maps a pixel coordinate between sizes: where the pixel x of `from` pixels in a row is among `to` pixels. */
static inline double rescaled(double x, int from, int to)
{
	return (x + 0.5) * to / from - 0.5;
}

#endif
