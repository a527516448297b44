/* Elements of any type as runs of floats, doubles or 64-bit integers, which is what kernels compute with.
 *
 * The conversions are those of ONNX's Cast: to an integer truncates, and where ONNX leaves the result open clamps to
 * what the type holds (NaN becomes 0), but wraps for integers of fewer than 8 bits; to bool asks for "not zero";
 * between integers wraps; to a narrower float rounds to nearest, ties to even. The integer domain holds a u64 as its
 * bits. `stride` is the distance in elements between the neighbours of a run. */
#ifndef ELEMENT_H
#define ELEMENT_H

#include "narrow.h"
#include "rt.h"
#include "vec.h"

enum element_domain { FLOAT_DOMAIN, DOUBLE_DOMAIN, INTEGER_DOMAIN };

static inline enum element_domain element_domain(enum rt_type type)
{
	if (type == RT_F32 || type == RT_F16 || type == RT_BF16 || is_narrow_float(type))
		return FLOAT_DOMAIN;
	return type == RT_F64 ? DOUBLE_DOMAIN : INTEGER_DOMAIN;
}

/* The address of element i. */
static inline const void *element_at(const void *x, enum rt_type type, ptrdiff_t i)
{
	return (const char *)x + i * (ptrdiff_t)rt_type_size(type);
}

static inline void *element_to(void *y, enum rt_type type, ptrdiff_t i)
{
	return (char *)y + i * (ptrdiff_t)rt_type_size(type);
}

static inline int64_t smallest_integer(enum rt_type type)
{
	switch (type) {
	case RT_I8:
		return INT8_MIN;
	case RT_I16:
		return INT16_MIN;
	case RT_I32:
		return INT32_MIN;
	case RT_I64:
		return INT64_MIN;
	case RT_I4:
		return -8;
	case RT_I2:
		return -2;
	default:
		return 0;
	}
}

/* For u64, the bits of the largest. */
static inline int64_t largest_integer(enum rt_type type)
{
	switch (type) {
	case RT_BOOL:
		return 1;
	case RT_U64:
		return -1;
	case RT_U4:
		return 15;
	case RT_U2:
		return 3;
	case RT_U8:
	case RT_U16:
	case RT_U32:
		return (int64_t)(UINT64_MAX >> (64 - 8 * rt_type_size(type)));
	default:
		return -(smallest_integer(type) + 1);
	}
}

/* What a value of the integer domain becomes when it is stored as `type` and read again. */
static inline int64_t wrap_integer(int64_t v, enum rt_type type)
{
	switch (type) {
	case RT_BOOL:
		return v != 0;
	case RT_U8:
		return (uint8_t)v;
	case RT_I8:
		return (int8_t)v;
	case RT_U16:
		return (uint16_t)v;
	case RT_I16:
		return (int16_t)v;
	case RT_U32:
		return (uint32_t)v;
	case RT_I32:
		return (int32_t)v;
	case RT_U4:
	case RT_U2:
		return v & largest_integer(type);
	case RT_I4:
	case RT_I2:
		return ((v - smallest_integer(type)) & (largest_integer(type) - smallest_integer(type))) +
			   smallest_integer(type);
	default:
		return v;
	}
}

static inline bool is_narrow_integer(enum rt_type type)
{
	return type == RT_U4 || type == RT_I4 || type == RT_U2 || type == RT_I2;
}

static inline int64_t integer_of_double(double v, enum rt_type type)
{
	int64_t low = smallest_integer(type), high = largest_integer(type), integer;

	if (type == RT_BOOL)
		return v != 0;
	if (v != v)
		return 0;
	if (type == RT_U64)
		return v <= 0 ? 0 : v >= 0x1p64 ? high : (int64_t)(uint64_t)v;
	if (v >= 0x1p63 || v < -0x1p63)
		return v > 0 ? high : low;
	integer = (int64_t)v;
	if (is_narrow_integer(type))
		return wrap_integer(integer, type);
	return integer < low ? low : integer > high ? high : integer;
}

static inline double double_of_integer(int64_t v, enum rt_type type)
{
	return type == RT_U64 ? (double)(uint64_t)v : (double)v;
}

/* A float on the way to 16 bits: not the nearest but, where v lies between two floats, the one whose last bit is odd.
 * Rounding that to nearest gives what rounding v at once would have given (Boldo & Melquiond 2008). */
static inline float float_to_odd(double v)
{
	float nearest = (float)v;
	uint32_t bits = float_bits(nearest);

	if (nearest == v || v != v || bits << 1 == 0xff000000)
		return nearest;
	bits -= fabs((double)nearest) > fabs(v);
	return float_of_bits(bits | 1);
}

/* Loops of their own for bytes side by side, so that compilers vectorise them: these are quantised graphs' tensors. */
static inline void store_neighbours(uint8_t *restrict y, const int64_t *restrict r, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		y[i] = (uint8_t)r[i];
}

static inline void load_neighbours(int64_t *restrict r, const uint8_t *restrict x, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		r[i] = x[i];
}

static inline void load_integers(int64_t *r, const void *x, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	switch (type) {
	case RT_BOOL:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const uint8_t *)x)[i * stride] != 0;
		break;
	case RT_U8:
	case RT_U4:
	case RT_U2:
		if (stride == 1)
			load_neighbours(r, x, n);
		for (int32_t i = 0; i < n && stride != 1; i++)
			r[i] = ((const uint8_t *)x)[i * stride];
		break;
	case RT_I8:
	case RT_I4:
	case RT_I2:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const int8_t *)x)[i * stride];
		break;
	case RT_U16:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const uint16_t *)x)[i * stride];
		break;
	case RT_I16:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const int16_t *)x)[i * stride];
		break;
	case RT_U32:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const uint32_t *)x)[i * stride];
		break;
	case RT_I32:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const int32_t *)x)[i * stride];
		break;
	default:
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const int64_t *)x)[i * stride];
		break;
	}
}

static inline void store_integers(void *y, const int64_t *r, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	switch (rt_type_size(type)) {
	case 1:
		if (stride == 1 && type != RT_BOOL)
			store_neighbours(y, r, n);
		for (int32_t i = 0; i < n && (stride != 1 || type == RT_BOOL); i++)
			((uint8_t *)y)[i * stride] = type == RT_BOOL ? r[i] != 0 : (uint8_t)r[i];
		break;
	case 2:
		for (int32_t i = 0; i < n; i++)
			((uint16_t *)y)[i * stride] = (uint16_t)r[i];
		break;
	case 4:
		for (int32_t i = 0; i < n; i++)
			((uint32_t *)y)[i * stride] = (uint32_t)r[i];
		break;
	default:
		for (int32_t i = 0; i < n; i++)
			((int64_t *)y)[i * stride] = r[i];
		break;
	}
}

/* Reads the float types. */
static inline void load_floats(float *r, const void *x, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	const uint16_t *x16 = x;
	int32_t i = 0;

	if (type == RT_F32) {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store(r + i, v_load((const float *)x + i));
		for (; i < n; i++)
			r[i] = ((const float *)x)[i * stride];
	} else if (type == RT_F16) {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store(r + i, v_load_half(x16 + i));
		for (; i < n; i++)
			r[i] = float_of_half(x16[i * stride]);
	} else if (is_narrow_float(type)) {
		for (; i < n; i++)
			r[i] = float_of_narrow(((const uint8_t *)x)[i * stride], type);
	} else {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store(r + i, v_load_bfloat(x16 + i));
		for (; i < n; i++)
			r[i] = float_of_bfloat(x16[i * stride]);
	}
}

/* Writes the float types. */
static inline void store_floats(void *y, const float *r, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	uint16_t *y16 = y;
	int32_t i = 0;

	if (type == RT_F32) {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store((float *)y + i, v_load(r + i));
		for (; i < n; i++)
			((float *)y)[i * stride] = r[i];
	} else if (type == RT_F16) {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store_half(y16 + i, v_load(r + i));
		for (; i < n; i++)
			y16[i * stride] = half_of_float(r[i]);
	} else if (is_narrow_float(type)) {
		for (; i < n; i++)
			((uint8_t *)y)[i * stride] = narrow_of_float(r[i], type);
	} else {
		for (; stride == 1 && i + LANES <= n; i += LANES)
			v_store_bfloat(y16 + i, v_load(r + i));
		for (; i < n; i++)
			y16[i * stride] = bfloat_of_float(r[i]);
	}
}

/* Reads every type. */
static inline void load_doubles(double *r, const void *x, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	enum { CHUNK = 64 };

	if (type == RT_F64) {
		for (int32_t i = 0; i < n; i++)
			r[i] = ((const double *)x)[i * stride];
		return;
	}
	for (int32_t at = 0; at < n; at += CHUNK) {
		const void *from = element_at(x, type, at * stride);
		int32_t count = n - at < CHUNK ? n - at : CHUNK;
		if (element_domain(type) == FLOAT_DOMAIN) {
			float chunk[CHUNK];
			load_floats(chunk, from, type, stride, count);
			for (int32_t i = 0; i < count; i++)
				r[at + i] = chunk[i];
		} else {
			int64_t chunk[CHUNK];
			load_integers(chunk, from, type, stride, count);
			for (int32_t i = 0; i < count; i++)
				r[at + i] = double_of_integer(chunk[i], type);
		}
	}
}

/* Writes every type. */
static inline void store_doubles(void *y, const double *r, enum rt_type type, ptrdiff_t stride, int32_t n)
{
	enum { CHUNK = 64 };

	if (type == RT_F64) {
		for (int32_t i = 0; i < n; i++)
			((double *)y)[i * stride] = r[i];
		return;
	}
	for (int32_t at = 0; at < n; at += CHUNK) {
		void *to = element_to(y, type, at * stride);
		int32_t count = n - at < CHUNK ? n - at : CHUNK;
		if (element_domain(type) == FLOAT_DOMAIN) {
			float chunk[CHUNK];
			for (int32_t i = 0; i < count; i++)
				chunk[i] = type == RT_F32 ? (float)r[at + i] : float_to_odd(r[at + i]);
			store_floats(to, chunk, type, stride, count);
		} else {
			int64_t chunk[CHUNK];
			for (int32_t i = 0; i < count; i++)
				chunk[i] = integer_of_double(r[at + i], type);
			store_integers(to, chunk, type, stride, count);
		}
	}
}

#endif
