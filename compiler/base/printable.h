/* Text from files that anybody may have written, made fit to be printed. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include "gluec.h"

/* A copy without control characters, so that a name cannot steer a terminal. */
const char *printable(struct ctx *c, const char *s);

/* Writes s as a JSON string, quotes included: valid JSON whatever s holds. */
void write_json_string(FILE *f, const char *s);

#endif
