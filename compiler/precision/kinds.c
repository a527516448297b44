/* What nodes are to the precision pass: products, features, moved elements, and the rest. */
#include "precision.h"
#include <string.h>

bool is_half(enum rt_type type)
{
	return type == RT_F16 || type == RT_BF16;
}

enum rt_type feature_type(enum precision precision)
{
	return precision == PRECISION_FP16 ? RT_F16 : precision == PRECISION_BF16 ? RT_BF16 : RT_F32;
}

bool is_mover(const struct node *n)
{
	return n && n->op->flags & OP_MOVES;
}

bool all_inputs_alike(const struct node *n)
{
	return is_mover(n) || (n && n->op->flags & OP_ELEMENTWISE);
}

bool is_product(const struct node *n)
{
	return is_internal(n, "Linear") || is_internal(n, "Attention") || is_op(n, "Conv") || is_internal(n, "Conv");
}

static bool has_exact_weights(const struct node *n)
{
	return is_product(n) && input(n, 1)->is_exact;
}

bool is_float8_product(const struct node *n)
{
	if (is_op(n, "MatMul"))
		return n->in[0]->type == RT_BF16 && n->in[1]->type == RT_BF16 && n->out[0]->type == RT_F32;
	return has_exact_weights(n) && input(n, 1)->type == RT_BF16;
}

bool is_integer_product(const struct node *n)
{
	return is_internal(n, "IntegerProduct") || is_internal(n, "IntegerMatMul") ||
		   (has_exact_weights(n) && !is_float8_product(n));
}

/* Operators on features, which half serves well. Not among them: softmax, reductions, comparisons, and whatever
 * computes coordinates or scores. */
static bool works_on_features(const struct node *n)
{
	static const char *const own[] = { "Linear", "Attention", "Rotary", "L2Norm", "LayerNorm" };
	static const char *const standard[] = { "Conv", "MaxPool", "AveragePool", "BatchNormalization",
		"InstanceNormalization", "GridSample", "Relu", "Gelu", "LeakyRelu", "PRelu", "Selu", "Elu", "Add", "Sub",
		"Mul" };

	if (is_integer_product(n) || is_float8_product(n))
		return false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (is_internal(n, own[i]))
			return true;
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		if (is_op(n, standard[i]))
			return n->op->flags & OP_HALF;
	return false;
}

bool reads_half(const struct node *n, int i)
{
	if (is_mover(n))
		return true;
	if (!works_on_features(n))
		return false;
	if (is_internal(n, "Attention"))
		return i <= 2;
	if (is_internal(n, "Linear"))
		return i == 0 || i >= 3;
	return i == 0 || all_inputs_alike(n);
}

bool writes_half(const struct node *n)
{
	return is_mover(n) || (n && n->n_out == 1 && (works_on_features(n) || is_internal(n, "IntegerProduct")));
}

enum rt_type wanted_type(const struct ctx *c, const struct node *n)
{
	return feature_type(n->precision == PRECISION_INT8 ? c->set.precision : n->precision);
}

bool makes_scores(const struct node *n)
{
	enum { STEPS = 8 };
	const struct value *v = n->out[0];

	for (int i = 0; i < STEPS && v && v->uses == 1 && !v->is_output; i++) {
		const struct node *reader = v->user;
		if (is_op(reader, "Softmax") || is_op(reader, "LogSoftmax") || is_internal(reader, "HeatMap"))
			return true;
		if (!reader->op || !(reader->op->flags & (OP_ELEMENTWISE | OP_MOVES)) || reader->n_out != 1)
			return false;
		v = reader->out[0];
	}
	return false;
}

int64_t count_terms(const struct node *n)
{
	const struct value *x = input(n, 0), *w = input(n, 1);
	bool conv = is_op(n, "Conv") || is_internal(n, "Conv");
	int64_t taps = 1;

	if (is_internal(n, "Linear"))
		return w->dim[0];
	if (is_internal(n, "Attention"))
		return x->dim[x->rank - 1];
	for (int i = 1; conv && i < w->rank; i++)
		taps *= w->dim[i];
	return conv ? taps : 0;
}
