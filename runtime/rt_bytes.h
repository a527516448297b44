/* How kernels of float arithmetic read and write quantised tensors: a part of rt.h.
 *
 * Where a kernel has the parameters y_scale and y_zero, its y_type may be u8 or i8, too. Then y is stored as ONNX's
 * QuantizeLinear-13 would store the float result v: saturate(round_to_even(v / y_scale) + y_zero), with y_scale a
 * positive normal number, y_zero one of the type's, and 0 for a NaN. Where it has x_scale and x_zero, its x_type may be
 * u8 or i8, and x stands for (float)(x - x_zero) * x_scale, as in DequantizeLinear-13. For float types the parameters
 * are not looked at. */
#ifndef RT_BYTES_H
#define RT_BYTES_H

static inline bool rt_is_byte(enum rt_type type)
{
	return type == RT_U8 || type == RT_I8;
}

#endif
