/* What the commands that build models and run them have in common. */
#include "cmd_host.h"
#include "run/build.h"
#include "onnx/convert.h"
#include <string.h>

void read_host_option(struct ctx *c, const struct command *command, int code, const char *value, struct host_options *o)
{
	switch (code) {
	case OPTION_THREADS:
		o->threads = (int)read_number(c, "--threads", value, 1, 256);
		break;
	case OPTION_TIMEOUT:
		o->timeout = read_real(c, "--timeout", value, 0.001);
		break;
	case OPTION_CC:
		if (!value[strspn(value, " \t")])
			fail(c, USAGE, "--cc: '%.60s' is no compiler", value);
		c->set.cc = value;
		break;
	case OPTION_DATA:
		append_text(c, &o->data, &o->n_data, value);
		break;
	default:
		fail(c, USAGE, "unknown option '-o'; see gluec %s --help", command->name);
	}
}

struct program *build_model(struct ctx *c, const char **library)
{
	optimize(c);
	struct program *p = lower_graph(c, c->graph);
	plan(c, p);
	emit(c, p);
	*library = build_library(c);
	return p;
}

const void **host_inputs(struct ctx *c, const struct host *h, struct value *const *inputs)
{
	const void **to = NEW(c, const void *, (size_t)h->inputs);

	for (int i = 0; i < h->inputs; i++)
		to[i] = convert_to(c, inputs[i], h->input[i].type);
	return to;
}
