/* How an update is combined with elements that are there already, for ScatterND and ScatterElements. */
#ifndef COMBINE_H
#define COMBINE_H

#include "element.h"
#include "kernel.h"

enum { COMBINE_CHUNK = 64 };

/* Extremes let a NaN through, from either side. */
static inline void combine_floats(float *y, const float *x, enum rt_scatter_kind kind, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		if (kind == RT_SCATTER_ADD)
			y[i] += x[i];
		else if (kind == RT_SCATTER_MUL)
			y[i] *= x[i];
		else if (kind == RT_SCATTER_MIN)
			y[i] = x[i] < y[i] || x[i] != x[i] ? x[i] : y[i];
		else
			y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
}

static inline void combine_doubles(double *y, const double *x, enum rt_scatter_kind kind, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		if (kind == RT_SCATTER_ADD)
			y[i] += x[i];
		else if (kind == RT_SCATTER_MUL)
			y[i] *= x[i];
		else if (kind == RT_SCATTER_MIN)
			y[i] = x[i] < y[i] || x[i] != x[i] ? x[i] : y[i];
		else
			y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
}

/* Sums and products wrap. `flip` is the sign bit for u64, whose bits then sort as i64 do. */
static inline void combine_integers(int64_t *y, const int64_t *x, enum rt_scatter_kind kind, int64_t flip, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		if (kind == RT_SCATTER_ADD)
			y[i] = (int64_t)((uint64_t)y[i] + (uint64_t)x[i]);
		else if (kind == RT_SCATTER_MUL)
			y[i] = (int64_t)((uint64_t)y[i] * (uint64_t)x[i]);
		else if (kind == RT_SCATTER_MIN)
			y[i] = (x[i] ^ flip) < (y[i] ^ flip) ? x[i] : y[i];
		else
			y[i] = (x[i] ^ flip) > (y[i] ^ flip) ? x[i] : y[i];
}

/* y = y combined with x, for n elements side by side. */
static inline void combine(void *y, const void *x, enum rt_type type, enum rt_scatter_kind kind, int32_t n)
{
	if (kind == RT_SCATTER_SET) {
		memcpy(y, x, (size_t)n * rt_type_size(type));
		return;
	}
	for (int32_t at = 0; at < n; at += COMBINE_CHUNK) {
		int32_t count = n - at < COMBINE_CHUNK ? n - at : COMBINE_CHUNK;
		void *to = element_to(y, type, at);
		const void *from = element_at(x, type, at);
		if (element_domain(type) == FLOAT_DOMAIN) {
			float a[COMBINE_CHUNK], b[COMBINE_CHUNK];
			load_floats(a, to, type, 1, count);
			load_floats(b, from, type, 1, count);
			combine_floats(a, b, kind, count);
			store_floats(to, a, type, 1, count);
		} else if (element_domain(type) == DOUBLE_DOMAIN) {
			combine_doubles(to, from, kind, count);
		} else {
			int64_t a[COMBINE_CHUNK], b[COMBINE_CHUNK];
			load_integers(a, to, type, 1, count);
			load_integers(b, from, type, 1, count);
			combine_integers(a, b, kind, type == RT_U64 ? INT64_MIN : 0, count);
			store_integers(to, a, type, 1, count);
		}
	}
}

#endif
