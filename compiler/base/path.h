/* Parts of the names of files. */
#ifndef PATH_H
#define PATH_H

#include "gluec.h"

/* What comes behind the last slash. */
const char *file_name(const char *path);
/* The same without its extension; a name that begins with its only dot has none. */
char *base_name(struct ctx *c, const char *path);

#endif
