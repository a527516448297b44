/* What the children of host.c and host_time.c do alike. */
#ifndef HOST_CHILD_H
#define HOST_CHILD_H

#include "host.h"

/* The memory of one call of a model. */
struct child_memory {
	void **inputs, **outputs;
	void *arena;
};

/* Loads the model; leaves by child_fail when it cannot be. */
const struct gluec_model *child_load(const struct host *h);

/* Copies of the inputs that cannot be written, outputs and arena; each ends where forbidden memory begins. */
struct child_memory child_guarded_memory(const struct host *h, const void *const *inputs);

/* The same without guards, each at a multiple of 64 bytes. */
struct child_memory child_plain_memory(const struct host *h, const void *const *inputs);

#endif
