/* Vectors of four floats, by Advanced SIMD of 64-bit Arm, which has fused multiply-adds and conversions of halves
 * always: what the levels with it have in common. Each adds its own sums of bytes, vec_sums to v_dot. See vec.h for
 * what each function does. */
#ifndef BASE_NEON_H
#define BASE_NEON_H

#include <arm_neon.h>

/* Thirty-two registers: 6 x 16 sums take twenty-four, a row of weights four, the broadcast one. */
enum { LANES = 4, TILE_ROWS = 6, TILE_PANELS = 1 };

typedef float32x4_t vec;
typedef uint32x4_t vec_mask;

VEC_INLINE vec v_set(float f)
{
	return vdupq_n_f32(f);
}

VEC_INLINE vec v_load(const float *p)
{
	return vld1q_f32(p);
}

VEC_INLINE void v_store(float *p, vec a)
{
	vst1q_f32(p, a);
}

VEC_INLINE void v_stream(float *p, vec a)
{
	vst1q_f32(p, a);
}

VEC_INLINE void v_stream_end(void)
{
}

VEC_INLINE vec v_load_n(const float *p, int n)
{
	vec a = v_set(0.0f);

	if (n == LANES)
		return v_load(p);
	if (n > 0)
		a = vld1q_lane_f32(p, a, 0);
	if (n > 1)
		a = vld1q_lane_f32(p + 1, a, 1);
	if (n > 2)
		a = vld1q_lane_f32(p + 2, a, 2);
	return a;
}

VEC_INLINE void v_store_n(float *p, vec a, int n)
{
	if (n == LANES) {
		v_store(p, a);
		return;
	}
	if (n > 0)
		vst1q_lane_f32(p, a, 0);
	if (n > 1)
		vst1q_lane_f32(p + 1, a, 1);
	if (n > 2)
		vst1q_lane_f32(p + 2, a, 2);
}

VEC_INLINE vec v_load_half(const uint16_t *p)
{
	return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

VEC_INLINE void v_store_half(uint16_t *p, vec a)
{
	vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a)));
}

/* The bits of a, those of a NaN made quiet. */
VEC_INLINE uint32x4_t v_quiet_bits(vec a)
{
	uint32x4_t bits = vreinterpretq_u32_f32(a);

	return vbslq_u32(vceqq_f32(a, a), bits, vorrq_u32(bits, vdupq_n_u32(0x400000)));
}

VEC_INLINE vec v_load_bfloat(const uint16_t *p)
{
	return vreinterpretq_f32_u32(v_quiet_bits(vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16))));
}

VEC_INLINE void v_load_pairs(const uint16_t *p, vec *a, vec *b)
{
	uint32x4_t pairs = vreinterpretq_u32_u16(vld1q_u16(p));

	*a = vreinterpretq_f32_u32(vshlq_n_u32(pairs, 16));
	*b = vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xffff0000)));
}

VEC_INLINE void v_store_bfloat(uint16_t *p, vec a)
{
	uint32x4_t bits = vreinterpretq_u32_f32(a), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
	uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));

	vst1_u16(p, vshrn_n_u32(vbslq_u32(vceqq_f32(a, a), rounded, v_quiet_bits(a)), 16));
}

VEC_INLINE vec v_add(vec a, vec b)
{
	return vaddq_f32(a, b);
}

VEC_INLINE vec v_sub(vec a, vec b)
{
	return vsubq_f32(a, b);
}

VEC_INLINE vec v_mul(vec a, vec b)
{
	return vmulq_f32(a, b);
}

VEC_INLINE vec v_div(vec a, vec b)
{
	return vdivq_f32(a, b);
}

VEC_INLINE vec v_sqrt(vec a)
{
	return vsqrtq_f32(a);
}

VEC_INLINE vec v_abs(vec a)
{
	return vabsq_f32(a);
}

VEC_INLINE vec v_fma(vec a, vec b, vec c)
{
	return vfmaq_f32(c, a, b);
}

VEC_INLINE vec_mask v_less(vec a, vec b)
{
	return vcltq_f32(a, b);
}

VEC_INLINE vec v_select(vec_mask m, vec a, vec b)
{
	return vbslq_f32(m, a, b);
}

/* The processor's own minimum and maximum would give NaN whichever operand it is in. */
VEC_INLINE vec v_min(vec a, vec b)
{
	return v_select(v_less(a, b), a, b);
}

VEC_INLINE vec v_max(vec a, vec b)
{
	return v_select(v_less(b, a), a, b);
}

VEC_INLINE vec v_copysign(vec a, vec b)
{
	return vbslq_f32(vdupq_n_u32(0x80000000), b, a);
}

VEC_INLINE vec v_round(vec a)
{
	return vrndnq_f32(a);
}

/* 1.5 * 2^23 is a float whose low bits count ones: adding it puts a + 127 where a shift makes it an exponent. */
VEC_INLINE vec v_pow2(vec a)
{
	return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(vaddq_f32(a, v_set(12582912.0f + 127))), 23));
}

/* 2^-127 comes out as 0. */
VEC_INLINE vec v_scale(vec a, vec n)
{
	return v_mul(a, v_pow2(v_max(n, v_set(-127.0f))));
}

VEC_INLINE vec v_exponent(vec a)
{
	int32x4_t exponent = vshrq_n_s32(vreinterpretq_s32_f32(a), 23);

	return vcvtq_f32_s32(vsubq_s32(exponent, vdupq_n_s32(127)));
}

VEC_INLINE vec v_mantissa(vec a)
{
	return vbslq_f32(vdupq_n_u32(0x7fffff), a, v_set(1.0f));
}

VEC_INLINE float v_sum(vec a)
{
	float32x2_t s = vadd_f32(vget_low_f32(a), vget_high_f32(a));

	return vget_lane_f32(s, 0) + vget_lane_f32(s, 1);
}

VEC_INLINE float v_largest(vec a)
{
	float32x2_t low = vget_low_f32(a), high = vget_high_f32(a), s = vbsl_f32(vcgt_f32(low, high), low, high);
	float even = vget_lane_f32(s, 0), odd = vget_lane_f32(s, 1);

	return even > odd ? even : odd;
}

VEC_INLINE void v_transpose(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step)
{
	vec row0 = v_load(from), row1 = v_load(from + from_step);
	vec row2 = v_load(from + 2 * from_step), row3 = v_load(from + 3 * from_step);
	vec low02 = vzip1q_f32(row0, row2), low13 = vzip1q_f32(row1, row3);
	vec high02 = vzip2q_f32(row0, row2), high13 = vzip2q_f32(row1, row3);

	v_store(to, vzip1q_f32(low02, low13));
	v_store(to + to_step, vzip2q_f32(low02, low13));
	v_store(to + 2 * to_step, vzip1q_f32(high02, high13));
	v_store(to + 3 * to_step, vzip2q_f32(high02, high13));
}

VEC_INLINE vec v_of_sums(const int32_t *p, const int32_t *q)
{
	return vcvtq_f32_s32(vaddq_s32(vld1q_s32(p), vld1q_s32(q)));
}

VEC_INLINE void v_store_bytes(uint8_t *p, vec a, int32_t n)
{
	int32x4_t integers = vaddq_s32(vcvtnq_s32_f32(a), vdupq_n_s32(n));
	uint16x4_t words = vmovn_u32(vreinterpretq_u32_s32(integers));
	uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
	uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);

	memcpy(p, &four, sizeof four);
}

/* No Arm processor multiplies unsigned bytes by signed ones without the dot products of Armv8.6. */
enum { DOT_SIGNED = 1 };

typedef int8x16_t vec_group, vec_bytes;

VEC_INLINE vec_group v_group(const uint8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof four);
	return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

VEC_INLINE vec_bytes v_load_bytes(const int8_t *p)
{
	return vld1q_s8(p);
}

#endif
