/* The help of each command names the options that it takes, and no others. */
#include "cli_test.h"
#include <string.h>

static const char *const commands[] = { "compile", "inspect", "run", "verify", "bench", "explain", "gate", "bisect",
	"tune", "calibrate" };
enum { N_COMMANDS = sizeof commands / sizeof *commands, MOST = 100, LENGTH = 32 };

struct names {
	int n;
	char name[MOST][LENGTH];
};

static bool has(const struct names *names, const char *name)
{
	for (int i = 0; i < names->n; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

static void add(struct names *names, const char *name)
{
	if (has(names, name))
		return;
	ck_assert_int_lt(names->n, MOST);
	strcpy(names->name[names->n++], name);
}

/* Is it the beginning of one? getopt takes it for that one. */
static bool is_short_for_one(const struct names *names, const char *name)
{
	for (int i = 0; i < names->n; i++)
		if (!strncmp(names->name[i], name, strlen(name)) && strcmp(names->name[i], name))
			return true;
	return false;
}

/* Adds the options that lines of the help begin with. */
static void add_options(struct names *to, const char *help)
{
	for (const char *at = help; (at = strstr(at, "\n  --")); at++) {
		char name[LENGTH];
		ck_assert_int_eq(sscanf(at + 5, "%31[a-z0-9-]", name), 1);
		add(to, name);
	}
}

static struct names options_of(struct cli *t, const char *command)
{
	const struct cli_result *r = cli_run(t, command, "--help", NULL);
	struct names names = { 0 };

	cli_succeeds(r);
	add_options(&names, r->out);
	if (strstr(r->out, "(gluec compile --help)"))
		add_options(&names, cli_run(t, "compile", "--help", NULL)->out);
	return names;
}

/* Every option that any command has, given to this one. What gluec calibrate refuses with a reason is not in its help;
 * --out is short for --output. */
START_TEST(options_are_in_the_help)
{
	static const char refused[] = " precision precision-of rules ranges weights target ";
	struct cli *t = cli_open();
	const char *command = commands[_i];
	struct names own = options_of(t, command), all = { 0 };

	for (int i = 0; i < N_COMMANDS; i++) {
		struct names more = options_of(t, commands[i]);
		for (int k = 0; k < more.n; k++)
			add(&all, more.name[k]);
	}
	ck_assert_int_gt(own.n, 5);
	for (int i = 0; i < all.n; i++) {
		char option[LENGTH + 2], word[LENGTH + 2];
		snprintf(option, sizeof option, "--%s", all.name[i]);
		snprintf(word, sizeof word, " %s ", all.name[i]);
		if (is_short_for_one(&own, all.name[i]) || !strcmp(option, "--out") ||
			(!strcmp(command, "calibrate") && strstr(refused, word)))
			continue;
		const struct cli_result *r = cli_run(t, command, option, NULL);
		ck_assert_int_eq(r->code, 2);
		ck_assert_msg(
			!strstr(r->err, "unknown option") == has(&own, all.name[i]), "gluec %s %s: %s", command, option, r->err);
	}
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("help");
	TCase *t = tcase_create("help");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, options_are_in_the_help, 0, N_COMMANDS);
	suite_add_tcase(s, t);
	return s;
}
