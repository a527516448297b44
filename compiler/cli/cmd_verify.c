/* gluec verify: compiles a model, builds it, and compares what it computes with what it should. */
#include "base/attempt.h"
#include "run/build.h"
#include "base/child.h"
#include "cmd_host.h"
#include "run/compare.h"
#include "onnx/convert.h"
#include "pass/dynamic.h"
#include "onnx/dataset.h"
#include "run/interpret.h"
#include "run/isa.h"
#include "base/progress.h"
#include "base/temporary.h"
#include <string.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_verify = {
	"verify",
	"compiles and builds a model and checks what it computes",
	"gluec verify MODEL [options]\n\n"
	"Compiles the model, builds the C, and runs it in a process of its own, with every instruction set that the "
	"machine\n"
	"has (or the one in the environment variable GLUEC_ISA), on the data sets of ONNX in each --data DIR (see gluec "
	"run),\n"
	"each alone: symbolic dimensions that are not given come from its inputs. Without output_N.pb files the reference "
	"is\n"
	"the interpreter; without --data its inputs are random. With --against double the reference is in any case the\n"
	"graph as it stands, with every float held and computed in double (gluec run --double), and errors are given\n"
	"relative to the largest element of each output.\n\n"
	"Sums of quantised products are exact in the interpreter as in compiled code, so that they are quantised alike; "
	"in\n"
	"double they are rounded elsewhere. Where a graph quantises floats that softmax or a norm made, a difference in "
	"the\n"
	"last bit may become a step, and many steps in the layers behind it: then gluec gate is the judge.\n\n"
	"  --data DIR            a data set, or a folder of them; may be given several times\n"
	"  --against double      the reference is computed in double\n"
	"  --atol A              largest absolute error (default: 1e-5; with --precision fp16 1e-2, with bf16 5e-2)\n"
	"  --rtol R              largest relative error, added to it (default: 1e-3; with --precision fp16 1e-2, with "
	"bf16\n"
	"                        5e-2), against double relative to the output's largest element (default: 1e-4; with fp16\n"
	"                        1e-2, with bf16 5e-2)\n"
	"  --allow-differ P      how many percent of an output's elements may be off: ties between keypoints (default: 0)\n"
	"  --seed N              for random inputs (default: 1)\n"
	"  --threads N           check that N threads give the same bits, too (default: 1)\n"
	"  --timeout S           seconds after which a run counts as hanging (default: 600)\n"
	"  --cc CC               the C compiler (default: cc)\n" MODEL_OPTIONS_HELP,
	run,
};

enum { OPTION_AGAINST = OPTION_HOST, OPTION_ATOL, OPTION_RTOL, OPTION_DIFFER, OPTION_SEED };

struct verify_options {
	struct host_options host;
	struct tolerance tolerance; /* absolute and relative: -1 when not given */
	uint64_t seed;
	bool in_double; /* the reference is */
};

/* The verification of one data set after the other. */
struct task {
	const struct verify_options *options;
	const char *path;                    /* NULL: random inputs */
	int compared, failed;                /* outputs */
	bool rounds;                         /* the graph has QuantizeLinear nodes */
	char built_for[4096], library[4096]; /* what the last data set was built for, and the result */
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct verify_options *o = user;

	switch (code) {
	case OPTION_AGAINST:
		if (strcmp(value, "double"))
			fail(c, USAGE, "--against: '%.60s' must be double", value);
		o->in_double = true;
		break;
	case OPTION_ATOL:
		o->tolerance.absolute = read_real(c, "--atol", value, 0);
		break;
	case OPTION_RTOL:
		o->tolerance.relative = read_real(c, "--rtol", value, 0);
		break;
	case OPTION_DIFFER:
		o->tolerance.differ = read_real(c, "--allow-differ", value, 0);
		break;
	case OPTION_SEED:
		o->seed = (uint64_t)read_number(c, "--seed", value, 0, INT64_MAX);
		break;
	default:
		read_host_option(c, &command_verify, code, value, &o->host);
	}
}

/* Builds the model as it is specialised now, unless the last data set had the same shapes and fixed nothing. */
static void build(struct ctx *c, struct task *t, const struct dataset *d)
{
	const char *shapes = "", *library;

	for (int i = 0; i < c->graph->n_inputs; i++)
		shapes = arena_text(c, "%s %s", shapes, shape_text(c, c->graph->inputs[i]));
	if (*t->library && !d->fixed && strlen(shapes) < sizeof t->built_for && !strcmp(shapes, t->built_for))
		return;
	build_model(c, &library);
	snprintf(t->library, sizeof t->library, "%s", library);
	snprintf(t->built_for, sizeof t->built_for, "%s", d->fixed ? "" : shapes);
}

/* The object's self-description must be the model's interface. */
static void check_interface(struct ctx *c, const struct host *h)
{
	const struct graph *g = c->graph;

	if (h->inputs != g->n_inputs || h->outputs != g->n_outputs)
		fail(c, VERIFICATION_FAILED, "the compiled model %.60s has %d inputs and %d outputs, but %d and %d in the file",
			h->name, h->inputs, h->outputs, g->n_inputs, g->n_outputs);
	for (int i = 0; i < h->inputs + h->outputs; i++) {
		const struct host_tensor *t = &h->input[i]; /* the outputs stand behind the inputs */
		const struct value *v = i < h->inputs ? g->inputs[i] : g->outputs[i - h->inputs];
		if (t->rank != v->rank || memcmp(t->dim, v->dim, (size_t)v->rank * sizeof *t->dim))
			fail(c, VERIFICATION_FAILED, "the compiled model %.60s says another shape of '%.60s' than the file",
				h->name, v->name);
	}
}

/* Against doubles, what is relative is so to the output's largest element. */
static struct tolerance tolerance_for(const struct verify_options *o, const struct value *expected)
{
	struct tolerance t = o->tolerance;

	if (o->in_double) {
		t.absolute += t.relative * largest_magnitude(expected);
		t.relative = 0;
	}
	return t;
}

static void compare_outputs(struct ctx *c, struct task *t, const struct host *h, const char *isa,
	struct value *const *expected, const char *outputs)
{
	const struct graph *g = c->graph;
	struct value **results = NEW(c, struct value *, (size_t)g->n_outputs);

	for (int i = 0; i < g->n_outputs; i++) {
		const struct value *v = g->outputs[i];
		/* The model's own types, though narrower ones may be in the C interface; counts have only those. Doubles are
		 * not the model's own but the reference's. */
		enum rt_type type = i < g->n_outputs - g->n_counts ? expected[i]->type : RT_I64;
		type = type == RT_F64 ? h->output[i].type : type;
		results[i] = convert_from(c, value_new(c, v->name, type, v->rank, v->dim), h->output[i].type, outputs);
		outputs += h->output[i].bytes;
	}
	results = trim_outputs(c, g, results);
	for (int i = 0; i < g->n_outputs - g->n_counts; i++) {
		const struct tolerance tolerance = tolerance_for(t->options, expected[i]);
		struct difference d = compare(expected[i], results[i], &tolerance);
		(t->options->in_double ? print_error : print_difference)(
			c, arena_text(c, "  %-6s ", isa), expected[i], results[i], &d);
		t->failed += !d.equal;
		t->compared++;
	}
}

static void run_isas(
	struct ctx *c, struct task *t, const struct host *h, const void *const *inputs, struct value *const *expected)
{
	const char *only = asked_isa();

	if (only)
		host_need_isa(c, h, "GLUEC_ISA", only);
	for (int i = 0; i < h->isas; i++) {
		struct host_run r = { h->isa[i], t->options->host.threads, inputs };
		void *outputs;
		if (only && strcmp(only, h->isa[i]))
			continue;
		progress(c, arena_text(c, "running %s", h->isa[i]));
		bool ran = host_run(c, h, &r, &outputs);
		progress_end(c);
		if (!ran && only)
			fail_lacking(c, "GLUEC_ISA", only);
		if (!ran) {
			printf("  %-6s left out: this machine lacks it\n", h->isa[i]);
			continue;
		}
		compare_outputs(c, t, h, h->isa[i], expected, outputs);
		release_shared(outputs, host_output_bytes(h));
	}
}

/* What the graph computes by the interpreter: as it stands in double, or with exact sums of quantised products in
 * float. The graph in c stays the one to be compiled. */
static struct value **expect(struct ctx *c, const struct task *t, const struct dataset *d)
{
	struct graph *g = c->graph;
	struct value **inputs = NEW(c, struct value *, (size_t)g->n_inputs);

	c->in_double = t->options->in_double;
	for (int i = 0; i < g->n_inputs; i++) {
		const struct value *v = d->inputs[i];
		inputs[i] = value_constant(c, v->name, v->type, v->rank, v->dim, v->data);
	}
	if (t->path)
		specialize_for(c, t->path);
	else
		load_model(c);
	if (c->graph->n_inputs != g->n_inputs || c->graph->n_outputs != g->n_outputs)
		fail_model(c, "with floats as doubles it has other inputs or outputs, because constants in it differ");
	if (!c->in_double)
		compute_in_integers(c);
	struct value **results = interpret(c, inputs);
	c->in_double = false;
	c->graph = g;
	return results;
}

static bool is_quantizer(const struct node *n)
{
	return is_op(n, "QuantizeLinear");
}

static void verify_one(struct ctx *c, void *user)
{
	struct task *t = user;
	struct dataset random = { .path = "random inputs" }, *d = &random;

	if (t->path)
		d = specialize_for(c, t->path);
	else
		load_model(c);
	if (!t->path)
		random.inputs = random_inputs(c, c->graph->n_inputs, c->graph->inputs, t->options->seed);
	t->rounds = any_node(c->graph, is_quantizer);
	struct value **expected = d->outputs && !t->options->in_double ? d->outputs : expect(c, t, d);
	for (int i = 0; d->outputs && i < c->graph->n_outputs - c->graph->n_counts; i++)
		check_expected(c, d, i, c->graph->outputs[i]);
	build(c, t, d);
	const struct host *h = host_open(c, t->library, c->set.name, t->options->host.timeout);
	check_interface(c, h);
	const void **inputs = host_inputs(c, h, d->inputs);
	progress_end(c);
	printf("%s%s:\n", d->path,
		t->options->in_double ? ", against doubles"
		: d->outputs          ? ""
							  : ", against the interpreter");
	run_isas(c, t, h, inputs, expected);
}

static void verify_folder(struct ctx *c, struct task *t, const char *folder)
{
	const char *const *paths;
	int n = find_datasets(c, folder, &paths);

	for (int i = 0; i < n; i++) {
		t->path = paths[i];
		with_own_memory(c, verify_one, t);
	}
}

static void default_tolerance(const struct ctx *c, struct verify_options *o)
{
	bool half = c->set.precision == PRECISION_FP16, bfloat = c->set.precision == PRECISION_BF16;
	struct tolerance *t = &o->tolerance;

	if (t->absolute < 0)
		t->absolute = bfloat ? 5e-2 : half ? 1e-2 : 1e-5;
	if (t->relative < 0)
		t->relative = bfloat ? 5e-2 : half ? 1e-2 : o->in_double ? 1e-4 : 1e-3;
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "against", required_argument, NULL, OPTION_AGAINST },
		{ "atol", required_argument, NULL, OPTION_ATOL }, { "rtol", required_argument, NULL, OPTION_RTOL },
		{ "allow-differ", required_argument, NULL, OPTION_DIFFER }, { "seed", required_argument, NULL, OPTION_SEED },
		HOST_OPTIONS, MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct verify_options options = { .host = { .threads = 1, .timeout = 600 }, .tolerance = { -1, -1, 0 }, .seed = 1 };

	if (!read_options(c, &command_verify, argc, argv, list, read_own, &options))
		return DONE;
	default_tolerance(c, &options);
	c->set.out_dir = build_folder(c); /* here, because its name must outlive the data sets' memory */
	struct task *t = NEW(c, struct task, 1);
	t->options = &options;
	for (int i = 0; i < options.host.n_data; i++)
		verify_folder(c, t, options.host.data[i]);
	if (!options.host.n_data)
		with_own_memory(c, verify_one, t);
	if (t->failed)
		fail(c, VERIFICATION_FAILED, "%.300s: %d of %d outputs are off%s", c->set.model, t->failed, t->compared,
			t->rounds ? "; quantised floats may be, by steps: gluec gate counts the matches that stay" : "");
	return DONE;
}
