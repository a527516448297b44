/* A folder for what verify and bench build. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include "gluec.h"

/* Makes the run's temporary folder (once) and returns its path. */
const char *temporary_folder(struct ctx *c);
void remove_temporary(struct ctx *c);

#endif
