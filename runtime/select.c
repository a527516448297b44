/* Chooses the instruction set at run time among all that the library has. */
#include "choose.h"

const char *const rt_isa_names[] = { RT_ISAS(CHOOSE_NAME, ) NULL };

int rt_select(const char *isa)
{
	return choose_isa(isa);
}
