/* Vectors of four floats in portable C: the vector extension that GCC and Clang share, which they turn into whatever
 * the target has, single floats at worst. The sums are never contracted into fused ones (the build says
 * -ffp-contract=off), so that this level gives the same bits on every machine. See vec.h for what each function does.
 */
#ifndef VEC_C_H
#define VEC_C_H

/* Without SSE2, which every x86 since 2001 has, GCC 12 compiles vectors for 32-bit x86 wrongly: loops with calls leak
 * stack. */
#if defined __i386__ && !defined __SSE2__
#pragma GCC target("sse2,fpmath=sse")
#endif

enum { LANES = 4, TILE_ROWS = 2, TILE_PANELS = 1 };

typedef float vec __attribute__((vector_size(16)));
typedef int32_t vec_mask __attribute__((vector_size(16)));
typedef uint32_t vec_bits __attribute__((vector_size(16)));

VEC_INLINE vec v_load(const float *p)
{
	vec a;

	memcpy(&a, p, sizeof a);
	return a;
}

VEC_INLINE void v_store(float *p, vec a)
{
	memcpy(p, &a, sizeof a);
}

VEC_INLINE void v_stream(float *p, vec a)
{
	v_store(p, a);
}

VEC_INLINE void v_stream_end(void)
{
}

VEC_INLINE vec v_load_n(const float *p, int n)
{
	vec a = { 0 };

	if (n == LANES)
		return v_load(p);
	for (int i = 0; i < n; i++)
		a[i] = p[i];
	return a;
}

VEC_INLINE void v_store_n(float *p, vec a, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = a[i];
}

VEC_INLINE vec v_set(float f)
{
	return (vec){ f, f, f, f };
}

VEC_INLINE vec v_select(vec_mask m, vec a, vec b)
{
	return (vec)((m & (vec_mask)a) | (~m & (vec_mask)b));
}

/* Four 16-bit numbers, one in each lane. */
VEC_INLINE vec_bits v_load_bits(const uint16_t *p)
{
	return (vec_bits){ p[0], p[1], p[2], p[3] };
}

/* Where the exponent of a half is put into that of a float, it is too small by 112: a multiplication sets that right,
 * and makes numbers of subnormal ones, too. */
VEC_INLINE vec v_load_half(const uint16_t *p)
{
	vec_bits bits = v_load_bits(p), sign = (bits & 0x8000) << 16, magnitude = (bits & 0x7fff) << 13;
	vec_bits special = magnitude | 0x7f800000 | ((vec_bits)(magnitude > 0x0f800000) & 0x400000);
	vec number = (vec)magnitude * v_set(0x1p112f);

	return (vec)(sign | (vec_bits)v_select((vec_mask)(magnitude >= 0x0f800000), (vec)special, number));
}

VEC_INLINE void v_store_half(uint16_t *p, vec a)
{
	for (int i = 0; i < LANES; i++)
		p[i] = half_of_float(a[i]);
}

VEC_INLINE vec v_load_bfloat(const uint16_t *p)
{
	vec_bits bits = v_load_bits(p) << 16;

	return (vec)(bits | ((vec_bits)((bits & 0x7fffffff) > 0x7f800000) & 0x400000));
}

VEC_INLINE void v_load_pairs(const uint16_t *p, vec *a, vec *b)
{
	*a = (vec)(vec_bits){ (uint32_t)p[0] << 16, (uint32_t)p[2] << 16, (uint32_t)p[4] << 16, (uint32_t)p[6] << 16 };
	*b = (vec)(vec_bits){ (uint32_t)p[1] << 16, (uint32_t)p[3] << 16, (uint32_t)p[5] << 16, (uint32_t)p[7] << 16 };
}

VEC_INLINE void v_store_bfloat(uint16_t *p, vec a)
{
	for (int i = 0; i < LANES; i++)
		p[i] = bfloat_of_float(a[i]);
}

VEC_INLINE vec v_add(vec a, vec b)
{
	return a + b;
}

VEC_INLINE vec v_sub(vec a, vec b)
{
	return a - b;
}

VEC_INLINE vec v_mul(vec a, vec b)
{
	return a * b;
}

VEC_INLINE vec v_div(vec a, vec b)
{
	return a / b;
}

VEC_INLINE vec v_sqrt(vec a)
{
	return (vec){ sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3]) };
}

VEC_INLINE vec v_fma(vec a, vec b, vec c)
{
	return a * b + c;
}

VEC_INLINE vec_mask v_less(vec a, vec b)
{
	return a < b;
}

VEC_INLINE vec v_abs(vec a)
{
	return (vec)((vec_mask)a & INT32_MAX);
}

VEC_INLINE vec v_copysign(vec a, vec b)
{
	return (vec)(((vec_mask)a & INT32_MAX) | ((vec_mask)b & INT32_MIN));
}

VEC_INLINE vec v_min(vec a, vec b)
{
	return v_select(a < b, a, b);
}

VEC_INLINE vec v_max(vec a, vec b)
{
	return v_select(a > b, a, b);
}

/* 1.5 * 2^23 is a float whose low bits count ones: adding it rounds to an integer, and leaves that in the low bits. */
VEC_INLINE vec v_round(vec a)
{
	vec shifted = a + v_set(12582912.0f);

	return shifted - v_set(12582912.0f);
}

VEC_INLINE vec v_pow2(vec a)
{
	vec shifted = a + v_set(12582912.0f + 127);

	return (vec)((vec_bits)shifted << 23);
}

/* 2^-127 comes out as 0. */
VEC_INLINE vec v_scale(vec a, vec n)
{
	return a * v_pow2(v_max(n, v_set(-127.0f)));
}

VEC_INLINE vec v_exponent(vec a)
{
	return __builtin_convertvector(((vec_mask)a >> 23) - 127, vec);
}

VEC_INLINE vec v_mantissa(vec a)
{
	return (vec)(((vec_mask)a & 0x7fffff) | 0x3f800000);
}

VEC_INLINE float v_sum(vec a)
{
	return (a[0] + a[2]) + (a[1] + a[3]);
}

VEC_INLINE float v_largest(vec a)
{
	float even = a[0] > a[2] ? a[0] : a[2], odd = a[1] > a[3] ? a[1] : a[3];

	return even > odd ? even : odd;
}

VEC_INLINE void v_transpose(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step)
{
	for (int i = 0; i < LANES; i++)
		for (int j = 0; j < LANES; j++)
			to[j * to_step + i] = from[i * from_step + j];
}

enum { DOT_ROWS = 2, DOT_PANELS = 1, DOT_SIGNED = 0 };

typedef uint32_t vec_sums __attribute__((vector_size(16)));
typedef int16_t vec_shorts __attribute__((vector_size(16)));
typedef uint16_t vec_ushorts __attribute__((vector_size(16)));

/* Bytes as numbers of 16 bits: every second one, and those between. Which these are does not matter, as long as x and w
 * agree. */
typedef struct {
	vec_shorts some, others;
} vec_group, vec_bytes;

VEC_INLINE vec_sums v_load_sums(const int32_t *p)
{
	vec_sums a;

	memcpy(&a, p, sizeof a);
	return a;
}

VEC_INLINE void v_store_sums(int32_t *p, vec_sums a)
{
	memcpy(p, &a, sizeof a);
}

VEC_INLINE vec_group v_group(const uint8_t *p)
{
	uint32_t four;

	memcpy(&four, p, sizeof four);
	vec_bits low = { four & 0xff00ff, four & 0xff00ff, four & 0xff00ff, four & 0xff00ff };
	four = four >> 8 & 0xff00ff;
	return (vec_group){ (vec_shorts)low, (vec_shorts)(vec_bits){ four, four, four, four } };
}

VEC_INLINE vec_bytes v_load_bytes(const int8_t *p)
{
	vec_shorts a;

	memcpy(&a, p, sizeof a);
	return (vec_bytes){ (vec_shorts)((vec_ushorts)a << 8) >> 8, a >> 8 };
}

/* The sum of the two numbers of 16 bits in each lane. */
VEC_INLINE vec_sums v_add_halves(vec_shorts a)
{
	return (vec_sums)((vec_mask)((vec_bits)a << 16) >> 16) + (vec_sums)((vec_mask)a >> 16);
}

/* A product of an unsigned and a signed byte fits 16 bits, a sum of two does not. */
VEC_INLINE vec_sums v_dot(vec_sums a, vec_group x, vec_bytes w)
{
	return a + v_add_halves(x.some * w.some) + v_add_halves(x.others * w.others);
}

VEC_INLINE vec v_of_sums(const int32_t *p, const int32_t *q)
{
	return __builtin_convertvector((vec_mask)(v_load_sums(p) + v_load_sums(q)), vec);
}

VEC_INLINE void v_store_bytes(uint8_t *p, vec a, int32_t n)
{
	vec_bits bits = (vec_bits)(a + v_set(12582912.0f)) + (uint32_t)n;

	for (int i = 0; i < LANES; i++)
		p[i] = (uint8_t)bits[i];
}

#endif
