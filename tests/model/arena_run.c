/* A run of the compiler's functions inside a test. */
#include "arena_run.h"
#include "base/out.h"
#include "base/temporary.h"
#include <check.h>
#include <stdlib.h>

const char *run_in_arena(void (*body)(struct ctx *c, void *user), void *user)
{
	static _Thread_local char message[sizeof((struct ctx *)0)->message];
	struct ctx *c = calloc(1, sizeof *c);

	ck_assert_ptr_nonnull(c);
	c->arena = arena_new();
	c->doc = "";
	message[0] = 0;
	if (!setjmp(c->escape)) {
		body(c, user);
	} else {
		output_discard(c);
		snprintf(message, sizeof message, "%s", c->message);
	}
	remove_temporary(c);
	arena_free(c->arena);
	free(c);
	return message;
}
