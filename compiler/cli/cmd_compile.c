/* gluec compile: a model to C. */
#include "command.h"
#include "emit/lower.h"
#include "base/progress.h"

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_compile = {
	"compile",
	"writes a model as C, header and weights",
	"gluec compile MODEL -o DIR [options]\n\n"
	"Writes NAME.c, NAME.h, NAME.bin, NAME.S and NAME.weights.txt into DIR; runtime/object.mk makes one object of "
	"them.\n\n"
	"  -o DIR                where the files go\n" MODEL_OPTIONS_HELP,
	run,
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	(void)code;
	(void)user;
	c->set.out_dir = value;
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "output", required_argument, NULL, 'o' }, MODEL_OPTIONS,
		{ NULL, 0, NULL, 0 } };

	if (!read_options(c, &command_compile, argc, argv, list, read_own, NULL))
		return DONE;
	if (!c->set.out_dir)
		fail(c, USAGE, "gluec compile needs -o DIR; see gluec compile --help");
	load_model(c);
	optimize(c);
	progress(c, "lowering");
	struct program *p = lower_graph(c, c->graph);
	plan(c, p);
	progress(c, "writing");
	emit(c, p);
	progress_end(c);
	printf("%s: %d nodes in %d calls, arena %zu bytes (live %zu), flash %zu bytes, %.2f s: "
		   "%s/%s.{c,h,bin,%s,weights.txt}\n",
		c->set.name, c->nodes_read, p->n_calls, p->arena_bytes, p->live_bytes, p->weight_bytes,
		seconds_now() - c->started, c->set.out_dir, c->set.name, c->set.weights_as_c ? "weights.c" : "S");
	return DONE;
}
