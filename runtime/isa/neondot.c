/* Advanced SIMD with dot products of bytes. */
#include "arm.h"
#include "rt.h"

bool rt_has_neondot(void)
{
	return arm_has(ARM_DOTPROD);
}
