/* QuantizeLinear, DequantizeLinear (ONNX 10 to 25) and DynamicQuantizeLinear: element-wise parts over a scale and a
 * zero point that stand for the whole tensor, for each slice along an axis, or for blocks along it. */
#include "element.h"
#include "op.h"
#include <string.h>

#define QUANTIZED "u8 i8 u16 i16 u4 i4 u2 i2 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz f4e2m1"

static int64_t read_block(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "block_size", attribute_int(c, n, "block_size", 0), 0, MAX_ELEMENTS);
}

/* Before version 13 of the operator set a scale always stood for the whole tensor, so that axis 1 need not exist. */
static int read_axis(struct ctx *c, const struct node *n)
{
	return value_elements(n->in[1]) == 1 ? 0 : need_axis(c, n, attribute_int(c, n, "axis", 1), n->in[0]->rank);
}

/* Parameter i of n, a scale or zero point, must be one number, one for each slice, or one for each block. */
static void check_parameter(struct ctx *c, const struct node *n, int i)
{
	const struct value *x = n->in[0], *v = input(n, i);
	int64_t block = read_block(c, n);
	bool fits = true;

	if (!v || value_elements(v) == 1)
		return;
	int axis = need_axis(c, n, attribute_int(c, n, "axis", 1), x->rank);
	if (!block)
		fits = v->rank == 1 && v->dim[0] == x->dim[axis];
	for (int d = 0; block && fits && d < x->rank; d++)
		fits = v->rank == x->rank && v->dim[d] == (d == axis ? (x->dim[d] + block - 1) / block : x->dim[d]);
	if (!fits)
		fail_node(c, n, "input %d, %s, does not fit %s along axis %d%s", i, shape_text(c, v), shape_text(c, x), axis,
			block ? arena_text(c, " in blocks of %lld", (long long)block) : "");
}

static void check_parameters(struct ctx *c, const struct node *n)
{
	need_inputs(c, n, 2, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 1, "f32 f16 bf16");
	read_axis(c, n);
	check_parameter(c, n, 1);
	check_parameter(c, n, 2);
}

/* An attribute that names an element type, of those listed. */
static enum rt_type type_attribute(struct ctx *c, const struct node *n, const char *name, const char *types)
{
	int64_t type = attribute_int(c, n, name, RT_NOTYPE);
	struct value v = { .type = (enum rt_type)type, .name = name };
	struct value *in[] = { &v };
	struct node like = { .type = n->type, .name = n->name, .n_in = 1, .in = in };

	if (type == RT_NOTYPE)
		return RT_NOTYPE;
	need_range(c, n, name, type, 1, RT_LAST_TYPE);
	need_type(c, &like, 0, types);
	return v.type;
}

void quantize_infer(struct ctx *c, struct node *n)
{
	check_parameters(c, n);
	need_type(c, n, 0, "f32 f16 bf16 i32");
	need_type(c, n, 2, QUANTIZED);
	enum rt_type type = type_attribute(c, n, "output_dtype", QUANTIZED);
	if (type && input(n, 2) && n->in[2]->type != type)
		fail_node(c, n, "its zero point is %s, but output_dtype %s", shape_text(c, n->in[2]), type_name(type));
	type_attribute(c, n, "precision", "f32 f16 bf16");
	type = type ? type : input(n, 2) ? n->in[2]->type : RT_U8;
	set_output(c, n, 0, type, n->in[0]->rank, n->in[0]->dim);
}

void dequantize_infer(struct ctx *c, struct node *n)
{
	check_parameters(c, n);
	need_type(c, n, 0, QUANTIZED " i32");
	need_same_type(c, n, 0, 2);
	enum rt_type type = type_attribute(c, n, "output_dtype", "f32 f16 bf16");
	set_output(c, n, 0, type ? type : n->in[1]->type, n->in[0]->rank, n->in[0]->dim);
}

/* A scale or zero point, so that it broadcasts to x. */
static struct value *spread(struct lower *l, const struct node *n, struct value *v, const struct value *x)
{
	int64_t block = read_block(l->c, n);

	if (!v || value_elements(v) == 1)
		return v;
	int axis = need_axis(l->c, n, attribute_int(l->c, n, "axis", 1), x->rank);
	if (!block)
		return along_axis(l, n, v, x->rank, axis);
	int32_t *index = NEW(l->c, int32_t, (size_t)x->dim[axis]);
	for (int64_t i = 0; i < x->dim[axis]; i++)
		index[i] = small(i / block);
	struct value *to = value_new(l->c, v->name, v->type, x->rank, x->dim);
	view_set(l, to, gather_along(l, n, view_of(l, v), axis, x->dim[axis], index));
	return to;
}

struct value *part_convert(struct lower *l, const struct node *n, struct value *v, enum rt_type type)
{
	type = held_type(l->c, type);
	if (v->type == type)
		return v;
	struct node *cast = part_new(l, n, "", "Cast", 1, v);
	set_attribute_int(l->c, cast, "to", type);
	return part_lower(l, cast, type, v->rank, v->dim);
}

/* Numbers of 16 bits and less are exact in float, and what is larger than they can be ends at the type's limits. */
void part_saturate(struct lower *l, struct node *n, struct value *x, struct value *zero, struct value *y)
{
	int rank = y->rank;
	const int64_t *dim = y->dim;

	x = part_lower(l, part_new(l, n, "", "Round", 1, x), x->type, rank, dim);
	x = part_convert(l, n, x, RT_F32);
	if (zero)
		x = part_lower(l, part_new(l, n, "", "Add", 2, x, part_convert(l, n, zero, RT_F32)), RT_F32, rank, dim);
	struct value *low = part_number(l, n, RT_F32, (double)smallest_integer(y->type));
	struct value *high = part_number(l, n, RT_F32, (double)largest_integer(y->type));
	x = part_lower(l, part_new(l, n, "", "Max", 2, x, low), RT_F32, rank, dim);
	x = part_lower(l, part_new(l, n, "", "Min", 2, x, high), RT_F32, rank, dim);
	struct node *cast = part_new(l, n, "", "Cast", 1, x);
	set_attribute_int(l->c, cast, "to", y->type);
	part_last(l, cast, y);
}

/* saturate(round(x / scale) + zero point); floats of 8 and 4 bits are rounded by their conversion. */
void quantize_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *y = n->out[0], *scale = spread(l, n, n->in[1], x), *zero = input(n, 2);
	enum rt_type type = (enum rt_type)attribute_int(l->c, n, "precision", RT_NOTYPE);

	if (nothing_to_compute(l, n))
		return;
	type = type ? type : scale->type;
	zero = spread(l, n, zero, x);
	struct node *quotient = part_new(l, n, "", "Div", 2, part_convert(l, n, x, type), part_convert(l, n, scale, type));
	x = part_lower(l, quotient, type, x->rank, x->dim);
	if (!is_narrow_float(y->type)) {
		part_saturate(l, n, x, zero, y);
		return;
	}
	if (zero)
		x = part_lower(l, part_new(l, n, "", "Add", 2, x, part_convert(l, n, zero, type)), type, x->rank, x->dim);
	struct node *cast = part_new(l, n, "", "Cast", 1, x);
	set_attribute_int(l->c, cast, "to", y->type);
	set_attribute_int(l->c, cast, "saturate", attribute_int(l->c, n, "saturate", 1));
	part_last(l, cast, y);
}

/* (x - zero point) scale: the difference is exact in 32 bits, or in float for floats. */
void dequantize_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *scale = spread(l, n, n->in[1], x), *zero = spread(l, n, input(n, 2), x);
	enum rt_type type = is_narrow_float(x->type) ? RT_F32 : RT_I32;

	if (nothing_to_compute(l, n))
		return;
	if (zero) {
		struct node *sub = part_new(l, n, "", "Sub", 2, part_convert(l, n, x, type), part_convert(l, n, zero, type));
		x = part_lower(l, sub, type, x->rank, x->dim);
	}
	x = part_convert(l, n, x, RT_F32);
	part_last(l, part_new(l, n, "", "Mul", 2, x, part_convert(l, n, scale, RT_F32)), n->out[0]);
}

void dynamic_quantize_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 3, 3);
	need_type(c, n, 0, "f32");
	set_output(c, n, 0, RT_U8, n->in[0]->rank, n->in[0]->dim);
	set_output(c, n, 1, RT_F32, 0, NULL);
	set_output(c, n, 2, RT_U8, 0, NULL);
}

/* The smallest or largest element of x, or 0 if that is further out. */
static struct value *extreme(struct lower *l, struct node *n, enum rt_reduce_kind kind, const char *with_zero)
{
	struct value *x = n->in[0], *found = temporary(l, n, RT_F32, 0, NULL);
	bool over[MAX_RANK];

	for (int i = 0; i < x->rank; i++)
		over[i] = true;
	reduce_call(l, n, found, view_of(l, x), over, kind);
	return part_lower(l, part_new(l, n, "", with_zero, 2, found, part_number(l, n, RT_F32, 0)), RT_F32, 0, NULL);
}

/* The scale spreads the range of x, with 0 in it, over 0..255. */
void dynamic_quantize_lower(struct lower *l, struct node *n)
{
	struct value *low = extreme(l, n, RT_REDUCE_MIN, "Min"), *high = extreme(l, n, RT_REDUCE_MAX, "Max");
	struct value *steps = part_number(l, n, RT_F32, 255), *scale = n->out[1], *zero = n->out[2];

	struct value *range = part_lower(l, part_new(l, n, "", "Sub", 2, high, low), RT_F32, 0, NULL);
	part_last(l, part_new(l, n, "", "Div", 2, range, steps), scale);
	struct value *down = part_lower(l, part_new(l, n, "", "Neg", 1, low), RT_F32, 0, NULL);
	part_saturate(l, n, part_lower(l, part_new(l, n, "", "Div", 2, down, scale), RT_F32, 0, NULL), NULL, zero);
	part_last(l, part_new(l, n, "", "QuantizeLinear", 3, n->in[0], scale, zero), n->out[0]);
}
