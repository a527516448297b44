/* What the commands that measure accuracy in matches have in common: their options, and the models that these mean. */
#ifndef GATE_COMMAND_H
#define GATE_COMMAND_H

#include "cmd_host.h"
#include "gate/gate.h"

enum gate_which { GATE_BOTH, GATE_EXTRACTOR, GATE_MATCHER };

struct gate_command {
	const struct command *command;
	struct host_options host;
	struct gate_options gate;
	struct gate_limits limits;
	const char *reference[2];
	int n_references;
	enum gate_which only;
	/* For options of the command's own, whose codes begin at OPTION_GATE. */
	void (*own)(struct ctx *c, int code, const char *value, void *user);
	void *user;
};

enum {
	OPTION_PAIRS = OPTION_HOST,
	OPTION_REFERENCE,
	OPTION_ONLY,
	OPTION_THRESHOLDS,
	OPTION_ROUNDS,
	OPTION_RULE,
	OPTION_GATE = OPTION_RULE + GATE_N_RULES
};
#define GATE_RULE_OPTION(id, name, least, limit) { name, required_argument, NULL, OPTION_RULE + GATE_##id },
#define GATE_COMMAND_OPTIONS                                                                                           \
	{ "pairs", required_argument, NULL, OPTION_PAIRS }, { "reference", required_argument, NULL, OPTION_REFERENCE },    \
		{ "only", required_argument, NULL, OPTION_ONLY },                                                              \
		{ "thresholds", required_argument, NULL, OPTION_THRESHOLDS },                                                  \
		{ "threads", required_argument, NULL, OPTION_THREADS },                                                        \
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT }, { "cc", required_argument, NULL, OPTION_CC },          \
		GATE_RULES(GATE_RULE_OPTION) MODEL_OPTIONS
#define GATE_COMMAND_HELP                                                                                              \
	"  --pairs FILE          a line for each pair: A.png B.png [TRUTH], relative to the file; '#' begins a comment.\n" \
	"                        TRUTH is nine numbers, the homography from A to B, or a Middlebury flow field, "          \
	"NAME.flo\n"                                                                                                       \
	"  --reference MODEL     what to compare with, in fp32, once for each model (default: the models themselves)\n"    \
	"  --only WHICH          options on precision are for the extractor, or for the matcher, alone\n"                  \
	"  --thresholds FILE     limits, one a line: min-jaccard 0.95; the last of several counts, here and above\n"       \
	"  --threads N           (default: 1)\n"                                                                           \
	"  --timeout S           seconds after which one call counts as hanging (default: 600)\n"                          \
	"  --cc CC               the C compiler (default: cc)\n"
#define GATE_LIMITS_HELP                                                                                               \
	"Limits, a number or off (default in brackets):\n"                                                                 \
	"  --min-repeatability N     share of the reference's keypoints found again within 1 px [0.95]\n"                  \
	"  --min-matches N           number of matches, relative to the reference's [0.95]\n"                              \
	"  --min-kept N              share of the reference's matches that are among the candidate's [off]\n"              \
	"  --min-jaccard N           matches of both relative to those of either; ends within 1 px are the same [0.9]\n"   \
	"  --min-worst-jaccard N     the same for the worst of the pairs with 20 matches or more [0.75]\n"                 \
	"  --max-score-error N       largest error of the scores of common matches [off]\n"                                \
	"  --max-mean-score-error N  their mean error [0.05]\n"                                                            \
	"  --max-lost-3px N          percentage points of matches within 3 px of the truth lost; 1px, 5px likewise [1; "   \
	"off]\n"                                                                                                           \
	"  --max-auc-loss-5px N      percentage points of homography AUC@5px lost; 1px, 3px likewise [10; off]\n\n"        \
	"Options for models (gluec compile --help) go to all models that have what is named; --topk and --append "         \
	"keypoints\n"                                                                                                      \
	"to the first, --depth and --append matches to the last; those on precision not to the reference. Open "           \
	"dimensions\n"                                                                                                     \
	"become those of the first picture, and those of the extractor's keypoints.\n"

/* Reads the command line; options.own and user may be NULL. Sets both models, for gate_open and gate_measure. Returns
 * false when the user only wanted help. */
bool read_gate_command(struct ctx *c, struct gate_command *options, int argc, char **argv, const struct option *list,
	struct gate_models *reference, struct gate_models *candidate);

/* A limit that the user asked for must not pass because there is nothing to measure: fails then. */
void check_asked_limits(struct ctx *c, const struct gate_command *options, const struct gate_figures *f);

#endif
