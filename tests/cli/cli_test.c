/* Running the gluec binary as a user would. */
#include "cli_test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS_OF_RUN = 40, RECENT_PATHS = 4 };

extern char **environ;

/* What a test keeps behind the struct that it sees. */
struct cli_state {
	struct cli seen;
	struct cli_result result;
	char paths[RECENT_PATHS][512];
	unsigned n_paths;
};

struct cli *cli_open(void)
{
	struct cli_state *s = calloc(1, sizeof *s);

	ck_assert_ptr_nonnull(s);
	strcpy(s->seen.folder, "/tmp/cli-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->seen.folder));
	ck_assert_int_eq(mkdir(cli_path(&s->seen, "tmp"), 0777), 0);
	return &s->seen;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

void cli_close(struct cli *t)
{
	struct cli_state *s = (struct cli_state *)t;

	nftw(t->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s->result.out);
	free(s->result.err);
	free(s);
}

const char *cli_path(struct cli *t, const char *format, ...)
{
	struct cli_state *s = (struct cli_state *)t;
	char *to = s->paths[s->n_paths++ % RECENT_PATHS];
	va_list ap;

	size_t n = strlen(t->folder);
	memcpy(to, t->folder, n);
	to[n++] = '/';
	va_start(ap, format);
	vsnprintf(to + n, sizeof s->paths[0] - n, format, ap);
	va_end(ap);
	return to;
}

char *cli_read(const char *path)
{
	FILE *f = fopen(path, "rb");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	long n = ftell(f);
	rewind(f);
	char *s = calloc((size_t)n + 1, 1);
	ck_assert_uint_eq(fread(s, 1, (size_t)n, f), (size_t)n);
	fclose(f);
	return s;
}

static int count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(dir);
	return n;
}

/* The environment with TMPDIR in the test's folder, and GLUEC_ISA as the test wants it. */
static char **own_environment(struct cli *t, char *tmpdir, size_t tmpdir_room, char *isa, size_t isa_room)
{
	size_t n = 0, to = 0;

	while (environ[n])
		n++;
	char **list = calloc(n + 3, sizeof *list);
	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "TMPDIR=", 7) && strncmp(environ[i], "GLUEC_ISA=", 10))
			list[to++] = environ[i];
	snprintf(tmpdir, tmpdir_room, "TMPDIR=%s/tmp", t->folder);
	list[to++] = tmpdir;
	if (t->isa) {
		snprintf(isa, isa_room, "GLUEC_ISA=%s", t->isa);
		list[to++] = isa;
	}
	return list;
}

const struct cli_result *cli_run_list(struct cli *t, const char *const *arguments, const char *out)
{
	struct cli_state *s = (struct cli_state *)t;
	const char *program = getenv("GLUEC");
	const char *argv[MAX_ARGUMENTS_OF_RUN + 2] = { program ? program : "build/gluec" };
	char out_path[128], err_path[128], tmpdir[128], isa[64];
	posix_spawn_file_actions_t actions;
	int n = 0, status;
	pid_t pid;

	for (; arguments[n]; n++) {
		ck_assert_int_lt(n, MAX_ARGUMENTS_OF_RUN);
		argv[n + 1] = arguments[n];
	}
	snprintf(out_path, sizeof out_path, "%s/out", t->folder);
	snprintf(err_path, sizeof err_path, "%s/err", t->folder);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, out ? out : out_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	posix_spawn_file_actions_addopen(&actions, 2, err_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	char **environment = own_environment(t, tmpdir, sizeof tmpdir, isa, sizeof isa);
	ck_assert_msg(
		!posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environment), "cannot run %s", argv[0]);
	free(environment);
	posix_spawn_file_actions_destroy(&actions);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	free(s->result.out);
	free(s->result.err);
	s->result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	s->result.out = out ? calloc(1, 1) : cli_read(out_path);
	s->result.err = cli_read(err_path);
	ck_assert_msg(count_entries(cli_path(t, "tmp")) == 0, "gluec %s left something behind", arguments[0]);
	return &s->result;
}

const struct cli_result *cli_run(struct cli *t, ...)
{
	const char *list[MAX_ARGUMENTS_OF_RUN + 1];
	int n = 0;
	va_list ap;

	va_start(ap, t);
	while ((list[n] = va_arg(ap, const char *))) {
		n++;
		ck_assert_int_lt(n, MAX_ARGUMENTS_OF_RUN);
	}
	va_end(ap);
	return cli_run_list(t, list, NULL);
}

void cli_succeeds(const struct cli_result *r)
{
	ck_assert_msg(r->code == 0 && !*r->err, "exit code %d, standard error: %s", r->code, r->err);
}

void cli_fails(const struct cli_result *r, int code, const char *text)
{
	const char *end = strchr(r->err, '\n');

	ck_assert_msg(r->code == code, "exit code %d instead of %d: %s%s", r->code, code, r->out, r->err);
	ck_assert_msg(!strncmp(r->err, "gluec: ", 7), "the message does not name the program: %s", r->err);
	ck_assert_msg(end && !end[1], "not one line: %s", r->err);
	ck_assert_msg(strstr(r->err, text) != NULL, "'%s' is not in: %s", text, r->err);
}

void cli_says(const struct cli_result *r, const char *text)
{
	ck_assert_msg(strstr(r->out, text) != NULL, "'%s' is not in:\n%s", text, r->out);
}

void cli_does_not_say(const struct cli_result *r, const char *text)
{
	ck_assert_msg(strstr(r->out, text) == NULL, "'%s' is in:\n%s", text, r->out);
}
