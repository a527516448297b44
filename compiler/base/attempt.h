/* Parts of a run that may fail, or that need much memory, without the rest. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "gluec.h"

/* Runs body and returns DONE; when body fails, what it failed with, and the message is left in c->message. */
enum status attempt(struct ctx *c, void (*body)(struct ctx *c, void *user), void *user);

/* Fails as an attempt has failed, with its message. */
_Noreturn void fail_again(struct ctx *c, enum status status);

/* Runs body with an arena of its own, which is freed when body ends; a failure goes on to whoever waits for it. What
 * body leaves in c (the graph, for instance) is forgotten with it. */
void with_own_memory(struct ctx *c, void (*body)(struct ctx *c, void *user), void *user);

#endif
