/* Running compiled models to see what they compute. */
#include "host.h"
#include "base/child.h"
#include "host_child.h"
#include "pool.h"
#include <stdlib.h>
#include <string.h>

/* What the child writes for host_open. */
struct description {
	int inputs, outputs, isas;
	size_t arena_bytes, weight_bytes;
	char isa[HOST_ISAS][HOST_NAME];
	struct host_tensor tensor[HOST_TENSORS]; /* the inputs, then the outputs */
};

struct describe_job {
	const struct host *host;
	struct description *to;
};

static enum rt_type type_of_name(const char *name)
{
	for (int t = 1; t <= RT_LAST_TYPE; t++)
		if (rt_type_size((enum rt_type)t) && !strcmp(type_name((enum rt_type)t), name))
			return (enum rt_type)t;
	child_fail("has a tensor of the unknown type '%.20s'", name);
}

static void copy_name(char to[HOST_NAME], const char *name)
{
	snprintf(to, HOST_NAME, "%s", name);
}

static void describe_tensors(const struct gluec_tensor *from, int n, struct host_tensor *to)
{
	for (int i = 0; i < n; i++) {
		uint64_t elements = 1;
		copy_name(to[i].name, from[i].name);
		to[i].type = type_of_name(from[i].type);
		to[i].rank = from[i].rank;
		to[i].bytes = from[i].bytes;
		to[i].count = -1;
		for (int k = 0; from[i].count && k < n; k++)
			if (!strcmp(from[i].count, from[k].name))
				to[i].count = k;
		to[i].count_axis = from[i].count_axis;
		if (to[i].count >= 0 && (to[i].count_axis < 0 || to[i].count_axis >= to[i].rank))
			child_fail("has no dimension %d in tensor '%.60s'", (int)to[i].count_axis, from[i].name);
		if (from[i].rank < 0 || from[i].rank > MAX_RANK)
			child_fail("has a tensor of %d dimensions", (int)from[i].rank);
		for (int d = 0; d < from[i].rank; d++) {
			to[i].dim[d] = from[i].dim[d];
			elements *= from[i].dim[d] < 0 ? 0 : (uint64_t)from[i].dim[d];
		}
		if (elements * rt_type_size(to[i].type) != from[i].bytes)
			child_fail("says that tensor '%.60s' has %zu bytes, which its shape does not", from[i].name, from[i].bytes);
	}
}

static void describe(void *user)
{
	const struct describe_job *job = user;
	const struct gluec_model *m = child_load(job->host);
	struct description *to = job->to;

	if (m->inputs < 0 || m->outputs < 0 || m->inputs > HOST_TENSORS - m->outputs)
		child_fail("has %d inputs and %d outputs, which is too many", (int)m->inputs, (int)m->outputs);
	to->inputs = m->inputs;
	to->outputs = m->outputs;
	to->arena_bytes = m->arena_bytes;
	to->weight_bytes = m->weight_bytes;
	describe_tensors(m->input, m->inputs, to->tensor);
	describe_tensors(m->output, m->outputs, to->tensor + m->inputs);
	while (m->isa[to->isas] && to->isas < HOST_ISAS) {
		copy_name(to->isa[to->isas], m->isa[to->isas]);
		to->isas++;
	}
	if (m->init() != GLUEC_OK)
		child_fail("finds its weights damaged");
}

static void run_or_fail(struct ctx *c, const struct host *h, const char *isa, void (*body)(void *), void *job)
{
	const char *end = run_child(c, body, job, h->timeout);

	if (end)
		fail(c, VERIFICATION_FAILED, "the compiled model %.60s%s%.20s %s", h->name, isa ? " for " : "", isa ? isa : "",
			end);
}

struct host *host_open(struct ctx *c, const char *library, const char *name, double timeout)
{
	struct host *h = NEW(c, struct host, 1);
	struct description *d = shared_memory(c, sizeof *d), *kept = NEW(c, struct description, 1);

	h->library = library;
	h->name = name;
	h->timeout = timeout;
	run_or_fail(c, h, NULL, describe, &(struct describe_job){ h, d });
	memcpy(kept, d, sizeof *kept);
	release_shared(d, sizeof *d);
	h->inputs = kept->inputs;
	h->outputs = kept->outputs;
	h->input = kept->tensor;
	h->output = kept->tensor + kept->inputs;
	h->arena_bytes = kept->arena_bytes;
	h->weight_bytes = kept->weight_bytes;
	h->isas = kept->isas;
	h->isa = kept->isa;
	return h;
}

const char *host_isa_list(struct ctx *c, const struct host *h)
{
	const char *s = "";

	for (int i = 0; i < h->isas; i++)
		s = arena_text(c, "%s%s%s", s, i ? ", " : "", h->isa[i]);
	return s;
}

void host_need_isa(struct ctx *c, const struct host *h, const char *option, const char *isa)
{
	for (int i = 0; i < h->isas; i++)
		if (!strcmp(h->isa[i], isa))
			return;
	fail(c, USAGE, "%s: '%.20s' must be one of the instruction sets in the object: %s", option, isa,
		host_isa_list(c, h));
}

size_t host_output_bytes(const struct host *h)
{
	size_t n = 0;

	for (int i = 0; i < h->outputs; i++)
		n += h->output[i].bytes;
	return n;
}

struct run_job {
	const struct host *host;
	const struct host_run *run;
	bool *lacking; /* the machine lacks the instruction set */
	char *outputs;
};

/* Runs the model once on memory that holds nothing but the byte `garbage`. */
static void run_once(const struct run_job *job, const struct gluec_model *m, struct child_memory *memory, int garbage,
	struct gluec_pool *pool)
{
	const struct host *h = job->host;
	const struct gluec_options options = {
		.parallel_for = pool ? gluec_pool_for : NULL, .pool = pool, .isa = job->run->isa
	};

	memset(memory->arena, garbage, h->arena_bytes);
	for (int i = 0; i < h->outputs; i++)
		memset(memory->outputs[i], garbage, h->output[i].bytes);
	enum gluec_status status =
		m->run((const void *const *)memory->inputs, memory->outputs, memory->arena, h->arena_bytes, &options);
	if (status == GLUEC_NO_SUCH_ISA) {
		*job->lacking = true;
		_Exit(0);
	}
	if (status != GLUEC_OK)
		child_fail("returned status %d", (int)status);
}

static void keep_outputs(const struct run_job *job, const struct child_memory *memory)
{
	size_t at = 0;

	for (int i = 0; i < job->host->outputs; i++) {
		memcpy(job->outputs + at, memory->outputs[i], job->host->output[i].bytes);
		at += job->host->output[i].bytes;
	}
}

static void same_outputs(const struct run_job *job, const struct child_memory *memory, const char *difference)
{
	size_t at = 0;

	for (int i = 0; i < job->host->outputs; i++) {
		const struct host_tensor *t = &job->host->output[i];
		if (memcmp(job->outputs + at, memory->outputs[i], t->bytes))
			child_fail("gives other bits in output '%.60s' %s", t->name, difference);
		at += t->bytes;
	}
}

/* All bits set is NaN as a float, and an index far outside as an integer: whatever is read without having been written
 * shows. */
static void run_for_outputs(void *user)
{
	enum { GARBAGE = 0xFF, OTHER_GARBAGE = 0x5A };
	const struct run_job *job = user;
	const struct gluec_model *m = child_load(job->host);
	struct child_memory memory = child_guarded_memory(job->host, job->run->inputs);

	run_once(job, m, &memory, GARBAGE, NULL);
	keep_outputs(job, &memory);
	run_once(job, m, &memory, OTHER_GARBAGE, NULL);
	same_outputs(job, &memory, "when its memory held other bytes before");
	if (job->run->threads > 1) {
		struct gluec_pool *pool = gluec_pool_create(job->run->threads);
		if (!pool)
			child_fail("could not be given %d threads", job->run->threads);
		run_once(job, m, &memory, GARBAGE, pool);
		same_outputs(job, &memory, "on several threads");
		gluec_pool_destroy(pool);
	}
}

bool host_run(struct ctx *c, const struct host *h, const struct host_run *r, void **outputs)
{
	bool *lacking = shared_memory(c, sizeof *lacking);
	struct run_job job = { h, r, lacking, shared_memory(c, host_output_bytes(h)) };

	run_or_fail(c, h, r->isa, run_for_outputs, &job);
	bool had_it = !*lacking;
	release_shared(lacking, sizeof *lacking);
	if (!had_it)
		release_shared(job.outputs, host_output_bytes(h));
	*outputs = had_it ? job.outputs : NULL;
	return had_it;
}
