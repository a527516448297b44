/* Output files: all or nothing, even when somebody ends gluec meanwhile. */
#include "base/out.h"
#include "cli_test.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int entries(struct cli *t)
{
	char command[200];
	int n;

	snprintf(command, sizeof command, "ls -A %s/tmp | wc -l", t->folder);
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

enum end { COMMIT, FAIL };

/* Opens two files, is told to end, and goes on. */
static void write_two(struct cli *t, int number, enum end end)
{
	struct ctx *c = calloc(1, sizeof *c);

	c->arena = arena_new();
	signal(number, SIG_DFL); /* Check has a use for some */
	for (int i = 0; i < 2; i++)
		fputs("text\n", output_stream(output_open(c, cli_path(t, "tmp/%d", i))));
	raise(number);
	if (end == COMMIT)
		output_commit(c);
	output_discard(c);
	_exit(0);
}

static int end_of(struct cli *t, int number, enum end end)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_two(t, number, end);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	return WTERMSIG(status);
}

START_TEST(signals_wait)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct cli *t = cli_open();

	ck_assert_int_eq(end_of(t, signals[_i], FAIL), signals[_i]);
	ck_assert_int_eq(entries(t), 0);
	ck_assert_int_eq(end_of(t, signals[_i], COMMIT), signals[_i]);
	ck_assert_int_eq(entries(t), 2);
	ck_assert_int_eq(access(cli_path(t, "tmp/0"), R_OK), 0);
	ck_assert_int_eq(access(cli_path(t, "tmp/1"), R_OK), 0);
	cli_close(t);
}
END_TEST

/* Once the files are written, signals are what they were. */
START_TEST(the_mask_comes_back)
{
	struct cli *t = cli_open();
	struct ctx *c = calloc(1, sizeof *c);
	sigset_t before, after;

	c->arena = arena_new();
	sigemptyset(&before);
	sigaddset(&before, SIGHUP);
	sigprocmask(SIG_SETMASK, &before, NULL);
	output_open(c, cli_path(t, "a"));
	output_open(c, cli_path(t, "b"));
	output_commit(c);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGHUP) && !sigismember(&after, SIGINT) && !sigismember(&after, SIGTERM));
	output_open(c, cli_path(t, "c"));
	output_discard(c);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGHUP) && !sigismember(&after, SIGINT));
	arena_free(c->arena);
	free(c);
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("out");
	TCase *t = tcase_create("out");

	tcase_add_loop_test(t, signals_wait, 0, 3);
	tcase_add_test(t, the_mask_comes_back);
	suite_add_tcase(s, t);
	return s;
}
