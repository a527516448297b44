/* AVX2 with FMA and F16C: Intel Haswell and AMD Excavator on. */
#include "rt.h"
#include "x86.h"

bool rt_has_avx2(void)
{
	return x86_has(X86_ALL_AVX2);
}
