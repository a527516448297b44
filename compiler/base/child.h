/* Running a function in a child process, so that a crash or a hang in it becomes a message. */
#ifndef CHILD_H
#define CHILD_H

#include "gluec.h"

/* Memory that this process and its children share, zeroed, at a multiple of the page size. */
void *shared_memory(struct ctx *c, size_t bytes);
void release_shared(void *p, size_t bytes);

/* Runs body(user) in a child, whose output goes to a log. body ends normally, or by _exit or child_fail, or by a
 * crash. Returns NULL when it ended normally, else what became of it: "was ended by signal 11 (Segmentation fault)". */
const char *run_child(struct ctx *c, void (*body)(void *user), void *user, double timeout_seconds);

/* Called in a child: leaves with a message for the parent, which run_child returns. */
_Noreturn void child_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
