/* A model behind some runtime. Each runtime is a file that defines these functions: engine_gluec.c, engine_ort.c. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum { ENGINE_TENSORS = 8, ENGINE_RANK = 8 };

enum engine_type { ENGINE_F32, ENGINE_I32, ENGINE_I64 };

struct engine_tensor {
	char name[64];
	enum engine_type type;
	int rank;
	int64_t dim[ENGINE_RANK];
	void *data; /* of an input: filled by the caller; of an output: valid until the next run */
};

struct engine {
	char version[64];
	int inputs, outputs;
	struct engine_tensor input[ENGINE_TENSORS], output[ENGINE_TENSORS];
	void *state;
};

struct engine_options {
	int threads;
	const char *isa; /* NULL: the best */
};

/* Loads a model whose inputs have these names and shapes, all float, and sets their data to memory. Exits with a
 * message when that cannot be. Output shapes are known after the first run at the latest. */
void engine_open(struct engine *e, const char *model, const struct engine_options *options, int inputs,
	const struct engine_tensor *input);
void engine_run(struct engine *e);

size_t engine_elements(const struct engine_tensor *t);
double engine_element(const struct engine_tensor *t, size_t i);
/* Exits when the model has no such output. */
const struct engine_tensor *engine_output(const struct engine *e, const char *name);

#endif
