/* Between the types of the ONNX model and those of the C interface. */
#include "convert.h"
#include <string.h>

/* Stores x as an integer type; false when it does not fit. The bits are the same for signed and unsigned types. */
static bool store(void *to, enum rt_type type, int64_t i, int64_t x)
{
	struct value back = { .type = type, .data = to };

	switch (rt_type_size(type)) {
	case 1:
		((uint8_t *)to)[i] = (uint8_t)x;
		break;
	case 2:
		((uint16_t *)to)[i] = (uint16_t)x;
		break;
	case 4:
		((uint32_t *)to)[i] = (uint32_t)x;
		break;
	default:
		((uint64_t *)to)[i] = (uint64_t)x;
	}
	return constant_int(&back, i) == x;
}

static const void *convert(struct ctx *c, const struct value *from, enum rt_type type)
{
	int64_t n = value_elements(from);
	void *to = arena_get(c, (size_t)n + 1, rt_type_size(type));

	if (from->type == type)
		return n ? memcpy(to, from->data, value_bytes(from)) : to;
	if (is_real_type(from->type) || is_real_type(type))
		fail(
			c, OUR_BUG, "'%.100s' is %s in the model, but %s in C", from->name, type_name(from->type), type_name(type));
	for (int64_t i = 0; i < n; i++)
		if (!store(to, type, i, constant_int(from, i)))
			fail(c, UNUSABLE_MODEL, "'%.100s' holds %lld, which does not fit %s, its type in C", from->name,
				(long long)constant_int(from, i), type_name(type));
	return to;
}

const void *convert_to(struct ctx *c, const struct value *v, enum rt_type type)
{
	return v->type == type ? v->data : convert(c, v, type);
}

struct value *convert_from(struct ctx *c, const struct value *v, enum rt_type type, const void *data)
{
	struct value from = *v;

	from.type = type;
	from.data = data;
	return value_constant(c, v->name, v->type, v->rank, v->dim, convert(c, &from, v->type));
}
