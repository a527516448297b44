/* AVX-512 with the parts F, BW, DQ and VL (Intel Skylake-SP and AMD Zen 4 on): asks the processor whether it has them,
 * and all of AVX2 that compilers take for granted then, and the system whether it saves the wide registers and the
 * masks. */
#include "rt.h"
#include <cpuid.h>

bool rt_has_avx512(void)
{
	enum { FMA = 1 << 12, OSXSAVE = 1 << 27, F16C = 1 << 29 };
	const unsigned need = 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* AVX2, then F, DQ, BW, VL */
	const unsigned state = 0xe6;                                               /* XMM, YMM, masks, ZMM 0-15 and 16-31 */
	unsigned a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || ~c & (FMA | OSXSAVE | F16C))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & state) != state)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & need) == need;
}
