/* A line on the terminal for runs that take long. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "gluec.h"

double seconds_now(void);
/* Says what is being done, once the run has taken a second and when a person is watching. */
void progress(struct ctx *c, const char *what);
void progress_end(struct ctx *c); /* takes the line away */

#endif
