/* What is in a folder. */
#include "folder.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

int list_folder(struct ctx *c, const char *folder, bool (*wanted)(const char *name), const char *const **paths)
{
	DIR *dir = opendir(folder);
	const char **list = NULL;
	int n = 0, room = 0;

	if (!dir)
		fail(c, IO_FAILED, "%.300s: %s", folder, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (!wanted(entry->d_name))
			continue;
		if (n == room) {
			const char **old = list;
			room = room ? 2 * room : 64;
			list = NEW(c, const char *, (size_t)room);
			if (n)
				memcpy(list, old, (size_t)n * sizeof *list);
		}
		list[n++] = arena_text(c, "%s/%s", folder, entry->d_name);
	}
	closedir(dir);
	if (n)
		qsort(list, (size_t)n, sizeof *list, by_name);
	*paths = list;
	return n;
}
