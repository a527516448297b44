/* AVX-512 with the products of small numbers: VNNI for bytes and BF16 for bfloat16, beside F, BW, DQ and VL (AMD Zen 4
 * and Intel Sapphire Rapids on). Asks the processor whether it has them, and the system whether it saves the wide
 * registers and the masks. */
#include "rt.h"
#include <cpuid.h>

bool rt_has_avx512dot(void)
{
	enum { FMA = 1 << 12, OSXSAVE = 1 << 27, F16C = 1 << 29, VNNI = 1 << 11, BF16 = 1 << 5 };
	const unsigned need = 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* AVX2, then F, DQ, BW, VL */
	const unsigned state = 0xe6;                                               /* XMM, YMM, masks, ZMM 0-15 and 16-31 */
	unsigned a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || ~c & (FMA | OSXSAVE | F16C))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & state) != state)
		return false;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & need) != need || !(c & VNNI))
		return false;
	return __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & BF16;
}
