/* How kernels of float arithmetic read and write quantised tensors, and the product of two of them: a part of rt.h,
 * which explains the field lists.
 *
 * Where a kernel has the parameters y_scale and y_zero, its y_type may be u8 or i8, too. Then y is stored as ONNX's
 * QuantizeLinear-13 would store the float result v: saturate(round_to_even(v / y_scale) + y_zero), with y_scale a
 * positive normal number, y_zero one of the type's, and 0 for a NaN. Where it has x_scale and x_zero, its x_type may be
 * u8 or i8, and x stands for (float)(x - x_zero) * x_scale, as in DequantizeLinear-13. For float types the parameters
 * are not looked at. */
#ifndef RT_BYTES_H
#define RT_BYTES_H

/* clang-format off */
/* matmul_int8: the product of two tensors of bytes with exact sums, under ONNX's QLinearMatMul-10 and everything like it:
 *
 *     t = the sum over k of (a[b0][b1][i][k] - a_zero) (b[b0][b1][k][j] - b_zero)
 *     v = (float)t scale
 *     y[b0][b1][i][j] = saturate(round_to_even(v) + y_zero) for bytes, v for floats
 *
 * so that no level differs in a bit from another. a_type and b_type are u8 or i8, y_type is one of them or a float type;
 * zero points are numbers of their types. Stride arrays are { b0, b1, row, column } of a and b, { b0, b1, row } of y,
 * whose columns are neighbours; 0 broadcasts a or b, negative is allowed. k is at most RT_INT8_PAIRS, so that t fits 32
 * bits. */
#define RT_MATMUL_INT8(I, F, E, A, T, S) \
	I(b0) I(b1) I(m) I(n) I(k) A(a, 4) A(b, 4) A(y, 3) F(scale) I(a_zero) I(b_zero) I(y_zero) E(rt_type, a_type) \
	E(rt_type, b_type) E(rt_type, y_type)
/* clang-format on */

enum { RT_INT8_PAIRS = 32768 };

static inline bool rt_is_byte(enum rt_type type)
{
	return type == RT_U8 || type == RT_I8;
}

#endif
