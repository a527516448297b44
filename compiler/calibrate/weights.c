/* Weights and biases as integers. */
#include "calibrate.h"
#include <float.h>
#include <math.h>

enum { LARGEST = 127, LARGEST_BIAS = 1 << 30 };

/* Element i of output o. */
static int64_t place(const struct product *p, int64_t o, int64_t i)
{
	return p->axis == 0 ? o * p->terms + i : i * p->outputs + o;
}

/* The step between the integers of output o: its largest weight is 127 of them. The bias must fit 32 bits, and the
 * product with the input's step must be a normal number. */
static float step(const struct product *p, int64_t o)
{
	float most = 0, bias = p->bias.value ? fabsf(p->bias.value[o]) : 0, x = p->x->quantizer.scale;

	for (int64_t i = 0; i < p->terms; i++)
		most = fmaxf(most, fabsf(p->weight[place(p, o, i)]));
	float s = fmaxf(most / LARGEST, bias / x / LARGEST_BIAS);
	return s >= FLT_MIN && s * x >= FLT_MIN ? s : 1;
}

static bool all_finite(const float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

void round_weights(struct ctx *c, struct product *p)
{
	size_t n = (size_t)(p->terms * p->outputs);

	if (!all_finite(p->weight, (int64_t)n) || (p->bias.value && !all_finite(p->bias.value, p->outputs))) {
		p->left = "its weights are not all finite";
		return;
	}
	p->integer = NEW(c, int8_t, n);
	p->rounded = NEW(c, float, n);
	p->scale = NEW(c, float, (size_t)p->outputs);
	for (int64_t o = 0; o < p->outputs; o++) {
		float s = p->scale[o] = step(p, o);
		for (int64_t i = 0; i < p->terms; i++) {
			int64_t at = place(p, o, i);
			float q = fminf(fmaxf(rintf(p->weight[at] / s), -LARGEST), LARGEST);
			p->integer[at] = (int8_t)q;
			p->rounded[at] = q * s;
		}
	}
}

const int32_t *round_bias(struct ctx *c, const struct product *p)
{
	int32_t *to = NEW(c, int32_t, (size_t)p->outputs);

	for (int64_t o = 0; o < p->outputs; o++) {
		double q = rint((double)p->bias.value[o] / (p->x->quantizer.scale * p->scale[o]));
		to[o] = (int32_t)fmin(fmax(q, -2.0 * LARGEST_BIAS), 2.0 * LARGEST_BIAS - 1);
	}
	return to;
}
