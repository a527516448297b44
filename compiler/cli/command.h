/* The subcommands of the command line, and the options that several of them share. */
#ifndef COMMAND_H
#define COMMAND_H

#include "gluec.h"
#include <getopt.h>

struct command {
	const char *name, *summary, *help;
	/* argv[0] is the subcommand. Returns an exit code; errors leave through fail. */
	enum status (*run)(struct ctx *c, int argc, char **argv);
};

extern const struct command command_compile, command_inspect, command_run, command_verify, command_bench,
	command_operators, command_explain, command_gate, command_bisect, command_tune, command_calibrate;

/* The options that decide what is compiled, for the option lists of several commands; their codes and their help. */
enum {
	OPTION_NAME = 'n',
	OPTION_DIM = 'd',
	OPTION_INPUT = 'i',
	OPTION_CONSTANT = 'c',
	OPTION_CAPACITY = 'm',
	OPTION_TOPK = 'k',
	OPTION_APPEND = 'a',
	OPTION_DEPTH = 'l',
	OPTION_PRECISION = 'p',
	OPTION_PRECISION_OF = 'P',
	OPTION_RULES = 'r',
	OPTION_RANGES = 'R',
	OPTION_WEIGHTS = 'w',
	OPTION_TARGET = 'T',
	OPTION_HELP = 'h',
	OPTION_OWN = 256
};
#define MODEL_OPTIONS                                                                                                  \
	{ "name", required_argument, NULL, OPTION_NAME }, { "dim", required_argument, NULL, OPTION_DIM },                  \
		{ "input", required_argument, NULL, OPTION_INPUT }, { "capacity", required_argument, NULL, OPTION_CAPACITY },  \
		{ "constant", required_argument, NULL, OPTION_CONSTANT }, { "topk", required_argument, NULL, OPTION_TOPK },    \
		{ "append", required_argument, NULL, OPTION_APPEND }, { "depth", required_argument, NULL, OPTION_DEPTH },      \
		{ "precision", required_argument, NULL, OPTION_PRECISION },                                                    \
		{ "precision-of", required_argument, NULL, OPTION_PRECISION_OF },                                              \
		{ "rules", required_argument, NULL, OPTION_RULES }, { "ranges", required_argument, NULL, OPTION_RANGES },      \
		{ "weights", required_argument, NULL, OPTION_WEIGHTS }, { "target", required_argument, NULL, OPTION_TARGET },  \
	{                                                                                                                  \
		"help", no_argument, NULL, OPTION_HELP                                                                         \
	}
#define MODEL_OPTIONS_HELP MODEL_SHAPE_HELP MODEL_BUILD_HELP
#define MODEL_SHAPE_HELP                                                                                               \
	"  --name N              the C name of the model (default: the file's)\n"                                          \
	"  --dim NAME=V          bind a symbolic dimension\n"                                                              \
	"  --input NAME=AxBxC    bind a whole input's shape\n"                                                             \
	"  --constant NAME=1,2   make an input a constant: axes, sizes and the like; NAME=FILE.pb takes a tensor file\n"   \
	"  --capacity NAME=N     room for what the NonZero node NAME finds, when that depends on the data\n"               \
	"  --topk K              how many keypoints every top-K stage keeps\n"                                             \
	"  --append STAGE        keypoints behind dense scores and descriptors (:radius=4,border=4,threshold=0), "         \
	"matches\n"                                                                                                        \
	"                        behind dense matching scores (:threshold=0.1); scores=OUTPUT etc. where several fit\n"    \
	"  --depth adaptive|N    keep early exits (default), or run N layers always\n"
#define MODEL_BUILD_HELP                                                                                               \
	"  --precision P         fp32 (default); fp16, bf16: weights and activations stored as half or bfloat16;\n"        \
	"                        bf16x3: products of two bfloat16 for each float, nearly as exact as fp32, and fast\n"     \
	"                        where there is AMX; int8, fp8: what the graph has quantised so, and the rest fp32\n"      \
	"  --precision-of P=TYPE fp32, bf16x3, fp16, bf16 or int8 for the nodes whose ONNX names match the pattern P;\n"   \
	"                        repeated: the last that matches a node counts\n"                                          \
	"  --rules FILE          the same, one PATTERN=TYPE a line; # begins a comment\n"                                  \
	"  --ranges FILE         what values were seen to be (gluec explain --ranges-out): under fp16, what half does "    \
	"not\n"                                                                                                            \
	"                        hold stays float\n"                                                                       \
	"  --weights bin|c       how the object gets its weights: .incbin (default) or a C array\n"                        \
	"  --target LEVELS       the object's instruction sets, such as c or avx2,avx512 (default: all that the\n"         \
	"                        processor that it is built for may have)\n"

/* Reads the command line: options from `list` (which ends with zeros), MODEL_OPTIONS into c->set, others through own,
 * which may be NULL; one operand goes to c->set.model. --help prints the command's help and returns false. */
bool read_options(struct ctx *c, const struct command *command, int argc, char **argv, const struct option *list,
	void (*own)(struct ctx *c, int code, const char *value, void *user), void *user);

/* The same for commands that take up to `most_models` models: argv[argc - n] and what follows are their names, of which
 * the first goes to c->set.model. Returns n, their number, or 0 after --help. */
int read_options_and_models(struct ctx *c, const struct command *command, int argc, char **argv,
	const struct option *list, void (*own)(struct ctx *c, int code, const char *value, void *user), void *user,
	int most_models);

/* A whole number within bounds; fails naming the option. */
int64_t read_number(struct ctx *c, const char *option, const char *text, int64_t least, int64_t most);
double read_real(struct ctx *c, const char *option, const char *text, double least);

/* Appends to the n texts of an option that may be repeated. */
void append_text(struct ctx *c, const char *const **list, int *n, const char *text);

#endif
