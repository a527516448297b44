/* The steps of map.c on chunks of doubles. The steps on floats fall back on these for what is rare: the result,
 * rounded to float, is at least as good. A NaN goes through every step. */
#ifndef MAP_DOUBLE_H
#define MAP_DOUBLE_H

#include "element.h"

/* Functions that libm has, for double under this name and for float with an f behind it. */
#define MAP_LIBM(F)                                                                                                    \
	F(RT_SIN, sin)                                                                                                     \
	F(RT_COS, cos)                                                                                                     \
	F(RT_TAN, tan)                                                                                                     \
	F(RT_ASIN, asin)                                                                                                   \
	F(RT_ACOS, acos)                                                                                                   \
	F(RT_ATAN, atan)                                                                                                   \
	F(RT_SINH, sinh)                                                                                                   \
	F(RT_COSH, cosh)                                                                                                   \
	F(RT_ASINH, asinh)                                                                                                 \
	F(RT_ACOSH, acosh)                                                                                                 \
	F(RT_ATANH, atanh)

/* Functions that only the double domain takes from libm, or that are defined here. */
#define MAP_DOUBLE(F)                                                                                                  \
	F(RT_EXP, exp)                                                                                                     \
	F(RT_LOG, log)                                                                                                     \
	F(RT_STEP_TANH, tanh)                                                                                              \
	F(RT_ERF, erf)                                                                                                     \
	F(RT_ABS, fabs)                                                                                                    \
	F(RT_SQRT, sqrt)                                                                                                   \
	F(RT_FLOOR, floor)                                                                                                 \
	F(RT_CEIL, ceil)                                                                                                   \
	F(RT_ROUND, rint)                                                                                                  \
	F(RT_COPY, same_real)                                                                                              \
	F(RT_NEG, negative_real)                                                                                           \
	F(RT_SIGN, sign_real)                                                                                              \
	F(RT_RECIPROCAL, reciprocal_real)                                                                                  \
	F(RT_STEP_SIGMOID, sigmoid_real)                                                                                   \
	F(RT_STEP_RELU, relu_real)                                                                                         \
	F(RT_STEP_GELU, gelu_real)                                                                                         \
	F(RT_STEP_GELU_TANH, gelu_tanh_real)                                                                               \
	F(RT_SOFTPLUS, softplus_real)

static inline double same_real(double a)
{
	return a;
}

static inline double negative_real(double a)
{
	return -a;
}

static inline double sign_real(double a)
{
	return a != a ? a : (a > 0) - (a < 0);
}

static inline double reciprocal_real(double a)
{
	return 1 / a;
}

static inline double sigmoid_real(double a)
{
	return 1 / (1 + exp(-a));
}

static inline double relu_real(double a)
{
	return a < 0 ? 0 : a;
}

static inline double gelu_real(double a)
{
	return 0.5 * a * (1 + erf(a * 0.70710678118654752440));
}

/* 0.5 a (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3))) */
static inline double gelu_tanh_real(double a)
{
	return 0.5 * a * (1 + tanh(0.79788456080286535588 * (a + 0.044715 * a * a * a)));
}

static inline double softplus_real(double a)
{
	return (a > 0 ? a : 0) + log1p(exp(-fabs(a))) + (a != a ? a : 0);
}

/* The remainder that has the sign of b. */
static inline double modulo_real(double a, double b)
{
	double r = fmod(a, b);

	return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

#define MAP_DOUBLE_CASE(op, function)                                                                                  \
	case op:                                                                                                           \
		return function;

static inline double (*double_function(enum rt_step_op op))(double)
{
	switch (op) {
		MAP_LIBM(MAP_DOUBLE_CASE)
		MAP_DOUBLE(MAP_DOUBLE_CASE)
	default:
		return NULL;
	}
}

static inline void double_binary(
	enum rt_step_op op, double *restrict y, const double *restrict a, const double *restrict b, int32_t n)
{
	switch (op) {
	case RT_ADD:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] + b[i];
		break;
	case RT_SUB:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] - b[i];
		break;
	case RT_MUL:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] * b[i];
		break;
	case RT_DIV:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] / b[i];
		break;
	case RT_MOD:
		for (int32_t i = 0; i < n; i++)
			y[i] = modulo_real(a[i], b[i]);
		break;
	case RT_FMOD:
		for (int32_t i = 0; i < n; i++)
			y[i] = fmod(a[i], b[i]);
		break;
	case RT_POW:
		for (int32_t i = 0; i < n; i++)
			y[i] = pow(a[i], b[i]);
		break;
	case RT_MIN:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] < b[i] || a[i] != a[i] ? a[i] : b[i];
		break;
	case RT_MAX:
		for (int32_t i = 0; i < n; i++)
			y[i] = a[i] > b[i] || a[i] != a[i] ? a[i] : b[i];
		break;
	default: /* logic and bits, which ONNX has for no real numbers */
		memset(y, 0, (size_t)n * sizeof *y);
		break;
	}
}

static inline void double_step(
	const struct rt_step *step, double *restrict y, const double *restrict a, const double *restrict b, int32_t n)
{
	double (*function)(double) = double_function(step->op);

	if (!function)
		double_binary(step->op, y, a, b, n);
	for (int32_t i = 0; function && i < n; i++)
		y[i] = function(a[i]);
}

static inline void double_compare(
	enum rt_step_op op, int64_t *restrict y, const double *restrict a, const double *restrict b, int32_t n)
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
			y[i] = fabs(a[i]) == INFINITY;
		break;
	}
}

#endif
