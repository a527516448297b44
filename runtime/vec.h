/* The vector of floats that kernels are written in: one header per instruction set, vec_NAME.h, chosen by RT_ISA.
 * A new instruction set is a new vec_NAME.h and isa/NAME.{c,mk}; no kernel changes. What several have in common is in
 * base_NAME.h, so that none knows of those above it. Each header defines
 *
 *     LANES                  floats in a vector, a divisor of RT_PANEL
 *     TILE_ROWS, TILE_PANELS    rows of the GEMM tile (micro/tile.h), and panels of its columns, that fit the registers
 *     vec, vec_mask          a vector, and the result of comparing two
 *     v_load, v_store        LANES floats, at any alignment
 *     v_load_n, v_store_n    the first n (0..LANES) of them, touching no more memory; the other lanes load as 0
 *     v_load_half, v_store_half, v_load_bfloat, v_store_bfloat    LANES 16-bit floats, converted as half.h does
 *     v_load_pairs(p, &a, &b)    LANES pairs of bfloat16: the first of each pair to a, the second to b
 *     v_stream(p, a)         v_store past the caches, p aligned to RT_ALIGN, where the instruction set has that;
 *     v_stream_end()         makes what was streamed visible to other threads
 *     v_set(f)               f in every lane
 *     v_add, v_sub, v_mul, v_div, v_sqrt, v_abs
 *     v_fma(a, b, c)         a b + c, rounded once where the instruction set has that
 *     v_min(a, b), v_max(a, b)    a < b ? a : b and a > b ? a : b, so that a NaN in either gives b
 *     v_copysign(a, b)       the magnitude of a with the sign of b
 *     v_round(a)             nearest integer, ties to even, for |a| < 2^22
 *     v_pow2(a)              2^a for an integer a of -126..127
 *     v_scale(a, n)          a 2^n for an integer n <= 127 and a of 0.5..2; 0 for n <= -152, and for n <= -127 perhaps
 *     v_exponent(a), v_mantissa(a)    the two parts of a positive normal a = mantissa 2^exponent, 1 <= mantissa < 2
 *     v_less(a, b), v_select(m, a, b)    a < b by lane; m ? a : b by lane
 *     v_sum(a), v_largest(a)    of all lanes, in a fixed order
 *     v_transpose(to, to_step, from, from_step)    to[j to_step + i] = from[i from_step + j] for i, j in 0..LANES-1
 *
 * and for products of bytes, in fours, whose sums are exact:
 *
 *     DOT_ROWS, DOT_PANELS   as TILE_ROWS and TILE_PANELS, of the tile of bytes (micro/tile_int8.h)
 *     DOT_SIGNED             whether the bytes of x are signed (1) or unsigned (0); those of w are signed always
 *     vec_sums               LANES sums of 32 bits, in whatever form they grow best
 *     v_load_sums(p), v_store_sums(p, a)    from and to int32_t
 *     vec_group, v_group(p)  the four bytes of x at p, for every lane
 *     vec_bytes, v_load_bytes(p)    4 LANES bytes of w, four for each lane
 *     v_dot(a, x, w)         a plus the sum of the four products, in each lane
 *     v_of_sums(p, q)        the floats nearest to LANES sums p[i] + q[i] of int32_t, which wrap
 *     v_store_bytes(p, a, n) LANES floats of at most 2^21 in magnitude, rounded to integers (ties to even), plus n: the
 * low byte of each
 *
 * A level whose processors multiply tiles (Intel AMX) defines VEC_TILES, too, and eight registers, named by literals,
 * of 16 rows by 64 bytes: 16 floats or int32_t, 16 pairs of bfloat16, or 16 fours of bytes. LANES is a divisor of 16
 * there, and DOT_SIGNED is 0.
 *
 *     struct tiles           what all of these work on
 *     tiles_begin(t), tiles_end(t)    around all use of tiles in a thread
 *     tiles_load(t, i, p, step), tiles_store(t, i, p, step)    register i, rows `step` bytes apart
 *     tiles_multiply(t, i, a, b)    floats [r][c] of i += the sum over k and s < 2 of a [r][k][s] b [k][c][s]
 *     tiles_dot(t, i, a, b)    int32_t [r][c] of i += the sum over k and s < 4 of a [r][k][s], which has no sign, and
 * b [k][c][s], which has one
 *     v_split(hi, lo, a)     LANES floats as the two bfloat16 of RT_BF16X2; subnormal ones may become 0
 *     v_split_pairs(hi, lo, a, b)    the same for LANES pairs, the first of each from a, the second from b; hi and lo
 * may lie where a and b were loaded from, whatever the type there
 *
 * A level whose processors have a dot product of bfloat16 defines VEC_DOT_BF16, too, and
 *
 *     vec_pairs              LANES pairs of bfloat16
 *     v_pairs(p), v_pair(p)  LANES pairs from p on, and the one pair at p in every lane
 *     PAIR_ROWS              as TILE_ROWS, of the tile of bfloat16 (micro/bfloat_dot.h)
 *     v_dot_pairs(sum, a, b) sum + a0 b0 + a1 b1 by lane, two additions in either order, each off by less than 2^-23 of
 * its result; subnormal numbers count as 0, and become it
 *
 * Both kinds of levels define
 *
 *     v_narrow(p, a)         LANES floats as bfloat16; subnormal ones may become 0
 *     v_narrow_pairs(p, a, b)    the same for LANES pairs, the first of each from a, the second from b; p may lie where
 * a was loaded from, whatever the type there
 *     v_zip(to, a, b)        2 LANES pairs of the 2 LANES numbers at a, each the first of its pair, and those at b */
#ifndef VEC_H
#define VEC_H

#include "half.h"
#include <math.h>
#include <stddef.h>

#ifndef RT_ISA
#define RT_ISA c
#endif

/* Functions of vectors are inlined always: not only for speed, but so that no vector is ever passed or returned, for
 * which some targets lack a convention. */
#define VEC_INLINE static inline __attribute__((always_inline))

#define VEC_STRING_(text)  #text
#define VEC_STRING(text)   VEC_STRING_(text)
#define VEC_PASTE_(a, isa) a##isa
#define VEC_PASTE(a, isa)  VEC_PASTE_(a, isa)

#include VEC_STRING(VEC_PASTE(vec_, RT_ISA).h)

#endif
