/* The options of the commands that measure accuracy in matches. */
#include "gate_command.h"
#include <string.h>

/* Every limit with its default, and which model an option goes to. */
static void print_limits_help(struct ctx *c)
{
	const struct gate_limits limits = gate_default_limits();

	fputs("Limits, a number or off (default in brackets):\n", stdout);
	for (int i = 0; i < GATE_N_RULES; i++) {
		const char *option = arena_text(c, "--%s N", gate_rule_name((enum gate_rule)i));
		printf("  %-25s %s ", option, gate_rule_meaning((enum gate_rule)i));
		printf(limits.applies[i] ? "[%g]\n" : "[off]\n", limits.limit[i]);
	}
	fputs("\nOptions for models (gluec compile --help) go to all models that have what is named; --topk and --append "
		  "keypoints\nto the first, --depth and --append matches to the last; those on precision not to the reference. "
		  "Open dimensions\nbecome those of the first picture, and those of the extractor's keypoints.\n",
		stdout);
}

static enum gate_which read_only(struct ctx *c, const char *value)
{
	if (strcmp(value, "extractor") && strcmp(value, "matcher"))
		fail(c, USAGE, "--only: '%.60s' must be extractor or matcher", value);
	return *value == 'e' ? GATE_EXTRACTOR : GATE_MATCHER;
}

static void read_own(struct ctx *c, int code, const char *value, void *user)
{
	struct gate_command *o = user;

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
		o->only = read_only(c, value);
		break;
	case OPTION_ROUNDS:
		o->gate.rounds = (int)read_number(c, "--rounds", value, 0, 1000);
		break;
	case OPTION_THRESHOLDS:
		gate_read_limits(c, &o->limits, value);
		break;
	default:
		if (code >= OPTION_RULE && code < OPTION_RULE + GATE_N_RULES) {
			const char *name = gate_rule_name((enum gate_rule)(code - OPTION_RULE));
			gate_set_limit(c, &o->limits, arena_text(c, "--%s", name), name, value);
		} else if (o->own && (code >= OPTION_GATE || (code == 'o' && o->writes_folder))) {
			o->own(c, code, value, o->user);
		} else {
			read_host_option(c, o->command, code, value, &o->host);
		}
	}
}

/* Both sides, from one set of options. */
static void choose_models(struct ctx *c, const struct gate_command *o, int n, char **models,
	struct gate_models *reference, struct gate_models *candidate)
{
	if (o->only && n == 1)
		fail(c, USAGE, "--only: there are no two models to choose from");
	*candidate = (struct gate_models){ .n = n, .strict = true };
	*reference = (struct gate_models){ .n = o->n_references ? o->n_references : n, .strict = !o->n_references };
	for (int i = 0; i < n; i++) {
		bool reduced = o->only == GATE_BOTH || o->only == (i ? GATE_MATCHER : GATE_EXTRACTOR);
		candidate->set[i] = reduced ? c->set : gate_in_float(&c->set);
		candidate->set[i].model = models[i];
	}
	for (int i = 0; i < reference->n; i++) {
		reference->set[i] = gate_in_float(&c->set);
		reference->set[i].model = o->n_references ? o->reference[i] : models[i];
	}
}

void check_asked_limits(struct ctx *c, const struct gate_command *o, const struct gate_figures *f)
{
	double value;

	for (int i = 0; i < GATE_N_RULES; i++)
		if (o->limits.asked[i] && !gate_value(f, (enum gate_rule)i, &value))
			fail(c, USAGE, "--%s: no pair of %.300s has the TRUTH that this needs", gate_rule_name((enum gate_rule)i),
				o->gate.pairs);
}

bool read_gate_command(struct ctx *c, struct gate_command *o, int argc, char **argv, const struct option *list,
	struct gate_models *reference, struct gate_models *candidate)
{
	o->host.threads = 1;
	o->host.timeout = 600;
	o->limits = gate_default_limits();
	int n = read_options_and_models(c, o->command, argc, argv, list, read_own, o, 2);
	if (!n) {
		print_limits_help(c);
		return false;
	}
	if (!o->gate.pairs)
		fail(c, USAGE, "gluec %s needs --pairs FILE; see gluec %s --help", o->command->name, o->command->name);
	o->gate.threads = o->host.threads;
	o->gate.timeout = o->host.timeout;
	choose_models(c, o, n, argv + argc - n, reference, candidate);
	return true;
}
