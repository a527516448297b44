/* Grey and size: a separable resampling filter that reads its rows in grey or in colour. */
#include "image.h"
#include <math.h>
#include <stdlib.h>

/* For each output position the input positions that it averages: weight[i * room + n] belongs to first[i] + n. */
struct taps {
	int *first, *count;
	float *weight;
	int room;
};

static void taps_free(struct taps *taps)
{
	free(taps->first);
	free(taps->count);
	free(taps->weight);
}

/* The weights of output position i: a triangle around its place among the inputs, cut off at the ends of the row. */
static void weigh(struct taps *taps, int i, int from, double scale)
{
	double reach = scale > 1 ? scale : 1, centre = (i + 0.5) * scale - 0.5, sum = 0;
	int first = (int)fmax(floor(centre - reach) + 1, 0), last = (int)fmin(ceil(centre + reach) - 1, from - 1);
	float *weight = taps->weight + (size_t)i * (size_t)taps->room;

	for (int j = first; j <= last; j++)
		sum += 1 - fabs(j - centre) / reach;
	for (int j = first; j <= last; j++)
		weight[j - first] = (float)((1 - fabs(j - centre) / reach) / sum);
	taps->first[i] = first;
	taps->count[i] = last - first + 1;
}

static bool taps_make(struct taps *taps, int from, int to)
{
	double scale = (double)from / to;

	taps->room = 2 * (int)ceil(scale > 1 ? scale : 1) + 1;
	taps->first = malloc((size_t)to * sizeof *taps->first);
	taps->count = malloc((size_t)to * sizeof *taps->count);
	taps->weight = malloc((size_t)to * (size_t)taps->room * sizeof *taps->weight);
	if (!taps->first || !taps->count || !taps->weight)
		return false;
	for (int i = 0; i < to; i++)
		weigh(taps, i, from, scale);
	return true;
}

/* Reads one row of a picture as floats from 0 to 255, one or three to a pixel. */
typedef void row_reader(const uint8_t *rgb, int width, float *row);

static void row_grey(const uint8_t *rgb, int width, float *row)
{
	for (int x = 0; x < width; x++, rgb += 3)
		row[x] = (float)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

static void row_colour(const uint8_t *rgb, int width, float *row)
{
	for (int i = 0; i < width * 3; i++)
		row[i] = rgb[i];
}

/* out[i] = the weighted sum of the inputs of position i, for rows of `channels` floats a pixel. */
static void narrow(const struct taps *taps, const float *row, float *out, int width, int channels)
{
	for (int i = 0; i < width; i++)
		for (int c = 0; c < channels; c++) {
			const float *weight = taps->weight + (size_t)i * (size_t)taps->room;
			const float *in = row + (size_t)taps->first[i] * (size_t)channels + c;
			float sum = 0;
			for (int n = 0; n < taps->count[i]; n++)
				sum += weight[n] * in[(size_t)n * (size_t)channels];
			out[i * channels + c] = sum;
		}
}

/* The same down the columns: one output row from `count` rows of length `length`. */
static void blend(const float *weight, int count, const float *rows, float *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out[i] = weight[0] * rows[i];
	for (int n = 1; n < count; n++)
		for (size_t i = 0; i < length; i++)
			out[i] += weight[n] * rows[(size_t)n * length + i];
}

/* Resamples into to [height][width][channels]; first along the rows, then along the columns. */
static bool resample(const struct picture *picture, row_reader *read, int channels, float *to, int width, int height)
{
	size_t length = (size_t)width * (size_t)channels;
	struct taps across = { 0 }, along = { 0 };
	float *row = malloc((size_t)picture->width * (size_t)channels * sizeof *row);
	float *narrowed = malloc((size_t)picture->height * length * sizeof *narrowed);
	bool made =
		row && narrowed && taps_make(&across, picture->width, width) && taps_make(&along, picture->height, height);

	for (int y = 0; made && y < picture->height; y++) {
		read(picture->rgb + (size_t)y * (size_t)picture->width * 3, picture->width, row);
		narrow(&across, row, narrowed + (size_t)y * length, width, channels);
	}
	for (int y = 0; made && y < height; y++)
		blend(along.weight + (size_t)y * (size_t)along.room, along.count[y], narrowed + (size_t)along.first[y] * length,
			to + (size_t)y * length, length);
	taps_free(&across);
	taps_free(&along);
	free(row);
	free(narrowed);
	return made;
}

bool picture_grey(const struct picture *picture, float *grey, int width, int height)
{
	if (!resample(picture, row_grey, 1, grey, width, height))
		return false;
	for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
		grey[i] /= 255;
	return true;
}

bool picture_scale(const struct picture *picture, struct picture *scaled, int width, int height)
{
	size_t count = (size_t)width * (size_t)height * 3;
	float *colour = malloc(count * sizeof *colour);

	*scaled = (struct picture){ width, height, malloc(count) };
	bool made = colour && scaled->rgb && resample(picture, row_colour, 3, colour, width, height);
	if (made)
		for (size_t i = 0; i < count; i++)
			scaled->rgb[i] = (uint8_t)(colour[i] + 0.5f);
	else
		picture_free(scaled);
	free(colour);
	return made;
}
