/* gluec run: the reference interpreter on test data sets. */
#include "base/attempt.h"
#include "command.h"
#include "run/compare.h"
#include "onnx/dataset.h"
#include "run/interpret.h"
#include "run/isa.h"
#include "base/out.h"
#include "base/path.h"
#include "base/progress.h"
#include "onnx/tensor.h"
#include <string.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_run = {
	"run",
	"runs a model on test data with the reference interpreter",
	"gluec run MODEL --data DIR [options]\n\n"
	"Runs the graph as it stands, without any optimisation, on the ONNX test data sets in DIR: DIR itself when it "
	"holds\n"
	"input_N.pb files, else each of its folders test_data_set_*. Outputs are compared with the output_N.pb files "
	"where\n"
	"there are some, and written as such files where there are none. Symbolic dimensions come from the inputs. The\n"
	"kernels are those in portable C, or for the instruction set that the environment variable GLUEC_ISA names. Sums "
	"of\n"
	"quantised products are exact, as in compiled code, because what quantises them makes steps of last bits.\n\n"
	"  --data DIR            where the data sets are\n"
	"  --double              hold and compute every float in double, outputs too\n"
	"  --out DIR             write the outputs into DIR, in any case\n"
	"  --atol A              largest absolute error (default: 1e-5)\n"
	"  --rtol R              largest relative error, added to it (default: 1e-3)\n" MODEL_OPTIONS_HELP,
	run,
};

enum { OPTION_DATA = OPTION_OWN, OPTION_DOUBLE, OPTION_ATOL, OPTION_RTOL };

struct run_options {
	const char *data;
	struct tolerance tolerance;
	int isa; /* whose kernels to use, as in struct ctx */
};

/* One data set. */
struct task {
	const struct run_options *options;
	const char *path, *out_dir; /* out_dir: NULL when outputs are only compared */
	int compared, failed;       /* outputs */
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct run_options *o = user;

	switch (code) {
	case OPTION_DATA:
		o->data = value;
		break;
	case OPTION_DOUBLE:
		c->in_double = true;
		break;
	case OPTION_ATOL:
		o->tolerance.absolute = read_real(c, "--atol", value, 0);
		break;
	case OPTION_RTOL:
		o->tolerance.relative = read_real(c, "--rtol", value, 0);
		break;
	default:
		c->set.out_dir = value;
	}
}

static void compare_outputs(struct ctx *c, struct task *t, const struct dataset *d, struct value *const *results)
{
	for (int i = 0; i < c->graph->n_outputs - c->graph->n_counts; i++) {
		struct difference found = compare(d->outputs[i], results[i], &t->options->tolerance);
		print_difference(c, "  ", d->outputs[i], results[i], &found);
		t->failed += !found.equal;
		t->compared++;
	}
}

static void write_outputs(struct ctx *c, const char *folder, struct value *const *results)
{
	int n = c->graph->n_outputs - c->graph->n_counts;

	make_folder(c, folder);
	for (int i = 0; i < n; i++) {
		const struct value *v = results[i];
		write_tensor_file(c, arena_text(c, "%s/output_%d.pb", folder, i), v->name, v->type, v->rank, v->dim, v->data);
	}
	printf("  %d outputs written to %s\n", n, folder);
}

static void run_one(struct ctx *c, void *user)
{
	struct task *t = user;

	const struct dataset *d = specialize_for(c, t->path);
	for (int i = 0; d->outputs && i < c->graph->n_outputs - c->graph->n_counts; i++)
		check_expected(c, d, i, c->graph->outputs[i]);
	if (!c->in_double)
		compute_in_integers(c);
	c->isa = t->options->isa;
	struct value **results = interpret(c, d->inputs);
	c->isa = 0;
	progress_end(c);
	printf("%s:\n", t->path);
	if (d->outputs)
		compare_outputs(c, t, d, results);
	if (t->out_dir || !d->outputs)
		write_outputs(c, t->out_dir ? t->out_dir : t->path, results);
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "data", required_argument, NULL, OPTION_DATA },
		{ "double", no_argument, NULL, OPTION_DOUBLE }, { "out", required_argument, NULL, 'o' },
		{ "atol", required_argument, NULL, OPTION_ATOL }, { "rtol", required_argument, NULL, OPTION_RTOL },
		MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct run_options options = { .tolerance = { .absolute = 1e-5, .relative = 1e-3 } };
	const char *const *paths;
	int compared = 0, failed = 0;

	if (!read_options(c, &command_run, argc, argv, list, read_own, &options))
		return DONE;
	if (!options.data)
		fail(c, USAGE, "gluec run needs --data DIR; see gluec run --help");
	if (asked_isa())
		options.isa = need_isa(c, "GLUEC_ISA", asked_isa());
	int n = find_datasets(c, options.data, &paths);
	for (int i = 0; i < n; i++) {
		struct task t = { .options = &options, .path = paths[i], .out_dir = c->set.out_dir };
		if (t.out_dir && n > 1)
			t.out_dir = arena_text(c, "%s/%s", t.out_dir, file_name(paths[i]));
		with_own_memory(c, run_one, &t);
		failed += t.failed;
		compared += t.compared;
	}
	if (failed)
		fail(c, VERIFICATION_FAILED, "%.300s: %d of %d outputs are off", c->set.model, failed, compared);
	return DONE;
}
