/* Reading the command line. */
#include "pass/append.h"
#include "command.h"
#include "base/path.h"
#include "emit/lower.h"
#include "precision/rules.h"
#include "precision/seen.h"
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

void append_text(struct ctx *c, const char *const **list, int *n, const char *text)
{
	const char **more = NEW(c, const char *, (size_t)*n + 1);

	if (*n)
		memcpy(more, *list, (size_t)*n * sizeof *more);
	more[(*n)++] = text;
	*list = more;
}

/* Appends to a list of bindings. */
static struct binding *new_binding(struct ctx *c, struct binding **list, int *count, const char *name, size_t n)
{
	struct binding *more = NEW(c, struct binding, (size_t)*count + 1);

	if (*count)
		memcpy(more, *list, (size_t)*count * sizeof *more);
	*list = more;
	more[*count].name = arena_text(c, "%.*s", (int)n, name);
	return &more[(*count)++];
}

/* "NAME=VALUE" */
static void read_named_number(
	struct ctx *c, const char *option, const char *example, const char *text, struct binding **list, int *count)
{
	const char *equals = strrchr(text, '=');

	if (!equals || equals == text)
		fail(c, USAGE, "%s: '%.100s' must be NAME=VALUE, such as %s", option, text, example);
	int64_t x = read_number(c, option, equals + 1, 1, MAX_ELEMENTS);
	new_binding(c, list, count, text, (size_t)(equals - text))->dim[0] = x;
}

static void read_input_shape(struct ctx *c, const char *text)
{
	const char *equals = strrchr(text, '=');

	if (!equals || equals == text || !equals[1])
		fail(c, USAGE, "--input: '%.100s' must be NAME=AxBxC, such as image=1x1x480x640", text);
	struct binding *b = new_binding(c, &c->set.bindings, &c->set.n_bindings, text, (size_t)(equals - text));
	char *shape = arena_text(c, "%s", equals + 1), *rest = NULL;
	for (char *part = strtok_r(shape, "x", &rest); part; part = strtok_r(NULL, "x", &rest)) {
		if (b->rank == MAX_RANK)
			fail(c, USAGE, "--input: '%.100s' has more than %d dimensions", text, MAX_RANK);
		b->dim[b->rank++] = read_number(c, "--input", part, 1, MAX_ELEMENTS);
	}
	if (!b->rank)
		fail(c, USAGE, "--input: '%.100s' must be NAME=AxBxC, such as image=1x1x480x640", text);
}

static void read_constant(struct ctx *c, const char *text)
{
	struct settings *s = &c->set;
	const char *equals = strrchr(text, '=');
	struct fixed *more = NEW(c, struct fixed, (size_t)s->n_constants + 1);

	if (!equals || equals == text)
		fail(c, USAGE, "--constant: '%.100s' must be NAME=VALUES, such as axes=0,1, or NAME=FILE.pb", text);
	if (s->n_constants)
		memcpy(more, s->constants, (size_t)s->n_constants * sizeof *more);
	s->constants = more;
	more[s->n_constants++] =
		(struct fixed){ .name = arena_text(c, "%.*s", (int)(equals - text), text), .text = equals + 1 };
}

/* The levels of a list with commas between, in the order of all that there are, and with blanks between. */
static const char *read_target(struct ctx *c, const char *text)
{
	static const char all[] = ALL_ISAS;
	char *known = arena_text(c, "%s", all), *rest = NULL;
	const char *found = "";
	int left = 1;

	for (const char *p = text; *p; p++)
		left += *p == ',';
	for (const char *isa = strtok_r(known, " ", &rest); isa; isa = strtok_r(NULL, " ", &rest)) {
		if (!strstr(arena_text(c, ",%s,", text), arena_text(c, ",%s,", isa)))
			continue;
		found = arena_text(c, "%s%s%s", found, *found ? " " : "", isa);
		left--;
	}
	if (left)
		fail(c, USAGE, "--target: '%.60s' must be some of %s, each once, with commas between", text, all);
	return found;
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
		read_named_number(c, "--dim", "height=480", value, &s->bindings, &s->n_bindings);
		break;
	case OPTION_INPUT:
		read_input_shape(c, value);
		break;
	case OPTION_CAPACITY:
		read_named_number(c, "--capacity", "NonZero_12=1024", value, &s->capacities, &s->n_capacities);
		break;
	case OPTION_CONSTANT:
		read_constant(c, value);
		break;
	case OPTION_TOPK:
		s->top_k = read_number(c, "--topk", value, 1, MAX_ELEMENTS);
		break;
	case OPTION_APPEND:
		read_append(c, value);
		break;
	case OPTION_DEPTH:
		s->depth = strcmp(value, "adaptive") ? (int)read_number(c, "--depth", value, 1, 1000) : DEPTH_ADAPTIVE;
		break;
	case OPTION_PRECISION:
		s->precision = read_precision(c, "--precision", value);
		break;
	case OPTION_PRECISION_OF:
		read_rule(c, "--precision-of", value);
		break;
	case OPTION_RULES:
		read_rules_file(c, value);
		break;
	case OPTION_RANGES:
		read_ranges(c, value);
		break;
	case OPTION_TARGET:
		s->target = read_target(c, value);
		break;
	case OPTION_WEIGHTS:
		if (strcmp(value, "bin") && strcmp(value, "c"))
			fail(c, USAGE, "--weights: '%.60s' must be bin or c", value);
		s->weights_as_c = !strcmp(value, "c");
		break;
	}
}

static const char *replace_all(struct ctx *c, const char *text, char old, char new)
{
	char *copy = arena_text(c, "%s", text);

	for (char *p = copy; (p = strchr(p, old));)
		*p++ = new;
	return copy;
}

/* A pattern for the head of a C file, where a slash beside a star would begin or end a comment: [/] is the same. */
static const char *safe_pattern(struct ctx *c, const char *pattern)
{
	char *safe = arena_get(c, 3 * strlen(pattern) + 1, 1), *to = safe;

	if (strchr(pattern, '['))
		return pattern;
	for (const char *p = pattern; *p; p++)
		if (*p == '/' && (p[1] == '*' || (p > pattern && p[-1] == '*')))
			to = stpcpy(to, "[/]");
		else
			*to++ = *p;
	return safe;
}

/* The options that decide the result, in an order of their own, so that the generated file does not depend on the
 * order in which they were typed, nor on where the model lies. */
static const char *describe(struct ctx *c)
{
	const struct settings *s = &c->set;
	const char *text = arena_text(c, "%s --name %s", file_name(s->model), s->name);

	for (int i = 0; i < s->n_bindings; i++) {
		const struct binding *b = &s->bindings[i];
		text = arena_text(c, "%s %s %s=%lld", text, b->rank ? "--input" : "--dim", b->name, (long long)b->dim[0]);
		for (int d = 1; d < b->rank; d++)
			text = arena_text(c, "%sx%lld", text, (long long)b->dim[d]);
	}
	for (int i = 0; i < s->n_capacities; i++)
		text = arena_text(c, "%s --capacity %s=%lld", text, s->capacities[i].name, (long long)s->capacities[i].dim[0]);
	for (int i = 0; i < s->n_constants; i++)
		text = arena_text(c, "%s --constant %s=%s", text, s->constants[i].name, file_name(s->constants[i].text));
	if (s->top_k)
		text = arena_text(c, "%s --topk %lld", text, (long long)s->top_k);
	if (s->append_keypoints)
		text = arena_text(c, "%s --append %s", text, s->append_keypoints->text);
	if (s->append_matches)
		text = arena_text(c, "%s --append %s", text, s->append_matches->text);
	if (s->depth > 0)
		text = arena_text(c, "%s --depth %d", text, s->depth);
	if (s->weights_as_c)
		text = arena_text(c, "%s --weights c", text);
	if (s->target)
		text = arena_text(c, "%s --target %s", text, replace_all(c, s->target, ' ', ','));
	text = arena_text(c, "%s --precision %s", text, precision_name(s->precision));
	for (int i = 0; i < s->n_rules; i++)
		text = arena_text(c, "%s --precision-of %s=%s", text, safe_pattern(c, s->rules[i].pattern),
			precision_name(s->rules[i].precision));
	return s->seen_name ? arena_text(c, "%s --ranges %s", text, s->seen_name) : text;
}

static void default_name(struct ctx *c)
{
	static const char *const headers[] = { "rt", "abi", "stddef", "stdint", "stdbool", "math", "limits" };

	if (!c->set.name)
		c->set.name = legal_name(c, base_name(c, c->set.model));
	/* NAME.h must not stand in the way of the headers that the generated C includes. */
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (!strcmp(c->set.name, headers[i]))
			fail(c, USAGE, "a model cannot be called '%s', since %s.h is another header; give another --name",
				headers[i], headers[i]);
}

int read_options_and_models(struct ctx *c, const struct command *command, int argc, char **argv,
	const struct option *list, void (*own)(struct ctx *c, int code, const char *value, void *user), void *user,
	int most_models)
{
	int code;

	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, ":o:", list, NULL)) != -1) {
		if (code == OPTION_HELP) {
			fputs(command->help, stdout);
			return 0;
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
	if (argc - optind < 1 || argc - optind > most_models)
		fail(c, USAGE, "gluec %s takes one %s, not %d; see gluec %s --help", command->name,
			!strcmp(command->name, "bench") ? "model or object"
			: most_models > 1               ? "model or two"
											: "model",
			argc - optind, command->name);
	c->set.model = argv[optind];
	default_name(c);
	c->set.command = describe(c);
	return argc - optind;
}

bool read_options(struct ctx *c, const struct command *command, int argc, char **argv, const struct option *list,
	void (*own)(struct ctx *c, int code, const char *value, void *user), void *user)
{
	return read_options_and_models(c, command, argc, argv, list, own, user, 1) != 0;
}
