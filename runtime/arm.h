/* What a 64-bit Arm processor has beyond what all of them have, for the levels' rt_has_NAME. Linux says it in two words
 * of the auxiliary vector (Linux kernel, Documentation/arm64/elf_hwcaps.rst). Other systems are not asked: there a
 * processor has what the compiler was told that it has (Arm C Language Extensions, feature test macros). */
#ifndef ARM_H
#define ARM_H

#include <stdbool.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

/* A bit for each feature, under the name that the architecture gives it. */
enum arm_feature {
	ARM_DOTPROD = 1 << 0, /* SDOT and UDOT: bytes */
	ARM_BF16 = 1 << 1,    /* BFDOT, BFCVT and the like */
};

static inline unsigned arm_features(void)
{
	unsigned has = 0;

#ifdef __ARM_FEATURE_DOTPROD
	has |= ARM_DOTPROD;
#endif
#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
	has |= ARM_BF16;
#endif
#ifdef __linux__
	/* By number: headers older than the features do not name them. */
	const unsigned long hwcap_asimddp = 1ul << 20, hwcap2_bf16 = 1ul << 14;
	has |= getauxval(AT_HWCAP) & hwcap_asimddp ? ARM_DOTPROD : 0;
	has |= getauxval(AT_HWCAP2) & hwcap2_bf16 ? ARM_BF16 : 0;
#endif
	return has;
}

/* Has this machine all of these? */
static inline bool arm_has(unsigned features)
{
	return (arm_features() & features) == features;
}

#endif
