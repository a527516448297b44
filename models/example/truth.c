#include "truth.h"
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool truth_read_homography(const char *file, struct truth *truth, struct problem *problem)
{
	FILE *in = fopen(file, "r");
	int count = 0;

	if (!in)
		return problem_is(problem, OUTCOME_IO, "%s: %s", file, strerror(errno));
	*truth = (struct truth){ .flow = NULL };
	while (count < 9 && fscanf(in, "%lf", &truth->homography[count]) == 1 && isfinite(truth->homography[count]))
		count++;
	int after = fscanf(in, " ") == EOF ? EOF : fgetc(in);
	bool failed = ferror(in);
	fclose(in);
	if (failed)
		return problem_is(problem, OUTCOME_IO, "%s: it cannot be read", file);
	if (count < 9 || after != EOF)
		return problem_is(problem, OUTCOME_IO, "%s: expected nine numbers and nothing else", file);
	return true;
}

static uint32_t word_at(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static float float_at(const uint8_t *bytes)
{
	uint32_t word = word_at(bytes);
	float value;

	memcpy(&value, &word, sizeof value);
	return value;
}

static bool read_flow_rows(FILE *in, struct truth *truth)
{
	size_t row = (size_t)truth->width * 2;
	uint8_t *bytes = malloc(row * 4);

	truth->flow = malloc((size_t)truth->height * row * sizeof *truth->flow);
	bool read = bytes && truth->flow;
	for (int y = 0; read && y < truth->height; y++) {
		read = fread(bytes, 4, row, in) == row;
		for (size_t i = 0; read && i < row; i++)
			truth->flow[(size_t)y * row + i] = float_at(bytes + i * 4);
	}
	free(bytes);
	return read;
}

bool truth_read_flow(const char *file, int width, int height, struct truth *truth, struct problem *problem)
{
	FILE *in = fopen(file, "rb");
	uint8_t head[12];

	if (!in)
		return problem_is(problem, OUTCOME_IO, "%s: %s", file, strerror(errno));
	*truth = (struct truth){ .width = width, .height = height };
	bool read = false;
	if (fread(head, 1, 12, in) != 12 || memcmp(head, "PIEH", 4) != 0)
		problem_is(problem, OUTCOME_IO, "%s: not a .flo file", file);
	else if (word_at(head + 4) != (uint32_t)width || word_at(head + 8) != (uint32_t)height)
		problem_is(problem, OUTCOME_UNUSABLE, "%s: it is not for a picture of %d x %d pixels", file, width, height);
	else if (!(read = read_flow_rows(in, truth)))
		problem_is(problem, OUTCOME_IO, "%s: it ends too early, or there is no memory for it", file);
	fclose(in);
	if (!read)
		truth_free(truth);
	return read;
}

/* Where (x, y) of A is in B; false when B does not show it. */
static bool follow(const struct truth *truth, double x, double y, double *to_x, double *to_y)
{
	if (!truth->flow) {
		const double *h = truth->homography;
		double w = h[6] * x + h[7] * y + h[8];
		*to_x = (h[0] * x + h[1] * y + h[2]) / w;
		*to_y = (h[3] * x + h[4] * y + h[5]) / w;
		return w != 0;
	}
	/* Points between pixels move as the nearest pixel does. */
	int column = (int)fmin(fmax(x + 0.5, 0), truth->width - 1), row = (int)fmin(fmax(y + 0.5, 0), truth->height - 1);
	const float *way = truth->flow + ((size_t)row * (size_t)truth->width + (size_t)column) * 2;
	*to_x = x + way[0];
	*to_y = y + way[1];
	/* Written so that a NaN is unknown, too. */
	return fabs(way[0]) < 1e9 && fabs(way[1]) < 1e9;
}

void truth_judge(const struct truth *truth, double x0, double y0, double x1, double y1, struct agreement *agreement)
{
	double x, y;

	agreement->matches++;
	if (!follow(truth, x0, y0, &x, &y)) {
		agreement->unknown++;
		return;
	}
	double away = hypot(x1 - x, y1 - y);
	agreement->within1 += away <= 1;
	agreement->within3 += away <= 3;
	agreement->within5 += away <= 5;
}

void truth_free(struct truth *truth)
{
	free(truth->flow);
	*truth = (struct truth){ .flow = NULL };
}
