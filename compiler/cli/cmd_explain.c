/* gluec explain: what precision each node has, and why. */
#include "base/attempt.h"
#include "command.h"
#include "explain_table.h"
#include "precision/observe.h"
#include "base/out.h"
#include "base/progress.h"
#include "precision/seen.h"
#include <stdlib.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_explain = {
	"explain",
	"says which precision each node has, and why; sees ranges",
	"gluec explain MODEL [options]\n\n"
	"Prints a line for each node of the optimised graph: the precision that it has under --precision and the rules, "
	"the\n"
	"type of its result, the range that was seen, the bytes of its weights and its result, multiply-adds, an estimate "
	"of\n"
	"the time saved, and the reason. With --data or --images it first runs the graph as it stands on these data and "
	"sees\n"
	"what every value lies between; a model in fp16 then keeps in float what half would not hold.\n\n"
	"  --data DIR            ONNX test data sets (see gluec run); may be given several times\n"
	"  --images DIR          PNG files for the model's only input, grey (or colour) in 0..1, stretched to the size "
	"that\n"
	"                        the model or --dim says, else to their own, cut to multiples of 8\n"
	"  --extractor MODEL     what finds the keypoints of these pictures for a matcher, which gets neighbouring pairs;\n"
	"                        --topk is for it then\n"
	"  --ranges-out FILE     write what was seen, for --ranges of all commands\n"
	"  --filter PATTERN      print only nodes with such ONNX names, each with all of its names\n"
	"  --all                 print also nodes that only move elements, or make integers\n"
	"  --json                print JSON\n" MODEL_OPTIONS_HELP,
	run,
};

enum {
	OPTION_DATA = OPTION_OWN,
	OPTION_IMAGES,
	OPTION_EXTRACTOR,
	OPTION_RANGES_OUT,
	OPTION_FILTER,
	OPTION_ALL,
	OPTION_JSON
};

struct explain_options {
	struct calibration_wish wish;
	const char *ranges_out;
	struct explain_view view;
	bool json;
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct explain_options *o = user;

	switch (code) {
	case OPTION_DATA:
		append_text(c, &o->wish.data, &o->wish.n_data, value);
		break;
	case OPTION_IMAGES:
		o->wish.images = value;
		break;
	case OPTION_EXTRACTOR:
		o->wish.extractor = value;
		break;
	case OPTION_RANGES_OUT:
		o->ranges_out = value;
		break;
	case OPTION_FILTER:
		o->view.filter = value;
		break;
	case OPTION_ALL:
		o->view.all = true;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	default:
		fail(c, USAGE, "-%c: no option of gluec explain; see gluec explain --help", code);
	}
}

/* What the model is to be run on, and where the lines go. */
struct observations {
	const struct calibration_data *data;
	FILE *to;
};

static void observe_each(struct ctx *c, void *user)
{
	const struct observations *o = user;

	observe(c, o->data, o->to);
}

/* Runs the model on all data; what they showed goes to c->set.seen. */
static void observe_all(struct ctx *c, struct observations *o)
{
	char *text = NULL, *copy = NULL;
	size_t bytes;

	o->to = open_memstream(&text, &bytes);
	if (!o->to)
		fail(c, IO_FAILED, "out of memory");
	enum status status = attempt(c, observe_each, o);
	bool written = !ferror(o->to) && !fclose(o->to);
	if (!status && written)
		copy = arena_text(c, "%s", text);
	free(text);
	if (status)
		fail_again(c, status);
	if (!copy)
		fail(c, IO_FAILED, "out of memory");
	add_ranges(c, "data", copy);
}

static void write_ranges(struct ctx *c, const char *path)
{
	FILE *f = output_stream(output_open(c, path));

	write_ranges_head(f);
	for (int i = 0; i < count_seen(c); i++)
		write_seen(f, seen_number(c, i));
	output_commit(c);
}

static void check_options(struct ctx *c, const struct explain_options *o)
{
	if (o->wish.n_data && o->wish.images)
		fail(c, USAGE, "give either --data DIR or --images DIR");
	if (o->wish.extractor && !o->wish.images)
		fail(c, USAGE, "--extractor needs --images DIR, the pictures that it is run on");
	if (o->ranges_out && !o->wish.n_data && !o->wish.images)
		fail(c, USAGE, "--ranges-out: nothing is seen without --data DIR or --images DIR");
	if (o->ranges_out)
		check_output(c, o->ranges_out);
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "data", required_argument, NULL, OPTION_DATA },
		{ "images", required_argument, NULL, OPTION_IMAGES },
		{ "extractor", required_argument, NULL, OPTION_EXTRACTOR },
		{ "ranges-out", required_argument, NULL, OPTION_RANGES_OUT },
		{ "filter", required_argument, NULL, OPTION_FILTER }, { "all", no_argument, NULL, OPTION_ALL },
		{ "json", no_argument, NULL, OPTION_JSON }, MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct explain_options o = { 0 };
	const struct calibration_data *data = NULL;

	if (!read_options(c, &command_explain, argc, argv, list, read_own, &o))
		return DONE;
	check_options(c, &o);
	if (o.wish.n_data || o.wish.images) {
		data = open_calibration_data(c, &o.wish);
		observe_all(c, &(struct observations){ data, NULL });
	}
	if (o.ranges_out)
		write_ranges(c, o.ranges_out);
	if (data)
		data->load(c, data, 0);
	else
		load_model(c);
	optimize(c);
	progress_end(c);
	(o.json ? print_explanation_json : print_explanation)(c, &o.view);
	return DONE;
}
