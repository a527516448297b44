/* The activations of enum rt_act, for the epilogues of kernels. */
#ifndef MICRO_ACT_H
#define MICRO_ACT_H

#include "micro/math.h"
#include "rt.h"

/* A NaN stays a NaN in all of them. */
VEC_INLINE vec v_act(enum rt_act act, float slope, vec x)
{
	vec zero = v_set(0.0f), half = v_mul(x, v_set(0.5f));

	switch (act) {
	case RT_ACT_NONE:
		break;
	case RT_RELU:
		return v_max(zero, x);
	case RT_GELU:
		return v_fma(half, v_erf(v_mul(x, v_set(0.707106781f))), half);
	case RT_GELU_TANH: {
		/* sqrt(2/pi) (x + 0.044715 x^3), Hendrycks & Gimpel 2016 */
		vec cubic = v_fma(v_mul(v_mul(x, x), v_set(0.0356774081f)), x, v_mul(x, v_set(0.797884561f)));
		return v_fma(half, v_tanh(cubic), half);
	}
	case RT_SIGMOID:
		return v_sigmoid(x);
	case RT_TANH:
		return v_tanh(x);
	case RT_SILU:
		return v_mul(x, v_sigmoid(x));
	case RT_LEAKY_RELU:
		return v_select(v_less(x, zero), v_mul(x, v_set(slope)), x);
	}
	return x;
}

static inline void activate_as(float *p, int n, enum rt_act act, float slope)
{
	for (int i = 0; i < n; i += LANES)
		v_store(p + i, v_act(act, slope, v_load(p + i)));
}

/* Applies the activation to n floats, a multiple of LANES. The choice is made once, outside of the loop: each call
 * below is a loop of its own. */
static inline void activate(float *p, int n, enum rt_act act, float slope)
{
	switch (act) {
	case RT_ACT_NONE:
		return;
	case RT_RELU:
		activate_as(p, n, RT_RELU, slope);
		return;
	case RT_GELU:
		activate_as(p, n, RT_GELU, slope);
		return;
	default:
		activate_as(p, n, act, slope);
	}
}

/* Multiplies n floats, a multiple of LANES, by alpha, for which 0 stands for 1. */
static inline void scale_by(float *p, int n, float alpha)
{
	for (int i = 0; alpha != 0 && i < n; i += LANES)
		v_store(p + i, v_mul(v_load(p + i), v_set(alpha)));
}

#endif
