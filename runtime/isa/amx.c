/* AMX with tiles of bfloat16 and of bytes, and AVX-512 with VNNI and BF16 beside F, BW, DQ and VL (Intel Sapphire
 * Rapids on): asks the processor whether it has them, the system whether it saves the tiles, and Linux for leave to use
 * them. A process that may use tiles needs more room for signals, so Linux wants to be asked: by a system call, here
 * without a library's help. It refuses when a thread's alternate signal stack is too small for them. What it once
 * granted stays granted, to all threads and their children. */
#include "rt.h"
#include <cpuid.h>

static bool system_permits_tiles(void)
{
#ifdef __linux__
	enum { ARCH_PRCTL = 158, ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
	long result = ARCH_PRCTL;

	__asm__ volatile("syscall"
					 : "+a"(result)
					 : "D"((long)ARCH_REQ_XCOMP_PERM), "S"((long)XTILEDATA)
					 : "rcx", "r11", "memory");
	return result == 0;
#else
	return false;
#endif
}

bool rt_has_amx(void)
{
	enum { FMA = 1 << 12, OSXSAVE = 1 << 27, F16C = 1 << 29 };
	const unsigned need = 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* AVX2, then F, DQ, BW, VL */
	const unsigned tiles = 1u << 22 | 1u << 24 | 1u << 25;                     /* AMX-BF16, AMX-TILE, AMX-INT8 */
	const unsigned state = 0x600e6; /* XMM, YMM, masks, ZMM 0-15 and 16-31, configuration and data of tiles */
	const unsigned vnni = 1u << 11;
	unsigned a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || ~c & (FMA | OSXSAVE | F16C))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & state) != state)
		return false;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & need) != need || !(c & vnni) || (d & tiles) != tiles)
		return false;
	/* AVX512_BF16 */
	return __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1u << 5 && system_permits_tiles();
}
