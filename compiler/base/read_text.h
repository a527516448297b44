/* Text files that users wrote: lists, rules, limits. */
#ifndef READ_TEXT_H
#define READ_TEXT_H

#include "gluec.h"

/* A whole file (or what a pipe gives), with a zero byte behind it, in the arena. Zero bytes within, which no text has,
 * become control characters, so that whoever takes the text apart meets what follows them. Fails with IO_FAILED when
 * there is no such file, it cannot be read, or it has more than 64 MiB. */
char *read_text(struct ctx *c, const char *path);

#endif
