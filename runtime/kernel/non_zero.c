#include "element.h"
#include "kernel.h"

enum { CHUNK = 256 };

static void put(void *to, enum rt_type type, size_t i, int64_t x)
{
	if (type == RT_I32)
		((int32_t *)to)[i] = (int32_t)x;
	else
		((int64_t *)to)[i] = x;
}

/* Writes position `at` as coordinates, the innermost dimension first. */
static void put_coordinates(const struct rt_non_zero *p, void *index, size_t i, int64_t at)
{
	for (int32_t d = p->rank; d-- > 0;) {
		put(index, p->index_type, (size_t)d * (size_t)p->capacity + i, at % p->dim[d]);
		at /= p->dim[d];
	}
}

/* Is element i not zero? Minus zero is zero, and NaN is not. */
static bool is_set(enum rt_type type, const void *x, size_t i)
{
	switch (type) {
	case RT_F32:
		return ((const float *)x)[i] != 0;
	case RT_F64:
		return ((const double *)x)[i] != 0;
	case RT_F16:
	case RT_BF16:
		return ((const uint16_t *)x)[i] & 0x7fff;
	default:
		break;
	}
	switch (rt_type_size(type)) {
	case 1:
		return ((const uint8_t *)x)[i];
	case 2:
		return ((const uint16_t *)x)[i];
	case 4:
		return ((const uint32_t *)x)[i];
	default:
		return ((const uint64_t *)x)[i];
	}
}

/* One unit: where an element goes depends on all before it. */
KERNEL(non_zero, (void *index, void *count, const void *x, const void *place))
{
	const int32_t *places = place;
	int64_t found = 0;

	(void)run;
	for (int32_t i = 0; i < p->n; i++) {
		if (!is_set(p->x_type, x, (size_t)i))
			continue;
		if (found < p->capacity)
			put_coordinates(p, index, (size_t)found, places ? places[i] : i);
		found++;
	}
	put(count, p->index_type, 0, found);
	for (int64_t i = found; i < p->capacity; i++)
		put_coordinates(p, index, (size_t)i, 0);
}
