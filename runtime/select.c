/* Chooses the instruction set at run time. */
#include "rt.h"
#include <string.h>

#define NAME(isa, x) #isa,
#define TEST(isa, x) rt_has_##isa,

const char *const rt_isa_names[] = { RT_ISAS(NAME, ) NULL };

int rt_select(const char *isa)
{
	static bool (*const has[])(void) = { RT_ISAS(TEST, ) };
	int i = (int)(sizeof has / sizeof *has);

	while (--i >= 0)
		if (isa ? !strcmp(isa, rt_isa_names[i]) : has[i]())
			return has[i]() ? i : -1;
	return -1;
}
