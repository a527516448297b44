/* gluec calibrate: 8-bit models from float ones and data. */
#include "calibrate/balance.h"
#include "calibrate/both_branches.h"
#include "calibrate/calibrate.h"
#include "calibrate/pictures.h"
#include "command.h"
#include "base/out.h"
#include "base/progress.h"
#include "base/temporary.h"
#include <string.h>

static enum status calibrate_model(struct ctx *c, int argc, char **argv);

const struct command command_calibrate = {
	"calibrate",
	"writes an 8-bit model (an ONNX file with QuantizeLinear and DequantizeLinear) from a float one and data",
	"gluec calibrate MODEL -o OUT.onnx --images DIR|--data DIR... [options]\n\n"
	"Runs the model on data, by the interpreter, and writes it with its convolutions and linear layers (Conv, MatMul\n"
	"and Gemm with constant weights) quantised: inputs to u8, one scale and zero point for each tensor, weights to "
	"i8,\n"
	"one scale for each output, biases to i32. Results of layers are rounded only where such a layer reads them next,\n"
	"so that the model's outputs and what leads to them (softmax, normalisation, attention, coordinates) stay float;\n"
	"so do sums of fewer than 8 terms, layers of fewer than 8 outputs, and a last layer whose result a softmax turns\n"
	"into scores. Both sides of branches are calibrated.\n\n"
	"  -o OUT.onnx           the file to write\n"
	"  --images DIR          PNG files for a model that takes pictures: grey or RGB, 0 to 1, stretched to its size\n"
	"  --extractor MODEL     what finds the keypoints of these pictures for a matcher, which gets neighbouring pairs;\n"
	"                        --topk is for it then\n"
	"  --size WxH            the pictures' size where the model and --dim leave it open (default: their own)\n"
	"  --data DIR            ONNX test data sets, as for gluec run; may be repeated\n"
	"  --method METHOD       which part of a tensor's range is kept: minmax (all), percentile, entropy (default: "
	"percentile)\n"
	"  --percentile P        how many percent of the values --method percentile keeps (default: 99.9999)\n"
	"  --skip PATTERN        leave nodes of such names in float (* and ? as in the shell); may be repeated\n"
	"  --only PATTERN        leave all others in float; may be repeated\n"
	"  --balance ALPHA       move range from the inputs of linear layers to their weights (SmoothQuant), where the "
	"layer\n"
	"                        before can take that up: 0 (default) not at all, 0.5 by half, 1 wholly\n"
	"  --no-bias-correction  leave the biases as they are\n"
	"  --report FILE         where the table of ranges and errors goes (default: standard output)\n" MODEL_SHAPE_HELP,
	calibrate_model,
};

enum {
	OPTION_IMAGES = OPTION_OWN,
	OPTION_DATA,
	OPTION_EXTRACTOR,
	OPTION_SIZE,
	OPTION_METHOD,
	OPTION_PERCENTILE,
	OPTION_SKIP,
	OPTION_ONLY,
	OPTION_BALANCE,
	OPTION_NO_BIAS_CORRECTION,
	OPTION_REPORT
};

struct calibrate_options {
	struct calibration calibration;
	struct calibration_wish wish;
	const char *report;
};

static enum range_method read_method(struct ctx *c, const char *text)
{
	static const char *const names[] = {
		[RANGE_MINMAX] = "minmax", [RANGE_PERCENTILE] = "percentile", [RANGE_ENTROPY] = "entropy"
	};

	for (int i = RANGE_MINMAX; i <= RANGE_ENTROPY; i++)
		if (!strcmp(text, names[i]))
			return (enum range_method)i;
	fail(c, USAGE, "--method: '%.60s' must be minmax, percentile or entropy", text);
}

static void read_size(struct ctx *c, const char *text, struct calibration_wish *wish)
{
	const char *x = strchr(text, 'x');

	if (!x)
		fail(c, USAGE, "--size: '%.60s' must be WxH, such as 640x480", text);
	wish->width = (int)read_number(c, "--size", arena_text(c, "%.*s", (int)(x - text), text), 1, 1 << 15);
	wish->height = (int)read_number(c, "--size", x + 1, 1, 1 << 15);
}

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct calibrate_options *o = user;

	switch (code) {
	case OPTION_IMAGES:
		o->wish.images = value;
		break;
	case OPTION_DATA:
		append_text(c, &o->wish.data, &o->wish.n_data, value);
		break;
	case OPTION_EXTRACTOR:
		o->wish.extractor = value;
		break;
	case OPTION_SIZE:
		read_size(c, value, &o->wish);
		break;
	case OPTION_METHOD:
		o->calibration.method = read_method(c, value);
		break;
	case OPTION_PERCENTILE:
		o->calibration.percentile = read_real(c, "--percentile", value, 50);
		if (o->calibration.percentile > 100)
			fail(c, USAGE, "--percentile: '%.60s' must be at most 100", value);
		break;
	case OPTION_SKIP:
		append_text(c, &o->calibration.skip.pattern, &o->calibration.skip.n, value);
		break;
	case OPTION_ONLY:
		append_text(c, &o->calibration.only.pattern, &o->calibration.only.n, value);
		break;
	case OPTION_BALANCE:
		o->calibration.balance = read_real(c, "--balance", value, 0);
		if (o->calibration.balance > 1)
			fail(c, USAGE, "--balance: '%.60s' must be at most 1", value);
		break;
	case OPTION_NO_BIAS_CORRECTION:
		o->calibration.correct_bias = false;
		break;
	case OPTION_REPORT:
		o->report = value;
		break;
	default:
		c->set.out_dir = value;
	}
}

static void check_options(struct ctx *c, const struct calibrate_options *o)
{
	const struct settings *s = &c->set;

	if (!s->out_dir)
		fail(c, USAGE, "gluec calibrate needs -o OUT.onnx; see gluec calibrate --help");
	if (!o->wish.images == !o->wish.n_data)
		fail(c, USAGE, "gluec calibrate needs either --images DIR or --data DIR; see gluec calibrate --help");
	if (o->wish.extractor && !o->wish.images)
		fail(c, USAGE, "--extractor needs --images DIR, the pictures that it is run on");
	if (o->wish.width && !o->wish.images)
		fail(c, USAGE, "--size is for the pictures of --images DIR; data sets have sizes of their own");
	if (o->calibration.percentile > 0 && o->calibration.method != RANGE_PERCENTILE)
		fail(c, USAGE, "--percentile is for --method percentile");
	if (s->precision != PRECISION_FP32 || s->n_rules || s->seen || s->weights_as_c || s->target)
		fail(c, USAGE,
			"--precision, --precision-of, --rules, --ranges, --weights and --target are for compiling what "
			"gluec calibrate writes");
	if (o->report && !strcmp(o->report, s->out_dir))
		fail(c, USAGE, "--report and -o both name %.300s", o->report);
	check_output(c, s->out_dir);
	if (o->report)
		check_output(c, o->report);
}

static void write_results(struct ctx *c, const struct calibrate_options *o, struct onnx_file *file)
{
	const struct calibration *k = &o->calibration;

	write_products(c, k, file);
	if (o->report)
		report_products(k, output_stream(output_open(c, o->report)));
	onnx_file_write(file, c->set.out_dir);
	progress_end(c);
	if (!o->report)
		report_products(k, stdout);
}

/* The first sample's graph says which products there are. */
static void load_products(struct ctx *c, struct calibration *k, const struct onnx_file *file)
{
	k->data->load(c, k->data, 0);
	compute_both_branches(c, c->graph);
	find_products(c, k, file);
}

/* Balances the layers of the float model, in a file of its own, from which calibration goes on. */
static struct onnx_file *balanced(struct ctx *c, struct calibration *k, struct onnx_file *file)
{
	calibrate_ranges(c, k);
	if (!balance_layers(c, k, file))
		return file;
	c->set.model = arena_text(c, "%s/balanced.onnx", temporary_folder(c));
	onnx_file_write(file, c->set.model);
	file = onnx_file_open(c);
	load_products(c, k, file);
	return file;
}

static enum status calibrate_model(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "images", required_argument, NULL, OPTION_IMAGES },
		{ "data", required_argument, NULL, OPTION_DATA }, { "extractor", required_argument, NULL, OPTION_EXTRACTOR },
		{ "size", required_argument, NULL, OPTION_SIZE }, { "method", required_argument, NULL, OPTION_METHOD },
		{ "percentile", required_argument, NULL, OPTION_PERCENTILE }, { "skip", required_argument, NULL, OPTION_SKIP },
		{ "only", required_argument, NULL, OPTION_ONLY }, { "balance", required_argument, NULL, OPTION_BALANCE },
		{ "no-bias-correction", no_argument, NULL, OPTION_NO_BIAS_CORRECTION },
		{ "report", required_argument, NULL, OPTION_REPORT }, MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct calibrate_options o = { .calibration = { .method = RANGE_PERCENTILE, .correct_bias = true } };

	if (!read_options(c, &command_calibrate, argc, argv, list, read_own, &o))
		return DONE;
	check_options(c, &o);
	if (!(o.calibration.percentile > 0))
		o.calibration.percentile = 99.9999;
	const char *model = c->set.model;
	read_model(c);
	struct onnx_file *file = onnx_file_open(c);
	o.calibration.data = open_calibration_data(c, &o.wish);
	load_products(c, &o.calibration, file);
	if (o.calibration.balance > 0)
		file = balanced(c, &o.calibration, file);
	calibrate(c, &o.calibration);
	c->file = model;
	int quantised = 0;
	for (int i = 0; i < o.calibration.n_products; i++)
		quantised += !o.calibration.products[i].left;
	if (!quantised)
		fail_model(c, o.calibration.n_products ? "nothing to quantise: %s" : "it has no Conv, MatMul or Gemm",
			o.calibration.n_products ? arena_text(c, "the first product, '%.100s', stays float: %s",
										   o.calibration.products[0].node->name, o.calibration.products[0].left)
									 : "");
	write_results(c, &o, file);
	return DONE;
}
