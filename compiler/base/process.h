/* Running other programs, without a shell. */
#ifndef PROCESS_H
#define PROCESS_H

#include "gluec.h"

/* Runs argv[0], found along PATH, in `folder` (NULL: here) and waits for it. What it prints goes to the file `log`.
 * Variables of a make that gluec itself runs under are kept from it. Returns the exit code, 128 + N for signal N; fails
 * with CC_FAILED when the program cannot be started. */
int run_process(struct ctx *c, char *const *argv, const char *folder, const char *log);

/* Prints the first lines of a log that matter (from the first that mentions an error on) to standard error. */
void show_log(const char *log);

#endif
