/* Tests of the matching program's files: every kind of PNG, damaged ones, and writing. */
#include "../suite.h"
#include "../../models/example/image.h"
#include <dirent.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W = 13, H = 9, CHANNELS = 4, BACKGROUND = 128 };

static char directory[32], name[64];

static void make_directory(void)
{
	strcpy(directory, "/tmp/test_png_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(name, sizeof name, "%s/picture.png", directory);
}

static void remove_directory(void)
{
	unlink(name);
	ck_assert_int_eq(rmdir(directory), 0);
}

static const struct kind {
	int type, depth;
	bool key; /* has a tRNS chunk: a transparent grey or colour, or alphas in the palette */
} KINDS[] = {
	{ PNG_COLOR_TYPE_GRAY, 1, false },
	{ PNG_COLOR_TYPE_GRAY, 2, false },
	{ PNG_COLOR_TYPE_GRAY, 4, true },
	{ PNG_COLOR_TYPE_GRAY, 8, false },
	{ PNG_COLOR_TYPE_GRAY, 8, true },
	{ PNG_COLOR_TYPE_GRAY, 16, false },
	{ PNG_COLOR_TYPE_GRAY_ALPHA, 8, false },
	{ PNG_COLOR_TYPE_GRAY_ALPHA, 16, false },
	{ PNG_COLOR_TYPE_RGB, 8, false },
	{ PNG_COLOR_TYPE_RGB, 8, true },
	{ PNG_COLOR_TYPE_RGB, 16, false },
	{ PNG_COLOR_TYPE_RGB_ALPHA, 8, false },
	{ PNG_COLOR_TYPE_RGB_ALPHA, 16, false },
	{ PNG_COLOR_TYPE_PALETTE, 1, false },
	{ PNG_COLOR_TYPE_PALETTE, 2, true },
	{ PNG_COLOR_TYPE_PALETTE, 4, false },
	{ PNG_COLOR_TYPE_PALETTE, 8, true },
};

enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

static int channels_of(const struct kind *kind)
{
	return kind->type == PNG_COLOR_TYPE_PALETTE
			   ? 1
			   : (kind->type & PNG_COLOR_MASK_COLOR ? 3 : 1) + (kind->type & PNG_COLOR_MASK_ALPHA ? 1 : 0);
}

/* The value of a sample, from 0 to the largest of its depth. */
static unsigned sample(const struct kind *kind, int x, int y, int channel)
{
	return (unsigned)(x * 4793 + y * 7919 + channel * 12345 + x * y * 311) & ((1u << kind->depth) - 1);
}

static png_color palette_colour(unsigned i)
{
	return (png_color){ (png_byte)(i * 41 + 3), (png_byte)(255 - i * 7), (png_byte)(i * 97) };
}

static png_byte palette_alpha(unsigned i)
{
	return (png_byte)(i * 60);
}

/* Packs one row of samples, the first in the highest bits, as PNG wants it. */
static void pack_row(const struct kind *kind, int y, uint8_t *row)
{
	int channels = channels_of(kind), depth = kind->depth;

	memset(row, 0, (size_t)W * CHANNELS * 2);
	for (int i = 0; i < W * channels; i++) {
		unsigned value = sample(kind, i / channels, y, i % channels);
		if (depth == 16) {
			row[i * 2] = (uint8_t)(value >> 8);
			row[i * 2 + 1] = (uint8_t)value;
		} else {
			row[i * depth / 8] |= (uint8_t)(value << (8 - depth - i * depth % 8));
		}
	}
}

static void set_transparency(png_structp png, png_infop info, const struct kind *kind)
{
	png_color_16 key = { 0 };
	png_byte alpha[4];

	for (unsigned i = 0; i < 4; i++)
		alpha[i] = palette_alpha(i);
	/* The key is the colour of pixel (3, 2). */
	key.gray = (png_uint_16)sample(kind, 3, 2, 0);
	key.red = key.gray;
	key.green = (png_uint_16)sample(kind, 3, 2, 1);
	key.blue = (png_uint_16)sample(kind, 3, 2, 2);
	if (kind->type == PNG_COLOR_TYPE_PALETTE)
		png_set_tRNS(png, info, alpha, 4, NULL);
	else
		png_set_tRNS(png, info, NULL, 0, &key);
}

static void write_kind(const struct kind *kind, bool interlaced)
{
	static uint8_t pixels[H][W * CHANNELS * 2];
	png_bytep rows[H];
	png_color palette[256];
	FILE *out = fopen(name, "wb");
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);

	ck_assert_ptr_nonnull(out);
	png_init_io(png, out);
	png_set_IHDR(png, info, W, H, kind->depth, kind->type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	for (unsigned i = 0; i < 256; i++)
		palette[i] = palette_colour(i);
	if (kind->type == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 1 << kind->depth);
	if (kind->key)
		set_transparency(png, info, kind);
	for (int y = 0; y < H; y++) {
		pack_row(kind, y, pixels[y]);
		rows[y] = pixels[y];
	}
	png_set_rows(png, info, rows);
	png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	png_destroy_write_struct(&png, &info);
	fclose(out);
}

/* The RGBA that the pixel means. */
static void meaning(const struct kind *kind, int x, int y, unsigned rgba[4])
{
	unsigned most = (1u << kind->depth) - 1, first = sample(kind, x, y, 0);

	rgba[3] = 255;
	if (kind->type == PNG_COLOR_TYPE_PALETTE) {
		png_color colour = palette_colour(first);
		rgba[0] = colour.red;
		rgba[1] = colour.green;
		rgba[2] = colour.blue;
		rgba[3] = kind->key && first < 4 ? palette_alpha(first) : 255;
		return;
	}
	bool colour = kind->type & PNG_COLOR_MASK_COLOR, same = true;
	for (int c = 0; c < 3; c++) {
		unsigned value = sample(kind, x, y, colour ? c : 0);
		rgba[c] = (value * 255 + most / 2) / most;
		same = same && value == sample(kind, 3, 2, colour ? c : 0);
	}
	if (kind->type & PNG_COLOR_MASK_ALPHA)
		rgba[3] = (sample(kind, x, y, colour ? 3 : 1) * 255 + most / 2) / most;
	if (kind->key && same)
		rgba[3] = 0;
}

START_TEST(every_kind_is_read)
{
	const struct kind *kind = &KINDS[_i / 2];
	struct picture picture;
	struct problem problem = { .outcome = OUTCOME_DONE };

	write_kind(kind, _i & 1);
	ck_assert_msg(picture_read(name, &picture, &problem), "%s", problem.text);
	ck_assert_int_eq(picture.width, W);
	ck_assert_int_eq(picture.height, H);
	for (int i = 0; i < W * H; i++) {
		unsigned rgba[4];
		meaning(kind, i % W, i / W, rgba);
		for (int c = 0; c < 3; c++) {
			double expected = BACKGROUND + (rgba[c] - (double)BACKGROUND) * rgba[3] / 255;
			ck_assert_double_eq_tol(picture.rgb[i * 3 + c], expected, 0.51);
		}
	}
	picture_free(&picture);
	ck_assert_ptr_null(picture.rgb);
}
END_TEST

static size_t load(uint8_t *bytes, size_t room)
{
	FILE *in = fopen(name, "rb");

	ck_assert_ptr_nonnull(in);
	size_t size = fread(bytes, 1, room, in);
	fclose(in);
	return size;
}

static void store(const uint8_t *bytes, size_t size)
{
	FILE *out = fopen(name, "wb");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
	fclose(out);
}

static void refuse(enum outcome outcome, const char *word)
{
	struct picture picture;
	struct problem problem = { .outcome = OUTCOME_DONE };

	ck_assert(!picture_read(name, &picture, &problem));
	ck_assert_int_eq(problem.outcome, outcome);
	ck_assert_ptr_nonnull(strstr(problem.text, name));
	ck_assert_ptr_nonnull(strstr(problem.text, word));
	ck_assert_ptr_null(strchr(problem.text, '\n'));
	ck_assert_ptr_null(picture.rgb);
}

START_TEST(truncated_files_are_refused)
{
	uint8_t bytes[4096];

	write_kind(&KINDS[8], false);
	size_t size = load(bytes, sizeof bytes);
	for (size_t part = 0; part < size; part += 3) {
		store(bytes, part);
		refuse(OUTCOME_IO, part < 8 ? "not a PNG file" : "");
	}
}
END_TEST

START_TEST(damaged_files_are_refused)
{
	uint8_t bytes[4096];

	write_kind(&KINDS[14], true);
	size_t size = load(bytes, sizeof bytes);
	/* Every byte of a chunk is covered by its checksum; the lengths, types and signature protect themselves. */
	for (size_t at = 0; at < size; at++) {
		struct picture picture;
		struct problem problem = { .outcome = OUTCOME_DONE };
		bytes[at] ^= 0x11;
		store(bytes, size);
		if (picture_read(name, &picture, &problem)) {
			/* Only damage in an optional chunk may pass. */
			ck_assert_int_eq(picture.width, W);
			ck_assert_int_eq(picture.height, H);
			picture_free(&picture);
		} else {
			ck_assert_int_ne(problem.outcome, OUTCOME_DONE);
		}
		bytes[at] ^= 0x11;
	}
	bytes[20] ^= 0x11;
	store(bytes, size);
	refuse(OUTCOME_IO, "");
}
END_TEST

static void put_big_endian(uint8_t *to, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* The checksum of PNG's chunks (ISO 3309). */
static uint32_t checksum(const uint8_t *bytes, size_t count)
{
	uint32_t c = 0xffffffffu;

	for (size_t i = 0; i < count; i++) {
		c ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
	}
	return ~c;
}

/* Makes the picture in bytes claim another size. */
static void claim(uint8_t *bytes, uint32_t width, uint32_t height)
{
	put_big_endian(bytes + 16, width);
	put_big_endian(bytes + 20, height);
	put_big_endian(bytes + 29, checksum(bytes + 12, 17));
}

START_TEST(impossible_sizes_are_refused)
{
	uint8_t bytes[4096];

	write_kind(&KINDS[3], false);
	size_t size = load(bytes, sizeof bytes);
	claim(bytes, 1u << 16, 1u << 16);
	store(bytes, size);
	refuse(OUTCOME_UNUSABLE, "larger");
	claim(bytes, 0x7fffffff, 0x7fffffff);
	store(bytes, size);
	refuse(OUTCOME_UNUSABLE, "larger");
	claim(bytes, 1, (1u << 17) + 1);
	store(bytes, size);
	refuse(OUTCOME_UNUSABLE, "larger");
	claim(bytes, 0, 5);
	store(bytes, size);
	refuse(OUTCOME_IO, "");
	claim(bytes, 0x80000001, 5);
	store(bytes, size);
	refuse(OUTCOME_IO, "");
	/* More rows than the file holds. */
	claim(bytes, W, H + 1000);
	store(bytes, size);
	refuse(OUTCOME_IO, "");
}
END_TEST

START_TEST(other_files_are_refused)
{
	struct picture picture;
	struct problem problem;

	store((const uint8_t *)"P5 2 2 255\nabcd", 15);
	refuse(OUTCOME_IO, "not a PNG file");
	unlink(name);
	refuse(OUTCOME_IO, "No such file");
	ck_assert(!picture_read(directory, &picture, &problem));
	ck_assert_int_eq(problem.outcome, OUTCOME_IO);
}
END_TEST

static struct picture new_picture(int width, int height)
{
	return (struct picture){ width, height, calloc((size_t)width * (size_t)height, 3) };
}

static int files_in_directory(void)
{
	DIR *open = opendir(directory);
	int count = 0;

	ck_assert_ptr_nonnull(open);
	for (struct dirent *entry; (entry = readdir(open));)
		count += entry->d_name[0] != '.';
	closedir(open);
	return count;
}

START_TEST(written_pictures_read_back)
{
	struct picture picture = new_picture(W, H), back;
	struct problem problem;

	for (int i = 0; i < W * H * 3; i++)
		picture.rgb[i] = (uint8_t)(i * 91);
	/* The second time it replaces the file. */
	for (int time = 0; time < 2; time++) {
		ck_assert(picture_write(name, &picture, &problem));
		ck_assert(picture_read(name, &back, &problem));
		ck_assert_int_eq(back.width, W);
		ck_assert_int_eq(back.height, H);
		ck_assert_mem_eq(back.rgb, picture.rgb, W * H * 3);
		picture_free(&back);
	}
	ck_assert_int_eq(files_in_directory(), 1);
	picture_free(&picture);
}
END_TEST

START_TEST(failed_writes_leave_nothing)
{
	struct picture picture = new_picture(W, H);
	struct problem problem = { .outcome = OUTCOME_DONE };

	/* A directory cannot be replaced by a picture. */
	ck_assert(!picture_write(directory, &picture, &problem));
	ck_assert_int_eq(problem.outcome, OUTCOME_IO);
	ck_assert_int_eq(files_in_directory(), 0);
	ck_assert(!picture_write("/nowhere/at/all.png", &picture, &problem));
	ck_assert_ptr_nonnull(strstr(problem.text, "No such file"));
	picture_free(&picture);
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("png");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(files, make_directory, remove_directory);
	tcase_add_loop_test(files, every_kind_is_read, 0, KIND_COUNT * 2);
	tcase_add_test(files, truncated_files_are_refused);
	tcase_add_test(files, damaged_files_are_refused);
	tcase_add_test(files, impossible_sizes_are_refused);
	tcase_add_test(files, other_files_are_refused);
	tcase_add_test(files, written_pictures_read_back);
	tcase_add_test(files, failed_writes_leave_nothing);
	suite_add_tcase(suite, files);
	return suite;
}
