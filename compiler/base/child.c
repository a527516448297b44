/* Running a function in a child process. The message of child_fail goes through a pipe, which is also how the parent
 * learns that the child is gone: its end closes. */
#include "child.h"
#include "temporary.h"
#include "process.h"
#include "progress.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's end of the pipe has this number, so that child_fail needs no variable to find it. */
enum { PIPE_IN_CHILD = 3 };

void *shared_memory(struct ctx *c, size_t bytes)
{
	void *p = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail(c, IO_FAILED, "out of memory: %zu bytes to share with a child process", bytes);
	return p;
}

void release_shared(void *p, size_t bytes)
{
	munmap(p, bytes ? bytes : 1);
}

_Noreturn void child_fail(const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n >= (int)sizeof text)
		n = sizeof text - 1;
	_exit(n < 0 || write(PIPE_IN_CHILD, text, (size_t)n) != n ? 2 : 1);
}

/* A child must not outlive gluec, nor print among its lines, and a crash must end it by its signal whatever gluec was
 * built with (sanitizers catch some). */
_Noreturn static void be_child(void (*body)(void *user), void *user, int pipe_end, int log)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		signal(crashes[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (pipe_end != PIPE_IN_CHILD)
		dup2(pipe_end, PIPE_IN_CHILD);
	body(user);
	_exit(0);
}

/* Collects what the child writes until it is gone. Returns false when it takes too long. */
static bool listen_to(int end, char *text, size_t room, double timeout)
{
	double last = seconds_now() + timeout;
	size_t n = 0;

	for (;;) {
		double left = last - seconds_now();
		struct pollfd p = { .fd = end, .events = POLLIN };
		char rest[64];
		if (left <= 0)
			return false;
		if (poll(&p, 1, left > 1e6 ? 1000000000 : (int)(1000 * left) + 1) <= 0)
			continue;
		bool full = n == room - 1;
		ssize_t got = read(end, full ? rest : text + n, full ? sizeof rest : room - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return true;
		n += full ? 0 : (size_t)got;
	}
}

static const char *fate(struct ctx *c, int status, const char *said, bool in_time, double timeout)
{
	if (!in_time)
		return arena_text(c, "did not end within %g s; --timeout S allows more", timeout);
	if (WIFSIGNALED(status))
		return arena_text(c, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (*said)
		return arena_text(c, "%s", said);
	return WEXITSTATUS(status) ? arena_text(c, "ended with exit code %d", WEXITSTATUS(status)) : NULL;
}

const char *run_child(struct ctx *c, void (*body)(void *user), void *user, double timeout_seconds)
{
	const char *log_path = arena_text(c, "%s/child.log", temporary_folder(c));
	char said[600] = "";
	int ends[2] = { -1, -1 }, status = 0;
	int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (log < 0 || pipe(ends))
		fail(c, IO_FAILED, "%.300s: cannot be made: %s", log_path, strerror(errno));
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		fail(c, IO_FAILED, "cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		/* Every other holder of the writing end would keep the parent waiting. */
		close(ends[0]);
		be_child(body, user, ends[1], log);
	}
	close(ends[1]);
	close(log);
	bool in_time = listen_to(ends[0], said, sizeof said, timeout_seconds);
	if (!in_time)
		kill(pid, SIGKILL);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	const char *end = fate(c, status, said, in_time, timeout_seconds);
	if (end)
		show_log(log_path);
	return end;
}
