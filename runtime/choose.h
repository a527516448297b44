/* The choice of the instruction set at run time among those of RT_ISAS, which may be fewer than the library has. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "rt.h"
#include <string.h>

#define CHOOSE_NAME(isa, x) #isa,
#define CHOOSE_TEST(isa, x) rt_has_##isa,

/* The names in the order of RT_ISAS, NULL at the end. */
static const char *const choose_names[] = { RT_ISAS(CHOOSE_NAME, ) NULL };

/* The number of the instruction set named isa, or of the best that this machine has when isa is NULL; -1 when there is
 * none. */
static inline int choose_isa(const char *isa)
{
	static bool (*const has[])(void) = { RT_ISAS(CHOOSE_TEST, ) };
	int i = (int)(sizeof has / sizeof *has);

	while (--i >= 0)
		if (isa ? !strcmp(isa, choose_names[i]) : has[i]())
			return has[i]() ? i : -1;
	return -1;
}

#endif
