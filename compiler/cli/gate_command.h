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
	/* For options of the command's own, whose codes begin at OPTION_GATE, and for -o DIR if it writes a folder. */
	bool writes_folder;
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
#define GATE_RULE_OPTION(id, name, least, limit, what) { name, required_argument, NULL, OPTION_RULE + GATE_##id },
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

/* Reads the command line; options.own and user may be NULL. Sets both models, for gate_open and gate_measure. Returns
 * false when the user only wanted help, which ends in the limits. */
bool read_gate_command(struct ctx *c, struct gate_command *options, int argc, char **argv, const struct option *list,
	struct gate_models *reference, struct gate_models *candidate);

/* A limit that the user asked for must not pass because there is nothing to measure: fails then. */
void check_asked_limits(struct ctx *c, const struct gate_command *options, const struct gate_figures *f);

#endif
