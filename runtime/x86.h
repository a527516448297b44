/* What an x86 processor has and what its system saves of it, for the levels' rt_has_NAME: CPUID and XGETBV, as the
 * Intel 64 and IA-32 Architectures Software Developer's Manual describes them (volume 2A). The compiler's own
 * __builtin_cpu_supports would bring in a library. */
#ifndef X86_H
#define X86_H

#include <cpuid.h>
#include <stdbool.h>

/* A bit for each of the processor's features, and of the groups of registers that the system saves when it changes
 * threads: without that, instructions on them fault. */
enum x86_feature {
	X86_FMA = 1 << 0,
	X86_F16C = 1 << 1,
	X86_AVX2 = 1 << 2,
	X86_AVX512F = 1 << 3,
	X86_AVX512DQ = 1 << 4,
	X86_AVX512BW = 1 << 5,
	X86_AVX512VL = 1 << 6,
	X86_AVX512_VNNI = 1 << 7,
	X86_AVX512_BF16 = 1 << 8,
	X86_AMX_TILE = 1 << 9,
	X86_AMX_BF16 = 1 << 10,
	X86_AMX_INT8 = 1 << 11,
	X86_SAVES_YMM = 1 << 12, /* and XMM */
	X86_SAVES_ZMM = 1 << 13, /* all 32, and the masks */
	X86_SAVES_TILES = 1 << 14,

	/* What levels ask for together: compilers take all of AVX2 for granted where there is AVX-512. */
	X86_ALL_AVX2 = X86_FMA | X86_F16C | X86_AVX2 | X86_SAVES_YMM,
	X86_ALL_AVX512 = X86_ALL_AVX2 | X86_AVX512F | X86_AVX512DQ | X86_AVX512BW | X86_AVX512VL | X86_SAVES_ZMM,
	X86_ALL_AVX512DOT = X86_ALL_AVX512 | X86_AVX512_VNNI | X86_AVX512_BF16,
};

/* The feature when all bits of `mask` are set in a word, else nothing. */
static inline unsigned x86_if(unsigned word, unsigned mask, enum x86_feature feature)
{
	return (word & mask) == mask ? feature : 0;
}

/* XCR0: XMM and YMM are bits 1 and 2; masks, the upper halves of ZMM 0-15, and ZMM 16-31 bits 5 to 7; the tiles'
 * configuration and data bits 17 and 18. Only systems that say so (OSXSAVE) may be asked. */
static inline unsigned x86_saved(void)
{
	unsigned low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return x86_if(low, 0x6, X86_SAVES_YMM) | x86_if(low, 0xe0, X86_SAVES_ZMM) | x86_if(low, 0x60000, X86_SAVES_TILES);
}

static inline unsigned x86_features(void)
{
	const unsigned osxsave = 1u << 27;
	unsigned a, b, c, d, has = 0;

	if (__get_cpuid(1, &a, &b, &c, &d)) {
		has |= x86_if(c, 1u << 12, X86_FMA) | x86_if(c, 1u << 29, X86_F16C);
		if (c & osxsave)
			has |= x86_saved();
	}
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		has |= x86_if(b, 1u << 5, X86_AVX2) | x86_if(b, 1u << 16, X86_AVX512F) | x86_if(b, 1u << 17, X86_AVX512DQ);
		has |= x86_if(b, 1u << 30, X86_AVX512BW) | x86_if(b, 1u << 31, X86_AVX512VL);
		has |= x86_if(c, 1u << 11, X86_AVX512_VNNI);
		has |= x86_if(d, 1u << 22, X86_AMX_BF16) | x86_if(d, 1u << 24, X86_AMX_TILE);
		has |= x86_if(d, 1u << 25, X86_AMX_INT8);
	}
	if (__get_cpuid_count(7, 1, &a, &b, &c, &d))
		has |= x86_if(a, 1u << 5, X86_AVX512_BF16);
	return has;
}

/* Has this machine all of these? */
static inline bool x86_has(unsigned features)
{
	return (x86_features() & features) == features;
}

#endif
