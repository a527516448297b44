/* AMX with tiles of bfloat16 and of bytes, and AVX-512 with VNNI and BF16 beside F, BW, DQ and VL (Intel Sapphire
 * Rapids on): asks the processor whether it has them, the system whether it saves the tiles, and Linux for leave to use
 * them. A process that may use tiles needs more room for signals, so Linux wants to be asked: by a system call, here
 * without a library's help. It refuses when a thread's alternate signal stack is too small for them. What it once
 * granted stays granted, to all threads and their children. */
#include "rt.h"
#include "x86.h"

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
	const unsigned tiles = X86_AMX_TILE | X86_AMX_BF16 | X86_AMX_INT8 | X86_SAVES_TILES;

	return x86_has(X86_ALL_AVX512DOT | tiles) && system_permits_tiles();
}
