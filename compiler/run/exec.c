/* The interpreter: runs a lowered program with the portable kernels, or for `gluec run` with those that GLUEC_ISA
 * names. Folding uses it, too. */
#include "emit/lower.h"
#include "pool.h"
#include "watch.h"
#include <stdlib.h>

struct machine {
	const struct rt_run *run;
	int isa;
	char *arena;
	const void *const *inputs;
	void *const *outputs;
};

static void *address(const struct machine *m, const struct argument *a)
{
	struct buffer *b = buffer_root(a->buffer);
	char *base = NULL;

	if (!b)
		return NULL;
	switch (b->kind) {
	case BUFFER_ARENA:
		base = m->arena + b->offset;
		break;
	case BUFFER_INPUT:
		base = (char *)m->inputs[b->index];
		break;
	case BUFFER_OUTPUT:
		base = m->outputs[b->index];
		break;
	case BUFFER_WEIGHT:
		base = (char *)b->data;
		break;
	}
	return base + a->offset;
}

static void execute_block(const struct machine *m, const struct block *block)
{
	for (const struct call *call = block->first; call; call = call->next) {
		void *p[MAX_ARGUMENTS];
		for (int i = 0; i < MAX_ARGUMENTS; i++)
			p[i] = address(m, &call->argument[i]);
		if (call->kernel)
			call->kernel->invoke(m->isa, m->run, call->params, p);
		else if (call->watched)
			call->watched->watch->look(call->watched, p[0], p[1]);
		else
			execute_block(m, *(const uint8_t *)p[0] ? call->then_block : call->else_block);
	}
}

void execute(struct ctx *c, struct program *p, const void *const *inputs, void *const *outputs)
{
	struct gluec_options options = { 0 };
	const struct rt_run run = { &options };
	struct machine m = { &run, c->isa, NULL, inputs, outputs };

	plan(c, p);
	/* Not from the run's own arena: an interpreted picture may need a gigabyte that folding must not keep. */
	m.arena = aligned_alloc(RT_ALIGN, p->arena_bytes + RT_ALIGN);
	if (!m.arena)
		fail(c, IO_FAILED, "out of memory: %zu bytes for intermediate results", p->arena_bytes);
	execute_block(&m, p->main);
	free(m.arena);
}
