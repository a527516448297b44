/* What runs over rows, in double: softmax, normalisations, rotations. */
#include "double.h"
#include <math.h>

void double_softmax(const struct rt_softmax *p, void *const *t)
{
	ptrdiff_t stride = p->stride, row = stride * p->n;

	for (ptrdiff_t i = 0; i < p->outer * stride; i++) {
		const double *x = (const double *)t[1] + i / stride * row + i % stride;
		double *y = (double *)t[0] + (x - (const double *)t[1]), most = -INFINITY, sum = 0;
		for (ptrdiff_t k = 0; k < p->n; k++)
			most = x[k * stride] > most ? x[k * stride] : most;
		for (ptrdiff_t k = 0; k < p->n; k++)
			sum += exp(x[k * stride] - most);
		for (ptrdiff_t k = 0; k < p->n; k++)
			y[k * stride] = p->log ? x[k * stride] - most - log(sum) : exp(x[k * stride] - most) / sum;
	}
}

void double_layer_norm(const struct rt_layer_norm *p, void *const *t)
{
	const double *scale = t[2], *bias = t[3];

	for (ptrdiff_t i = 0; i < p->rows; i++) {
		const double *x = (const double *)t[1] + i * p->c;
		double *y = (double *)t[0] + i * p->c, mean = 0, variance = 0;
		for (int32_t j = 0; j < p->c; j++)
			mean += x[j] / p->c;
		for (int32_t j = 0; j < p->c; j++)
			variance += (x[j] - mean) * (x[j] - mean) / p->c;
		double deviation = sqrt(variance + (double)p->epsilon);
		for (int32_t j = 0; j < p->c; j++)
			y[j] = double_act(p->act, 0, (x[j] - mean) / deviation * scale[j] + (bias ? bias[j] : 0));
	}
}

void double_l2_norm(const struct rt_l2_norm *p, void *const *t)
{
	for (ptrdiff_t i = 0; i < p->rows; i++) {
		const double *x = (const double *)t[1] + i * p->c;
		double *y = (double *)t[0] + i * p->c, sum = 0;
		for (int32_t j = 0; j < p->c; j++)
			sum += x[j] * x[j];
		/* Asked this way, so that a NaN stays. */
		double length = sqrt(sum) <= (double)p->floor ? (double)p->floor : sqrt(sum);
		for (int32_t j = 0; j < p->c; j++)
			y[j] = x[j] / length;
	}
}

void double_rotary(const struct rt_rotary *p, void *const *t)
{
	for (ptrdiff_t i = 0; i < (ptrdiff_t)p->b * p->h * p->n; i++) {
		ptrdiff_t b = i / p->n / p->h, h = i / p->n % p->h, n = i % p->n, far = p->half ? p->d / 2 : 1;
		const double *x = (const double *)t[1] + b * p->x[0] + h * p->x[1] + n * p->x[2];
		double *y = (double *)t[0] + b * p->y[0] + h * p->y[1] + n * p->y[2];
		ptrdiff_t phase = b * p->phase[0] + h * p->phase[1] + n * p->phase[2];
		for (ptrdiff_t j = 0; j < p->d / 2; j++, phase += p->phase[3]) {
			ptrdiff_t at = p->half ? j : 2 * j;
			double u = x[at], v = x[at + far], cosine = ((const double *)t[2])[phase];
			double sine = ((const double *)t[3])[phase];
			y[at] = u * cosine - v * sine;
			y[at + far] = v * cosine + u * sine;
		}
	}
}
