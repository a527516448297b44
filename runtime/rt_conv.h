/* The contracts of two special convolutions: a part of rt.h, which explains the field lists. */
#ifndef RT_CONV_H
#define RT_CONV_H

/* clang-format off */
/* winograd: y = pool(act(conv(x, w) + bias)), a convolution of 3 x 3 taps with stride 1, by F(4 x 4, 3 x 3) of Winograd
 * (Lavin & Gray 2016): a square of 4 x 4 outputs takes 36 products of channel vectors instead of 144. An output
 * is within RT_WINOGRAD_ERROR, times 9 c times the largest |x| and |w|, of the exact one; an infinite or NaN input
 * spoils the squares that see it. In spite of the name, levels with tiles of bfloat16 compute it directly when w is bf16:
 * that is faster there. Then x (or what the first convolution below gives) may be rounded, which moves an output by as
 * much as RT_BF16 (rt.h) says, and an infinite or NaN input spoils any of the squares of its block.
 * x [n][h][w][c] of x_type; y [n][oh][ow][oc] of y_type, or [n][oh/2][ow/2][oc] when pool is 2 (2x2 maximum, stride 2,
 * a last odd row or column is dropped). w: ceil(oc/16) panels of [3][3][c][16] of w_type (f32 or f16; bf16 as conv2d
 * says), zero-filled; bias: f32 [oc] padded with zeros to a multiple of 16, or NULL. slope serves RT_LEAKY_RELU, here
 * and below.
 *
 * With head_c > 0 a first convolution runs inside, a few rows at a time, so that its result of full size, h x w x c, is
 * never stored: x is then [n][h][w][head_c], and conv's input is head_act(conv(x, head_w) + head_bias) of 3 x 3 taps,
 * stride 1 and padding 1. head_w: ceil(c/16) panels of [3][3][head_c][16] like w; head_bias like bias. Else both are
 * NULL.
 *
 * Work is cut into blocks of tiles_h x tiles_w squares, and blocks into `slots` units, each with scratch of its own:
 * that many threads can take part. scratch: rt_winograd_scratch bytes. */
#define RT_WINOGRAD(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(c) I(oh) I(ow) I(oc) I(pad_top) I(pad_left) I(pool) E(rt_act, act) F(slope) I(head_c) \
	E(rt_act, head_act) I(tiles_h) I(tiles_w) I(slots) E(rt_type, x_type) E(rt_type, y_type) \
	E(rt_type, w_type)

/* conv2d_int8: a convolution of bytes with exact sums, under ONNX's QLinearConv-10 and everything like it. A linear layer
 * of m rows is one of 1 x 1 taps over a picture of one row: h = oh = 1, w = ow = m.
 *
 *     t[o] = sums[o] + the sum over taps and channels of x w; a tap outside of the picture reads x_zero
 *     u = (float)t scale[o]; when step is not 0: u = min(max(round_to_even(u), low), high) step, as if a QuantizeLinear and a
 *         DequantizeLinear stood there
 *     v = act(u + bias[o]), all products and sums rounded each
 *     y = saturate(round_to_even(v) + y_zero) for integers; v + residual for floats; t for RT_I32
 *
 * so that no level differs in a bit from another where act is none, a ReLU or a leaky one. pool = 2: the largest of 2 x 2
 * values v, as in conv2d; then the residual, of y's shape.
 * x [n][h][w][c] of x_type (u8 or i8); y [n][oh][ow][oc], or [n][oh/2][ow/2][oc] when pool is 2, of y_type (u8, i8, a float
 * type, or i32, which has neither act nor pool); its pixels are ldy elements apart, oc where that is 0. residual: like y, of
 * y_type, only for floats and with ldy 0; may be NULL.
 * w: i8, for each group ceil((oc/group)/16) panels of [kh][kw][ceil((c/group)/4)][16][4], zero-filled: four channels of
 * a tap for each of 16 outputs. sums: i32 [oc], an integer bias and -x_zero times the sum of the output's weights. scale:
 * f32 [oc]. bias: f32 [oc], or NULL. All three padded with zeros to a multiple of 16.
 * w_zero: how much more each weight is than it is stored as, for weights u8 less a zero point.
 * kh kw c/group is at most RT_INT8_TERMS, so that the sum of products fits 32 bits; adding sums wraps. */
#define RT_CONV2D_INT8(I, F, E, A, T, S) \
	I(n) I(h) I(w) I(c) I(oh) I(ow) I(oc) I(kh) I(kw) I(stride_h) I(stride_w) I(pad_top) I(pad_left) \
	I(dilation_h) I(dilation_w) I(group) I(pool) I(ldy) E(rt_act, act) F(slope) I(x_zero) I(y_zero) I(w_zero) \
	F(step) I(low) I(high) E(rt_type, x_type) E(rt_type, y_type)
/* clang-format on */

enum { RT_INT8_TERMS = 65536 };

#define RT_WINOGRAD_ERROR 4e-7

enum {
	RT_WINOGRAD_OUT = 4,  /* outputs along a side of a square */
	RT_WINOGRAD_SIDE = 6, /* inputs along it */
	RT_WINOGRAD_PLANES = 36,
	RT_WINOGRAD_TILES = 32, /* most squares in a block */
	RT_WINOGRAD_PANELS = 2, /* of output channels that are multiplied together */
	RT_WINOGRAD_SLOTS = 8,  /* most units */
};

#endif
