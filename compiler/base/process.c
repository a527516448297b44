/* Running other programs, without a shell. */
#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_LINES = 10, LOG_COLUMNS = 400 };

extern char **environ;

/* A make started by gluec is no part of the make that may have started gluec: neither its options nor its jobs. */
static char **own_environment(struct ctx *c)
{
	static const char *const kept_back[] = { "MAKEFLAGS=", "MFLAGS=", "MAKEOVERRIDES=", "MAKELEVEL=", "MAKEFILES=" };
	size_t n = 0, to = 0;

	while (environ[n])
		n++;
	char **list = NEW(c, char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		bool keep = true;
		for (size_t k = 0; k < sizeof kept_back / sizeof *kept_back; k++)
			keep &= strncmp(environ[i], kept_back[k], strlen(kept_back[k])) != 0;
		if (keep)
			list[to++] = environ[i];
	}
	return list;
}

int run_process(struct ctx *c, char *const *argv, const char *folder, const char *log)
{
	posix_spawn_file_actions_t actions;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (folder)
		posix_spawn_file_actions_addchdir_np(&actions, folder);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, own_environment(c));
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		fail(c, CC_FAILED, "%.100s: cannot be run: %s", argv[0], strerror(error));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail(c, OUR_BUG, "waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void show_log(const char *log)
{
	char text[LOG_COLUMNS];
	FILE *f = fopen(log, "r");
	long start = 0;

	if (!f)
		return;
	for (long at = 0; fgets(text, sizeof text, f); at = ftell(f))
		if (strcasestr(text, "error")) {
			start = at;
			break;
		}
	fseek(f, start, SEEK_SET);
	for (int i = 0; i < LOG_LINES && fgets(text, sizeof text, f); i++)
		fprintf(stderr, "%s%s", text, strchr(text, '\n') ? "" : "\n");
	fclose(f);
}
