/* A folder for what verify and bench build. */
#include "temporary.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Starts a process that removes the folder should gluec be ended by a signal. It waits for the end of a pipe, which
 * only gluec holds open, and lives in a session of its own, so that what is typed at the terminal does not end it. */
static void start_guard(struct ctx *c, const char *path)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		fail(c, IO_FAILED, "cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	c->guard = fork();
	if (c->guard == 0) {
		setsid();
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		remove_folder(path);
		_exit(0);
	}
	close(ends[0]);
	c->guard_pipe = ends[1];
}

const char *temporary_folder(struct ctx *c)
{
	const char *root = getenv("TMPDIR");

	if (c->temporary)
		return c->temporary;
	char *path = arena_text(c, "%s/gluec-XXXXXX", root && *root ? root : "/tmp");
	if (!mkdtemp(path))
		fail(c, IO_FAILED, "%.300s: cannot be made: %s", path, strerror(errno));
	c->temporary = path;
	start_guard(c, path);
	return path;
}

void remove_temporary(struct ctx *c)
{
	if (!c->temporary)
		return;
	remove_folder(c->temporary);
	c->temporary = NULL;
	close(c->guard_pipe);
	if (c->guard > 0)
		waitpid(c->guard, NULL, 0);
}
