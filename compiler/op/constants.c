/* Operators whose results follow from attributes and shapes alone: infer computes them. */
#include "op.h"
#include "narrow.h"
#include <math.h>
#include <string.h>

void set_constant(struct node *n, const void *data)
{
	n->out[0]->data = data;
	n->out[0]->def = NULL;
}

void constant_lower(struct lower *l, struct node *n)
{
	view_of(l, n->out[0]);
}

/* The list or number of an attribute other than `value`. */
static const void *attribute_data(struct ctx *c, const struct node *n, const struct attribute *a, enum rt_type *type)
{
	int64_t *integer = NEW(c, int64_t, 1);
	float *real = NEW(c, float, 1);

	*type = a->kind == ATTRIBUTE_FLOAT || a->kind == ATTRIBUTE_FLOATS ? RT_F32 : RT_I64;
	*integer = a->integer;
	*real = (float)a->real;
	switch (a->kind) {
	case ATTRIBUTE_INT:
		return integer;
	case ATTRIBUTE_FLOAT:
		return real;
	case ATTRIBUTE_INTS:
		return a->ints ? (const void *)a->ints : integer;
	case ATTRIBUTE_FLOATS:
		return a->floats ? (const void *)a->floats : real;
	default:
		fail_node(c, n, "attribute '%.40s' has a kind that is not supported", a->name);
	}
}

void constant_infer(struct ctx *c, struct node *n)
{
	static const char *const names[] = { "value_float", "value_floats", "value_int", "value_ints" };
	const struct value *tensor = attribute_tensor(c, n, "value");
	enum rt_type type;

	need_inputs(c, n, 0, 0);
	need_outputs(c, n, 1, 1);
	if (tensor) {
		set_output(c, n, 0, tensor->type, tensor->rank, tensor->dim);
		set_constant(n, tensor->data);
		return;
	}
	for (int i = 0; i < 4; i++) {
		const struct attribute *a = attribute(n, names[i]);
		if (!a)
			continue;
		const void *data = attribute_data(c, n, a, &type);
		bool list = a->kind == ATTRIBUTE_INTS || a->kind == ATTRIBUTE_FLOATS;
		const int64_t count = (int64_t)a->n;
		set_output(c, n, 0, type, list, &count);
		set_constant(n, held_data(c, type, list ? count : 1, data));
		return;
	}
	fail_node(c, n, "it has no value as a tensor of numbers; strings and sparse tensors are not supported");
}

void constant_of_shape_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	int rank = need_ints(c, n, 0, "shape", dim, MAX_RANK);
	const struct value *value = attribute_tensor(c, n, "value");
	if (value && value_elements(value) != 1)
		fail_node(c, n, "attribute 'value' is %s; it must have one element", shape_text(c, value));
	set_output(c, n, 0, value ? value->type : RT_F32, rank, dim);
}

void constant_of_shape_lower(struct lower *l, struct node *n)
{
	const struct value *value = attribute_tensor(l->c, n, "value");
	struct value *one = NULL;

	if (nothing_to_compute(l, n))
		return;
	/* A later pass may have given the output a narrower type than the attribute's. */
	if (value && n->out[0]->type != value->type)
		one = part_number(l, n, n->out[0]->type, constant_real(value, 0));
	else if (value)
		one = value_constant(l->c, n->name, value->type, 0, NULL, value->data);
	fill_view(l, n, view_new(l, n->out[0]), one);
}

/* How many steps of delta from start lie before limit. */
static int64_t range_count(struct ctx *c, const struct node *n)
{
	const struct value *start = n->in[0], *limit = n->in[1], *delta = n->in[2];
	double count;

	if (is_float_type(start->type)) {
		count = ceil((constant_real(limit, 0) - constant_real(start, 0)) / constant_real(delta, 0));
	} else {
		int64_t from = constant_int(start, 0), to = constant_int(limit, 0), step = constant_int(delta, 0);
		/* The exact difference of any two 64-bit integers, and steps of any size. */
		uint64_t span = step > 0 ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
		uint64_t size = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
		if (step == 0)
			fail_node(c, n, "its delta is 0");
		count = (step > 0 ? to > from : to < from) ? (double)(span / size + (span % size != 0)) : 0;
	}
	if (!(count <= MAX_ELEMENTS))
		fail_node(c, n, "it would have more than %d elements", MAX_ELEMENTS);
	return count > 0 ? (int64_t)count : 0;
}

void store_number(void *data, enum rt_type type, int64_t i, double real, int64_t integer)
{
	switch (type) {
	case RT_F32:
		((float *)data)[i] = (float)real;
		break;
	case RT_F64:
		((double *)data)[i] = real;
		break;
	case RT_F16:
		((uint16_t *)data)[i] = half_of_float((float)real);
		break;
	case RT_BF16:
		((uint16_t *)data)[i] = bfloat_of_float((float)real);
		break;
	case RT_F8E4M3FN:
	case RT_F8E4M3FNUZ:
	case RT_F8E5M2:
	case RT_F8E5M2FNUZ:
	case RT_F4E2M1:
	case RT_F8E8M0:
		((uint8_t *)data)[i] = narrow_of_float((float)real, type);
		break;
	case RT_U8:
	case RT_I8:
	case RT_U4:
	case RT_I4:
	case RT_U2:
	case RT_I2:
	case RT_BOOL:
		((uint8_t *)data)[i] = (uint8_t)integer;
		break;
	case RT_U16:
	case RT_I16:
		((uint16_t *)data)[i] = (uint16_t)integer;
		break;
	case RT_U32:
	case RT_I32:
		((uint32_t *)data)[i] = (uint32_t)integer;
		break;
	default:
		((uint64_t *)data)[i] = (uint64_t)integer;
	}
}

void range_infer(struct ctx *c, struct node *n)
{
	static const char *const names[] = { "start", "limit", "delta" };
	double x;

	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	for (int i = 0; i < 3; i++) {
		need_type(c, n, i, "f32 f64 f16 bf16 i16 i32 i64");
		need_same_type(c, n, 0, i);
		if (!n->in[i]->data)
			fail_open(c, n, names[i], n->in[i]);
		if (!constant_scalar(n->in[i], &x))
			fail_node(
				c, n, "its %s, '%.100s' %s, must be one number", names[i], n->in[i]->name, shape_text(c, n->in[i]));
	}
	enum rt_type type = n->in[0]->type;
	const int64_t count = range_count(c, n);
	void *data = arena_get(c, (size_t)count + 1, rt_type_size(type));
	for (int64_t i = 0; i < count; i++) {
		uint64_t steps = (uint64_t)i * (uint64_t)constant_int(n->in[2], 0);
		store_number(data, type, i, constant_real(n->in[0], 0) + (double)i * constant_real(n->in[2], 0),
			(int64_t)((uint64_t)constant_int(n->in[0], 0) + steps));
	}
	set_output(c, n, 0, type, 1, &count);
	set_constant(n, data);
}
