/* How much memory a program has resident at most, weights and code included.
 *
 * usage: resident NAME PROGRAM ARGUMENT...     prints a JSON line in the form of contest.c; the program's output is
 * lost */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage use;
	int status;

	if (argc < 3)
		die("NAME PROGRAM ARGUMENT...");
	double start = seconds_now();
	pid_t pid = fork();
	if (pid < 0)
		die("%s: %s", argv[2], strerror(errno));
	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		die("%s failed", argv[2]);
	printf("{ \"row\": \"memory\", \"name\": \"%s\", \"ms\": %.6g, \"rss\": %ld }\n", argv[1],
		1e3 * (seconds_now() - start), use.ru_maxrss);
	return EXIT_SUCCESS;
}
