/* Advanced SIMD ("NEON"): every 64-bit Arm processor that this build is for has it. */
#include "rt.h"

bool rt_has_neon(void)
{
	return true;
}
