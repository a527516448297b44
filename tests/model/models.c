/* Models with memory for one call. */
#include "models.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static void *some(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	ck_assert_ptr_nonnull(p);
	return p;
}

struct instance instance_make(const struct gluec_model *model)
{
	struct instance i = { .model = model };

	ck_assert_int_le(model->inputs, 2);
	ck_assert_int_le(model->outputs, 3);
	for (int k = 0; k < model->inputs; k++)
		i.input[k] = some(model->input[k].bytes);
	for (int k = 0; k < model->outputs; k++)
		i.output[k] = some(model->output[k].bytes);
	/* Garbage: nothing may depend on what was in the arena. */
	i.arena_memory = some(model->arena_bytes + 64);
	memset(i.arena_memory, 0x7f, model->arena_bytes + 64);
	i.arena = i.arena_memory + (64 - (uintptr_t)i.arena_memory % 64) % 64;
	return i;
}

void instance_free(struct instance *i)
{
	for (int k = 0; k < i->model->inputs; k++)
		free(i->input[k]);
	for (int k = 0; k < i->model->outputs; k++)
		free(i->output[k]);
	free(i->arena_memory);
}

enum gluec_status instance_run(struct instance *i, const struct gluec_options *options)
{
	for (int k = 0; k < i->model->outputs; k++)
		memset(i->output[k], 0xa5, i->model->output[k].bytes);
	return i->model->run((const void *const *)i->input, i->output, i->arena, i->model->arena_bytes, options);
}

void instance_run_on(struct instance *i, const char *isa)
{
	enum gluec_status status = instance_run(i, &(struct gluec_options){ .isa = isa });

	ck_assert_msg(status == GLUEC_OK, "%s: run returned %d", isa, (int)status);
}

bool level_fits(const char *isa)
{
	return SANITIZED ? !strcmp(isa, level_best()) : level_is_tested(isa);
}

void instance_fill(struct instance *i, unsigned seed, float low, float high)
{
	uint32_t state = seed * 2654435761u + 1;

	for (int k = 0; k < i->model->inputs; k++)
		for (size_t n = 0; n < i->model->input[k].bytes / sizeof(float); n++) {
			state = state * 1664525u + 1013904223u;
			((float *)i->input[k])[n] = low + (high - low) * (float)(state >> 8) / (float)(1 << 24);
		}
}

bool same_outputs(const struct instance *a, const struct instance *b)
{
	for (int k = 0; k < a->model->outputs; k++)
		if (memcmp(a->output[k], b->output[k], a->model->output[k].bytes))
			return false;
	return true;
}
