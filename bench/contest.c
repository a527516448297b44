/* Lets contestants (bench.h) do the same work in turns, and says how long each took: a machine's clock drifts, but a
 * ratio of neighbouring turns holds.
 *
 * usage: contest ROW [--operations N] [--seconds S] [--rounds N] [--budget S] [--reference NAME] <CONTESTANTS
 *
 * When a budget of seconds is used up, three rounds are enough. A line for each contestant:
 * NAME|THREADS|PEAK|COMMAND. Prints a JSON object a line. Of a contestant's results:
 *   ms, p10, p90   median over the rounds, and the 10th and 90th percentile
 *   ratio          its time to that of the contestant called REFERENCE with as many threads: the median of the rounds
 *   agree          share of the outputs' elements that are the reference's (of the same name with one thread where
 * there is no reference) within a thousandth speedup        the time of the contestant of the same name with one thread
 * to its own gflops, share  10^9 operations a second; their share of what the contestant called PEAK does with as many
 * threads rss            most memory that it ever had resident, in kilobytes Numbers that there are not are null. A
 * contestant that does not get ready is left out with a line on standard error. */
#include "bench.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONTESTANTS = 32, MOST_ROUNDS = 1000, LEAST_ROUNDS = 3 };

struct entry {
	char *name, *peak, *command;
	int threads;
	pid_t pid;
	FILE *to, *from;
	char version[128];
	double operations;
	double *ms; /* of each round */
	float *result;
	size_t results;
	long rss;
};

struct contest {
	const char *row, *reference;
	double operations, seconds, budget;
	int rounds, n;
	struct entry entry[MOST_CONTESTANTS];
	double ms[MOST_CONTESTANTS][MOST_ROUNDS];
};

/* The next answer of a contestant without its end of line; NULL when it has ended. */
static char *answer(struct entry *e, char *line, size_t room)
{
	if (!fgets(line, (int)room, e->from))
		return NULL;
	line[strcspn(line, "\n")] = 0;
	return line;
}

static char *ask(struct entry *e, const char *question, char *line, size_t room)
{
	fputs(question, e->to);
	fflush(e->to);
	if (!answer(e, line, room))
		die("'%s' ended in the middle", e->command);
	return line;
}

static void start(struct entry *e)
{
	int down[2], up[2];

	if (pipe(down) || pipe(up) || (e->pid = fork()) < 0)
		die("cannot start '%s': %s", e->command, strerror(errno));
	if (!e->pid) {
		char *whole = bench_memory(strlen(e->command) + 8, 1);
		sprintf(whole, "exec %s", e->command);
		dup2(down[0], STDIN_FILENO);
		dup2(up[1], STDOUT_FILENO);
		for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
			close(fd);
		execl("/bin/sh", "sh", "-c", whole, (char *)NULL);
		_exit(127);
	}
	close(down[0]);
	close(up[1]);
	e->to = fdopen(down[1], "w");
	e->from = fdopen(up[0], "r");
	if (!e->to || !e->from)
		die("cannot talk to '%s': %s", e->command, strerror(errno));
}

static void end(struct entry *e)
{
	fclose(e->to);
	fclose(e->from);
	waitpid(e->pid, NULL, 0);
}

static bool get_ready(struct entry *e)
{
	char line[256], *bar;

	start(e);
	if (!answer(e, line, sizeof line) || strncmp(line, "ready ", 6) != 0 || !(bar = strrchr(line, '|'))) {
		fprintf(stderr, "left out: %s (%s)\n", e->name, e->command);
		end(e);
		return false;
	}
	*bar = 0;
	snprintf(e->version, sizeof e->version, "%.120s", line + 6);
	e->operations = strtod(bar + 1, NULL);
	return true;
}

/* Takes a line apart; false when it is empty. */
static bool read_entry(struct entry *e, char *line)
{
	char *rest = NULL, *field[4] = { line };

	line[strcspn(line, "\n")] = 0;
	if (!*line)
		return false;
	for (int i = 1; i < 4; i++) {
		rest = strchr(field[i - 1], '|');
		if (!rest)
			die("'%s' is not NAME|THREADS|PEAK|COMMAND", line);
		*rest = 0;
		field[i] = rest + 1;
	}
	*e = (struct entry){ .name = field[0], .threads = atoi(field[1]), .peak = field[2], .command = field[3] };
	return true;
}

static void read_entries(struct contest *c)
{
	char line[4096];

	while (fgets(line, sizeof line, stdin)) {
		struct entry *e = &c->entry[c->n];
		if (c->n == MOST_CONTESTANTS)
			die("more than %d contestants", MOST_CONTESTANTS);
		if (read_entry(e, strdup(line)) && get_ready(e))
			e->ms = c->ms[c->n++];
	}
	if (!c->n)
		die("%s: no contestants", c->row);
}

/* Every second round goes backwards, so that nobody always follows the same one. */
static void hold(struct contest *c)
{
	char question[64], line[256];
	double start = seconds_now();
	const struct timespec pause = { 0, 5000000 };

	snprintf(question, sizeof question, "turn %g\n", c->seconds);
	for (int round = 0; round < c->rounds; round++) {
		if (round >= LEAST_ROUNDS && seconds_now() > start + c->budget) {
			c->rounds = round;
			break;
		}
		for (int i = 0; i < c->n; i++) {
			struct entry *e = &c->entry[round % 2 ? c->n - 1 - i : i];
			/* Threads that wait for more work after a turn do so awake for a while. */
			nanosleep(&pause, NULL);
			e->ms[round] = strtod(ask(e, question, line, sizeof line), NULL);
		}
	}
}

static void collect(struct entry *e)
{
	char file[] = "/tmp/bench-XXXXXX", question[64], path[64], line[256];
	int fd = mkstemp(file);

	if (fd < 0)
		die("%s: %s", file, strerror(errno));
	snprintf(question, sizeof question, "write %s\n", file);
	ask(e, question, line, sizeof line);
	off_t bytes = lseek(fd, 0, SEEK_END);
	e->results = (size_t)bytes / sizeof *e->result;
	e->result = bench_memory(e->results, sizeof *e->result);
	for (size_t done = 0; done < (size_t)bytes;) {
		ssize_t n = pread(fd, (char *)e->result + done, (size_t)bytes - done, (off_t)done);
		if (n <= 0)
			die("%s: %s", file, strerror(errno));
		done += (size_t)n;
	}
	close(fd);
	unlink(file);
	snprintf(path, sizeof path, "/proc/%ld/status", (long)e->pid);
	FILE *status = fopen(path, "r");
	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, "VmHWM:", 6))
			e->rss = strtol(line + 6, NULL, 10);
	if (status)
		fclose(status);
	end(e);
}

static struct entry *find(struct contest *c, const char *name, int threads)
{
	for (int i = 0; name && i < c->n; i++)
		if (!strcmp(c->entry[i].name, name) && c->entry[i].threads == threads)
			return &c->entry[i];
	return NULL;
}

static double percentile(const double *x, int n, double p)
{
	double sorted[MOST_ROUNDS];

	memcpy(sorted, x, (size_t)n * sizeof *x);
	qsort(sorted, (size_t)n, sizeof *sorted, by_value);
	double at = p * (n - 1);
	int low = (int)at;
	return sorted[low] + (at - low) * (sorted[low + 1 < n ? low + 1 : low] - sorted[low]);
}

/* The median of e's time, in each round, as a multiple of `of`'s. NaN when there is no `of`. */
static double ratio(const struct contest *c, const struct entry *e, const struct entry *of)
{
	double each[MOST_ROUNDS];

	if (!of)
		return (double)NAN;
	for (int i = 0; i < c->rounds; i++)
		each[i] = e->ms[i] / of->ms[i];
	return percentile(each, c->rounds, 0.5);
}

static double agreement(const struct entry *e, const struct entry *with)
{
	size_t same = 0;

	if (!with || !e->results)
		return (double)NAN;
	if (e->results != with->results)
		return 0;
	for (size_t i = 0; i < e->results; i++)
		same += fabsf(e->result[i] - with->result[i]) <= 1e-3f + 1e-3f * fabsf(with->result[i]);
	return (double)same / (double)e->results;
}

static void print_number(const char *name, double x)
{
	if (isnan(x))
		printf(", \"%s\": null", name);
	else
		printf(", \"%s\": %.6g", name, x);
}

static void print(struct contest *c, const struct entry *e)
{
	const struct entry *reference = find(c, c->reference, e->threads), *one = find(c, e->name, 1);
	const struct entry *peak = find(c, e->peak, e->threads);
	double operations = e->operations > 0 ? e->operations : c->operations;
	double ms = percentile(e->ms, c->rounds, 0.5);

	printf("{ \"row\": \"%s\", \"name\": \"%s\", \"version\": \"%s\", \"threads\": %d, \"rounds\": %d", c->row, e->name,
		e->version, e->threads, c->rounds);
	print_number("ms", ms);
	print_number("p10", percentile(e->ms, c->rounds, 0.1));
	print_number("p90", percentile(e->ms, c->rounds, 0.9));
	print_number("ratio", ratio(c, e, reference));
	print_number("agree", agreement(e, reference ? reference : one));
	print_number("speedup", 1 / ratio(c, e, one));
	print_number("operations", operations > 0 ? operations : (double)NAN);
	print_number("gflops", operations > 0 ? operations / ms * 1e-6 : (double)NAN);
	print_number("share", operations > 0 && peak ? operations / peak->operations / ratio(c, e, peak) : (double)NAN);
	print_number("rss", (double)e->rss);
	puts(" }");
}

static double positive(const char *option, const char *value)
{
	char *stop;
	double x = strtod(value, &stop);

	if (stop == value || *stop || !(x > 0))
		die("%s: '%s' is no number above 0", option, value);
	return x;
}

int main(int argc, char **argv)
{
	static const char *const usage = "ROW [--operations N] [--seconds S] [--rounds N] [--budget S] [--reference NAME] "
									 "<CONTESTANTS";
	struct contest *c = bench_memory(1, sizeof *c);

	if (argc < 2 || argc % 2)
		die("%s", usage);
	*c = (struct contest){ .row = argv[1], .seconds = 0.2, .rounds = 5, .budget = 60 };
	for (int i = 2; i < argc; i += 2) {
		if (!strcmp(argv[i], "--operations"))
			c->operations = positive(argv[i], argv[i + 1]);
		else if (!strcmp(argv[i], "--seconds"))
			c->seconds = positive(argv[i], argv[i + 1]);
		else if (!strcmp(argv[i], "--budget"))
			c->budget = positive(argv[i], argv[i + 1]);
		else if (!strcmp(argv[i], "--rounds"))
			c->rounds = (int)fmin(positive(argv[i], argv[i + 1]), MOST_ROUNDS);
		else if (!strcmp(argv[i], "--reference"))
			c->reference = argv[i + 1];
		else
			die("%s", usage);
	}
	signal(SIGPIPE, SIG_IGN);
	read_entries(c);
	hold(c);
	for (int i = 0; i < c->n; i++)
		collect(&c->entry[i]);
	for (int i = 0; i < c->n; i++)
		print(c, &c->entry[i]);
	return EXIT_SUCCESS;
}
