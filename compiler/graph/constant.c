/* Reading constants of any numeric type. */
#include "gluec.h"
#include "narrow.h"
#include <string.h>

double constant_real(const struct value *v, int64_t i)
{
	switch (v->type) {
	case RT_F32:
		return ((const float *)v->data)[i];
	case RT_F64:
		return ((const double *)v->data)[i];
	case RT_F16:
		return float_of_half(((const uint16_t *)v->data)[i]);
	case RT_BF16:
		return float_of_bfloat(((const uint16_t *)v->data)[i]);
	case RT_F8E4M3FN:
	case RT_F8E4M3FNUZ:
	case RT_F8E5M2:
	case RT_F8E5M2FNUZ:
	case RT_F4E2M1:
	case RT_F8E8M0:
		return float_of_narrow(((const uint8_t *)v->data)[i], v->type);
	case RT_U64:
		return (double)((const uint64_t *)v->data)[i];
	default:
		return (double)constant_int(v, i);
	}
}

int64_t constant_int(const struct value *v, int64_t i)
{
	switch (v->type) {
	case RT_I64:
		return ((const int64_t *)v->data)[i];
	case RT_U64:
		return (int64_t)((const uint64_t *)v->data)[i];
	case RT_I32:
		return ((const int32_t *)v->data)[i];
	case RT_U32:
		return ((const uint32_t *)v->data)[i];
	case RT_I16:
		return ((const int16_t *)v->data)[i];
	case RT_U16:
		return ((const uint16_t *)v->data)[i];
	case RT_I8:
	case RT_I4:
	case RT_I2:
		return ((const int8_t *)v->data)[i];
	case RT_U8:
	case RT_U4:
	case RT_U2:
	case RT_BOOL:
		return ((const uint8_t *)v->data)[i];
	default: {
		double x = constant_real(v, i);
		/* The comparison is false for NaN as well. */
		return x > -9.2e18 && x < 9.2e18 ? (int64_t)x : 0;
	}
	}
}

bool constant_scalar(const struct value *v, double *x)
{
	if (!v || !v->data || value_elements(v) != 1)
		return false;
	*x = constant_real(v, 0);
	return true;
}

int constant_ints(const struct value *v, int64_t *to, int max)
{
	if (!v || !v->data || v->rank < 0 || v->rank > 1 || value_elements(v) > max)
		return -1;
	int n = (int)value_elements(v);
	for (int i = 0; i < n; i++)
		to[i] = constant_int(v, i);
	return n;
}

int need_ints(struct ctx *c, const struct node *n, int index, const char *what, int64_t *to, int max)
{
	const struct value *v = input(n, index);
	int count = constant_ints(v, to, max);

	if (v && count < 0 && !v->data)
		fail_open(c, n, what, v);
	if (count < 0)
		fail_node(
			c, n, "its %s, %s, must be a list of at most %d numbers", what, v ? shape_text(c, v) : "left out", max);
	return count;
}

const float *constant_floats(struct ctx *c, const struct value *v)
{
	int64_t n = value_elements(v);

	if (v->type == RT_F32)
		return v->data;
	float *to = NEW(c, float, (size_t)n);
	for (int64_t i = 0; i < n; i++)
		to[i] = (float)constant_real(v, i);
	return to;
}
