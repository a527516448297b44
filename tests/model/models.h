/* The default models as the tests have them: each an object of its own, all in one program. Sizes and precision are in
 * the Makefile. */
#ifndef MODELS_H
#define MODELS_H

#include <stdbool.h>
#include "levels.h"
#include "lg1024.h"
#include "lg512.h"
#include "lg512h.h"
#include "lg512nine.h"
#include "lg512x.h"
#include "lg96.h"
#include "lg96b.h"
#include "lg96x.h"
#include "sp1024.h"
#include "sp1m.h"
#include "sp1mh.h"
#include "sp512.h"
#include "sp512h.h"
#include "sp512x.h"
#include "sp96.h"
#include "sp96b.h"
#include "sp96x.h"

#if defined __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* A model with memory for one call. */
struct instance {
	const struct gluec_model *model;
	void *input[2], *output[3];
	char *arena, *arena_memory;
};

struct instance instance_make(const struct gluec_model *model);
void instance_free(struct instance *instance);
enum gluec_status instance_run(struct instance *instance, const struct gluec_options *options);
/* The same with an instruction set; a status other than GLUEC_OK fails the test. */
void instance_run_on(struct instance *instance, const char *isa);
/* Is this level one to run large models with? Under the sanitizers only the best one is fast enough. */
bool level_fits(const char *isa);
/* Fills the inputs with reproducible numbers from low to high. */
void instance_fill(struct instance *instance, unsigned seed, float low, float high);
/* Do two instances of models with the same outputs hold the same bits? */
bool same_outputs(const struct instance *a, const struct instance *b);

#endif
