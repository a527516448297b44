/* A folder for what verify and bench build. */
#include "temporary.h"
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *temporary_folder(struct ctx *c)
{
	const char *root = getenv("TMPDIR");

	if (c->temporary)
		return c->temporary;
	char *path = arena_text(c, "%s/gluec-XXXXXX", root && *root ? root : "/tmp");
	if (!mkdtemp(path))
		fail(c, IO_FAILED, "%.300s: cannot be made: %s", path, strerror(errno));
	return c->temporary = path;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_temporary(struct ctx *c)
{
	if (c->temporary)
		nftw(c->temporary, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	c->temporary = NULL;
}
