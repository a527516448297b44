/* Advanced SIMD with dot products of bytes and of bfloat16. */
#include "arm.h"
#include "rt.h"

bool rt_has_neonbf16(void)
{
	return arm_has(ARM_DOTPROD | ARM_BF16);
}
