/* Pictures and text files for tests. */
#include "cli_picture.h"
#include "image.h"
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void draw_picture(const char *path, int width, int height, int shift)
{
	struct picture p = { width, height, malloc((size_t)width * (size_t)height * 3) };
	struct problem problem;

	ck_assert_ptr_nonnull(p.rgb);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			uint32_t cell = (uint32_t)((x + shift) / 7 + 1000 * (y / 6)) * 2654435761u;
			uint32_t pixel = (uint32_t)(x + shift + 5000 * y) * 2246822519u;
			memset(p.rgb + 3 * (y * width + x), (int)((cell >> 25) + (pixel >> 26) + 20), 3);
		}
	ck_assert_msg(picture_write(path, &p, &problem), "%s", problem.text);
	picture_free(&p);
}

void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}
