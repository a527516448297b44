#include "rt.h"

bool rt_has_c(void)
{
	return true;
}
