/* The steps of map.c on chunks of floats: those that deserve speed, either as loops that a compiler vectorises or by
 * the functions of micro/math.h. */
#ifndef MAP_FLOAT_H
#define MAP_FLOAT_H

#include "map_double.h"
#include "micro/act.h"

/* The exact fallback, by way of doubles. */
static inline void float_step_in_double(
	const struct rt_step *step, float *restrict y, const float *restrict a, const float *restrict b, int32_t n)
{
	enum { CHUNK = 64 };
	double y64[CHUNK], a64[CHUNK], b64[CHUNK];

	for (int32_t at = 0; at < n; at += CHUNK) {
		int32_t count = n - at < CHUNK ? n - at : CHUNK;
		load_doubles(a64, a + at, RT_F32, 1, count);
		load_doubles(b64, b + at, RT_F32, 1, count);
		double_step(step, y64, a64, b64, count);
		store_doubles(y + at, y64, RT_F32, 1, count);
	}
}

/* Are all numbers below the limit in magnitude? */
static inline bool all_below(const float *x, int32_t n, float limit)
{
	int32_t others = 0;

	for (int32_t i = 0; i < n; i++)
		others += !(fabsf(x[i]) < limit);
	return !others;
}

/* The functions of vectors. */
VEC_INLINE vec v_step(enum rt_step_op op, vec x)
{
	switch (op) {
	case RT_SQRT:
		return v_sqrt(x);
	case RT_ROUND:
		return v_copysign(v_round(x), x);
	case RT_EXP:
		return v_exp(x);
	case RT_LOG:
		return v_log(x);
	case RT_ERF:
		return v_erf(x);
	case RT_STEP_TANH:
		return v_tanh(x);
	case RT_STEP_SIGMOID:
		return v_sigmoid(x);
	case RT_STEP_GELU:
		return v_act(RT_GELU, 0, x);
	default: /* RT_STEP_GELU_TANH */
		return v_act(RT_GELU_TANH, 0, x);
	}
}

/* y = op(a). */
VEC_INLINE void float_vectors(enum rt_step_op op, float *restrict y, const float *restrict a, int32_t n)
{
	int32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		v_store(y + i, v_step(op, v_load(a + i)));
	if (i < n)
		v_store_n(y + i, v_step(op, v_load_n(a + i, n - i)), n - i);
}

/* True when op is a function of vectors. The choice is made once, outside of the loop: each call below is a loop of its
 * own. */
static inline bool float_function(enum rt_step_op op, float *restrict y, const float *restrict a, int32_t n)
{
	switch (op) {
	case RT_SQRT:
		float_vectors(RT_SQRT, y, a, n);
		return true;
	case RT_ROUND:
		if (!all_below(a, n, 0x1p22f))
			return false;
		float_vectors(RT_ROUND, y, a, n);
		return true;
	case RT_EXP:
		float_vectors(RT_EXP, y, a, n);
		return true;
	case RT_LOG:
		float_vectors(RT_LOG, y, a, n);
		return true;
	case RT_ERF:
		float_vectors(RT_ERF, y, a, n);
		return true;
	case RT_STEP_TANH:
		float_vectors(RT_STEP_TANH, y, a, n);
		return true;
	case RT_STEP_SIGMOID:
		float_vectors(RT_STEP_SIGMOID, y, a, n);
		return true;
	case RT_STEP_GELU:
		float_vectors(RT_STEP_GELU, y, a, n);
		return true;
	case RT_STEP_GELU_TANH:
		float_vectors(RT_STEP_GELU_TANH, y, a, n);
		return true;
	default:
		return false;
	}
}

#define MAP_FLOAT_CASE(op, function)                                                                                   \
	case op:                                                                                                           \
		return function##f;

static inline float (*float_libm(enum rt_step_op op))(float)
{
	switch (op) {
		MAP_LIBM(MAP_FLOAT_CASE)
	default:
		return NULL;
	}
}

/* True when op is an operation on one float that a vector unit has. */
static inline bool float_unary(enum rt_step_op op, float *restrict y, const float *restrict a, int32_t n)
{
	switch (op) {
	case RT_COPY:
		memcpy(y, a, (size_t)n * sizeof *y);
		return true;
	case RT_ABS:
		for (int32_t i = 0; i < n; i++)
			y[i] = fabsf(a[i]);
		return true;
	case RT_NEG:
		for (int32_t i = 0; i < n; i++)
			y[i] = -a[i];
		return true;
	case RT_RECIPROCAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = 1 / a[i];
		return true;
	case RT_STEP_RELU:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] < 0 ? 0 : a[i];
		return true;
	default:
		return false;
	}
}

/* True when op is an operation on two floats that a vector unit has. */
static inline bool float_binary(
	enum rt_step_op op, float *restrict y, const float *restrict a, const float *restrict b, int32_t n)
{
	switch (op) {
	case RT_ADD:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] + b[i];
		return true;
	case RT_SUB:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] - b[i];
		return true;
	case RT_MUL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] * b[i];
		return true;
	case RT_DIV:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] / b[i];
		return true;
	case RT_MIN:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] < b[i] || a[i] != a[i] ? a[i] : b[i];
		return true;
	case RT_MAX:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] > b[i] || a[i] != a[i] ? a[i] : b[i];
		return true;
	default:
		return false;
	}
}

static inline void float_step(
	const struct rt_step *step, float *restrict y, const float *restrict a, const float *restrict b, int32_t n)
{
	float (*function)(float) = float_libm(step->op);

	for (int32_t i = 0; function && i < n; i++)
		y[i] = function(a[i]);
	if (!function && !float_unary(step->op, y, a, n) && !float_binary(step->op, y, a, b, n) &&
		!float_function(step->op, y, a, n))
		float_step_in_double(step, y, a, b, n);
}

static inline void float_compare(
	enum rt_step_op op, int64_t *restrict y, const float *restrict a, const float *restrict b, int32_t n)
{
	switch (op) {
	case RT_LESS:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] < b[i];
		break;
	case RT_LESS_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] <= b[i];
		break;
	case RT_GREATER:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] > b[i];
		break;
	case RT_GREATER_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] >= b[i];
		break;
	case RT_EQUAL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] == b[i];
		break;
	case RT_IS_NAN:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] != a[i];
		break;
	default: /* RT_IS_INF */
		for (int32_t i = 0; i < n; i++)
			y[i] = fabsf(a[i]) == INFINITY;
		break;
	}
}

#endif
