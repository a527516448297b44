/* AVX-512 with the parts F, BW, DQ and VL: Intel Skylake-SP and AMD Zen 4 on. */
#include "rt.h"
#include "x86.h"

bool rt_has_avx512(void)
{
	return x86_has(X86_ALL_AVX512);
}
