/* AVX2 with FMA and F16C (Intel Haswell and AMD Excavator on): asks the processor whether it has them and the system
 * whether it saves the wide registers. The compiler's own __builtin_cpu_supports would bring in a library. */
#include "rt.h"
#include <cpuid.h>

bool rt_has_avx2(void)
{
	enum { FMA = 1 << 12, OSXSAVE = 1 << 27, F16C = 1 << 29, AVX2 = 1 << 5, XMM_YMM = 6 };
	unsigned a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || ~c & (FMA | OSXSAVE | F16C))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & XMM_YMM) != XMM_YMM)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & AVX2;
}
