/* Output files: all or nothing. */
#include "out.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output_file {
	const char *path, *temporary;
	FILE *stream;
	bool created;
	sigset_t signals; /* the mask before it was opened */
	struct output_file *next;
};

/* Whoever ends gluec while files are being written ends it when they are in their places or gone: nothing is left under
 * temporary names, and no file is new where another is old. */
static void hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, before);
}

/* Forgets the files. Signals that came meanwhile have their effect now. */
static void forget(struct ctx *c)
{
	struct output_file *f = c->outputs;

	c->outputs = NULL;
	while (f && f->next)
		f = f->next;
	if (f)
		sigprocmask(SIG_SETMASK, &f->signals, NULL);
}

_Noreturn static void fail_to_write(struct ctx *c, const char *path, int error)
{
	fail(c, IO_FAILED, "%.300s: cannot be written: %s", path, strerror(error));
}

struct output_file *output_open(struct ctx *c, const char *path)
{
	struct output_file *f = NEW(c, struct output_file, 1);

	f->path = path;
	f->temporary = arena_text(c, "%s.%ld.tmp", path, (long)getpid());
	f->next = c->outputs;
	hold_signals(&f->signals);
	c->outputs = f;
	f->stream = fopen(f->temporary, "wb");
	if (!f->stream)
		fail_to_write(c, path, errno);
	f->created = true;
	return f;
}

FILE *output_stream(struct output_file *f)
{
	return f->stream;
}

void output_commit(struct ctx *c)
{
	for (struct output_file *f = c->outputs; f; f = f->next) {
		bool sound = !ferror(f->stream);
		sound &= !fclose(f->stream);
		f->stream = NULL;
		if (!sound)
			fail(c, IO_FAILED, "%.300s: cannot be written (is the disk full?)", f->path);
	}
	for (struct output_file *f = c->outputs; f; f = f->next) {
		if (rename(f->temporary, f->path))
			fail_to_write(c, f->path, errno);
		f->created = false;
	}
	forget(c);
}

void output_discard(struct ctx *c)
{
	for (struct output_file *f = c->outputs; f; f = f->next) {
		if (f->stream)
			fclose(f->stream);
		if (f->created)
			unlink(f->temporary);
	}
	forget(c);
}

void make_folder(struct ctx *c, const char *path)
{
	char *part = arena_text(c, "%s", path);

	for (char *p = part + 1; *part; p++)
		if (*p == '/' || !*p) {
			char end = *p;
			*p = 0;
			if (mkdir(part, 0777) && errno != EEXIST)
				fail(c, IO_FAILED, "%.300s: cannot be made: %s", part, strerror(errno));
			*p = end;
			if (!end)
				return;
		}
}

void check_output(struct ctx *c, const char *path)
{
	struct stat s;

	if (!stat(path, &s) && S_ISDIR(s.st_mode))
		fail_to_write(c, path, EISDIR);
	output_open(c, path);
	output_discard(c);
}

/* Of the folders that do not exist yet, the outermost can be made in the one that does. */
void check_folder(struct ctx *c, const char *path)
{
	char *part = arena_text(c, "%s", path);
	struct stat s;

	while (stat(part, &s)) {
		char *slash = strrchr(part, '/');
		if (errno != ENOENT)
			fail_to_write(c, path, errno);
		if (slash && slash != part)
			*slash = 0;
		else
			part = arena_text(c, slash ? "/" : ".");
	}
	if (!S_ISDIR(s.st_mode))
		fail_to_write(c, path, ENOTDIR);
	if (access(part, W_OK))
		fail_to_write(c, path, errno);
}
