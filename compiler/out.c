/* Output files: all or nothing. */
#include "out.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output_file {
	const char *path, *temporary;
	FILE *stream;
	bool created;
	struct output_file *next;
};

struct output_file *output_open(struct ctx *c, const char *path)
{
	struct output_file *f = NEW(c, struct output_file, 1);

	f->path = path;
	f->temporary = arena_text(c, "%s.%ld.tmp", path, (long)getpid());
	f->next = c->outputs;
	c->outputs = f;
	f->stream = fopen(f->temporary, "wb");
	if (!f->stream)
		fail(c, IO_FAILED, "%.300s: cannot be written: %s", path, strerror(errno));
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
			fail(c, IO_FAILED, "%.300s: cannot be written: %s", f->path, strerror(errno));
		f->created = false;
	}
	c->outputs = NULL;
}

void output_discard(struct ctx *c)
{
	for (struct output_file *f = c->outputs; f; f = f->next) {
		if (f->stream)
			fclose(f->stream);
		if (f->created)
			unlink(f->temporary);
	}
	c->outputs = NULL;
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
