/* What the machine can do at best. */
#ifndef PEAK_H
#define PEAK_H

#include <stddef.h>

/* A way to multiply and add: independent chains in registers that wait for nothing. */
struct peak {
	const char *name;  /* of the instruction set, or "amx" */
	double operations; /* of one call of run, a multiply-add counting as two */
	void (*run)(void);
};

/* Those that this machine has, weakest first; a name of NULL at the end. */
const struct peak *peaks(struct peak *to, int room);

/* Reads n bytes, a multiple of 4096 at a multiple of 64, as fast as can be; returns a sum of them. */
float peak_read(const void *data, size_t n);

#endif
