/* gluec bench: how long a model takes, and where. */
#include "bench_report.h"
#include "build.h"
#include "command.h"
#include "convert.h"
#include "dataset.h"
#include "interpret.h"
#include "progress.h"
#include <stdlib.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_bench = {
	"bench",
	"times a model or a built object, call by call",
	"gluec bench MODEL|OBJECT [options]\n\n"
	"Compiles and builds the model, or takes an object that runtime/object.mk made, and runs it in a process of its "
	"own.\n"
	"Prints throughput, latency, and the time of each call with the ONNX nodes that it stands for. Inputs are random\n"
	"unless there is a data set.\n\n"
	"  --threads N           (default: 1)\n"
	"  --iterations N        timed runs (default: 20)\n"
	"  --warmup N            runs before them (default: 3)\n"
	"  --isa NAME            the instruction set (default: that of the environment variable GLUEC_ISA, else the best\n"
	"                        that the machine has)\n"
	"  --data DIR            take the inputs, and open dimensions, from this test data set; for models only\n"
	"  --json                print JSON\n"
	"  --timeout S           seconds after which the model counts as hanging (default: 600)\n"
	"  --cc CC               the C compiler (default: cc)\n" MODEL_OPTIONS_HELP,
	run,
};

enum {
	OPTION_THREADS = OPTION_OWN,
	OPTION_ITERATIONS,
	OPTION_WARMUP,
	OPTION_ISA,
	OPTION_DATA,
	OPTION_JSON,
	OPTION_TIMEOUT,
	OPTION_CC
};

enum { TRACED_RUNS = 10 };

struct bench_options {
	int threads, iterations, warmup;
	const char *isa, *data;
	bool json;
	double timeout;
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct bench_options *o = user;

	switch (code) {
	case OPTION_THREADS:
		o->threads = (int)read_number(c, "--threads", value, 1, 256);
		break;
	case OPTION_ITERATIONS:
		o->iterations = (int)read_number(c, "--iterations", value, 1, 1000000);
		break;
	case OPTION_WARMUP:
		o->warmup = (int)read_number(c, "--warmup", value, 0, 1000000);
		break;
	case OPTION_ISA:
		o->isa = value;
		break;
	case OPTION_DATA:
		o->data = value;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_TIMEOUT:
		o->timeout = read_real(c, "--timeout", value, 0.001);
		break;
	case OPTION_CC:
		c->set.cc = value;
		break;
	default:
		fail(c, USAGE, "unknown option '-o'; see gluec bench --help");
	}
}

/* What is going to be timed. */
struct subject {
	const struct host *host;
	const struct program *program;
	const void **inputs;
};

static struct subject compile_model(struct ctx *c, const struct bench_options *o)
{
	struct subject s = { 0 };
	struct value **inputs = NULL;

	c->set.out_dir = build_folder(c);
	if (o->data) {
		const char *const *paths;
		if (find_datasets(c, o->data, &paths) > 1)
			fail(c, USAGE, "--data: %.300s holds several data sets; name one of them", o->data);
		inputs = specialize_for(c, paths[0])->inputs;
	} else {
		load_model(c);
	}
	optimize(c);
	struct program *p = lower_graph(c, c->graph);
	plan(c, p);
	emit(c, p);
	s.program = p;
	s.host = host_open(c, build_library(c), c->set.name, o->timeout);
	if (!inputs)
		inputs = random_inputs(c, c->graph->n_inputs, c->graph->inputs, 1);
	s.inputs = NEW(c, const void *, (size_t)s.host->inputs);
	for (int i = 0; i < s.host->inputs; i++)
		s.inputs[i] = convert_to(c, inputs[i], s.host->input[i].type);
	return s;
}

static struct subject open_object(struct ctx *c, const struct bench_options *o)
{
	struct subject s = { 0 };
	const struct settings *set = &c->set;
	const char *name;

	if (set->n_bindings || set->n_constants || set->top_k || set->depth != DEPTH_ADAPTIVE ||
		set->precision != PRECISION_FP32 || set->weights_as_c || o->data)
		fail(c, USAGE, "%.300s is compiled already: no options for models apply to it", set->model);
	const char *library = link_object(c, set->model, &name);
	s.host = host_open(c, library, name, o->timeout);
	struct value **like = NEW(c, struct value *, (size_t)s.host->inputs);
	for (int i = 0; i < s.host->inputs; i++)
		like[i] = value_new(c, "", s.host->input[i].type, s.host->input[i].rank, s.host->input[i].dim);
	struct value **random = random_inputs(c, s.host->inputs, like, 1);
	s.inputs = NEW(c, const void *, (size_t)s.host->inputs);
	for (int i = 0; i < s.host->inputs; i++)
		s.inputs[i] = random[i]->data;
	return s;
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "threads", required_argument, NULL, OPTION_THREADS },
		{ "iterations", required_argument, NULL, OPTION_ITERATIONS },
		{ "warmup", required_argument, NULL, OPTION_WARMUP }, { "isa", required_argument, NULL, OPTION_ISA },
		{ "data", required_argument, NULL, OPTION_DATA }, { "json", no_argument, NULL, OPTION_JSON },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT }, { "cc", required_argument, NULL, OPTION_CC },
		MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct bench_options o = { .threads = 1, .iterations = 20, .warmup = 3, .timeout = 600 };
	const char *from_environment = getenv("GLUEC_ISA");

	if (!read_options(c, &command_bench, argc, argv, list, read_own, &o))
		return DONE;
	struct subject s = is_object_file(c->set.model) ? open_object(c, &o) : compile_model(c, &o);
	const char *isa = o.isa ? o.isa : from_environment && *from_environment ? from_environment : NULL;
	if (isa)
		host_need_isa(c, s.host, o.isa ? "--isa" : "GLUEC_ISA", isa);
	struct host_run r = { isa, o.threads, s.inputs };
	int traced = o.iterations < TRACED_RUNS ? o.iterations : TRACED_RUNS;
	progress(c, "timing");
	const struct host_times *times = host_time(c, s.host, &r, o.warmup, o.iterations, traced);
	progress_end(c);
	struct bench_report report = { s.host, times, s.program, o.threads, o.warmup, o.iterations };
	if (o.json)
		print_bench_json(&report);
	else
		print_bench(c, &report);
	return DONE;
}
