/* A line on the terminal for runs that take long. */
#include "progress.h"
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress(struct ctx *c, const char *what)
{
	if (seconds_now() - c->started > 1 && isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r\033[Kgluec: %s", what);
		fflush(stderr);
	}
}

void progress_end(struct ctx *c)
{
	if (seconds_now() - c->started > 1 && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
