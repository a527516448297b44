/* Models that gluec compiled: a model is the shared library around its object, NAME.so. */
#include "engine.h"
#include "abi.h"
#include "bench.h"
#include "pool.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct compiled {
	const struct gluec_model *model;
	struct gluec_options options;
	void *arena;
	const void *input[ENGINE_TENSORS];
	void *output[ENGINE_TENSORS];
};

/* "dir/superpoint.so" holds the model superpoint. */
static const struct gluec_model *load(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char symbol[256];
	const struct gluec_model *(*describe)(void) = NULL;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		die("%s", dlerror());
	snprintf(symbol, sizeof symbol, "%.*s_model", (int)strcspn(base, "."), base);
	void *found = dlsym(library, symbol);
	if (!found)
		die("%s: no function %s", path, symbol);
	/* POSIX lets a data pointer from dlsym be a function's; ISO C has no conversion for it. */
	memcpy(&describe, &found, sizeof describe);
	return describe();
}

static void describe(struct engine_tensor *to, const struct gluec_tensor *from)
{
	to->rank = from->rank;
	for (int i = 0; i < from->rank; i++)
		to->dim[i] = from->dim[i];
	to->type = !strcmp(from->type, "f32") ? ENGINE_F32 : !strcmp(from->type, "i32") ? ENGINE_I32 : ENGINE_I64;
	if (to->type == ENGINE_I64 && strcmp(from->type, "i64") != 0)
		die("tensor '%s' has type %s, which the benchmark does not know", from->name, from->type);
	snprintf(to->name, sizeof to->name, "%s", from->name);
	to->data = bench_memory(from->bytes, 1);
}

void engine_open(struct engine *e, const char *path, const struct engine_options *options, int inputs,
	const struct engine_tensor *input)
{
	struct compiled *s = bench_memory(1, sizeof *s);
	const struct gluec_model *m = s->model = load(path);

	if (m->inputs != inputs || m->outputs > ENGINE_TENSORS)
		die("%s: it has %d inputs and %d outputs", path, m->inputs, m->outputs);
	snprintf(e->version, sizeof e->version, "gluec");
	e->inputs = m->inputs;
	e->outputs = m->outputs;
	e->state = s;
	for (int i = 0; i < m->inputs; i++) {
		describe(&e->input[i], &m->input[i]);
		s->input[i] = e->input[i].data;
		if (strcmp(e->input[i].name, input[i].name) != 0 || engine_elements(&e->input[i]) != engine_elements(&input[i]))
			die("%s: input '%s' has another name or size than '%s'", path, e->input[i].name, input[i].name);
	}
	for (int i = 0; i < m->outputs; i++) {
		describe(&e->output[i], &m->output[i]);
		s->output[i] = e->output[i].data;
	}
	s->arena = bench_memory(m->arena_bytes, 1);
	s->options.isa = options->isa;
	if (options->threads > 1) {
		s->options.pool = gluec_pool_create(options->threads);
		s->options.parallel_for = gluec_pool_for;
		if (!s->options.pool)
			die("%s: no threads", path);
	}
}

void engine_run(struct engine *e)
{
	struct compiled *s = e->state;
	enum gluec_status status = s->model->run(s->input, s->output, s->arena, s->model->arena_bytes, &s->options);

	if (status != GLUEC_OK)
		die("%s: status %d", s->model->name, (int)status);
}
