/* Text files that users wrote. */
#include "read_text.h"
#include <errno.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 16, MOST = 64 << 20, IN_PLACE_OF_ZERO = 1 };

/* Appends what is left in f to the n bytes of *text, and a zero byte. False when that is more than MOST. */
static bool read_rest(struct ctx *c, FILE *f, char **text, size_t *n)
{
	size_t room = FIRST_ROOM;

	*text = arena_get(c, room, 1);
	while ((*n += fread(*text + *n, 1, room - 1 - *n, f)) == room - 1) {
		if (room > MOST)
			return false;
		char *more = arena_get(c, 2 * room, 1);
		memcpy(more, *text, *n);
		*text = more;
		room *= 2;
	}
	return *n <= MOST;
}

static void read_stream(struct ctx *c, const char *path, FILE *f, char **text, size_t *n)
{
	bool fits = read_rest(c, f, text, n);
	int error = ferror(f) ? errno : 0;

	fclose(f);
	if (error)
		fail(c, IO_FAILED, "%.300s: %s", path, strerror(error));
	if (!fits)
		fail(c, IO_FAILED, "%.300s: has more than 64 MiB, too much for a text", path);
}

char *read_text(struct ctx *c, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text;
	size_t n = 0;

	if (!f)
		fail(c, IO_FAILED, "%.300s: %s", path, strerror(errno));
	read_stream(c, path, f, &text, &n);
	for (char *zero = text; (zero = memchr(zero, 0, n - (size_t)(zero - text)));)
		*zero = IN_PLACE_OF_ZERO;
	return text;
}
