/* The instruction sets that tests run with: all that the machine and the build have, or the one that the environment
 * variable GLUEC_ISA names. */
#ifndef LEVELS_H
#define LEVELS_H

#include "rt.h"
#include <stdlib.h>
#include <string.h>

/* What GLUEC_ISA names, NULL when it is not set or empty. */
static inline const char *level_asked(void)
{
	const char *only = getenv("GLUEC_ISA");

	return only && *only ? only : NULL;
}

static inline bool level_is_tested(const char *isa)
{
	return rt_select(isa) >= 0 && (!level_asked() || !strcmp(isa, level_asked()));
}

/* The best of them: what tests use that need only one. */
static inline const char *level_best(void)
{
	return level_asked() ? level_asked() : rt_isa_names[rt_select(NULL)];
}

#endif
