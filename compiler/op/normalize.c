/* Normalisations: LayerNormalization (and gluec.LayerNorm), RMSNormalization, gluec.L2Norm, BatchNormalization,
 * InstanceNormalization, GroupNormalization. */
#include "op.h"
#include <math.h>
#include <string.h>

/* The types that these operators compute in: the parts that some are made of work on floats. */
#define SINGLE "f32 f16 bf16"

static int normalized_axis(struct ctx *c, const struct node *n)
{
	return need_axis(c, n, attribute_int(c, n, "axis", -1), n->in[0]->rank);
}

void layer_norm_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 2, 3);
	need_outputs(c, n, 1, 3);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, SINGLE);
	const struct value *x = n->in[0];
	int axis = normalized_axis(c, n);
	int64_t columns = product(x->dim + axis, x->rank - axis);
	for (int i = 1; i < 3; i++) {
		const struct value *v = input(n, i);
		bool fits = !v || value_elements(v) == columns || value_elements(v) == 1;
		if (!fits)
			fail_node(c, n, "%s %s does not fit the %lld elements from axis %d of %s", i == 1 ? "scale" : "bias",
				shape_text(c, v), (long long)columns, axis, shape_text(c, x));
	}
	read_act(c, n, "act");
	set_output(c, n, 0, x->type, x->rank, x->dim);
	for (int i = 0; i < x->rank; i++)
		dim[i] = i < axis ? x->dim[i] : 1;
	set_output(c, n, 1, RT_F32, x->rank, dim);
	set_output(c, n, 2, RT_F32, x->rank, dim);
}

/* A scale or bias as the kernel reads it: `columns` floats. */
static struct argument vector(struct lower *l, struct value *v, int64_t columns)
{
	struct view view = *view_cast(l, view_of(l, v), RT_F32, v->name);

	if (value_elements(v) != columns) {
		view.rank = 1;
		view.dim[0] = columns;
		view.stride[0] = 0;
	}
	return argument_of(view_densify(l, &view, v->name));
}

/* The mean of x (or of its square) over the axes from `axis` on. */
static struct value *tail_mean(struct lower *l, struct node *n, struct value *x, int axis, const struct value *like)
{
	struct value *mean = temporary(l, n, RT_F32, like->rank, like->dim);
	bool over[MAX_RANK];

	for (int i = 0; i < x->rank; i++)
		over[i] = i >= axis;
	reduce_call(l, n, mean, view_cast(l, view_of(l, x), RT_F32, x->name), over, RT_REDUCE_MEAN);
	return mean;
}

/* The optional outputs Mean and InvStdDev, by the parts that their definition names. */
static void lower_statistics(struct lower *l, struct node *n, int axis)
{
	struct value *x = n->in[0];

	if (!is_read(n, 1) && !is_read(n, 2))
		return;
	const struct value *like = n->out[is_read(n, 1) ? 1 : 2];
	struct value *mean = tail_mean(l, n, x, axis, like);
	if (is_read(n, 1))
		output_view(l, n, 1, mean->view);
	if (!is_read(n, 2))
		return;
	struct value *away = temporary(l, n, RT_F32, x->rank, x->dim), *scaled;
	struct node *sub = part_new(l, n, "", "Sub", 2, x, mean);
	scaled = part_lower(l, sub, RT_F32, x->rank, x->dim);
	part_last(l, part_new(l, n, "", "Mul", 2, scaled, scaled), away);
	struct value *variance = tail_mean(l, n, away, axis, like);
	struct value *epsilon = part_number(l, n, RT_F32, attribute_float(l->c, n, "epsilon", 1e-5));
	struct node *add = part_new(l, n, "", "Add", 2, variance, epsilon);
	struct node *root = part_new(l, n, "", "Sqrt", 1, part_lower(l, add, RT_F32, like->rank, like->dim));
	struct node *last = part_new(l, n, "", "Reciprocal", 1, part_lower(l, root, RT_F32, like->rank, like->dim));
	part_last(l, last, n->out[2]);
}

void layer_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	int axis = normalized_axis(l->c, n), perm[MAX_RANK];
	int64_t columns = product(x->dim + axis, x->rank - axis);

	if (nothing_to_compute(l, n))
		return;
	for (int i = 0; i < x->rank; i++)
		perm[i] = i;
	const struct view *rows = float_view(l, x);
	if (axis == x->rank - 1)
		rows = dense_rows(l, rows, axis, x->name, perm);
	else
		rows = view_densify(l, rows, x->name);
	struct rt_layer_norm p = {
		.rows = columns ? small(value_elements(x) / columns) : 0,
		.c = small(columns),
		.epsilon = (float)attribute_float(l->c, n, "epsilon", 1e-5),
		.act = read_act(l->c, n, "act"),
		.x_type = rows->type,
		.y_type = stored_type(n->out[0]->type),
		.y_scale = y_scale(l->c, n),
		.y_zero = y_zero(l->c, n),
	};
	struct view *y = output_new(l, n, 0, p.y_type, perm);
	struct argument scale = vector(l, n->in[1], columns), bias = { 0 };
	if (input(n, 2))
		bias = vector(l, n->in[2], columns);
	if (value_elements(x)) {
		struct call *call = call_new(l, n, KERNEL_layer_norm, &p);
		call_argument(call, 0, argument_of(y));
		call_argument(call, 1, argument_of(rows));
		call_argument(call, 2, scale);
		call_argument(call, 3, bias);
		if (p.x_type == p.y_type)
			call->in_place = 2;
	}
	output_done(l, n, 0, y);
	lower_statistics(l, n, axis);
}

void skip_layer_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 5);
	need_outputs(c, n, 1, 4);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, SINGLE);
	const struct value *x = n->in[0];
	const int64_t columns = x->rank ? x->dim[x->rank - 1] : 0;
	if (x->rank < 1 || !same_shape(x, n->in[1]))
		fail_node(c, n, "inputs %s and %s must have one shape", shape_text(c, x), shape_text(c, n->in[1]));
	for (int i = 2; i < 5; i++)
		if (input(n, i) && (n->in[i]->rank != 1 || n->in[i]->dim[0] != columns))
			fail_node(c, n, "input %d, %s, does not fit the rows of %s", i, shape_text(c, n->in[i]), shape_text(c, x));
	for (int i = 1; i < 3; i++)
		if (i < n->n_out && n->out[i])
			fail_node(c, n, "output %d is not supported", i);
	set_output(c, n, 0, x->type, x->rank, x->dim);
	set_output(c, n, 3, x->type, x->rank, x->dim);
}

/* LayerNormalization of input + skip + bias; the sum is an output of its own. */
void skip_layer_norm_lower(struct lower *l, struct node *n)
{
	struct value *sum = n->in[0], *bias = input(n, 4), *total = n->n_out > 3 ? n->out[3] : NULL;

	if (bias)
		sum = part_lower(l, part_new(l, n, "", "Add", 2, sum, bias), RT_F32, sum->rank, sum->dim);
	if (!total)
		total = temporary(l, n, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
	part_last(l, part_new(l, n, "", "Add", 2, sum, n->in[1]), total);
	struct node *norm = part_new(l, n, "", "LayerNormalization", 3, total, n->in[2], input(n, 3));
	set_attribute_float(l->c, norm, "epsilon", attribute_float(l->c, n, "epsilon", 1e-12));
	part_last(l, norm, n->out[0]);
}

void l2_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 1, 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "float");
	normalized_axis(c, n);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

void l2_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	int axis = normalized_axis(l->c, n), perm[MAX_RANK];

	if (nothing_to_compute(l, n))
		return;
	const struct view *rows = dense_rows(l, float_view(l, x), axis, x->name, perm);
	struct rt_l2_norm p = {
		.rows = small(value_elements(x) / x->dim[axis]),
		.c = small(x->dim[axis]),
		.floor = (float)attribute_float(l->c, n, "floor", 0),
		.x_type = rows->type,
		.y_type = kernel_type(n->out[0]->type),
	};
	struct view *y = output_new(l, n, 0, p.y_type, perm);
	struct call *call = call_new(l, n, KERNEL_l2_norm, &p);
	call_argument(call, 0, argument_of(y));
	call_argument(call, 1, argument_of(rows));
	if (p.x_type == p.y_type)
		call->in_place = 2;
	output_done(l, n, 0, y);
}

/* Inputs first..last must each have one number for every channel of input 0. */
static void need_channels(struct ctx *c, const struct node *n, int first, int last)
{
	const struct value *x = n->in[0];

	if (x->rank < 2)
		fail_node(c, n, "its input is %s; it must be [n,c,...]", shape_text(c, x));
	for (int i = first; i <= last; i++) {
		need_type(c, n, i, SINGLE);
		if (n->in[i]->rank != 1 || n->in[i]->dim[0] != x->dim[1])
			fail_node(c, n, "input %d is %s, but %s has %lld channels", i, shape_text(c, n->in[i]), shape_text(c, x),
				(long long)x->dim[1]);
	}
}

void batch_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 5, 5);
	if (attribute_int(c, n, "training_mode", 0))
		fail_node(c, n, "training_mode must be 0; export the model for inference");
	if (!attribute_int(c, n, "spatial", 1))
		fail_node(c, n, "spatial = 0 is not supported");
	for (int i = 1; i < n->n_out; i++)
		if (n->out[i])
			fail_node(c, n, "output %d is for training; export the model for inference", i);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, SINGLE);
	need_channels(c, n, 1, 4);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

/* y = x * factor + shift, where factor = scale / sqrt(variance + epsilon) and shift = bias - mean * factor: vectors
 * that are computed now when all parameters are constant. */
static void fold_batch_norm(
	struct lower *l, const struct node *n, double epsilon, struct value **factor, struct value **shift)
{
	const int64_t channels = n->in[0]->dim[1];
	const float *scale = constant_floats(l->c, n->in[1]), *bias = constant_floats(l->c, n->in[2]);
	const float *mean = constant_floats(l->c, n->in[3]), *variance = constant_floats(l->c, n->in[4]);
	float *f = NEW(l->c, float, (size_t)channels), *s = NEW(l->c, float, (size_t)channels);

	for (int64_t i = 0; i < channels; i++) {
		double by = (double)scale[i] / sqrt((double)variance[i] + epsilon);
		f[i] = (float)by;
		s[i] = (float)((double)bias[i] - (double)mean[i] * by);
	}
	*factor = value_constant(l->c, arena_text(l->c, "%s.factor", n->name), RT_F32, 1, &channels, f);
	*shift = value_constant(l->c, arena_text(l->c, "%s.shift", n->name), RT_F32, 1, &channels, s);
}

static void compute_batch_norm(
	struct lower *l, const struct node *n, double epsilon, struct value **factor, struct value **shift)
{
	const int64_t *dim = &n->in[0]->dim[1];
	struct node *add = part_new(l, n, "", "Add", 2, n->in[4], part_number(l, n, RT_F32, epsilon));
	struct node *root = part_new(l, n, "", "Sqrt", 1, part_lower(l, add, RT_F32, 1, dim));
	struct value *deviation = part_lower(l, root, RT_F32, 1, dim);

	*factor = temporary(l, n, RT_F32, 1, dim);
	part_last(l, part_new(l, n, "", "Div", 2, n->in[1], deviation), *factor);
	struct value *moved = part_lower(l, part_new(l, n, "", "Mul", 2, n->in[3], *factor), RT_F32, 1, dim);
	*shift = temporary(l, n, RT_F32, 1, dim);
	part_last(l, part_new(l, n, "", "Sub", 2, n->in[2], moved), *shift);
}

/* n's first output becomes x * factor + shift, both counting along the channels. */
static void scale_and_shift(struct lower *l, struct node *n, struct value *x, struct value *factor, struct value *shift)
{
	factor = along_axis(l, n, factor, x->rank, 1);
	shift = along_axis(l, n, shift, x->rank, 1);
	struct value *scaled = part_lower(l, part_new(l, n, "", "Mul", 2, x, factor), RT_F32, x->rank, x->dim);
	part_last(l, part_new(l, n, "", "Add", 2, scaled, shift), n->out[0]);
}

void batch_norm_lower(struct lower *l, struct node *n)
{
	struct value *factor, *shift;
	double epsilon = attribute_float(l->c, n, "epsilon", 1e-5);
	bool constant = true;

	if (nothing_to_compute(l, n))
		return;
	for (int i = 1; i < 5; i++)
		constant = constant && is_prepared(l, n->in[i]);
	(constant ? fold_batch_norm : compute_batch_norm)(l, n, epsilon, &factor, &shift);
	scale_and_shift(l, n, n->in[0], factor, shift);
}

void instance_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, SINGLE);
	need_channels(c, n, 1, 2);
	set_output(c, n, 0, n->in[0]->type, n->in[0]->rank, n->in[0]->dim);
}

/* Each run of `size` elements of x without its mean and with variance 1, by the layer_norm kernel. */
static struct value *normalized_rows(struct lower *l, const struct node *n, struct value *x, int64_t size)
{
	float *ones = NEW(l->c, float, (size_t)size);

	for (int64_t i = 0; i < size; i++)
		ones[i] = 1;
	struct value *unit = value_constant(l->c, arena_text(l->c, "%s.ones", n->name), RT_F32, 1, &size, ones);
	const struct view *rows = view_densify(l, float_view(l, x), x->name);
	struct rt_layer_norm p = {
		.rows = small(value_elements(x) / size),
		.c = small(size),
		.epsilon = (float)attribute_float(l->c, n, "epsilon", 1e-5),
		.x_type = rows->type,
		.y_type = kernel_type(x->type),
	};
	struct value *y = temporary(l, n, p.y_type, x->rank, x->dim);
	struct call *call = call_new(l, n, KERNEL_layer_norm, &p);
	call_argument(call, 0, argument_of(view_new(l, y)));
	call_argument(call, 1, argument_of(rows));
	call_argument(call, 2, argument_of(view_of(l, unit)));
	call->in_place = 2;
	return y;
}

/* Each channel's picture, then the channel's own scale and bias. */
void instance_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];

	if (nothing_to_compute(l, n))
		return;
	struct value *y = normalized_rows(l, n, x, product(x->dim + 2, x->rank - 2));
	scale_and_shift(l, n, y, n->in[1], n->in[2]);
}

static int64_t read_groups(struct ctx *c, const struct node *n)
{
	return need_range(c, n, "num_groups", attribute_int(c, n, "num_groups", 0), 1, MAX_ELEMENTS);
}

/* Scale and bias count channels since version 21 of the operator set, groups before. */
void group_norm_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, SINGLE);
	const struct value *x = n->in[0];
	int64_t groups = read_groups(c, n);
	if (x->rank < 2 || x->dim[1] % groups)
		fail_node(c, n, "num_groups %lld does not divide the channels of %s", (long long)groups, shape_text(c, x));
	for (int i = 1; i < 3 && n->version < 21; i++)
		if (n->in[i]->rank != 1 || n->in[i]->dim[0] != groups)
			fail_node(c, n, "input %d is %s, but there are %lld groups", i, shape_text(c, n->in[i]), (long long)groups);
	if (n->version >= 21)
		need_channels(c, n, 1, 2);
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

/* A parameter of each group, repeated for the group's channels. */
static struct value *for_channels(
	struct lower *l, const struct node *n, struct value *v, int64_t groups, const int64_t *channels)
{
	int32_t *index = NEW(l->c, int32_t, (size_t)*channels);

	for (int64_t i = 0; i < *channels; i++)
		index[i] = small(i / (*channels / groups));
	struct value *to = value_new(l->c, v->name, v->type, 1, channels);
	view_set(l, to, gather_along(l, n, view_of(l, v), 0, *channels, index));
	return to;
}

void group_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0], *scale = n->in[1], *bias = n->in[2];
	int64_t groups = read_groups(l->c, n);

	if (nothing_to_compute(l, n))
		return;
	if (n->version < 21) {
		scale = for_channels(l, n, scale, groups, &x->dim[1]);
		bias = for_channels(l, n, bias, groups, &x->dim[1]);
	}
	scale_and_shift(l, n, normalized_rows(l, n, x, product(x->dim + 1, x->rank - 1) / groups), scale, bias);
}

void rms_norm_infer(struct ctx *c, struct node *n)
{
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 2, 2);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, SINGLE);
	need_type(c, n, 1, SINGLE);
	const struct value *x = n->in[0], *scale = n->in[1];
	normalized_axis(c, n);
	int rank = broadcast(c, n, x->rank, x->dim, scale->rank, scale->dim, dim);
	if (rank != x->rank || memcmp(dim, x->dim, (size_t)rank * sizeof *dim))
		fail_node(c, n, "scale %s does not broadcast to %s", shape_text(c, scale), shape_text(c, x));
	set_output(c, n, 0, x->type, x->rank, x->dim);
}

/* x / sqrt(mean of squares + epsilon) * scale: a sum, and one element-wise call. */
void rms_norm_lower(struct lower *l, struct node *n)
{
	struct value *x = n->in[0];
	int axis = normalized_axis(l->c, n);
	int64_t dim[MAX_RANK];
	bool over[MAX_RANK];

	if (nothing_to_compute(l, n))
		return;
	for (int i = 0; i < x->rank; i++) {
		over[i] = i >= axis;
		dim[i] = over[i] ? 1 : x->dim[i];
	}
	struct value *mean = temporary(l, n, RT_F32, x->rank, dim);
	struct value *count = part_number(l, n, RT_F32, (double)product(x->dim + axis, x->rank - axis));
	struct value *epsilon = part_number(l, n, RT_F32, attribute_float(l->c, n, "epsilon", 1e-5));
	reduce_call(l, n, mean, view_of(l, x), over, RT_REDUCE_SUM_SQUARE);
	mean = part_lower(l, part_new(l, n, "", "Div", 2, mean, count), RT_F32, x->rank, dim);
	mean = part_lower(l, part_new(l, n, "", "Add", 2, mean, epsilon), RT_F32, x->rank, dim);
	mean = part_lower(l, part_new(l, n, "", "Sqrt", 1, mean), RT_F32, x->rank, dim);
	x = part_lower(l, part_new(l, n, "", "Div", 2, x, mean), RT_F32, x->rank, x->dim);
	part_last(l, part_new(l, n, "", "Mul", 2, x, n->in[1]), n->out[0]);
}
