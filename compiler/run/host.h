/* Running compiled models. They are loaded and run in child processes only: what is wrong with them must not harm
 * gluec. Failures of the model end the run with VERIFICATION_FAILED and one line that names the model. */
#ifndef HOST_H
#define HOST_H

#include "gluec.h"

enum { HOST_NAME = 128, HOST_ISAS = 16, HOST_TENSORS = 1024 };

struct host_tensor {
	char name[HOST_NAME];
	enum rt_type type;
	int rank;
	int64_t dim[MAX_RANK];
	size_t bytes;
	int count; /* of an output whose length depends on the data: which output says how much is used; -1: all of it */
	int count_axis;
};

/* A model in a shared library, and what it says of itself. */
struct host {
	const char *library, *name;
	double timeout; /* of one child, in seconds */
	int inputs, outputs;
	struct host_tensor *input, *output;
	size_t arena_bytes, weight_bytes;
	int isas;
	char (*isa)[HOST_NAME]; /* weakest first */
};

/* How a model is to be run. */
struct host_run {
	const char *isa; /* for host_time, NULL is the best that the machine has */
	int threads;
	const void *const *inputs; /* as the C interface has them */
};

/* name is that of the C functions. */
struct host *host_open(struct ctx *c, const char *library, const char *name, double timeout);

/* Runs the model and returns its outputs, one behind the other in *outputs (to be released by the caller), or false
 * when the machine lacks the instruction set. Inputs, outputs and arena end where memory that may not be touched
 * begins, and inputs cannot be written. The model runs several times, on memory that holds other garbage each time and,
 * with more than one thread, alone as well: results that differ in one bit are a failure. */
bool host_run(struct ctx *c, const struct host *h, const struct host_run *r, void **outputs);
size_t host_output_bytes(const struct host *h); /* of all outputs together */

/* What host_time measures. */
struct host_call {
	char name[HOST_NAME];
	double seconds; /* mean of the traced runs in which it was called */
	int runs;
};

struct host_times {
	char isa[HOST_NAME]; /* the one that was used */
	int n_calls;
	struct host_call *calls; /* in the order of their first call */
	double *seconds;         /* of each iteration, sorted */
};

/* Times the model: warm-up runs, then `iterations` runs, then `traced` more that note the time of each call. NULL when
 * the machine lacks the instruction set that r names. */
const struct host_times *host_time(
	struct ctx *c, const struct host *h, const struct host_run *r, int warmup, int iterations, int traced);

/* One call of a model among several that are made in turn. */
struct host_turn {
	const struct host *host;
	const void *const *inputs; /* as the C interface has them */
	void *outputs; /* shared memory for all outputs, one behind the other, of the last round; NULL: not kept */
};

/* Makes the n calls in turn, `rounds` times over, in one child, so that whatever slows the machine down meets all
 * models alike. Returns the seconds of each call, [rounds][n]. The instruction set is that of the environment variable
 * GLUEC_ISA, else the best. */
const double *host_turns(struct ctx *c, int n, const struct host_turn *turns, int rounds, int threads);

/* The first of a list of the names of instruction sets for messages: "c, avx2, avx512". */
const char *host_isa_list(struct ctx *c, const struct host *h);
/* Fails with USAGE unless the object has the instruction set; `option` says where the name comes from. */
void host_need_isa(struct ctx *c, const struct host *h, const char *option, const char *isa);

#endif
