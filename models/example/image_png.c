/* Reads and writes PNG files by libpng. */
#include "image.h"
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything that decoding needs. It lives in the caller's frame, so that what is allocated is known after a longjmp.
 */
struct reader {
	FILE *in;
	png_structp png;
	png_infop info;
	uint8_t *rgba;
	png_bytep *row;
	int width, height;
	enum outcome outcome;
	char text[128];
};

static void stop(png_structp png, const char *text)
{
	struct reader *reader = png_get_error_ptr(png);

	snprintf(
		reader->text, sizeof reader->text, "%s%s", reader->outcome == OUTCOME_IO ? "damaged PNG file: " : "", text);
	png_longjmp(png, 1);
}

static void ignore(png_structp png, const char *text)
{
	(void)png;
	(void)text;
}

/* Asks libpng for 8-bit RGBA, whatever the file holds. */
static void ask_for_rgba(const struct reader *reader)
{
	png_set_scale_16(reader->png);
	png_set_expand(reader->png);
	png_set_gray_to_rgb(reader->png);
	png_set_add_alpha(reader->png, 255, PNG_FILLER_AFTER);
	png_set_interlace_handling(reader->png);
	png_read_update_info(reader->png, reader->info);
}

static void allocate(struct reader *reader)
{
	png_uint_32 width = png_get_image_width(reader->png, reader->info);
	png_uint_32 height = png_get_image_height(reader->png, reader->info);

	reader->outcome = OUTCOME_UNUSABLE;
	if (width > PICTURE_SIDE || height > PICTURE_SIDE || (uint64_t)width * height > PICTURE_PIXELS)
		png_error(reader->png, "larger than 2^28 pixels or 2^17 along a side");
	reader->rgba = malloc((size_t)width * height * 4);
	reader->row = malloc(height * sizeof *reader->row);
	if (!reader->rgba || !reader->row)
		png_error(reader->png, "out of memory");
	for (png_uint_32 y = 0; y < height; y++)
		reader->row[y] = reader->rgba + (size_t)y * width * 4;
	reader->width = (int)width;
	reader->height = (int)height;
	reader->outcome = OUTCOME_IO;
}

/* Decodes the whole file into reader->rgba. The only function that libpng's errors jump back into. */
static bool decode(struct reader *reader)
{
	if (setjmp(png_jmpbuf(reader->png)))
		return false;
	png_init_io(reader->png, reader->in);
	png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_read_info(reader->png, reader->info);
	allocate(reader);
	ask_for_rgba(reader);
	if (png_get_rowbytes(reader->png, reader->info) != (size_t)reader->width * 4)
		png_error(reader->png, "unexpected pixel format");
	png_read_image(reader->png, reader->row);
	png_read_end(reader->png, NULL);
	return true;
}

/* Lays the pixels over mid grey and packs them into RGB, in place. */
static void flatten(uint8_t *pixel, size_t count)
{
	enum { BACKGROUND = 128 };

	for (size_t i = 0; i < count; i++) {
		unsigned alpha = pixel[i * 4 + 3];
		for (int c = 0; c < 3; c++)
			pixel[i * 3 + c] = (uint8_t)((pixel[i * 4 + c] * alpha + BACKGROUND * (255 - alpha) + 127) / 255);
	}
}

static bool read_open_file(struct reader *reader)
{
	uint8_t signature[8];

	if (fread(signature, 1, 8, reader->in) != 8 || png_sig_cmp(signature, 0, 8) != 0) {
		snprintf(reader->text, sizeof reader->text, "%s", ferror(reader->in) ? strerror(errno) : "not a PNG file");
		return false;
	}
	rewind(reader->in);
	reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, stop, ignore);
	reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
	if (reader->info)
		return decode(reader);
	reader->outcome = OUTCOME_UNUSABLE;
	snprintf(reader->text, sizeof reader->text, "out of memory");
	return false;
}

bool picture_read(const char *file, struct picture *picture, struct problem *problem)
{
	struct reader reader = { .outcome = OUTCOME_IO, .in = fopen(file, "rb") };

	*picture = (struct picture){ 0 };
	if (!reader.in)
		return problem_is(problem, OUTCOME_IO, "%s: %s", file, strerror(errno));
	bool read = read_open_file(&reader);
	fclose(reader.in);
	png_destroy_read_struct(&reader.png, &reader.info, NULL);
	free(reader.row);
	if (!read) {
		free(reader.rgba);
		return problem_is(problem, reader.outcome, "%s: %s", file, reader.text);
	}
	size_t count = (size_t)reader.width * (size_t)reader.height;
	flatten(reader.rgba, count);
	/* Giving a quarter back cannot fail in a way that matters: the larger block serves as well. */
	uint8_t *smaller = realloc(reader.rgba, count * 3);
	*picture = (struct picture){ reader.width, reader.height, smaller ? smaller : reader.rgba };
	return true;
}

/* Writes and closes; errno says why not. */
static bool write_and_close(FILE *out, const struct picture *picture)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)picture->width,
		.height = (png_uint_32)picture->height,
		.format = PNG_FORMAT_RGB,
		/* Matches are drawn to be looked at; twice the speed is worth a few kilobytes. */
		.flags = PNG_IMAGE_FLAG_FAST,
	};

	errno = 0;
	bool written = png_image_write_to_stdio(&image, out, 0, picture->rgb, 0, NULL);
	int cause = errno ? errno : EIO;
	if (fclose(out) != 0)
		return false;
	errno = cause;
	return written;
}

bool picture_write(const char *file, const struct picture *picture, struct problem *problem)
{
	size_t room = strlen(file) + 32;
	char *part = malloc(room);

	if (!part)
		return problem_is(problem, OUTCOME_UNUSABLE, "%s: out of memory", file);
	snprintf(part, room, "%s.%ld.part", file, (long)getpid());
	FILE *out = fopen(part, "wbx");
	bool written = out && write_and_close(out, picture) && rename(part, file) == 0;
	if (!written)
		problem_is(problem, OUTCOME_IO, "%s: %s", file, strerror(errno));
	if (!written && out)
		remove(part);
	free(part);
	return written;
}

void picture_free(struct picture *picture)
{
	free(picture->rgb);
	*picture = (struct picture){ 0 };
}
