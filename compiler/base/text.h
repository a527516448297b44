/* Writing C: lines whose indentation follows their braces, and lists that wrap. */
#ifndef TEXT_H
#define TEXT_H

#include <stdio.h>

struct text {
	FILE *f;
	int depth;
};

/* Writes one line. A line that starts with a closing brace stands one step to the left. Lines longer than 118 columns
 * are broken at blanks, the rest one step to the right; a line that is a comment goes on as one. */
void line(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
