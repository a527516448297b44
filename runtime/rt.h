/* The kernels that generated code calls: their parameters, their contracts, and the one list that names them all.
 *
 * Every kernel has the same shape: (run, parameters, pointers). Parameters never change while a model runs; they are
 * printed into the generated C as designated initialisers, so a zero field must mean "absent" or "default".
 * Pointers come outputs first, then inputs, then scratch. A kernel allocates nothing, keeps no state, and writes the
 * same bits whatever run->options->parallel_for does: each output element is computed by exactly one unit of work,
 * in an order that does not depend on how units are grouped.
 *
 * Unless a kernel says otherwise: images are NHWC; strides and offsets count elements, not bytes; tensors do not
 * overlap, except that an output may be the very same tensor as an input named "in place" in the kernel's comment;
 * half and bfloat16 are storage only, arithmetic is float. */
#ifndef RT_H
#define RT_H

#include "abi.h"
#include <stdbool.h>

/* Element types, numbered as in ONNX's TensorProto.DataType. Those of fewer than 8 bits are held one element a byte:
 * integers extended by zeros or their sign, floats in the low bits. */
enum rt_type {
	RT_NOTYPE = 0,
	RT_F32 = 1,
	RT_U8 = 2,
	RT_I8 = 3,
	RT_U16 = 4,
	RT_I16 = 5,
	RT_I32 = 6,
	RT_I64 = 7,
	RT_BOOL = 9,
	/* Kernels with packed weights of it may split x as RT_BF16X2 says, which moves it by 2^-17 |x| at most, and a half
	 * not at all; products are exact. */
	RT_F16 = 10,
	RT_F64 = 11,
	RT_U32 = 12,
	RT_U64 = 13,
	/* Packed weights of it lie in pairs of rows, [ceil(k/2)][16][2] a panel, the second of a last odd row zeros.
	 * Kernels with such weights may round x to bfloat16, which puts the sum of the terms x w within 2^-8 of the sum of
	 * their magnitudes |x w| from what it would be (not at all when x is bfloat16), and add two terms at a time, each
	 * addition off by less than 2^-23 of its result; a number or sum below 2^-126 may count as 0. */
	RT_BF16 = 16,
	RT_F8E4M3FN = 17,
	RT_F8E4M3FNUZ = 18,
	RT_F8E5M2 = 19,
	RT_F8E5M2FNUZ = 20,
	RT_U4 = 21,
	RT_I4 = 22,
	RT_F4E2M1 = 23,
	RT_F8E8M0 = 24,
	RT_U2 = 25,
	RT_I2 = 26,
	RT_LAST_TYPE = RT_I2,
	/* Not ONNX's, and only of packed weights: a float w as two bfloat16, hi nearest to w and lo to w - hi, so that hi +
	 * lo is a float within 2^-17 |w| of w. A panel [k][16], k even, holds for each pair of rows 2t and 2t + 1 the parts
	 * hi and then lo, each [16][2], the columns' numbers of the two rows side by side: 4 bytes a weight. Kernels with
	 * such weights may split x as well, and compute x w as hi hi + hi lo + lo hi. Then the sum of the terms x w is
	 * within 2^-15 of the sum of their magnitudes |x w| from what it would be, beside the rounding of float sums; parts
	 * below 2^-126 may count as 0, and x must be finite and below 2^127 in magnitude. */
	RT_BF16X2 = 32,
};

/* Enumerations whose names the compiler prints are lists: E(name) for each. */
#define RT_ENUMERATOR(name) name,

/* Activations that a kernel's epilogue can apply. Gelu is the exact one (erf). */
#define RT_ACTS(E)                                                                                                     \
	E(RT_ACT_NONE)                                                                                                     \
	E(RT_RELU)                                                                                                         \
	E(RT_GELU)                                                                                                         \
	E(RT_GELU_TANH)                                                                                                    \
	E(RT_SIGMOID)                                                                                                      \
	E(RT_TANH)                                                                                                         \
	E(RT_SILU)                                                                                                         \
	E(RT_LEAKY_RELU)
enum rt_act { RT_ACTS(RT_ENUMERATOR) };

#define RT_POOL_KINDS(E)                                                                                               \
	E(RT_POOL_MAX)                                                                                                     \
	E(RT_POOL_MEAN)                                                                                                    \
	E(RT_POOL_MEAN_WITH_PAD)
enum rt_pool_kind { RT_POOL_KINDS(RT_ENUMERATOR) };

/* RT_ARG_*: the index of the first (or, for _LAST, the last) largest or smallest element; NaN beats everything. */
/* clang-format off */
#define RT_REDUCE_KINDS(E) \
	E(RT_REDUCE_SUM) E(RT_REDUCE_MEAN) E(RT_REDUCE_MAX) E(RT_REDUCE_MIN) E(RT_REDUCE_PROD) E(RT_REDUCE_L1) \
	E(RT_REDUCE_L2) E(RT_REDUCE_SUM_SQUARE) E(RT_REDUCE_LOG_SUM) E(RT_REDUCE_LOG_SUM_EXP) \
	E(RT_ARG_MAX) E(RT_ARG_MAX_LAST) E(RT_ARG_MIN) E(RT_ARG_MIN_LAST)
/* clang-format on */
enum rt_reduce_kind { RT_REDUCE_KINDS(RT_ENUMERATOR) };

#define RT_GRID_MODES(E)                                                                                               \
	E(RT_GRID_LINEAR)                                                                                                  \
	E(RT_GRID_NEAREST)                                                                                                 \
	E(RT_GRID_CUBIC)
enum rt_grid_mode { RT_GRID_MODES(RT_ENUMERATOR) };
#define RT_GRID_PADDINGS(E)                                                                                            \
	E(RT_GRID_ZEROS)                                                                                                   \
	E(RT_GRID_BORDER)                                                                                                  \
	E(RT_GRID_REFLECTION)
enum rt_grid_padding { RT_GRID_PADDINGS(RT_ENUMERATOR) };

enum {
	RT_RANK = 8,       /* most dimensions of a strided access, after neighbours that can be were merged */
	RT_PANEL = 16,     /* output channels in one panel of packed weights */
	RT_MAP_STEPS = 24, /* most steps of one element-wise program */
	RT_MAP_INPUTS = 6,
	RT_ALIGN = 64,    /* of the arena, and of every tensor in it and in the weights */
	RT_STACK = 79872, /* most bytes of stack that a kernel takes in one thread, when optimised */
};

/* One step of an element-wise program. A program computes on registers; inputs are loaded into registers
 * 0..inputs-1, step i writes register inputs+i, and the last step's register is stored.
 * The domain says what a register holds: float (f32, f16, bf16), double, or 64-bit integer (all integers and bool;
 * u64 as its bits). A step reads and writes its own domain, except RT_CAST (its operand has
 * the type `from`), comparisons, RT_IS_NAN and RT_IS_INF too (result: integer 0 or 1)
 * and RT_WHERE (its condition a is integer, b and c of the step's domain).
 * Integer results wrap to `type` (the ONNX type of the step's result) where it is narrower than 64 bits. */
/* clang-format off */
#define RT_STEP_OPS(E) \
	/* any domain */ \
	E(RT_COPY) E(RT_CONST) E(RT_CAST) \
	/* one operand; RT_NOT is logical, RT_BIT_NOT for integers, RT_ROUND goes to even */ \
	E(RT_ABS) E(RT_NEG) E(RT_SIGN) E(RT_NOT) E(RT_BIT_NOT) E(RT_FLOOR) E(RT_CEIL) E(RT_ROUND) E(RT_SQRT) \
	E(RT_RECIPROCAL) E(RT_EXP) E(RT_LOG) E(RT_SIN) E(RT_COS) E(RT_TAN) E(RT_ASIN) E(RT_ACOS) E(RT_ATAN) E(RT_SINH) \
	E(RT_COSH) E(RT_ASINH) E(RT_ACOSH) E(RT_ATANH) E(RT_STEP_TANH) E(RT_STEP_SIGMOID) E(RT_ERF) E(RT_STEP_RELU) \
	E(RT_STEP_GELU) E(RT_STEP_GELU_TANH) E(RT_SOFTPLUS) E(RT_IS_NAN) E(RT_IS_INF) \
	/* two operands; integers: RT_DIV truncates (by zero: 0; the smallest by -1 wraps), RT_MOD has the sign of the \
	 * divisor; RT_FMOD has the sign of the dividend in every domain */ \
	E(RT_ADD) E(RT_SUB) E(RT_MUL) E(RT_DIV) E(RT_MOD) E(RT_FMOD) E(RT_POW) E(RT_MIN) E(RT_MAX) E(RT_EQUAL) \
	E(RT_LESS) E(RT_LESS_EQUAL) E(RT_GREATER) E(RT_GREATER_EQUAL) E(RT_AND) E(RT_OR) E(RT_XOR) E(RT_BIT_AND) \
	E(RT_BIT_OR) E(RT_BIT_XOR) E(RT_SHIFT_LEFT) E(RT_SHIFT_RIGHT) \
	/* three operands: a ? b : c */ \
	E(RT_WHERE)
/* clang-format on */
enum rt_step_op { RT_STEP_OPS(RT_ENUMERATOR) };

struct rt_step {
	enum rt_step_op op;
	enum rt_type type; /* of the result (of the operands for comparisons); decides the domain */
	enum rt_type from; /* RT_CAST: the operand's type */
	int32_t a, b, c;   /* registers */
	double real;       /* RT_CONST of a float or double type */
	int64_t integer;   /* RT_CONST of an integer type */
};

/* What clang-format would do to these lists changes with every run of it. */

/* Field lists. I: int32_t, F: float, E: enum, A: int32_t array, T: array of rt_type, S: steps. One list declares the
 * struct here and makes the function that prints it as C in the compiler. */

/* clang-format off */
/* conv2d: y = pool(act(alpha (conv(x, w) + bias))), where alpha 0 is 1; when round is f8e4m3fn or f8e5m2, rounded to
 * the nearest of its numbers, at most the largest in magnitude.
 * x [n][h][w][c] of x_type; y [n][oh][ow][oc] of y_type, or [n][oh/2][ow/2][oc] when pool is 2 (2x2 maximum, stride 2,
 * a last odd row or column is dropped). c and oc count all groups.
 * w, of w_type (f32, f16, bf16, or bf16x2 when c/group is even): for each group, ceil((oc/group)/16) panels of
 * [kh][kw][c/group][16], zero-filled; of bf16 each tap has whole pairs: [kh][kw][ceil((c/group)/2)][16][2].
 * bias: f32 [oc] padded with zeros to a multiple of 16, or NULL. slope serves RT_LEAKY_RELU. */
#define RT_CONV2D(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(c) I(oh) I(ow) I(oc) I(kh) I(kw) I(stride_h) I(stride_w) I(pad_top) I(pad_left) \
	I(dilation_h) I(dilation_w) I(group) I(pool) E(rt_act, act) F(slope) F(alpha) E(rt_type, x_type) \
	E(rt_type, y_type) E(rt_type, w_type) E(rt_type, round)

/* linear: y[i][j] = act(alpha (sum_k x[i][k] w[k][j] + bias[j])) + residual[i][j]; alpha 0 is 1.
 * The k0 + k1 inputs of row i are x0[i*ldx0 .. +k0] and then x1[i*ldx1 .. +k1], so that a concatenation costs nothing;
 * k1 = 0: x1 is NULL. w: ceil(n/16) panels of [k0+k1][16] of w_type (f32, f16, bf16 when k0 is even or k1 is 0, or bf16x2
 * when k0 and k1 are even), zero-filled. bias: f32, padded to 16, or NULL. residual (y_type, row stride ldr) may be NULL; y may be in place over
 * residual when ldy = ldr. */
#define RT_LINEAR(I, F, E, A, T, S) \
	I(m) I(n) I(k0) I(k1) I(ldx0) I(ldx1) I(ldy) I(ldr) E(rt_act, act) F(slope) F(alpha) E(rt_type, x_type) \
	E(rt_type, y_type) E(rt_type, w_type)

/* matmul: y[b0][b1][i][j] = alpha * sum_k a[b0][b1][i][k] b[b0][b1][k][j], all of them strided by element; y is dense.
 * Stride arrays are { b0, b1, row, column }; 0 broadcasts, negative is allowed. Types: a_type and b_type the same
 * arithmetic domain as y_type; float domain is fast, double and integers (sums wrap) are plain loops. alpha 0 is 1. */
#define RT_MATMUL(I, F, E, A, T, S) \
	I(b0) I(b1) I(m) I(n) I(k) A(a, 4) A(b, 4) F(alpha) E(rt_type, a_type) E(rt_type, b_type) \
	E(rt_type, y_type)

/* attention: y = softmax(scale * q k^T) v per batch b and head h, without ever storing the m x n scores (running
 * maximum and sum, after Milakov & Gimelshein 2018 and Dao et al. 2022). q [m][d], k [n][d], v [n][dv], y [m][dv] with
 * unit stride along d and dv; stride arrays are { batch, head, row } and may be negative.
 * x_type is that of q, k and v. split: q, k, v and the powers may be split as RT_BF16X2 says; also when x_type is f16.
 * When x_type is bf16, the powers of e may be rounded to it, their sum being that of the rounded: an output moves by 2^-7
 * of the largest |v| at most, and numbers below 2^-126 may count as 0. */
#define RT_ATTENTION(I, F, E, A, T, S) \
	I(b) I(h) I(m) I(n) I(d) I(dv) F(scale) A(q, 3) A(k, 3) A(v, 3) A(y, 3) E(rt_type, x_type) \
	E(rt_type, y_type) F(y_scale) I(y_zero) I(split)

/* rotary: rotates channel pairs by a phase (RoFormer, Su et al. 2021): (a, b) -> (a cos - b sin, b cos + a sin) alpha;
 * alpha 0 is 1.
 * x, y [b][h][n][d] with strides { batch, head, row }, unit stride along d. Pairs are channels (2j, 2j+1), or
 * (j, j+d/2) when half is 1. cos and sin: f32, strides phase { batch, head, row, pair }, which may be 0. */
#define RT_ROTARY(I, F, E, A, T, S) \
	I(b) I(h) I(n) I(d) I(half) F(alpha) A(x, 3) A(y, 3) A(phase, 4) E(rt_type, x_type) E(rt_type, y_type) F(y_scale) \
	I(y_zero)

/* layer_norm: y = act((x - mean) / sqrt(variance + epsilon) * scale + bias) along rows of c; scale f32 [c], bias f32
 * [c] or NULL. The variance is that of x - mean (two passes over the row). In place. */
#define RT_LAYER_NORM(I, F, E, A, T, S) \
	I(rows) I(c) F(epsilon) E(rt_act, act) E(rt_type, x_type) E(rt_type, y_type) F(y_scale) I(y_zero)

/* l2_norm: y = x / max(|x|, floor) along rows of c. In place. */
#define RT_L2_NORM(I, F, E, A, T, S) \
	I(rows) I(c) F(floor) E(rt_type, x_type) E(rt_type, y_type)

/* softmax: over n elements at distance stride, for each of outer x stride positions (dense [outer][n][stride]);
 * log: the logarithm of it. In place. */
#define RT_SOFTMAX(I, F, E, A, T, S) \
	I(outer) I(n) I(stride) I(log) E(rt_type, x_type) F(x_scale) I(x_zero) E(rt_type, y_type) F(y_scale) I(y_zero)

/* heat_map (SuperPoint, DeTone et al. 2018): softmax over the channels of each cell, of which the last ("no point
 * here") is dropped and the others unfold into a cell x cell square. x [n][h][w][cell*cell + 1], y f32
 * [n][h*cell][w*cell]. */
#define RT_HEAT_MAP(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(cell) E(rt_type, x_type)

/* nms: keeps local maxima of s f32 [n][h][w], sets everything else to 0. A point is kept when it equals the maximum of
 * the (2 radius + 1) square around it (outside the picture counts as -infinity); then, `rounds` times, points within
 * the radius of a kept one are set to 0 and the maxima of what remains are kept as well (only such as are not
 * within the radius of a kept one). The outermost `border` rows and columns become `fill`. No NaN. In place allowed.
 * scratch: 3 * n * h * w floats. */
#define RT_NMS(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(radius) I(rounds) I(border) F(fill)

/* top_k: the k largest (smallest: smallest = 1) of each of rows x n elements (dense), ties to the lower index, NaN
 * counts as largest; sorted from the strongest on, or, when sorted is 0, by index. Linear time for any k.
 * values: x_type [rows][k] or NULL; index: index_type (i32 or i64) [rows][k]; scratch: rt_top_k_scratch bytes. */
#define RT_TOP_K(I, F, E, A, T, S) \
	I(rows) I(n) I(k) I(smallest) I(sorted) E(rt_type, x_type) E(rt_type, index_type)

/* grid_sample (ONNX GridSample-20): x [n][h][w][c]; grid f32 [n][points][2] (x, y in -1..1); y [n][points][c] of y_type.
 * In volumes, which have a depth d (not 0), x is [n][d][h][w][c] and the grid [n][points][3] (x, y, z). */
#define RT_GRID_SAMPLE(I, F, E, A, T, S) \
	I(n) I(d) I(h) I(w) I(c) I(points) I(align_corners) E(rt_grid_mode, mode) E(rt_grid_padding, padding) \
	E(rt_type, x_type) E(rt_type, y_type)

/* log_assignment (LightGlue, Lindenberger et al. 2023): y[i][j] = logsoftmax_j(s)[i][j] + logsoftmax_i(s)[i][j] + z0[i]
 * + z1[j] for each of b pairs; z0 and z1 are logarithms (of how sure each point is to have a match). s, y f32
 * [b][m][n]; z0 f32 [b][m], z1 f32 [b][n]. In place. scratch: b * (m + n) floats. */
#define RT_LOG_ASSIGNMENT(I, F, E, A, T, S) \
	I(b) I(m) I(n)

/* mutual_match: for s f32 [b][m][n] (logarithms), row i's best column j (the first of equals) is a match when row i is
 * also column j's best row and exp(s[i][j]) > threshold: match[i] = j, score[i] = exp(s[i][j]); else -1 and 0.
 * column[i] = j, best[i] = exp(s[i][j]) and accept[i] in any case; any output may be NULL. mutual_scores: score[i] does
 * not ask for the threshold. match, column: index_type [b][m], score, best: f32 [b][m], accept: bool [b][m], scratch:
 * b * n int32_t. */
#define RT_MUTUAL_MATCH(I, F, E, A, T, S) \
	I(b) I(m) I(n) F(threshold) I(mutual_scores) E(rt_type, index_type)

/* pool2d: x [n][h][w][c], y [n][oh][ow][c], both of type. */
#define RT_POOL2D(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(c) I(oh) I(ow) I(kh) I(kw) I(stride_h) I(stride_w) I(pad_top) I(pad_left) I(pad_bottom) \
	I(pad_right) I(dilation_h) I(dilation_w) E(rt_pool_kind, kind) E(rt_type, type)

/* map: y = program(x0, x1, ...) for every element of an index space of `rank` dimensions. xN, y: strides per dimension
 * (0 broadcasts); the innermost dimension is last. In place over an input that has y's strides and element size. */
#define RT_MAP(I, F, E, A, T, S) \
	I(rank) A(dim, RT_RANK) A(y, RT_RANK) A(x0, RT_RANK) A(x1, RT_RANK) A(x2, RT_RANK) A(x3, RT_RANK) \
	A(x4, RT_RANK) A(x5, RT_RANK) I(inputs) E(rt_type, y_type) T(x_type, RT_MAP_INPUTS) I(steps) S(step)

/* reduce: over the dimensions of `over`, for every element of `dim`; y dense over dim. x strided: x over dim,
 * over_x over `over` (row-major order counts for the index of RT_ARG_*, whose result has y_type i32 or i64).
 * Floats are reduced in double, integers in 64 bits; the result is rounded to y_type, or wraps. Over no elements, sums
 * are 0, products 1, extremes the other end of the type, logarithms of sums -infinity, indices 0. */
#define RT_REDUCE(I, F, E, A, T, S) \
	I(rank) A(dim, RT_RANK) A(x, RT_RANK) I(over_rank) A(over, RT_RANK) A(over_x, RT_RANK) \
	E(rt_reduce_kind, kind) E(rt_type, x_type) E(rt_type, y_type)

/* What y_scale and x_scale mean; matmul_int8; copy_nd, fill, gather, gather_elements, gather_nd, scatter_nd, scatter_elements. */
#include "rt_bytes.h"
#include "rt_conv.h"
#include "rt_move.h"

/* cum_sum (ONNX CumSum): sums along n of dense [outer][n][inner]; exclusive: without the element itself; reverse: from
 * the end. Floats are summed in double. In place. */
#define RT_CUM_SUM(I, F, E, A, T, S) \
	I(outer) I(n) I(inner) I(exclusive) I(reverse) E(rt_type, type)

/* resize: y [outer][out][inner], y[o] = sum over t of weight[o][t] x[index[o][t]], x [outer][in][inner]; y[o] = outside
 * where the first index is -1. index: int32_t [out][taps]; weight [out][taps]: f32, or f64 (and sums in double) when x
 * or y is neither f32 nor narrower float. */
#define RT_RESIZE(I, F, E, A, T, S) \
	I(outer) I(in) I(out) I(inner) I(taps) F(outside) E(rt_type, x_type) E(rt_type, y_type)

/* col2im (the inverse of unfolding windows; ONNX Col2Im-18, ConvTranspose-22): y [n][out 0..2][group][c], each the sum
 * of all x that lie on it, plus bias f32 [group][c] or NULL. x has strides { n, group, window, tap, c }; windows and
 * taps are counted row-major over in[] and kernel[]. Index 0 is depth, 1 vertical, 2 horizontal. */
#define RT_COL2IM(I, F, E, A, T, S) \
	I(n) I(group) I(c) A(in, 3) A(out, 3) A(kernel, 3) A(stride, 3) A(dilation, 3) A(pad, 3) A(x, 5) \
	E(rt_type, x_type) E(rt_type, y_type)

/* max_pool (ONNX MaxPool with Indices): x [planes][in 0..2], y [planes][out 0..2], both of type, and where each maximum
 * (the first of equals) is: index int64_t, counts x in row-major order, or inside each plane in column-major order. */
#define RT_MAX_POOL(I, F, E, A, T, S) \
	I(planes) A(in, 3) A(out, 3) A(kernel, 3) A(stride, 3) A(dilation, 3) A(pad, 3) I(column_major) \
	E(rt_type, type)

/* deform_sample (deformable convolution, Zhu et al. 2019; ONNX DeformConv-19): what the windows of a convolution see
 * when each tap is moved by its own offset: y [n][group][oh * ow][kh * kw][c / group], bilinear between the pixels of x
 * [n][h][w][c], 0 outside. offset f32 [n][offset_group][tap][vertical, horizontal][pixel], mask f32
 * [n][offset_group][tap][pixel] (factors) or NULL, both with strides { n, channel, pixel }. */
#define RT_DEFORM_SAMPLE(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(c) I(oh) I(ow) A(kernel, 2) A(stride, 2) A(dilation, 2) A(pad, 2) I(group) I(offset_group) \
	A(offset, 3) A(mask, 3) E(rt_type, x_type) E(rt_type, y_type)

/* non_zero (ONNX NonZero-13): the positions at which x, n dense elements of x_type, is not zero, in order. Position i
 * stands for coordinates in dim, row-major, or place[i] does when place (i32 [n]) is not NULL. index: index_type
 * [rank][capacity], zeros behind the last; count: index_type, how many there are, which may be more than were stored.
 */
#define RT_NON_ZERO(I, F, E, A, T, S) \
	I(n) I(rank) A(dim, RT_RANK) I(capacity) E(rt_type, x_type) E(rt_type, index_type)
/* clang-format on */

#define RT_FIELD_I(name)       int32_t name;
#define RT_FIELD_F(name)       float name;
#define RT_FIELD_E(type, name) enum type name;
#define RT_FIELD_A(name, n)    int32_t name[n];
#define RT_FIELD_T(name, n)    enum rt_type name[n];
#define RT_FIELD_S(name)       const struct rt_step *name;

/* The structures: struct rt_conv2d and so on. */
#define RT_STRUCTS(X)                                                                                                  \
	X(conv2d, RT_CONV2D)                                                                                               \
	X(winograd, RT_WINOGRAD)                                                                                           \
	X(conv2d_int8, RT_CONV2D_INT8)                                                                                     \
	X(linear, RT_LINEAR)                                                                                               \
	X(matmul, RT_MATMUL)                                                                                               \
	X(matmul_int8, RT_MATMUL_INT8)                                                                                     \
	X(attention, RT_ATTENTION)                                                                                         \
	X(rotary, RT_ROTARY)                                                                                               \
	X(layer_norm, RT_LAYER_NORM)                                                                                       \
	X(l2_norm, RT_L2_NORM)                                                                                             \
	X(softmax, RT_SOFTMAX)                                                                                             \
	X(heat_map, RT_HEAT_MAP)                                                                                           \
	X(nms, RT_NMS)                                                                                                     \
	X(top_k, RT_TOP_K)                                                                                                 \
	X(grid_sample, RT_GRID_SAMPLE)                                                                                     \
	X(log_assignment, RT_LOG_ASSIGNMENT)                                                                               \
	X(mutual_match, RT_MUTUAL_MATCH)                                                                                   \
	X(pool2d, RT_POOL2D)                                                                                               \
	X(map, RT_MAP)                                                                                                     \
	X(reduce, RT_REDUCE)                                                                                               \
	X(copy_nd, RT_COPY_ND)                                                                                             \
	X(fill, RT_FILL)                                                                                                   \
	X(gather, RT_GATHER)                                                                                               \
	X(gather_elements, RT_GATHER_ELEMENTS)                                                                             \
	X(gather_nd, RT_GATHER_ND)                                                                                         \
	X(scatter_nd, RT_SCATTER_ND)                                                                                       \
	X(scatter_elements, RT_SCATTER_ELEMENTS)                                                                           \
	X(cum_sum, RT_CUM_SUM)                                                                                             \
	X(resize, RT_RESIZE)                                                                                               \
	X(col2im, RT_COL2IM)                                                                                               \
	X(max_pool, RT_MAX_POOL)                                                                                           \
	X(deform_sample, RT_DEFORM_SAMPLE)                                                                                 \
	X(non_zero, RT_NON_ZERO)

#define RT_STRUCT(name, LIST)                                                                                          \
	struct rt_##name {                                                                                                 \
		LIST(RT_FIELD_I, RT_FIELD_F, RT_FIELD_E, RT_FIELD_A, RT_FIELD_T, RT_FIELD_S)                                   \
	};
RT_STRUCTS(RT_STRUCT)

/* What one call of NAME_run hands to every kernel. The options are never NULL here. */
struct rt_run {
	const struct gluec_options *options;
};

/* Tells whoever traces the run which call comes next; NULL at the end. Returns run. */
static inline const struct rt_run *rt_step(const struct rt_run *run, const char *call)
{
	if (run->options->trace)
		run->options->trace(run->options->trace_user, call);
	return run;
}

/* Every kernel: name, how many of its pointers are written (they come first), how many pointers, the pointers.
 * A kernel NAME has one build per instruction set: rt_NAME_c, rt_NAME_avx2, ...  */
#define RT_KERNELS(K)                                                                                                  \
	K(conv2d, 1, 4, (void *y, const void *x, const void *w, const void *bias))                                         \
	K(winograd, 1, 7,                                                                                                  \
		(void *y, const void *x, const void *w, const void *bias, const void *head_w, const void *head_bias,           \
			void *scratch))                                                                                            \
	K(conv2d_int8, 1, 7,                                                                                               \
		(void *y, const void *x, const void *w, const void *sums, const void *scale, const void *bias,                 \
			const void *residual))                                                                                     \
	K(linear, 1, 6, (void *y, const void *x0, const void *x1, const void *w, const void *bias, const void *residual))  \
	K(matmul, 1, 3, (void *y, const void *a, const void *b))                                                           \
	K(matmul_int8, 1, 3, (void *y, const void *a, const void *b))                                                      \
	K(attention, 1, 4, (void *y, const void *q, const void *k, const void *v))                                         \
	K(rotary, 1, 4, (void *y, const void *x, const void *cos, const void *sin))                                        \
	K(layer_norm, 1, 4, (void *y, const void *x, const void *scale, const void *bias))                                 \
	K(l2_norm, 1, 2, (void *y, const void *x))                                                                         \
	K(softmax, 1, 2, (void *y, const void *x))                                                                         \
	K(heat_map, 1, 2, (void *y, const void *x))                                                                        \
	K(nms, 1, 3, (void *y, const void *x, void *scratch))                                                              \
	K(top_k, 2, 4, (void *values, void *index, const void *x, void *scratch))                                          \
	K(grid_sample, 1, 3, (void *y, const void *x, const void *grid))                                                   \
	K(log_assignment, 1, 5, (void *y, const void *s, const void *z0, const void *z1, void *scratch))                   \
	K(mutual_match, 5, 7,                                                                                              \
		(void *match, void *score, void *column, void *best, void *accept, const void *s, void *scratch))              \
	K(pool2d, 1, 2, (void *y, const void *x))                                                                          \
	K(map, 1, 7,                                                                                                       \
		(void *y, const void *x0, const void *x1, const void *x2, const void *x3, const void *x4, const void *x5))     \
	K(reduce, 1, 2, (void *y, const void *x))                                                                          \
	K(copy_nd, 1, 2, (void *y, const void *x))                                                                         \
	K(fill, 1, 1, (void *y))                                                                                           \
	K(gather, 1, 3, (void *y, const void *x, const void *index))                                                       \
	K(gather_elements, 1, 3, (void *y, const void *x, const void *index))                                              \
	K(gather_nd, 1, 3, (void *y, const void *x, const void *index))                                                    \
	K(scatter_nd, 1, 4, (void *y, const void *x, const void *index, const void *update))                               \
	K(scatter_elements, 1, 4, (void *y, const void *x, const void *index, const void *update))                         \
	K(cum_sum, 1, 2, (void *y, const void *x))                                                                         \
	K(resize, 1, 4, (void *y, const void *x, const void *index, const void *weight))                                   \
	K(col2im, 1, 3, (void *y, const void *x, const void *bias))                                                        \
	K(max_pool, 2, 3, (void *y, void *index, const void *x))                                                           \
	K(deform_sample, 1, 4, (void *y, const void *x, const void *offset, const void *mask))                             \
	K(non_zero, 2, 4, (void *index, void *count, const void *x, const void *place))

/* RT_PARAMETERS(conv2d, (void *y, ...)) is the full parameter list; RT_OPEN drops the parentheses. */
#define RT_OPEN(...)                  __VA_ARGS__
#define RT_PARAMETERS(name, pointers) (const struct rt_run *run, const struct rt_##name *p, RT_OPEN pointers)

/* RT_ISAS(I, x) expands I(isa, x) for each instruction set built, weakest first. The build defines it from the vec_*.h
 * files that it finds; portable C is always there. */
#ifndef RT_ISAS
#define RT_ISAS(I, x) I(c, x)
#endif

/* For each kernel its function type (rt_conv2d_fn) and the declarations of its builds. */
#define RT_FUNCTION_TYPE(name, outputs, pointers, list) typedef void rt_##name##_fn RT_PARAMETERS(name, list);
RT_KERNELS(RT_FUNCTION_TYPE)
#define RT_DECLARE_BUILD(isa, name)               rt_##name##_fn rt_##name##_##isa;
#define RT_DECLARE(name, outputs, pointers, list) RT_ISAS(RT_DECLARE_BUILD, name)
RT_KERNELS(RT_DECLARE)

/* Tables of kernels, one entry per instruction set in the order of RT_ISAS. Generated code lists the kernels that it
 * uses as KERNELS(K, isa) and so links only those:
 *     struct kernels { KERNELS(RT_MEMBER, ) };
 *     static const struct kernels table[] = { RT_ISAS(RT_ROW, KERNELS) };   */
#define RT_MEMBER(name, isa) rt_##name##_fn *name;
#define RT_ENTRY(name, isa)  .name = rt_##name##_##isa,
#define RT_ROW(isa, KERNELS) { KERNELS(RT_ENTRY, isa) },

/* The index into such a table for the instruction set named isa, or for the best that this machine has when isa is
 * NULL; -1 when the object or the machine lacks it. */
int rt_select(const char *isa);

/* The names in the order of RT_ISAS, NULL at the end. */
extern const char *const rt_isa_names[];

/* Does this machine have the instruction set? rt_has_c, rt_has_avx2, ... each in isa/NAME.c. */
#define RT_DECLARE_HAS(isa, x) bool rt_has_##isa(void);
RT_ISAS(RT_DECLARE_HAS, )

/* A 64-bit digest of n bytes, which init compares with the one that the compiler wrote into the code. */
uint64_t rt_digest(const void *data, size_t n);

static inline size_t rt_type_size(enum rt_type type)
{
	switch (type) {
	case RT_U8:
	case RT_I8:
	case RT_BOOL:
	case RT_F8E4M3FN:
	case RT_F8E4M3FNUZ:
	case RT_F8E5M2:
	case RT_F8E5M2FNUZ:
	case RT_U4:
	case RT_I4:
	case RT_F4E2M1:
	case RT_F8E8M0:
	case RT_U2:
	case RT_I2:
		return 1;
	case RT_U16:
	case RT_I16:
	case RT_F16:
	case RT_BF16:
		return 2;
	case RT_F32:
	case RT_I32:
	case RT_U32:
	case RT_BF16X2:
		return 4;
	case RT_I64:
	case RT_F64:
	case RT_U64:
		return 8;
	case RT_NOTYPE:
		break;
	}
	return 0;
}

#include "rt_scratch.h"

#endif
