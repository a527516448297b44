/* AVX-512 with VNNI and BF16 (AMD Zen 4 and Intel Sapphire Rapids on). Vectors are AVX-512's, so that whatever does not
 * ask for products of small numbers gives the same bits as there. See vec.h for what each function does. */
#ifndef VEC_AVX512DOT_H
#define VEC_AVX512DOT_H

#include "vec_avx512.h"

#endif
