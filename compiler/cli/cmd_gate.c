/* gluec gate: is a model still good in reduced precision? */
#include "gate/report.h"
#include "gate_command.h"
#include "base/out.h"

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_gate = {
	"gate",
	"measures a model's matches against those of a reference, and says whether they are good enough",
	"gluec gate EXTRACTOR [MATCHER] --pairs FILE [options]\n"
	"gluec gate PIPELINE --pairs FILE [options]\n\n"
	"Compiles and builds the models twice, as the options say and in fp32 (or other models, --reference), runs both "
	"on\n"
	"pairs of pictures, and compares what they find. Prints a table; the exit code is 1 when a figure breaks its "
	"limit.\n"
	"Without a MATCHER, matches are the mutual nearest neighbours of descriptors. A pixel is one of the picture in "
	"its\n"
	"file, whatever the size to which it is stretched for the model.\n\n"
	"What a model is for follows from its inputs and outputs:\n"
	"  extractor  pictures f32 or f16 [b,1|3,H,W], b 1 or 2, grey from 0 to 1, to keypoints [b,K,2] (x, y in pixels),\n"
	"             descriptors [b,K,D], and maybe scores [b,K]: a keypoint with a score of 0 or less is none\n"
	"  matcher    keypoints and descriptors of two pictures, as one input each or as two that end in 0 and 1\n"
	"             (kpts0, desc_1), to matches [n,2], matches [n,3] or matches0 [K], and maybe (m)scores; keypoints "
	"are\n"
	"             2 k / size - 1 in an input called keypoints, else (k - size / 2) / (longer side / 2)\n"
	"  pipeline   two pictures, images [2,c,H,W] or two inputs, to keypoints and matches\n\n" GATE_COMMAND_HELP
	"  --json FILE           writes all figures as JSON, those of each pair too\n"
	"  --rounds N            how often each call is timed, both sides in turn; 0: not at all (default: 3)\n"
	"\n",
	run,
};

enum { OPTION_JSON = OPTION_GATE };

static void read_json(struct ctx *c, int code, const char *value, void *user)
{
	(void)c;
	(void)code;
	*(const char **)user = value;
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { { "json", required_argument, NULL, OPTION_JSON },
		{ "rounds", required_argument, NULL, OPTION_ROUNDS }, GATE_COMMAND_OPTIONS, { NULL, 0, NULL, 0 } };
	const char *json = NULL;
	struct gate_command o = { .command = &command_gate, .gate.rounds = 3, .own = read_json, .user = &json };
	struct gate_models reference, candidate;

	if (!read_gate_command(c, &o, argc, argv, list, &reference, &candidate))
		return DONE;
	if (json)
		check_output(c, json);
	struct gate *gate = gate_open(c, &o.gate, &reference);
	const struct gate_figures *f = gate_measure(c, gate, &candidate, GATE_TIMES);
	check_asked_limits(c, &o, f);
	print_gate(c, f, &o.limits);
	if (json) {
		write_gate_json(output_stream(output_open(c, json)), f, &o.limits);
		output_commit(c);
	}
	if (!gate_passes(f, &o.limits))
		fail(c, VERIFICATION_FAILED, "%.300s: fails the gate: %s", c->set.model, gate_failures(c, f, &o.limits));
	return DONE;
}
