/* gluec gate: is a model still good in reduced precision? */
#include "cmd_host.h"
#include "gate/gate.h"
#include "gate/report.h"
#include "out.h"
#include <math.h>
#include <string.h>

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
	"  pipeline   two pictures, images [2,c,H,W] or two inputs, to keypoints and matches\n\n"
	"  --pairs FILE          a line for each pair: A.png B.png [TRUTH], relative to the file; '#' begins a comment.\n"
	"                        TRUTH is nine numbers, the homography from A to B, or a Middlebury flow field, NAME.flo\n"
	"  --reference MODEL     what to compare with, in fp32, once for each model (default: the models themselves)\n"
	"  --only WHICH          options on precision are for the extractor, or for the matcher, alone\n"
	"  --thresholds FILE     limits, one a line: min-jaccard 0.95; the last of several counts, here and above\n"
	"  --json FILE           writes all figures as JSON, those of each pair too\n"
	"  --rounds N            how often each call is timed, both sides in turn; 0: not at all (default: 3)\n"
	"  --threads N           (default: 1)\n"
	"  --timeout S           seconds after which one call counts as hanging (default: 600)\n"
	"  --cc CC               the C compiler (default: cc)\n\n"
	"Limits, a number or off (default in brackets):\n"
	"  --min-repeatability N     share of the reference's keypoints found again within 1 px [0.95]\n"
	"  --min-matches N           number of matches, relative to the reference's [0.95]\n"
	"  --min-kept N              share of the reference's matches that are among the candidate's [off]\n"
	"  --min-jaccard N           matches of both relative to those of either; ends within 1 px are the same [0.9]\n"
	"  --min-worst-jaccard N     the same for the worst of the pairs with 20 matches or more [0.75]\n"
	"  --max-score-error N       largest error of the scores of common matches [off]\n"
	"  --max-mean-score-error N  their mean error [0.05]\n"
	"  --max-lost-3px N          percentage points of matches within 3 px of the truth lost; 1px, 5px likewise [1; "
	"off]\n"
	"  --max-auc-loss-5px N      percentage points of homography AUC@5px lost; 1px, 3px likewise [10; off]\n\n"
	"Options for models (gluec compile --help) go to all models that have what is named; --topk and --append "
	"keypoints\n"
	"to the first, --depth and --append matches to the last; those on precision not to the reference. Open dimensions\n"
	"become those of the first picture, and those of the extractor's keypoints.\n",
	run,
};

enum {
	OPTION_PAIRS = OPTION_HOST,
	OPTION_REFERENCE,
	OPTION_ONLY,
	OPTION_THRESHOLDS,
	OPTION_JSON,
	OPTION_ROUNDS,
	OPTION_RULE
};

enum which { BOTH, EXTRACTOR, MATCHER };

struct options {
	struct host_options host;
	struct gate_options gate;
	struct gate_limits limits;
	const char *reference[2], *json;
	int n_references;
	enum which only;
};

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct options *o = user;

	switch (code) {
	case OPTION_PAIRS:
		o->gate.pairs = value;
		break;
	case OPTION_REFERENCE:
		if (o->n_references == 2)
			fail(c, USAGE, "--reference is given more than twice");
		o->reference[o->n_references++] = value;
		break;
	case OPTION_ONLY:
		if (strcmp(value, "extractor") && strcmp(value, "matcher"))
			fail(c, USAGE, "--only: '%.60s' must be extractor or matcher", value);
		o->only = *value == 'e' ? EXTRACTOR : MATCHER;
		break;
	case OPTION_THRESHOLDS:
		gate_read_limits(c, &o->limits, value);
		break;
	case OPTION_JSON:
		o->json = value;
		break;
	case OPTION_ROUNDS:
		o->gate.rounds = (int)read_number(c, "--rounds", value, 0, 1000);
		break;
	default:
		if (code >= OPTION_RULE && code < OPTION_RULE + GATE_N_RULES) {
			const char *name = gate_rule_name((enum gate_rule)(code - OPTION_RULE));
			gate_set_limit(c, &o->limits, arena_text(c, "--%s", name), name, value);
			break;
		}
		read_host_option(c, &command_gate, code, value, &o->host);
	}
}

/* Both sides, from one set of options. */
static void choose_models(struct ctx *c, const struct options *o, int n, char **models, struct gate_models *reference,
	struct gate_models *candidate)
{
	if (o->only && n == 1)
		fail(c, USAGE, "--only: there are no two models to choose from");
	*candidate = (struct gate_models){ .n = n, .strict = true };
	*reference = (struct gate_models){ .n = o->n_references ? o->n_references : n, .strict = !o->n_references };
	for (int i = 0; i < n; i++) {
		bool reduced = o->only == BOTH || o->only == (i ? MATCHER : EXTRACTOR);
		candidate->set[i] = reduced ? c->set : gate_in_float(&c->set);
		candidate->set[i].model = models[i];
	}
	for (int i = 0; i < reference->n; i++) {
		reference->set[i] = gate_in_float(&c->set);
		reference->set[i].model = o->n_references ? o->reference[i] : models[i];
	}
}

/* A limit that the user asked for must not pass because there is nothing to measure. */
static void check_asked(struct ctx *c, const struct options *o, const struct gate_figures *f)
{
	double value;

	for (int i = 0; i < GATE_N_RULES; i++)
		if (o->limits.asked[i] && !gate_value(f, (enum gate_rule)i, &value))
			fail(c, USAGE, "--%s: no pair of %.300s has the TRUTH that this needs", gate_rule_name((enum gate_rule)i),
				o->gate.pairs);
}

static enum status run(struct ctx *c, int argc, char **argv)
{
#define RULE_OPTION(id, name, least, limit) { name, required_argument, NULL, OPTION_RULE + GATE_##id },
	static const struct option list[] = { { "pairs", required_argument, NULL, OPTION_PAIRS },
		{ "reference", required_argument, NULL, OPTION_REFERENCE }, { "only", required_argument, NULL, OPTION_ONLY },
		{ "thresholds", required_argument, NULL, OPTION_THRESHOLDS }, { "json", required_argument, NULL, OPTION_JSON },
		{ "rounds", required_argument, NULL, OPTION_ROUNDS }, { "threads", required_argument, NULL, OPTION_THREADS },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT }, { "cc", required_argument, NULL, OPTION_CC },
		GATE_RULES(RULE_OPTION) MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
	struct options o = { .host = { .threads = 1, .timeout = 600 }, .gate.rounds = 3, .limits = gate_default_limits() };
	struct gate_models reference, candidate;
	int n = read_options_and_models(c, &command_gate, argc, argv, list, read_own, &o, 2);

	if (!n)
		return DONE;
	if (!o.gate.pairs)
		fail(c, USAGE, "gluec gate needs --pairs FILE; see gluec gate --help");
	o.gate.threads = o.host.threads;
	o.gate.timeout = o.host.timeout;
	choose_models(c, &o, n, argv + argc - n, &reference, &candidate);
	struct gate *gate = gate_open(c, &o.gate, &reference);
	const struct gate_figures *f = gate_measure(c, gate, &candidate);
	check_asked(c, &o, f);
	print_gate(c, f, &o.limits);
	if (o.json) {
		write_gate_json(output_stream(output_open(c, o.json)), f, &o.limits);
		output_commit(c);
	}
	if (!gate_passes(f, &o.limits))
		fail(c, VERIFICATION_FAILED, "%.300s: fails the gate: %s", c->set.model, gate_failures(c, f, &o.limits));
	return DONE;
}
