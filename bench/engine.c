/* What all runtimes have in common. */
#include "engine.h"
#include "bench.h"
#include <string.h>

size_t engine_elements(const struct engine_tensor *t)
{
	size_t n = 1;

	for (int i = 0; i < t->rank; i++)
		n *= (size_t)t->dim[i];
	return n;
}

double engine_element(const struct engine_tensor *t, size_t i)
{
	switch (t->type) {
	case ENGINE_I32:
		return ((const int32_t *)t->data)[i];
	case ENGINE_I64:
		return (double)((const int64_t *)t->data)[i];
	case ENGINE_F32:
		break;
	}
	return (double)((const float *)t->data)[i];
}

const struct engine_tensor *engine_output(const struct engine *e, const char *name)
{
	for (int i = 0; i < e->outputs; i++)
		if (!strcmp(e->output[i].name, name))
			return &e->output[i];
	die("the model has no output '%s'", name);
}
