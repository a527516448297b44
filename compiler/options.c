/* Reading the command line. */
#include "command.h"
#include "lower.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t read_number(struct ctx *c, const char *option, const char *text, int64_t least, int64_t most)
{
	char *end;

	errno = 0;
	long long x = strtoll(text, &end, 10);
	if (errno || end == text || *end || x < least || x > most)
		fail(c, USAGE, "%s: '%.60s' must be a whole number from %lld to %lld", option, text, (long long)least,
			(long long)most);
	return x;
}

double read_real(struct ctx *c, const char *option, const char *text, double least)
{
	char *end;
	double x = strtod(text, &end);

	if (end == text || *end || !isfinite(x) || x < least)
		fail(c, USAGE, "%s: '%.60s' must be a number of at least %g", option, text, least);
	return x;
}

static struct binding *new_binding(struct ctx *c, const char *name, size_t n)
{
	struct settings *s = &c->set;
	struct binding *more = NEW(c, struct binding, (size_t)s->n_bindings + 1);

	if (s->n_bindings)
		memcpy(more, s->bindings, (size_t)s->n_bindings * sizeof *more);
	s->bindings = more;
	more[s->n_bindings].name = arena_text(c, "%.*s", (int)n, name);
	return &more[s->n_bindings++];
}

static void read_dim(struct ctx *c, const char *text)
{
	const char *equals = strrchr(text, '=');

	if (!equals || equals == text)
		fail(c, USAGE, "--dim: '%.100s' must be NAME=VALUE, such as height=480", text);
	new_binding(c, text, (size_t)(equals - text))->dim[0] = read_number(c, "--dim", equals + 1, 1, MAX_ELEMENTS);
}

static void read_input_shape(struct ctx *c, const char *text)
{
	const char *equals = strrchr(text, '=');

	if (!equals || equals == text || !equals[1])
		fail(c, USAGE, "--input: '%.100s' must be NAME=AxBxC, such as image=1x1x480x640", text);
	struct binding *b = new_binding(c, text, (size_t)(equals - text));
	char *shape = arena_text(c, "%s", equals + 1), *rest = NULL;
	for (char *part = strtok_r(shape, "x", &rest); part; part = strtok_r(NULL, "x", &rest)) {
		if (b->rank == MAX_RANK)
			fail(c, USAGE, "--input: '%.100s' has more than %d dimensions", text, MAX_RANK);
		b->dim[b->rank++] = read_number(c, "--input", part, 1, MAX_ELEMENTS);
	}
	if (!b->rank)
		fail(c, USAGE, "--input: '%.100s' must be NAME=AxBxC, such as image=1x1x480x640", text);
}

static void read_model_option(struct ctx *c, int code, const char *value)
{
	struct settings *s = &c->set;

	switch (code) {
	case OPTION_NAME:
		if (strcmp(value, legal_name(c, value)))
			fail(c, USAGE, "--name: '%.60s' is not a C name of at most 56 characters", value);
		s->name = value;
		break;
	case OPTION_DIM:
		read_dim(c, value);
		break;
	case OPTION_INPUT:
		read_input_shape(c, value);
		break;
	case OPTION_TOPK:
		s->top_k = read_number(c, "--topk", value, 1, MAX_ELEMENTS);
		break;
	case OPTION_DEPTH:
		s->depth = strcmp(value, "adaptive") ? (int)read_number(c, "--depth", value, 1, 1000) : DEPTH_ADAPTIVE;
		break;
	case OPTION_PRECISION:
		if (strcmp(value, "fp32") && strcmp(value, "fp16"))
			fail(c, USAGE, "--precision: '%.60s' must be fp32 or fp16", value);
		s->precision = strcmp(value, "fp16") ? PRECISION_FP32 : PRECISION_FP16;
		break;
	case OPTION_WEIGHTS:
		if (strcmp(value, "bin") && strcmp(value, "c"))
			fail(c, USAGE, "--weights: '%.60s' must be bin or c", value);
		s->weights_as_c = !strcmp(value, "c");
		break;
	}
}

/* The options that decide the result, in an order of their own, so that the generated file does not depend on the
 * order in which they were typed, nor on where the model lies. */
static const char *describe(struct ctx *c)
{
	const struct settings *s = &c->set;
	const char *slash = strrchr(s->model, '/'), *text = slash ? slash + 1 : s->model;

	text = arena_text(c, "%s --name %s", text, s->name);
	for (int i = 0; i < s->n_bindings; i++) {
		const struct binding *b = &s->bindings[i];
		text = arena_text(c, "%s %s %s=%lld", text, b->rank ? "--input" : "--dim", b->name, (long long)b->dim[0]);
		for (int d = 1; d < b->rank; d++)
			text = arena_text(c, "%sx%lld", text, (long long)b->dim[d]);
	}
	if (s->top_k)
		text = arena_text(c, "%s --topk %lld", text, (long long)s->top_k);
	if (s->depth > 0)
		text = arena_text(c, "%s --depth %d", text, s->depth);
	if (s->weights_as_c)
		text = arena_text(c, "%s --weights c", text);
	return arena_text(c, "%s --precision %s", text, s->precision == PRECISION_FP16 ? "fp16" : "fp32");
}

static void default_name(struct ctx *c)
{
	const char *slash = strrchr(c->set.model, '/');
	char *base = arena_text(c, "%s", slash ? slash + 1 : c->set.model);
	char *dot = strrchr(base, '.');

	if (dot && dot != base)
		*dot = 0;
	if (!c->set.name)
		c->set.name = legal_name(c, base);
}

bool read_options(struct ctx *c, const struct command *command, int argc, char **argv, const struct option *list,
	void (*own)(struct ctx *c, int code, const char *value, void *user), void *user)
{
	int code;

	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, ":o:", list, NULL)) != -1) {
		if (code == OPTION_HELP) {
			fputs(command->help, stdout);
			return false;
		}
		if (code == ':')
			fail(c, USAGE, "%.60s needs a value; see gluec %s --help", argv[optind - 1], command->name);
		if (code == '?' || (code == 'o' && !own))
			fail(c, USAGE, "unknown option '%.60s'; see gluec %s --help", argv[optind - 1], command->name);
		if (code >= OPTION_OWN || code == 'o')
			own(c, code, optarg, user);
		else
			read_model_option(c, code, optarg);
	}
	if (argc - optind != 1)
		fail(c, USAGE, "gluec %s takes one %s, not %d; see gluec %s --help", command->name,
			!strcmp(command->name, "bench") ? "model or object" : "model", argc - optind, command->name);
	c->set.model = argv[optind];
	default_name(c);
	c->set.command = describe(c);
	return true;
}
