/* Every machine has what is emulated. */
#include "rt.h"

bool rt_has_emulated(void)
{
	return true;
}
