/* gluec bisect: which nodes lose the matches? */
#include "gate/bisect.h"
#include "gate/report.h"
#include "gate/trial.h"
#include "gate_command.h"
#include <string.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_bisect = {
	"bisect",
	"finds the nodes that make a model of reduced precision fail the gate",
	"gluec bisect EXTRACTOR [MATCHER] --pairs FILE --precision P [options]\n"
	"gluec bisect PIPELINE --pairs FILE --precision P [options]\n\n"
	"Measures the models as gluec gate does, with more and more of their nodes put back to float, until a smallest "
	"set\n"
	"of nodes is found whose floats let the gate pass; prints the options that spare them. A single bad node among n\n"
	"takes about log2 n + 3 runs, every further one as many again. The exit code is 0 when a set was found, or when\n"
	"nothing fails; 1 when the gate fails even with every node in float.\n\n"
	"  --runs N              stop after so many runs, with the smallest set known then (default: "
	"60)\n" GATE_COMMAND_HELP "\n",
	run,
};

enum { OPTION_RUNS = OPTION_GATE };

static void read_runs(struct ctx *c, int code, const char *value, void *user)
{
	(void)code;
	*(int *)user = (int)read_number(c, "--runs", value, 2, 100000);
}

static bool passes(struct ctx *c, void *user, const bool *spared)
{
	struct trial *t = user;

	trial_run(c, t, spared, 0);
	return trial_report(c, t, spared);
}

static void print_found(struct ctx *c, const struct trial *t, const struct bisection *b)
{
	printf("%s%d of %d nodes must be float for the gate to pass (%d runs):\n",
		b->complete ? "" : "the runs are spent; as far as they go, ", b->count, t->n, t->runs);
	for (int m = 0; m < t->candidate->n; m++) {
		bool first = true;
		for (int i = 0; i < t->n; i++) {
			if (!b->spared[i] || t->part[i].model != m)
				continue;
			if (first)
				printf("%s:\n", t->candidate->set[m].model);
			first = false;
			write_part_rules(c, stdout, &t->part[i], "  --precision-of '", "'");
		}
	}
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "runs", required_argument, NULL, OPTION_RUNS }, GATE_COMMAND_OPTIONS,
		{ NULL, 0, NULL, 0 } };
	int most_runs = 60;
	struct gate_command o = { .command = &command_bisect, .own = read_runs, .user = &most_runs };
	struct gate_models reference, candidate;

	if (!read_gate_command(c, &o, argc, argv, list, &reference, &candidate))
		return DONE;
	struct gate *gate = gate_open(c, &o.gate, &reference);
	const struct gate_figures *f = gate_measure(c, gate, &candidate, GATE_PARTS);
	struct trial t = trial_begin(gate, &candidate, &o.limits, f);
	if (!t.n)
		fail(c, USAGE, "%.300s: every node is float already; --precision says what to look into", c->set.model);
	check_asked_limits(c, &o, f);
	if (trial_report(c, &t, NULL)) {
		printf("nothing to find: the gate passes with no node put back to float\n");
		return DONE;
	}
	struct bisection b = { .n = t.n, .most_runs = most_runs - 1, .known_to_fail = true, .passes = passes, .user = &t };
	if (bisect(c, &b) == BISECT_ALWAYS_FAILS)
		fail(c, VERIFICATION_FAILED,
			"%.300s: the gate fails even with every node in float: %s; it is not the precision of single nodes",
			c->set.model, gate_failures(c, t.last, &o.limits));
	print_found(c, &t, &b);
	return DONE;
}
