/* For tests that use the compiler's functions: a run of their own. */
#ifndef ARENA_RUN_H
#define ARENA_RUN_H

#include "gluec.h"

/* Calls body(c, user) as a command would be run; returns the message of the error that ended it, "" when none did. The
 * temporary folder is removed. The message stays valid until the next call in the same thread. */
const char *run_in_arena(void (*body)(struct ctx *c, void *user), void *user);

#endif
