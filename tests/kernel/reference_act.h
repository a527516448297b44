/* The activations in double, by their definitions. */
#ifndef REFERENCE_ACT_H
#define REFERENCE_ACT_H

#include "rt.h"
#include <math.h>

static inline double reference_act(enum rt_act act, double slope, double x)
{
	switch (act) {
	case RT_ACT_NONE:
		return x;
	case RT_RELU:
		return x < 0 ? 0 : x;
	case RT_GELU:
		return 0.5 * x * (1 + erf(x / sqrt(2)));
	case RT_GELU_TANH:
		return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
	case RT_SIGMOID:
		return 1 / (1 + exp(-x));
	case RT_TANH:
		return tanh(x);
	case RT_SILU:
		return x / (1 + exp(-x));
	case RT_LEAKY_RELU:
		return x < 0 ? slope * x : x;
	}
	return NAN;
}

#endif
