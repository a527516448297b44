/* The steps of map.c on chunks of 64-bit integers. Sums wrap, which unsigned arithmetic does without undefined
 * behaviour; u64 has its own order, quotient and shift. */
#ifndef MAP_INTEGER_H
#define MAP_INTEGER_H

#include "element.h"

static inline int64_t quotient(int64_t a, int64_t b, bool is_unsigned)
{
	if (b == 0)
		return 0;
	if (is_unsigned)
		return (int64_t)((uint64_t)a / (uint64_t)b);
	return b == -1 ? (int64_t) - (uint64_t)a : a / b;
}

/* The remainder that has the sign of a. */
static inline int64_t remainder_of(int64_t a, int64_t b, bool is_unsigned)
{
	if (b == 0)
		return 0;
	if (is_unsigned)
		return (int64_t)((uint64_t)a % (uint64_t)b);
	return b == -1 ? 0 : a % b;
}

/* The remainder that has the sign of b. */
static inline int64_t modulo(int64_t a, int64_t b, bool is_unsigned)
{
	int64_t r = remainder_of(a, b, is_unsigned);

	return !is_unsigned && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* By squaring. A negative exponent asks for 1 / a^-b, which truncates to 0 unless a is 1 or -1. */
static inline int64_t integer_power(int64_t a, int64_t b, bool is_unsigned)
{
	uint64_t power = 1, square = (uint64_t)a, exponent = (uint64_t)b;

	if (!is_unsigned && b < 0) {
		if (a != 1 && a != -1)
			return 0;
		exponent = (uint64_t)b & 1;
	}
	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			power *= square;
		square *= square;
	}
	return (int64_t)power;
}

static inline int64_t shift_left(int64_t a, int64_t b)
{
	return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a << b);
}

static inline int64_t shift_right(int64_t a, int64_t b, bool is_unsigned)
{
	if (b < 0 || b > 63)
		return is_unsigned || a >= 0 ? 0 : -1;
	return is_unsigned ? (int64_t)((uint64_t)a >> b) : a >> b;
}

/* Steps with one operand; true when op is one. */
static inline bool integer_unary(const struct rt_step *step, int64_t *restrict y, const int64_t *restrict a, int32_t n)
{
	bool is_unsigned = step->type == RT_U64;

	switch (step->op) {
	case RT_COPY:
	case RT_FLOOR:
	case RT_CEIL:
	case RT_ROUND:
		memcpy(y, a, (size_t)n * sizeof *y);
		return true;
	case RT_ABS:
		for (int32_t i = 0; i < n; i++)
			y[i] = !is_unsigned && a[i] < 0 ? (int64_t) - (uint64_t)a[i] : a[i];
		return true;
	case RT_NEG:
		for (int32_t i = 0; i < n; i++)
			y[i] = (int64_t) - (uint64_t)a[i];
		return true;
	case RT_SIGN:
		for (int32_t i = 0; i < n; i++)
			y[i] = is_unsigned ? a[i] != 0 : (a[i] > 0) - (a[i] < 0);
		return true;
	case RT_NOT:
		for (int32_t i = 0; i < n; i++)
			y[i] = !a[i];
		return true;
	case RT_BIT_NOT:
		for (int32_t i = 0; i < n; i++)
			y[i] = ~a[i];
		return true;
	case RT_STEP_RELU:
		for (int32_t i = 0; i < n; i++)
			y[i] = !is_unsigned && a[i] < 0 ? 0 : a[i];
		return true;
	default:
		return false;
	}
}

/* Sums, products and bits: steps in which u64 differs from i64 in nothing. True when op is one. */
static inline bool integer_sum(
	const struct rt_step *step, int64_t *restrict y, const int64_t *restrict a, const int64_t *restrict b, int32_t n)
{
	switch (step->op) {
	case RT_ADD:
		for (int32_t i = 0; i < n; i++)
			y[i] = (int64_t)((uint64_t)a[i] + (uint64_t)b[i]);
		return true;
	case RT_SUB:
		for (int32_t i = 0; i < n; i++)
			y[i] = (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);
		return true;
	case RT_MUL:
		for (int32_t i = 0; i < n; i++)
			y[i] = (int64_t)((uint64_t)a[i] * (uint64_t)b[i]);
		return true;
	case RT_AND:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] && b[i];
		return true;
	case RT_OR:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] || b[i];
		return true;
	case RT_XOR:
		for (int32_t i = 0; i < n; i++)
			y[i] = !a[i] != !b[i];
		return true;
	case RT_BIT_AND:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] & b[i];
		return true;
	case RT_BIT_OR:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] | b[i];
		return true;
	case RT_BIT_XOR:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] ^ b[i];
		return true;
	default:
		return false;
	}
}

/* The other steps with two operands, whose result depends on the sign. True when op is one. */
static inline bool integer_quotient(
	const struct rt_step *step, int64_t *restrict y, const int64_t *restrict a, const int64_t *restrict b, int32_t n)
{
	bool is_unsigned = step->type == RT_U64;
	int64_t flip = is_unsigned ? INT64_MIN : 0; /* makes the signed order that of the type */

	switch (step->op) {
	case RT_DIV:
		for (int32_t i = 0; i < n; i++)
			y[i] = quotient(a[i], b[i], is_unsigned);
		return true;
	case RT_MOD:
		for (int32_t i = 0; i < n; i++)
			y[i] = modulo(a[i], b[i], is_unsigned);
		return true;
	case RT_FMOD:
		for (int32_t i = 0; i < n; i++)
			y[i] = remainder_of(a[i], b[i], is_unsigned);
		return true;
	case RT_POW:
		for (int32_t i = 0; i < n; i++)
			y[i] = integer_power(a[i], b[i], is_unsigned);
		return true;
	case RT_MIN:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) < (b[i] ^ flip) ? a[i] : b[i];
		return true;
	case RT_MAX:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) > (b[i] ^ flip) ? a[i] : b[i];
		return true;
	case RT_SHIFT_LEFT:
		for (int32_t i = 0; i < n; i++)
			y[i] = shift_left(a[i], b[i]);
		return true;
	case RT_SHIFT_RIGHT:
		for (int32_t i = 0; i < n; i++)
			y[i] = shift_right(a[i], b[i], is_unsigned);
		return true;
	default:
		return false;
	}
}

static inline void integer_compare(
	const struct rt_step *step, int64_t *restrict y, const int64_t *restrict a, const int64_t *restrict b, int32_t n)
{
	int64_t flip = step->type == RT_U64 ? INT64_MIN : 0;

	switch (step->op) {
	case RT_LESS:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) < (b[i] ^ flip);
		break;
	case RT_LESS_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) <= (b[i] ^ flip);
		break;
	case RT_GREATER:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) > (b[i] ^ flip);
		break;
	case RT_GREATER_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = (a[i] ^ flip) >= (b[i] ^ flip);
		break;
	case RT_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] == b[i];
		break;
	default: /* no integer is a NaN or infinite */
		memset(y, 0, (size_t)n * sizeof *y);
		break;
	}
}

/* Writes a step's result, wrapped to its type. ONNX has no integer meaning for the other steps: they give 0. */
static inline void integer_step(
	const struct rt_step *step, int64_t *restrict y, const int64_t *restrict a, const int64_t *restrict b, int32_t n)
{
	if (!integer_unary(step, y, a, n) && !integer_sum(step, y, a, b, n) && !integer_quotient(step, y, a, b, n))
		memset(y, 0, (size_t)n * sizeof *y);
	for (int32_t i = 0; i < n && rt_type_size(step->type) < 8; i++)
		y[i] = wrap_integer(y[i], step->type);
}

#endif
