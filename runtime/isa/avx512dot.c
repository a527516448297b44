/* AVX-512 with the products of small numbers, VNNI for bytes and BF16 for bfloat16, beside F, BW, DQ and VL: AMD Zen 4
 * and Intel Sapphire Rapids on. */
#include "rt.h"
#include "x86.h"

bool rt_has_avx512dot(void)
{
	return x86_has(X86_ALL_AVX512DOT);
}
