/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct options {
	const char *picture[2];
	const char *out, *homography, *truth, *isa; /* NULL when not given; isa: by GLUEC_ISA, too */
	int threads;
	enum format format;
};

/* Returns -1 when the options say what to do, else the status with which the program ends, after it has said why. */
int options_read(struct options *options, int argc, char **argv);

#endif
