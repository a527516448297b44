/* Writes pictures and truth to files. */
#include "scene.h"
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool write_grey_png(const char *file, const uint8_t *pixel, int width, int height)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)width,
		.height = (png_uint_32)height,
		.format = PNG_FORMAT_GRAY,
	};

	errno = 0;
	if (png_image_write_to_file(&image, file, 0, pixel, 0, NULL))
		return true;
	if (errno == 0)
		errno = EIO;
	return false;
}

static void put_word(uint8_t *to, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> (8 * i));
}

static void put_float(uint8_t *to, double value)
{
	float narrow = (float)value;
	uint32_t word;

	memcpy(&word, &narrow, sizeof word);
	put_word(to, word);
}

static bool write_flow_rows(FILE *out, const struct scene *scene)
{
	int width = scene->camera[0].width, height = scene->camera[0].height;
	uint8_t bytes[12];

	put_float(bytes, 202021.25);
	put_word(bytes + 4, (uint32_t)width);
	put_word(bytes + 8, (uint32_t)height);
	if (fwrite(bytes, 1, 12, out) != 12)
		return false;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			double to_x, to_y;
			bool seen = scene_truth(scene, x, y, &to_x, &to_y);
			put_float(bytes, seen ? to_x - x : 1e10);
			put_float(bytes + 4, seen ? to_y - y : 1e10);
			if (fwrite(bytes, 1, 8, out) != 8)
				return false;
		}
	return true;
}

bool write_flow(const char *file, const struct scene *scene)
{
	FILE *out = fopen(file, "wb");

	if (!out)
		return false;
	bool written = write_flow_rows(out, scene);
	int why = errno;
	if (fclose(out) != 0 && written) {
		written = false;
		why = errno;
	}
	if (!written) {
		remove(file);
		errno = why;
	}
	return written;
}
