/* What the commands that build models and run them have in common. */
#ifndef CMD_HOST_H
#define CMD_HOST_H

#include "command.h"
#include "run/host.h"
#include "emit/lower.h"

/* Their options, and the codes from which their own ones count. */
enum { OPTION_THREADS = OPTION_OWN, OPTION_TIMEOUT, OPTION_CC, OPTION_DATA, OPTION_HOST };
#define HOST_OPTIONS                                                                                                   \
	{ "threads", required_argument, NULL, OPTION_THREADS }, { "timeout", required_argument, NULL, OPTION_TIMEOUT },    \
		{ "cc", required_argument, NULL, OPTION_CC },                                                                  \
	{                                                                                                                  \
		"data", required_argument, NULL, OPTION_DATA                                                                   \
	}

struct host_options {
	int threads;
	double timeout;          /* of one run, in seconds */
	const char *const *data; /* --data, as often as it was given */
	int n_data;
};

/* Takes in an option of HOST_OPTIONS; fails for any other code, naming the command. */
void read_host_option(
	struct ctx *c, const struct command *command, int code, const char *value, struct host_options *o);

/* Compiles the model as it is specialised now and builds it in build_folder, which set.out_dir must be: *library
 * becomes the path of a shared library. */
struct program *build_model(struct ctx *c, const char **library);

/* Values in the types of the C interface. */
const void **host_inputs(struct ctx *c, const struct host *h, struct value *const *inputs);

#endif
