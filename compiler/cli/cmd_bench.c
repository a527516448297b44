/* gluec bench: how long a model takes, and where. */
#include "bench_report.h"
#include "run/build.h"
#include "cmd_host.h"
#include "onnx/dataset.h"
#include "run/interpret.h"
#include "run/isa.h"
#include "base/progress.h"

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

enum { OPTION_ITERATIONS = OPTION_HOST, OPTION_WARMUP, OPTION_ISA, OPTION_JSON };

enum { TRACED_RUNS = 10 };

struct bench_options {
	struct host_options host;
	int iterations, warmup;
	const char *isa;
	bool json;
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct bench_options *o = user;

	switch (code) {
	case OPTION_ITERATIONS:
		o->iterations = (int)read_number(c, "--iterations", value, 1, 1000000);
		break;
	case OPTION_WARMUP:
		o->warmup = (int)read_number(c, "--warmup", value, 0, 1000000);
		break;
	case OPTION_ISA:
		o->isa = value;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	default:
		read_host_option(c, &command_bench, code, value, &o->host);
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
	if (o->host.n_data) {
		const char *const *paths;
		const char *data = o->host.data[0];
		if (find_datasets(c, data, &paths) > 1 || o->host.n_data > 1)
			fail(c, USAGE, "--data: %.300s holds several data sets; name one of them", data);
		inputs = specialize_for(c, paths[0])->inputs;
	} else {
		load_model(c);
	}
	const char *library;
	s.program = build_model(c, &library);
	s.host = host_open(c, library, c->set.name, o->host.timeout);
	if (!inputs)
		inputs = random_inputs(c, c->graph->n_inputs, c->graph->inputs, 1);
	s.inputs = host_inputs(c, s.host, inputs);
	return s;
}

static struct subject open_object(struct ctx *c, const struct bench_options *o)
{
	struct subject s = { 0 };
	const struct settings *set = &c->set;
	const char *name;

	if (set->n_bindings || set->n_constants || set->top_k || set->depth != DEPTH_ADAPTIVE ||
		set->precision != PRECISION_FP32 || set->n_rules || set->seen || set->weights_as_c || o->host.n_data)
		fail(c, USAGE, "%.300s is compiled already: no options for models apply to it", set->model);
	const char *library = link_object(c, set->model, &name);
	s.host = host_open(c, library, name, o->host.timeout);
	struct value **like = NEW(c, struct value *, (size_t)s.host->inputs);
	for (int i = 0; i < s.host->inputs; i++)
		like[i] = value_new(c, "", s.host->input[i].type, s.host->input[i].rank, s.host->input[i].dim);
	s.inputs = host_inputs(c, s.host, random_inputs(c, s.host->inputs, like, 1));
	return s;
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "iterations", required_argument, NULL, OPTION_ITERATIONS },
		{ "warmup", required_argument, NULL, OPTION_WARMUP }, { "isa", required_argument, NULL, OPTION_ISA },
		{ "json", no_argument, NULL, OPTION_JSON }, HOST_OPTIONS, MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct bench_options o = { .host = { .threads = 1, .timeout = 600 }, .iterations = 20, .warmup = 3 };

	if (!read_options(c, &command_bench, argc, argv, list, read_own, &o))
		return DONE;
	struct subject s = is_object_file(c->set.model) ? open_object(c, &o) : compile_model(c, &o);
	const char *isa = o.isa ? o.isa : asked_isa(), *option = o.isa ? "--isa" : "GLUEC_ISA";
	if (isa)
		host_need_isa(c, s.host, option, isa);
	struct host_run r = { isa, o.host.threads, s.inputs };
	int traced = o.iterations < TRACED_RUNS ? o.iterations : TRACED_RUNS;
	progress(c, "timing");
	const struct host_times *times = host_time(c, s.host, &r, o.warmup, o.iterations, traced);
	progress_end(c);
	if (!times)
		fail_lacking(c, option, isa);
	struct bench_report report = { s.host, times, s.program, o.host.threads, o.warmup, o.iterations };
	if (o.json)
		print_bench_json(&report);
	else
		print_bench(c, &report);
	return DONE;
}
