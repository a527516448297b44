/* Parts of a run that may fail, or that need much memory, without the rest. */
#include "attempt.h"
#include "out.h"
#include <string.h>

enum status attempt(struct ctx *c, void (*body)(struct ctx *c, void *user), void *user)
{
	enum status status = DONE;
	jmp_buf outer;

	memcpy(&outer, &c->escape, sizeof outer);
	if (setjmp(c->escape))
		status = c->status;
	else
		body(c, user);
	memcpy(&c->escape, &outer, sizeof outer);
	return status;
}

_Noreturn void fail_again(struct ctx *c, enum status status)
{
	c->status = status;
	longjmp(c->escape, 1);
}

void with_own_memory(struct ctx *c, void (*body)(struct ctx *c, void *user), void *user)
{
	struct arena *outer = c->arena, *own = arena_new();

	if (!own)
		fail(c, IO_FAILED, "out of memory");
	c->arena = own;
	enum status status = attempt(c, body, user);
	/* What the arena held must not be used any more, the list of open output files among it. */
	output_discard(c);
	c->graph = NULL;
	c->file = NULL;
	c->doc = c->opsets = "";
	c->arena = outer;
	arena_free(own);
	if (status)
		fail_again(c, status);
}
