/* Parts of the names of files. */
#include "path.h"
#include <string.h>

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *base_name(struct ctx *c, const char *path)
{
	char *name = arena_text(c, "%s", file_name(path)), *dot = strrchr(name, '.');

	if (dot && dot != name)
		*dot = 0;
	return name;
}
